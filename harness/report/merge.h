/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joins the directories that `run --cell K` wrote, here or on other machines, into one that
 * reads as if one run had written it. Refuses parts of another plan, a cell that two
 * directories have and a run that has not ended, before it writes anything.
 *
 * Rows are copied byte for byte and keep the id of their run.
 */
#ifndef PAGESTORM_MERGE_H
#define PAGESTORM_MERGE_H

#include "harness/report/result_dir.h"

/* Whether two plans, as run.json has them, measure the same, on whatever machines. */
bool merge_is_same_plan(const struct json_t *a, const struct json_t *b);

struct merge {
	char path[PATH_MAX];	/* of the new directory */
	size_t cells, of_cells; /* merged, and in the plan */
	unsigned *missing;	/* the cells that no directory has, ascending */
	size_t nr_missing;
	size_t left_out; /* partial directories, of cells that others have complete */
	bool different_machines;
	char *machines;	      /* in what they differ, a line each; NULL: in nothing */
	bool raw_left_behind; /* a directory has raw/, which is not copied */
};

void merge_release(struct merge *m);

/*
 * Which cells the directories lack; partial ones have none. Writes nothing: path and machines
 * stay empty. Errors as below.
 */
int merge_list_missing(const struct result_dir *dir, size_t nr, struct merge *out,
		       struct error *e);

/*
 * parent: where the new directory is made, itself made when missing. -EINVAL: they do not
 * belong together, with the reason in *e and nothing written; other errors: could
 * not write, and nothing but a .partial directory is left. *out is to be released in each case.
 */
int merge_dirs(const struct result_dir *dir, size_t nr, const char *parent, struct merge *out,
	       struct error *e);

#endif
