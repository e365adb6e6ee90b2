/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x axis of a figure over a swept setting: linear where the labels of its values fit, else
 * logarithmic, else with equal distances.
 */
#ifndef PAGESTORM_FIGURE_AXIS_H
#define PAGESTORM_FIGURE_AXIS_H

#include "harness/report/plot.h"
#include "harness/report/report.h"

struct extent {
	double low, high;
};

struct axis {
	const struct swept *swept;
	double *position;  /* of each value */
	const char *scale; /* a remark for the reader; "": none */
};

/* swept must outlive it. -ENOMEM. */
int axis_make(struct axis *a, const struct swept *swept);
void axis_release(struct axis *a);

/* Of the outermost values. */
struct extent axis_extent(const struct axis *a);

/* Range and labels, into the script. */
void axis_write(const struct axis *a, const struct plot *p);

#endif
