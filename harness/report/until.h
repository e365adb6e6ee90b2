/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run that goes on until its primary metrics are decided: when it is looked at, and whether
 * they are.
 *
 * Who looks several times finds a difference more often, also where there is none. The looks
 * are fixed beforehand, and each has an equal part of the 5 %: whatever is found at any of
 * them, together they are at most as often wrong as one look at the end. The number of looks
 * stands in run.json (end.looks), and compare and report divide by it as well.
 *
 * tests/long/test_until: of 1000 runs of cells alike how many say otherwise.
 */
#ifndef PAGESTORM_UNTIL_H
#define PAGESTORM_UNTIL_H

#include <stdbool.h>

#include "harness/base/error.h"

#define UNTIL_LOOKS_MAX 16

struct until {
	unsigned look[UNTIL_LOOKS_MAX]; /* after so many repeats; the last one is the bound */
	unsigned nr;
};

/*
 * Each look has two fifths more repeats than the one before, from the first at which samples
 * that do not overlap would be found among so many tests. -EDOM: not even the bound is enough.
 */
int until_schedule(struct until *u, unsigned tests, unsigned bound);

/* Which look is after so many repeats, from 1; 0: none. */
unsigned until_number(const struct until *u, unsigned repeats);

struct until_state {
	unsigned primary;   /* comparisons of a primary metric, each cell with the first */
	unsigned undecided; /* of these: neither better nor worse, nor surely the same */
	char example[400];  /* one of the undecided, for a message */
};

/*
 * Of a results directory, whose run may be under way. Decided is what is better or worse, and
 * what surely differs by less than what counts as a difference. -errno with a sentence in *e.
 */
int until_look(const char *path, struct until_state *state, struct error *e);

#endif
