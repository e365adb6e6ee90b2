// SPDX-License-Identifier: GPL-2.0-or-later
/* oom predicts the victim and the amount that fits, and refuses what it cannot predict. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/capabilities.h"
#include "workloads/act/hugepages.h"
#include "workloads/api/workload.h"
#include "workloads/api/arith.h"

#define MB (1ll << 20)

extern const struct workload oom_workload;

static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
static struct workload_env env;
static struct claims claims;
static char reason[256];

static void *member(const char *name)
{
	for (const struct workload_option *o = oom_workload.options; o->name; o++)
		if (!strcmp(o->name, name))
			return params + o->offset;
	fail_msg("no option %s", name);
	return NULL;
}

static int defaults(void **state)
{
	(void)state;
	memset(params, 0, sizeof(params));
	env = (struct workload_env){ .page_bytes = 4096,
				     .pmd_bytes = 2 * MB,
				     .cgroup_version = 2,
				     .cpus = 2,
				     .nr_nodes = 1,
				     .limit_bytes = 96 * MB,
				     .capability = CAPABILITIES_6_18,
				     .thp = THP_MADVISE };
	*(uint64_t *)member("chunk") = 4 * MB;
	*(uint64_t *)member("interval") = 100000000;
	strcpy(member("fill"), "zero");
	return 0;
}

static const struct claim *find(const char *quantity)
{
	claims.nr = 0;
	oom_workload.claims(params, &env, &claims);
	for (unsigned i = 0; i < claims.nr; i++)
		if (!strcmp(claims.claim[i].quantity, quantity))
			return &claims.claim[i];
	return NULL;
}

static int check(const char *victims, int adj)
{
	strcpy(member("victims"), victims);
	env.oom_score_adj = adj;
	return workload_check(&oom_workload, params, &env, reason, sizeof(reason));
}

static void the_process_with_most_points_is_named(void **state)
{
	/* In 96 MiB the growing process has what the others leave. 1000 of adj are 96 MiB. */
	static const struct {
		const char *victims;
		int adj;
		unsigned victim;
	} rows[] = {
		{ "40M", 0, 0 },       { "60M:0", 0, 1 },	  { "40M:500", 0, 1 },
		{ "8M:1000", 0, 1 },   { "8M:1000 30M:0", 0, 1 }, { "8M:0,30M:900", 0, 2 },
		{ "60M:0", 500, 0 },   { "60M:-1000", 0, 0 },	  { "60M:-500", 0, 0 },
		{ "40M:0", -1000, 1 },
	};

	(void)state;
	env.can_lower_oom_score = true;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(check(rows[i].victims, rows[i].adj), 0);
		assert_int_equal(find("victim")->expected, rows[i].victim);
		assert_string_equal(find("victim")->scope, "ledger");
	}
}

static void what_cannot_be_said_is_refused(void **state)
{
	static const char *const victims[] = {
		"47M", /* against 49 MiB: too near */
		"94M", /* no room */
		"40",  "40M:", "40M:2000", "40M 0", "40M:0:1", "-4M", "x", "0M",
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(victims); i++)
		assert_int_equal(check(victims[i], 0), -EINVAL);
	env.can_lower_oom_score = true;
	assert_int_equal(check("40M:-1000", -1000), -EINVAL);
	assert_non_null(strstr(reason, "no candidate"));
}

static void lowering_without_the_capability_is_a_skip_and_raising_is_not(void **state)
{
	(void)state;
	assert_int_equal(check("40M:-500", 0), -ENODEV);
	assert_non_null(strstr(reason, "CAP_SYS_RESOURCE"));
	assert_int_equal(check("40M:500", 0), 0);
	env.can_lower_oom_score = true;
	assert_int_equal(check("40M:-500", 0), 0);
}

static void the_group_is_filled_to_its_limit_with_one_kill(void **state)
{
	static const struct {
		unsigned version;
		const char *kills, *peak;
	} rows[] = { { 1, "memory.oom_control", "memory.max_usage_in_bytes" },
		     { 2, "memory.events", "memory.peak" } };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		env.cgroup_version = rows[i].version;
		assert_string_equal(find("oom_kills")->source, rows[i].kills);
		assert_int_equal(find("oom_kills")->expected, 1);
		assert_int_equal(find("oom_kills")->tolerance, 0);
		assert_string_equal(find("peak_bytes")->counter, rows[i].peak);
		assert_int_equal(find("peak_bytes")->expected, 96 * MB);
		assert_int_equal(find("peak_bytes")->basis, BASIS_EXACT);
	}
}

/* The limit is touched + touched / 512 + 64..192 other pages of the worker + batches. */
static void the_count_at_death_is_held_against_the_peak(void **state)
{
	const struct claim *c = find("touched_pages");

	(void)state;
	assert_string_equal(c->scope, "group");
	assert_string_equal(c->counter, "memory.peak");
	assert_string_equal(c->slot, "pages_touched");
	assert_int_equal(c->slot_mul, 513);
	assert_int_equal(c->slot_div, 512);
	assert_int_equal(c->expected, 64);
	assert_int_equal(c->tolerance, 129 + 2 * 64);
}

static void a_group_kill_counts_everybody_and_one_of_them_twice(void **state)
{
	(void)state;
	env.oom_group = true;
	strcpy(member("victims"), "20M 10M");
	assert_int_equal(find("oom_kills")->expected, 3);
	assert_int_equal(find("oom_kills")->tolerance, 1);
	assert_int_equal(find("oom_kills")->relation, RELATION_BETWEEN);
	assert_null(find("victim"));
	strcpy(member("victims"), "20M 10M:-1000");
	assert_int_equal(find("oom_kills")->expected, 2);
}

static void failed_charges_are_promised_where_the_kernel_counts_them(void **state)
{
	(void)state;
	assert_string_equal(find("limit_hits")->counter, "max");
	env.cgroup_version = 1;
	assert_null(find("limit_hits"));
	env.swap_max_bytes = UINT64_MAX;
	assert_string_equal(find("limit_hits")->source, "memory.failcnt");
}

static void swap_left_to_the_group_is_filled_first(void **state)
{
	const struct claim *c;

	(void)state;
	env.swap = SWAP_ZRAM;
	env.swap_bytes = 64 * MB;
	env.swap_max_bytes = UINT64_MAX;
	c = find("touched_pages");
	assert_string_equal(c->scope, "ledger");
	assert_true(c->expected > 94 * 256 && c->expected < 96 * 256);
	assert_int_equal(c->expected + c->tolerance, (96 + 64) * 256);
	env.swap = SWAP_NONE;
	env.swap_max_bytes =
		16 * MB; /* what others left over, as far as the group may use it */
	c = find("touched_pages");
	assert_string_equal(c->scope, "ledger");
	assert_int_equal(c->expected + c->tolerance, (96 + 16) * 256);
	env.swap_max_bytes = 0;
	assert_string_equal(find("touched_pages")->scope, "group");
	env.swap_max_bytes = UINT64_MAX;
	assert_int_equal(check("", 0), -EINVAL);
	assert_non_null(strstr(reason, "memory.swap.max"));
}

/* Badness counts adj by limit and swap together, whenever the kill comes. */
static void with_swap_the_victim_must_be_the_same_early_and_late(void **state)
{
	(void)state;
	env.swap = SWAP_FILE;
	env.swap_bytes = env.swap_max_bytes = 256 * MB;
	assert_int_equal(check("2M:623", 0), -EINVAL); /* 221 MiB: above 96, below 352 */
	assert_non_null(strstr(reason, "before swap is full"));
	assert_int_equal(check("2M:100", 0), 0);
	assert_int_equal(find("victim")->expected, 0);
	env.swap_max_bytes = 0;
	assert_int_equal(check("2M:623", 0), 0);
	env.swap_max_bytes = 256 * MB;
	env.oom_group = true;
	assert_int_equal(check("2M:623", 0), 0);
}

static void huge_pages_that_may_be_swapped_keep_the_peak_below_the_limit(void **state)
{
	const struct claim *c;

	(void)state;
	*(int *)member("pages") = PAGES_HUGE;
	c = find("peak_bytes");
	assert_int_equal(c->relation, RELATION_EQ);
	env.swap_max_bytes = 16 * MB;
	c = find("peak_bytes");
	assert_int_equal(c->relation, RELATION_BETWEEN);
	assert_int_equal(c->expected, 94 * MB);
	assert_int_equal(c->tolerance, 2 * MB);
	*(int *)member("pages") = PAGES_4K;
	assert_int_equal(find("peak_bytes")->relation, RELATION_EQ);
}

static void huge_pages_of_zeros_that_a_split_frees_are_refused(void **state)
{
	(void)state;
	*(int *)member("pages") = PAGES_HUGE;
	assert_int_equal(check("", 0), 0);
	env.swap_max_bytes = 16 * MB;
	assert_int_equal(check("", 0), -EINVAL);
	assert_non_null(strstr(reason, "fill=random"));
	env.capability[CAPABILITY_SPLIT_ZEROS] = CAPABILITY_NO;
	assert_int_equal(check("", 0), 0);
	env.capability[CAPABILITY_SPLIT_ZEROS] = CAPABILITY_YES;
	strcpy(member("fill"), "random");
	assert_int_equal(check("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_process_with_most_points_is_named, defaults),
		cmocka_unit_test_setup(what_cannot_be_said_is_refused, defaults),
		cmocka_unit_test_setup(
			lowering_without_the_capability_is_a_skip_and_raising_is_not, defaults),
		cmocka_unit_test_setup(the_group_is_filled_to_its_limit_with_one_kill,
				       defaults),
		cmocka_unit_test_setup(the_count_at_death_is_held_against_the_peak, defaults),
		cmocka_unit_test_setup(a_group_kill_counts_everybody_and_one_of_them_twice,
				       defaults),
		cmocka_unit_test_setup(failed_charges_are_promised_where_the_kernel_counts_them,
				       defaults),
		cmocka_unit_test_setup(swap_left_to_the_group_is_filled_first, defaults),
		cmocka_unit_test_setup(with_swap_the_victim_must_be_the_same_early_and_late,
				       defaults),
		cmocka_unit_test_setup(
			huge_pages_that_may_be_swapped_keep_the_peak_below_the_limit, defaults),
		cmocka_unit_test_setup(huge_pages_of_zeros_that_a_split_frees_are_refused,
				       defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
