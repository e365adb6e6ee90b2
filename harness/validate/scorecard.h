/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of scorecard.csv, collected and written. results/SCHEMA.md has the columns.
 */
#ifndef PAGESTORM_VALIDATE_SCORECARD_H
#define PAGESTORM_VALIDATE_SCORECARD_H

#include "harness/base/error.h"
#include "harness/validate/score.h"

struct card_row {
	char tool[64], version[64], quantity[64], unit[16], load[128], run[200];
	char evidence[320], why[800];
	struct score score; /* of unread and skipped only the verdict */
};

struct scorecard {
	struct card_row *row;
	size_t nr, capacity;
};

void scorecard_init(struct scorecard *card);
void scorecard_release(struct scorecard *card);

/* A new row, empty; NULL: no memory. It holds until the next. */
struct card_row *scorecard_add(struct scorecard *card);

/* Commas, quotes and line ends become semicolons and spaces, as SCHEMA.md promises. */
void scorecard_plain(char *text);

/* Writes scorecard.csv in the folder, replacing an earlier one. */
int scorecard_write(const struct scorecard *card, const char *folder, struct error *e);

/* Rows with this verdict. */
size_t scorecard_count(const struct scorecard *card, enum score_verdict verdict);

#endif
