// SPDX-License-Identifier: GPL-2.0-or-later
/* How many pages a run of swap is about, and what it promises before one goes. */
#include "workloads/swap/swap.h"

#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

/* ---- arithmetic ---- */

uint64_t swap_set_bytes(const struct swap_params *p, const struct workload_env *env)
{
	uint64_t bytes = p->size_bytes;

	if (p->mode == MODE_PRESSURE)
		bytes = (uint64_t)((double)env->limit_bytes * p->ratio);
	return (bytes + env->page_bytes - 1) / env->page_bytes * env->page_bytes;
}

uint64_t swap_set_pages(const struct swap_params *p, const struct workload_env *env)
{
	return swap_set_bytes(p, env) / env->page_bytes;
}

uint64_t swap_excess_bytes(const struct swap_params *p, const struct workload_env *env)
{
	uint64_t set = swap_set_bytes(p, env);

	return set > env->limit_bytes ? set - env->limit_bytes : 0;
}

bool swap_must_drop(const struct swap_params *p, const struct workload_env *env)
{
	return p->mode == MODE_PAGEOUT && env->swap == SWAP_FILE;
}

uint64_t swap_footprint(const void *params, const struct workload_env *env)
{
	const struct swap_params *p = params;
	uint64_t set = swap_set_bytes(p, env);

	return set + set / 512 + SWAP_OWN_BYTES + p->threads * CREW_STACK_BYTES;
}

uint64_t swap_target(const void *params, const struct workload_env *env)
{
	return swap_set_bytes(params, env);
}

double swap_seconds(const void *params, const struct workload_env *env)
{
	const struct swap_params *p = params;
	double moves = (double)swap_set_pages(p, env) * (p->back == BACK_NONE ? 1 : 2);

	if (p->mode == MODE_PRESSURE)
		return moves / 1e5 + (double)p->duration_ns / 1e9;
	return moves / 1e5 * (double)p->cycles;
}

/* ---- promises ---- */

static bool is_zero(const struct swap_params *p)
{
	enum fill_kind kind;

	return !fill_parse(p->fill, &kind, NULL) && kind == FILL_ZERO;
}

/* Slots that a CPU takes ahead of need: two caches of SWAP_SLOTS_CACHE_SIZE until Linux 6.14.
 */
static int64_t slots_ahead(const struct workload_env *env)
{
	return env->kernel < ENV_KERNEL(6, 14) ? 128 * (int64_t)env->cpus : 0;
}

/*
 * Slots that are free again stay charged until a CPU has collected 64 of them
 * (mm/swap_slots.c, until Linux 6.14).
 */
static int64_t slots_behind_bytes(const struct workload_env *env)
{
	return slots_ahead(env) / 2 * (int64_t)env->page_bytes;
}

/*
 * On the own device: ours at least, and whatever others have swapped meanwhile. Where another
 * device is on nothing is promised: processes that swap there have pages on ours by now, as
 * it has the higher priority, and free them when they like (6806 of 12288 were seen to go);
 * and since Linux 6.15 a CPU uses up the cluster of 512 slots that it has begun on another
 * device (percpu_swap_cluster, mm/swapfile.c; 271 pages were seen). What the worker has in swap
 * its own counters and its group's say exactly.
 */
static void claim_device(const struct workload_env *env, int64_t pages, struct claims *out)
{
	const struct promise alone = { "own_swap_used",
				       "own_swap",
				       "swaps",
				       "Used",
				       UNIT_PAGES,
				       RELATION_BETWEEN,
				       BASIS_BOUNDED,
				       pages,
				       slots_ahead(env) + 64,
				       "the own device has the highest priority and CPUs may "
				       "take slots ahead" };
	const struct promise shared = {
		"own_swap_used",
		"own_swap",
		"swaps",
		"Used",
		UNIT_PAGES,
		RELATION_GE,
		BASIS_EXACT,
		pages,
		0,
		"the own device has the highest priority and others may swap to it too"
	};

	if (env->in_lab || !env->swap_total_bytes)
		promise_add(out, SPAN_WORK, env->in_lab ? &alone : &shared, 1);
}

static void claim_machine(const struct swap_params *p, const char *counter, int64_t pages,
			  struct claims *out)
{
	const struct promise row = { "system_swapped",
				     "system",
				     "vmstat",
				     counter,
				     UNIT_PAGES,
				     RELATION_GE,
				     BASIS_DIRECTION,
				     pages,
				     0,
				     "the machine's count includes the worker's" };

	if (!is_zero(p)) /* a page of zeros may be noted and not written */
		promise_add(out, SPAN_WORK, &row, 1);
}

/* Key and file of the group's swap. */
static struct promise group_swap(const struct workload_env *env, int64_t bytes)
{
	bool v2 = env->cgroup_version == 2;

	return (struct promise){
		"group_swap_bytes",
		"group",
		v2 ? "memory.swap.current" : "memory.stat",
		v2 ? "memory.swap.current" : "swap",
		UNIT_BYTES,
		PROMISE_EXACT,
		bytes,
		0,
		"the worker is alone in its group and the rest of it is locked"
	};
}

static void allow_behind(const struct workload_env *env, struct promise *swap)
{
	swap->tolerance = env->cgroup_version == 2 ? slots_behind_bytes(env) : 0;
	if (!swap->tolerance)
		return;
	swap->basis = BASIS_BOUNDED;
	swap->why = "slots that are free again stay charged in batches of 64 per CPU";
}

/* VmSwap is one of the sums that older kernels keep in parts. */
static void claim_status(const struct swap_params *p, const struct workload_env *env,
			 int64_t bytes, struct claims *out)
{
	int64_t lag = (int64_t)(env_status_lag_pages(env, p->threads) * env->page_bytes);
	const struct promise row = { "swapped_bytes",
				     "process",
				     "status",
				     "VmSwap",
				     UNIT_BYTES,
				     RELATION_EQ,
				     lag ? BASIS_BOUNDED : BASIS_EXACT,
				     bytes,
				     lag,
				     lag ? "this kernel caches parts of the sum per CPU or per "
					   "thread"
					 : "nothing else of the process is in swap" };

	promise_add(out, SPAN_WORK, &row, 1);
}

static void claim_out(const struct swap_params *p, const struct workload_env *env,
		      struct claims *out)
{
	int64_t bytes = (int64_t)swap_set_bytes(p, env),
		pages = (int64_t)swap_set_pages(p, env);
	const char *why = "every page went and nothing else did";
	const struct promise swap = group_swap(env, bytes);
	const struct promise rows[] = {

		{ "swapped_bytes", "process", "smaps_rollup", "Swap", UNIT_BYTES, PROMISE_EXACT,
		  bytes, 0, why },
		{ "swapped_bytes", "mapping", "smaps", "Swap", UNIT_BYTES, PROMISE_EXACT, bytes,
		  0, why },
		{ "swapped_proportional_bytes", "mapping", "smaps", "SwapPss", UNIT_BYTES,
		  PROMISE_EXACT, bytes, 0, "nobody shares the pages" },
		{ "resident_bytes", "mapping", "smaps", "Rss", UNIT_BYTES, PROMISE_EXACT,
		  -bytes, 0, why },
		{ "anonymous_bytes", "mapping", "smaps", "Anonymous", UNIT_BYTES, PROMISE_EXACT,
		  -bytes, 0, why },
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, PROMISE_EXACT, -bytes, 0,
		  "the worker is alone in its group and the rest of it is locked" },
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  "going out takes no fault" },
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  "going out takes no fault" },
		{ "pages_present", "ledger", "ledger", "pages_present", UNIT_PAGES,
		  PROMISE_EXACT, 0, 0, "none is left in the page table" },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
	promise_add(out, SPAN_WORK, &swap, 1);
	claim_status(p, env, bytes, out);
	claim_device(env, pages, out);
}

static void claim_back_faults(const struct swap_params *p, const struct workload_env *env,
			      struct claims *out)
{
	int64_t pages = (int64_t)(p->cycles * swap_set_pages(p, env));
	bool each = env->swap == SWAP_ZRAM || !env->page_cluster;
	int64_t least = pages >> env->page_cluster;
	const char *one = env->swap == SWAP_ZRAM ? "zram is read page by page: no readahead"
						 : "page-cluster 0 reads page by page";
	const char *few = "a read from the device brings up to 2^page-cluster pages";
	const struct promise all = { "swap_in_faults",
				     "ledger",
				     "ledger",
				     "back_faults",
				     UNIT_COUNT,
				     PROMISE_EXACT,
				     pages,
				     0,
				     "each page that comes back is one fault: major or minor" };
	const struct promise exact[] = {
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, pages,
		  0, one },
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  one },
		{ "group_major_faults", "group", "memory.stat", "pgmajfault", UNIT_COUNT,
		  PROMISE_EXACT, pages, 0, one },
	};
	const struct promise bounded[] = {
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, RELATION_BETWEEN,
		  BASIS_BOUNDED, least, pages - least, few },
		{ "group_major_faults", "group", "memory.stat", "pgmajfault", UNIT_COUNT,
		  RELATION_BETWEEN, BASIS_BOUNDED, least, pages - least, few },
	};

	promise_add(out, SPAN_WORK, &all, 1);
	if (p->back == BACK_WILLNEED)
		return;
	if (each)
		PROMISE_ROWS(out, SPAN_WORK, exact);
	else
		PROMISE_ROWS(out, SPAN_WORK, bounded);
}

static void claim_back(const struct swap_params *p, const struct workload_env *env,
		       struct claims *out)
{
	int64_t pages = (int64_t)(p->cycles * swap_set_pages(p, env));
	const char *why = "every page came back";
	struct promise swap = group_swap(env, 0);
	const struct promise rows[] = {

		{ "swapped_bytes", "mapping", "smaps", "Swap", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  why },
		{ "resident_bytes", "mapping", "smaps", "Rss", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  why },
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, PROMISE_EXACT, 0, 0, why },
		{ "pages_back", "ledger", "ledger", "pages_back", UNIT_PAGES, PROMISE_EXACT,
		  pages, 0, "counted in the page table after each cycle" },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
	claim_status(p, env, 0, out);
	claim_back_faults(p, env, out);
	claim_machine(p, "pswpin", pages, out);
	allow_behind(env, &swap);
	/* Slots stay used where pages came back through the swap cache. */
	if (env->swap == SWAP_ZRAM && p->back != BACK_WILLNEED)
		promise_add(out, SPAN_WORK, &swap, 1);
}

static void claim_pageout(const struct swap_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t pages = (int64_t)swap_set_pages(p, env);
	int64_t gone = p->back == BACK_NONE ? pages : (int64_t)p->cycles * pages;
	const struct promise rows[] = {
		{ "pages_out", "ledger", "ledger", "pages_out", UNIT_PAGES, PROMISE_EXACT, gone,
		  0, "counted in the page table after each cycle" },
		{ "pages_in_swap_cache", "ledger", "ledger", "cached_pages", UNIT_PAGES,
		  PROMISE_EXACT, 0, 0, "mincore finds none of them in memory" },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
	claim_machine(p, "pswpout", pages, out);
	if (p->back == BACK_NONE)
		claim_out(p, env, out);
	else
		claim_back(p, env, out);
}

/* Share of the duration that is lost; of the group where the kernel keeps it (v2). */
static void claim_stall(const struct swap_params *p, const struct workload_env *env,
			struct claims *out)
{
	int64_t usec = (int64_t)((double)p->duration_ns / 1e3 * p->stall);
	const struct promise group[] = {
		{ "stalled_full", "group", "memory.pressure", "full.total", UNIT_USEC,
		  RELATION_GE, BASIS_BOUNDED, usec, 0,
		  "every runnable task of the group waited for memory" },
		{ "stalled_some", "group", "memory.pressure", "some.total", UNIT_USEC,
		  RELATION_GE, BASIS_BOUNDED, usec, 0,
		  "at least one task of the group waited for memory" },
	};
	const struct promise machine = { "stalled_some",
					 "system",
					 "pressure/memory",
					 "some.total",
					 UNIT_USEC,
					 RELATION_GE,
					 BASIS_DIRECTION,
					 usec,
					 0,
					 "the machine's pressure includes the group's" };

	if (!usec)
		return;
	if (env->cgroup_version == 2)
		PROMISE_ROWS(out, SPAN_WORK, group);
	else
		promise_add(out, SPAN_WORK, &machine, 1);
}

static void claim_pressure(const struct swap_params *p, const struct workload_env *env,
			   struct claims *out)
{
	int64_t excess = (int64_t)swap_excess_bytes(p, env), page = (int64_t)env->page_bytes;
	bool v2 = env->cgroup_version == 2;
	const char *events = v2 ? "memory.events" : "memory.oom_control";
	const char *hits = v2 ? "memory.events" : "memory.failcnt";
	const char *peak = v2 ? "memory.peak" : "memory.max_usage_in_bytes";
	const char *why = "what exceeds the limit is in swap";
	int64_t lag = (int64_t)(env_status_lag_pages(env, p->threads) * env->page_bytes);
	const struct promise rows[] = {
		{ "pages_touched", "ledger", "ledger", "pages_touched", UNIT_PAGES,
		  PROMISE_EXACT, (int64_t)swap_set_pages(p, env), 0,
		  "each page once before all" },
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, RELATION_GE,
		  BASIS_EXACT, (int64_t)swap_set_pages(p, env), 0,
		  "the first touch of each page is a minor fault" },
		{ "swapped_bytes", "mapping", "smaps", "Swap", UNIT_BYTES, RELATION_GE,
		  BASIS_EXACT, excess, 0, why },
		{ "swapped_bytes", "process", "status", "VmSwap", UNIT_BYTES, RELATION_GE,
		  BASIS_BOUNDED, excess, lag, why },
		{ "pages_swapped", "ledger", "ledger", "pages_swapped", UNIT_PAGES, RELATION_GE,
		  BASIS_EXACT, excess / page, 0, why },
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, (int64_t)env->limit_bytes, 0,
		  "no more than the limit is in memory" },
		{ "peak_bytes", "group", peak, peak, UNIT_BYTES, PROMISE_BOUNDED,
		  (int64_t)env->limit_bytes, env_usage_slack_bytes(env),
		  "the limit was reached and charges are taken in batches" },
		{ "limit_hits", "group", hits, v2 ? "max" : hits, UNIT_COUNT, RELATION_GE,
		  BASIS_EXACT, 1, 0, "a charge failed before each reclaim" },
		{ "oom_kills", "group", events, "oom_kill", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  "there is swap left for what exceeds the limit" },
	};
	const struct promise majors[] = {
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, RELATION_GE,
		  BASIS_EXACT, 1, 0, "what was swapped out is wanted again" },
		{ "group_major_faults", "group", "memory.stat", "pgmajfault", UNIT_COUNT,
		  RELATION_GE, BASIS_EXACT, 1, 0, "what was swapped out is wanted again" },
	};
	struct promise swap = group_swap(env, excess);

	swap.relation = RELATION_GE;
	swap.why = why;
	PROMISE_ROWS(out, SPAN_WORK, rows);
	/* Version 1 leaves out what is in the swap cache as well. */
	if (v2 || env->swap == SWAP_ZRAM)
		promise_add(out, SPAN_WORK, &swap, 1);
	if (p->duration_ns)
		PROMISE_ROWS(out, SPAN_WORK, majors);
	claim_machine(p, "pswpout", excess / page, out);
	claim_stall(p, env, out);
}

static void claim_residue(const struct workload_env *env, struct claims *out)
{
	struct promise swap = group_swap(env, 0);
	const struct promise rows[] = {
		{ "left_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, 0, 0,
		  "the worker has exited and its memory with it" },
	};

	swap.quantity = "left_swap_bytes";
	swap.relation = RELATION_LE;
	swap.why = "the worker has exited and its swap with it";
	allow_behind(env, &swap);
	PROMISE_ROWS(out, SPAN_RESIDUE, rows);
	promise_add(out, SPAN_RESIDUE, &swap, 1);
}

void swap_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct swap_params *p = params;

	if (p->mode == MODE_PRESSURE)
		claim_pressure(p, env, out);
	else
		claim_pageout(p, env, out);
	claim_residue(env, out);
}
