/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a handful of repeats says: one sample's median and spread, and whether two
 * samples differ. Pure, deterministic, for n from 1 to a few hundred.
 *
 * Repeats are few (3 to 20) and their noise has a heavy right tail: a stall is
 * longer by a factor, never shorter by one. So everything here stands on ranks.
 *
 * One sample. Median, MAD and a 95 % percentile-bootstrap interval of the median
 * with a fixed seed. The bootstrap alone promises too much when n is small: on a
 * log-normal with one stall in ten runs it held the true median in 88 % of the
 * cases at n = 7 and 91 % at n = 9. It is therefore never left narrower than the
 * interpolated sign-test interval (Hettmansperger and Sheather, Statistics and
 * Probability Letters 4, 1986), which needs no assumption and held 94 to 96 % for every n
 * from 6. Below five values no interval reaches 95 % (the whole range holds the
 * median with probability 1 - 2^(1-n)): none is given.
 *
 * Two samples. The exact two-sided Mann-Whitney test on mid-ranks: the
 * permutation distribution of the rank sum, ties included, so the rate of false
 * alarms holds whatever the noise looks like. The effect is the median of all
 * quotients b/a (Hodges-Lehmann on the log scale) and its interval is the set of
 * factors that the same test would not reject, so ratio, interval and p agree.
 * A bootstrap of a ratio of medians was rejected: at n = 5 it inherits the fault
 * above twice.
 *
 * Samples are compared unpaired even when the cells were interleaved: a paired
 * test of five repeats cannot reach 5 % (its smallest p is 1/16). Interleaving
 * still pays, since drift then widens both samples alike instead of posing as a
 * difference; the unpaired test is valid there and errs towards "within noise".
 *
 * Many comparisons. stats_adjust() is Benjamini and Hochberg's step-up: among the
 * differences that are reported at 5 % at most 5 % are expected to be false, and
 * when nothing differs at all the chance of reporting anything is at most 5 %
 * for the whole comparison, not for each of its rows.
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

struct contrast {
	size_t n_a, n_b;
	double ratio; /* median of all b/a; 0/0 counts as 1; may be infinite; NaN: no values */
	double low, high; /* 95 % interval of the ratio; NaN when n allows none */
	double p;	  /* two-sided; 1 without a test */
	double p_least;	  /* the smallest p that n_a and n_b can give */
	bool constant;	  /* all values of both samples are equal: nothing was tested */
};

/* values must be finite and not negative. 0 or -ENOMEM. */
int stats_contrast(const double *a, size_t n_a, const double *b, size_t n_b,
		   struct contrast *out);

/* Replaces each p by its Benjamini-Hochberg adjusted value. 0 or -ENOMEM. */
int stats_adjust(double *p, size_t n);

#endif
