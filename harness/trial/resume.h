/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resumes a run that was cut: which steps of the plan are done, and its files cut back to
 * those. Starts nothing and writes in no other directory.
 *
 * runs.csv is written last of each step (results_flush), so a step whose workers all have
 * a row there is complete in every file. A step with a row that says interrupted or broken
 * is not done: its rows are taken out everywhere, as are rows of a step that was cut.
 */
#ifndef PAGESTORM_RESUME_H
#define PAGESTORM_RESUME_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/tables/attempt.h"
#include "harness/tables/csv.h"

struct resume {
	const struct plan *plan;
	bool *done; /* one for each step of the plan */
	size_t nr_done;
	struct csv_table runs; /* rows of the steps that are done */
	struct csv_table truth;
	struct attempts attempts; /* of all steps that have rows */
};

/*
 * -EINVAL when the directory is not a partial one or its run.json is of another plan or of
 * another kernel. Reads only.
 */
int resume_check(const char *path, const struct plan *plan, struct error *e);

/* Cuts the files back. resume_check() must have passed; -EBADMSG for a file that is no CSV. */
int resume_load(struct resume *r, const char *path, const struct plan *plan, struct error *e);

/* How often the cut run was to be looked at (--until); 0: never. */
unsigned resume_looks(const char *path);

/*
 * The cell that the cut run was restricted to (--cell), and in *more how many that follow it;
 * -1: all.
 */
int resume_only_cell(const char *path, unsigned *more);

void resume_release(struct resume *r);

#endif
