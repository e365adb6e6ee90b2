// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * swap: swaps a mapping out and in, exact to the page; or keeps a working set that exceeds
 * the group's limit.
 *
 * Exact: mode=pageout swaps every page of a mapping out to the private swap device and may
 *   swap it in again: VmSwap, Swap of the mapping, the page table and the group's swap show
 *   exactly its size, and each page swapped in is one fault. mode=pressure holds ratio times
 *   memory.max: what exceeds the limit is in swap, and no process is killed.
 * Moves: pswpout and pswpin of the machine, zswpout and zswpin for pages that zswap keeps, and
 *   swpout_zero and swpin_zero for zero-filled ones: their sum; the same of the group where
 *   memory.stat has these keys (v2); Used of the private device; majflt by one per page from
 *   zram, and from a file by as few as one per 2^page-cluster pages; in the group pgmajfault,
 *   failcnt or events.max, and memory.pressure (v2).
 * Unchanged: oom_kill; pswpout for zero-filled pages from Linux 6.12 on, which are recorded
 *   in a bitmap only; the group's swapcached after swap-out; other swap devices, as the private
 *   one has the highest priority.
 * Caveats: pages of a swap file stay in the swap cache until they are reclaimed; until then
 *   swap of a v1 group is 0 and swap-in is a minor fault. So the swap cache is dropped first,
 *   and checked by mincore. After swap-in from a file its slots stay used. A DAMON reclaimer
 *   swaps other processes' pages to the device with the highest priority: Used may exceed the
 *   workload's own. The rest of the worker's memory is locked, and not swapped out.
 */
#include "workloads/swap/swap.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/probe/reclaim.h"

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
	FILL_OPTION("random", AT(fill)),
	{ .name = "back",
	  .type = OPTION_CHOICE,
	  .fallback = "none",
	  .choices = "none|read|write|willneed",
	  .help = "swap in: by reading or writing each page, or by MADV_WILLNEED first; with mode=pressure willneed prefetches ahead of a sequential access and pages out behind it",
	  AT(back) },
	WALK_OPTION("order of the swap-in", AT(pattern)),
	STRIDE_OPTION("pages from one access to the next, when a pattern is stride",
		      AT(stride)),
	{ .name = "cycles",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = "1000000",
	  .help = "number of swap-outs, each followed by a swap-in; 1 with back=none",
	  AT(cycles) },
	{ .name = "ratio",
	  .type = OPTION_RATIO,
	  .fallback = "200%",
	  .min = "1.05",
	  .max = "64",
	  .help = "working set of mode=pressure relative to memory.max",
	  AT(ratio) },
	{ .name = "duration",
	  .type = OPTION_SECONDS,
	  .fallback = "2s",
	  .max = "1d",
	  .help = "access the working set for this long after the first touch",
	  AT(duration_ns) },
	ACCESS_OPTIONS(swap_params),
	THREADS_OPTION("threads that access the working set with mode=pressure", AT(threads)),
	{ .name = "stall",
	  .type = OPTION_RATIO,
	  .fallback = "0%",
	  .min = "0",
	  .max = "1",
	  .help = "claim that at least this share of duration is lost to memory stalls (PSI)",
	  AT(stall) },
	LATENCY_OPTION("no", "time each access (adds two clock readings to it)", AT(latency)),
	{ .name = NULL },
};

/* ---- in the worker ---- */

int swap_fail(struct worker *w, int ret, const char *what)
{
	return worker_fail(w, -ret, "cannot %s: %s", what, strerror(-ret));
}

/* Another device of the same or a higher priority would take the pages. */
static int check_priority(struct worker *w)
{
	char line[1024], path[512];
	int priority, own = INT_MIN, best = INT_MIN;
	FILE *f = fopen("/proc/swaps", "re");

	if (!f)
		return swap_fail(w, -errno, "open /proc/swaps");
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
	return worker_fail(
		w, EBUSY,
		"another swap device has priority %d and %s has %d: set swap.priority=32767",
		best, w->env->swap_path, own);
}

int swap_fill_all(struct worker *w)
{
	struct swap_state *s = w->state;
	uint64_t left_out = w->ledger->shortfall_pages * s->page;
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
	return ret ? swap_fail(w, ret, "touch the mapping") : 0;
}

/* Before the measured mapping is made: the rest is neither swapped out nor in. */
static int lock_own(struct worker *w)
{
	return mlockall(MCL_CURRENT) ? swap_fail(w, -errno, "lock the worker's own memory") : 0;
}

static int open_all(struct worker *w)
{
	struct swap_state *s = w->state;
	int ret = crew_start(&s->crew, (unsigned)s->params->threads);

	if (ret)
		return swap_fail(w, ret, "start threads");
	s->pagemap = placement_open();
	if (s->pagemap < 0)
		return swap_fail(w, s->pagemap, "open /proc/self/pagemap");
	if (swap_must_drop(s->params, w->env))
		s->reclaim = reclaim_open(w->env);
	if (swap_must_drop(s->params, w->env) && s->reclaim < 0)
		return swap_fail(w, s->reclaim, "open the group's file for reclaim");
	return lock_own(w);
}

static int swap_prepare(struct worker *w)
{
	const struct swap_params *p = w->params;
	struct swap_state *s = calloc(1, sizeof(*s));
	uint64_t align = w->env->pmd_bytes ? w->env->pmd_bytes : env_table_reach_bytes(w->env);
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
	ret = p->mode == MODE_PRESSURE ? access_zipf(&p->law, s->pages, &s->zipf) : 0;
	if (!ret)
		ret = check_priority(w);
	if (!ret)
		ret = open_all(w);
	if (ret)
		return ret;
	s->map = worker_map_measured(w, s->bytes, align, false);
	if (!s->map)
		return -errno;
	return p->mode == MODE_PAGEOUT ? swap_fill_all(w) : 0;
}

int swap_count_pages(struct worker *w, struct placement *found)
{
	const struct swap_state *s = w->state;
	int ret = placement_count(s->pagemap, s->map, s->bytes, s->page, found);

	if (ret)
		return swap_fail(w, ret, "read /proc/self/pagemap");
	worker_slot_set(w, SLOT_PRESENT, found->present);
	worker_slot_set(w, SLOT_SWAPPED, found->swapped);
	worker_achieved(w, (found->present + found->swapped) * s->page);
	return 0;
}

static int swap_run(struct worker *w)
{
	const struct swap_params *p = w->params;

	return p->mode == MODE_PRESSURE ? swap_run_pressure(w) : swap_run_pageout(w);
}

static int swap_verify(struct worker *w)
{
	struct placement found;

	return swap_count_pages(w, &found);
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
	.truth = "mode=pageout: exactly the mapping's size in VmSwap, smaps, the page table and the group's swap, and one fault per page swapped in. mode=pressure: what exceeds memory.max is in swap and no process is killed.",
	.needs = NEED_SWAP,
	.options = options,
	.params_bytes = sizeof(struct swap_params),
	.slots = {
		[SLOT_PRESENT] = { "pages_present", UNIT_PAGES,
				   "pages in memory at HELD by the page table" },
		[SLOT_SWAPPED] = { "pages_swapped", UNIT_PAGES,
				   "pages in swap at HELD by the page table" },
		[SLOT_OUT] = { "pages_out", UNIT_PAGES, "pages swapped out, all cycles" },
		[SLOT_OUT_NS] = { "out_ns", UNIT_NSEC, "time of the swap-out" },
		[SLOT_OUT_RATE] = { "out_rate", UNIT_PAGES, "pages per second swapped out" },
		[SLOT_CACHED] = { "cached_pages", UNIT_PAGES,
				  "swapped pages still in the swap cache by mincore" },
		[SLOT_BACK] = { "pages_back", UNIT_PAGES, "pages swapped in, all cycles" },
		[SLOT_BACK_NS] = { "back_ns", UNIT_NSEC, "time of the swap-in" },
		[SLOT_BACK_RATE] = { "back_rate", UNIT_PAGES, "pages per second swapped in" },
		[SLOT_BACK_FAULTS] = { "back_faults", UNIT_COUNT,
				       "faults during the swap-in, by getrusage" },
		[SLOT_BACK_MAJOR] = { "back_major_faults", UNIT_COUNT,
				      "those of them that are major" },
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
