/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judges the profile's own [expect] by a worker's row and counters. Pure. */
#ifndef PAGESTORM_EXPECT_H
#define PAGESTORM_EXPECT_H

#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/record/judge.h"
#include "harness/tables/row.h"

/*
 * -EINVAL with a sentence when a counter is expected of a scope or a source that no
 * kernel has: whether the kernel has the key is known only when it is read.
 */
int expect_check(const struct plan *plan, struct error *e);

/*
 * Judges the expectations that name this worker or no worker: a key is a numeric
 * column of runs.csv or scope/source/counter; `outcome` is not a number and is
 * decided with the outcome itself. What cannot be seen is not met: it fails, with
 * nothing observed. Fills out (EXPECTATIONS_MAX places) and
 * returns how many.
 */
unsigned expect_judge(const struct plan *plan, const struct plan_worker *worker,
		      const struct run_row *row, const struct record *work,
		      struct judgement *out);

#endif
