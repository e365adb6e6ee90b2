// SPDX-License-Identifier: GPL-2.0-or-later
/* Which parameters leak refuses, the amounts that it allocates, and its claims. */
#include "workloads/leak/leak.h"

#include <string.h>

#include "workloads/api/arith.h"
#include "workloads/act/crew.h"
#include "workloads/act/heap.h"
#include "workloads/act/heap_model.h"
#include "workloads/api/promise.h"

/* ---- arithmetic ---- */

uint64_t leak_leakers(const struct leak_params *p)
{
	return p->threads ? p->threads : 1;
}

bool leak_is_from_malloc(const struct leak_params *p)
{
	return p->allocator != BY_MMAP && p->allocator != BY_BRK;
}

/* Blocks of one thread: the threads allocate in turn. */
static uint64_t blocks_of(const struct leak_params *p, uint64_t thread)
{
	return p->blocks / leak_leakers(p) + (thread < p->blocks % leak_leakers(p));
}

uint64_t leak_tooth_blocks(const struct leak_params *p)
{
	uint64_t tooth = p->chunk_bytes / p->size_bytes;

	if (p->shape != SHAPE_SAWTOOTH)
		return UINT64_MAX;
	return tooth ? tooth : 1;
}

static uint64_t live_blocks_of(const struct leak_params *p, uint64_t thread)
{
	uint64_t blocks = blocks_of(p, thread);

	return blocks && p->reach != REACH_FREED ? (blocks - 1) % leak_tooth_blocks(p) + 1 : 0;
}

static uint64_t live_blocks(const struct leak_params *p)
{
	uint64_t sum = 0;

	for (uint64_t t = 0; t < leak_leakers(p); t++)
		sum += live_blocks_of(p, t);
	return sum;
}

/*
 * Most blocks of a thread whose memory is held: gaps of alignment are not reused, and small
 * freed blocks stay in caches that calloc does not use.
 */
static uint64_t most_held_blocks_of(const struct leak_params *p, uint64_t thread)
{
	uint64_t blocks = blocks_of(p, thread);
	bool joins = p->allocator != BY_ALIGNED_ALLOC && p->size_bytes >= HEAP_MODEL_BLOCK_MIN;

	return joins ? min(blocks, leak_tooth_blocks(p)) : blocks;
}

static uint64_t most_held_blocks(const struct leak_params *p)
{
	uint64_t sum = 0;

	for (uint64_t t = 0; t < leak_leakers(p); t++)
		sum += most_held_blocks_of(p, t);
	return sum;
}

struct pace leak_pace(const struct leak_params *p)
{
	bool is_sawtooth = p->shape == SHAPE_SAWTOOTH;

	return (struct pace){ .shape = is_sawtooth ? PACE_LINEAR : (enum pace_shape)p->shape,
			      .rate = p->rate,
			      .chunk_bytes = p->chunk_bytes,
			      .interval_ns = p->interval_ns };
}

static uint64_t expected_ns(const struct leak_params *p)
{
	const struct pace pace = leak_pace(p);

	return pace_when(&pace, p->blocks * p->size_bytes);
}

/*
 * Bytes of its chunk, at most. aligned_alloc requests align and the smallest chunk in
 * addition; small remainders before and after the block stay in caches.
 */
static uint64_t chunk_most(const struct leak_params *p)
{
	uint64_t chunk = heap_chunk_bytes(p->size_bytes);

	return p->allocator == BY_ALIGNED_ALLOC ? heap_chunk_bytes(chunk + p->align + 32)
						: chunk;
}

/* Bytes that a block takes from the kernel, at most. */
static uint64_t block_most(const struct leak_params *p, const struct workload_env *env)
{
	if (leak_is_from_malloc(p) && chunk_most(p) < HEAP_MODEL_THRESHOLD)
		return chunk_most(p);
	return round_up(chunk_most(p) + 8, env->page_bytes) + env->page_bytes;
}

uint64_t leak_footprint(const void *params, const struct workload_env *env)
{
	const struct leak_params *p = params;
	uint64_t bytes = most_held_blocks(p) * block_most(p, env);
	uint64_t own = (1u << 20) + p->threads * (CREW_STACK_BYTES + 16 * env->page_bytes);

	return bytes + bytes / 256 + own;
}

uint64_t leak_target(const void *params, const struct workload_env *env)
{
	const struct leak_params *p = params;

	(void)env; /* requested bytes, whatever the page size */
	return live_blocks(p) * p->size_bytes;
}

double leak_seconds(const void *params, const struct workload_env *env)
{
	const struct leak_params *p = params;
	double pages = (double)p->size_bytes / (double)env->page_bytes;

	return (double)expected_ns(p) / 1e9 + (double)p->blocks * (1e-6 + 4e-7 * pages);
}

static const char *contradiction(const struct leak_params *p, const struct workload_env *env)
{
	uint64_t need = leak_footprint(p, env);

	if (p->align & (p->align - 1))
		return "align must be a power of two";
	if (p->allocator == BY_BRK && p->threads > 1)
		return "there is one program break and sbrk(3) is not thread-safe: use threads=1 or another allocator";
	if (p->reach == REACH_STACK && !p->threads)
		return "reach=stack requires a thread that stays alive: use threads=1";
	if (p->touch == HEAP_TOUCH_NONE &&
	    (p->reach != REACH_LOST || p->shape == SHAPE_SAWTOOTH))
		return "blocks are linked through their first word: use touch=write";
	if (p->touch == HEAP_TOUCH_NONE && leak_is_from_malloc(p) &&
	    (p->threads || p->allocator != BY_MALLOC))
		return "the pages that malloc itself touches are known in the main thread only: use threads=0 or touch=write";
	if (!env_fits(env, need))
		return "the leak exceeds the group's limit and would cause reclaim: raise memory.max or memory.high or use fewer blocks";
	return NULL;
}

int leak_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = NULL;

#ifndef HEAP_IS_MODELLED
	if (leak_is_from_malloc(params))
		lack = HEAP_NOT_MODELLED;
#endif
	return check_answer(wrong, lack, reason, reason_bytes);
}

/* ---- pages ---- */

/* What the blocks are to the kernel. */
struct view {
	uint64_t faults, faults_slack;	   /* faults .. faults + slack */
	uint64_t resident, resident_slack; /* bytes, likewise */
	uint64_t addresses; /* growth of VmSize; UINT64_MAX: only a bound is known */
	bool exact;
	const char *why;
};

/* Pages of consecutive equal blocks, the first of which is page-aligned. */
static uint64_t pages_in_a_row(const struct leak_params *p, const struct workload_env *env,
			       uint64_t blocks, uint64_t stride)
{
	uint64_t last = p->size_bytes - 1;

	if (!blocks || p->touch == HEAP_TOUCH_NONE)
		return 0;
	if (p->touch == HEAP_TOUCH_WRITE)
		last = last / env->page_bytes * env->page_bytes;
	return ((blocks - 1) * stride + last) / env->page_bytes + 1;
}

/* Each tooth faults in its pages anew: nothing is left of the previous one. */
static uint64_t faults_by_teeth(const struct leak_params *p, const struct workload_env *env,
				uint64_t stride)
{
	uint64_t faults = 0;

	for (uint64_t t = 0; t < leak_leakers(p); t++) {
		uint64_t blocks = blocks_of(p, t), tooth = leak_tooth_blocks(p);

		if (blocks > tooth) {
			uint64_t full = (blocks - 1) / tooth;

			faults += full * pages_in_a_row(p, env, tooth, stride);
			blocks -= full * tooth;
		}
		faults += pages_in_a_row(p, env, blocks, stride);
	}
	return faults;
}

static void view_of_mappings(const struct leak_params *p, const struct workload_env *env,
			     struct view *v)
{
	uint64_t stride = round_up(p->size_bytes, env->page_bytes);
	uint64_t pages = pages_in_a_row(p, env, 1, stride);

	v->faults = p->blocks * pages;
	v->resident = live_blocks(p) * pages * env->page_bytes;
	v->addresses = live_blocks(p) * stride;
	v->exact = true;
	v->why = "each block is a separate mapping";
}

static void view_of_brk(const struct leak_params *p, const struct workload_env *env,
			struct view *v)
{
	uint64_t stride = round_up(p->size_bytes, LEAK_BRK_ALIGNMENT), live = live_blocks(p);

	v->faults = faults_by_teeth(p, env, stride);
	v->resident = pages_in_a_row(p, env, live, stride) * env->page_bytes;
	v->addresses = round_up(live * stride, env->page_bytes);
	v->exact = true;
	v->why = "blocks are contiguous from a page boundary on";
}

static bool is_freeing(const struct leak_params *p)
{
	return p->reach == REACH_FREED || p->shape == SHAPE_SAWTOOTH;
}

/* heap_model.h covers neither caches of small freed blocks nor gaps of alignment. */
static bool is_modelled(const struct leak_params *p)
{
	return !p->threads && p->allocator != BY_ALIGNED_ALLOC &&
	       (!is_freeing(p) || p->size_bytes >= HEAP_MODEL_BLOCK_MIN);
}

static int view_of_main_heap(const struct leak_params *p, const struct workload_env *env,
			     struct view *v)
{
	uint64_t tooth = min(p->blocks, leak_tooth_blocks(p));
	const struct heap_plan plan = { .page_bytes = env->page_bytes,
					.block_bytes = p->size_bytes,
					.blocks = tooth,
					.cycles = (p->blocks - 1) / tooth + 1,
					.last_blocks = (p->blocks - 1) % tooth + 1,
					.touch = (enum heap_touch)p->touch,
					.dynamic = true,
					.keep = p->reach != REACH_FREED };
	struct heap_outcome o;
	int ret = heap_model(&plan, &o);

	if (ret)
		return ret;
	v->faults = o.faults;
	v->resident = o.resident_bytes;
	v->addresses = o.heap_bytes + o.mapped_bytes;
	v->exact = true;
	v->why = "blocks in the trimmed main heap by the thresholds of mallopt(3)";
	return 0;
}

/*
 * glibc creates up to 8 arenas per CPU before threads share (mallopt(3), M_ARENA_MAX): up to
 * 7 threads each have their own on any machine. Blocks within 8 KiB of the threshold may or
 * may not fit the initial 132 KiB of an arena.
 */
static bool has_own_arenas(const struct leak_params *p)
{
	uint64_t chunk = heap_chunk_bytes(p->size_bytes);

	return p->threads && p->threads < 8 && !p->arenas && p->allocator != BY_ALIGNED_ALLOC &&
	       (chunk < HEAP_MODEL_THRESHOLD || chunk > HEAP_MODEL_THRESHOLD + 8192);
}

/* Pages that a mapped block touches; malloc's header takes the first 16 bytes. */
static uint64_t mapped_pages(const struct leak_params *p, const struct workload_env *env)
{
	uint64_t head = p->touch == HEAP_TOUCH_BYTES ? 16 : 0;

	return (head + p->size_bytes + env->page_bytes - 1) / env->page_bytes;
}

/*
 * An arena starts with its header and the thread's tcache, together more than 2048 bytes and
 * less than a page, and ends with the 16 bytes of the top's header. Each further 64 MiB have
 * their own header and end.
 */
static void pages_in_own_arena(const struct leak_params *p, const struct workload_env *env,
			       uint64_t blocks, uint64_t *low, uint64_t *high)
{
	const uint64_t page = env->page_bytes, bytes = blocks * heap_chunk_bytes(p->size_bytes);

	if (!blocks)
		return;
	if (heap_chunk_bytes(p->size_bytes) >= HEAP_MODEL_THRESHOLD) {
		*low += blocks * mapped_pages(p, env) + 1;
		*high += blocks * mapped_pages(p, env) + 1;
		return;
	}
	*low += (bytes + 2048 + page - 1) / page;
	*high += (bytes + page + 16 + page - 1) / page + 2 * (bytes / (64u << 20));
}

/* The same where threads share arenas or the main heap, or alignment leaves gaps. */
static void pages_in_any_arenas(const struct leak_params *p, const struct workload_env *env,
				uint64_t blocks, uint64_t *low, uint64_t *high)
{
	const uint64_t page = env->page_bytes, chunk = heap_chunk_bytes(p->size_bytes);
	const uint64_t heaps = blocks * chunk_most(p) / (64u << 20);

	*low = blocks * chunk / page;
	*high = (blocks * chunk_most(p) + page - 1) / page + 2 * leak_leakers(p) + 2 * heaps;
	if (chunk_most(p) >= HEAP_MODEL_THRESHOLD) {
		bool is_aligned = p->allocator == BY_ALIGNED_ALLOC;

		*low = blocks *
		       (is_aligned ? (p->size_bytes + page - 1) / page : mapped_pages(p, env));
		*high = *low + blocks * (is_aligned ? 2 : 0) + 3 * leak_leakers(p);
	}
	*low -= min(*low, leak_leakers(p));
}

static void view_of_arenas(const struct leak_params *p, const struct workload_env *env,
			   struct view *v)
{
	uint64_t low = 0, high = 0;

	if (has_own_arenas(p))
		for (uint64_t t = 0; t < leak_leakers(p); t++)
			pages_in_own_arena(p, env, blocks_of(p, t), &low, &high);
	else
		pages_in_any_arenas(p, env, p->blocks, &low, &high);
	v->faults = low;
	v->faults_slack = high - low;
	v->resident = low * env->page_bytes;
	v->resident_slack = (high - low) * env->page_bytes;
	v->why = "glibc chooses the offset of an arena's first block in its page";
	if (p->allocator == BY_ALIGNED_ALLOC)
		v->why =
			"alignment leaves up to align + 48 bytes beside each block and an arena's header and end are two pages per thread";
}

/* Upper bound of the pages of `blocks` blocks, in runs that start and end within a page. */
static uint64_t pages_most(const struct leak_params *p, const struct workload_env *env,
			   uint64_t blocks, uint64_t runs)
{
	uint64_t bytes = blocks * chunk_most(p);
	uint64_t pages = bytes / env->page_bytes + 2 * (runs + leak_leakers(p)) +
			 2 * (bytes / (64u << 20));

	return chunk_most(p) < HEAP_MODEL_THRESHOLD ? pages : pages + 2 * blocks;
}

/*
 * Where blocks are freed, the rest depends on which thread frees first: the first free of a
 * mapped block moves the thresholds of all threads, and a shared arena reuses one thread's
 * memory for another. The blocks of one thread's tooth are a lower bound.
 */
static void view_of_freeing(const struct leak_params *p, const struct workload_env *env,
			    struct view *v)
{
	const uint64_t page = env->page_bytes, live = live_blocks(p) * p->size_bytes / page;
	uint64_t at_once = 0, teeth = 0, low = live - min(live, leak_leakers(p));

	for (uint64_t t = 0; t < leak_leakers(p); t++) {
		uint64_t tooth = min(blocks_of(p, t), leak_tooth_blocks(p));

		at_once = tooth > at_once ? tooth : at_once;
		teeth += tooth ? (blocks_of(p, t) + tooth - 1) / tooth : 0;
	}
	v->faults = at_once * p->size_bytes / page;
	v->faults -= min(v->faults, 1);
	v->faults_slack = pages_most(p, env, p->blocks, teeth) - v->faults;
	v->resident = low * page;
	v->resident_slack =
		(pages_most(p, env, most_held_blocks(p), leak_leakers(p)) - low) * page;
	v->why = "an arena may retain freed memory or return it to be faulted in again";
}

static int view_make(const struct leak_params *p, const struct workload_env *env,
		     struct view *v)
{
	*v = (struct view){ .addresses = UINT64_MAX };
	if (p->allocator == BY_MMAP)
		view_of_mappings(p, env, v);
	else if (p->allocator == BY_BRK)
		view_of_brk(p, env, v);
	else if (is_modelled(p))
		return view_of_main_heap(p, env, v);
	else if (is_freeing(p))
		view_of_freeing(p, env, v);
	else
		view_of_arenas(p, env, v);
	return 0;
}

/* ---- promises ---- */

static void claim_faults(const struct view *v, struct claims *out)
{
	const enum relation relation = v->exact ? RELATION_EQ : RELATION_BETWEEN;
	const enum basis basis = v->exact ? BASIS_EXACT : BASIS_BOUNDED;
	const int64_t faults = (int64_t)v->faults, slack = (int64_t)v->faults_slack;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .relation = relation, .basis = basis,
		  .expected = faults, .tolerance = slack,
		  .why = v->why },
		PROMISE_NO_MAJOR_FAULTS,
		{ .quantity = "group_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgfault", .relation = relation,
		  .basis = basis, .expected = faults, .tolerance = slack,
		  .why = v->why },
		PROMISE_NO_GROUP_MAJOR_FAULTS,
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_memory(const struct leak_params *p, const struct workload_env *env,
			 const struct view *v, struct claims *out)
{
	const enum relation relation = v->exact ? RELATION_EQ : RELATION_BETWEEN;
	const enum basis basis = v->exact ? BASIS_EXACT : BASIS_BOUNDED;
	const int64_t bytes = (int64_t)v->resident, more = (int64_t)v->resident_slack;
	const bool known = v->addresses != UINT64_MAX;
	const int64_t addresses =
		known ? (int64_t)v->addresses
		      : (int64_t)(leak_target(p, env) & ~(env->page_bytes - 1));
	const enum relation at_least = known ? RELATION_EQ : RELATION_GE;
	const char *size_why = known ? v->why : "an arena reserves addresses beyond its blocks";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .relation = relation, .basis = basis, .expected = bytes, .tolerance = more,
		  .why = v->why },
		{ .quantity = "anonymous_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .relation = relation, .basis = basis, .expected = bytes, .tolerance = more,
		  .why = v->why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .relation = at_least, .basis = basis, .expected = addresses,
		  .why = size_why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "statm", .counter = "size", .unit = UNIT_BYTES, .relation = at_least,
		  .basis = basis, .expected = addresses,
		  .why = size_why },
		{ .quantity = "swap_bytes", .scope = "process",
		  .source = "status", .counter = "VmSwap", .unit = UNIT_BYTES,
		  .why = "the footprint fits under the group's limits" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .relation = relation, .basis = basis, .expected = bytes, .tolerance = more,
		  .why = v->why },
	};
	/* clang-format on */
	const int64_t tables = (int64_t)(leak_footprint(p, env) / env_table_entries(env)) +
			       (int64_t)((8 + 4 * p->threads) * env->page_bytes);
	const struct promise_usage usage = { .least = bytes,
					     .most = bytes + more,
					     .tables_most = tables };

	PROMISE_ROWS(out, SPAN_WORK, rows);
	promise_usage(out, env, &usage);
}

/*
 * The last block is never early. Its delay depends on the load of the machine: 11 ms with
 * four runnable threads on two CPUs, 150 ms on a shared machine, and where the rate exceeds
 * what the machine can do, the time that allocating takes (40 MB due within 50 ms took 206).
 * The claim allows for the delays that the worker measured, of wake-ups and of allocating;
 * this slack is for the time in between.
 */
#define RATE_SLACK_SHARE 100
#define RATE_SLACK_NS	 100000000

static void claim_ledger(const struct leak_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const int64_t live = (int64_t)live_blocks(p), blocks = (int64_t)p->blocks;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "live_blocks", .scope = "ledger",
		  .source = "ledger", .counter = "live_blocks", .expected = live,
		  .why = "blocks allocated and not freed" },
		{ .quantity = "live_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "live_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)leak_target(p, env),
		  .why = "blocks allocated and not freed" },
		{ .quantity = "site_blocks", .scope = "ledger",
		  .source = "ledger", .counter = "site_blocks", .expected = live,
		  .why = "each block belongs to one call site" },
		{ .quantity = "site_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "site_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)leak_target(p, env),
		  .why = "each block belongs to one call site" },
		{ .quantity = "allocations", .scope = "ledger",
		  .source = "ledger", .counter = "allocations", .expected = blocks,
		  .why = "the option blocks" },
		{ .quantity = "frees", .scope = "ledger",
		  .source = "ledger", .counter = "frees", .expected = blocks - live,
		  .why = "the blocks of full teeth or all of them" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* The time at which the last block is due; allocating it takes longer. */
static void claim_time(const struct leak_params *p, struct claims *out)
{
	const int64_t ns = (int64_t)expected_ns(p);
	const int64_t late = (int64_t)max((uint64_t)ns / RATE_SLACK_SHARE, RATE_SLACK_NS);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "leak_time", .scope = "ledger",
		  .source = "ledger", .counter = "leak_ns", .unit = UNIT_NSEC,
		  .relation = RELATION_GE, .expected = ns,
		  .why = "the last block is not due earlier" },
		{ .quantity = "leak_time", .scope = "ledger",
		  .source = "ledger", .counter = "leak_ns", .unit = UNIT_NSEC,
		  .relation = RELATION_LE, .basis = BASIS_BOUNDED, .expected = ns,
		  .tolerance = late, .slot = "delay_ns",
		  .why = "the last block is due then; allocating and late wake-ups and 1 % or 100 ms are added" },
	};
	/* clang-format on */

	if (ns)
		PROMISE_ROWS(out, SPAN_WORK, rows);
}

void leak_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct leak_params *p = params;
	struct view view;

	promise_freed(out, env, 0);
	promise_uncharged(out, env, 0);
	promise_no_files(out, env);
	claim_ledger(p, env, out);
	claim_time(p, out);
	if (!view_make(p, env, &view)) { /* otherwise no memory for the model: no claim */
		claim_faults(&view, out);
		claim_memory(p, env, &view, out);
	}
}
