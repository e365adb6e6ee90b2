/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether two samples differ. Pure, deterministic, for n from 1 to a hundred thousand.
 *
 * The test is the exact two-sided Mann-Whitney test on mid-ranks: the permutation
 * distribution of the rank sum, ties included, so the rate of false alarms holds whatever the
 * noise looks like. The effect is the median of all quotients b/a (Hodges-Lehmann on the log
 * scale) and its interval is the set of factors that the same test would not reject, so
 * ratio, interval and p agree. Above 40 values the normal approximation takes over.
 *
 * Blocks. Values are compared within strata alone: values of one machine and one day. The rank
 * sums of the strata add up, and so do their distributions, so a stratum that is slower as a
 * whole is no difference. Within a stratum the samples are unpaired, even when their cells were
 * interleaved: a paired test of five repeats cannot reach 5 % (its smallest p is 1/16).
 * Interleaving still pays, since drift then widens both samples alike instead of posing as a
 * difference.
 *
 * Spread. The Mann-Whitney test assumes that the samples are the same but for a shift. Where
 * one only scatters more, it rejects equal medians in up to 10 % of the cases. p_location is
 * of Brunner and Munzel's test (Biometrical Journal 42, 2000), which allows unequal
 * spreads: a difference counts as one of location where both tests reject.
 */
#ifndef PAGESTORM_CONTRAST_H
#define PAGESTORM_CONTRAST_H

#include <stdbool.h>
#include <stddef.h>

/* The values of both samples that were recorded in one block. Finite, not negative. */
struct stratum {
	double *a, *b; /* sorted by contrast_sort() */
	size_t n_a, n_b;
};

struct contrast {
	size_t n_a, n_b; /* in strata that have both */
	double ratio; /* median of all b/a; 0/0 counts as 1; may be infinite; NaN: no values */
	double low, high;  /* 95 % interval of the ratio; NaN when n allows none */
	double p;	   /* two-sided, Mann-Whitney; 1 without a test */
	double p_least;	   /* the smallest p that these numbers of values can give */
	double p_location; /* two-sided, Brunner-Munzel */
	bool constant;	   /* all values of both samples are equal: nothing was tested */
};

void contrast_sort(struct stratum *stratum, size_t nr);

/* Of sorted strata; one that lacks a or b is left out. 0 or -ENOMEM. */
int contrast_make(const struct stratum *stratum, size_t nr, struct contrast *out);

/* The interval of the ratio that misses it in `miss` of the cases; NaN when n allows none. */
int contrast_interval(const struct stratum *stratum, size_t nr, double miss, double *low,
		      double *high);

/* p that the distances from the median are the same in a and b, exact Mann-Whitney. */
int contrast_spread(const struct stratum *stratum, size_t nr, double *p);

/*
 * For the power of a test of n and n values without ties, before there are values: its p is at
 * most `level` where no more than *disorder of the n x n pairs are in the other order.
 * 0, -ENOMEM, or -EDOM: no p is so small.
 */
int contrast_critical(size_t n, double level, size_t *disorder);

#endif
