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
	const char *variable; /* of the environment, which it was taken from; NULL: a number */
};

/* For a row of cmd_parse.h; struct cmd_cell: a number, or "auto" for the environment's. */
int cmd_take_cell(const struct cmd_option *option, const char *text, void *field,
		  struct error *e);

/* Whether the plan has that cell. -EINVAL. */
int cmd_check_cell(const struct plan *plan, const struct cmd_cell *cell, struct error *e);

/*
 * Whether a complete directory in parent holds that cell of the same plan, run on whatever
 * machine: its path and counts go to *summary. Directories that cannot be read are passed over.
 */
bool cmd_find_cell(const char *parent, const struct plan *plan, int cell,
		   struct run_summary *summary);

#endif
