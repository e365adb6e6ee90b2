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

static uint64_t huge_pages(const struct anon_params *p, const struct workload_env *env)
{
	return p->pages == PAGES_HUGE ? anon_held_bytes(p, env) / env->pmd_bytes : 0;
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
	uint64_t need = anon_footprint(p, env);

	return (!env->limit_bytes || need <= env->limit_bytes) &&
	       (!env->high_bytes || need <= env->high_bytes);
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
	const struct promise taken[] = {
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, PROMISE_EXACT, least,
		  0, faults_why(p, env) },
		{ "group_faults", "group", "memory.stat", "pgfault", UNIT_COUNT, PROMISE_EXACT,
		  least, 0, "the worker is alone in its group" },
	};
	const struct promise rows[] = {
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  "first touch of anonymous memory needs no I/O" },
		{ "group_major_faults", "group", "memory.stat", "pgmajfault", UNIT_COUNT,
		  PROMISE_EXACT, 0, 0, "first touch of anonymous memory needs no I/O" },
		{ "system_faults", "system", "vmstat", "pgfault", UNIT_COUNT, RELATION_GE,
		  BASIS_DIRECTION, least, 0, "the machine's count includes the worker's" },
	};

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
	const struct promise amounts[] = {
		{ "resident_bytes", "mapping", "smaps", "Rss", UNIT_BYTES, PROMISE_EXACT, bytes,
		  0, why },
		{ "proportional_bytes", "mapping", "smaps", "Pss", UNIT_BYTES, PROMISE_EXACT,
		  bytes, 0, why },
		{ "anonymous_bytes", "mapping", "smaps", "Anonymous", UNIT_BYTES, PROMISE_EXACT,
		  bytes, 0, why },
		{ "dirty_bytes", "mapping", "smaps", "Private_Dirty", UNIT_BYTES, PROMISE_EXACT,
		  bytes, 0, why },
	};
	const struct promise rows[] = {
		{ "huge_bytes", "mapping", "smaps", "AnonHugePages", UNIT_BYTES, PROMISE_EXACT,
		  huge, 0,
		  huge ? "MADV_HUGEPAGE on an aligned mapping; less when the kernel finds no "
			 "huge page"
		       : "MADV_NOHUGEPAGE" },
		{ "swapped_bytes", "mapping", "smaps", "Swap", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  "all of it fits" },
	};

	PROMISE_BOUNDS(out, SPAN_WORK, amounts, (int64_t)(taken.most - taken.least));
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* The process's own sums; what they lag by is known. */
static void claim_sums(const struct anon_params *p, const struct workload_env *env,
		       struct claims *out)
{
	const struct bounds taken = taken_bytes(p, env);
	int64_t bytes = (int64_t)taken.least;
	uint64_t lag = env_status_lag_pages(env, p->threads) * env->page_bytes;
	uint64_t stat_lag = max(env_percpu_lag_pages(env), lag / env->page_bytes);
	enum basis basis = lag ? BASIS_BOUNDED : BASIS_EXACT;
	const char *why = lag ? "this kernel caches parts of the sum per CPU or per thread"
			      : "summed precisely since Linux 6.17";
	const struct promise rows[] = {
		{ "process_resident_bytes", "process", "smaps_rollup", "Rss", UNIT_BYTES,
		  PROMISE_EXACT, bytes, 0, "nothing else of the process is touched" },
		{ "process_anonymous_bytes", "process", "smaps_rollup", "Anonymous", UNIT_BYTES,
		  PROMISE_EXACT, bytes, 0, "nothing else of the process is touched" },
		{ "status_resident_bytes", "process", "status", "VmRSS", UNIT_BYTES,
		  RELATION_EQ, basis, bytes, lag, why },
		{ "status_anonymous_bytes", "process", "status", "RssAnon", UNIT_BYTES,
		  RELATION_EQ, basis, bytes, lag, why },
		{ "statm_resident_bytes", "process", "statm", "resident", UNIT_BYTES,
		  RELATION_EQ, basis, bytes, lag, why },
		{ "stat_resident_bytes", "process", "stat", "rss", UNIT_BYTES, PROMISE_BOUNDED,
		  bytes, stat_lag * env->page_bytes, "field 24 is never summed precisely" },
	};

	PROMISE_BOUNDS(out, SPAN_WORK, rows, (int64_t)(taken.most - taken.least));
}

static void claim_process(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const char *still = "the mapping is made before READY";
	const struct promise rows[] = {
		{ "swap_bytes", "process", "status", "VmSwap", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  "all of it fits" },
		{ "virtual_bytes", "process", "status", "VmSize", UNIT_BYTES, PROMISE_EXACT, 0,
		  0, still },
		{ "virtual_bytes", "process", "statm", "size", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  still },
		{ "page_table_bytes", "process", "status", "VmPTE", UNIT_BYTES,
		  RELATION_BETWEEN, BASIS_BOUNDED, tables_min(p, env), tables_slack(p, env),
		  "tables of 512 pages each and up to four more for the end and above" },
	};

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
	const struct promise row = {
		"group_page_table_bytes",
		"group",
		"memory.stat",
		"pagetables",
		UNIT_BYTES,
		PROMISE_EXACT,
		least,
		0,
		charged ? "one page of table for each 512 pages and up to three above"
		: none	? "page tables are not charged here"
			: "page tables may be charged or not; which could not be tried"
	};

	promise_add_bounds(out, SPAN_WORK, &row, 1, most - least);
}

static void claim_group(const struct anon_params *p, const struct workload_env *env,
			struct claims *out)
{
	const struct bounds taken = taken_bytes(p, env);
	const bool v2 = env->cgroup_version == 2;
	const struct promise anonymous = {
		"group_anonymous_bytes", "group",    "memory.stat",
		env_group_anon(env),	 UNIT_BYTES, PROMISE_EXACT,
		(int64_t)taken.least,	 0,	     "the worker is alone in its group"
	};
	const struct promise huge = {
		"group_huge_bytes",	      "group",	  "memory.stat",
		v2 ? "anon_thp" : "rss_huge", UNIT_BYTES, PROMISE_EXACT,
		(int64_t)huge_bytes(p, env),  0,	  "the worker is alone in its group"
	};
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
	const struct promise touched = {
		"pages_touched", "ledger",   "ledger",
		"pages_touched", UNIT_PAGES, PROMISE_EXACT,
		pages,		 0,	     "each page of the mapping once"
	};
	const struct claim present = { .quantity = "pages_present",
				       .span = SPAN_WORK,
				       .scope = "ledger",
				       .source = "ledger",
				       .counter = "pages_present",
				       .unit = UNIT_PAGES,
				       .relation = RELATION_EQ,
				       .basis = BASIS_EXACT,
				       .expected = pages,
				       .slot = "pages_swapped",
				       .slot_mul = -1 };

	promise_add(out, SPAN_WORK, &touched, 1);
	claims_add(out, &present, "in the page table of the worker but for what is in swap");
}

/* Of what is in memory; accesses may have written since. */
static void claim_content(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const struct promise filled = { "pages_filled",
					"ledger",
					"ledger",
					"pages_filled",
					UNIT_PAGES,
					PROMISE_EXACT,
					(int64_t)(anon_held_bytes(p, env) / env->page_bytes),
					0,
					"each page begins with its part of the stream" };

	if (p->touch != TOUCH_READ && !p->access_ns)
		promise_add(out, SPAN_WORK, &filled, 1);
}

static void claim_residue(const struct workload_env *env, struct claims *out)
{
	const struct promise rows[] = {
		{ "left_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, 0, 0,
		  "the worker has exited and its memory with it" },
		{ "left_usage_bytes", "group", env_group_usage(env), env_group_usage(env),
		  UNIT_BYTES, RELATION_LE, BASIS_BOUNDED, 0, env_usage_slack_bytes(env),
		  "a batch of 64 pages per CPU may stay charged" },
	};

	PROMISE_ROWS(out, SPAN_RESIDUE, rows);
}

/* What still holds when reclaim takes part of the pages away. */
static void claim_pressed(const struct anon_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t bytes = (int64_t)anon_target(p, env), limit = env->limit_bytes;
	const struct promise faults = { "minor_faults",
					"process",
					"stat",
					"minflt",
					UNIT_COUNT,
					RELATION_GE,
					BASIS_EXACT,
					(int64_t)first_faults(p, env).least,
					0,
					"the first touch of each page is a minor fault" };
	const struct promise limited[] = {
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, limit, 0,
		  "no more than the limit is in memory" },
		{ "swapped_bytes", "mapping", "smaps", "Swap", UNIT_BYTES, RELATION_GE,
		  BASIS_EXACT, bytes > limit ? bytes - limit : 0, 0,
		  "what does not fit under the limit is in swap" },
	};

	if (p->pages == PAGES_4K)
		promise_add(out, SPAN_WORK, &faults, 1);
	if (limit)
		PROMISE_ROWS(out, SPAN_WORK, limited);
}

void anon_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct anon_params *p = params;
	int64_t huge = (int64_t)huge_pages(p, env);
	const struct promise huge_row = { "huge_faults",
					  "system",
					  "vmstat",
					  "thp_fault_alloc",
					  UNIT_COUNT,
					  RELATION_GE,
					  BASIS_DIRECTION,
					  huge,
					  0,
					  "the machine's count includes the worker's" };

	claim_residue(env, out);
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
