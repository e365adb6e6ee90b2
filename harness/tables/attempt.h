/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rows count: a disturbed trial is repeated, each attempt keeps its rows, and of a
 * cell's repeat those of the last attempt alone are its result. Files of earlier versions
 * have no column `attempt`: there every row counts.
 */
#ifndef PAGESTORM_ATTEMPT_H
#define PAGESTORM_ATTEMPT_H

#include "harness/tables/csv.h"

struct attempt {
	unsigned long cell;
	long repeat;
	unsigned long last;
};

/* The last attempts that a table's rows tell of. */
struct attempts {
	struct attempt *attempt;
	size_t nr, capacity;
};

/* Of runs.csv, in which each attempt has rows; *a must be empty. -ENOMEM. */
int attempts_find(struct attempts *a, const struct csv_table *runs);
void attempts_release(struct attempts *a);

/* Of that cell and repeat; 1 when there is none. */
unsigned long attempts_last(const struct attempts *a, unsigned long cell, long repeat);

/* Whether a row of the table belongs to the last attempt of its repeat. */
bool attempts_is_last(const struct attempts *a, const struct csv_table *t, size_t row);

/* Frees the rows of earlier attempts and closes up. */
void attempts_drop(const struct attempts *a, struct csv_table *t);

#endif
