// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Capabilities: what the measured numbers mean, on kernels of both kinds; and what follows
 * from them in the claims of each workload.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/machine/capability.h"
#include "harness/machine/capability_probe.h"
#include "harness/plan/option.h"
#include "harness/record/judge.h"
#include "tests/unit/amounts.h"
#include "tests/unit/params.h"
#include "workloads/api/arith.h"

#define MB   (UINT64_C(1) << 20)
#define PAGE UINT64_C(4096)

/* ---- what was measured ---- */

static void reads_decide_whether_there_is_a_zero_page(void **state)
{
	static const struct {
		struct capability_reads seen;
		enum capability_state state;
	} rows[] = {
		/* 6.18; and a guest with shadow paging, whose Rss rose by 1200 kB */
		{ { 300, 300, 0, 300 }, CAPABILITY_YES },
		{ { 300, 300, 300, 0 }, CAPABILITY_NO },
		/* a page that moves faults once more */
		{ { 300, 301, 1, 302 }, CAPABILITY_YES },
		{ { 300, 300, 302, 1 }, CAPABILITY_NO },
		/* memory was taken and the write faulted, or neither; half of each */
		{ { 300, 300, 300, 300 }, CAPABILITY_UNKNOWN },
		{ { 300, 300, 0, 0 }, CAPABILITY_UNKNOWN },
		{ { 300, 300, 150, 150 }, CAPABILITY_UNKNOWN },
		/* reads that did not fault page by page */
		{ { 300, 19, 0, 300 }, CAPABILITY_UNKNOWN },
		{ { 0, 0, 0, 0 }, CAPABILITY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (capability_zero_page(&rows[i].seen) != rows[i].state)
			fail_msg("row %zu is %s", i,
				 capability_state_name(capability_zero_page(&rows[i].seen)));
}

static void a_read_decides_whether_there_is_a_huge_zero_page(void **state)
{
	static const struct {
		struct capability_huge_read seen;
		enum capability_state state;
	} rows[] = {
		{ { 512, 512, 0 }, CAPABILITY_YES },
		{ { 512, 512, 512 }, CAPABILITY_NO },
		/* base pages: none was free, or they are switched off */
		{ { 512, 1, 0 }, CAPABILITY_UNKNOWN },
		{ { 512, 1, 1 }, CAPABILITY_UNKNOWN },
		{ { 512, 16, 16 }, CAPABILITY_UNKNOWN },
		{ { 512, 512, 256 }, CAPABILITY_UNKNOWN },
		{ { 0, 0, 0 }, CAPABILITY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (capability_huge_zero_page(&rows[i].seen) != rows[i].state)
			fail_msg("row %zu is %s", i,
				 capability_state_name(
					 capability_huge_zero_page(&rows[i].seen)));
}

static void the_charge_decides_whether_tables_are_charged(void **state)
{
	static const struct {
		struct capability_charge seen;
		enum capability_state state;
	} rows[] = {
		{ { 512, 513, 1024 }, CAPABILITY_YES }, /* 6.18 */
		{ { 512, 513, 512 }, CAPABILITY_NO },	/* cgroup.memory=nokmem */
		/* a batch of charges that was or stays taken in advance */
		{ { 512, 513, 1025 - 127 }, CAPABILITY_YES },
		{ { 512, 513, 1025 + 127 }, CAPABILITY_YES },
		{ { 512, 513, 512 + 127 }, CAPABILITY_NO },
		{ { 512, 513, 512 - 127 }, CAPABILITY_NO },
		/* half of them; not even the pages; another charge at the same time */
		{ { 512, 513, 768 }, CAPABILITY_UNKNOWN },
		{ { 512, 513, 0 }, CAPABILITY_UNKNOWN },
		{ { 512, 513, 4096 }, CAPABILITY_UNKNOWN },
		{ { 512, 2, 514 }, CAPABILITY_UNKNOWN }, /* no tables were made */
		{ { 0, 0, 0 }, CAPABILITY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (capability_table_charge(&rows[i].seen) != rows[i].state)
			fail_msg("row %zu is %s", i,
				 capability_state_name(capability_table_charge(&rows[i].seen)));
}

static void
advice_is_known_unless_the_kernel_says_what_it_says_of_what_it_does_not_know(void **state)
{
	(void)state;
	assert_int_equal(capability_advice(0), CAPABILITY_YES);
	assert_int_equal(capability_advice(EINVAL), CAPABILITY_NO);
	assert_int_equal(capability_advice(ENOSYS), CAPABILITY_NO);
	assert_int_equal(capability_advice(EPERM), CAPABILITY_UNKNOWN);
	assert_int_equal(capability_advice(ENOMEM), CAPABILITY_UNKNOWN);
}

static void populate_is_there_where_pages_are_present_after_it(void **state)
{
	static const struct {
		struct capability_populated seen;
		enum capability_state state;
	} rows[] = {
		{ { 0, 16, 16 }, CAPABILITY_YES },	   { { EINVAL, 16, 0 }, CAPABILITY_NO },
		{ { 0, 16, 15 }, CAPABILITY_UNKNOWN },	   { { 0, 16, 0 }, CAPABILITY_UNKNOWN },
		{ { EFAULT, 16, 0 }, CAPABILITY_UNKNOWN }, { { 0, 0, 0 }, CAPABILITY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (capability_populate(&rows[i].seen) != rows[i].state)
			fail_msg("row %zu", i);
}

static void looks_decide_whether_the_resident_size_is_exact_and_who_keeps_parts(void **state)
{
	static const struct {
		struct capability_looks seen;
		enum capability_state exact, task;
	} rows[] = {
		{ { 128, 128, 1, 2 }, CAPABILITY_YES, CAPABILITY_NO },
		{ { 128, 0, 32, 2 }, CAPABILITY_NO, CAPABILITY_NO },  /* Linux 6.12 */
		{ { 195, 0, 65, 2 }, CAPABILITY_NO, CAPABILITY_YES }, /* Linux 6.1 */
		{ { 195, 1, 66, 16 }, CAPABILITY_NO, CAPABILITY_YES },
		{ { 195, 0, 64, 32 }, CAPABILITY_NO, CAPABILITY_UNKNOWN }, /* as large */
		{ { 768, 0, 65, 128 }, CAPABILITY_NO, CAPABILITY_YES },
		{ { 768, 0, 256, 128 }, CAPABILITY_NO, CAPABILITY_NO },
		/* a few of another cause, and lumps of neither */
		{ { 128, 116, 2, 2 }, CAPABILITY_YES, CAPABILITY_NO },
		{ { 128, 90, 20, 2 }, CAPABILITY_UNKNOWN, CAPABILITY_UNKNOWN },
		{ { 128, 0, 128, 2 }, CAPABILITY_NO, CAPABILITY_UNKNOWN },
		{ { 128, 0, 0, 2 }, CAPABILITY_NO, CAPABILITY_UNKNOWN },
		{ { 0, 0, 0, 2 }, CAPABILITY_UNKNOWN, CAPABILITY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (capability_exact_rss(&rows[i].seen) != rows[i].exact)
			fail_msg("row %zu is %s", i,
				 capability_state_name(capability_exact_rss(&rows[i].seen)));
		if (capability_task_rss(&rows[i].seen) != rows[i].task)
			fail_msg("row %zu is kept by %s", i,
				 capability_state_name(capability_task_rss(&rows[i].seen)));
	}
}

static void pages_that_are_counted_decide_whether_there_is_cachestat(void **state)
{
	static const struct {
		struct capability_cached seen;
		enum capability_state state;
	} rows[] = {
		{ { 0, 8, 8 }, CAPABILITY_YES },     { { ENOSYS, 8, 0 }, CAPABILITY_NO },
		{ { EPERM, 8, 0 }, CAPABILITY_NO }, /* a seccomp filter */
		{ { 0, 8, 7 }, CAPABILITY_UNKNOWN }, { { EIO, 8, 0 }, CAPABILITY_UNKNOWN },
		{ { 0, 0, 0 }, CAPABILITY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (capability_cachestat(&rows[i].seen) != rows[i].state)
			fail_msg("row %zu", i);
}

static void what_memory_stat_shows_of_the_pages_decides_whether_it_is_fresh(void **state)
{
	static const struct {
		struct capability_pumped seen;
		enum capability_state state;
	} rows[] = {
		{ { 512, 512 }, CAPABILITY_YES },     { { 512, 495 }, CAPABILITY_NO },
		{ { 512, 528 }, CAPABILITY_NO },      { { 512, 0 }, CAPABILITY_NO },
		{ { 512, 511 }, CAPABILITY_UNKNOWN }, /* one was reclaimed */
		{ { 0, 0 }, CAPABILITY_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (capability_fresh_stat(&rows[i].seen) != rows[i].state)
			fail_msg("row %zu", i);
}

static void a_file_that_answers_is_there_and_a_refusal_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(capability_asked(0), CAPABILITY_YES);
	assert_int_equal(capability_asked(ENOENT), CAPABILITY_NO);
	assert_int_equal(capability_asked(EINVAL), CAPABILITY_NO);
	assert_int_equal(capability_asked(EOPNOTSUPP), CAPABILITY_NO);
	assert_int_equal(capability_asked(EACCES), CAPABILITY_UNKNOWN);
	assert_int_equal(capability_asked(EPERM), CAPABILITY_UNKNOWN);
}

static void each_capability_has_a_row_and_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NR_CAPABILITIES; i++) {
		assert_non_null(capability_table[i].name);
		assert_non_null(capability_table[i].meaning);
		assert_non_null(capability_table[i].probe);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(capability_table[i].name,
						capability_table[k].name);
	}
}

static void a_saved_machine_says_what_cannot_be_tried_on_it(void **state)
{
	struct capability_result r[NR_CAPABILITIES] = { { .state = CAPABILITY_UNKNOWN } };

	(void)state;
	assert_true(capability_take_line("zero_page no", r));
	assert_true(capability_take_line("table_charge yes", r));
	assert_int_equal(r[CAPABILITY_ZERO_PAGE].state, CAPABILITY_NO);
	assert_int_equal(r[CAPABILITY_TABLE_CHARGE].state, CAPABILITY_YES);
	assert_int_equal(r[CAPABILITY_HUGE_ZERO_PAGE].state, CAPABILITY_UNKNOWN);
	assert_true(capability_take_line("zero_page unknown", r));
	assert_int_equal(r[CAPABILITY_ZERO_PAGE].state, CAPABILITY_UNKNOWN);
	assert_false(capability_take_line("zero_page maybe", r));
	assert_false(capability_take_line("zero_pag yes", r));
	assert_false(capability_take_line("zero_page", r));
	assert_false(capability_take_line("", r));
}

/* ---- what follows ---- */

static struct workload_env env_with(enum capability_state reads, enum capability_state huge,
				    enum capability_state tables)
{
	struct workload_env env = params_machine();

	env.capability[CAPABILITY_ZERO_PAGE] = reads;
	env.capability[CAPABILITY_HUGE_ZERO_PAGE] = huge;
	env.capability[CAPABILITY_TABLE_CHARGE] = tables;
	return env;
}

static unsigned nr_amounts;

/* What either kind of kernel counts is accepted where it could not be tried which it is. */
static void check_contained(const struct workload *w, const char *what,
			    const struct claims *unknown, const struct claims *known)
{
	for (unsigned i = 0; i < known->nr; i++) {
		const struct claim *c = &known->claim[i];
		int64_t least, most, l, m;

		if (!amounts_of(unknown, c, 1000, &l, &m))
			fail_msg("%s %s: nothing is said of %s", w->name, what, c->counter);
		(void)amounts_of(known, c, 1000, &least, &most);
		if (l > least || m < most)
			fail_msg("%s %s: %s/%s %lld to %lld is not within %lld to %lld",
				 w->name, what, c->scope, c->counter, (long long)least,
				 (long long)most, (long long)l, (long long)m);
		nr_amounts++;
	}
}

static void check_parameters(const struct workload *w, const void *params, const char *what)
{
	static struct claims unknown, known;
	struct workload_env blind =
		env_with(CAPABILITY_UNKNOWN, CAPABILITY_UNKNOWN, CAPABILITY_UNKNOWN);
	char reason[512];

	if (workload_check(w, params, &blind, reason, sizeof(reason)))
		return;
	unknown.nr = 0;
	w->claims(params, &blind, &unknown);
	for (unsigned bits = 0; bits < 8; bits++) {
		struct workload_env env = env_with(bits & 1 ? CAPABILITY_YES : CAPABILITY_NO,
						   bits & 2 ? CAPABILITY_YES : CAPABILITY_NO,
						   bits & 4 ? CAPABILITY_YES : CAPABILITY_NO);

		if (workload_check(w, params, &env, reason, sizeof(reason)))
			fail_msg("%s %s: refused where it is known, not where it is not: %s",
				 w->name, what, reason);
		known.nr = 0;
		w->claims(params, &env, &known);
		check_contained(w, what, &unknown, &known);
		if (w->footprint)
			assert_true(w->footprint(params, &blind) >= w->footprint(params, &env));
		if (w->target)
			assert_true(w->target(params, &blind) <= w->target(params, &env));
	}
}

static void where_it_is_unknown_either_kind_of_kernel_passes(void **state)
{
	static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
	char word[64];

	(void)state;
	for (const struct workload *const *w = workloads; *w; w++) {
		params_default(*w, params);
		check_parameters(*w, params, "by default");
		for (unsigned n = 0; params_choice(*w, n, params, word, sizeof(word)); n++)
			check_parameters(*w, params, word);
	}
	assert_true(nr_amounts > 5000);
}

struct expected {
	const char *workload, *options;
	enum capability_state reads, huge, tables;
	const char *scope, *counter;
	int64_t least, most; /* of ten cycles, where it is per cycle */
};

#define YES	CAPABILITY_YES
#define NO	CAPABILITY_NO
#define UNKNOWN CAPABILITY_UNKNOWN

/* Of 4 MiB on two CPUs. */
#define BYTES	((int64_t)(4 * MB))
#define PAGES	(BYTES / PAGE)
#define BATCHES ((int64_t)(2 * 64 * PAGE))
#define TABLES	((int64_t)(2 * PAGE))
#define ABOVE	((int64_t)(4 * PAGE) + TABLES / 512)

static const struct expected amount_rows[] = {
	{ "anon", "size=4M touch=read", YES, YES, YES, "mapping", "Rss", 0, 0 },
	{ "anon", "size=4M touch=read", NO, YES, YES, "mapping", "Rss", BYTES, BYTES },
	{ "anon", "size=4M touch=read", UNKNOWN, YES, YES, "mapping", "Rss", 0, BYTES },
	{ "anon", "size=4M touch=read", NO, YES, YES, "mapping", "Private_Dirty", BYTES,
	  BYTES },
	{ "anon", "size=4M touch=read", NO, YES, YES, "group", "anon", BYTES, BYTES },
	{ "anon", "size=4M touch=read", NO, YES, YES, "process", "VmRSS", BYTES, BYTES },
	{ "anon", "size=4M touch=read", NO, YES, YES, "process", "minflt", PAGES, PAGES },
	{ "anon", "size=4M touch=read_write", YES, YES, YES, "process", "minflt", 2 * PAGES,
	  2 * PAGES },
	{ "anon", "size=4M touch=read_write", NO, YES, YES, "process", "minflt", PAGES, PAGES },
	{ "anon", "size=4M touch=read_write", UNKNOWN, YES, YES, "process", "minflt", PAGES,
	  2 * PAGES },
	{ "anon", "size=4M touch=read_write", NO, YES, YES, "group", "pgfault", PAGES, PAGES },
	{ "anon", "size=4M touch=read_write", NO, YES, YES, "mapping", "Rss", BYTES, BYTES },
	{ "anon", "size=4100K pages=huge touch=read_write", YES, YES, YES, "process", "minflt",
	  2 * (2 + 1), 2 * (2 + 1) },
	{ "anon", "size=4100K pages=huge touch=read_write", YES, NO, YES, "process", "minflt",
	  2 + 2 * 1, 2 + 2 * 1 },
	{ "anon", "size=4100K pages=huge touch=read_write", NO, NO, YES, "process", "minflt",
	  2 + 1, 2 + 1 },
	{ "anon", "size=4100K pages=huge touch=read", YES, NO, YES, "mapping", "Rss", BYTES,
	  BYTES },
	{ "anon", "size=4M", YES, YES, YES, "group", "memory.current", BYTES + TABLES - BATCHES,
	  BYTES + TABLES + ABOVE + BATCHES },
	{ "anon", "size=4M", YES, YES, NO, "group", "memory.current", BYTES - BATCHES,
	  BYTES + BATCHES },
	{ "anon", "size=4M", YES, YES, UNKNOWN, "group", "memory.current", BYTES - BATCHES,
	  BYTES + TABLES + ABOVE + BATCHES },
	{ "anon", "size=4M", YES, YES, YES, "group", "pagetables", TABLES, TABLES + ABOVE },
	{ "anon", "size=4M", YES, YES, NO, "group", "pagetables", 0, 0 },
	{ "anon", "size=4M", YES, YES, NO, "process", "VmPTE", TABLES, TABLES + ABOVE },
	{ "mmap_churn", "size=4M touch=read_write", YES, YES, YES, "process", "minflt",
	  20 * PAGES, 20 * PAGES },
	{ "mmap_churn", "size=4M touch=read_write", NO, YES, YES, "process", "minflt",
	  10 * PAGES, 10 * PAGES },
	{ "brk_churn", "size=4M touch=read_write", NO, YES, YES, "group", "pgfault", 10 * PAGES,
	  10 * PAGES },
	{ "brk_churn", "size=4M touch=read_write", UNKNOWN, YES, YES, "group", "pgfault",
	  10 * PAGES, 20 * PAGES },
	{ "brk_churn", "size=4M touch=read", NO, YES, YES, "process", "minflt", 10 * PAGES,
	  10 * PAGES },
	{ "mmap_churn", "size=4100K pages=huge touch=read_write", YES, NO, YES, "process",
	  "minflt", 10 * (2 + 2), 10 * (2 + 2) },
	{ "thp", "size=4M", YES, YES, NO, "group", "memory.current", BYTES - BATCHES,
	  BYTES + BATCHES },
	{ "thp", "size=4M mode=split drop=1 fill=zero", YES, YES, YES, "mapping", "Rss", -BYTES,
	  -BYTES },
	{ "thp", "size=4M mode=split drop=1", NO, YES, YES, "mapping", "Rss",
	  -2 * (int64_t)PAGE, -2 * (int64_t)PAGE },
	{ "hugetlb", "size=4M", YES, YES, NO, "group", "memory.current", -BATCHES, BATCHES },
	{ "hugetlb", "size=4M", YES, YES, YES, "group", "memory.current", -BATCHES,
	  BATCHES + 4 * (int64_t)PAGE },
};

static void check_amount(const struct expected *row)
{
	static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
	static struct claims claims;
	const struct workload *w = workload_find(row->workload);
	const struct workload_env env = env_with(row->reads, row->huge, row->tables);
	struct claim like = { .span = SPAN_WORK, .counter = row->counter };
	int64_t least, most;

	assert_non_null(w);
	amounts_params(w, params, row->options);
	claims.nr = 0;
	w->claims(params, &env, &claims);
	snprintf(like.scope, sizeof(like.scope), "%s", row->scope);
	for (unsigned k = 0; k < claims.nr; k++)
		if (!strcmp(claims.claim[k].counter, row->counter) &&
		    !strcmp(claims.claim[k].scope, row->scope))
			like.source = claims.claim[k].source;
	assert_non_null(like.source);
	if (!amounts_of(&claims, &like, 10, &least, &most) || least != row->least ||
	    most != row->most)
		fail_msg("%s %s: %s %lld to %lld, not %lld to %lld", row->workload,
			 row->options, row->counter, (long long)least, (long long)most,
			 (long long)row->least, (long long)row->most);
}

static void amounts_follow_from_the_capabilities(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(amount_rows); i++)
		check_amount(&amount_rows[i]);
}

struct followed {
	enum capability capability;
	enum capability_state state;
	const char *workload, *options;
	const char *scope, *counter;
	int64_t least, most; /* counted in the slot: 10 */
};

static void check_followed(const struct followed *row)
{
	static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
	static struct claims claims;
	const struct workload *w = workload_find(row->workload);
	struct workload_env env = params_machine();
	struct claim like = { .span = SPAN_WORK, .counter = row->counter };
	int64_t least = 1, most = -1; /* not promised */

	env.capability[row->capability] = row->state;
	amounts_params(w, params, row->options);
	claims.nr = 0;
	workload_claims(w, params, &env, &claims);
	snprintf(like.scope, sizeof(like.scope), "%s", row->scope);
	for (unsigned k = 0; k < claims.nr; k++)
		if (!strcmp(claims.claim[k].counter, row->counter) &&
		    !strcmp(claims.claim[k].scope, row->scope))
			like.source = claims.claim[k].source;
	if (like.source)
		(void)amounts_of(&claims, &like, 10, &least, &most);
	if (least != row->least || most != row->most)
		fail_msg("%s %s, %s %s: %s %lld to %lld, not %lld to %lld", row->workload,
			 row->options, capability_table[row->capability].name,
			 capability_state_name(row->state), row->counter, (long long)least,
			 (long long)most, (long long)row->least, (long long)row->most);
}

/* 1 to -1: not promised. */
static const struct followed followed_rows[] = {
	{ CAPABILITY_SPLIT_ZEROS, YES, "thp", "size=4M mode=split drop=1 fill=zero", "mapping",
	  "Rss", -BYTES, -BYTES },
	{ CAPABILITY_SPLIT_ZEROS, NO, "thp", "size=4M mode=split drop=1 fill=zero", "mapping",
	  "Rss", -2 * (int64_t)PAGE, -2 * (int64_t)PAGE },
	{ CAPABILITY_SPLIT_ZEROS, UNKNOWN, "thp", "size=4M mode=split drop=1 fill=zero",
	  "mapping", "Rss", -BYTES, -2 * (int64_t)PAGE },
	{ CAPABILITY_HUGETLB_CHARGE, NO, "hugetlb", "size=4M", "group", "memory.current",
	  -BATCHES, BATCHES + 4 * (int64_t)PAGE },
	{ CAPABILITY_HUGETLB_CHARGE, YES, "hugetlb", "size=4M", "group", "memory.current",
	  BYTES - BATCHES, BYTES + BATCHES + 4 * (int64_t)PAGE },
	{ CAPABILITY_HUGETLB_CHARGE, UNKNOWN, "hugetlb", "size=4M", "group", "memory.current",
	  -BATCHES, BYTES + BATCHES + 4 * (int64_t)PAGE },
	{ CAPABILITY_ZSWAP_ON, NO, "swap", "size=4M", "system", "pswpout", 1024, INT64_MAX },
	{ CAPABILITY_ZSWAP_ON, YES, "swap", "size=4M", "system", "pswpout", 1, -1 },
	{ CAPABILITY_ZSWAP_ON, UNKNOWN, "swap", "size=4M", "system", "pswpout", 1, -1 },
	{ CAPABILITY_SWAP_SLOTS, NO, "swap", "size=4M back=read", "group",
	  "memory.swap.current", 0, 0 },
	{ CAPABILITY_SWAP_SLOTS, YES, "swap", "size=4M back=read", "group",
	  "memory.swap.current", -BATCHES, BATCHES },
	{ CAPABILITY_SWAP_SLOTS, UNKNOWN, "swap", "size=4M back=read", "group",
	  "memory.swap.current", -BATCHES, BATCHES },
	{ CAPABILITY_CACHESTAT, YES, "cache", "size=4M", "ledger", "lost_pages", INT64_MIN, 0 },
	{ CAPABILITY_CACHESTAT, NO, "cache", "size=4M", "ledger", "lost_pages", INT64_MIN, 0 },
	{ CAPABILITY_CACHESTAT, YES, "cache", "size=4M", "ledger", "cachestat_before", 0, 0 },
	{ CAPABILITY_CACHESTAT, NO, "cache", "size=4M", "ledger", "cachestat_before", 1, -1 },
	{ CAPABILITY_FRESH_STAT, YES, "anon", "size=4M", "group", "anon", BYTES, BYTES },
	{ CAPABILITY_FRESH_STAT, NO, "anon", "size=4M", "group", "anon", BYTES - 2 * BATCHES,
	  BYTES + 2 * BATCHES },
	{ CAPABILITY_FRESH_STAT, UNKNOWN, "anon", "size=4M", "group", "pgfault", 1024 - 256,
	  1024 + 256 },
	{ CAPABILITY_FRESH_STAT, NO, "anon", "size=4M", "process", "minflt", 1024, 1024 },
	{ CAPABILITY_GROUP_PEAK, NO, "oom", "", "group", "memory.peak", 1, -1 },
	{ CAPABILITY_GROUP_PSI, NO, "swap", "mode=pressure stall=50%", "group", "full.total", 1,
	  -1 },
	{ CAPABILITY_REFAULT_SPLIT, NO, "cache", "evict=reclaim", "group",
	  "workingset_refault_file", 1, -1 },
};

static void amounts_follow_from_each_capability(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(followed_rows); i++)
		check_followed(&followed_rows[i]);
}

/* The file_dirty of the group, a range: 1 MiB, which two CPUs may keep to themselves. */
static const struct claim *dirty_range(enum capability_state fresh)
{
	static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
	static struct claims claims;
	const struct workload *w = workload_find("dirty");
	struct workload_env env = params_machine();

	env.dirty_background_bytes = 1u << 30; /* no flusher before HELD */
	env.capability[CAPABILITY_FRESH_STAT] = fresh;
	amounts_params(w, params, "size=1M");
	claims.nr = 0;
	workload_claims(w, params, &env, &claims);
	for (unsigned k = 0; k < claims.nr; k++)
		if (!strcmp(claims.claim[k].counter, "file_dirty") &&
		    claims.claim[k].relation == RELATION_BETWEEN)
			return &claims.claim[k];
	fail_msg("no range of file_dirty");
	return NULL;
}

static void a_range_that_a_lag_widens_to_nothing_is_too_coarse(void **state)
{
	(void)state;
	assert_false(judge_too_coarse(dirty_range(YES)));
	assert_true(judge_too_coarse(dirty_range(NO)));
}

static void parameters_are_refused_only_where_a_zero_page_contradicts_them(void **state)
{
	static const struct {
		const char *workload, *options;
		enum capability_state reads, huge;
		bool refused;
	} rows[] = {
		{ "anon", "touch=read access=1s", YES, YES, true },
		{ "anon", "touch=read access=1s", UNKNOWN, YES, true },
		{ "anon", "touch=read access=1s", NO, YES, false },
		{ "anon", "touch=read access=1s reads=100%", YES, YES, false },
		{ "anon", "touch=read pages=huge", YES, YES, true },
		{ "anon", "touch=read pages=huge", NO, UNKNOWN, true },
		{ "anon", "touch=read pages=huge", YES, NO, false },
		{ "mmap_churn", "touch=read pages=huge", YES, YES, true },
		{ "mmap_churn", "touch=read_write pages=huge", YES, NO, false },
		{ "brk_churn", "touch=read_write pages=huge", NO, YES, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
		const struct workload *w = workload_find(rows[i].workload);
		const struct workload_env env = env_with(rows[i].reads, rows[i].huge, YES);
		char reason[512] = "";

		amounts_params(w, params, rows[i].options);
		if ((workload_check(w, params, &env, reason, sizeof(reason)) != 0) !=
		    rows[i].refused)
			fail_msg("%s %s: '%s'", rows[i].workload, rows[i].options, reason);
	}
}

static void targets_and_footprints_follow_as_well(void **state)
{
	static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
	struct workload_env env = env_with(YES, YES, YES);
	const struct workload *w = workload_find("anon");

	(void)state;
	amounts_params(w, params, "size=64M touch=read");
	assert_int_equal(w->target(params, &env), 0);
	assert_true(w->footprint(params, &env) < 8 * MB);
	env.capability[CAPABILITY_ZERO_PAGE] = NO;
	assert_int_equal(w->target(params, &env), 64 * MB);
	assert_true(w->footprint(params, &env) > 64 * MB);
	env.capability[CAPABILITY_ZERO_PAGE] = UNKNOWN;
	assert_int_equal(w->target(params, &env), 0);
	assert_true(w->footprint(params, &env) > 64 * MB);
}

/* Names at every place around the end of a read, which takes 65536 bytes. */
static void a_name_across_the_end_of_a_read_is_found(void **state)
{
	static const char name[] = "swap_cluster_info";
	static char text[200000];
	bool found;

	(void)state;
	for (size_t at = 65536 - 40; at < 65536 + 40; at++) {
		FILE *file = tmpfile();

		assert_non_null(file);
		memset(text, 'x', sizeof(text));
		memcpy(text + at, "\0swap_cluster_info", sizeof(name) + 1);
		assert_int_equal(fwrite(text, 1, sizeof(text), file), sizeof(text));
		assert_int_equal(fflush(file), 0);
		found = false;
		assert_int_equal(
			probe_search_names(fileno(file), 0, sizeof(text), name, &found), 0);
		if (!found)
			fail_msg("not found at %zu", at);
		found = false;
		assert_int_equal(
			probe_search_names(fileno(file), 0, sizeof(text), "swap_map", &found),
			0);
		assert_false(found);
		fclose(file);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_across_the_end_of_a_read_is_found),
		cmocka_unit_test(reads_decide_whether_there_is_a_zero_page),
		cmocka_unit_test(a_read_decides_whether_there_is_a_huge_zero_page),
		cmocka_unit_test(the_charge_decides_whether_tables_are_charged),
		cmocka_unit_test(
			advice_is_known_unless_the_kernel_says_what_it_says_of_what_it_does_not_know),
		cmocka_unit_test(populate_is_there_where_pages_are_present_after_it),
		cmocka_unit_test(
			looks_decide_whether_the_resident_size_is_exact_and_who_keeps_parts),
		cmocka_unit_test(pages_that_are_counted_decide_whether_there_is_cachestat),
		cmocka_unit_test(
			what_memory_stat_shows_of_the_pages_decides_whether_it_is_fresh),
		cmocka_unit_test(a_file_that_answers_is_there_and_a_refusal_says_nothing),
		cmocka_unit_test(each_capability_has_a_row_and_a_name_of_its_own),
		cmocka_unit_test(a_saved_machine_says_what_cannot_be_tried_on_it),
		cmocka_unit_test(where_it_is_unknown_either_kind_of_kernel_passes),
		cmocka_unit_test(amounts_follow_from_the_capabilities),
		cmocka_unit_test(amounts_follow_from_each_capability),
		cmocka_unit_test(a_range_that_a_lag_widens_to_nothing_is_too_coarse),
		cmocka_unit_test(
			parameters_are_refused_only_where_a_zero_page_contradicts_them),
		cmocka_unit_test(targets_and_footprints_follow_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
