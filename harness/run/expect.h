/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The profile's own [expect], held against a worker's row and counters. Pure. */
#ifndef PAGESTORM_EXPECT_H
#define PAGESTORM_EXPECT_H

#include "harness/plan/plan.h"
#include "harness/record/judge.h"
#include "harness/run/row.h"

/*
 * Judges the expectations that name this worker or no worker: a key is a numeric
 * column of runs.csv or scope/source/counter; `outcome` is not a number and is
 * decided with the outcome itself. Fills out (EXPECTATIONS_MAX places) and
 * returns how many.
 */
unsigned expect_judge(const struct plan *plan, const struct plan_worker *worker,
		      const struct run_row *row, const struct record *work,
		      struct judgement *out);

#endif
