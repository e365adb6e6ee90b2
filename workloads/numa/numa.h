/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of numa: numa.c (options, description and the worker), numa_nodes.c
 * (nodes, amounts and what is refused), numa_spill.c (filling a node) and numa_truth.c
 * (claims).
 */
#ifndef PAGESTORM_NUMA_H
#define PAGESTORM_NUMA_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/worker.h"

#define NUMA_TEXT	  16
#define NUMA_WEIGHTED_MAX 8
#define NUMA_BATCH_PAGES  512 /* per call of move_pages(2) */

enum numa_mode {
	MODE_BIND,
	MODE_PREFERRED,
	MODE_INTERLEAVE,
	MODE_WEIGHTED,
	MODE_FIRST_TOUCH,
	MODE_MOVE_PAGES,
	MODE_MIGRATE_PAGES,
};

enum numa_access { ACCESS_NONE, ACCESS_LATENCY, ACCESS_BANDWIDTH };

struct numa_params {
	uint64_t size_bytes, duration_ns;
	int mode, access;
	double spill;
	char cpu[NUMA_TEXT], memory[NUMA_TEXT];
};

enum numa_slot {
	SLOT_PAGES_PLACED,
	SLOT_PAGES_ELSEWHERE,
	SLOT_LATENCY_PS,
	SLOT_BANDWIDTH,
	SLOT_MISS,
	SLOT_FOREIGN,
	SLOT_EXPECTED, /* and the next NUMA_WEIGHTED_MAX - 1 */
};

/* ---- pure ---- */

/* The nodes of the CPUs and of the memory; -1: there is no such node. */
int numa_cpu_node(const struct numa_params *p, const struct workload_env *env);
int numa_memory_node(const struct numa_params *p, const struct workload_env *env);

/* Whether pages are migrated from another node; whether they are spread over all nodes. */
bool numa_moves(const struct numa_params *p);
bool numa_spreads(const struct numa_params *p);

/* Whether the memory's node is filled beforehand, and the most that it takes. */
bool numa_fills(const struct numa_params *p);
uint64_t numa_filler_bytes(const struct numa_params *p, const struct workload_env *env);

/* The pages of the mapping: a multiple of the number of nodes. */
uint64_t numa_pages(const struct numa_params *p, const struct workload_env *env);

int numa_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes);
uint64_t numa_footprint(const void *params, const struct workload_env *env);
uint64_t numa_target(const void *params, const struct workload_env *env);
double numa_seconds(const void *params, const struct workload_env *env);
void numa_claims(const void *params, const struct workload_env *env, struct claims *out);

/* ---- in the worker ---- */

/* Pages allocated on a node other than the preferred one, summed over all nodes. */
struct numa_spilled {
	uint64_t miss, foreign; /* numa_miss and numa_foreign of numastat */
};

struct numa {
	char *map, *filler;
	uint64_t pages, page_bytes, filler_bytes, filled_bytes;
	int cpu_node, memory_node;
	cpu_set_t cpus, memory_cpus; /* of the two nodes */
	uint64_t rng;
	struct numa_spilled before;
};

/* The node of a present page, or -errno. */
int numa_where(void *page);

/* Prefers a node for a mapping. 0 or -errno (reported through worker_fail(), as below). */
int numa_prefer(struct worker *w, void *map, uint64_t bytes, int node);

/* Fills the memory's node until it has room for the share 1 - spill of the pages. */
int numa_fill_node(struct worker *w, struct numa *s);

/* Reads both sums, repeatedly until they are consistent. */
int numa_count_spilled(struct worker *w, struct numa_spilled *sum);

#endif
