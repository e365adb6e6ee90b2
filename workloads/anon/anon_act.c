// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker of anon: touches its mapping, in slices by thread, then accesses it. */
#include "workloads/anon/anon.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/act/crew.h"
#include "workloads/act/pace.h"
#include "workloads/act/touch.h"
#include "workloads/api/arith.h"
#include "workloads/probe/placement.h"

#define ACCESS_BATCH 64 /* accesses between looks at the clock */

struct anon_state {
	struct worker *w;
	const struct anon_params *params;
	char *map;
	uint64_t bytes, unit_bytes, units; /* a unit is the page that one fault maps */
	bool counts; /* touched bytes are allocated and count towards the target */
	int pagemap;
	uint64_t start_ns;
	struct touch touch;
	struct fill fill;
	struct zipf *zipf; /* NULL unless the draw is zipf */
	struct crew crew;
};

int anon_prepare(struct worker *w)
{
	const struct anon_params *p = w->params;
	struct anon_state *s = calloc(1, sizeof(*s));
	bool huge = p->pages == PAGES_HUGE;
	uint64_t align = w->env->pmd_bytes ? w->env->pmd_bytes : env_table_reach_bytes(w->env);
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->w = w;
	s->params = p;
	s->bytes = anon_held_bytes(p, w->env);
	s->counts = anon_target(p, w->env) > 0;
	s->unit_bytes = huge ? w->env->pmd_bytes : w->env->page_bytes;
	s->units = round_up(s->bytes, s->unit_bytes) / s->unit_bytes;
	s->pagemap = placement_open();
	if (s->pagemap < 0)
		return worker_fail(w, -s->pagemap, "cannot open /proc/self/pagemap: %s",
				   strerror(-s->pagemap));
	s->map = worker_map_measured(w, s->bytes, align, huge);
	if (!s->map)
		return -errno;
	fill_init(&s->fill, p->fill, w->ledger->seed);
	touch_init(&s->touch, (enum touch_kind)p->touch, w->env->page_bytes,
		   huge ? w->env->pmd_bytes : 0, &s->fill);
	ret = p->access_ns ? access_zipf(&p->law, s->bytes / w->env->page_bytes, &s->zipf) : 0;
	if (ret)
		return ret;
	ret = crew_start(&s->crew, (unsigned)p->threads);
	if (ret)
		return worker_fail(w, -ret, "cannot start %" PRIu64 " threads: %s", p->threads,
				   strerror(-ret));
	return 0;
}

static void count_touched(const struct anon_state *s, uint64_t bytes)
{
	struct ledger *l = s->w->ledger;

	if (s->counts)
		atomic_fetch_add_explicit(&l->achieved_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&l->moved_bytes, bytes, memory_order_relaxed);
	worker_slot_add(s->w, SLOT_PAGES_TOUCHED, bytes / s->w->env->page_bytes);
}

/* A thread's part of the mapping, in units. */
struct slice {
	char *start;
	uint64_t bytes, block; /* block: number of its first one in the fill's stream */
	struct pattern order;
	struct pace pace;
};

static void slice_init(const struct anon_state *s, unsigned index, struct slice *slice)
{
	const struct anon_params *p = s->params;
	uint64_t from = s->units * index / p->threads * s->unit_bytes;
	uint64_t to = s->units * (index + 1) / p->threads * s->unit_bytes;
	uint64_t left_out = 0;

	if (index + 1 == p->threads) {
		to = s->bytes;
		left_out = s->w->ledger->shortfall_pages * s->unit_bytes;
	}
	slice->start = s->map + from;
	slice->bytes = to - from > left_out ? to - from - left_out : 0;
	slice->block = from / FILL_BLOCK_BYTES;
	slice->pace = (struct pace){ .shape = PACE_LINEAR };
	if (p->rate)
		slice->pace.rate =
			(uint64_t)((unsigned __int128)p->rate * (to - from) / s->bytes);
	pattern_init(&slice->order, (enum pattern_kind)p->pattern,
		     round_up(slice->bytes, s->unit_bytes) / s->unit_bytes + !slice->bytes,
		     s->w->ledger->seed + index);
	pattern_set_stride(&slice->order, p->stride);
}

/* Touches about `bytes` more of the slice, at least a unit, and adds them to *done. */
static int touch_step(const struct anon_state *s, struct slice *slice, uint64_t bytes,
		      uint64_t *done)
{
	uint64_t touched = 0;
	int ret = 0;

	bytes = min(bytes, s->touch.step_bytes);
	if (slice->order.kind == PATTERN_SEQUENTIAL) {
		ret = touch_range(&s->touch, slice->start + *done, bytes,
				  slice->block + *done / FILL_BLOCK_BYTES);
		touched = bytes;
	}
	while (touched < bytes && !ret) {
		uint64_t at = pattern_walk(&slice->order) * s->unit_bytes;
		uint64_t length = min(s->unit_bytes, slice->bytes - at);

		ret = touch_range(&s->touch, slice->start + at, length,
				  slice->block + at / FILL_BLOCK_BYTES);
		touched += length;
	}
	if (ret)
		return ret;
	*done += touched;
	count_touched(s, touched);
	return 0;
}

static uint64_t slice_due(const struct anon_state *s, const struct slice *slice)
{
	uint64_t due = pace_due(&slice->pace, worker_now_ns() - s->start_ns);

	return due >= slice->bytes ? slice->bytes : due / s->unit_bytes * s->unit_bytes;
}

static int touch_slice(void *arg, unsigned index)
{
	struct anon_state *s = arg;
	struct slice slice;
	uint64_t done = 0;
	int ret = 0;

	slice_init(s, index, &slice);
	while (done < slice.bytes && !ret && !worker_should_stop(s->w)) {
		uint64_t due = slice_due(s, &slice);

		while (done < due && !ret && !worker_should_stop(s->w))
			ret = touch_step(s, &slice, due - done, &done);
		if (due < slice.bytes && !ret)
			worker_sleep_until(
				s->w, s->start_ns + pace_wake(&slice.pace, done, s->unit_bytes,
							      slice.bytes,
							      worker_now_ns() - s->start_ns));
	}
	return ret;
}

static int access_pages(void *arg, unsigned index)
{
	const struct anon_state *s = arg;
	const struct anon_params *p = s->params;
	struct histogram *latency = p->latency ? &s->w->ledger->latency : NULL;
	uint64_t page = s->w->env->page_bytes, seed = s->w->ledger->seed ^ (index + 1);
	uint64_t end_ns = s->start_ns + p->access_ns;
	struct access a;

	access_init(&a, s->map, page, p->law.reads, seed);
	access_follow(&a, &p->law, s->bytes / page, s->zipf, seed);
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
 * Pages whose first word is the one that was to be written. Only where all pages are
 * present: a read would fault in a missing page and hide that it was missing.
 */
static uint64_t pages_filled(const struct anon_state *s, uint64_t page_bytes)
{
	uint64_t filled = 0;

	for (uint64_t at = 0; at < s->bytes; at += page_bytes)
		filled += *(const volatile uint64_t *)(s->map + at) ==
			  fill_word(&s->fill, at / FILL_BLOCK_BYTES);
	return filled;
}

/* Replaces the loop's own count by that of the page table. */
int anon_verify(struct worker *w)
{
	const struct anon_state *s = w->state;
	const uint64_t page = w->env->page_bytes;
	struct placement found;
	int ret = placement_count(s->pagemap, s->map, s->bytes, page, &found);

	if (ret)
		return worker_fail(w, -ret, "cannot read /proc/self/pagemap: %s",
				   strerror(-ret));
	worker_slot_set(w, SLOT_PAGES_PRESENT, found.present);
	worker_slot_set(w, SLOT_PAGES_SWAPPED, found.swapped);
	if (s->counts)
		worker_achieved(w, min((found.present + found.swapped) * page,
				       anon_target(s->params, w->env)));
	if (found.present * page == s->bytes)
		worker_slot_set(w, SLOT_PAGES_FILLED, pages_filled(s, page));
	return 0;
}

int anon_run(struct worker *w)
{
	struct anon_state *s = w->state;
	int ret;

	s->start_ns = worker_now_ns();
	ret = crew_run(&s->crew, touch_slice, s);
	worker_slot_set(w, SLOT_FILL_NS, worker_now_ns() - s->start_ns);
	if (ret)
		return worker_fail(w, -ret, "cannot touch the mapping: %s", strerror(-ret));
	if (s->params->access_ns && !worker_should_stop(w)) {
		s->start_ns = worker_now_ns();
		crew_run(&s->crew, access_pages, s);
	}
	return 0;
}

void anon_release(struct worker *w)
{
	struct anon_state *s = w->state;

	if (!s)
		return;
	crew_stop(&s->crew);
	if (s->map)
		munmap(s->map, s->bytes);
	if (s->pagemap >= 0)
		close(s->pagemap);
	free(s->zipf);
	free(s);
	w->state = NULL;
}
