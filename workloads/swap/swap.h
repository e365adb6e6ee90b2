/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of swap: swap.c (options, description and mapping), swap_pageout.c and
 * swap_pressure.c (the worker in either mode), swap_check.c (what is refused) and
 * swap_truth.c (amounts and claims).
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

/* The rest of the worker's memory, which is locked, and its page tables. */
#define SWAP_OWN_BYTES (8u << 20)

/* Size of the mapping: the option, or with mode=pressure a multiple of the limit. */
uint64_t swap_set_bytes(const struct swap_params *p, const struct workload_env *env);
uint64_t swap_set_pages(const struct swap_params *p, const struct workload_env *env);

/* The part of it that exceeds the limit, not counting the group's other memory. */
uint64_t swap_excess_bytes(const struct swap_params *p, const struct workload_env *env);

/* Whether the swap cache must be dropped before swap-in: with a swap file. */
bool swap_must_drop(const struct swap_params *p, const struct workload_env *env);

/* The pure functions of struct workload. */
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
	struct zipf *zipf; /* NULL unless the draw is zipf */
	struct crew crew;
	unsigned char mincore[SWAP_MINCORE_PAGES];
};

/* Reports "cannot WHAT: ERROR" through worker_fail(); ret is -errno, and is returned. */
int swap_fail(struct worker *w, int ret, const char *what);

/* The first touch of the mapping; with mode=pressure subject to fault injection. */
int swap_fill_all(struct worker *w);

/*
 * Counts by the page table, into the slots and the achieved bytes. 0 or -errno (reported
 * through worker_fail()).
 */
int swap_count_pages(struct worker *w, struct placement *found);

/* run() of either mode. */
int swap_run_pageout(struct worker *w);
int swap_run_pressure(struct worker *w);

#endif
