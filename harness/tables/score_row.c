// SPDX-License-Identifier: GPL-2.0-or-later
/* The columns of scorecard.csv. Judges nothing. */
#include "harness/tables/score_row.h"

#include <math.h>

#include "harness/tables/column_part.h"

#define COLUMN(member, ...) COLUMN_OF(struct score_row, #member, member, __VA_ARGS__)
#define AMOUNT(member)	    COLUMN(member, .unit = "as unit", .decimals = 3, .whole = true)

static const char *const words[] = {
	[SCORE_RIGHT] = "right",     [SCORE_WITHIN_RESOLUTION] = "within_resolution",
	[SCORE_BIASED] = "biased",   [SCORE_NOISE] = "noise",
	[SCORE_WRONG] = "wrong",     [SCORE_UNREAD] = "unread",
	[SCORE_SKIPPED] = "skipped",
};

const struct wordlist score_verdict_words = WORDLIST(words);

static const struct column columns[] = {
	COLUMN(tool),
	COLUMN(version),
	COLUMN(quantity),
	AMOUNT(truth),
	COLUMN(evidence),
	AMOUNT(said),
	AMOUNT(error),
	COLUMN(error_percent, .unit = "percent", .decimals = 3),
	COLUMN(verdict, .words = &score_verdict_words),
	COLUMN(why),
	COLUMN_SCHEMA,
	COLUMN(unit),
	COLUMN(load),
	COLUMN(repeats, .unit = "count"),
	AMOUNT(error_least),
	AMOUNT(error_most),
	AMOUNT(resolution),
	AMOUNT(noise),
	COLUMN(run),
};

const struct csv_file scorecard_csv = CSV_FILE("scorecard.csv", columns);

void score_row_init(struct score_row *row)
{
	*row = (struct score_row){ .truth = NAN,
				   .said = NAN,
				   .error = NAN,
				   .error_percent = NAN,
				   .verdict = SCORE_UNREAD,
				   .error_least = NAN,
				   .error_most = NAN,
				   .resolution = NAN,
				   .noise = NAN };
}
