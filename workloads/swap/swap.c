// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * swap: memory swapped out and in, to the page; or pressure by a working set that
 * exceeds its limit.
 *
 * Truth: mode=pageout sends every page of a mapping to the run's own swap device and
 *   may bring it back: VmSwap, Swap of the mapping, the pages' own bits and the
 *   group's swap are exactly its size, and each page that comes back is one fault.
 *   mode=pressure holds ratio times memory.max: what exceeds the limit is in swap, and
 *   nobody is killed.
 * Rises: pswpout and pswpin of the machine; Used of the own device; majflt by one per page
 *   from zram, and from a file by as few as one per 2^page-cluster pages; in the group
 *   pgmajfault, failcnt or events.max, and memory.pressure (v2).
 * Still: oom_kill. pswpout for pages of zeros from Linux 6.12 on, which are only noted.
 *   Other people's swap: the own device has the highest priority.
 * Beware: a swap file keeps its pages in the swap cache until reclaim takes them: before,
 *   swap of a v1 group is 0 and coming back is a minor fault. So the cache is dropped
 *   first, and mincore says whether it is. After swap-in from a file its slots stay
 *   used. A machine that reclaims ahead of need (DAMON) swaps its own pages to
 *   whichever device has the highest priority: Used is no less than ours, and may be
 *   more. The worker's own memory is locked: it neither goes nor faults.
 */
#include "workloads/swap/swap.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "workloads/api/arith.h"
#include "workloads/act/crew.h"
#include "workloads/probe/placement.h"
#include "workloads/probe/reclaim.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21 /* Linux 5.4 */
#endif

#define ACCESS_BATCH   16 /* accesses between looks at the clock: each may wait for the disk */
#define OUT_STEP_BYTES (16u << 20) /* 2 MiB: a twentieth slower */
#define IN_STEP_BYTES  (2u << 20)
#define SWEEP_PAGES    256 /* asked for ahead and sent out behind at once, with mode=pressure */
#define OUT_TRIES      50  /* times TRY_PAUSE_NS: a page that is busy stays for a moment */
#define DROP_TRIES     250 /* 5 s: what is being written cannot be dropped yet */
#define TRY_PAUSE_NS   20000000u
#define MINCORE_PAGES  4096

enum swap_slot {
	SLOT_PRESENT,
	SLOT_SWAPPED,
	SLOT_OUT,
	SLOT_OUT_NS,
	SLOT_OUT_RATE,
	SLOT_CACHED,
	SLOT_BACK,
	SLOT_BACK_NS,
	SLOT_BACK_RATE,
	SLOT_BACK_FAULTS,
	SLOT_BACK_MAJOR,
	SLOT_TOUCHED,
	SLOT_FILL_NS,
	SLOT_READS,
	SLOT_WRITES,
	SLOT_ACCESS_NS,
};

#define AT(member) .offset = offsetof(struct swap_params, member)

static const struct workload_option options[] = {
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "pageout",
	  .choices = "pageout|pressure",
	  .help = "swap out by MADV_PAGEOUT, or hold more than memory.max",
	  AT(mode) },
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to swap out with mode=pageout, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "fill",
	  .type = OPTION_TEXT,
	  .fallback = "random",
	  .help = FILL_HELP,
	  .capacity = FILL_TEXT_BYTES,
	  AT(fill) },
	{ .name = "back",
	  .type = OPTION_CHOICE,
	  .fallback = "none",
	  .choices = "none|read|write|willneed",
	  .help = "bring the pages back: by reading or writing each, or by MADV_WILLNEED "
		  "first; "
		  "with mode=pressure willneed asks ahead of a sequential access and sends out "
		  "behind it",
	  AT(back) },
	{ .name = "pattern",
	  .type = OPTION_CHOICE,
	  .fallback = "sequential",
	  .choices = PATTERN_WALKS,
	  .help = "order in which they come back",
	  AT(pattern) },
	{ .name = "stride",
	  .type = OPTION_COUNT,
	  .fallback = "16",
	  .min = "1",
	  .help = "pages from one access to the next, when a pattern is stride",
	  AT(stride) },
	{ .name = "cycles",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "1000000",
	  .help = "times out and back, when there is a way back",
	  AT(cycles) },
	{ .name = "ratio",
	  .type = OPTION_RATIO,
	  .fallback = "200%",
	  .min = "1.05",
	  .max = "64",
	  .help = "working set with mode=pressure as a share of memory.max",
	  AT(ratio) },
	{ .name = "duration",
	  .type = OPTION_SECONDS,
	  .fallback = "2s",
	  .max = "1d",
	  .help = "go on accessing the working set this long after the first touch",
	  AT(duration_ns) },
	{ .name = "access_pattern",
	  .type = OPTION_CHOICE,
	  .fallback = "random",
	  .choices = PATTERN_DRAWS,
	  .help = "order of those accesses",
	  AT(access_pattern) },
	{ .name = "reads",
	  .type = OPTION_RATIO,
	  .fallback = "50%",
	  .min = "0",
	  .max = "1",
	  .help = "share of the accesses that only read",
	  AT(reads) },
	SKEW_OPTIONS(swap_params, "access_pattern"),
	{ .name = "threads",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = CREW_MAX_TEXT,
	  .help = "threads that access the working set with mode=pressure",
	  AT(threads) },
	{ .name = "stall",
	  .type = OPTION_RATIO,
	  .fallback = "0%",
	  .min = "0",
	  .max = "1",
	  .help = "promise that this share of duration is lost to memory stalls (PSI)",
	  AT(stall) },
	{ .name = "latency",
	  .type = OPTION_BOOL,
	  .fallback = "no",
	  .help = "time each access (adds two clock readings to it)",
	  AT(latency) },
	{ .name = NULL },
};

/* ---- in the worker ---- */

struct swap_state {
	struct worker *w;
	const struct swap_params *params;
	char *map;
	uint64_t bytes, page, pages;
	int pagemap, reclaim;
	uint64_t start_ns;
	struct fill fill;
	struct touch touch;
	struct zipf *zipf; /* NULL: not drawn from */
	struct crew crew;
	unsigned char mincore[MINCORE_PAGES];
};

static int fail(struct worker *w, int ret, const char *what)
{
	return worker_fail(w, -ret, "cannot %s: %s", what, strerror(-ret));
}

/* Somebody else's device of the same or a higher priority would take our pages. */
static int check_priority(struct worker *w)
{
	char line[1024], path[512];
	int priority, own = INT_MIN, best = INT_MIN;
	FILE *f = fopen("/proc/swaps", "re");

	if (!f)
		return fail(w, -errno, "read /proc/swaps");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%511s %*s %*u %*u %d", path, &priority) != 2)
			continue;
		if (!strcmp(path, w->env->swap_path))
			own = priority;
		else if (priority > best)
			best = priority;
	}
	fclose(f);
	if (own > best)
		return 0;
	return worker_fail(w, EBUSY,
			   "another swap device has priority %d and %s has %d: set "
			   "swap.priority=32767",
			   best, w->env->swap_path, own);
}

static int fill_all(struct worker *w)
{
	struct swap_state *s = w->state;
	uint64_t left_out = w->ledger->sabotage_pages * s->page;
	uint64_t end = left_out < s->bytes && s->params->mode == MODE_PRESSURE
			       ? s->bytes - left_out
			       : s->bytes;
	int ret = 0;

	for (uint64_t at = 0; at < end && !ret && !worker_should_stop(w);) {
		uint64_t step = end - at < s->touch.step_bytes ? end - at : s->touch.step_bytes;

		ret = touch_range(&s->touch, s->map + at, step, at / FILL_BLOCK_BYTES);
		at += step;
		worker_slot_set(w, SLOT_TOUCHED, at / s->page);
	}
	return ret ? fail(w, ret, "touch the mapping") : 0;
}

/* Locked before the measured mapping is made: the rest neither goes nor comes back. */
static int lock_own(struct worker *w)
{
	return mlockall(MCL_CURRENT) ? fail(w, -errno, "lock the worker's own memory") : 0;
}

static int open_all(struct worker *w)
{
	struct swap_state *s = w->state;
	int ret = crew_start(&s->crew, (unsigned)s->params->threads);

	if (ret)
		return fail(w, ret, "start threads");
	s->pagemap = placement_open();
	if (s->pagemap < 0)
		return fail(w, s->pagemap, "open /proc/self/pagemap");
	if (swap_must_drop(s->params, w->env))
		s->reclaim = reclaim_open(w->env);
	if (swap_must_drop(s->params, w->env) && s->reclaim < 0)
		return fail(w, s->reclaim, "ask for reclaim of the own group");
	return lock_own(w);
}

static int swap_prepare(struct worker *w)
{
	const struct swap_params *p = w->params;
	struct swap_state *s = calloc(1, sizeof(*s));
	uint64_t align = w->env->pmd_bytes ? w->env->pmd_bytes : 2u << 20;
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->w = w;
	s->params = p;
	s->page = w->env->page_bytes;
	s->bytes = swap_set_bytes(p, w->env);
	s->pages = swap_set_pages(p, w->env);
	s->pagemap = s->reclaim = -1;
	fill_init(&s->fill, p->fill, w->ledger->seed);
	touch_init(&s->touch, TOUCH_BYTES, s->page, 0, &s->fill);
	if (p->mode == MODE_PRESSURE && p->access_pattern == PATTERN_ZIPF) {
		s->zipf = malloc(sizeof(*s->zipf));
		if (!s->zipf)
			return -ENOMEM;
		zipf_init(s->zipf, s->pages, p->skew.zipf_theta);
	}
	ret = check_priority(w);
	if (!ret)
		ret = open_all(w);
	if (ret)
		return ret;
	s->map = worker_map_anon(s->bytes, align, false);
	if (!s->map)
		return fail(w, -errno, "map the working set");
	worker_mapping(w, 0, s->map, s->bytes);
	return p->mode == MODE_PAGEOUT ? fill_all(w) : 0;
}

static int count_pages(struct worker *w, struct placement *found)
{
	const struct swap_state *s = w->state;
	int ret = placement_count(s->pagemap, s->map, s->bytes, s->page, found);

	if (ret)
		return fail(w, ret, "read /proc/self/pagemap");
	worker_slot_set(w, SLOT_PRESENT, found->present);
	worker_slot_set(w, SLOT_SWAPPED, found->swapped);
	worker_achieved(w, (found->present + found->swapped) * s->page);
	return 0;
}

/* ---- out ---- */

static int page_out(struct worker *w, uint64_t bytes)
{
	const struct swap_state *s = w->state;

	for (uint64_t at = 0; at < bytes && !worker_should_stop(w); at += OUT_STEP_BYTES) {
		uint64_t step = bytes - at < OUT_STEP_BYTES ? bytes - at : OUT_STEP_BYTES;

		if (madvise(s->map + at, step, MADV_PAGEOUT))
			return fail(w, -errno, "page out");
	}
	return 0;
}

static uint64_t rate(uint64_t pages, uint64_t ns)
{
	return (uint64_t)((double)pages * 1e9 / (double)(ns + !ns));
}

/* Again for pages that were busy: isolated, locked or being written. */
static int send_out(struct worker *w)
{
	const struct swap_state *s = w->state;
	uint64_t left_out = w->ledger->sabotage_pages * s->page, start = worker_now_ns(), ns;
	uint64_t bytes = left_out < s->bytes ? s->bytes - left_out : 0;
	struct placement found = { 0 };
	int ret = 0;

	for (unsigned i = 0; i < OUT_TRIES && found.swapped * s->page < bytes && !ret; i++) {
		if (i)
			worker_sleep_until(w, worker_now_ns() + TRY_PAUSE_NS);
		ret = page_out(w, bytes);
		ns = worker_now_ns() - start;
		if (!i)
			worker_slot_add(w, SLOT_OUT_NS, ns);
		if (!ret)
			ret = count_pages(w, &found);
	}
	worker_slot_add(w, SLOT_OUT, found.swapped);
	atomic_fetch_add_explicit(&w->ledger->moved_bytes, found.swapped * s->page,
				  memory_order_relaxed);
	worker_slot_set(w, SLOT_OUT_RATE,
			rate(w->ledger->slot[SLOT_OUT], w->ledger->slot[SLOT_OUT_NS]));
	return ret;
}

/* mincore(2) finds a swapped page in the swap cache. */
static int count_cached(struct worker *w, uint64_t *cached)
{
	struct swap_state *s = w->state;
	uint64_t sum = 0;

	for (uint64_t at = 0; at < s->pages; at += MINCORE_PAGES) {
		uint64_t nr = s->pages - at < MINCORE_PAGES ? s->pages - at : MINCORE_PAGES;

		if (mincore(s->map + at * s->page, nr * s->page, s->mincore))
			return fail(w, -errno, "ask mincore about the mapping");
		for (uint64_t i = 0; i < nr; i++)
			sum += s->mincore[i] & 1;
	}
	*cached = sum;
	return 0;
}

/* What is not in memory is not in the swap cache either; bounded by DROP_TRIES. */
static int drop_cache(struct worker *w)
{
	struct swap_state *s = w->state;
	uint64_t cached = 0, present = w->ledger->slot[SLOT_PRESENT];
	int ret = count_cached(w, &cached);

	for (unsigned i = 0; i < DROP_TRIES && !ret && cached > present &&
			     swap_must_drop(s->params, w->env) && !worker_should_stop(w);
	     i++) {
		if (i)
			worker_sleep_until(w, worker_now_ns() + TRY_PAUSE_NS);
		ret = reclaim_now(w->env, s->reclaim, cached * s->page);
		if (ret)
			return fail(w, ret, "reclaim the own group");
		ret = count_cached(w, &cached);
	}
	worker_slot_set(w, SLOT_CACHED, cached > present ? cached - present : 0);
	return ret;
}

/* ---- back ---- */

static int bring_back(struct worker *w)
{
	const struct swap_state *s = w->state;
	bool write = s->params->back == BACK_WRITE;
	struct pattern order;

	pattern_init(&order, (enum pattern_kind)s->params->pattern, s->pages, w->ledger->seed);
	pattern_set_stride(&order, s->params->stride);
	for (uint64_t i = 0; i < s->pages; i++) {
		volatile uint64_t *word =
			(volatile uint64_t *)(s->map + pattern_walk(&order) * s->page);
		uint64_t value;

		if (write) {
			*word = fill_word(&s->fill,
					  (uint64_t)((char *)word - s->map) / FILL_BLOCK_BYTES);
		} else {
			value = *word;
			(void)value;
		}
		if (!(i % 64) && worker_should_stop(w))
			return 0;
	}
	return 0;
}

/* Asked for a step ahead, so that the reads overlap with the faults. */
static int bring_back_ahead(struct worker *w)
{
	const struct swap_state *s = w->state;

	for (uint64_t at = 0; at < s->bytes + IN_STEP_BYTES; at += IN_STEP_BYTES) {
		uint64_t step = at < s->bytes && s->bytes - at < IN_STEP_BYTES ? s->bytes - at
									       : IN_STEP_BYTES;

		if (at < s->bytes && madvise(s->map + at, step, MADV_WILLNEED))
			return fail(w, -errno, "ask for swapped pages");
		for (uint64_t k = at - (at ? IN_STEP_BYTES : 0); at && k < at && k < s->bytes;
		     k += s->page)
			(void)*(const volatile uint64_t *)(s->map + k);
		if (worker_should_stop(w))
			return 0;
	}
	return 0;
}

static int swap_in(struct worker *w)
{
	const struct swap_state *s = w->state;
	struct rusage before, after;
	struct placement found, there;
	uint64_t start, major;
	int ret = count_pages(w, &there);

	if (ret)
		return ret;
	getrusage(RUSAGE_SELF, &before);
	start = worker_now_ns();
	ret = s->params->back == BACK_WILLNEED ? bring_back_ahead(w) : bring_back(w);
	worker_slot_add(w, SLOT_BACK_NS, worker_now_ns() - start);
	getrusage(RUSAGE_SELF, &after);
	if (!ret)
		ret = count_pages(w, &found);
	if (ret)
		return ret;
	major = (uint64_t)(after.ru_majflt - before.ru_majflt);
	worker_slot_add(w, SLOT_BACK, found.present - there.present);
	worker_slot_add(w, SLOT_BACK_MAJOR, major);
	worker_slot_add(w, SLOT_BACK_FAULTS,
			major + (uint64_t)(after.ru_minflt - before.ru_minflt));
	worker_slot_set(w, SLOT_BACK_RATE,
			rate(w->ledger->slot[SLOT_BACK], w->ledger->slot[SLOT_BACK_NS]));
	atomic_fetch_add_explicit(&w->ledger->moved_bytes,
				  (found.present - there.present) * s->page,
				  memory_order_relaxed);
	return 0;
}

static int run_pageout(struct worker *w)
{
	const struct swap_params *p = w->params;
	uint64_t cycles = p->back == BACK_NONE ? 1 : p->cycles;
	int ret = 0;

	for (uint64_t i = 0; i < cycles && !ret && !worker_should_stop(w); i++) {
		ret = send_out(w);
		if (!ret)
			ret = drop_cache(w);
		if (!ret && p->back != BACK_NONE)
			ret = swap_in(w);
		atomic_fetch_add_explicit(&w->ledger->ops, 1, memory_order_relaxed);
	}
	return ret;
}

/* ---- pressure ---- */

static int access_pages(void *arg, unsigned index)
{
	const struct swap_state *s = arg;
	const struct swap_params *p = s->params;
	struct histogram *latency = p->latency ? &s->w->ledger->latency : NULL;
	uint64_t seed = s->w->ledger->seed ^ (index + 1), end_ns = s->start_ns + p->duration_ns;
	struct access a;

	access_init(&a, s->map, s->page, p->reads, seed);
	pattern_init(&a.pattern, (enum pattern_kind)p->access_pattern, s->pages, seed);
	pattern_set_stride(&a.pattern, p->stride);
	skew_set(&a.pattern, &p->skew, s->zipf);
	while (worker_now_ns() < end_ns && !worker_should_stop(s->w)) {
		uint64_t writes = access_run(&a, ACCESS_BATCH, latency);

		worker_slot_add(s->w, SLOT_WRITES, writes);
		worker_slot_add(s->w, SLOT_READS, ACCESS_BATCH - writes);
		atomic_fetch_add_explicit(&s->w->ledger->ops, ACCESS_BATCH,
					  memory_order_relaxed);
	}
	return 0;
}

/*
 * Pages of a thread's part that stay behind the access: five eighths of the limit, so that
 * reclaim finds little to do beside what is sent out.
 */
static uint64_t pages_kept(const struct swap_state *s)
{
	return s->w->env->limit_bytes / s->page / s->params->threads / 8 * 5;
}

/* In order, each thread in a part of its own, with the device's queue kept filled both ways. */
static int sweep_pages(void *arg, unsigned index)
{
	const struct swap_state *s = arg;
	const struct swap_params *p = s->params;
	struct histogram *latency = p->latency ? &s->w->ledger->latency : NULL;
	uint64_t first = s->pages * index / p->threads;
	uint64_t nr = s->pages * (index + 1) / p->threads - first, kept = pages_kept(s);
	uint64_t end_ns = s->start_ns + p->duration_ns, at = 0;
	char *part = s->map + first * s->page;
	struct access a;

	access_init(&a, part, s->page, p->reads, s->w->ledger->seed ^ (index + 1));
	pattern_init(&a.pattern, PATTERN_SEQUENTIAL, nr, 0);
	while (worker_now_ns() < end_ns && !worker_should_stop(s->w)) {
		uint64_t step = min(nr - at, SWEEP_PAGES), next = (at + step) % nr;
		uint64_t behind = (at + nr - min(kept, nr - 1)) % nr;
		uint64_t writes;

		if (madvise(part + next * s->page, min(nr - next, SWEEP_PAGES) * s->page,
			    MADV_WILLNEED))
			return -errno;
		writes = access_run(&a, step, latency);
		if (madvise(part + behind * s->page, min(nr - behind, step) * s->page,
			    MADV_PAGEOUT))
			return -errno;
		worker_slot_add(s->w, SLOT_WRITES, writes);
		worker_slot_add(s->w, SLOT_READS, step - writes);
		atomic_fetch_add_explicit(&s->w->ledger->ops, step, memory_order_relaxed);
		at = next;
	}
	return 0;
}

static int run_pressure(struct worker *w)
{
	struct swap_state *s = w->state;
	int ret;

	s->start_ns = worker_now_ns();
	ret = fill_all(w);
	worker_slot_set(w, SLOT_FILL_NS, worker_now_ns() - s->start_ns);
	if (ret || !s->params->duration_ns || worker_should_stop(w))
		return ret;
	s->start_ns = worker_now_ns();
	ret = crew_run(&s->crew, s->params->back == BACK_WILLNEED ? sweep_pages : access_pages,
		       s);
	if (ret)
		ret = fail(w, ret, "ask for swapped pages");
	worker_slot_set(w, SLOT_ACCESS_NS, worker_now_ns() - s->start_ns);
	return ret;
}

static int swap_run(struct worker *w)
{
	const struct swap_params *p = w->params;

	return p->mode == MODE_PRESSURE ? run_pressure(w) : run_pageout(w);
}

static int swap_verify(struct worker *w)
{
	struct placement found;

	return count_pages(w, &found);
}

static void swap_release(struct worker *w)
{
	struct swap_state *s = w->state;

	if (!s)
		return;
	crew_stop(&s->crew);
	if (s->map)
		munmap(s->map, s->bytes);
	if (s->pagemap >= 0)
		close(s->pagemap);
	if (s->reclaim >= 0)
		close(s->reclaim);
	(void)munlockall(); /* it is about to exit */
	free(s->zipf);
	free(s);
	w->state = NULL;
}

const struct workload swap_workload = {
	.name = "swap",
	.summary = "exact swap-out and swap-in, or a working set beyond the limit",
	.truth = "mode=pageout: the mapping's size, exactly, in VmSwap, smaps, the page table "
		 "and the group's swap, and one fault for each page that comes back. "
		 "mode=pressure: what exceeds memory.max is in swap and nobody is killed.",
	.needs = NEED_SWAP,
	.options = options,
	.params_bytes = sizeof(struct swap_params),
	.slots = {
		[SLOT_PRESENT] = { "pages_present", UNIT_PAGES,
				   "pages that the page table has in memory at HELD" },
		[SLOT_SWAPPED] = { "pages_swapped", UNIT_PAGES,
				   "pages that the page table has in swap at HELD" },
		[SLOT_OUT] = { "pages_out", UNIT_PAGES, "pages that went out, all cycles" },
		[SLOT_OUT_NS] = { "out_ns", UNIT_NSEC, "time of going out" },
		[SLOT_OUT_RATE] = { "out_rate", UNIT_PAGES, "pages per second out" },
		[SLOT_CACHED] = { "cached_pages", UNIT_PAGES,
				  "swapped pages still in the swap cache by mincore" },
		[SLOT_BACK] = { "pages_back", UNIT_PAGES, "pages that came back, all cycles" },
		[SLOT_BACK_NS] = { "back_ns", UNIT_NSEC, "time of coming back" },
		[SLOT_BACK_RATE] = { "back_rate", UNIT_PAGES, "pages per second back" },
		[SLOT_BACK_FAULTS] = { "back_faults", UNIT_COUNT,
				       "faults while coming back, by getrusage" },
		[SLOT_BACK_MAJOR] = { "back_major_faults", UNIT_COUNT,
				      "major ones of them" },
		[SLOT_TOUCHED] = { "pages_touched", UNIT_PAGES, "pages of the first touch" },
		[SLOT_FILL_NS] = { "fill_ns", UNIT_NSEC, "time of the first touch" },
		[SLOT_READS] = { "reads", UNIT_COUNT, "accesses that read" },
		[SLOT_WRITES] = { "writes", UNIT_COUNT, "accesses that wrote" },
		[SLOT_ACCESS_NS] = { "access_ns", UNIT_NSEC, "time of those accesses" },
	},
	.check = swap_check,
	.footprint = swap_footprint,
	.target = swap_target,
	.seconds = swap_seconds,
	.claims = swap_claims,
	.prepare = swap_prepare,
	.run = swap_run,
	.verify = swap_verify,
	.release = swap_release,
};
