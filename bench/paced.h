/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How well the anon workload keeps a rate: its ledger, looked at by another
 * thread while it grows, against rate times time.
 */
#ifndef PAGESTORM_PACED_H
#define PAGESTORM_PACED_H

#include <stdint.h>

#include "workloads/api/workload.h"

struct paced {
	double mean_error_percent;     /* of the whole growth; below 0: late */
	double lag_p99_ms, lag_max_ms; /* bytes due and not yet there, in time */
	int64_t end_error_pages;
	double cpu_percent; /* beyond what an unpaced growth of the same size takes */
};

/* settings: of anon, with a rate and a size of `bytes`; unpaced: without it. 0 or -errno. */
int paced_measure(const char *settings, const char *unpaced, uint64_t bytes,
		  const struct workload_env *env, struct paced *out);

#endif
