/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One cell of the plan: its settings, swap, groups and workers, from the profile
 * with the cell's values of the sweep in it. Pure.
 */
#ifndef PAGESTORM_CELL_H
#define PAGESTORM_CELL_H

#include "harness/plan/plan.h"

/* Bytes of available memory that a run leaves free. */
uint64_t cell_reserve_bytes(const struct host *host);

/*
 * plan gives the machine, the expectations and the defaults. -EINVAL, -ENOMEM with the place
 * in *e. The cell's index and label are the caller's, set before; release with cell_release().
 */
int cell_make(struct plan_cell *cell, const struct plan *plan, const struct profile *profile,
	      struct error *e);
void cell_release(struct plan_cell *cell);

/* The cell's own copy of *env, one for all that are equal; there is room for one per worker. */
const struct workload_env *cell_share_env(struct plan_cell *cell,
					  const struct workload_env *env);

/* Most that the cell charges at one time, zram's own memory included. */
uint64_t cell_peak_bytes(const struct plan_cell *cell);

/* Bytes by which the cell's settings grow the pools of huge pages. */
uint64_t cell_pool_bytes(const struct plan_cell *cell, const struct host *host);

/* Expected seconds of one repeat, the null run beside it included. */
double cell_seconds(const struct plan_cell *cell);

/* Its risk class, with the reason in why. */
enum risk cell_risk(const struct plan_cell *cell, const struct host *host, char *why,
		    size_t why_bytes);

#endif
