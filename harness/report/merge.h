/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joins folders that `run --cell K` wrote, here or elsewhere, into one that reads as if a
 * single run had written it. Refuses what does not belong together, before it
 * writes anything: another plan, a cell that two folders have, a run that has not ended.
 *
 * Rows are copied byte for byte and keep the id of the run that they come from.
 */
#ifndef PAGESTORM_MERGE_H
#define PAGESTORM_MERGE_H

#include "harness/report/folder.h"

struct merge {
	char path[PATH_MAX];	/* of the new folder */
	size_t cells, of_cells; /* merged, and in the plan */
	char missing[256];	/* numbers of the cells that no folder has */
	bool different_machines;
	bool raw_left_behind; /* a folder has raw/, which is not copied */
};

/*
 * parent: where the new folder is made, itself made when missing. -EINVAL: they do not
 * belong together, with the reason in *e and nothing written; other errors: could
 * not write, and nothing but a .partial folder is left.
 */
int merge_folders(const struct folder *folders, size_t nr, const char *parent,
		  struct merge *out, struct error *e);

#endif
