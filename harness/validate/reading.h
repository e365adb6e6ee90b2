/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a number from the output of a tool: by a regular expression with a group, or by the
 * header of a column and the pattern of a row. Pure: text in, number out.
 */
#ifndef PAGESTORM_VALIDATE_READING_H
#define PAGESTORM_VALIDATE_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"
#include "harness/validate/amount.h"
#include "harness/validate/pattern.h"

/* Which of several matches. */
enum pick {
	PICK_FIRST,
	PICK_LAST,
	PICK_SUM,
	PICK_MAX,
	PICK_COUNT, /* how many matches there are; the pattern needs no group */
};

/* As written in an adapter; NULL: not given. */
struct reading_text {
	const char *pattern, *column, *row, *header, *shift, *pick, *unit, *times, *zero;
};

/* Patterns are kept as text: placeholders are expanded at each reading. */
struct reading {
	char *pattern, *column, *row, *header;
	char *zero; /* matches a report without the number, which then is 0; NULL */
	int shift;  /* words that a row has before those of the header */
	enum pick pick;
	double times; /* a rate over so many seconds, for one */
	const struct amount_unit *unit;
};

/* *e is a clause; the caller has the place. */
int reading_make(struct reading *r, const struct reading_text *text, struct error *e);
void reading_release(struct reading *r);

/*
 * Expands the names in the patterns (pattern.h). -ENODATA with a clause when nothing matches;
 * -EINVAL for a word that is not a number.
 */
int reading_take(const struct reading *r, const char *text, const struct pattern_name *names,
		 struct amount *amount, struct error *e);

#endif
