// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/lru.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

/* Best effort: where it fails up to a list of pages per CPU stays behind. */
static void stay_on_this_cpu(void)
{
	const int cpu = sched_getcpu();
	cpu_set_t own;

	if (cpu < 0)
		return;
	CPU_ZERO(&own);
	CPU_SET(cpu, &own);
	(void)sched_setaffinity(0, sizeof(own), &own);
}

int lru_open(struct worker *w, struct lru *lru)
{
	stay_on_this_cpu();
	lru->bytes = w->env->page_bytes;
	lru->page = worker_map_anon(lru->bytes, lru->bytes, false);
	return lru->page ? 0 : worker_fail(w, errno, "cannot map a page: %s", strerror(errno));
}

/* madvise_free_single_vma() and its predecessors drain first (mm/madvise.c). */
void lru_drain(const struct lru *lru)
{
	(void)madvise(lru->page, lru->bytes, MADV_FREE);
}

void lru_close(struct lru *lru)
{
	if (lru->page)
		munmap(lru->page, lru->bytes);
	lru->page = NULL;
}
