// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * brk_churn: moves the program break up, touches the new memory, moves the break back.
 *
 * Exact: each cycle takes one minor fault per page, because lowering the break frees the
 *   pages; between cycles nothing is left.
 * Moves: minflt and the group's pgfault, by cycles x pages exactly.
 * Unchanged: Rss, Anonymous, VmSize, VmData, majflt, the group's anon.
 * Caveats: malloc(3) moves the same break, so nothing calls it while cycles run. The heap
 *   is one mapping that grows and shrinks at its end: no cycle creates a mapping;
 *   mmap_churn is the counterpart that does. A latency includes the loop and one clock
 *   reading (clock_ns); cycle_ns does not.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/act/churn.h"
#include "workloads/act/worker.h"

static int brk_prepare(struct worker *w)
{
	uint64_t unit = w->env->page_bytes, beyond;
	const struct churn *c;
	int ret = churn_prepare(w);

	if (ret)
		return ret;
	c = w->state;
	if (c->huge)
		unit = w->env->pmd_bytes;
	beyond = (uintptr_t)sbrk(0) % unit;
	if (beyond && sbrk((intptr_t)(unit - beyond)) == (void *)-1)
		return worker_fail(w, errno, "cannot align the program break: %s",
				   strerror(errno));
	return 0;
}

static void *brk_take(struct worker *w, uint64_t bytes)
{
	const struct churn *c = w->state;
	void *start = sbrk((intptr_t)bytes);

	if (start == (void *)-1)
		return NULL;
	if (c->huge && madvise(start, bytes, MADV_HUGEPAGE))
		return NULL;
	return start;
}

static int brk_give_back(void *start, uint64_t bytes)
{
	(void)start; /* the break is relative */
	return sbrk(-(intptr_t)bytes) == (void *)-1 ? -1 : 0;
}

static int brk_run(struct worker *w)
{
	static const struct churn_method method = { brk_take, brk_give_back };

	return churn_run(w, &method);
}

const struct workload brk_churn_workload = {
	.name = "brk_churn",
	.summary = "the program break moved up, touched and moved back, in a loop",
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
	.prepare = brk_prepare,
	.run = brk_run,
	.release = churn_release,
};
