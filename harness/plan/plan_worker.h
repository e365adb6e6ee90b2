/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One worker of a cell: options, limits of its group, needs, footprint, claims. Pure.
 */
#ifndef PAGESTORM_PLAN_WORKER_H
#define PAGESTORM_PLAN_WORKER_H

#include "harness/plan/plan.h"

struct plan_worker_context {
	const struct plan *plan;	/* machine, expectations and defaults */
	struct plan_cell *cell;		/* its environments are added to */
	const struct profile *profile;	/* with the cell's values of the sweep */
	const struct workload_env *env; /* the cell's: machine, swap, settings */
	const struct limits *inherited; /* of [cgroup], given to the only worker */
	const char *skip;		/* why the whole cell cannot run; "": it can */
};

/* -EINVAL, -ENOMEM with the place in *e. *worker must be zeroed; release it either way. */
int plan_worker_make(struct plan_worker *worker, const char *name,
		     const struct plan_worker_context *context, struct error *e);

/*
 * The null run beside the cell's workers: in the first one's group, as long as the longest.
 * -ENOENT when all of them are skipped, -EINVAL, -ENOMEM. *null as above.
 */
int plan_worker_null(struct plan_worker *null, const struct plan *plan,
		     const struct plan_cell *cell);

/* Frees its claims; takes a zeroed or half-made worker. */
void plan_worker_release(struct plan_worker *worker);

/* Expected nanoseconds from the first GO to the end of its hold. */
uint64_t plan_worker_expected_ns(const struct plan_worker *worker);

#endif
