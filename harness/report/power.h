/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a comparison will be able to find, before there are values: the power of the exact
 * Mann-Whitney test of n and n log-normal values whose medians differ by a factor. Pure.
 *
 * The number of pairs in disorder beyond which the test does not reject is exact. Its
 * distribution where the medians differ is drawn, 2000 times from a fixed seed, for up to 20
 * repeats; above it is taken as normal, with the mean and the variance that
 * it has (Lehmann, Nonparametrics, 1975, section 2.3). tests/long/test_power compares the
 * result with simulated comparisons.
 *
 * noise: the standard deviation of the logarithm over repeats, so about 1.48 MAD / median.
 */
#ifndef PAGESTORM_POWER_H
#define PAGESTORM_POWER_H

#include <stddef.h>

#define POWER_FOUND	  0.8	/* a difference is found in so many of all runs */
#define POWER_REPEATS_MAX 10000 /* as many as a profile may have */

struct plan;

/*
 * Comparisons of a primary metric: a report compares each cell with the first; of one cell two
 * runs are compared. A metric that is no worker's own is each one's.
 */
unsigned power_tests(const struct plan *plan);

/* level: of the one test. 0 where no p is so small, or memory is short. */
double power_of(size_t n, double effect, double noise, double level);

/* The least effect (0.1: 10 %) that is found in POWER_FOUND of the runs; infinite: none is. */
double power_least_effect(size_t n, double noise, double level);

/* The repeats that this takes; 0: more than POWER_REPEATS_MAX. */
size_t power_repeats(double effect, double noise, double level);

#endif
