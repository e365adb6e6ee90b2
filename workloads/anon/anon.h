/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of anon: anon.c (options and description), anon_act.c (the worker),
 * anon_check.c (what is refused) and anon_truth.c (amounts and claims).
 */
#ifndef PAGESTORM_ANON_H
#define PAGESTORM_ANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/fill.h"
#include "workloads/act/hugepages.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"

struct anon_params {
	uint64_t size_bytes;
	char fill[FILL_TEXT_BYTES];
	int pages, touch, pattern;
	uint64_t stride, threads, rate;
	uint64_t access_ns;
	struct access_law law;
	bool latency;
};

enum anon_slot {
	SLOT_PAGES_TOUCHED,
	SLOT_PAGES_PRESENT,
	SLOT_PAGES_SWAPPED,
	SLOT_PAGES_FILLED,
	SLOT_FILL_NS,
	SLOT_READS,
	SLOT_WRITES,
};

/* The mapping: whole pages. Pure. */
uint64_t anon_held_bytes(const struct anon_params *p, const struct workload_env *env);

/* Whether the first touch allocates every page: none is left mapped to a zero page. Pure. */
bool anon_takes_all(const struct anon_params *p, const struct workload_env *env);

/* Whether it fits under the group's limit, so that no page is reclaimed. Pure. */
bool anon_fits(const struct anon_params *p, const struct workload_env *env);

/* The pure functions of struct workload. */
int anon_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes);
unsigned anon_needs(const void *params, const struct workload_env *env);
uint64_t anon_footprint(const void *params, const struct workload_env *env);
uint64_t anon_target(const void *params, const struct workload_env *env);
double anon_seconds(const void *params, const struct workload_env *env);
void anon_claims(const void *params, const struct workload_env *env, struct claims *out);

/* Those that run in the worker. */
int anon_prepare(struct worker *w);
int anon_run(struct worker *w);
int anon_verify(struct worker *w);
void anon_release(struct worker *w);

#endif
