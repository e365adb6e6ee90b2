// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of cache: written, evicted from the page cache, its warm part read in again. */
#include "workloads/cache/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "workloads/act/loopdev.h"
#include "workloads/probe/reclaim.h"

#define SYNC_BYTES     (32u << 20) /* the most that may be dirty under a limit */
#define EVICT_TRIES    20	   /* times EVICT_PAUSE_NS: pages in per-CPU LRU batches stay */
#define EVICT_PAUSE_NS 20000000u

static bool is_warm(const struct cache_state *s, uint64_t block)
{
	if (s->params->layout == LAYOUT_SPREAD)
		block = permutation_of(&s->scatter, block);
	return block < cache_warm_blocks(s->params, s->w->env);
}

/* ---- the file, cold and warm ---- */

static int write_step(const struct cache_state *s, char *buffer, uint64_t at)
{
	uint64_t bytes = s->bytes - at < CACHE_STEP_BYTES ? s->bytes - at : CACHE_STEP_BYTES,
		 done = 0;

	fill_write(&s->fill, buffer, bytes, at / FILL_BLOCK_BYTES);
	while (done < bytes) {
		ssize_t n = pwrite(s->file.fd, buffer + done, bytes - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		done += (uint64_t)n;
	}
	return 0;
}

/*
 * Dirty pages cannot be evicted and must not fill a limit that the file exceeds: at most a
 * quarter of it, in whole steps. 6.12 OOM-killed a worker that left 32 MiB dirty under a
 * limit of 32 MiB.
 */
static uint64_t dirty_bytes(const struct cache_params *p, const struct workload_env *env)
{
	uint64_t part = env->limit_bytes / 4 / CACHE_STEP_BYTES * CACHE_STEP_BYTES;

	if (p->evict != EVICT_OVERFLOW)
		return UINT64_MAX;
	if (part < CACHE_STEP_BYTES)
		return CACHE_STEP_BYTES;
	return part < SYNC_BYTES ? part : SYNC_BYTES;
}

static int write_file(struct worker *w, char *buffer)
{
	const struct cache_state *s = w->state;
	uint64_t sync = dirty_bytes(s->params, w->env);
	int ret = 0;

	for (uint64_t at = 0; at < s->bytes && !ret; at += CACHE_STEP_BYTES) {
		ret = write_step(s, buffer, at);
		if (!ret && at % sync == sync - CACHE_STEP_BYTES) {
			ret = fdatasync(s->file.fd) ? -errno : 0;
			(void)posix_fadvise(s->file.fd, 0, 0, POSIX_FADV_DONTNEED); /* below */
		}
		if (worker_should_stop(w))
			return -EINTR;
	}
	if (!ret && fsync(s->file.fd))
		ret = -errno;
	return ret ? cache_fail(w, ret, "write") : 0;
}

/* On tmpfs and ramfs every page is in memory: a read is no I/O. */
static int refuse_memory(struct worker *w)
{
	const struct cache_state *s = w->state;
	struct statfs fs;

	if (fstatfs(s->file.fd, &fs))
		return cache_fail(w, -errno, "get the file system of");
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
		return 0;
	return worker_fail(
		w, EOPNOTSUPP,
		"%s is in memory and not on a disk: choose a results directory on a disk with -o",
		s->file.path);
}

static int make_file(struct worker *w, char *buffer)
{
	struct cache_state *s = w->state;
	int ret;

	if (fill_init(&s->fill, "random", w->ledger->seed))
		return -EINVAL;
	ret = scratch_create(w, &s->file);
	if (!ret)
		ret = refuse_memory(w);
	return ret ? ret : write_file(w, buffer);
}

static int open_source(struct worker *w)
{
	struct cache_state *s = w->state;

	s->source = s->params->source == SOURCE_LOOP ? loopdev_open(s->file.fd)
						     : fcntl(s->file.fd, F_DUPFD_CLOEXEC, 16);
	if (s->source == -EOPNOTSUPP)
		return worker_fail(
			w, EOPNOTSUPP,
			"the file system of %s has no direct I/O and a loop device would cache its pages twice",
			s->file.path);
	return s->source < 0 ? cache_fail(w, s->source, "make a loop device over") : 0;
}

/* Evicts the pages of the source, or of the file while the source is not open. */
static int evict_once(struct worker *w)
{
	const struct cache_state *s = w->state;

	if (s->params->evict == EVICT_RECLAIM && s->source >= 0)
		return reclaim_now(w->env, s->reclaim, s->bytes);
	return -posix_fadvise(s->source >= 0 ? s->source : s->file.fd, 0, 0,
			      POSIX_FADV_DONTNEED);
}

/* Repeated: pages in per-CPU LRU batches cannot be evicted at once. */
static int evict(struct worker *w)
{
	struct cache_state *s = w->state;
	uint64_t cached = 1;
	int ret = 0;

	for (unsigned i = 0; i < EVICT_TRIES && cached && !ret; i++) {
		if (i)
			worker_sleep_until(w, worker_now_ns() + EVICT_PAUSE_NS);
		ret = evict_once(w);
		if (!ret)
			ret = residency_count(&s->residency, &cached);
	}
	if (ret)
		return cache_fail(w, ret, "evict");
	if (cached)
		return worker_fail(w, EBUSY, "%" PRIu64 " pages of %s stay in the page cache",
				   cached, s->file.path);
	return 0;
}

static int warm(struct worker *w, char *buffer)
{
	const struct cache_state *s = w->state;
	uint64_t step = s->block < CACHE_STEP_BYTES ? s->block : CACHE_STEP_BYTES;
	int ret = -posix_fadvise(s->source, 0, 0, POSIX_FADV_RANDOM);

	for (uint64_t block = 0; block < s->blocks && !ret; block++) {
		if (!is_warm(s, block))
			continue;
		for (uint64_t at = 0; at < s->block && !ret; at += step) {
			uint64_t bytes = s->block - at < step ? s->block - at : step;

			ret = cache_read_bytes(s->source, buffer, block * s->block + at, bytes);
		}
		if (worker_should_stop(w))
			return -EINTR;
	}
	return ret ? cache_fail(w, ret, "read") : 0;
}

/*
 * The pages that a CPU added last are in its LRU batch of 15 or 31 pages (PAGEVEC_SIZE,
 * include/linux/pagevec.h), where reclaim does not find them. A reader that migrates leaves
 * them there and finds them again in the next pass; a page accessed twice becomes active and
 * stays longer, so their number grows. Measured on 6.1 with other tasks that made the reader
 * migrate: in 40 passes over 12288 pages, 1.5 times the limit, 124332 hits instead of none;
 * none on one CPU.
 */
static int stay_on_this_cpu(struct worker *w)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	if (cpu < 0)
		return cache_fail(w, -errno, "get the CPU that reads");
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one)
		       ? cache_fail(w, -errno, "stay on the CPU that reads")
		       : 0;
}

/* A first pass, after which the limit is full and the other pages have shadow entries. */
static int overflow(struct worker *w)
{
	int ret = stay_on_this_cpu(w);

	return ret ? ret : cache_read_through(w);
}

/*
 * Reclaim of the group takes the worker's own memory too where there is swap, also another
 * run's: 778 major faults and 3 MB were seen in a run. The file's pages stay out of it. Without
 * the privilege nothing is locked, and its faults are in the counters.
 */
static void lock_own(const struct cache_state *s)
{
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	(void)munlock(s->residency.map, s->bytes);
}

static int settle(struct worker *w, char *buffer)
{
	struct cache_state *s = w->state;
	int ret;

	if (s->params->evict == EVICT_RECLAIM) {
		s->reclaim = reclaim_open(w->env);
		if (s->reclaim < 0)
			return worker_fail(w, -s->reclaim,
					   "cannot open the group's file for reclaim: %s",
					   strerror(-s->reclaim));
		lock_own(s);
	}
	ret = evict(w);
	if (ret)
		return ret;
	ret = s->params->evict == EVICT_OVERFLOW ? overflow(w) : 0;
	/* Repeated where outside reclaim took a page meanwhile. */
	for (unsigned i = 0; i < EVICT_TRIES && !ret; i++) {
		if (s->params->evict != EVICT_OVERFLOW)
			ret = warm(w, buffer);
		if (!ret)
			ret = cache_count(w, SLOT_BEFORE, SLOT_PERCENT_BEFORE);
		if (s->params->evict == EVICT_OVERFLOW ||
		    w->ledger->slot[SLOT_BEFORE] * w->env->page_bytes >=
			    cache_warm_blocks(s->params, w->env) * s->block)
			break;
	}
	return ret;
}

/* ---- readers ---- */

/* Each thread has its own open file description, which keeps the state of readahead. */
static int open_reader(struct worker *w, struct cache_reader *r)
{
	const struct cache_state *s = w->state;
	const struct cache_params *p = s->params;
	char path[32];

	if (p->method == METHOD_MMAP)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->source);
	r->fd = open(path, O_RDONLY | O_CLOEXEC | (p->method == METHOD_DIRECT ? O_DIRECT : 0));
	if (r->fd < 0)
		return cache_fail(w, -errno,
				  p->method == METHOD_DIRECT ? "open for direct I/O" : "open");
	r->buffer = mmap(NULL, s->block, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (r->buffer == MAP_FAILED) {
		r->buffer = NULL;
		return cache_fail(w, -errno, "map a buffer for");
	}
	return p->readahead ? 0 : -posix_fadvise(r->fd, 0, 0, POSIX_FADV_RANDOM);
}

static int open_readers(struct worker *w)
{
	struct cache_state *s = w->state;
	int ret = 0;

	for (unsigned i = 0; i < s->params->threads && !ret; i++)
		ret = open_reader(w, &s->reader[i]);
	if (!ret && !s->params->readahead && madvise(s->residency.map, s->bytes, MADV_RANDOM))
		ret = cache_fail(w, -errno, "advise about");
	if (!ret) {
		ret = crew_start(&s->crew, (unsigned)s->params->threads);
		if (ret)
			worker_fail(w, -ret, "cannot start threads: %s", strerror(-ret));
	}
	return ret;
}

static int prepare(struct worker *w, char *buffer)
{
	struct cache_state *s = w->state;
	uint64_t cached = 0, traces = 0;
	int ret = make_file(w, buffer);

	/* The file's own cache first: a device over it bypasses that. */
	if (!ret)
		ret = s->params->source == SOURCE_LOOP ? evict_once(w) : 0;
	if (!ret)
		ret = open_source(w);
	if (!ret) {
		ret = residency_open(&s->residency, s->source, s->bytes, w->env->page_bytes);
		if (ret)
			return cache_fail(w, ret, "map");
	}
	if (!ret)
		worker_mapping(w, 0, s->residency.map, s->bytes);
	if (!ret)
		ret = open_readers(w);
	if (!ret)
		ret = settle(w, buffer);
	if (!ret)
		ret = cache_ask_cachestat(w, &cached, &traces);
	if (ret)
		return ret;
	worker_slot_set(w, SLOT_CACHESTAT_BEFORE, cached);
	worker_slot_set(w, SLOT_TRACES, traces);
	if (s->params->evict != EVICT_OVERFLOW)
		cache_count_hits(w);
	return 0;
}

int cache_prepare(struct worker *w)
{
	const struct cache_params *p = w->params;
	struct cache_state *s = calloc(1, sizeof(*s));
	char *buffer;
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->w = w;
	s->params = p;
	s->file.fd = s->source = s->reclaim = -1;
	for (unsigned i = 0; i < CREW_MAX; i++)
		s->reader[i].fd = -1;
	s->block = cache_block_bytes(p, w->env);
	s->blocks = cache_blocks(p, w->env);
	s->bytes = cache_file_bytes(p, w->env);
	permutation_init(&s->scatter, s->blocks, w->ledger->seed);
	buffer = mmap(NULL, CACHE_STEP_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (buffer == MAP_FAILED)
		return -errno;
	ret = prepare(w, buffer);
	munmap(buffer, CACHE_STEP_BYTES);
	return ret;
}
