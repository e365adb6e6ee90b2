/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory taken from the kernel and given back, over and over: what brk_churn and
 * mmap_churn share, so that the two differ in their system calls and in nothing
 * else and can be held against each other.
 *
 * A cycle takes size bytes, touches them and gives them back. The first one is
 * not timed: its pages are looked up in the page table, before and after.
 */
#ifndef PAGESTORM_CHURN_H
#define PAGESTORM_CHURN_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/act/fill.h"
#include "workloads/api/histogram.h"
#include "workloads/act/touch.h"
#include "workloads/api/workload.h"

struct churn_params {
	uint64_t size_bytes, cycles, duration_ns;
	int touch, pages;
};

enum churn_slot {
	CHURN_SLOT_CYCLES,
	CHURN_SLOT_PAGES_PRESENT,
	CHURN_SLOT_PAGES_LEFT,
	CHURN_SLOT_CLOCK_NS,
	CHURN_SLOT_CYCLE_NS,
};

extern const struct workload_option churn_options[];

#define CHURN_SLOTS                                                                            \
	[CHURN_SLOT_CYCLES] = { "cycles", UNIT_COUNT, "cycles done" },                         \
	[CHURN_SLOT_PAGES_PRESENT] = { "pages_present", UNIT_PAGES,                            \
				       "base pages that the page table had when the first "    \
				       "cycle had touched them" },                             \
	[CHURN_SLOT_PAGES_LEFT] = { "pages_left", UNIT_PAGES,                                  \
				    "of these: still there after the cycle" },                 \
	[CHURN_SLOT_CLOCK_NS] = { "clock_ns", UNIT_NSEC,                                       \
				  "what the loop and its reading of the clock add to each "    \
				  "latency" },                                                 \
	[CHURN_SLOT_CYCLE_NS] = {                                                              \
		"cycle_ns", UNIT_NSEC,                                                         \
		"time of a cycle without clock_ns, of the fastest nine in ten"                 \
	}

/* The functions of struct workload that both share; params is a struct churn_params. */
int churn_check(const void *params, const struct workload_env *env, char *reason,
		size_t reason_bytes);
unsigned churn_needs(const void *params, const struct workload_env *env);
uint64_t churn_footprint(const void *params, const struct workload_env *env);
double churn_seconds(const void *params, const struct workload_env *env);
void churn_claims(const void *params, const struct workload_env *env, struct claims *out);

struct worker;

/* How memory is taken and given back. */
struct churn_method {
	/* bytes of untouched memory whose huge pages, if any, begin where it begins; NULL:
	 * errno says why. */
	void *(*take)(struct worker *w, uint64_t bytes);
	int (*give_back)(void *start, uint64_t bytes); /* 0 or -1 with errno */
};

struct churn {
	uint64_t bytes; /* of a cycle, whole pages */
	bool huge;
	int pagemap;
	void *at; /* where the method takes huge pages from; its own */
	struct histogram floor;
	struct touch touch;
	struct fill fill;
};

/* prepare(): settles huge pages for the process; w->state is the struct churn then. */
int churn_prepare(struct worker *w);
int churn_run(struct worker *w, const struct churn_method *method);
void churn_release(struct worker *w);

#endif
