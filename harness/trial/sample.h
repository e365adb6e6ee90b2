/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The timeline: a few cheap numbers at each tick of the sampling timer. Files
 * whose reading walks page tables (smaps, numa_maps) are never read here.
 */
#ifndef PAGESTORM_SAMPLE_H
#define PAGESTORM_SAMPLE_H

#include "harness/trial/results.h"
#include "harness/trial/trial.h"

/* System totals at GO: cumulative quantities count from then. */
struct sample_base {
	bool known;
	int64_t value[8];
	struct histogram *seen; /* of each worker, at the tick before; WORKERS_MAX */
};

/* Writes one tick's rows to samples.csv; base is filled at the first. */
void sample_take(const struct trial *trial, const char *phase, int repeat,
		 struct sample_base *base, struct results *results);

#endif
