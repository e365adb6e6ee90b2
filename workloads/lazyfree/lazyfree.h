/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of lazyfree: lazyfree.c (options, description and what is refused),
 * lazyfree_truth.c (amounts and claims) and lazyfree_act.c (the worker).
 */
#ifndef PAGESTORM_LAZYFREE_H
#define PAGESTORM_LAZYFREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/fill.h"
#include "workloads/act/worker.h"

enum lazyfree_advice { ADVICE_FREE, ADVICE_DONTNEED, ADVICE_COLD, ADVICE_PAGEOUT };

struct lazyfree_params {
	uint64_t size_bytes;
	int advice;
	double rewrite;
	bool reclaim;
	uint64_t idle_ns;
	char fill[FILL_TEXT_BYTES];
};

enum lazyfree_slot {
	SLOT_PAGES_ADVISED,
	SLOT_PAGES_REWRITTEN,
	SLOT_REWRITE_FAULTS,
	SLOT_PAGES_OUT,
	SLOT_PAGES_DISCARDED,
	SLOT_PAGES_PRESENT,
	SLOT_PAGES_KEPT,
	SLOT_PAGES_ZERO,
	SLOT_ADVISE_NS,
};

/* Pages of the mapping, N; of them the first M are written again after the advice. Pure. */
uint64_t lazyfree_pages(const struct lazyfree_params *p, const struct workload_env *env);
uint64_t lazyfree_rewritten(const struct lazyfree_params *p, const struct workload_env *env);

/* Pages that are no longer in memory at HELD: N - M or none. Pure. */
uint64_t lazyfree_gone(const struct lazyfree_params *p, const struct workload_env *env);

/* The pure functions of struct workload. */
uint64_t lazyfree_footprint(const void *params, const struct workload_env *env);
uint64_t lazyfree_target(const void *params, const struct workload_env *env);
void lazyfree_claims(const void *params, const struct workload_env *env, struct claims *out);

/* Those that run in the worker. */
int lazyfree_prepare(struct worker *w);
int lazyfree_run(struct worker *w);
int lazyfree_verify(struct worker *w);
void lazyfree_release(struct worker *w);

#endif
