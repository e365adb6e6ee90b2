// SPDX-License-Identifier: GPL-2.0-or-later
/* How much anon takes, and what it promises before a page is touched. */
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

/* A kernel without huge pages is asked as well: what is refused there follows from it. */
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

/* Base pages beside the huge ones. */
static uint64_t base_pages(const struct anon_params *p, const struct workload_env *env)
{
	return (anon_held_bytes(p, env) - huge_bytes(p, env)) / env->page_bytes;
}

/* Both the same but where it could not be tried what a read takes. */
struct bounds {
	uint64_t least, most;
};

/* One per huge page and one per base page of the tail; where a read maps a zero page, the
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

/* Bytes of memory that the first touch takes. */
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

/* Nothing is left that maps a zero page. */
bool anon_takes_all(const struct anon_params *p, const struct workload_env *env)
{
	return taken_bytes(p, env).least == anon_held_bytes(p, env);
}

/*
 * Bottom-level tables; a huge page has one set aside for the day it is split. The
 * mapping begins where a table begins, but the table of its end may be shared
 * with the mapping above.
 */
static int64_t tables_min(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t entries = env->page_bytes / sizeof(uint64_t);

	return (int64_t)(anon_held_bytes(p, env) / (env->page_bytes * entries) *
			 env->page_bytes);
}

/* The table of the end, and the levels above: one in 512, and one of each level. */
static int64_t tables_slack(const struct anon_params *p, const struct workload_env *env)
{
	uint64_t entries = env->page_bytes / sizeof(uint64_t);

	return tables_min(p, env) / (int64_t)entries + 4 * (int64_t)env->page_bytes;
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

/* Reclaim takes pages away when they do not all fit. */
bool anon_fits(const struct anon_params *p, const struct workload_env *env)
{
	return env_fits(env, anon_footprint(p, env));
}

/* ---- promises ---- */

static const char *faults_why(const struct anon_params *p, const struct workload_env *env)
{
	const struct bounds faults = first_faults(p, env);

	if (faults.least != faults.most)
		return "one fault per page and where a read maps the zero page a second one; "
		       "which could not be tried";
	if (faults.least > huge_pages(p, env) + base_pages(p, env))
		return "a fault maps the zero page and a second one replaces it";
	if (p->touch == TOUCH_READ_WRITE)
		return "without a zero page the read takes the page and the write finds it";
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

/* Why the pages are in memory or not. */
static const char *taken_why(const struct anon_params *p, const struct workload_env *env)
{
	const struct bounds taken = taken_bytes(p, env);

	if (p->touch != TOUCH_READ)
		return "each page is private and written";
	if (taken.least != taken.most)
		return "nothing where a read maps the shared zero page; which could not be "
		       "tried";
	return taken.most ? "without a zero page a read takes a private page"
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
		  .why = huge ? "MADV_HUGEPAGE on an aligned mapping; less when the kernel finds no huge page"
		         : "MADV_NOHUGEPAGE" },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .why = "all of it fits" },
	};
	/* clang-format on */

	PROMISE_BOUNDS(out, SPAN_WORK, amounts, (int64_t)(taken.most - taken.least));
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* How exact a sum of the process's is. */
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

/* The process's own sums; what they lag by is known. */
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
		  .why = "nothing else of the process is touched" },
		{ .quantity = "process_anonymous_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = "nothing else of the process is touched" },
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
	const char *still = "the mapping is made before READY";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "swap_bytes", .scope = "process",
		  .source = "status", .counter = "VmSwap", .unit = UNIT_BYTES,
		  .why = "all of it fits" },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .why = still },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "statm", .counter = "size", .unit = UNIT_BYTES,
		  .why = still },
		{ .quantity = "page_table_bytes", .scope = "process",
		  .source = "status", .counter = "VmPTE", .unit = UNIT_BYTES,
		  .relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED,
		  .expected = tables_min(p, env), .tolerance = tables_slack(p, env),
		  .why = "tables of 512 pages each and up to four more for the end and above" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* memory.stat counts the tables that are charged and no others. */
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
		.why = charged ? "one page of table for each 512 pages and up to three above"
		       : none ? "page tables are not charged here"
		       : "page tables may be charged or not; which could not be tried",
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

/* What the worker says of itself, so that it cannot say more than the page table does. */
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
		  .why = "in the page table of the worker but for what is in swap" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Of what is in memory; accesses may have written since. */
static void claim_content(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	/* clang-format off */
	const struct promise filled = {
		.quantity = "pages_filled", .scope = "ledger",
		.source = "ledger", .counter = "pages_filled", .unit = UNIT_PAGES,
		.expected = (int64_t)(anon_held_bytes(p, env) / env->page_bytes),
		.why = "each page begins with its part of the stream",
	};
	/* clang-format on */

	if (p->touch != TOUCH_READ && !p->access_ns)
		promise_add(out, SPAN_WORK, &filled, 1);
}

/* What still holds when reclaim takes part of the pages away. */
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
		  .why = "no more than the limit is in memory" },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .relation = RELATION_GE, .expected = bytes > limit ? bytes - limit : 0,
		  .why = "what does not fit under the limit is in swap" },
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
