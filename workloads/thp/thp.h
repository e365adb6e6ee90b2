/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of thp: thp.c (options and description), thp_act.c (the worker),
 * thp_check.c (what is refused) and thp_truth.c (amounts and claims).
 */
#ifndef PAGESTORM_THP_H
#define PAGESTORM_THP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/fill.h"
#include "workloads/act/worker.h"

enum thp_kind {
	KIND_MADVISE,
	KIND_ALWAYS,
	KIND_BASE,
	KIND_COLLAPSE,
	KIND_DONTNEED,
	KIND_MUNMAP,
	KIND_SPLIT,
};

struct thp_params {
	uint64_t size_bytes, offset_bytes, drop, accesses;
	int kind, touch;
	char fill[FILL_TEXT_BYTES];
};

enum thp_slot {
	SLOT_PAGES_PRESENT,
	SLOT_LARGE_FOLIOS,
	SLOT_LARGE_PAGES,
	SLOT_ACT_NS,
	SLOT_ACCESS_NS,
};

/* ---- arithmetic; pure ---- */

/* The mapping: whole base pages. */
uint64_t thp_map_bytes(const struct thp_params *p, const struct workload_env *env);

/* Whether huge pages are broken up: the last three modes. */
bool thp_breaks_up(const struct thp_params *p);

/* Whether the memory is touched before READY, because the act is on present pages. */
bool thp_is_prepared(const struct thp_params *p);

/* The order of a huge page: 9 where it has 512 base pages; 0: no huge pages. */
unsigned thp_pmd_order(const struct workload_env *env);

/* Number of aligned huge pages within the mapping. */
uint64_t thp_room_for_huge(const struct thp_params *p, const struct workload_env *env);

/* The pure functions of struct workload. */
int thp_check(const void *params, const struct workload_env *env, char *reason,
	      size_t reason_bytes);
uint64_t thp_footprint(const void *params, const struct workload_env *env);
uint64_t thp_target(const void *params, const struct workload_env *env);
double thp_seconds(const void *params, const struct workload_env *env);
void thp_claims(const void *params, const struct workload_env *env, struct claims *out);

/* Those that run in the worker. */
int thp_prepare(struct worker *w);
int thp_run(struct worker *w);
int thp_verify(struct worker *w);
void thp_release(struct worker *w);

#endif
