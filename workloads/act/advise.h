/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice that the kernel refuses for a moment: while a page is locked, isolated by compaction
 * or under migration.
 */
#ifndef PAGESTORM_ADVISE_H
#define PAGESTORM_ADVISE_H

#include <stdint.h>

#include "workloads/act/worker.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1, include/uapi/asm-generic/mman-common.h */
#endif

#define ADVISE_BOUND_NS 2000000000ull

/*
 * madvise(2) of whole pages, repeated every millisecond while the kernel says EAGAIN, until it
 * takes the advice, a stop is requested (0), or ADVISE_BOUND_NS are over: a failure then.
 * MADV_COLLAPSE is repeated after EINVAL as well: it is what an entry of the page table gives
 * that a migration has taken (SCAN_PTE_NON_PRESENT, mm/khugepaged.c). `name` is for the
 * message. 0 or -errno (reported through worker_fail()).
 */
int advise_pages(struct worker *w, void *start, uint64_t bytes, int advice, const char *name);

#endif
