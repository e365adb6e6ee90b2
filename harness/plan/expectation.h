/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [expect]: what the profile itself expects, beside the workloads' claims.
 *
 *   outcome = oom_kill               each worker's
 *   hog.outcome = timeout            one worker's
 *   swap_out_bytes = >=100M          a column of runs.csv
 *   victim.latency_p99_ns = <=5ms
 *   group/memory.stat/pgfault = 100..200   a counter's movement over work
 *   outcome = timeout if hog.size=1G, ok   in cells of that setting, and in the others
 */
#ifndef PAGESTORM_EXPECTATION_H
#define PAGESTORM_EXPECTATION_H

#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/plan/profile.h"

/* Adds the entry's alternatives to the plan. -EINVAL with "file:line: error: …" in *e. */
int expectation_add(struct plan *plan, const struct profile_entry *entry,
		    const struct profile *profile, struct error *e);

/* One without alternatives. The same errors. */
int expectation_parse(struct expectation *out, const struct profile_entry *entry,
		      const struct profile *profile, struct error *e);

/* Whether the plan's expectation of that index holds in the cell with that label. */
bool expectation_applies(const struct plan *plan, unsigned index, const char *label);

/* -EINVAL when one is for cells that the sweep does not have. */
int expectation_check_cells(const struct plan *plan, struct error *e);

/* The outcome that the profile expects of a worker in a cell; fallback: it says nothing. */
enum outcome expectation_outcome(const struct plan *plan, const char *label, const char *worker,
				 enum outcome fallback);

#endif
