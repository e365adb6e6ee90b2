/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of what is compared and reported: which column of runs.csv, its
 * unit, which direction is better, and how finely it can be told apart at all.
 */
#ifndef PAGESTORM_METRIC_H
#define PAGESTORM_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/tables/column.h"

enum measure {
	MEASURE_NANOSECONDS,
	MEASURE_MICROSECONDS,
	MEASURE_SECONDS,
	MEASURE_BYTES,
	MEASURE_BYTES_PER_SECOND,
	MEASURE_COUNT,
	MEASURE_COUNT_PER_SECOND,
	MEASURE_PAGES,
	MEASURE_SHARE, /* 0 to 1 */
};

struct metric {
	const char *name;   /* as --metric takes it: the column's name unless derived */
	const char *column; /* of runs.csv; NULL: 1 for a run that did not end as expected */
	const char *over;   /* column to divide by, or NULL */
	const char *label;
	enum measure measure;
	enum better better;
	double resolution; /* least relative change that the instrument itself can tell */
	bool headline;	   /* among those that a report shows first */
};

/* Ends with name == NULL. In the order of the report. */
extern const struct metric metrics[];

/*
 * What stands for a sample: its median, but the mean for a share of runs, whose values
 * are 0 and 1.
 */
struct summary;
double metric_center(const struct metric *m, const struct summary *s);

const struct metric *metric_find(const char *name);

/* "1.23 ms", "45.6 MiB", "12.3 %", "49408"; "–" for NaN, "∞" for infinity. */
void metric_format(enum measure measure, double value, char *out, size_t out_bytes);

/*
 * "12.6 … 13.1", how far a sample scatters: the interval of its median, or its range where it
 * is too small for one; true: it is the interval. Without a unit, in the one that
 * metric_format would take for the median.
 */
bool metric_format_spread(enum measure measure, const struct summary *s, char *out,
			  size_t out_bytes);

/*
 * One power of ten or two for a whole axis: returns the divisor and its unit, chosen so that
 * `largest` reads as 1 to 1000.
 */
double metric_scale(enum measure measure, double largest, const char **unit);

/* The kernel's and the files' own unit: ns, bytes, pages …; "" for a share. */
const char *measure_name(enum measure measure);

#endif
