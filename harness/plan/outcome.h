/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can become of a worker in a trial, and whether that is what was expected of it: the
 * one place that decides so for run, report and compare.
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
	OUTCOME_FAILED, /* the worker said why it could not */
	OUTCOME_BROKEN, /* the worker died or lied: a bug */
};

/* As in runs.csv, in the order of the enumeration. */
extern const struct wordlist outcome_words;

const char *outcome_name(enum outcome outcome);

enum ending {
	ENDING_EXPECTED,
	ENDING_UNEXPECTED,
	ENDING_INVALID,	    /* failed or broken: nothing is known of the subject */
	ENDING_SKIPPED,	    /* whatever was expected, it says nothing of the subject */
	ENDING_INTERRUPTED, /* nor does this */
};

enum ending outcome_ending(enum outcome outcome, enum outcome expected);

/*
 * The same of a row's cells. An empty `expected` is that of a file written before the
 * column was there: ok and expected_oom are as expected. A word that is no outcome is an
 * unexpected one.
 */
enum ending outcome_ending_of_row(const char *outcome, const char *expected);

#endif
