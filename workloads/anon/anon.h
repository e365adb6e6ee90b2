/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of anon share: anon.c, which describes the workload; anon_act.c, which
 * touches and accesses; anon_check.c, which says what cannot be; and anon_truth.c, which says
 * beforehand what will be so.
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

/* Whether the first touch takes all of it: nothing is left that maps a zero page. Pure. */
bool anon_takes_all(const struct anon_params *p, const struct workload_env *env);

/* Whether it fits under the limit: reclaim takes pages away when they do not. Pure. */
bool anon_fits(const struct anon_params *p, const struct workload_env *env);

/* The functions of struct workload that are pure. */
int anon_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes);
unsigned anon_needs(const void *params, const struct workload_env *env);
uint64_t anon_footprint(const void *params, const struct workload_env *env);
uint64_t anon_target(const void *params, const struct workload_env *env);
double anon_seconds(const void *params, const struct workload_env *env);
void anon_claims(const void *params, const struct workload_env *env, struct claims *out);

/* And those that are called in the worker. */
int anon_prepare(struct worker *w);
int anon_run(struct worker *w);
int anon_verify(struct worker *w);
void anon_release(struct worker *w);

#endif
