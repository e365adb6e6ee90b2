/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a number is worth beside its truth. Pure.
 *
 *	right			no error
 *	within_resolution	no more than the tool can print, or than is known of what
 *				it reads, or than the machine's own noise
 *	biased			off by what a known cause explains, and by no more
 *	noise			within the machine's noise, which is so high that an error
 *				of SCORE_SEES_PERCENT could hide in it; or other
 *				processes moved more than that of it meanwhile
 *	wrong			none of these
 *	unread			it printed nothing that could be read as the number
 *	skipped			it did not run, and why
 */
#ifndef PAGESTORM_VALIDATE_SCORE_H
#define PAGESTORM_VALIDATE_SCORE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/tables/score_row.h"

#define SCORE_SEES_PERCENT 5
#define SCORE_REPEATS_MAX  64

/* One repeat. */
struct measure {
	double truth, said;
	double resolution;	      /* of this reading; 0: exact */
	double bias_least, bias_most; /* of the error, when it is known; 0 otherwise */
	double others;		      /* moved by other processes meanwhile; 0: not known */
};

/* The repeats of one quantity, and its readings beside a null load. */
struct gathered {
	struct measure measure[SCORE_REPEATS_MAX];
	/* the unexplained error beside a null load; none: the quantity is the worker's alone */
	double noise[SCORE_REPEATS_MAX];
	size_t nr, nr_noise;
};

struct score {
	enum score_verdict verdict;
	size_t repeats;
	struct measure median;	     /* the repeat with the median of the unexplained error */
	double error, error_percent; /* of that; percent NaN when the truth is 0 */
	double error_least, error_most;
	double noise; /* NaN: not of the whole machine */
};

/* The error beyond its known cause. */
double score_unexplained(const struct measure *measure);

/* Its verdict and numbers as the row has them. */
void score_to_row(const struct score *score, struct score_row *row);

/* Of one repeat at least. The repeats' own spread adds to the noise. Sorts the measures. */
void score_make(struct score *score, struct gathered *gathered, bool has_bias);

#endif
