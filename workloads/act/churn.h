/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory allocated from the kernel and returned in a loop: shared by brk_churn and
 * mmap_churn, so that the two differ only in their system calls and can be compared.
 *
 * A cycle takes size bytes, touches them and gives them back. The first cycle is not
 * timed: it looks its pages up in the page table, before and after.
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

#define CHURN_SLOTS                                                                                         \
	[CHURN_SLOT_CYCLES] = { "cycles", UNIT_COUNT, "cycles done" },                                      \
	[CHURN_SLOT_PAGES_PRESENT] = { "pages_present", UNIT_PAGES,                                         \
				       "base pages in the page table after the first cycle touched them" }, \
	[CHURN_SLOT_PAGES_LEFT] = { "pages_left", UNIT_PAGES,                                               \
				    "those of them still in the page table after the cycle" },              \
	[CHURN_SLOT_CLOCK_NS] = { "clock_ns", UNIT_NSEC,                                                    \
				  "what the loop and its clock reading add to each latency" },              \
	[CHURN_SLOT_CYCLE_NS] = {                                                                           \
		"cycle_ns", UNIT_NSEC,                                                                      \
		"mean time of a cycle less clock_ns, over the fastest nine in ten"                          \
	}

/* The functions of struct workload for both; params is a struct churn_params. */
int churn_check(const void *params, const struct workload_env *env, char *reason,
		size_t reason_bytes);
unsigned churn_needs(const void *params, const struct workload_env *env);
uint64_t churn_footprint(const void *params, const struct workload_env *env);
double churn_seconds(const void *params, const struct workload_env *env);
void churn_claims(const void *params, const struct workload_env *env, struct claims *out);

struct worker;

/* The system calls that take memory and give it back. */
struct churn_method {
	/* Untouched memory, aligned to a huge page with pages=huge; NULL with errno. */
	void *(*take)(struct worker *w, uint64_t bytes);
	int (*give_back)(void *start, uint64_t bytes); /* 0 or -1 with errno */
};

struct churn {
	uint64_t bytes; /* of a cycle: whole pages */
	bool huge;
	int pagemap;
	void *at; /* the method's own: where it maps huge pages */
	struct histogram floor;
	struct touch touch;
	struct fill fill;
};

/* For prepare(): sets w->state to a struct churn, and the process's huge page policy. */
int churn_prepare(struct worker *w);
int churn_run(struct worker *w, const struct churn_method *method);
void churn_release(struct worker *w);

#endif
