/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics: the columns of runs.csv that their table marks as such, and a few that derive from
 * them; their values as text.
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

#define METRICS_MAX 64

/*
 * In the order of the report. The rows are in constant tables: the same pointers in each list.
 */
struct metric_list {
	const struct column *at[METRICS_MAX];
	size_t nr;
};

void metric_list_make(struct metric_list *list);

/* Whether the shell pattern matches the name of any metric. */
bool metric_is_known(const char *pattern);

/* From its unit. */
enum measure metric_measure(const struct column *m);

/* The figures over a swept setting, in the order of the page. */
struct panel_figure {
	enum panel panel;
	const char *title;
	bool instead; /* where it is drawn, the next one is not */
};

/* Ends with title == NULL. */
extern const struct panel_figure panel_figures[];

/*
 * The centre of a sample: its median, but the mean for a share of runs, whose values are 0 and
 * 1.
 */
struct summary;
double metric_center(const struct column *m, const struct summary *s);

/* "1.23 ms", "45.6 MiB", "12.3 %", "49408"; "–" for NaN, "∞" for infinity. */
void measure_format(enum measure measure, double value, char *out, size_t out_bytes);
void metric_format(const struct column *m, double value, char *out, size_t out_bytes);

/*
 * "12.6 … 13.1": the interval of the median, or the range where the sample is too small for
 * one; true: it is the interval. Without a unit, in the one that metric_format uses for the
 * median.
 */
bool metric_format_spread(const struct column *m, const struct summary *s, char *out,
			  size_t out_bytes);

/*
 * One power of ten or two for a whole axis: returns the divisor and its unit, chosen so that
 * `largest` reads as 1 to 1000.
 */
double metric_scale(enum measure measure, double largest, const char **unit);

#endif
