// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmap_churn: creates an anonymous mapping, touches it, unmaps it.
 *
 * Exact: each cycle takes one minor fault per page, because a new mapping has no pages;
 *   between cycles nothing is left.
 * Moves: minflt and the group's pgfault, by cycles x pages exactly.
 * Unchanged: Rss, Anonymous, VmSize, VmData, majflt, the group's anon.
 * Caveats: with pages=huge a cycle includes a madvise(2). A latency includes the loop and
 *   one clock reading (clock_ns); cycle_ns does not. The group's usage is not promised: an
 *   unmapped page table is freed after an RCU grace period (tlb_remove_table() in
 *   mm/mmu_gather.c) and stays charged until then; 2.2 MiB were measured on a busy machine.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "workloads/act/churn.h"
#include "workloads/act/worker.h"

/* An unmapped range aligned to a huge page, at which each cycle maps. */
static int find_hole(struct worker *w)
{
	struct churn *c = w->state;
	void *hole = worker_map_anon(c->bytes, w->env->pmd_bytes, false);

	if (!hole)
		return worker_fail(w, errno, "cannot map %zu bytes: %s", (size_t)c->bytes,
				   strerror(errno));
	munmap(hole, c->bytes);
	c->at = hole;
	return 0;
}

static int mmap_prepare(struct worker *w)
{
	int ret = churn_prepare(w);

	return !ret && ((struct churn *)w->state)->huge ? find_hole(w) : ret;
}

static void *mmap_take(struct worker *w, uint64_t bytes)
{
	const struct churn *c = w->state;
	void *start =
		mmap(c->at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		return NULL;
	if (c->huge && madvise(start, bytes, MADV_HUGEPAGE))
		return NULL;
	return start;
}

static int mmap_run(struct worker *w)
{
	static const struct churn_method method = { mmap_take, munmap };

	return churn_run(w, &method);
}

const struct workload mmap_churn_workload = {
	.name = "mmap_churn",
	.summary = "an anonymous mapping created, touched and unmapped, in a loop",
	.truth =
		"Each cycle takes exactly one minor fault per page, and nothing is left between cycles: resident and virtual size and the group's anonymous memory are unchanged. The latency is that of a cycle.",
	.options = churn_options,
	.params_bytes = sizeof(struct churn_params),
	.slots = { CHURN_SLOTS },
	.rate_metric = true,
	.check = churn_check,
	.param_needs = churn_needs,
	.footprint = churn_footprint,
	.seconds = churn_seconds,
	.claims = churn_claims,
	.prepare = mmap_prepare,
	.run = mmap_run,
	.release = churn_release,
};
