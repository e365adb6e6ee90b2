/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `pagestorm run --json` prints, as JSON values. NULL: out of memory. */
#ifndef PAGESTORM_CMD_RUN_JSON_H
#define PAGESTORM_CMD_RUN_JSON_H

#include <jansson.h>

#include "harness/trial/run.h"

json_t *cmd_run_row_json(const struct run_row *row, const struct judgement *judgements,
			 unsigned nr);

/* Takes rows, an array of the above. status: the exit status. */
json_t *cmd_run_summary_json(const struct run_summary *s, int status, json_t *rows);

#endif
