// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory allocated and freed: rows b1 and b2; and brk against mmap, b3. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "bench/loops.h"
#include "bench/row.h"
#include "workloads/api/arith.h"

#define CHURN	   (128 * MB)
#define CALLS	   200000
#define CALLS_TEXT "200000"

static double page_fault1(struct job *j)
{
	return (double)loop_page_fault1(j->row->amount);
}

static double map_populate(struct job *j)
{
	return (double)loop_map_populate(j->row->amount);
}

static double brk_calls(struct job *j)
{
	return (double)loop_brk(j->row->amount);
}

static double mmap_calls(struct job *j)
{
	return (double)loop_mmap_munmap(j->row->amount);
}

/* Of one cycle of 128 MiB: the first is not timed. */
static double churn_cycle(struct job *j)
{
	double ns = 0;

	if (!engine_prepare(&j->engine, j->row->workload, j->row->settings, &j->env) &&
	    !engine_run(&j->engine))
		ns = (double)j->engine.worker.ledger->latency.sum;
	engine_release(&j->engine);
	return ns;
}

/* Of all cycles, with what the workload does between them. */
static double churn_calls(struct job *j)
{
	double ns = 0;

	if (!engine_prepare(&j->engine, j->row->workload, j->row->settings, &j->env)) {
		uint64_t start_ns = loop_now_ns();

		if (!engine_run(&j->engine))
			ns = (double)(loop_now_ns() - start_ns);
	}
	engine_release(&j->engine);
	return ns;
}

/* ---- brk against mmap ---- */

#define REPEATS	    9
#define SPREAD_MOST 3.0 /* per cent either side */

static const struct {
	const char *what, *settings;
} sides[] = {
	{ "4 KiB untouched", "size=4K cycles=100000 touch=none" },
	{ "4 KiB touched", "size=4K cycles=100000 touch=write" },
	{ "1 MiB touched", "size=1M cycles=1000 touch=write" },
};

/* Median, and half the range in per cent of it. */
struct spread {
	double median, percent;
};

static struct spread spread_of(double *values)
{
	const double median = quantile(values, REPEATS, 0.5);

	return (struct spread){ median, (values[REPEATS - 1] - values[0]) / 2 / median * 100 };
}

/* The usual time of a cycle; the workload has subtracted its loop and its clock. */
static double net_cycle_ns(struct job *j, const char *workload, const char *settings)
{
	double ns = 0;

	if (!engine_prepare(&j->engine, workload, settings, &j->env) && !engine_run(&j->engine))
		ns = (double)engine_slot(&j->engine, "cycle_ns");
	engine_release(&j->engine);
	return ns;
}

static int compare_and_print(void *arg)
{
	struct job *j = arg;

	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		double brk[REPEATS], mmap[REPEATS], ratio[REPEATS];
		struct spread of_brk, of_mmap, of_ratio;

		for (int k = 0; k < REPEATS; k++) {
			brk[k] = net_cycle_ns(j, "brk_churn", sides[i].settings);
			mmap[k] = net_cycle_ns(j, "mmap_churn", sides[i].settings);
			if (brk[k] == 0 || mmap[k] == 0)
				return ENODEV;
			ratio[k] = mmap[k] / brk[k];
		}
		of_brk = spread_of(brk);
		of_mmap = spread_of(mmap);
		of_ratio = spread_of(ratio);
		printf("%-8s a cycle of %s: brk %.0f ns +-%.1f %%, mmap %.0f ns +-%.1f %%, "
		       "mmap/brk %.3f +-%.1f %% over %d repeats (%.0f)  %s\n",
		       j->row->id, sides[i].what, of_brk.median, of_brk.percent, of_mmap.median,
		       of_mmap.percent, of_ratio.median, of_ratio.percent, REPEATS, SPREAD_MOST,
		       of_ratio.percent <= SPREAD_MOST ? "met" : "MISSED");
	}
	return 0;
}

static int show_brk_against_mmap(struct job *j, struct error *e)
{
	return box_run(j->box, j->box->top.version ? GROUP_BYTES : 0, compare_and_print, j, e);
}

/* ---- the rows ---- */

const struct row churn_rows[] = {
	{ .id = "b1",
	  .work = "mmap, touch, munmap of 128 MiB",
	  .limit = page_fault1,
	  .ours = churn_cycle,
	  .workload = "mmap_churn",
	  .settings = "size=128M cycles=2 touch=write",
	  .amount = CHURN,
	  .target = 0.98 },
	{ .id = "b1-pop",
	  .work = "the same, populated",
	  .limit = map_populate,
	  .ours = churn_cycle,
	  .workload = "mmap_churn",
	  .settings = "size=128M cycles=2 touch=populate",
	  .amount = CHURN,
	  .target = 0.97 },
	{ .id = "b2-brk",
	  .work = "brk up and down, untouched",
	  .limit = brk_calls,
	  .ours = churn_calls,
	  .workload = "brk_churn",
	  .settings = "size=4K cycles=" CALLS_TEXT " touch=none",
	  .amount = CALLS,
	  .shown = SHOWN_CALLS,
	  .target = 0.97 },
	{ .id = "b2-mmap",
	  .work = "mmap and munmap, untouched",
	  .limit = mmap_calls,
	  .ours = churn_calls,
	  .workload = "mmap_churn",
	  .settings = "size=4K cycles=" CALLS_TEXT " touch=none",
	  .amount = CALLS,
	  .shown = SHOWN_CALLS,
	  .target = 0.97 },
	{ .id = "b3", .work = "brk against mmap", .show = show_brk_against_mmap },
	{ .id = NULL },
};
