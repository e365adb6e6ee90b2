// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker of lazyfree: fills its mapping before READY, gives it away, writes it again. */
#include "workloads/lazyfree/lazyfree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "workloads/act/lru.h"
#include "workloads/api/arith.h"
#include "workloads/probe/placement.h"
#include "workloads/probe/reclaim.h"

#ifndef MADV_COLD
#define MADV_COLD    20 /* Linux 5.4, include/uapi/asm-generic/mman-common.h */
#define MADV_PAGEOUT 21
#endif

#define STEP_BYTES   (16u << 20) /* between two looks at the stop flag */
#define TRIES	     50		 /* times TRY_PAUSE_NS: a busy page is skipped */
#define TRY_PAUSE_NS 20000000u
#define AGAIN	     (1ull << 40) /* block numbers of what is written again: another content */

struct lazyfree_state {
	char *map;
	struct lru lru;
	uint64_t page, pages, again, bytes;
	int pagemap, reclaim; /* descriptors; -1: not open */
	struct fill fill;
};

static int failed(struct worker *w, int ret, const char *what)
{
	return worker_fail(w, -ret, "cannot %s: %s", what, strerror(-ret));
}

/* The block of the fill's stream that a page starts with, first or when written again. */
static uint64_t block_of(const struct lazyfree_state *s, uint64_t page, bool again)
{
	return page * s->page / FILL_BLOCK_BYTES + (again ? AGAIN : 0);
}

static int open_all(struct worker *w)
{
	const struct lazyfree_params *p = w->params;
	struct lazyfree_state *s = w->state;

	s->pagemap = placement_open();
	if (s->pagemap < 0)
		return failed(w, s->pagemap, "open /proc/self/pagemap");
	if (!p->reclaim)
		return 0;
	s->reclaim = reclaim_open(w->env);
	return s->reclaim < 0 ? failed(w, s->reclaim, "open the group's reclaim file") : 0;
}

static void fill_pages(const struct lazyfree_state *s, uint64_t nr, bool again)
{
	for (uint64_t i = 0; i < nr; i++)
		*(volatile uint64_t *)(s->map + i * s->page) =
			fill_word(&s->fill, block_of(s, i, again));
}

int lazyfree_prepare(struct worker *w)
{
	const struct lazyfree_params *p = w->params;
	struct lazyfree_state *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->page = w->env->page_bytes;
	s->pages = lazyfree_pages(p, w->env);
	s->again = lazyfree_rewritten(p, w->env);
	s->bytes = s->pages * s->page;
	s->pagemap = s->reclaim = -1;
	ret = lru_open(w, &s->lru);
	if (!ret)
		ret = open_all(w);
	if (ret)
		return ret;
	fill_init(&s->fill, p->fill, w->ledger->seed);
	if (mlockall(MCL_CURRENT))
		return failed(w, -errno, "lock the worker's own memory");
	s->map = worker_map_measured(w, s->bytes, s->page, false);
	if (!s->map)
		return -errno;
	for (uint64_t at = 0; at < s->bytes; at += s->page)
		fill_write(&s->fill, s->map + at, s->page, block_of(s, at / s->page, false));
	return 0;
}

/* ---- run ---- */

static const int advices[] = { [ADVICE_FREE] = MADV_FREE,
			       [ADVICE_DONTNEED] = MADV_DONTNEED,
			       [ADVICE_COLD] = MADV_COLD,
			       [ADVICE_PAGEOUT] = MADV_PAGEOUT };

static int advise(struct worker *w, uint64_t bytes, int advice)
{
	const struct lazyfree_state *s = w->state;

	for (uint64_t at = 0; at < bytes && !worker_should_stop(w); at += STEP_BYTES)
		if (madvise(s->map + at, min(STEP_BYTES, bytes - at), advice))
			return failed(w, -errno, "advise the kernel by madvise");
	return 0;
}

/*
 * A page that another process's compaction holds isolated is skipped: a second advice finds
 * it, and does not count the others again. An advice of an untouched page drains what the
 * first two left on this CPU's lists.
 */
static int settle(struct worker *w, uint64_t bytes, int advice)
{
	const struct lazyfree_state *s = w->state;
	struct placement found = { 0 };
	int ret = 0;

	if (advice == MADV_FREE) {
		ret = advise(w, bytes, advice);
		lru_drain(&s->lru);
	}
	for (unsigned i = 0; advice == MADV_PAGEOUT && i < TRIES && !ret; i++) {
		ret = placement_count(s->pagemap, s->map, bytes, s->page, &found);
		if (ret || found.swapped * s->page >= bytes)
			break;
		worker_sleep_until(w, worker_now_ns() + TRY_PAUSE_NS);
		ret = advise(w, bytes, advice);
	}
	worker_slot_set(w, SLOT_PAGES_OUT, found.swapped);
	return ret;
}

static int give_away(struct worker *w)
{
	const struct lazyfree_params *p = w->params;
	const struct lazyfree_state *s = w->state;
	/* Fault injection: the last pages are kept. */
	const uint64_t kept = min(w->ledger->shortfall_pages * s->page, s->bytes);
	const uint64_t bytes = s->bytes - kept, start_ns = worker_now_ns();
	int ret;

	if (!bytes)
		return 0;
	ret = advise(w, bytes, advices[p->advice]);
	worker_slot_set(w, SLOT_ADVISE_NS, worker_now_ns() - start_ns);
	if (!ret)
		ret = settle(w, bytes, advices[p->advice]);
	if (ret || worker_should_stop(w))
		return ret;
	worker_slot_set(w, SLOT_PAGES_ADVISED, bytes / s->page);
	atomic_fetch_add_explicit(&w->ledger->moved_bytes, bytes, memory_order_relaxed);
	return 0;
}

static void write_again(struct worker *w)
{
	const struct lazyfree_state *s = w->state;
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	fill_pages(s, s->again, true);
	getrusage(RUSAGE_SELF, &after);
	worker_slot_set(w, SLOT_PAGES_REWRITTEN, s->again);
	worker_slot_set(w, SLOT_REWRITE_FAULTS,
			(uint64_t)(after.ru_minflt - before.ru_minflt + after.ru_majflt -
				   before.ru_majflt));
}

/* Until no more than the pages that were written again are left, or TRIES. */
static int reclaim(struct worker *w)
{
	const struct lazyfree_state *s = w->state;
	struct placement found = { 0 };
	int ret = 0;

	/* mlock() of 0 bytes is none. */
	if (w->env->cgroup_version == 1 && mlock(s->map, s->again * s->page))
		return failed(w, -errno, "lock the pages written again");
	for (unsigned i = 0; i < TRIES && !ret && !worker_should_stop(w); i++) {
		if (i)
			worker_sleep_until(w, worker_now_ns() + TRY_PAUSE_NS);
		ret = reclaim_now(w->env, s->reclaim, (s->pages - s->again) * s->page);
		if (!ret)
			ret = placement_count(s->pagemap, s->map, s->bytes, s->page, &found);
		if (found.present <= s->again)
			break;
	}
	worker_slot_set(w, SLOT_PAGES_DISCARDED, s->pages - found.present);
	return ret ? failed(w, ret, "reclaim the group's memory") : 0;
}

int lazyfree_run(struct worker *w)
{
	const struct lazyfree_params *p = w->params;
	const struct lazyfree_state *s = w->state;
	int ret = give_away(w);

	if (ret || worker_should_stop(w))
		return ret;
	write_again(w);
	if (p->idle_ns)
		worker_sleep_until(w, worker_now_ns() + p->idle_ns);
	return p->reclaim && s->again < s->pages ? reclaim(w) : 0;
}

/* ---- afterwards ---- */

int lazyfree_verify(struct worker *w)
{
	const struct lazyfree_state *s = w->state;
	struct placement found;
	int ret = placement_count(s->pagemap, s->map, s->bytes, s->page, &found);

	if (ret)
		return failed(w, ret, "read /proc/self/pagemap");
	worker_slot_set(w, SLOT_PAGES_PRESENT, found.present);
	worker_achieved(w, min(found.present * s->page, lazyfree_target(w->params, w->env)));
	return 0;
}

/* After BYE, because a read faults in what is gone. */
static void read_all(struct worker *w)
{
	const struct lazyfree_state *s = w->state;
	uint64_t kept = 0, zero = 0;

	for (uint64_t i = 0; i < s->pages; i++) {
		const uint64_t word = *(const volatile uint64_t *)(s->map + i * s->page);

		kept += word == fill_word(&s->fill, block_of(s, i, i < s->again));
		zero += !word;
	}
	worker_slot_set(w, SLOT_PAGES_KEPT, kept);
	worker_slot_set(w, SLOT_PAGES_ZERO, zero);
}

void lazyfree_release(struct worker *w)
{
	struct lazyfree_state *s = w->state;

	if (!s)
		return;
	if (s->map) {
		if (w->ledger->slot[SLOT_PAGES_ADVISED])
			read_all(w);
		munmap(s->map, s->bytes);
	}
	lru_close(&s->lru);
	if (s->pagemap >= 0)
		close(s->pagemap);
	if (s->reclaim >= 0)
		close(s->reclaim);
	free(s);
	w->state = NULL;
}
