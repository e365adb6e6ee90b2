/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a handful of repeats says: one sample's median and spread, and the adjustment of many
 * tests. Pure, deterministic. contrast.h has the test of two samples.
 *
 * Repeats are few (3 to 20) and their noise has a heavy right tail: a stall is
 * longer by a factor, never shorter by one. So everything here stands on ranks.
 *
 * One sample. Median, MAD and a 95 % percentile-bootstrap interval of the median, computed
 * and not drawn. The bootstrap alone promises too much when n is small: on a
 * log-normal with one stall in ten runs it held the true median in 88 % of the
 * cases at n = 7 and 91 % at n = 9. It is therefore never left narrower than the
 * interpolated sign-test interval (Hettmansperger and Sheather, Statistics and
 * Probability Letters 4, 1986), which needs no assumption. Below five values no interval
 * reaches 95 % (the whole range holds the median with probability 1 - 2^(1-n)): none is
 * given, and at five the range is.
 *
 * Many comparisons. stats_adjust() is Benjamini and Hochberg's step-up: among the
 * differences that are reported at 5 % at most 5 % are expected to be false, and
 * when nothing differs at all the chance of reporting anything is at most 5 %
 * for the whole family, not for each of its rows.
 */
#ifndef PAGESTORM_STATS_H
#define PAGESTORM_STATS_H

#include <stdbool.h>
#include <stddef.h>

#define STATS_LEVEL 0.05

struct summary {
	size_t n;
	double median, mad, mean, min, max; /* NaN when n is 0 */
	double scale; /* a robust sigma: 1.4826 MAD, or 1.2533 mean deviations when the MAD is 0
		       */
	double low, high; /* 95 % interval of the median; NaN when n < 5 */
	size_t outliers;
};

/* values need no order and must be finite; they are not changed. 0 or -ENOMEM. */
int stats_summary(const double *values, size_t n, struct summary *out);

/*
 * Whether one value of that sample lies more than 3.5 scales from the median
 * (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993) and more than 1 % of
 * it, since a MAD of one page would make every other page remarkable. Flagged, never
 * dropped. Always false when n < 5.
 */
bool stats_is_outlier(const struct summary *s, double value);

/* Replaces each p by its Benjamini-Hochberg adjusted value. 0 or -ENOMEM. */
int stats_adjust(double *p, size_t n);

#endif
