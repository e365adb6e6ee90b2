/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `run --cell`: a cell by its number, or the one that an engine's job is for.
 */
#ifndef PAGESTORM_CMD_CELL_H
#define PAGESTORM_CMD_CELL_H

#include <stdbool.h>

#include "harness/cli/cmd_parse.h"
#include "harness/plan/plan.h"
#include "harness/trial/run.h"

struct cmd_cell {
	int index;	      /* -1: every one */
	unsigned more;	      /* cells that follow it */
	int job;	      /* of --jobs, whose cells these are; -1: index is no job's */
	const char *variable; /* of the environment, which it was taken from; NULL: a number */
};

#define CMD_CELL_EVERY                                                                         \
	{                                                                                      \
		.index = -1, .job = -1                                                         \
	}

/* For a row of cmd_parse.h; struct cmd_cell: K, K-L, or "auto" for the environment's. */
int cmd_take_cell(const struct cmd_option *option, const char *text, void *field,
		  struct error *e);

/*
 * The cells of job `job` when nr cells are dealt to jobs as evenly as they can be, in runs of
 * neighbours. Both are to be smaller than they: job < jobs <= nr.
 */
void cmd_cells_of_job(unsigned nr, unsigned jobs, unsigned job, struct cmd_cell *cell);

/*
 * Whether the plan has those cells. jobs: the environment's number is that of one of so many
 * jobs, and *cell becomes its cells; 0: it is the cell's. -EINVAL.
 */
int cmd_check_cell(const struct plan *plan, unsigned jobs, struct cmd_cell *cell,
		   struct error *e);

/*
 * Whether a complete directory in parent holds those cells of the same plan, run on whatever
 * machine: its path and counts go to *summary. Directories that cannot be read are passed over.
 */
bool cmd_find_cell(const char *parent, const struct plan *plan, const struct cmd_cell *cell,
		   struct run_summary *summary);

#endif
