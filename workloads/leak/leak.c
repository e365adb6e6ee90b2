// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * leak: blocks of a known size that are allocated and never freed, at a known rate, from
 * known call sites.
 *
 * Exact: the live blocks and bytes of each call site at the end (sites.csv), whether they
 *   are reachable, and the pages that they fault in and keep resident. Exact for mappings,
 *   for brk and for the main heap (heap_model.h); within a page per thread for a thread's
 *   arena, whose header is glibc's, and within more where threads share arenas or alignment
 *   leaves gaps.
 * Moves: minflt, Rss, Anonymous and the group's anon.
 * Unchanged: majflt, Swap.
 * Caveats: a leak detector finds the blocks at exit: release() frees only the workload's
 *   own state. Unreachable means that no word of the program holds an address of the block;
 *   valgrind searches every mapping for pointers, LeakSanitizer does not. With a thread that
 *   is alive at exit (reach=stack) valgrind reports its TLS block as possibly lost. Memory at
 *   the top of the heap would hide the first faults: prepare() trims it. A thread's arena
 *   reserves 64 MiB of addresses.
 */
#include "workloads/leak/leak.h"

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

#include "workloads/api/arith.h"
#include "workloads/act/crew.h"
#include "workloads/act/heap.h"
#include "workloads/act/hugepages.h"
#include "workloads/leak/leak_sites.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-omit-frame-pointer") /* as in leak_sites.c */
#endif

enum leak_slot {
	SLOT_LIVE_BLOCKS,
	SLOT_LIVE_BYTES,
	SLOT_ALLOCATIONS,
	SLOT_FREES,
	SLOT_LEAK_NS,
	SLOT_LAG_NS,
	SLOT_DELAY_NS,
	SLOT_SITE_BLOCKS,
	SLOT_SITE_BYTES,
};

#define STACK_SPARE_FRAMES 128 /* 6 KiB */

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
	  .help = "blocks to allocate, by all threads together",
	  AT(blocks) },
	{ .name = "allocator",
	  .type = OPTION_CHOICE,
	  .fallback = "malloc",
	  .choices = "malloc|calloc|realloc|aligned_alloc|mmap|brk",
	  .help = "function or system call that allocates each block",
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
	  .help = "at the end: no pointer left, reachable from a global, by pointers into their middle, a chain whose head is lost, reachable from a live thread's stack, or all freed",
	  AT(reach) },
	HEAP_TOUCH_OPTION("bytes", AT(touch)),
	SHAPE_OPTION(
		PACE_SHAPES "|sawtooth",
		"growth: at the rate, in chunks, doubling, all at once after the interval, or at the rate with each chunk freed before the next starts",
		AT(shape)),
	RATE_OPTION("bytes per second of linear and sawtooth (0: unpaced)", AT(rate)),
	CHUNK_OPTION(
		"1M", "16",
		"bytes per step, first bytes of exponential, or bytes per tooth of each thread",
		AT(chunk_bytes)),
	INTERVAL_OPTION("1s", "1d", "time from step to step, to a doubling, or to the burst",
			AT(interval_ns)),
	{ .name = "threads",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .max = LEAK_THREADS_MAX_TEXT,
	  .help = "threads that leak in turn; 0: the main thread, from the main heap",
	  AT(threads) },
	{ .name = "arenas",
	  .type = OPTION_COUNT,
	  .fallback = "0",
	  .max = "1024",
	  .help = "M_ARENA_MAX: maximum number of malloc arenas (0: glibc's own limit)",
	  AT(arenas) },
	{ .name = "sites",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = LEAK_SITES_TEXT,
	  .help = "call sites that leak, in turn: leak_site_00 and on",
	  AT(sites) },
	{ .name = "depth",
	  .type = OPTION_COUNT,
	  .fallback = "5",
	  .min = "1",
	  .max = LEAK_DEPTH_MAX_TEXT,
	  .help = "frames of the call site on the stack when it allocates",
	  AT(depth) },
	{ .name = NULL },
};

struct leaker {
	struct leak_state *s;
	uint64_t first, next; /* numbers of its blocks: every leak_leakers()th */
	void *head;	      /* the last block; each starts with a link to the one before */
	uint64_t live;
	const struct leak_site *site;
	struct ledger_site *account;
	pthread_t thread;
	bool started;
	sem_t go;
};

/* In a mapping, where valgrind looks for pointers: lost blocks must have none in it. */
struct leak_state {
	struct worker *w;
	const struct leak_params *params;
	leak_act *act;
	bool linked;
	uint64_t left_out; /* blocks that the fault injection leaves out */
	struct heap heap;
	struct touch touch;
	struct fill fill;
	struct pace pace;
	uint64_t start_ns;
	sem_t done;
	atomic_bool leave;
	_Atomic int error;
	struct leaker leaker[LEAK_THREADS_MAX];
};

/* The roots of reach=global and reach=interior; volatile, as nothing reads them. */
void *volatile leak_roots[LEAK_THREADS_MAX];

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
BY(brk, sbrk((intptr_t)round_up(p->size_bytes, LEAK_BRK_ALIGNMENT)))

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
		(void)!sbrk(-(intptr_t)round_up(p->size_bytes, LEAK_BRK_ALIGNMENT));
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

/* ---- the blocks of a thread ---- */

/* The blocks of a tooth, or all of them, the last one first. */
static void free_all(struct leaker *l)
{
	const struct leak_state *s = l->s;
	uint64_t number = l->next;

	for (; l->live; l->live--) {
		void **block = l->head;

		number -= leak_leakers(s->params);
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

	if (l->live == leak_tooth_blocks(p))
		free_all(l);
	l->site = &leak_sites[l->next % p->sites];
	l->account = account_of(s, l->next);
	block = l->site->enter(s->act, l, (unsigned)p->depth - 1);
	if (!is_block(block))
		return -ENOMEM;
	if (p->touch != HEAP_TOUCH_NONE)
		touch_range(&s->touch, block, p->size_bytes, 0);
	if (s->linked) {
		*block = l->head;
		l->head = block;
	}
	l->live++;
	l->next += leak_leakers(p);
	count_taken(l);
	return 0;
}

static uint64_t due_blocks(const struct leak_state *s, uint64_t blocks)
{
	uint64_t due = pace_due(&s->pace, worker_now_ns() - s->start_ns);

	return min(due / s->params->size_bytes, blocks);
}

static void raise_to(_Atomic uint64_t *peak, uint64_t value)
{
	uint64_t old = atomic_load(peak);

	while (value > old && !atomic_compare_exchange_weak(peak, &old, value))
		;
}

static void note_lag(const struct leaker *l)
{
	const struct leak_state *s = l->s;
	uint64_t when = pace_when(&s->pace, (l->next + 1) * s->params->size_bytes);
	uint64_t now = worker_now_ns() - s->start_ns, lag = now > when ? now - when : 0;

	raise_to(&s->w->ledger->slot[SLOT_LAG_NS], lag);
}

/* Sleeps until the next block is due; returns the delay of the wake-up. */
static uint64_t sleep_for_more(const struct leaker *l)
{
	const struct leak_state *s = l->s;
	const uint64_t size = s->params->size_bytes;
	uint64_t until_ns = s->start_ns + pace_wake(&s->pace, l->next * size, size,
						    s->params->blocks * size,
						    worker_now_ns() - s->start_ns);

	worker_sleep_until(s->w, until_ns);
	return worker_now_ns() - min(until_ns, worker_now_ns());
}

static int take_all(struct leaker *l)
{
	const struct leak_state *s = l->s;
	const uint64_t blocks = s->params->blocks - min(s->params->blocks, s->left_out);
	uint64_t late_ns = worker_now_ns() - s->start_ns, taking_ns = 0;
	int ret = 0;

	l->next = l->first;
	while (l->next < blocks && !ret && !worker_should_stop(s->w)) {
		uint64_t due = due_blocks(s, blocks), begin_ns = worker_now_ns();

		if (l->next < due && due < blocks)
			note_lag(l);
		while (l->next < due && !ret && !worker_should_stop(s->w))
			ret = take_one(l);
		taking_ns += worker_now_ns() - begin_ns;
		if (due < blocks && !ret)
			late_ns = max(late_ns, sleep_for_more(l));
	}
	raise_to(&s->w->ledger->slot[SLOT_LEAK_NS], worker_now_ns() - s->start_ns);
	raise_to(&s->w->ledger->slot[SLOT_DELAY_NS], taking_ns + late_ns);
	return ret;
}

/* Turns each link into a pointer to the middle of the previous block. */
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

/* Leaves the blocks as reachable as `reach` says; *held is on the leaking thread's stack. */
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

/* Parked before and after: the stack of a thread that exits would count as freed memory. */
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
	while (held) /* stays alive until the process exits */
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
	for (unsigned i = 0; i < leak_leakers(s->params); i++) {
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
			continue; /* its stack must keep the pointers */
		pthread_join(l->thread, NULL);
	}
}

/* ---- the functions of struct workload ---- */

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
	int ret = hugepages_forbid(w);

	if (ret)
		return ret;
	if (p->allocator == BY_BRK && beyond &&
	    sbrk((intptr_t)(w->env->page_bytes - beyond)) == (void *)-1)
		return worker_fail(w, errno, "cannot align the program break: %s",
				   strerror(errno));
	if (!leak_is_from_malloc(p))
		return 0;
	if (p->arenas)
		mallopt(M_ARENA_MAX, (int)p->arenas);
	/* -EPROTO: another allocator, such as valgrind's, in which blocks leak as well. */
	ret = heap_prepare(&s->heap, w->env->page_bytes, p->size_bytes, NULL);
	return ret && ret != -EPROTO
		       ? worker_fail(w, -ret, "cannot prepare the heap: %s", strerror(-ret))
		       : 0;
}

static void *nothing(void *arg)
{
	return arg;
}

/* Faults in the stack of the recursion and of malloc below it before run(). */
static void touch_stack(const struct leak_params *p)
{
	(void)leak_sites[0].enter(nothing, NULL, (unsigned)p->depth + STACK_SPARE_FRAMES);
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
	s->left_out = (w->ledger->shortfall_pages * w->env->page_bytes + p->size_bytes - 1) /
		      p->size_bytes;
	s->pace = leak_pace(p);
	fill_init(&s->fill, "same", w->ledger->seed);
	touch_init(&s->touch, p->touch == HEAP_TOUCH_BYTES ? TOUCH_BYTES : TOUCH_WRITE,
		   w->env->page_bytes, 0, &s->fill);
	write_sites(w);
	touch_stack(p);
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
	ret = atomic_load(&s->error);
	if (ret)
		return worker_fail(w, -ret,
				   "cannot allocate a block of %" PRIu64 " bytes after %lu",
				   s->params->size_bytes,
				   (unsigned long)w->ledger->slot[SLOT_ALLOCATIONS]);
	return 0;
}

/* The sum over sites.csv, which must equal what the threads counted. */
static int leak_verify(struct worker *w)
{
	const struct leak_params *p = w->params;

	for (uint64_t i = 0; i < p->sites; i++) {
		worker_slot_add(w, SLOT_SITE_BLOCKS, w->ledger->site[i].live_blocks);
		worker_slot_add(w, SLOT_SITE_BYTES, w->ledger->site[i].live_bytes);
	}
	return 0;
}

/* Leaked blocks stay allocated; so does the state while a thread may use it. */
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
	.summary = "blocks never freed, at a known rate from known call sites",
	.truth = "Live blocks and bytes of each call site are in sites.csv and in the slots, exactly, so that a leak detector can be scored. Faults and resident memory are exact for mmap, brk and the main heap, and within a page per thread for a thread's arena. The last block is allocated when the rate says.",
	.options = options,
	.params_bytes = sizeof(struct leak_params),
	.slots = {
		[SLOT_LIVE_BLOCKS] = { "live_blocks", UNIT_COUNT, "blocks not freed" },
		[SLOT_LIVE_BYTES] = { "live_bytes", UNIT_BYTES,
				      "requested bytes of blocks not freed" },
		[SLOT_ALLOCATIONS] = { "allocations", UNIT_COUNT, "blocks allocated" },
		[SLOT_FREES] = { "frees", UNIT_COUNT, "blocks freed" },
		[SLOT_LEAK_NS] = { "leak_ns", UNIT_NSEC, "from the start to the last block" },
		[SLOT_LAG_NS] = { "lag_ns", UNIT_NSEC,
				  "largest delay of a wake-up behind the rate" },
		[SLOT_DELAY_NS] = { "delay_ns", UNIT_NSEC,
				     "time allocating and late wake-ups, of the slowest thread" },
		[SLOT_SITE_BLOCKS] = { "site_blocks", UNIT_COUNT,
				       "blocks not freed by sites.csv, all sites together" },
		[SLOT_SITE_BYTES] = { "site_bytes", UNIT_BYTES,
				      "bytes not freed by sites.csv, all sites together" },
	},
	.rate_metric = true,
	.check = leak_check,
	.footprint = leak_footprint,
	.target = leak_target,
	.seconds = leak_seconds,
	.claims = leak_claims,
	.prepare = leak_prepare,
	.run = leak_run,
	.verify = leak_verify,
	.release = leak_release,
};
