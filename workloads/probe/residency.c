// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/probe/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SETTLE_LOOKS	500 /* times SETTLE_PAUSE_NS */
#define SETTLE_SAME	4   /* looks that agree */
#define SETTLE_PAUSE_NS 10000000u

#ifndef SYS_cachestat
#define SYS_cachestat 451 /* Linux 6.5, the same on all architectures */
#endif

/* include/uapi/linux/mman.h, Linux 6.5 */
struct cachestat_range {
	uint64_t offset, length; /* length 0: to the end */
};
struct cachestat {
	uint64_t nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
};

int residency_open(struct residency *r, int fd, uint64_t bytes, uint64_t page_bytes)
{
	r->bytes = bytes;
	r->page_bytes = page_bytes;
	r->nr_pages = bytes / page_bytes;
	r->page = mmap(NULL, r->nr_pages, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (r->page == MAP_FAILED) {
		r->page = NULL;
		return -errno;
	}
	r->map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return -errno;
	}
	return 0;
}

void residency_close(struct residency *r)
{
	if (r->map)
		munmap(r->map, r->bytes);
	if (r->page)
		munmap(r->page, r->nr_pages);
	memset(r, 0, sizeof(*r));
}

int residency_count(struct residency *r, uint64_t *resident)
{
	uint64_t sum = 0;

	if (mincore(r->map, r->bytes, r->page))
		return -errno;
	for (uint64_t i = 0; i < r->nr_pages; i++)
		sum += r->page[i] & 1;
	*resident = sum;
	return 0;
}

int residency_open_cold(struct worker *w, struct residency *r, int fd, uint64_t bytes)
{
	uint64_t resident = 0;
	int ret;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* counted below */
	ret = residency_open(r, fd, bytes, w->env->page_bytes);
	if (!ret)
		ret = residency_count(r, &resident);
	if (ret)
		return worker_fail(w, -ret, "cannot count the file's pages in the cache: %s",
				   strerror(-ret));
	if (resident)
		return worker_fail(
			w, EBUSY,
			"%" PRIu64
			" pages of the file stay in the page cache: is %s on a disk?",
			resident, w->env->scratch_dir);
	return 0;
}

static int whole_file(int fd, struct cachestat *stat)
{
	struct cachestat_range all = { 0, 0 };

	return syscall(SYS_cachestat, fd, &all, stat, 0) ? -errno : 0;
}

int residency_cachestat(int fd, uint64_t *resident, uint64_t *evicted)
{
	struct cachestat stat;
	int ret = whole_file(fd, &stat);

	if (ret)
		return ret;
	*resident = stat.nr_cache;
	*evicted = stat.nr_evicted;
	return 0;
}

/* *settled: nothing is being read, as far as these looks tell. */
static int look_settled(const struct worker *w, int fd, const uint64_t looks[SETTLE_SAME],
			bool *settled)
{
	uint64_t cached, evicted;
	int ret;

	*settled = true;
	for (unsigned i = 1; i < SETTLE_SAME; i++)
		*settled &= looks[i] == looks[0];
	if (!env_has(w->env, CAPABILITY_CACHESTAT))
		return 0;
	ret = residency_cachestat(fd, &cached, &evicted);
	*settled = cached == looks[0];
	return ret;
}

int residency_settle(struct residency *r, struct worker *w, int fd, uint64_t *resident)
{
	uint64_t looks[SETTLE_SAME]; /* the last is the first */
	bool settled = false;
	int ret = 0;

	memset(looks, 0xff, sizeof(looks));
	for (unsigned i = 0; i < SETTLE_LOOKS && !ret && !settled; i++) {
		if (i)
			worker_sleep_until(w, worker_now_ns() + SETTLE_PAUSE_NS);
		memmove(looks + 1, looks, sizeof(looks) - sizeof(looks[0]));
		ret = residency_count(r, &looks[0]);
		if (!ret)
			ret = look_settled(w, fd, looks, &settled);
	}
	*resident = looks[0];
	return ret;
}

int residency_unclean(int fd, uint64_t *dirty, uint64_t *writeback)
{
	struct cachestat stat;
	int ret = whole_file(fd, &stat);

	if (ret)
		return ret;
	*dirty = stat.nr_dirty;
	*writeback = stat.nr_writeback;
	return 0;
}
