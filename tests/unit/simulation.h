/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Simulated runs for the tests of compare: results directories below one of the test,
 * and comparisons of them. A failure in here is a failure of the test.
 */
#ifndef PAGESTORM_TESTS_SIMULATION_H
#define PAGESTORM_TESTS_SIMULATION_H

#include "harness/report/compare.h"

/* Setup and teardown of the group of tests: makes and removes the directory. */
int simulation_begin(void **state);
int simulation_end(void **state);

/* The runs.csv of the result directory a, b, c or d:e. */
void simulation_write(const char *name, const char *text);

/* What the profile of a and b names as primary; NULL: nothing. */
void simulation_primary(const char *metric);

/* The same of a run that was looked at so often. */
void simulation_looks(const char *metric, unsigned looks);

void simulation_path(const char *name, char *path, size_t path_bytes);

void simulation_open(struct side *side, const char *name, const char *selector);

/* pattern: of the metrics; NULL: all of them. */
int simulation_compare(struct compare *c, const struct side *a, const struct side *b,
		       const char *pattern, struct error *e);

const struct comparison *simulation_row(const struct compare *c, const char *metric);

struct tally {
	unsigned with_false; /* comparisons that hold any better or worse */
	unsigned verdicts, false_verdicts, too_few;
};

/* Compares two simulations of the same thing, rounds times, and adds to *tally. */
void simulation_compare_alike(unsigned repeats, unsigned cells, unsigned rounds, uint64_t *rng,
			      struct tally *tally);

/* Log-normal run times; sigma is of the logarithm. */
struct spread_case {
	unsigned n_a, n_b;
	double sigma_a, sigma_b;
	double factor; /* of B's median; 0: the same */
};

/* The verdict on one draw. */
enum change simulation_spread(const struct spread_case *c, uint64_t *rng);

struct search {
	unsigned rounds, repeats;
	double slow; /* factor by which B is slower */
	const char *pattern, *metric;
	enum change expected;
};

/* The number of rounds that detect the metric's change; none detects the opposite. */
unsigned simulation_found(const struct search *search);

#endif
