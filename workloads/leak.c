// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * leak: blocks of a known size that are taken and never given back, at a known
 * rate, from known places in the program.
 *
 * Truth: how many blocks and bytes each place holds at the end (sites.csv), how they
 *   can or cannot be reached, and what that is to the kernel: pages faulted in and
 *   resident. Exact for mappings, for brk and for the main heap (heap_model.h);
 *   within a page per thread for a thread's arena, whose header is glibc's, and within
 *   more where threads share arenas or alignment leaves gaps.
 * Rises: minflt, Rss, Anonymous and the group's anon.
 * Still: majflt, Swap.
 * Beware: a tool sees the blocks at exit: release() frees nothing but what it needs
 *   for itself. Not reachable means that no word of the program holds an address of
 *   the block; valgrind takes any mapping for a place to look in, LeakSanitizer does
 *   not. A thread that lives at exit (reach=stack) has valgrind report its TLS block
 *   as possibly lost. What the top of the heap held before would hide the first
 *   faults: prepare() trims it. A thread's arena reserves 64 MiB of addresses.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/crew.h"
#include "workloads/heap.h"
#include "workloads/heap_model.h"
#include "workloads/hugepages.h"
#include "workloads/leak_sites.h"
#include "workloads/pace.h"
#include "workloads/promise.h"
#include "workloads/touch.h"
#include "workloads/worker.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-omit-frame-pointer") /* as in leak_sites.c */
#endif

#define THREADS_MAX	 64
#define THREADS_MAX_TEXT "64"
#define BRK_ALIGNMENT	 16

enum leak_shape { SHAPE_SAWTOOTH = PACE_BURST + 1 };
enum leak_allocator {
	BY_MALLOC,
	BY_CALLOC,
	BY_REALLOC,
	BY_ALIGNED_ALLOC,
	BY_MMAP,
	BY_BRK,
};
enum leak_reach {
	REACH_LOST,
	REACH_GLOBAL,
	REACH_INTERIOR,
	REACH_CHAIN,
	REACH_STACK,
	REACH_FREED,
};
enum leak_touch { LEAK_TOUCH_NONE, LEAK_TOUCH_WRITE, LEAK_TOUCH_BYTES };

struct leak_params {
	uint64_t size_bytes, blocks, rate, chunk_bytes, interval_ns;
	uint64_t threads, arenas, sites, depth, align;
	int shape, allocator, reach, touch;
};

enum leak_slot {
	SLOT_LIVE_BLOCKS,
	SLOT_LIVE_BYTES,
	SLOT_ALLOCATIONS,
	SLOT_FREES,
	SLOT_LEAK_NS,
	SLOT_LAG_NS,
};

#define AT(member) .offset = offsetof(struct leak_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "8K",
	  .min = "16",
	  .max = "1T",
	  .help = "bytes of a block",
	  AT(size_bytes) },
	{ .name = "blocks",
	  .type = OPTION_COUNT,
	  .fallback = "1000",
	  .min = "1",
	  .max = "1000000",
	  .help = "blocks to take, by all threads together",
	  AT(blocks) },
	{ .name = "allocator",
	  .type = OPTION_CHOICE,
	  .fallback = "malloc",
	  .choices = "malloc|calloc|realloc|aligned_alloc|mmap|brk",
	  .help = "what each block is taken by",
	  AT(allocator) },
	{ .name = "align",
	  .type = OPTION_BYTES,
	  .fallback = "64",
	  .min = "16",
	  .max = "1M",
	  .help = "alignment for aligned_alloc, a power of two",
	  AT(align) },
	{ .name = "reach",
	  .type = OPTION_CHOICE,
	  .fallback = "lost",
	  .choices = "lost|global|interior|chain|stack|freed",
	  .help = "at the end: no pointer left, all reachable from a global, the same by "
		  "pointers into their middle, a chain whose head is lost, reachable from a "
		  "living thread's stack, or all freed",
	  AT(reach) },
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "bytes",
	  .choices = "none|write|bytes",
	  .help = "nothing, a word at each page's distance, or every byte of a block",
	  AT(touch) },
	{ .name = "shape",
	  .type = OPTION_CHOICE,
	  .fallback = "linear",
	  .choices = PACE_SHAPES "|sawtooth",
	  .help = "growth: at the rate, in chunks, doubling, all at once after the interval, "
		  "or "
		  "at the rate with each chunk freed before the next begins",
	  AT(shape) },
	{ .name = "rate",
	  .type = OPTION_RATE,
	  .fallback = "0",
	  .help = "bytes per second of linear and sawtooth (0: as fast as it goes)",
	  AT(rate) },
	{ .name = "chunk",
	  .type = OPTION_BYTES,
	  .fallback = "1M",
	  .min = "16",
	  .help = "bytes of a step, first bytes of exponential, bytes of a tooth of each "
		  "thread",
	  AT(chunk_bytes) },
	{ .name = "interval",
	  .type = OPTION_SECONDS,
	  .fallback = "1s",
	  .min = "1ms",
	  .max = "1d",
	  .help = "time between steps, to each doubling, or before the burst",
	  AT(interval_ns) },
	{ .name = "threads",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .max = THREADS_MAX_TEXT,
	  .help = "threads that leak in turn; 0: the main thread, from the main heap",
	  AT(threads) },
	{ .name = "arenas",
	  .type = OPTION_COUNT,
	  .fallback = "0",
	  .max = "1024",
	  .help = "M_ARENA_MAX: most arenas that malloc makes for threads (0: glibc's own "
		  "limit)",
	  AT(arenas) },
	{ .name = "sites",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = LEAK_SITES_TEXT,
	  .help = "places in the program that leak, in turn: leak_site_00 and on",
	  AT(sites) },
	{ .name = "depth",
	  .type = OPTION_COUNT,
	  .fallback = "5",
	  .min = "1",
	  .max = LEAK_DEPTH_MAX_TEXT,
	  .help = "frames of its site on the stack when a block is taken",
	  AT(depth) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t rounded_up(uint64_t x, uint64_t unit)
{
	return (x + unit - 1) / unit * unit;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t leakers(const struct leak_params *p)
{
	return p->threads ? p->threads : 1;
}

static bool is_from_malloc(const struct leak_params *p)
{
	return p->allocator != BY_MMAP && p->allocator != BY_BRK;
}

/* Blocks of one thread: they take turns. */
static uint64_t blocks_of(const struct leak_params *p, uint64_t thread)
{
	return p->blocks / leakers(p) + (thread < p->blocks % leakers(p));
}

/* Blocks of a thread before it frees them all. */
static uint64_t tooth_blocks(const struct leak_params *p)
{
	uint64_t tooth = p->chunk_bytes / p->size_bytes;

	if (p->shape != SHAPE_SAWTOOTH)
		return UINT64_MAX;
	return tooth ? tooth : 1;
}

static uint64_t live_blocks_of(const struct leak_params *p, uint64_t thread)
{
	uint64_t blocks = blocks_of(p, thread);

	return blocks && p->reach != REACH_FREED ? (blocks - 1) % tooth_blocks(p) + 1 : 0;
}

static uint64_t live_blocks(const struct leak_params *p)
{
	uint64_t sum = 0;

	for (uint64_t t = 0; t < leakers(p); t++)
		sum += live_blocks_of(p, t);
	return sum;
}

/* Most blocks of a thread whose memory is held: what alignment leaves keeps holes open. */
static uint64_t most_held_blocks_of(const struct leak_params *p, uint64_t thread)
{
	uint64_t blocks = blocks_of(p, thread);

	return p->allocator == BY_ALIGNED_ALLOC ? blocks : least(blocks, tooth_blocks(p));
}

static uint64_t most_held_blocks(const struct leak_params *p)
{
	uint64_t sum = 0;

	for (uint64_t t = 0; t < leakers(p); t++)
		sum += most_held_blocks_of(p, t);
	return sum;
}

static struct pace pace_of(const struct leak_params *p)
{
	bool is_sawtooth = p->shape == SHAPE_SAWTOOTH;

	return (struct pace){ .shape = is_sawtooth ? PACE_LINEAR : (enum pace_shape)p->shape,
			      .rate = p->rate,
			      .chunk_bytes = p->chunk_bytes,
			      .interval_ns = p->interval_ns };
}

static uint64_t expected_ns(const struct leak_params *p)
{
	const struct pace pace = pace_of(p);

	return pace_when(&pace, p->blocks * p->size_bytes);
}

/*
 * Bytes of its chunk, at most. aligned_alloc asks for align and the smallest chunk more;
 * what lies before and behind the block stays in caches when it is small.
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
	if (is_from_malloc(p) && chunk_most(p) < HEAP_MODEL_THRESHOLD)
		return chunk_most(p);
	return rounded_up(chunk_most(p) + 8, env->page_bytes) + env->page_bytes;
}

static uint64_t leak_footprint(const void *params, const struct workload_env *env)
{
	const struct leak_params *p = params;
	uint64_t bytes = most_held_blocks(p) * block_most(p, env);
	uint64_t own = (1u << 20) + p->threads * (CREW_STACK_BYTES + 16 * env->page_bytes);

	return bytes + bytes / 256 + own;
}

static uint64_t leak_target(const void *params, const struct workload_env *env)
{
	const struct leak_params *p = params;

	(void)env; /* bytes asked for, whatever a page is */
	return live_blocks(p) * p->size_bytes;
}

static double leak_seconds(const void *params, const struct workload_env *env)
{
	const struct leak_params *p = params;
	double pages = (double)p->size_bytes / (double)env->page_bytes;

	return (double)expected_ns(p) / 1e9 + (double)p->blocks * (1e-6 + 4e-7 * pages);
}

static const char *contradiction(const struct leak_params *p, const struct workload_env *env)
{
	uint64_t need = leak_footprint(p, env);

	if (p->align & (p->align - 1))
		return "align is not a power of two";
	if (p->allocator == BY_BRK && p->threads > 1)
		return "there is one program break and sbrk(3) is not safe in threads: use "
		       "threads=1 or another allocator";
	if (p->reach == REACH_STACK && !p->threads)
		return "reach=stack needs a thread whose stack lives on: use threads=1";
	if (p->touch == LEAK_TOUCH_NONE &&
	    (p->reach != REACH_LOST || p->shape == SHAPE_SAWTOOTH))
		return "blocks are linked through their first word: use touch=write";
	if (p->touch == LEAK_TOUCH_NONE && is_from_malloc(p) &&
	    (p->threads || p->allocator != BY_MALLOC))
		return "which pages malloc touches by itself is known for malloc in the main "
		       "thread only: use threads=0 or touch=write";
	if ((env->limit_bytes && need > env->limit_bytes) ||
	    (env->high_bytes && need > env->high_bytes))
		return "the leak does not fit under the group's limit and reclaim would join "
		       "in: raise memory.max or memory.high or use fewer blocks";
	return NULL;
}

static int leak_check(const void *params, const struct workload_env *env, char *reason,
		      size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = NULL;

#ifndef HEAP_IS_MODELLED
	if (is_from_malloc(params))
		lack = HEAP_NOT_MODELLED;
#endif
	if (wrong || lack)
		snprintf(reason, reason_bytes, "%s", wrong ? wrong : lack);
	return wrong ? -EINVAL : lack ? -ENODEV : 0;
}

/* ---- what the kernel will see ---- */

struct view {
	uint64_t faults, faults_slack;	   /* faults .. faults + slack */
	uint64_t resident, resident_slack; /* bytes, the same way */
	uint64_t addresses;		   /* by which VmSize is higher; UINT64_MAX: at least */
	bool exact;
	const char *why;
};

/* Pages of equal blocks in a row, the first of which begins a page. */
static uint64_t pages_in_a_row(const struct leak_params *p, const struct workload_env *env,
			       uint64_t blocks, uint64_t stride)
{
	uint64_t last = p->size_bytes - 1;

	if (!blocks || p->touch == LEAK_TOUCH_NONE)
		return 0;
	if (p->touch == LEAK_TOUCH_WRITE)
		last = last / env->page_bytes * env->page_bytes;
	return ((blocks - 1) * stride + last) / env->page_bytes + 1;
}

/* Each tooth faults its pages anew: nothing of the one before is left. */
static uint64_t faults_by_teeth(const struct leak_params *p, const struct workload_env *env,
				uint64_t stride)
{
	uint64_t faults = 0;

	for (uint64_t t = 0; t < leakers(p); t++) {
		uint64_t blocks = blocks_of(p, t), tooth = tooth_blocks(p);

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
	uint64_t stride = rounded_up(p->size_bytes, env->page_bytes);
	uint64_t pages = pages_in_a_row(p, env, 1, stride);

	v->faults = p->blocks * pages;
	v->resident = live_blocks(p) * pages * env->page_bytes;
	v->addresses = live_blocks(p) * stride;
	v->exact = true;
	v->why = "each block is a mapping of its own";
}

static void view_of_brk(const struct leak_params *p, const struct workload_env *env,
			struct view *v)
{
	uint64_t stride = rounded_up(p->size_bytes, BRK_ALIGNMENT), live = live_blocks(p);

	v->faults = faults_by_teeth(p, env, stride);
	v->resident = pages_in_a_row(p, env, live, stride) * env->page_bytes;
	v->addresses = rounded_up(live * stride, env->page_bytes);
	v->exact = true;
	v->why = "blocks lie one behind the other from a page's beginning";
}

/* Caches that keep small freed blocks, and the holes of alignment, are not modelled. */
static bool is_modelled(const struct leak_params *p)
{
	bool frees = p->reach == REACH_FREED || p->shape == SHAPE_SAWTOOTH;

	return !p->threads && p->allocator != BY_ALIGNED_ALLOC &&
	       (!frees || p->size_bytes >= HEAP_MODEL_BLOCK_MIN);
}

static int view_of_main_heap(const struct leak_params *p, const struct workload_env *env,
			     struct view *v)
{
	uint64_t tooth = least(p->blocks, tooth_blocks(p));
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
	v->why = "blocks in the trimmed main heap by mallopt(3)'s thresholds";
	return 0;
}

/*
 * glibc makes 8 arenas per CPU before threads have to share (mallopt(3), M_ARENA_MAX):
 * with fewer threads than on one CPU each has its own. Blocks within 8 KiB of the
 * threshold may or may not fit the 132 KiB that an arena begins with.
 */
static bool has_own_arenas(const struct leak_params *p)
{
	uint64_t chunk = heap_chunk_bytes(p->size_bytes);

	return p->threads && p->threads < 8 && !p->arenas && p->allocator != BY_ALIGNED_ALLOC &&
	       (chunk < HEAP_MODEL_THRESHOLD || chunk > HEAP_MODEL_THRESHOLD + 8192);
}

/* Pages that a mapped block touches; its first 16 bytes are malloc's. */
static uint64_t mapped_pages(const struct leak_params *p, const struct workload_env *env)
{
	uint64_t head = p->touch == LEAK_TOUCH_BYTES ? 16 : 0;

	return (head + p->size_bytes + env->page_bytes - 1) / env->page_bytes;
}

/*
 * An arena begins with its header and the thread's tcache, which are more than 2048
 * bytes and less than a page, and ends with the 16 of the top's. Each further 64 MiB
 * have a header and an end of their own.
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

/* The same when threads share arenas, the main heap perhaps, or blocks leave gaps. */
static void pages_in_any_arenas(const struct leak_params *p, const struct workload_env *env,
				uint64_t blocks, uint64_t *low, uint64_t *high)
{
	const uint64_t page = env->page_bytes, chunk = heap_chunk_bytes(p->size_bytes);
	const uint64_t heaps = blocks * chunk_most(p) / (64u << 20);

	*low = blocks * chunk / page;
	*high = (blocks * chunk_most(p) + page - 1) / page + 2 * leakers(p) + 2 * heaps;
	if (chunk_most(p) >= HEAP_MODEL_THRESHOLD) {
		bool is_aligned = p->allocator == BY_ALIGNED_ALLOC;

		*low = blocks *
		       (is_aligned ? (p->size_bytes + page - 1) / page : mapped_pages(p, env));
		*high = *low + blocks * (is_aligned ? 2 : 0) + 3 * leakers(p);
	}
	*low -= least(*low, leakers(p));
}

enum amount { ALL_BLOCKS, MOST_LIVE_BLOCKS, MOST_HELD_BLOCKS, LIVE_BLOCKS };

static uint64_t amount_of(const struct leak_params *p, enum amount amount, uint64_t thread)
{
	uint64_t blocks = blocks_of(p, thread);

	if (amount == LIVE_BLOCKS)
		return live_blocks_of(p, thread);
	if (amount == ALL_BLOCKS)
		return blocks;
	if (amount == MOST_HELD_BLOCKS)
		return most_held_blocks_of(p, thread);
	return least(blocks, tooth_blocks(p));
}

static void pages_in_arenas(const struct leak_params *p, const struct workload_env *env,
			    enum amount amount, uint64_t *low, uint64_t *high)
{
	uint64_t sum = 0;

	*low = *high = 0;
	for (uint64_t t = 0; t < leakers(p); t++) {
		sum += amount_of(p, amount, t);
		if (has_own_arenas(p))
			pages_in_own_arena(p, env, amount_of(p, amount, t), low, high);
	}
	if (!has_own_arenas(p))
		pages_in_any_arenas(p, env, sum, low, high);
}

static void view_of_arenas(const struct leak_params *p, const struct workload_env *env,
			   struct view *v)
{
	bool frees = p->reach == REACH_FREED || p->shape == SHAPE_SAWTOOTH;
	uint64_t low, high, most;

	pages_in_arenas(p, env, ALL_BLOCKS, &low, &most);
	v->faults = low;
	v->faults_slack = most - low;
	v->resident = low * env->page_bytes;
	v->resident_slack = (most - low) * env->page_bytes;
	v->addresses = UINT64_MAX;
	v->why = "where an arena's blocks begin in their page is glibc's business";
	if (p->allocator == BY_ALIGNED_ALLOC)
		v->why = "alignment leaves up to align + 48 bytes beside each block and an "
			 "arena's header and end are two pages per thread";
	if (!frees)
		return;
	pages_in_arenas(p, env, MOST_LIVE_BLOCKS, &low, &high);
	v->faults = low;
	v->faults_slack = most - low;
	pages_in_arenas(p, env, MOST_HELD_BLOCKS, &low, &most);
	pages_in_arenas(p, env, LIVE_BLOCKS, &low, &high);
	v->resident = low * env->page_bytes;
	v->resident_slack = (most - low) * env->page_bytes;
	v->why = "an arena may keep what was freed or give it back to fault again";
}

static int view_make(const struct leak_params *p, const struct workload_env *env,
		     struct view *v)
{
	memset(v, 0, sizeof(*v));
	if (p->allocator == BY_MMAP)
		view_of_mappings(p, env, v);
	else if (p->allocator == BY_BRK)
		view_of_brk(p, env, v);
	else if (is_modelled(p))
		return view_of_main_heap(p, env, v);
	else
		view_of_arenas(p, env, v);
	return 0;
}

/* ---- promises ---- */

static void claim_kernel(const struct leak_params *p, const struct workload_env *env,
			 const struct view *v, struct claims *out)
{
	const enum relation relation = v->exact ? RELATION_EQ : RELATION_BETWEEN;
	const enum basis basis = v->exact ? BASIS_EXACT : BASIS_BOUNDED;
	const int64_t faults = (int64_t)v->faults, slack = (int64_t)v->faults_slack;
	const int64_t bytes = (int64_t)v->resident, more = (int64_t)v->resident_slack;
	const bool known = v->addresses != UINT64_MAX;
	const int64_t addresses =
		known ? (int64_t)v->addresses
		      : (int64_t)(leak_target(p, env) & ~(env->page_bytes - 1));
	const enum relation at_least = known ? RELATION_EQ : RELATION_GE;
	const char *size_why = known ? v->why : "an arena reserves addresses beyond its blocks";
	const struct promise rows[] = {
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, relation, basis,
		  faults, slack, v->why },
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  "anonymous memory comes from nowhere on disk" },
		{ "group_faults", "group", "memory.stat", "pgfault", UNIT_COUNT, relation,
		  basis, faults, slack, v->why },
		{ "group_major_faults", "group", "memory.stat", "pgmajfault", UNIT_COUNT,
		  PROMISE_EXACT, 0, 0, "anonymous memory comes from nowhere on disk" },
		{ "resident_bytes", "process", "smaps_rollup", "Rss", UNIT_BYTES, relation,
		  basis, bytes, more, v->why },
		{ "anonymous_bytes", "process", "smaps_rollup", "Anonymous", UNIT_BYTES,
		  relation, basis, bytes, more, v->why },
		{ "virtual_bytes", "process", "status", "VmSize", UNIT_BYTES, at_least, basis,
		  addresses, 0, size_why },
		{ "virtual_bytes", "process", "statm", "size", UNIT_BYTES, at_least, basis,
		  addresses, 0, size_why },
		{ "swap_bytes", "process", "status", "VmSwap", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  "all of it fits" },
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, relation, basis, bytes, more, v->why },
	};
	const int64_t tables = (int64_t)(leak_footprint(p, env) / 512) +
			       (int64_t)((8 + 4 * p->threads) * env->page_bytes);
	const struct promise usage = {
		"group_usage_bytes",
		"group",
		env_group_usage(env),
		env_group_usage(env),
		UNIT_BYTES,
		RELATION_BETWEEN,
		BASIS_BOUNDED,
		bytes - env_usage_slack_bytes(env),
		more + 2 * env_usage_slack_bytes(env) + tables,
		"page tables are charged too and charges are taken in batches of 64 pages per "
		"CPU"
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
	promise_add(out, SPAN_WORK, &usage, 1);
}

/*
 * The last block is never early; it is late by what the scheduler takes to run a
 * thread whose time has come. With four runnable threads on two CPUs that was 11 ms.
 */
#define RATE_SLACK_SHARE 100
#define RATE_SLACK_NS	 100000000

static void claim_ledger(const struct leak_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const int64_t live = (int64_t)live_blocks(p), blocks = (int64_t)p->blocks;
	const int64_t ns = (int64_t)expected_ns(p);
	const int64_t late =
		ns / RATE_SLACK_SHARE > RATE_SLACK_NS ? ns / RATE_SLACK_SHARE : RATE_SLACK_NS;
	const struct promise rows[] = {
		{ "live_blocks", "ledger", "ledger", "live_blocks", UNIT_COUNT, PROMISE_EXACT,
		  live, 0, "blocks taken and not freed" },
		{ "live_bytes", "ledger", "ledger", "live_bytes", UNIT_BYTES, PROMISE_EXACT,
		  (int64_t)leak_target(p, env), 0, "blocks taken and not freed" },
		{ "allocations", "ledger", "ledger", "allocations", UNIT_COUNT, PROMISE_EXACT,
		  blocks, 0, "as many as were asked for" },
		{ "frees", "ledger", "ledger", "frees", UNIT_COUNT, PROMISE_EXACT,
		  blocks - live, 0, "full teeth or all of them" },
	};
	const struct promise rate = { "leak_time",
				      "ledger",
				      "ledger",
				      "leak_ns",
				      UNIT_NSEC,
				      RELATION_BETWEEN,
				      BASIS_BOUNDED,
				      ns,
				      late,
				      "the last block falls due then and 1 % or 100 ms are "
				      "allowed for the scheduler" };

	PROMISE_ROWS(out, SPAN_WORK, rows);
	if (ns)
		promise_add(out, SPAN_WORK, &rate, 1);
}

static void claim_residue(const struct workload_env *env, struct claims *out)
{
	const struct promise rows[] = {
		{ "left_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, 0, 0,
		  "the kernel takes back what the worker leaked" },
		{ "left_usage_bytes", "group", env_group_usage(env), env_group_usage(env),
		  UNIT_BYTES, RELATION_LE, BASIS_BOUNDED, 0, env_usage_slack_bytes(env),
		  "a batch of 64 pages per CPU may stay charged" },
	};

	PROMISE_ROWS(out, SPAN_RESIDUE, rows);
}

static void leak_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct leak_params *p = params;
	struct view view;

	claim_residue(env, out);
	claim_ledger(p, env, out);
	if (!view_make(p, env, &view)) /* no memory for the model: nothing can be promised */
		claim_kernel(p, env, &view, out);
}

/* ---- in the worker ---- */

struct leaker {
	struct leak_state *s;
	uint64_t first, next; /* numbers of its blocks: it takes every leakers()th */
	void *head;	      /* the last block; each begins with the one before */
	uint64_t live;
	const struct leak_site *site;
	struct ledger_site *account;
	pthread_t thread;
	bool started;
	sem_t go;
};

/* Lies in a mapping: what it points to is cleared where a block is to be lost. */
struct leak_state {
	struct worker *w;
	const struct leak_params *params;
	leak_act *act;
	bool linked;
	uint64_t left_out; /* blocks that the test hook leaves out */
	struct heap heap;
	struct touch touch;
	struct fill fill;
	struct pace pace;
	uint64_t start_ns;
	sem_t done;
	atomic_bool leave;
	_Atomic int error;
	struct leaker leaker[THREADS_MAX];
};

/* What reach=global and reach=interior are reached from. Read by nobody: volatile. */
void *volatile leak_roots[THREADS_MAX];

#define BY(name, ...)                                                                          \
	LEAK_KEPT static void *leak_by_##name(void *arg)                                       \
	{                                                                                      \
		const struct leaker *l = arg;                                                  \
		const struct leak_params *p = l->s->params;                                    \
		void *block = __VA_ARGS__;                                                     \
                                                                                               \
		atomic_store_explicit(&l->account->offset, leak_offset(l->site),               \
				      memory_order_relaxed);                                   \
		return block;                                                                  \
	}

BY(malloc, malloc(p->size_bytes))
BY(calloc, calloc(1, p->size_bytes))
BY(realloc, realloc(heap_made(NULL), p->size_bytes))
BY(aligned_alloc, aligned_alloc(p->align, p->size_bytes))
BY(mmap, mmap(NULL, p->size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
BY(brk, sbrk((intptr_t)rounded_up(p->size_bytes, BRK_ALIGNMENT)))

static leak_act *const acts[] = {
	[BY_MALLOC] = leak_by_malloc,	[BY_CALLOC] = leak_by_calloc,
	[BY_REALLOC] = leak_by_realloc, [BY_ALIGNED_ALLOC] = leak_by_aligned_alloc,
	[BY_MMAP] = leak_by_mmap,	[BY_BRK] = leak_by_brk,
};

/* mmap(2) and sbrk(3) fail with the same value. */
static bool is_block(const void *block)
{
	return block && block != MAP_FAILED;
}

static void give_back(const struct leak_params *p, void *block)
{
	if (p->allocator == BY_MMAP)
		munmap(block, p->size_bytes);
	else if (p->allocator == BY_BRK)
		(void)!sbrk(-(intptr_t)rounded_up(p->size_bytes, BRK_ALIGNMENT));
	else
		free(block);
}

/* ---- counting ---- */

static struct ledger_site *account_of(const struct leak_state *s, uint64_t number)
{
	return &s->w->ledger->site[number % s->params->sites];
}

static void add(_Atomic uint64_t *to, uint64_t amount)
{
	atomic_fetch_add_explicit(to, amount, memory_order_relaxed);
}

static void count_taken(const struct leaker *l)
{
	const uint64_t bytes = l->s->params->size_bytes;
	struct ledger *ledger = l->s->w->ledger;

	add(&l->account->allocations, 1);
	add(&l->account->live_blocks, 1);
	add(&l->account->live_bytes, bytes);
	add(&ledger->slot[SLOT_ALLOCATIONS], 1);
	add(&ledger->slot[SLOT_LIVE_BLOCKS], 1);
	add(&ledger->slot[SLOT_LIVE_BYTES], bytes);
	add(&ledger->achieved_bytes, bytes);
	add(&ledger->moved_bytes, bytes);
	add(&ledger->ops, 1);
}

static void count_freed(const struct leak_state *s, struct ledger_site *account)
{
	const uint64_t less = -s->params->size_bytes;
	struct ledger *ledger = s->w->ledger;

	add(&account->frees, 1);
	add(&account->live_blocks, -1ull);
	add(&account->live_bytes, less);
	add(&ledger->slot[SLOT_FREES], 1);
	add(&ledger->slot[SLOT_LIVE_BLOCKS], -1ull);
	add(&ledger->slot[SLOT_LIVE_BYTES], less);
	add(&ledger->achieved_bytes, less);
}

/* ---- a thread's blocks ---- */

/* The blocks of a tooth or of all, the last one first. */
static void free_all(struct leaker *l)
{
	const struct leak_state *s = l->s;
	uint64_t number = l->next;

	for (; l->live; l->live--) {
		void **block = l->head;

		number -= leakers(s->params);
		l->head = *block;
		give_back(s->params, block);
		count_freed(s, account_of(s, number));
	}
}

LEAK_KEPT static int take_one(struct leaker *l)
{
	const struct leak_state *s = l->s;
	const struct leak_params *p = s->params;
	void **block;

	if (l->live == tooth_blocks(p))
		free_all(l);
	l->site = &leak_sites[l->next % p->sites];
	l->account = account_of(s, l->next);
	block = l->site->enter(s->act, l, (unsigned)p->depth - 1);
	if (!is_block(block))
		return -ENOMEM;
	if (p->touch != LEAK_TOUCH_NONE)
		touch_range(&s->touch, block, p->size_bytes, 0);
	if (s->linked) {
		*block = l->head;
		l->head = block;
	}
	l->live++;
	l->next += leakers(p);
	count_taken(l);
	return 0;
}

static uint64_t due_blocks(const struct leak_state *s, uint64_t blocks)
{
	uint64_t due = pace_due(&s->pace, worker_now_ns() - s->start_ns);

	return least(due / s->params->size_bytes, blocks);
}

static void note_lag(const struct leaker *l)
{
	const struct leak_state *s = l->s;
	uint64_t when = pace_when(&s->pace, (l->next + 1) * s->params->size_bytes);
	uint64_t now = worker_now_ns() - s->start_ns, lag = now > when ? now - when : 0;
	_Atomic uint64_t *most = &s->w->ledger->slot[SLOT_LAG_NS];
	uint64_t old = atomic_load(most);

	while (lag > old && !atomic_compare_exchange_weak(most, &old, lag))
		;
}

static int take_all(struct leaker *l)
{
	const struct leak_state *s = l->s;
	const uint64_t size = s->params->size_bytes;
	const uint64_t blocks = s->params->blocks - least(s->params->blocks, s->left_out);
	int ret = 0;

	l->next = l->first;
	while (l->next < blocks && !ret && !worker_should_stop(s->w)) {
		uint64_t due = due_blocks(s, blocks);

		if (l->next < due && due < blocks)
			note_lag(l);
		while (l->next < due && !ret && !worker_should_stop(s->w))
			ret = take_one(l);
		if (due < blocks && !ret)
			worker_sleep_until(
				s->w, s->start_ns + pace_wake(&s->pace, l->next * size, size,
							      s->params->blocks * size,
							      worker_now_ns() - s->start_ns));
	}
	return ret;
}

/* Turns each link into a pointer to the middle of the block before. */
static void link_interiors(const struct leaker *l)
{
	const uint64_t middle = l->s->params->size_bytes / 2;

	for (void **block = l->head, *before; block; block = before) {
		before = *block;
		*block = before ? (char *)before + middle : NULL;
	}
}

static void clear_links(const struct leaker *l)
{
	for (void **block = l->head, *before; block; block = before) {
		before = *block;
		*block = NULL;
	}
}

/* Leaves of the blocks what reach says; *held is on the stack of who leaks. */
static void let_go(struct leaker *l, void *volatile *held)
{
	const struct leak_params *p = l->s->params;

	switch ((enum leak_reach)p->reach) {
	case REACH_LOST:
		clear_links(l);
		break;
	case REACH_GLOBAL:
		leak_roots[l->first] = l->head;
		break;
	case REACH_INTERIOR:
		link_interiors(l);
		leak_roots[l->first] = l->head ? (char *)l->head + p->size_bytes / 2 : NULL;
		break;
	case REACH_CHAIN:
		break;
	case REACH_STACK:
		*held = l->head;
		break;
	case REACH_FREED:
		free_all(l);
		break;
	}
	l->head = NULL;
}

LEAK_KEPT static void leak_blocks(struct leaker *l, void *volatile *held)
{
	int ret = take_all(l), none = 0;

	if (ret)
		atomic_compare_exchange_strong(&l->s->error, &none, ret);
	let_go(l, held);
}

/* ---- threads ---- */

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) && errno == EINTR)
		;
}

/* Parked before and after: a stack that is given back would count as the leak's. */
LEAK_KEPT static void *leak_thread(void *arg)
{
	struct leaker *l = arg;
	struct leak_state *s = l->s;
	void *volatile held = NULL;

	sem_post(&s->done);
	wait_for(&l->go);
	if (!atomic_load(&s->leave)) {
		leak_blocks(l, &held);
		sem_post(&s->done);
		wait_for(&l->go);
	}
	while (held) /* lives until the process ends: nobody posts again */
		wait_for(&l->go);
	return NULL;
}

static int start_thread(struct leaker *l)
{
	pthread_attr_t attr;
	int ret;

	sem_init(&l->go, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, CREW_STACK_BYTES);
	ret = pthread_create(&l->thread, &attr, leak_thread, l);
	pthread_attr_destroy(&attr);
	l->started = !ret;
	return -ret;
}

static int start_threads(struct leak_state *s)
{
	int ret = 0;

	sem_init(&s->done, 0, 0);
	for (unsigned i = 0; i < leakers(s->params); i++) {
		s->leaker[i].s = s;
		s->leaker[i].first = i;
	}
	for (unsigned i = 0; i < s->params->threads && !ret; i++) {
		ret = start_thread(&s->leaker[i]);
		if (!ret)
			wait_for(&s->done); /* parked */
	}
	return ret;
}

static void run_threads(struct leak_state *s)
{
	void *volatile none = NULL;

	if (!s->params->threads)
		leak_blocks(&s->leaker[0], &none);
	for (unsigned i = 0; i < s->params->threads; i++)
		sem_post(&s->leaker[i].go);
	for (unsigned i = 0; i < s->params->threads; i++)
		wait_for(&s->done);
}

static void end_threads(struct leak_state *s)
{
	atomic_store(&s->leave, true);
	for (unsigned i = 0; i < s->params->threads; i++) {
		struct leaker *l = &s->leaker[i];

		if (!l->started)
			continue;
		sem_post(&l->go);
		if (s->params->reach == REACH_STACK && l->live)
			continue; /* it holds on to them */
		pthread_join(l->thread, NULL);
	}
}

/* ---- the three ---- */

static void write_sites(struct worker *w)
{
	const struct leak_params *p = w->params;

	for (uint64_t i = 0; i < p->sites; i++) {
		struct ledger_site *site = &w->ledger->site[i];

		snprintf(site->symbol, sizeof(site->symbol), "%s", leak_sites[i].symbol);
		site->depth = p->depth;
	}
}

static int prepare_memory(struct worker *w)
{
	const struct leak_params *p = w->params;
	struct leak_state *s = w->state;
	uint64_t beyond = (uintptr_t)sbrk(0) % w->env->page_bytes;
	int ret = hugepages_forbid();

	if (ret)
		return worker_fail(w, -ret, "cannot switch huge pages off by prctl: %s",
				   strerror(-ret));
	if (p->allocator == BY_BRK && beyond &&
	    sbrk((intptr_t)(w->env->page_bytes - beyond)) == (void *)-1)
		return worker_fail(w, errno, "cannot align the program break: %s",
				   strerror(errno));
	if (!is_from_malloc(p))
		return 0;
	if (p->arenas)
		mallopt(M_ARENA_MAX, (int)p->arenas);
	/* -EPROTO: another allocator, valgrind's perhaps: its account of blocks is as good. */
	ret = heap_prepare(&s->heap, w->env->page_bytes, p->size_bytes, NULL);
	return ret && ret != -EPROTO
		       ? worker_fail(w, -ret, "cannot prepare the heap: %s", strerror(-ret))
		       : 0;
}

static int leak_prepare(struct worker *w)
{
	const struct leak_params *p = w->params;
	struct leak_state *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (s == MAP_FAILED)
		return -errno;
	w->state = s;
	s->w = w;
	s->params = p;
	s->act = acts[p->allocator];
	s->linked = p->shape == SHAPE_SAWTOOTH || p->reach != REACH_LOST;
	s->left_out = (w->ledger->sabotage_pages * w->env->page_bytes + p->size_bytes - 1) /
		      p->size_bytes;
	s->pace = pace_of(p);
	fill_init(&s->fill, "same", w->ledger->seed);
	touch_init(&s->touch, p->touch == LEAK_TOUCH_BYTES ? TOUCH_BYTES : TOUCH_WRITE,
		   w->env->page_bytes, 0, &s->fill);
	write_sites(w);
	ret = start_threads(s);
	if (ret)
		return worker_fail(w, -ret, "cannot start %" PRIu64 " threads: %s", p->threads,
				   strerror(-ret));
	return prepare_memory(w);
}

static int leak_run(struct worker *w)
{
	struct leak_state *s = w->state;
	int ret;

	s->start_ns = worker_now_ns();
	run_threads(s);
	worker_slot_set(w, SLOT_LEAK_NS, worker_now_ns() - s->start_ns);
	ret = atomic_load(&s->error);
	if (ret)
		return worker_fail(w, -ret, "a block of %" PRIu64 " bytes is refused after %lu",
				   s->params->size_bytes,
				   (unsigned long)w->ledger->slot[SLOT_ALLOCATIONS]);
	return 0;
}

/* What was leaked stays leaked; the state stays while a thread may look into it. */
static void leak_release(struct worker *w)
{
	struct leak_state *s = w->state;

	if (!s)
		return;
	end_threads(s);
	heap_release(&s->heap);
	if (s->params->reach != REACH_STACK)
		munmap(s, sizeof(*s));
	w->state = NULL;
}

const struct workload leak_workload = {
	.name = "leak",
	.summary = "blocks never given back, at a known rate from known places",
	.truth = "Live blocks and bytes of each place in the program are in sites.csv and in "
		 "the slots, exactly; a leak detector can be scored by them. Faults and "
		 "resident memory are exact for mmap, brk and the main heap, and within a "
		 "page per thread for a thread's arena. The last block comes when the rate "
		 "says.",
	.options = options,
	.params_bytes = sizeof(struct leak_params),
	.slots = {
		[SLOT_LIVE_BLOCKS] = { "live_blocks", UNIT_COUNT, "blocks not freed" },
		[SLOT_LIVE_BYTES] = { "live_bytes", UNIT_BYTES,
				      "bytes asked for by blocks not freed" },
		[SLOT_ALLOCATIONS] = { "allocations", UNIT_COUNT, "blocks taken" },
		[SLOT_FREES] = { "frees", UNIT_COUNT, "blocks freed" },
		[SLOT_LEAK_NS] = { "leak_ns", UNIT_NSEC, "from the start to the last block" },
		[SLOT_LAG_NS] = { "lag_ns", UNIT_NSEC,
				  "by which the latest wake-up was behind the rate" },
	},
	.rate_metric = true,
	.check = leak_check,
	.footprint = leak_footprint,
	.target = leak_target,
	.seconds = leak_seconds,
	.claims = leak_claims,
	.prepare = leak_prepare,
	.run = leak_run,
	.release = leak_release,
};
