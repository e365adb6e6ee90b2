// SPDX-License-Identifier: GPL-2.0-or-later
/* The amounts of swap, and its claims. */
#include "workloads/swap/swap.h"

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

	return set + set / env_table_entries(env) + SWAP_OWN_BYTES +
	       p->threads * CREW_STACK_BYTES;
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

/* Slots that CPUs hold in advance: two caches of SWAP_SLOTS_CACHE_SIZE each. */
static int64_t slots_ahead(const struct workload_env *env)
{
	return env_lacks(env, CAPABILITY_SWAP_SLOTS) ? 0 : 128 * (int64_t)env->cpus;
}

/*
 * Freed slots stay charged until a CPU has collected 64 of them (mm/swap_slots.c).
 */
static int64_t slots_behind_bytes(const struct workload_env *env)
{
	return slots_ahead(env) / 2 * (int64_t)env->page_bytes;
}

/*
 * Used of the private device: at least the workload's pages, plus those that other processes
 * swap out meanwhile. With another swap device there is no claim: other processes have pages
 * on the private device too, as it has the higher priority, and may free them (measured: 6806
 * of 12288 freed); and since Linux 6.15 a CPU first uses up its current cluster of 512 slots
 * on the other device (percpu_swap_cluster, mm/swapfile.c; measured: 271 pages). The counters
 * of the process and of its group are exact in any case.
 */
static void claim_device(const struct workload_env *env, int64_t pages, struct claims *out)
{
	/* clang-format off */
	const struct promise alone = {
		.quantity = "own_swap_used", .scope = "own_swap",
		.source = "swaps", .counter = "Used", .unit = UNIT_PAGES,
		.relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED, .expected = pages,
		.tolerance = slots_ahead(env) + 64,
		.why = "the private device has the highest priority and CPUs may hold slots in advance",
	};
	const struct promise shared = {
		.quantity = "own_swap_used", .scope = "own_swap",
		.source = "swaps", .counter = "Used", .unit = UNIT_PAGES,
		.relation = RELATION_GE, .expected = pages,
		.why = "the private device has the highest priority and other processes may swap to it too",
	};
	/* clang-format on */

	if (env->in_lab || !env->swap_total_bytes)
		promise_add(out, SPAN_WORK, env->in_lab ? &alone : &shared, 1);
}

/* ---- events: how the kernel counts a page swapped out or in ---- */

enum way { WAY_OUT, WAY_IN };

/*
 * Each page counts under one name (mm/page_io.c, mm/zswap.c): zswpout where zswap stores it,
 * pswpout where it is written to the device, swpout_zero where a bitmap records that it is
 * zero (Linux 6.12). What zswap writes back later counts once more, as pswpout and zswpwb.
 * The first key of a sum is the one that this kernel must have.
 */
static const char *event_keys(const struct swap_params *p, const struct workload_env *env,
			      enum way way)
{
	if (env_has(env, CAPABILITY_ZSWAP_ON))
		return way == WAY_OUT ? "zswpout+pswpout+swpout_zero-zswpwb"
				      : "zswpin+pswpin+swpin_zero";
	if (fill_is_zero(p->fill))
		return way == WAY_OUT ? "swpout_zero+pswpout" : "swpin_zero+pswpin";
	return way == WAY_OUT ? "pswpout" : "pswpin";
}

/* At least `least` pages and at most `most`; 0: no upper bound is known. */
struct events {
	enum way way;
	int64_t least, most;
};

/* The group's count has no other pages, as the rest of its memory is locked. */
static void claim_group_events(const struct events *e, const char *keys, struct claims *out)
{
	const bool range = e->most > e->least;
	const struct promise row = {
		.quantity = e->way == WAY_OUT ? "group_swapped_out" : "group_swapped_in",
		.scope = "group",
		.source = "memory.stat",
		.counter = keys,
		.unit = UNIT_PAGES,
		.relation = !e->most ? RELATION_GE
			    : range  ? RELATION_BETWEEN
				     : RELATION_EQ,
		.basis = range ? BASIS_BOUNDED : BASIS_EXACT,
		.expected = e->least,
		.tolerance = range ? e->most - e->least : 0,
		.least = range ? e->least : 0,
		.why = !e->most ? "the part that exceeds the limit is swapped out"
		       : range ? "a page that was swapped in and not written keeps its slot and need not be written again"
			       : "each page of the mapping and no other of the group: the rest is locked",
	};

	promise_add(out, SPAN_WORK, &row, 1);
}

static void claim_events(const struct swap_params *p, const struct workload_env *env,
			 struct events e, struct claims *out)
{
	const bool known =
		env_has(env, CAPABILITY_ZSWAP_ON) || env_lacks(env, CAPABILITY_ZSWAP_ON);
	const char *keys = event_keys(p, env, e.way);
	/* clang-format off */
	const struct promise machine = {
		.quantity = "system_swapped", .scope = "system",
		.source = "vmstat", .counter = keys, .unit = UNIT_PAGES,
		.relation = RELATION_GE, .basis = BASIS_DIRECTION, .expected = e.least,
		.why = "the machine's count includes the worker's",
	};
	/* clang-format on */

	if (!known)
		return;
	promise_add(out, SPAN_WORK, &machine, 1);
	if (env->cgroup_version == 2 && env_has(env, CAPABILITY_GROUP_SWAP_KEYS))
		claim_group_events(&e, keys, out);
}

/* The group's swap: a key of memory.stat on v1, a file on v2. */
static struct promise group_swap(const struct workload_env *env, int64_t bytes)
{
	bool v2 = env->cgroup_version == 2;

	/* clang-format off */
	return (struct promise){
		.quantity = "group_swap_bytes", .scope = "group",
		.source = v2 ? "memory.swap.current" : "memory.stat",
		.counter = v2 ? "memory.swap.current" : "swap", .unit = UNIT_BYTES,
		.expected = bytes,
		.why = "the worker is alone in its group and its other memory is locked",
	};
	/* clang-format on */
}

static void allow_behind(const struct workload_env *env, struct promise *swap)
{
	swap->tolerance = env->cgroup_version == 2 ? slots_behind_bytes(env) : 0;
	if (!swap->tolerance)
		return;
	swap->basis = BASIS_BOUNDED;
	swap->why = "freed slots stay charged in batches of 64 per CPU";
}

/* VmSwap is one of the sums that older kernels cache in parts. */
static void claim_status(const struct swap_params *p, const struct workload_env *env,
			 int64_t bytes, struct claims *out)
{
	int64_t lag = (int64_t)env_rss_lag_pages(env, CAPABILITY_EXACT_STATUS, p->threads) *
		      (int64_t)env->page_bytes;
	/* clang-format off */
	const struct promise row = {
		.quantity = "swapped_bytes", .scope = "process",
		.source = "status", .counter = "VmSwap", .unit = UNIT_BYTES,
		.basis = lag ? BASIS_BOUNDED : BASIS_EXACT, .expected = bytes, .tolerance = lag,
		.why = lag ? "this kernel keeps back parts of the sum per CPU or per thread"
		       : "nothing else of the process is in swap",
	};
	/* clang-format on */

	promise_add(out, SPAN_WORK, &row, 1);
}

static void claim_swap_cache(struct claims *out)
{
	/* clang-format off */
	const struct promise row = {
		.quantity = "group_swap_cache_bytes", .scope = "group",
		.source = "memory.stat", .counter = "swapcached", .unit = UNIT_BYTES,
		.why = "a page that was written leaves the swap cache when it is reclaimed",
	};
	/* clang-format on */

	promise_add(out, SPAN_WORK, &row, 1);
}

static void claim_out(const struct swap_params *p, const struct workload_env *env,
		      struct claims *out)
{
	int64_t bytes = (int64_t)swap_set_bytes(p, env),
		pages = (int64_t)swap_set_pages(p, env);
	const char *why = "every page of the mapping is swapped out and no other page is";
	const struct promise swap = group_swap(env, bytes);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "swapped_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Swap", .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = why },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES, .expected = bytes,
		  .why = why },
		{ .quantity = "swapped_proportional_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "SwapPss", .unit = UNIT_BYTES, .expected = bytes,
		  .why = "no other process maps the pages" },
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES, .expected = -bytes,
		  .why = why },
		{ .quantity = "anonymous_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .expected = -bytes,
		  .why = why },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = -bytes,
		  .why = "the worker is alone in its group and its other memory is locked" },
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt",
		  .why = "swap-out takes no fault" },
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt",
		  .why = "swap-out takes no fault" },
		{ .quantity = "pages_present", .scope = "ledger",
		  .source = "ledger", .counter = "pages_present", .unit = UNIT_PAGES,
		  .why = "the page table has no page in memory" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	promise_add(out, SPAN_WORK, &swap, 1);
	claim_swap_cache(out);
	claim_status(p, env, bytes, out);
	claim_device(env, pages, out);
}

static void claim_back_faults(const struct swap_params *p, const struct workload_env *env,
			      struct claims *out)
{
	int64_t pages = (int64_t)(p->cycles * swap_set_pages(p, env));
	bool each = env->swap == SWAP_ZRAM || !env->page_cluster;
	int64_t least = pages >> env->page_cluster;
	const char *one = env->swap == SWAP_ZRAM
				  ? "zram has no swap readahead: one fault per page"
				  : "page-cluster 0 disables swap readahead";
	const char *few = "swap readahead reads up to 2^page-cluster pages at a fault";
	/* clang-format off */
	const struct promise all = {
		.quantity = "swap_in_faults", .scope = "ledger",
		.source = "ledger", .counter = "back_faults", .expected = pages,
		.why = "each page swapped in is one fault: major or minor",
	};
	const struct promise exact[] = {
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt", .expected = pages,
		  .why = one },
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt",
		  .why = one },
		{ .quantity = "group_major_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgmajfault", .expected = pages,
		  .why = one },
	};
	const struct promise bounded[] = {
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt", .relation = RELATION_BETWEEN,
		  .basis = BASIS_BOUNDED, .expected = least, .tolerance = pages - least,
		  .why = few },
		{ .quantity = "group_major_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgmajfault", .relation = RELATION_BETWEEN,
		  .basis = BASIS_BOUNDED, .expected = least, .tolerance = pages - least,
		  .why = few },
	};
	/* clang-format on */

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
	const char *why = "every page is swapped in again";
	struct promise swap = group_swap(env, 0);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "pages_back", .scope = "ledger",
		  .source = "ledger", .counter = "pages_back", .unit = UNIT_PAGES,
		  .expected = pages,
		  .why = "counted in the page table after each cycle" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	claim_status(p, env, 0, out);
	claim_back_faults(p, env, out);
	claim_events(p, env, (struct events){ WAY_IN, pages, pages }, out);
	allow_behind(env, &swap);
	/* Pages swapped in through the swap cache keep their slots. */
	if (env->swap == SWAP_ZRAM && p->back != BACK_WILLNEED)
		promise_add(out, SPAN_WORK, &swap, 1);
}

static void claim_pageout(const struct swap_params *p, const struct workload_env *env,
			  struct claims *out)
{
	int64_t pages = (int64_t)swap_set_pages(p, env);
	int64_t gone = p->back == BACK_NONE ? pages : (int64_t)p->cycles * pages;
	/* A fault on zram frees the slot; a store makes what the slot has stale. */
	bool rewrites =
		p->back == BACK_WRITE || (env->swap == SWAP_ZRAM && p->back != BACK_WILLNEED);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_out", .scope = "ledger",
		  .source = "ledger", .counter = "pages_out", .unit = UNIT_PAGES,
		  .expected = gone,
		  .why = "counted in the page table after each cycle" },
		{ .quantity = "pages_in_swap_cache", .scope = "ledger",
		  .source = "ledger", .counter = "cached_pages", .unit = UNIT_PAGES,
		  .why = "mincore finds no swapped page in the swap cache" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	claim_events(p, env, (struct events){ WAY_OUT, rewrites ? gone : pages, gone }, out);
	if (p->back == BACK_NONE)
		claim_out(p, env, out);
	else
		claim_back(p, env, out);
}

/* Stall time as a share of the duration; of the group where it has PSI (v2). */
static void claim_stall(const struct swap_params *p, const struct workload_env *env,
			struct claims *out)
{
	int64_t usec = (int64_t)((double)p->duration_ns / 1e3 * p->stall);
	/* clang-format off */
	const struct promise group[] = {
		{ .quantity = "stalled_full", .scope = "group",
		  .source = "memory.pressure", .counter = "full.total", .unit = UNIT_USEC,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .expected = usec,
		  .why = "every runnable task of the group waited for memory" },
		{ .quantity = "stalled_some", .scope = "group",
		  .source = "memory.pressure", .counter = "some.total", .unit = UNIT_USEC,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .expected = usec,
		  .why = "at least one task of the group waited for memory" },
	};
	const struct promise machine = {
		.quantity = "stalled_some", .scope = "system",
		.source = "pressure/memory", .counter = "some.total", .unit = UNIT_USEC,
		.relation = RELATION_GE, .basis = BASIS_DIRECTION, .expected = usec,
		.why = "the machine's pressure includes the group's",
	};
	/* clang-format on */

	if (!usec)
		return;
	if (env_has(env, CAPABILITY_GROUP_PSI))
		PROMISE_ROWS(out, SPAN_WORK, group);
	else if (env_lacks(env, CAPABILITY_GROUP_PSI))
		promise_add(out, SPAN_WORK, &machine, 1);
}

/* At least what exceeds the limit is in swap. */
static void claim_excess(const struct swap_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const int64_t excess = (int64_t)swap_excess_bytes(p, env),
		      page = (int64_t)env->page_bytes;
	const int64_t pages = (int64_t)swap_set_pages(p, env);
	const int64_t lag =
		(int64_t)env_rss_lag_pages(env, CAPABILITY_EXACT_STATUS, p->threads) * page;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_touched", .scope = "ledger",
		  .source = "ledger", .counter = "pages_touched", .unit = UNIT_PAGES,
		  .expected = pages,
		  .why = "each page once before the accesses" },
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .relation = RELATION_GE,
		  .expected = pages,
		  .why = "the first touch of each page is a minor fault" },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .relation = RELATION_GE, .expected = excess,
		  .why = "the part that exceeds the limit is swapped out" },
		{ .quantity = "swapped_bytes", .scope = "process",
		  .source = "status", .counter = "VmSwap", .unit = UNIT_BYTES,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .expected = excess,
		  .tolerance = lag,
		  .why = "the part that exceeds the limit is swapped out" },
		{ .quantity = "pages_swapped", .scope = "ledger",
		  .source = "ledger", .counter = "pages_swapped", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .expected = excess / page,
		  .why = "the part that exceeds the limit is swapped out" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* The limit is reached without an OOM kill. */
static void claim_limit(const struct workload_env *env, struct claims *out)
{
	const int64_t limit = (int64_t)env->limit_bytes;
	const char *peak = env_group_peak(env);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .relation = RELATION_LE, .expected = limit,
		  .why = "the limit bounds the group's memory" },
		{ .quantity = "peak_bytes", .scope = "group",
		  .source = peak, .counter = peak, .unit = UNIT_BYTES, .basis = BASIS_BOUNDED,
		  .expected = limit, .tolerance = env_usage_slack_bytes(env),
		  .unless = !env_has(env, CAPABILITY_GROUP_PEAK),
		  .why = "usage reaches the limit; charges are taken in batches" },
		{ .quantity = "limit_hits", .scope = "group",
		  .source = env_group_hits(env), .counter = env_group_hits_key(env),
		  .relation = RELATION_GE, .expected = 1,
		  .why = "each reclaim follows a charge that hit the limit" },
		{ .quantity = "oom_kills", .scope = "group",
		  .source = env_group_kills(env), .counter = "oom_kill",
		  .why = "free swap is left for what exceeds the limit" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_pressure(const struct swap_params *p, const struct workload_env *env,
			   struct claims *out)
{
	const int64_t excess = (int64_t)swap_excess_bytes(p, env);
	struct promise swap = group_swap(env, excess);
	/* clang-format off */
	const struct promise majors[] = {
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt", .relation = RELATION_GE, .expected = 1,
		  .unless = !p->duration_ns,
		  .why = "the accesses fault swapped pages in again" },
		{ .quantity = "group_major_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgmajfault", .relation = RELATION_GE,
		  .expected = 1, .unless = !p->duration_ns,
		  .why = "the accesses fault swapped pages in again" },
	};
	/* clang-format on */

	swap.relation = RELATION_GE;
	swap.why = "the part that exceeds the limit is swapped out";
	/* Version 1 does not count pages that are in the swap cache too. */
	swap.unless = env->cgroup_version != 2 && env->swap != SWAP_ZRAM;
	claim_excess(p, env, out);
	claim_limit(env, out);
	promise_add(out, SPAN_WORK, &swap, 1);
	PROMISE_ROWS(out, SPAN_WORK, majors);
	claim_events(p, env, (struct events){ WAY_OUT, excess / (int64_t)env->page_bytes, 0 },
		     out);
	claim_stall(p, env, out);
}

static void claim_residue(const struct workload_env *env, struct claims *out)
{
	struct promise swap = group_swap(env, 0);

	swap.quantity = "left_swap_bytes";
	swap.relation = RELATION_LE;
	swap.why = "the kernel frees a process's swap when it exits";
	allow_behind(env, &swap);
	promise_freed(out, env, 0);
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
