// SPDX-License-Identifier: GPL-2.0-or-later
/* The file that dirty writes: made before READY, removed at release. */
#include "workloads/dirty/dirty.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The file before it is rewritten: written as a whole, in the cache and clean. */
static int write_first(struct worker *w)
{
	const struct dirty_state *s = w->state;
	int ret = 0;

	for (uint64_t at = 0; at < s->bytes && !ret; at += s->block) {
		if (worker_should_stop(w))
			return -EINTR;
		fill_write(&s->fill, s->buffer, s->block, at / FILL_BLOCK_BYTES + 1);
		ret = dirty_write_all(s->file.fd, s->buffer, s->block, at);
	}
	if (!ret && fsync(s->file.fd))
		ret = -errno;
	return ret ? dirty_fail(w, ret, "write") : 0;
}

static int map_file(struct worker *w)
{
	struct dirty_state *s = w->state;
	void *map = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->file.fd, 0);

	if (map == MAP_FAILED)
		return dirty_fail(w, -errno, "map");
	s->map = map;
	return 0;
}

/*
 * In a virtual machine free memory may have been returned to the host: faults in and frees as
 * much as the growing file will take. The frame's prewarming comes after prepare() and would
 * exceed the limit together with a file that exists already.
 */
static void prewarm(uint64_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (map != MAP_FAILED)
		munmap(map, bytes);
}

/* Syncs a new inode first, so that its metadata does not count as the workload's. */
static int prepare(struct worker *w)
{
	const struct dirty_params *p = w->params;
	struct dirty_state *s = w->state;
	int ret;

	if (p->mode == MODE_APPEND)
		prewarm(s->bytes);
	ret = scratch_create(w, &s->file);
	if (!ret && p->mode == MODE_REWRITE)
		ret = write_first(w);
	else if (!ret && fsync(s->file.fd))
		ret = dirty_fail(w, -errno, "sync");
	if (!ret && p->method == METHOD_MMAP)
		ret = map_file(w);
	return ret ? ret : dirty_evicted(w, &s->evicted_before);
}

int dirty_prepare(struct worker *w)
{
	const struct dirty_params *p = w->params;
	struct dirty_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->file.fd = -1;
	s->block = dirty_block_bytes(p, w->env);
	s->bytes = dirty_file_bytes(p, w->env);
	if (fill_init(&s->fill, p->fill, w->ledger->seed))
		return -EINVAL;
	pattern_init(&s->pattern, (enum pattern_kind)p->pattern, s->bytes / s->block,
		     w->ledger->seed);
	pattern_set_stride(&s->pattern, p->stride);
	s->buffer = mmap(NULL, s->block, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (s->buffer == MAP_FAILED) {
		s->buffer = NULL;
		return -errno;
	}
	return prepare(w);
}

void dirty_release(struct worker *w)
{
	struct dirty_state *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->bytes);
	if (s->buffer)
		munmap(s->buffer, s->block);
	scratch_remove(&s->file);
	free(s);
	w->state = NULL;
}
