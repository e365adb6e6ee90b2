/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes memory.stat exact at the moment of reading.
 *
 * The kernel flushes the per-CPU statistics of a memory cgroup every two seconds, or
 * when a reader finds more than 64 × CPUs pending updates (mm/memcontrol.c,
 * memcg_vmstats_needs_flush); fewer pending updates are missing from what a reader
 * sees. Waiting two seconds at each barrier would be correct and slow.
 *
 * Instead a helper process, the pump, lives in a group beside the workers'. It
 * touches and frees a few hundred pages; its updates are pending in the common
 * parent, so that reading the parent's memory.stat flushes the whole subtree, the
 * workers' groups included, without a single event in them. Each flush is proved:
 * the pump's own group must show its pages to the byte. If it does not, the harness
 * waits for the kernel's periodic flush.
 */
#ifndef PAGESTORM_FLUSH_H
#define PAGESTORM_FLUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/machine/group.h"
#include "harness/machine/host.h"
#include "harness/trial/process.h"

struct flush {
	struct group group;
	struct process pump;
	unsigned cycles;     /* needed to pass the kernel's threshold on this many CPUs */
	uint64_t idle_bytes; /* the pump group's anon without its pages, once known */
	bool known;
	bool lags;	/* this kernel's memory.stat is never exact: nothing can be proved */
	unsigned waits; /* how often the periodic flush was needed: see run.json */
};

void flush_init(struct flush *f);

/* Makes the pump's group below top and starts it. */
int flush_start(struct flush *f, const struct group *top, const struct host *host,
		struct error *e);

/*
 * Flushes memory.stat of top's subtree; where it lags (CAPABILITY_FRESH_STAT) claims allow
 * for that. 0; -ETIMEDOUT when even the periodic
 * flush did not come within its bound.
 */
int flush_now(struct flush *f, const struct group *top, struct error *e);

/* Ends the pump; its group goes with top. */
void flush_stop(struct flush *f);

#endif
