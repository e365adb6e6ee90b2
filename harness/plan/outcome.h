/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outcomes of a worker in a trial, and whether one is as expected: the one place that
 * decides this for run, report and compare.
 */
#ifndef PAGESTORM_OUTCOME_H
#define PAGESTORM_OUTCOME_H

#include <stdbool.h>

#include "harness/base/wordlist.h"

enum outcome {
	OUTCOME_OK,
	OUTCOME_EXPECTED_OOM,
	OUTCOME_UNEXPECTED_OOM,
	OUTCOME_MISSING_OOM,
	OUTCOME_TARGET_MISSED,
	OUTCOME_TIMEOUT,
	OUTCOME_INTERRUPTED,
	OUTCOME_SKIPPED,
	OUTCOME_DISTURBED, /* as expected, but for claims that other processes moved */
	/* by another's limit or signal: neither the expected OOM kill nor a fault of the run */
	OUTCOME_KILLED_BY_OTHER,
	OUTCOME_FAILED, /* the worker reported an error */
	OUTCOME_BROKEN, /* the worker died or its report is wrong: a bug */
};

/* As in runs.csv, in the order of the enumeration. */
extern const struct wordlist outcome_words;

const char *outcome_name(enum outcome outcome);

enum ending {
	ENDING_EXPECTED,
	ENDING_UNEXPECTED,
	ENDING_INVALID,	    /* failed, broken or killed by another: no result */
	ENDING_SKIPPED,	    /* no result either, whatever was expected */
	ENDING_INTERRUPTED, /* likewise */
	ENDING_DISTURBED,   /* likewise: it could not be decided */
};

enum ending outcome_ending(enum outcome outcome, enum outcome expected);

/*
 * The same for a row's cells. `expected` is empty in files older than the column: then ok and
 * expected_oom are as expected. An unknown word counts as unexpected.
 */
enum ending outcome_ending_of_row(const char *outcome, const char *expected);

#endif
