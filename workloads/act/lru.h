/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists of pages that each CPU keeps before it moves them between the LRU lists (struct
 * cpu_fbatches, mm/swap.c): 31 pages (15 before Linux 6.10) are marked or counted late.
 */
#ifndef PAGESTORM_LRU_H
#define PAGESTORM_LRU_H

#include "workloads/act/worker.h"

#define LRU_LIST_PAGES 31 /* PAGEVEC_SIZE, include/linux/folio_batch.h */

struct lru {
	void *page; /* untouched; NULL: none */
	uint64_t bytes;
};

/*
 * Binds the worker to the CPU that it is on, whose lists lru_drain() can empty; before any
 * memory that is measured is touched. 0 or -errno (reported through worker_fail()).
 */
int lru_open(struct worker *w, struct lru *lru);

/* Empties this CPU's lists (lru_add_drain(), which madvise(2) calls). Takes no fault. */
void lru_drain(const struct lru *lru);

/* Nothing to do for a zeroed *lru. */
void lru_close(struct lru *lru);

#endif
