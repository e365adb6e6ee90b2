/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `pagestorm validate` prints: progress on stderr, a line for each quantity of a tool
 * on stdout, or one JSON document at the end.
 */
#ifndef PAGESTORM_CMD_VALIDATE_PRINT_H
#define PAGESTORM_CMD_VALIDATE_PRINT_H

#include <stdbool.h>

#include "harness/validate/validate.h"

struct cmd_validate_print {
	bool json; /* the document alone */
	bool quiet;
};

/* Above the lines of text. */
void cmd_validate_print_header(void);

/* The row and progress of struct validate; arg: the struct cmd_validate_print. */
void cmd_validate_print_row(const struct score_row *row, void *arg);
void cmd_validate_print_progress(const struct validate_progress *now, void *arg);

/*
 * The end: counts by verdict and the results directory, or the document. status: the exit
 * status.
 */
void cmd_validate_print_summary(const struct cmd_validate_print *p,
				const struct scorecard *card, const char *path, int status);

#endif
