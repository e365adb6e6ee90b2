/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by leak.c (options and worker) and leak_truth.c (what is refused, amounts and
 * claims).
 */
#ifndef PAGESTORM_LEAK_H
#define PAGESTORM_LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/heap_model.h"
#include "workloads/act/pace.h"
#include "workloads/api/workload.h"

#define LEAK_THREADS_MAX      64
#define LEAK_THREADS_MAX_TEXT "64"
#define LEAK_BRK_ALIGNMENT    16

enum leak_shape { SHAPE_SAWTOOTH = PACE_BURST + 1 };
enum leak_allocator {
	BY_MALLOC,
	BY_CALLOC,
	BY_REALLOC,
	BY_ALIGNED_ALLOC,
	BY_MMAP,
	BY_BRK,
};
enum leak_reach {
	REACH_LOST,
	REACH_GLOBAL,
	REACH_INTERIOR,
	REACH_CHAIN,
	REACH_STACK,
	REACH_FREED,
};

struct leak_params {
	uint64_t size_bytes, blocks, rate, chunk_bytes, interval_ns;
	uint64_t threads, arenas, sites, depth, align;
	int shape, allocator, reach, touch;
};

/* Number of leaking threads; threads=0: the main thread. */
uint64_t leak_leakers(const struct leak_params *p);

/* Whether blocks come from malloc(3) and its relatives: not from mmap or brk. */
bool leak_is_from_malloc(const struct leak_params *p);

/* Blocks of a thread before it frees them all; UINT64_MAX: it frees none. */
uint64_t leak_tooth_blocks(const struct leak_params *p);

struct pace leak_pace(const struct leak_params *p);

/* The pure functions of struct workload. */
int leak_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes);
uint64_t leak_footprint(const void *params, const struct workload_env *env);
uint64_t leak_target(const void *params, const struct workload_env *env);
double leak_seconds(const void *params, const struct workload_env *env);
void leak_claims(const void *params, const struct workload_env *env, struct claims *out);

#endif
