// SPDX-License-Identifier: GPL-2.0-or-later
/* Huge pages of a pool: row e. The pool grows through the journal and shrinks again. */
#include "bench/loops.h"
#include "bench/row.h"

#define POOL_PAGES 128
#define POOL	   (POOL_PAGES * 2 * MB)

static double fill(struct job *j)
{
	return (double)loop_hugetlb(j->row->amount, true);
}

static double fault(struct job *j)
{
	return (double)loop_hugetlb(j->row->amount * 2 * MB, false);
}

static double ours(struct job *j)
{
	double ns = 0;

	if (!engine_prepare(&j->engine, "hugetlb", j->row->settings, &j->env)) {
		uint64_t start_ns = loop_now_ns();

		if (!engine_run(&j->engine))
			ns = (double)(loop_now_ns() - start_ns);
	}
	if (ns > 0)
		engine_release(&j->engine);
	return ns;
}

const struct row hugetlb_rows[] = {
	{ .id = "e",
	  .work = "hugetlb fill, every byte",
	  .limit = fill,
	  .ours = ours,
	  .settings = "size=256M touch=bytes",
	  .amount = POOL,
	  .target = 0.98,
	  .huge_pages = POOL_PAGES },
	{ .id = "e-faults",
	  .work = "hugetlb faults of 2 MiB",
	  .limit = fault,
	  .ours = ours,
	  .settings = "size=256M touch=word",
	  .amount = POOL_PAGES,
	  .shown = SHOWN_CALLS,
	  .target = 0.97,
	  .huge_pages = POOL_PAGES },
	{ .id = NULL },
};
