// SPDX-License-Identifier: GPL-2.0-or-later
/* mode=pageout of swap: swaps every page out, and in again. */
#include "workloads/swap/swap.h"

#include <errno.h>
#include <sys/resource.h>

#include "workloads/act/pattern.h"
#include "workloads/probe/reclaim.h"

#define OUT_STEP_BYTES (16u << 20) /* steps of 2 MiB are 5 % slower */
#define IN_STEP_BYTES  (2u << 20)
#define OUT_TRIES      50  /* times TRY_PAUSE_NS: a busy page is skipped */
#define DROP_TRIES     250 /* 5 s: a page under writeback cannot be dropped yet */
#define TRY_PAUSE_NS   20000000u

/* ---- out ---- */

static int page_out(struct worker *w, uint64_t bytes)
{
	const struct swap_state *s = w->state;

	for (uint64_t at = 0; at < bytes && !worker_should_stop(w); at += OUT_STEP_BYTES) {
		uint64_t step = bytes - at < OUT_STEP_BYTES ? bytes - at : OUT_STEP_BYTES;

		if (madvise(s->map + at, step, MADV_PAGEOUT))
			return swap_fail(w, -errno, "page out");
	}
	return 0;
}

static uint64_t rate(uint64_t pages, uint64_t ns)
{
	return (uint64_t)((double)pages * 1e9 / (double)(ns + !ns));
}

/* Repeated for pages that were busy: isolated, locked or under writeback. */
static int send_out(struct worker *w)
{
	const struct swap_state *s = w->state;
	uint64_t left_out = w->ledger->shortfall_pages * s->page, start = worker_now_ns(), ns;
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
			ret = swap_count_pages(w, &found);
	}
	worker_slot_add(w, SLOT_OUT, found.swapped);
	atomic_fetch_add_explicit(&w->ledger->moved_bytes, found.swapped * s->page,
				  memory_order_relaxed);
	worker_slot_set(w, SLOT_OUT_RATE,
			rate(w->ledger->slot[SLOT_OUT], w->ledger->slot[SLOT_OUT_NS]));
	return ret;
}

/* mincore(2) reports a swapped page that is in the swap cache. */
static int count_cached(struct worker *w, uint64_t *cached)
{
	struct swap_state *s = w->state;
	uint64_t sum = 0;

	for (uint64_t at = 0; at < s->pages; at += SWAP_MINCORE_PAGES) {
		uint64_t nr =
			s->pages - at < SWAP_MINCORE_PAGES ? s->pages - at : SWAP_MINCORE_PAGES;

		if (mincore(s->map + at * s->page, nr * s->page, s->mincore))
			return swap_fail(w, -errno, "read the mapping's pages by mincore");
		for (uint64_t i = 0; i < nr; i++)
			sum += s->mincore[i] & 1;
	}
	*cached = sum;
	return 0;
}

/* Until mincore(2) reports no more pages than the page table has present, or DROP_TRIES. */
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
			return swap_fail(w, ret, "reclaim the group's memory");
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

/* Prefetches a step ahead, so that I/O overlaps with the faults. */
static int bring_back_ahead(struct worker *w)
{
	const struct swap_state *s = w->state;

	for (uint64_t at = 0; at < s->bytes + IN_STEP_BYTES; at += IN_STEP_BYTES) {
		uint64_t step = at < s->bytes && s->bytes - at < IN_STEP_BYTES ? s->bytes - at
									       : IN_STEP_BYTES;

		if (at < s->bytes && madvise(s->map + at, step, MADV_WILLNEED))
			return swap_fail(w, -errno, "prefetch swapped pages");
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
	int ret = swap_count_pages(w, &there);

	if (ret)
		return ret;
	getrusage(RUSAGE_SELF, &before);
	start = worker_now_ns();
	ret = s->params->back == BACK_WILLNEED ? bring_back_ahead(w) : bring_back(w);
	worker_slot_add(w, SLOT_BACK_NS, worker_now_ns() - start);
	getrusage(RUSAGE_SELF, &after);
	if (!ret)
		ret = swap_count_pages(w, &found);
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

int swap_run_pageout(struct worker *w)
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
