/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One row of scorecard.csv: a number that a tool gave, beside its truth. Its columns are the
 * table scorecard_csv; results/SCHEMA.md describes them.
 */
#ifndef PAGESTORM_SCORE_ROW_H
#define PAGESTORM_SCORE_ROW_H

#include <stdint.h>

#include "harness/base/wordlist.h"
#include "harness/tables/column.h"

enum score_verdict {
	SCORE_RIGHT,
	SCORE_WITHIN_RESOLUTION,
	SCORE_BIASED,
	SCORE_NOISE,
	SCORE_WRONG,
	SCORE_UNREAD,
	SCORE_SKIPPED,
};

/* As in the file, in the order of the enumeration. */
extern const struct wordlist score_verdict_words;

struct score_row {
	char tool[64], version[64], quantity[64];
	double truth; /* this and the other numbers: NaN where there is none */
	char evidence[320];
	double said, error, error_percent;
	enum score_verdict verdict;
	char why[800];
	char unit[16], load[128];
	uint64_t repeats;
	double error_least, error_most, resolution, noise;
	char run[200];
};

extern const struct csv_file scorecard_csv;

/* Unread, every number absent. */
void score_row_init(struct score_row *row);

#endif
