/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The curves of one drawing over a swept setting, as data and commands for gnuplot.
 */
#ifndef PAGESTORM_FIGURE_CURVE_H
#define PAGESTORM_FIGURE_CURVE_H

#include "harness/report/figure.h"
#include "harness/report/figure_axis.h"

/* A metric in cells that differ only in the swept setting. */
struct curve {
	const struct column *metric;
	size_t index;	    /* of the metric in the report's list */
	const char *legend; /* the caller's */
	size_t *series;	    /* by position on the axis; SIZE_MAX: no such cell */
};

struct curves {
	const struct report *report;
	const char *worker;
	const struct axis *axis;
	struct curve curve[FIGURE_CURVES];
	size_t nr;
};

/*
 * Adds the curve of the cells whose other settings are rest ("": any). At most FIGURE_CURVES
 * curves. -ENOMEM.
 */
int curves_add(struct curves *c, size_t metric, const char *rest, const char *legend);

/* Removes all curves, for the next figure. */
void curves_drop(struct curves *c);

/* Whether any of them is not flat. */
bool curves_differ(const struct curves *c);

/* Of all values. */
struct extent curves_extent(const struct curves *c);

/* Medians with their intervals, and each run beside its own; values are divided. -ENOMEM. */
int curves_write(const struct curves *c, const struct plot *p, double divisor);

#endif
