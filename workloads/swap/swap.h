/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of swap share: swap.c, which sends pages out and brings them back;
 * swap_check.c, which says how many and what cannot be; and swap_truth.c, which says
 * beforehand what will be so.
 */
#ifndef PAGESTORM_SWAP_H
#define PAGESTORM_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/fill.h"
#include "workloads/act/skew.h"
#include "workloads/api/workload.h"

enum swap_mode { MODE_PAGEOUT, MODE_PRESSURE };
enum swap_back { BACK_NONE, BACK_READ, BACK_WRITE, BACK_WILLNEED };

struct swap_params {
	int mode, back, pattern, access_pattern;
	uint64_t size_bytes, stride, cycles, threads, duration_ns;
	char fill[FILL_TEXT_BYTES];
	double ratio, reads, stall;
	bool latency;
	struct skew skew;
};

/* The mapping: asked for, or a share of the limit with mode=pressure. */
uint64_t swap_set_bytes(const struct swap_params *p, const struct workload_env *env);
uint64_t swap_set_pages(const struct swap_params *p, const struct workload_env *env);

/* What of it cannot be under the limit, whatever else the group has there. */
uint64_t swap_excess_bytes(const struct swap_params *p, const struct workload_env *env);

/* Whether pages would come back from the swap cache unless that is dropped: from a file. */
bool swap_must_drop(const struct swap_params *p, const struct workload_env *env);

/* The functions of struct workload that are pure. */
int swap_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes);
uint64_t swap_footprint(const void *params, const struct workload_env *env);
uint64_t swap_target(const void *params, const struct workload_env *env);
double swap_seconds(const void *params, const struct workload_env *env);
void swap_claims(const void *params, const struct workload_env *env, struct claims *out);

#endif
