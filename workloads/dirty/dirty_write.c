// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker of dirty: writes the blocks as they fall due, and syncs or truncates the file. */
#include "workloads/dirty/dirty.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "workloads/act/pace.h"
#include "workloads/probe/residency.h"

int dirty_fail(struct worker *w, int ret, const char *act)
{
	const struct dirty_state *s = w->state;

	return worker_fail(w, -ret, "cannot %s %s: %s", act, s->file.path, strerror(-ret));
}

int dirty_write_all(int fd, const char *from, uint64_t bytes, uint64_t at)
{
	while (bytes) {
		ssize_t n = pwrite(fd, from, bytes, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		from += n;
		at += (uint64_t)n;
		bytes -= (uint64_t)n;
	}
	return 0;
}

static int write_block(const struct dirty_state *s, uint64_t at, uint64_t bytes)
{
	uint64_t first = at / FILL_BLOCK_BYTES;

	if (s->map) {
		fill_write(&s->fill, s->map + at, bytes, first);
		return 0;
	}
	fill_write(&s->fill, s->buffer, bytes, first);
	return dirty_write_all(s->file.fd, s->buffer, bytes, at);
}

static int sync_now(struct worker *w)
{
	const struct dirty_state *s = w->state;
	uint64_t start = worker_now_ns(), ns;

	if (fsync(s->file.fd))
		return dirty_fail(w, -errno, "sync");
	ns = worker_now_ns() - start;
	worker_slot_add(w, SLOT_FSYNCS, 1);
	worker_slot_add(w, SLOT_FSYNC_NS, ns);
	if (ns > w->ledger->slot[SLOT_FSYNC_MAX_NS])
		worker_slot_set(w, SLOT_FSYNC_MAX_NS, ns);
	return 0;
}

/* Bytes to write of the block at `at`; the fault injection leaves out the file's last pages. */
static uint64_t due_bytes(const struct worker *w, uint64_t at)
{
	const struct dirty_state *s = w->state;
	uint64_t left_out = w->ledger->shortfall_pages * w->env->page_bytes;
	uint64_t end = s->bytes > left_out ? s->bytes - left_out : 0;

	if (at >= end)
		return 0;
	return end - at < s->block ? end - at : s->block;
}

static int put_block(struct worker *w, uint64_t nr)
{
	const struct dirty_params *p = w->params;
	struct dirty_state *s = w->state;
	uint64_t at = pattern_walk(&s->pattern) * s->block, bytes = due_bytes(w, at);
	uint64_t every = dirty_fsync_bytes(p, w->env) / s->block;
	int ret = bytes ? write_block(s, at, bytes) : 0;

	if (ret)
		return dirty_fail(w, ret, "write");
	worker_slot_add(w, SLOT_WRITTEN, bytes / w->env->page_bytes);
	atomic_fetch_add_explicit(&w->ledger->moved_bytes, bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->ledger->ops, 1, memory_order_relaxed);
	return every && (nr + 1) % every == 0 ? sync_now(w) : 0;
}

/* Waits until block nr is due, if it is not yet; returns its due time. */
static uint64_t wait_until_due(struct worker *w, const struct pace *pace, uint64_t start,
			       uint64_t nr)
{
	const struct dirty_state *s = w->state;
	uint64_t due = start + pace_when(pace, nr * s->block), now = worker_now_ns();

	if (!pace->rate)
		return now;
	if (due > now)
		worker_sleep_until(w, due);
	else if (now > start + pace_when(pace, (nr + 1) * s->block))
		worker_slot_add(w, SLOT_LATE, 1);
	return due;
}

static int put_all(struct worker *w)
{
	const struct dirty_params *p = w->params;
	const struct dirty_state *s = w->state;
	const struct pace pace = { .shape = PACE_LINEAR, .rate = p->rate };
	uint64_t nr = dirty_written_bytes(p, w->env) / s->block, start = worker_now_ns();
	int ret = 0;

	for (uint64_t i = 0; i < nr && !ret && !worker_should_stop(w); i++) {
		uint64_t due = p->latency || p->rate ? wait_until_due(w, &pace, start, i) : 0;

		ret = put_block(w, i);
		if (p->latency)
			histogram_add(&w->ledger->latency, worker_now_ns() - due);
	}
	return ret;
}

/* 0 each on a kernel without cachestat(2). */
static int count_dirty(struct worker *w, uint64_t *dirty, uint64_t *writeback)
{
	const struct dirty_state *s = w->state;
	int ret;

	*dirty = *writeback = 0;
	ret = env_has(w->env, CAPABILITY_CACHESTAT)
		      ? residency_unclean(s->file.fd, dirty, writeback)
		      : 0;
	return ret ? dirty_fail(w, ret, "get the cachestat of") : 0;
}

int dirty_evicted(struct worker *w, uint64_t *evicted)
{
	const struct dirty_state *s = w->state;
	uint64_t resident;
	int ret;

	*evicted = 0;
	ret = env_has(w->env, CAPABILITY_CACHESTAT)
		      ? residency_cachestat(s->file.fd, &resident, evicted)
		      : 0;
	return ret ? dirty_fail(w, ret, "get the cachestat of") : 0;
}

static int discard(struct worker *w)
{
	const struct dirty_state *s = w->state;
	uint64_t dirty, writeback;
	int ret = count_dirty(w, &dirty, &writeback);

	if (ret)
		return ret;
	if (ftruncate(s->file.fd, 0))
		return dirty_fail(w, -errno, "truncate");
	worker_slot_set(w, SLOT_DISCARDED, dirty);
	return 0;
}

int dirty_run(struct worker *w)
{
	const struct dirty_params *p = w->params;
	int ret = put_all(w);
	uint64_t start = worker_now_ns();

	if (!ret && p->finish == FINISH_FSYNC)
		ret = sync_now(w);
	else if (!ret && p->finish == FINISH_DISCARD)
		ret = discard(w);
	worker_slot_set(w, SLOT_FINISH_NS, worker_now_ns() - start);
	return ret;
}

int dirty_verify(struct worker *w)
{
	const struct dirty_state *s = w->state;
	uint64_t dirty, writeback, evicted;
	int ret = count_dirty(w, &dirty, &writeback);

	if (!ret)
		ret = dirty_evicted(w, &evicted);
	if (ret)
		return ret;
	worker_slot_set(w, SLOT_DIRTY, dirty);
	worker_slot_set(w, SLOT_WRITEBACK, writeback);
	worker_slot_set(w, SLOT_RECLAIMED,
			evicted > s->evicted_before ? evicted - s->evicted_before : 0);
	worker_achieved(w, dirty * w->env->page_bytes);
	return 0;
}
