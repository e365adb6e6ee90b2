/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A number out of what a tool printed: by a regular expression with a group, or
 * by a column's header and a row's pattern. Pure: text in, number out.
 */
#ifndef PAGESTORM_VALIDATE_READING_H
#define PAGESTORM_VALIDATE_READING_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"

/* Which of several matches. */
enum pick {
	PICK_FIRST,
	PICK_LAST,
	PICK_SUM,
	PICK_MAX,
	PICK_COUNT, /* how many matches there are; the pattern needs no group */
};

struct reading_unit {
	const char *name;
	double scale;	  /* of one printed unit, in bytes, pages or whatever is counted */
	double factor;	  /* of a suffix K, M, G: 1000, 1024, 0: none is read */
	const char *base; /* bytes, pages, count, percent, seconds … */
};

/* As written in an adapter; NULL: not given. */
struct reading_text {
	const char *pattern, *column, *row, *header, *shift, *pick, *unit, *times, *zero;
};

/* Patterns are kept as text: {pid} and its like are put in at each reading. */
struct reading {
	char *pattern, *column, *row, *header;
	char *zero; /* of a report that has no such number because there was nothing; NULL */
	int shift;  /* words that a row has before those of the header */
	enum pick pick;
	double times; /* a rate over so many seconds, for one */
	const struct reading_unit *unit;
};

/* A report of leaks: a line with bytes begins a record, lines with a symbol follow. */
struct reading_sites {
	char *record, *frame;
	const struct reading_unit *unit;
};

struct site {
	char symbol[48];
	double bytes;
};

struct site_list {
	struct site *site;
	size_t nr, capacity;
};

/* *e is a clause; the caller has the place. */
int reading_make(struct reading *r, const struct reading_text *text, struct error *e);
void reading_release(struct reading *r);

int reading_sites_make(struct reading_sites *r, const char *record, const char *frame,
		       const char *unit, struct error *e);
void reading_sites_release(struct reading_sites *r);

/*
 * *value and *step (one of the last printed digit) in the unit's base.
 * -ENODATA with a clause when nothing matches; -EINVAL for a word that is no number.
 */
int reading_take(const struct reading *r, const char *text, double *value, double *step,
		 struct error *e);

/* What {pid} and its like in a pattern stand for. */
struct reading_name {
	const char *name, *value;
};

/* The same with names, which end with name == NULL. */
int reading_take_of(const struct reading *r, const char *text, const struct reading_name *names,
		    double *value, double *step, struct error *e);

/*
 * Bytes by symbol, summed; a record counts for the first frame that matches, records
 * without one are left out. An empty list is an answer. -ENOMEM.
 */
int reading_sites_take(const struct reading_sites *r, const char *text, struct site_list *out,
		       struct error *e);
void site_list_release(struct site_list *list);
int site_list_add(struct site_list *list, const char *symbol, double bytes);

#endif
