// SPDX-License-Identifier: GPL-2.0-or-later
/* mode=pressure of swap: a working set that exceeds the group's limit, and access to it. */
#include "workloads/swap/swap.h"

#include <errno.h>

#include "workloads/act/pattern.h"
#include "workloads/api/arith.h"

#define ACCESS_BATCH 16	 /* accesses between clock readings: each may wait for the disk */
#define SWEEP_PAGES  256 /* prefetched ahead and paged out behind at a time */

static int access_pages(void *arg, unsigned index)
{
	const struct swap_state *s = arg;
	const struct swap_params *p = s->params;
	struct histogram *latency = p->latency ? &s->w->ledger->latency : NULL;
	uint64_t seed = s->w->ledger->seed ^ (index + 1), end_ns = s->start_ns + p->duration_ns;
	struct access a;

	access_init(&a, s->map, s->page, p->law.reads, seed);
	access_follow(&a, &p->law, s->pages, s->zipf, seed);
	pattern_set_stride(&a.pattern, p->stride);
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
 * Pages of a thread's part that stay in memory behind the access: five eighths of the limit,
 * so that reclaim has little to do besides.
 */
static uint64_t pages_kept(const struct swap_state *s)
{
	return s->w->env->limit_bytes / s->page / s->params->threads / 8 * 5;
}

/* Sequential, each thread in its own part, with reads and writes queued at the device. */
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

	access_init(&a, part, s->page, p->law.reads, s->w->ledger->seed ^ (index + 1));
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

int swap_run_pressure(struct worker *w)
{
	struct swap_state *s = w->state;
	int ret;

	s->start_ns = worker_now_ns();
	ret = swap_fill_all(w);
	worker_slot_set(w, SLOT_FILL_NS, worker_now_ns() - s->start_ns);
	if (ret || !s->params->duration_ns || worker_should_stop(w))
		return ret;
	s->start_ns = worker_now_ns();
	ret = crew_run(&s->crew, s->params->back == BACK_WILLNEED ? sweep_pages : access_pages,
		       s);
	if (ret)
		ret = swap_fail(w, ret, "prefetch or page out");
	worker_slot_set(w, SLOT_ACCESS_NS, worker_now_ns() - s->start_ns);
	return ret;
}
