/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `pagestorm run` prints: progress on stderr while it goes on, a line for each row on
 * stdout, or one JSON document at the end.
 */
#ifndef PAGESTORM_CMD_RUN_PRINT_H
#define PAGESTORM_CMD_RUN_PRINT_H

#include <jansson.h>
#include <stdbool.h>

#include "harness/trial/run.h"

struct cmd_run_print {
	bool quiet;   /* no progress */
	json_t *rows; /* gathered for the document; NULL: text */
	bool terminal;
	double last_line_s;
	bool line_open; /* a progress line without its newline */
};

void cmd_run_print_init(struct cmd_run_print *p, bool json, bool quiet);

/* The progress and row of struct run_options; arg: the struct cmd_run_print. */
void cmd_run_print_progress(const struct run_progress *progress, void *arg);
void cmd_run_print_row(const struct run_row *row, const struct judgement *judgements,
		       unsigned nr, void *arg);

/* Clears the line of progress, before something else is written to stderr. */
void cmd_run_print_make_room(void *arg);

/* The end: claims by verdict and the results directory, or the document. status: the exit
 * status. */
void cmd_run_print_summary(struct cmd_run_print *p, const struct run_summary *s, int status);

#endif
