/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A comparison under way. For compare*.c alone.
 */
#ifndef PAGESTORM_COMPARE_PART_H
#define PAGESTORM_COMPARE_PART_H

#include "harness/report/compare.h"
#include "harness/report/contrast.h"

/* The same worker on both sides, and the name of its cell. */
struct pair {
	const struct result_dir *dir_a, *dir_b;
	const struct series *a, *b;
	const char *cell;
	unsigned *block_a, *block_b; /* of each run of a and b */
	unsigned nr_blocks;
	enum across across; /* no block has both: all runs are taken as one block */
	bool interleaved;
	size_t nr_alone; /* runs in a block that the other side lacks */
};

/* Finds the blocks; pair has its directories and series. -ENOMEM. */
int pair_find_blocks(struct pair *pair);
void pair_release(struct pair *pair);

/* The metric's values by block, sorted; absent ones are left out. */
struct strata {
	struct stratum *stratum;
	size_t nr;
	double *value; /* of all of them */
};

int strata_make(struct strata *strata, const struct pair *pair, const struct column *m);
void strata_release(struct strata *strata);

/* The interval of a row's ratio that misses it in `miss` of the cases. -ENOMEM. */
int compare_interval(const struct compare *c, const struct comparison *r, double miss,
		     double *low, double *high);

/* The family's part of the 5 %, of one look. */
double compare_part_of(const struct compare *c, enum family family);

/* From tests to verdicts: fills p, could_show, same_as and change, and counts. -ENOMEM. */
int compare_judge(struct compare *c);

#endif
