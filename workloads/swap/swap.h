/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of swap share: swap.c, which describes the workload and makes its mapping;
 * swap_pageout.c, which sends pages out and brings them back; swap_pressure.c, which holds
 * more than the limit; swap_check.c, which says what cannot be; and swap_truth.c, which says
 * beforehand what will be so.
 */
#ifndef PAGESTORM_SWAP_H
#define PAGESTORM_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "workloads/act/crew.h"
#include "workloads/act/fill.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"
#include "workloads/probe/placement.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21 /* Linux 5.4 */
#endif

enum swap_mode { MODE_PAGEOUT, MODE_PRESSURE };
enum swap_back { BACK_NONE, BACK_READ, BACK_WRITE, BACK_WILLNEED };

struct swap_params {
	int mode, back, pattern;
	uint64_t size_bytes, stride, cycles, threads, duration_ns;
	char fill[FILL_TEXT_BYTES];
	double ratio, stall;
	struct access_law law;
	bool latency;
};

/* The worker's own memory, which is locked, and its tables. */
#define SWAP_OWN_BYTES (8u << 20)

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

/* ---- in the worker ---- */

enum swap_slot {
	SLOT_PRESENT,
	SLOT_SWAPPED,
	SLOT_OUT,
	SLOT_OUT_NS,
	SLOT_OUT_RATE,
	SLOT_CACHED,
	SLOT_BACK,
	SLOT_BACK_NS,
	SLOT_BACK_RATE,
	SLOT_BACK_FAULTS,
	SLOT_BACK_MAJOR,
	SLOT_TOUCHED,
	SLOT_FILL_NS,
	SLOT_READS,
	SLOT_WRITES,
	SLOT_ACCESS_NS,
};

#define SWAP_MINCORE_PAGES 4096

struct swap_state {
	struct worker *w;
	const struct swap_params *params;
	char *map;
	uint64_t bytes, page, pages;
	int pagemap, reclaim;
	uint64_t start_ns;
	struct fill fill;
	struct touch touch;
	struct zipf *zipf; /* NULL: not drawn from */
	struct crew crew;
	unsigned char mincore[SWAP_MINCORE_PAGES];
};

/* "cannot WHAT: ERROR"; ret is -errno, and is returned. */
int swap_fail(struct worker *w, int ret, const char *what);

/* The first touch of the mapping; with mode=pressure a test may leave out the last pages. */
int swap_fill_all(struct worker *w);

/* Counts by the page table, into the slots and the achieved bytes. 0 or -errno, reported by
 * worker_fail(). */
int swap_count_pages(struct worker *w, struct placement *found);

/* run() of either mode. */
int swap_run_pageout(struct worker *w);
int swap_run_pressure(struct worker *w);

#endif
