/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of scorecard.csv, collected and written. results/SCHEMA.md has the columns.
 */
#ifndef PAGESTORM_VALIDATE_SCORECARD_H
#define PAGESTORM_VALIDATE_SCORECARD_H

#include <stddef.h>

#include "harness/base/error.h"
#include "harness/tables/score_row.h"

struct scorecard {
	struct score_row *row;
	size_t nr, capacity;
};

void scorecard_init(struct scorecard *card);
void scorecard_release(struct scorecard *card);

/* A new row, after score_row_init(); NULL: no memory. Valid until the next call. */
struct score_row *scorecard_add(struct scorecard *card);

/* Writes scorecard.csv in the directory, replacing an earlier one. */
int scorecard_write(const struct scorecard *card, const char *directory, struct error *e);

/* Rows with this verdict. */
size_t scorecard_count(const struct scorecard *card, enum score_verdict verdict);

#endif
