/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [expect]: what the profile itself expects, beside the workloads' claims.
 *
 *   outcome = oom_kill               each worker's
 *   hog.outcome = timeout            one worker's
 *   swap_out_bytes = >=100M          a column of runs.csv
 *   victim.latency_p99_ns = <=5ms
 *   group/memory.stat/pgfault = 100..200   a counter's movement over work
 */
#ifndef PAGESTORM_EXPECTATION_H
#define PAGESTORM_EXPECTATION_H

#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/plan/profile.h"

/* -EINVAL with "file:line: error: …" in *e. */
int expectation_parse(struct expectation *out, const struct profile_entry *entry,
		      const struct profile *profile, struct error *e);

/* The outcome that the profile expects of a worker; fallback when it says nothing. */
enum outcome expectation_outcome(const struct plan *plan, const char *worker,
				 enum outcome fallback);

#endif
