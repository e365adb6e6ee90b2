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

struct merge {
	char path[PATH_MAX];	/* of the new directory */
	size_t cells, of_cells; /* merged, and in the plan */
	char missing[256];	/* numbers of the cells that no directory has */
	bool different_machines;
	bool raw_left_behind; /* a directory has raw/, which is not copied */
};

/*
 * parent: where the new directory is made, itself made when missing. -EINVAL: they do not
 * belong together, with the reason in *e and nothing written; other errors: could
 * not write, and nothing but a .partial directory is left.
 */
int merge_dirs(const struct result_dir *dir, size_t nr, const char *parent, struct merge *out,
	       struct error *e);

#endif
