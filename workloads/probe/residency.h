/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which pages of a file are in the page cache, by two instruments: mincore(2), page by
 * page, and cachestat(2) (Linux 6.5), which also counts the shadow entries of reclaimed
 * pages. Neither reads pages in: preadv2(2) with RWF_NOWAIT would be a third, and does
 * (measured on 6.18: of 128 cold pages it reported each missing, and all of them were in the
 * cache then).
 */
#ifndef PAGESTORM_RESIDENCY_H
#define PAGESTORM_RESIDENCY_H

#include <stdint.h>

#include "workloads/act/worker.h"

struct residency {
	void *map;	     /* the whole file, shared; only the workload touches it */
	unsigned char *page; /* bit 0: in the cache, as of the last residency_count() */
	uint64_t bytes, nr_pages, page_bytes;
};

/* bytes is a multiple of page_bytes. *r begins zeroed. 0 or -errno. */
int residency_open(struct residency *r, int fd, uint64_t bytes, uint64_t page_bytes);

/*
 * Drops the file's clean pages with POSIX_FADV_DONTNEED and opens it; a page that stays is a
 * failure. 0 or -errno (reported through worker_fail()).
 */
int residency_open_cold(struct worker *w, struct residency *r, int fd, uint64_t bytes);

/* Nothing to do for a zeroed *r. */
void residency_close(struct residency *r);

/* Fills r->page and counts the pages in the cache. 0 or -errno. */
int residency_count(struct residency *r, uint64_t *resident);

/*
 * The same once no page is being read any more: readahead goes on after the read that began
 * it. cachestat(2) counts pages in the cache and mincore(2) those of them that are up to date,
 * so it waits until both report as many; where there is no cachestat(2) until mincore(2) has
 * reported the same for 30 ms. At most 5 s: what is still being read then is not counted. 0
 * or -errno.
 */
int residency_settle(struct residency *r, struct worker *w, int fd, uint64_t *resident);

/* By cachestat(2): pages in the cache, and shadow entries of reclaimed ones. 0 or -errno. */
int residency_cachestat(int fd, uint64_t *resident, uint64_t *evicted);

/* By cachestat(2): dirty pages, and pages under writeback. 0 or -errno. */
int residency_unclean(int fd, uint64_t *dirty, uint64_t *writeback);

#endif
