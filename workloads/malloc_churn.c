// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * malloc_churn: equal blocks from glibc's malloc, touched and freed in a loop; what malloc
 * retains, what it returns to the kernel, and what it cannot return.
 *
 * Exact: faults, resident memory, the size of the heap and malloc's statistics
 *   (mallinfo2(3)) follow from the block size and the thresholds of mallopt(3) by the
 *   arithmetic of heap_model.h. Below the mmap threshold a block comes from the heap, whose
 *   top is retained up to the trim threshold: the first cycle faults, later ones do not.
 *   Above it each block is a mapping and each cycle faults, until the first free raises the
 *   threshold, up to 32 MiB and unless a threshold was set by mallopt(3).
 * Moves: minflt, and by what is retained Rss, VmSize and the group's anon, exactly.
 * Unchanged: majflt, Swap.
 * Caveats: M_TRIM_THRESHOLD=0 alone returns nothing below M_TOP_PAD. Memory at the heap's
 *   top before the first block would hide faults: prepare() trims it, uses up free chunks
 *   and places the top at a known offset in its page. malloc_trim(0) releases whole free
 *   pages in the middle of the heap, but moves the break only from its end: see `keep`.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "workloads/act/grace.h"
#include "workloads/act/heap.h"
#include "workloads/act/heap_model.h"
#include "workloads/act/hugepages.h"
#include "workloads/api/promise.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"

#define THRESHOLD_TEXT "128K"

struct malloc_params {
	uint64_t size_bytes, blocks, cycles;
	int touch, order;
	bool dynamic, trim;
	uint64_t mmap_threshold, trim_threshold, top_pad;
	uint64_t keep;
};

enum malloc_slot {
	SLOT_ALLOCATIONS,
	SLOT_FREES,
	SLOT_LIVE_BYTES,
	SLOT_IN_USE_BYTES,
	SLOT_RETAINED_BYTES,
	SLOT_RETURNED_BYTES,
	SLOT_HEAP_BYTES,
	SLOT_MAPPED_BYTES,
};

#define AT(member) .offset = offsetof(struct malloc_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64K",
	  .min = "2K",
	  .max = "1T",
	  .help = "bytes of a block",
	  AT(size_bytes) },
	{ .name = "blocks",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "32768",
	  .help = "blocks of a cycle, all allocated before the first is freed",
	  AT(blocks) },
	{ .name = "cycles",
	  .type = OPTION_COUNT,
	  .fallback = "100",
	  .min = "1",
	  .help = "number of cycles",
	  AT(cycles) },
	HEAP_TOUCH_OPTION("write", AT(touch)),
	{ .name = "order",
	  .type = OPTION_CHOICE,
	  .fallback = "lifo",
	  .choices = "lifo|fifo",
	  .help = "which block is freed first: the last or the first allocated",
	  AT(order) },
	{ .name = "dynamic",
	  .type = OPTION_BOOL,
	  .fallback = "yes",
	  .help = "glibc's own dynamic thresholds; no: the next three options set them",
	  AT(dynamic) },
	{ .name = "mmap_threshold",
	  .type = OPTION_BYTES,
	  .fallback = THRESHOLD_TEXT,
	  .min = "4K",
	  .max = "32M",
	  .help = "M_MMAP_THRESHOLD: blocks of at least this size are mapped",
	  AT(mmap_threshold) },
	{ .name = "trim_threshold",
	  .type = OPTION_BYTES,
	  .fallback = THRESHOLD_TEXT,
	  .max = "1G",
	  .help = "M_TRIM_THRESHOLD: size of the free top at which it is returned",
	  AT(trim_threshold) },
	{ .name = "top_pad",
	  .type = OPTION_BYTES,
	  .fallback = THRESHOLD_TEXT,
	  .max = "1G",
	  .help = "M_TOP_PAD: extra growth of the heap, retained when it is trimmed",
	  AT(top_pad) },
	{ .name = "keep",
	  .type = OPTION_COUNT,
	  .fallback = "0",
	  .help = "fragmentation: the last cycle keeps every such block (0: none, 2: half)",
	  AT(keep) },
	{ .name = "trim",
	  .type = OPTION_BOOL,
	  .fallback = "no",
	  .help = "call malloc_trim(0) at the end",
	  AT(trim) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static struct heap_plan plan_of(const struct malloc_params *p, const struct workload_env *env)
{
	return (struct heap_plan){ .page_bytes = env->page_bytes,
				   .block_bytes = p->size_bytes,
				   .blocks = p->blocks,
				   .cycles = p->cycles,
				   .touch = (enum heap_touch)p->touch,
				   .fifo = p->order,
				   .dynamic = p->dynamic,
				   .mmap_threshold = p->mmap_threshold,
				   .trim_threshold = p->trim_threshold,
				   .top_pad = p->top_pad,
				   .keep = p->keep,
				   .trim = p->trim };
}

static uint64_t kept_blocks(const struct malloc_params *p)
{
	return p->keep ? (p->blocks + p->keep - 1) / p->keep : 0;
}

static uint64_t malloc_footprint(const void *params, const struct workload_env *env)
{
	const struct malloc_params *p = params;
	const struct heap_plan plan = plan_of(p, env);
	uint64_t peak = heap_peak_bytes(&plan);

	return peak + peak / 256 + p->blocks * sizeof(void *) + (1u << 20);
}

static uint64_t malloc_target(const void *params, const struct workload_env *env)
{
	const struct malloc_params *p = params;

	(void)env; /* requested bytes, whatever the page size */
	return kept_blocks(p) * p->size_bytes;
}

static double malloc_seconds(const void *params, const struct workload_env *env)
{
	const struct malloc_params *p = params;
	double pages = (double)p->size_bytes / (double)env->page_bytes;

	return (double)p->cycles * (double)p->blocks * (1e-6 + 4e-7 * pages);
}

static bool is_default(const struct malloc_params *p)
{
	return p->mmap_threshold == HEAP_MODEL_THRESHOLD &&
	       p->trim_threshold == HEAP_MODEL_THRESHOLD && p->top_pad == HEAP_MODEL_THRESHOLD;
}

static const char *contradiction(const struct malloc_params *p, const struct workload_env *env)
{
	uint64_t need = malloc_footprint(p, env);

	if (p->dynamic && !is_default(p))
		return "setting a threshold makes all of them static in glibc: add dynamic=no";
	if (!env_fits(env, need))
		return "a cycle exceeds the group's limit and would cause reclaim: raise memory.max or memory.high or use fewer blocks";
	return NULL;
}

static int malloc_check(const void *params, const struct workload_env *env, char *reason,
			size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = NULL;

#ifndef HEAP_IS_MODELLED
	lack = HEAP_NOT_MODELLED;
#endif
	return check_answer(wrong, lack, reason, reason_bytes);
}

/* ---- promises ---- */

static void claim_faults(const struct heap_outcome *o, struct claims *out)
{
	const char *faults_why =
		"first touches of pages that malloc takes by the thresholds of mallopt(3)";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .expected = (int64_t)o->faults,
		  .why = faults_why },
		PROMISE_NO_MAJOR_FAULTS,
		{ .quantity = "group_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgfault", .expected = (int64_t)o->faults,
		  .why = "the worker is alone in its group" },
		PROMISE_NO_GROUP_MAJOR_FAULTS,
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_memory(const struct workload_env *env, const struct heap_plan *plan,
			 const struct heap_outcome *o, struct claims *out)
{
	const int64_t resident = (int64_t)o->resident_bytes;
	const int64_t mapped = (int64_t)(o->heap_bytes + o->mapped_bytes);
	const int64_t tables =
		(int64_t)(heap_peak_bytes(plan) / env_table_entries(env) + 8 * env->page_bytes);
	const char *rss_why = "pages touched and not returned to the kernel";
	const char *size_why = "growth of the heap and mapped blocks that are kept";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = resident,
		  .why = rss_why },
		{ .quantity = "anonymous_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .expected = resident,
		  .why = rss_why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES, .expected = mapped,
		  .why = size_why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "statm", .counter = "size", .unit = UNIT_BYTES, .expected = mapped,
		  .why = size_why },
		{ .quantity = "data_bytes", .scope = "process",
		  .source = "status", .counter = "VmData", .unit = UNIT_BYTES, .expected = mapped,
		  .why = size_why },
		{ .quantity = "swap_bytes", .scope = "process",
		  .source = "status", .counter = "VmSwap", .unit = UNIT_BYTES,
		  .why = "a cycle fits under the group's limit" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = resident,
		  .why = "the worker is alone in its group" },
	};
	/* clang-format on */
	const struct promise_usage usage = { .least = resident,
					     .most = resident,
					     .tables_most = tables };

	PROMISE_ROWS(out, SPAN_WORK, rows);
	promise_usage(out, env, &usage);
}

static void claim_library(const struct malloc_params *p, const struct workload_env *env,
			  const struct heap_outcome *o, struct claims *out)
{
	const int64_t allocations = (int64_t)(p->cycles * p->blocks);
	const char *heap_why = "mallinfo2(3) by the thresholds of mallopt(3)";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "allocations", .scope = "ledger",
		  .source = "ledger", .counter = "allocations", .expected = allocations,
		  .why = "the blocks of all cycles" },
		{ .quantity = "frees", .scope = "ledger",
		  .source = "ledger", .counter = "frees",
		  .expected = allocations - (int64_t)kept_blocks(p),
		  .why = "all blocks but the kept ones" },
		{ .quantity = "live_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "live_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)malloc_target(p, env),
		  .why = "the kept blocks" },
		{ .quantity = "in_use_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "in_use_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)o->in_use_bytes,
		  .why = "kept blocks including malloc's chunk headers" },
		{ .quantity = "retained_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "retained_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)o->retained_bytes,
		  .why = heap_why },
		{ .quantity = "returned_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "returned_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)o->returned_bytes,
		  .why = heap_why },
		{ .quantity = "heap_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "heap_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)o->heap_bytes,
		  .why = heap_why },
		{ .quantity = "mapped_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "mapped_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)o->mapped_bytes,
		  .why = heap_why },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void malloc_claims(const void *params, const struct workload_env *env,
			  struct claims *out)
{
	const struct malloc_params *p = params;
	const struct heap_plan plan = plan_of(p, env);
	struct heap_outcome outcome;

	promise_freed(out, env, 0);
	promise_uncharged(out, env, 0);
	promise_no_files(out, env);
	if (heap_model(&plan, &outcome))
		return; /* no memory for the model: no claim */
	claim_faults(&outcome, out);
	claim_memory(env, &plan, &outcome, out);
	claim_library(p, env, &outcome, out);
}

/* ---- in the worker ---- */

#ifdef HEAP_IS_MODELLED

struct malloc_state {
	void **block;
	uint64_t bytes; /* of the array */
	struct touch touch;
	struct fill fill;
	struct heap heap;
	struct mallinfo2 before;
};

static int prepare_heap(struct worker *w)
{
	const struct malloc_params *p = w->params;
	const struct heap_thresholds fixed = { p->mmap_threshold, p->trim_threshold,
					       p->top_pad };
	struct malloc_state *s = w->state;
	int ret = heap_prepare(&s->heap, w->env->page_bytes, HEAP_MODEL_BLOCK_MIN,
			       p->dynamic ? NULL : &fixed);

	if (ret == -EPROTO)
		return worker_fail(
			w, EPROTO,
			"cannot place the top of the heap: malloc is replaced, or not glibc's as modelled");
	return ret ? worker_fail(w, -ret, "cannot prepare the heap: %s", strerror(-ret)) : 0;
}

static int malloc_prepare(struct worker *w)
{
	const struct malloc_params *p = w->params;
	struct malloc_state *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->bytes = p->blocks * sizeof(*s->block);
	s->block = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (s->block == MAP_FAILED)
		return worker_fail(w, errno, "cannot map %" PRIu64 " bytes: %s", s->bytes,
				   strerror(errno));
	fill_init(&s->fill, "zero", w->ledger->seed);
	touch_init(&s->touch, p->touch == HEAP_TOUCH_BYTES ? TOUCH_BYTES : TOUCH_WRITE,
		   w->env->page_bytes, 0, &s->fill);
	ret = hugepages_forbid(w);
	return ret ? ret : prepare_heap(w);
}

/*
 * The fault injection leaves out whole blocks: a single page of one could be touched
 * through its neighbours' headers.
 */
static int allocate_blocks(struct worker *w)
{
	const struct malloc_params *p = w->params;
	struct malloc_state *s = w->state;

	for (uint64_t i = w->ledger->shortfall_pages; i < p->blocks; i++) {
		s->block[i] = heap_made(malloc(p->size_bytes));
		if (!s->block[i])
			return worker_fail(w, ENOMEM, "malloc of %" PRIu64 " bytes failed",
					   p->size_bytes);
		if (p->touch != HEAP_TOUCH_NONE)
			touch_range(&s->touch, s->block[i], p->size_bytes, 0);
		worker_slot_add(w, SLOT_ALLOCATIONS, 1);
	}
	return 0;
}

static void free_blocks(struct worker *w, uint64_t keep)
{
	const struct malloc_params *p = w->params;
	struct malloc_state *s = w->state;

	for (uint64_t n = 0; n < p->blocks; n++) {
		uint64_t i = p->order ? n : p->blocks - 1 - n;

		if ((keep && i % keep == 0) || !s->block[i])
			continue;
		free(s->block[i]);
		s->block[i] = NULL;
		worker_slot_add(w, SLOT_FREES, 1);
	}
}

static uint64_t addresses(const struct mallinfo2 *info)
{
	return info->arena + info->hblkhd;
}

static void count_memory(struct worker *w, const struct mallinfo2 *high)
{
	const struct malloc_params *p = w->params;
	const struct malloc_state *s = w->state;
	const struct mallinfo2 now = mallinfo2(), *before = &s->before;
	uint64_t live = 0;

	for (uint64_t i = 0; i < p->blocks; i++)
		live += s->block[i] ? p->size_bytes : 0;
	worker_slot_set(w, SLOT_LIVE_BYTES, live);
	worker_slot_set(w, SLOT_IN_USE_BYTES,
			now.uordblks + now.hblkhd - before->uordblks - before->hblkhd);
	worker_slot_set(w, SLOT_RETAINED_BYTES, now.fordblks - before->fordblks);
	worker_slot_set(w, SLOT_RETURNED_BYTES, addresses(high) - addresses(&now));
	worker_slot_set(w, SLOT_HEAP_BYTES, now.arena - before->arena);
	worker_slot_set(w, SLOT_MAPPED_BYTES, now.hblkhd - before->hblkhd);
	worker_achieved(w, live);
}

static int cycle(struct worker *w)
{
	uint64_t before = worker_now_ns();
	int ret = allocate_blocks(w);

	if (ret)
		return ret;
	free_blocks(w, 0);
	histogram_add(&w->ledger->latency, worker_now_ns() - before);
	return 0;
}

/* Not timed: mallinfo2() is called between the two halves. */
static int last_cycle(struct worker *w)
{
	const struct malloc_params *p = w->params;
	struct mallinfo2 high;
	int ret = allocate_blocks(w);

	if (ret)
		return ret;
	high = mallinfo2();
	free_blocks(w, p->keep);
	if (p->trim)
		malloc_trim(0);
	count_memory(w, &high);
	return 0;
}

static void count_cycles(struct worker *w, uint64_t cycles)
{
	const struct malloc_params *p = w->params;
	uint64_t blocks = cycles * p->blocks;

	atomic_store_explicit(&w->ledger->ops, blocks, memory_order_relaxed);
	atomic_store_explicit(&w->ledger->moved_bytes,
			      p->touch == HEAP_TOUCH_NONE ? 0 : blocks * p->size_bytes,
			      memory_order_relaxed);
}

static int malloc_run(struct worker *w)
{
	const struct malloc_params *p = w->params;
	struct malloc_state *s = w->state;
	uint64_t done = 0;
	int ret = 0;

	s->before = mallinfo2();
	while (done + 1 < p->cycles && !ret && !worker_should_stop(w)) {
		ret = cycle(w);
		if (!ret)
			count_cycles(w, ++done);
	}
	if (!ret)
		ret = last_cycle(w);
	if (!ret)
		count_cycles(w, done + 1);
	return ret;
}

/* Page tables of unmapped blocks stay charged until then. */
static int malloc_verify(struct worker *w)
{
	(void)w; /* nothing to count */
	grace_wait();
	return 0;
}

static void malloc_release(struct worker *w)
{
	struct malloc_state *s = w->state;

	if (!s)
		return;
	if (s->block && s->block != MAP_FAILED) {
		free_blocks(w, 0);
		munmap(s->block, s->bytes);
	}
	heap_release(&s->heap);
	free(s);
	w->state = NULL;
}

#else

static int malloc_prepare(struct worker *w)
{
	return worker_fail(w, ENOSYS, HEAP_NOT_MODELLED);
}

static int malloc_run(struct worker *w)
{
	return malloc_prepare(w);
}

static int malloc_verify(struct worker *w)
{
	return malloc_prepare(w);
}

static void malloc_release(struct worker *w)
{
	(void)w; /* nothing was prepared */
}

#endif

const struct workload malloc_churn_workload = {
	.name = "malloc_churn",
	.summary = "glibc's malloc and free: what it retains and what it returns",
	.truth = "Faults, resident memory, the size of the heap and malloc's statistics (live, retained and returned bytes) follow exactly from the block size and the thresholds of mallopt(3).",
	.options = options,
	.params_bytes = sizeof(struct malloc_params),
	.slots = {
		[SLOT_ALLOCATIONS] = { "allocations", UNIT_COUNT, "blocks allocated" },
		[SLOT_FREES] = { "frees", UNIT_COUNT, "blocks freed" },
		[SLOT_LIVE_BYTES] = { "live_bytes", UNIT_BYTES,
				      "requested bytes of blocks that are not freed" },
		[SLOT_IN_USE_BYTES] = { "in_use_bytes", UNIT_BYTES,
					"the same by mallinfo2, with chunk headers" },
		[SLOT_RETAINED_BYTES] = { "retained_bytes", UNIT_BYTES,
					  "free in the heap and not returned, by mallinfo2" },
		[SLOT_RETURNED_BYTES] = { "returned_bytes", UNIT_BYTES,
					  "returned to the kernel since the last cycle's blocks were allocated" },
		[SLOT_HEAP_BYTES] = { "heap_bytes", UNIT_BYTES,
				      "growth of the heap since READY" },
		[SLOT_MAPPED_BYTES] = { "mapped_bytes", UNIT_BYTES,
					"of blocks that are mapped" },
	},
	.rate_metric = true,
	.check = malloc_check,
	.footprint = malloc_footprint,
	.target = malloc_target,
	.seconds = malloc_seconds,
	.claims = malloc_claims,
	.prepare = malloc_prepare,
	.run = malloc_run,
	.verify = malloc_verify,
	.release = malloc_release,
};
