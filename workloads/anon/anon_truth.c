// SPDX-License-Identifier: GPL-2.0-or-later
/* The amounts that anon allocates, and its claims. */
#include "workloads/anon/anon.h"

#include "workloads/act/crew.h"
#include "workloads/act/touch.h"
#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

/* ---- arithmetic ---- */

uint64_t anon_held_bytes(const struct anon_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, env->page_bytes);
}

/* 0 where the kernel has no huge pages: check() plans with this too. */
static uint64_t huge_pages(const struct anon_params *p, const struct workload_env *env)
{
	if (p->pages != PAGES_HUGE || !env->pmd_bytes)
		return 0;
	return anon_held_bytes(p, env) / env->pmd_bytes;
}

static uint64_t huge_bytes(const struct anon_params *p, const struct workload_env *env)
{
	return huge_pages(p, env) * env->pmd_bytes;
}

/* Base pages of the part that huge pages do not cover. */
static uint64_t base_pages(const struct anon_params *p, const struct workload_env *env)
{
	return (anon_held_bytes(p, env) - huge_bytes(p, env)) / env->page_bytes;
}

/* Equal unless the probe could not tell what a read allocates. */
struct bounds {
	uint64_t least, most;
};

/*
 * One per huge page and one per base page of the tail; where a read maps a zero page, the
 * write after it is one more.
 */
static struct bounds first_faults(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t huge = huge_pages(p, env), base = base_pages(p, env);
	struct bounds b = { huge + base, huge + base };

	if (p->touch != TOUCH_READ_WRITE)
		return b;
	b.least += env_has(env, CAPABILITY_HUGE_ZERO_PAGE) ? huge : 0;
	b.least += env_has(env, CAPABILITY_ZERO_PAGE) ? base : 0;
	b.most += env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE) ? 0 : huge;
	b.most += env_lacks(env, CAPABILITY_ZERO_PAGE) ? 0 : base;
	return b;
}

/* Bytes of memory that the first touch allocates. */
static struct bounds taken_bytes(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t huge = huge_bytes(p, env), base = base_pages(p, env) * env->page_bytes;
	struct bounds b = { huge + base, huge + base };

	if (p->touch != TOUCH_READ)
		return b;
	b.least = env_lacks(env, CAPABILITY_HUGE_ZERO_PAGE) ? huge : 0;
	b.least += env_lacks(env, CAPABILITY_ZERO_PAGE) ? base : 0;
	b.most = env_has(env, CAPABILITY_HUGE_ZERO_PAGE) ? 0 : huge;
	b.most += env_has(env, CAPABILITY_ZERO_PAGE) ? 0 : base;
	return b;
}

bool anon_takes_all(const struct anon_params *p, const struct workload_env *env)
{
	return taken_bytes(p, env).least == anon_held_bytes(p, env);
}

/*
 * Bottom-level tables; a huge page has one deposited for its split. The mapping starts at a
 * table boundary, but may share its last table with the mapping above.
 */
static int64_t tables_min(const struct anon_params *p, const struct workload_env *env)
{
	return (int64_t)(anon_held_bytes(p, env) / env_table_reach_bytes(env) *
			 env->page_bytes);
}

/* The table of the end, and the upper levels: one per table of entries, one of each. */
static int64_t tables_slack(const struct anon_params *p, const struct workload_env *env)
{
	return tables_min(p, env) / (int64_t)env_table_entries(env) +
	       4 * (int64_t)env->page_bytes;
}

uint64_t anon_footprint(const void *params, const struct workload_env *env)
{
	const struct anon_params *p = params;
	uint64_t tables = (uint64_t)(tables_min(p, env) + tables_slack(p, env));
	uint64_t own = (1u << 20) + p->threads * (CREW_STACK_BYTES + 16 * env->page_bytes);

	return taken_bytes(p, env).most + tables + own;
}

uint64_t anon_target(const void *params, const struct workload_env *env)
{
	return taken_bytes(params, env).least;
}

double anon_seconds(const void *params, const struct workload_env *env)
{
	const struct anon_params *p = params;
	double fill = p->rate ? (double)anon_held_bytes(p, env) / (double)p->rate
			      : (double)anon_held_bytes(p, env) / 2e9;

	return fill + (double)p->access_ns / 1e9;
}

bool anon_fits(const struct anon_params *p, const struct workload_env *env)
{
	return env_fits(env, anon_footprint(p, env));
}

/* ---- promises ---- */

static const char *faults_why(const struct anon_params *p, const struct workload_env *env)
{
	const struct bounds faults = first_faults(p, env);

	if (faults.least != faults.most)
		return "one fault per page and a second one where a read maps the zero page; not known here";
	if (faults.least > huge_pages(p, env) + base_pages(p, env))
		return "a fault maps the zero page and a second one replaces it";
	if (p->touch == TOUCH_READ_WRITE)
		return "the read allocates the page here and the write finds it mapped";
	return p->pages == PAGES_HUGE ? "one fault per huge page and one per page of the rest"
				      : "one fault per page";
}

static void claim_faults(const struct anon_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const struct bounds faults = first_faults(p, env);
	const int64_t least = (int64_t)faults.least;
	/* clang-format off */
	const struct promise taken[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .expected = least,
		  .why = faults_why(p, env) },
		{ .quantity = "group_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgfault", .expected = least,
		  .why = "the worker is alone in its group" },
	};
	const struct promise rows[] = {
		PROMISE_NO_MAJOR_FAULTS,
		PROMISE_NO_GROUP_MAJOR_FAULTS,
		{ .quantity = "system_faults", .scope = "system",
		  .source = "vmstat", .counter = "pgfault", .relation = RELATION_GE,
		  .basis = BASIS_DIRECTION, .expected = least,
		  .why = "the machine's count includes the worker's" },
	};
	/* clang-format on */

	PROMISE_BOUNDS(out, SPAN_WORK, taken, (int64_t)(faults.most - faults.least));
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Why the pages are allocated or not. */
static const char *taken_why(const struct anon_params *p, const struct workload_env *env)
{
	const struct bounds taken = taken_bytes(p, env);

	if (p->touch != TOUCH_READ)
		return "each page is private and written";
	if (taken.least != taken.most)
		return "no memory where a read maps the shared zero page; not known here";
	return taken.most ? "a read allocates a private page here"
			  : "the shared zero page is neither charged nor counted in Rss";
}

static void claim_mapping(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const struct bounds taken = taken_bytes(p, env);
	int64_t bytes = (int64_t)taken.least, huge = (int64_t)huge_bytes(p, env);
	const char *why = taken_why(p, env);
	/* clang-format off */
	const struct promise amounts[] = {
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES, .expected = bytes,
		  .why = why },
		{ .quantity = "proportional_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Pss", .unit = UNIT_BYTES, .expected = bytes,
		  .why = why },
		{ .quantity = "anonymous_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = why },
		{ .quantity = "dirty_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Private_Dirty", .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = why },
	};
	const struct promise rows[] = {
		{ .quantity = "huge_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "AnonHugePages", .unit = UNIT_BYTES,
		  .expected = huge,
		  .why = huge ? "MADV_HUGEPAGE on an aligned mapping; less if no huge page is free"
		         : "MADV_NOHUGEPAGE" },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .why = "the footprint fits under the group's limits" },
	};
	/* clang-format on */

	PROMISE_BOUNDS(out, SPAN_WORK, amounts, (int64_t)(taken.most - taken.least));
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* How exact a sum of the process is. */
struct sum {
	int64_t lag;
	enum basis basis;
	const char *why;
};

static struct sum sum_of(const struct anon_params *p, const struct workload_env *env,
			 enum capability exact)
{
	const uint64_t lag = env_rss_lag_pages(env, exact, p->threads) * env->page_bytes;

	return (struct sum){
		.lag = (int64_t)lag,
		.basis = lag ? BASIS_BOUNDED : BASIS_EXACT,
		.why = lag ? "this kernel keeps back parts of the sum per CPU or per thread"
			   : "this kernel sums precisely"
	};
}

/* The sums of the process, with their known lag. */
static void claim_sums(const struct anon_params *p, const struct workload_env *env,
		       struct claims *out)
{
	const struct bounds taken = taken_bytes(p, env);
	int64_t bytes = (int64_t)taken.least;
	const struct sum status = sum_of(p, env, CAPABILITY_EXACT_STATUS);
	const struct sum statm = sum_of(p, env, CAPABILITY_EXACT_STATM);
	const struct sum stat = sum_of(p, env, CAPABILITY_EXACT_STAT);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "process_resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = "the process touches no other new page" },
		{ .quantity = "process_anonymous_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = "the process touches no other new page" },
		{ .quantity = "status_resident_bytes", .scope = "process",
		  .source = "status", .counter = "VmRSS", .unit = UNIT_BYTES,
		  .basis = status.basis, .expected = bytes, .tolerance = status.lag,
		  .why = status.why },
		{ .quantity = "status_anonymous_bytes", .scope = "process",
		  .source = "status", .counter = "RssAnon", .unit = UNIT_BYTES,
		  .basis = status.basis, .expected = bytes, .tolerance = status.lag,
		  .why = status.why },
		{ .quantity = "statm_resident_bytes", .scope = "process",
		  .source = "statm", .counter = "resident", .unit = UNIT_BYTES,
		  .basis = statm.basis, .expected = bytes, .tolerance = statm.lag,
		  .why = statm.why },
		{ .quantity = "stat_resident_bytes", .scope = "process",
		  .source = "stat", .counter = "rss", .unit = UNIT_BYTES,
		  .basis = stat.basis, .expected = bytes, .tolerance = stat.lag,
		  .why = stat.why },
	};
	/* clang-format on */

	PROMISE_BOUNDS(out, SPAN_WORK, rows, (int64_t)(taken.most - taken.least));
}

static void claim_process(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const char *why = "the mapping is made before READY";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "swap_bytes", .scope = "process",
		  .source = "status", .counter = "VmSwap", .unit = UNIT_BYTES,
		  .why = "the footprint fits under the group's limits" },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "statm", .counter = "size", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "page_table_bytes", .scope = "process",
		  .source = "status", .counter = "VmPTE", .unit = UNIT_BYTES,
		  .relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED,
		  .expected = tables_min(p, env), .tolerance = tables_slack(p, env),
		  .why = "one table per range that a table maps and up to four more for the end and upper levels" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* pagetables of memory.stat counts the tables that are charged. */
static void claim_group_tables(const struct anon_params *p, const struct workload_env *env,
			       struct claims *out)
{
	const bool none = env_lacks(env, CAPABILITY_TABLE_CHARGE);
	const bool charged = env_has(env, CAPABILITY_TABLE_CHARGE);
	const int64_t least = charged ? tables_min(p, env) : 0;
	const int64_t most = none ? 0 : tables_min(p, env) + tables_slack(p, env);
	/* clang-format off */
	const struct promise row = {
		.quantity = "group_page_table_bytes", .scope = "group",
		.source = "memory.stat", .counter = "pagetables", .unit = UNIT_BYTES,
		.expected = least,
		.why = charged ? "one table per range that a table maps and up to four more for the end and upper levels"
		       : none ? "page tables are not charged here"
		       : "page tables may be charged; not known here",
	};
	/* clang-format on */

	promise_add_bounds(out, SPAN_WORK, &row, 1, most - least);
}

static void claim_group(const struct anon_params *p, const struct workload_env *env,
			struct claims *out)
{
	const struct bounds taken = taken_bytes(p, env);
	const bool v2 = env->cgroup_version == 2;
	/* clang-format off */
	const struct promise anonymous = {
		.quantity = "group_anonymous_bytes", .scope = "group",
		.source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		.expected = (int64_t)taken.least,
		.why = "the worker is alone in its group",
	};
	const struct promise huge = {
		.quantity = "group_huge_bytes", .scope = "group",
		.source = "memory.stat", .counter = v2 ? "anon_thp" : "rss_huge",
		.unit = UNIT_BYTES, .expected = (int64_t)huge_bytes(p, env),
		.why = "the worker is alone in its group",
	};
	/* clang-format on */
	const struct promise_usage usage = { .least = (int64_t)taken.least,
					     .most = (int64_t)taken.most,
					     .tables_least = tables_min(p, env),
					     .tables_most = tables_min(p, env) +
							    tables_slack(p, env) };

	promise_add_bounds(out, SPAN_WORK, &anonymous, 1, (int64_t)(taken.most - taken.least));
	promise_add(out, SPAN_WORK, &huge, 1);
	promise_usage(out, env, &usage);
	if (v2)
		claim_group_tables(p, env, out);
}

/* The worker's own counts, held against the page table. */
static void claim_counted(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const int64_t pages = (int64_t)(anon_held_bytes(p, env) / env->page_bytes);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_touched", .scope = "ledger",
		  .source = "ledger", .counter = "pages_touched", .unit = UNIT_PAGES,
		  .expected = pages,
		  .why = "each page of the mapping once" },
		{ .quantity = "pages_present", .scope = "ledger",
		  .source = "ledger", .counter = "pages_present", .unit = UNIT_PAGES,
		  .expected = pages, .slot = "pages_swapped", .slot_mul = -1,
		  .why = "the page table maps every page that is not in swap" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Only without later accesses, which may write. */
static void claim_content(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	/* clang-format off */
	const struct promise filled = {
		.quantity = "pages_filled", .scope = "ledger",
		.source = "ledger", .counter = "pages_filled", .unit = UNIT_PAGES,
		.expected = (int64_t)(anon_held_bytes(p, env) / env->page_bytes),
		.why = "each page starts with its block of the fill",
	};
	/* clang-format on */

	if (p->touch != TOUCH_READ && !p->access_ns)
		promise_add(out, SPAN_WORK, &filled, 1);
}

/* What holds while the group is under reclaim. */
static void claim_pressed(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t bytes = (int64_t)anon_target(p, env), limit = env->limit_bytes;
	/* clang-format off */
	const struct promise faults = {
		.quantity = "minor_faults", .scope = "process",
		.source = "stat", .counter = "minflt", .relation = RELATION_GE,
		.expected = (int64_t)first_faults(p, env).least,
		.why = "the first touch of each page is a minor fault",
	};
	const struct promise limited[] = {
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .relation = RELATION_LE, .expected = limit,
		  .why = "the limit bounds the group's memory" },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .relation = RELATION_GE, .expected = bytes > limit ? bytes - limit : 0,
		  .why = "the part that exceeds the limit is swapped out" },
	};
	/* clang-format on */

	if (p->pages == PAGES_4K)
		promise_add(out, SPAN_WORK, &faults, 1);
	if (limit)
		PROMISE_ROWS(out, SPAN_WORK, limited);
}

void anon_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct anon_params *p = params;
	int64_t huge = (int64_t)huge_pages(p, env);
	/* clang-format off */
	const struct promise huge_row = {
		.quantity = "huge_faults", .scope = "system",
		.source = "vmstat", .counter = "thp_fault_alloc", .relation = RELATION_GE,
		.basis = BASIS_DIRECTION, .expected = huge,
		.why = "the machine's count includes the worker's",
	};
	/* clang-format on */

	promise_freed(out, env, 0);
	promise_uncharged(out, env, 0);
	claim_counted(p, env, out);
	promise_no_files(out, env);
	if (!anon_fits(p, env)) {
		claim_pressed(p, env, out);
		return;
	}
	claim_faults(p, env, out);
	claim_mapping(p, env, out);
	claim_sums(p, env, out);
	claim_process(p, env, out);
	claim_group(p, env, out);
	claim_content(p, env, out);
	if (huge)
		promise_add(out, SPAN_WORK, &huge_row, 1);
}
