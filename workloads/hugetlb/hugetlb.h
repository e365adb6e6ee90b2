/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of hugetlb: hugetlb.c (options and description), hugetlb_act.c (the
 * worker), hugetlb_pool.c (the pool in sysfs), hugetlb_check.c (what is refused) and
 * hugetlb_truth.c (amounts and claims).
 */
#ifndef PAGESTORM_HUGETLB_H
#define PAGESTORM_HUGETLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/act/fill.h"
#include "workloads/act/worker.h"

enum hugetlb_kind { KIND_FAULT, KIND_RESERVE, KIND_NORESERVE, KIND_BEYOND };
enum hugetlb_page { PAGE_2M, PAGE_1G };
enum hugetlb_touch { FIRST_WORD, EVERY_BYTE };

#define HUGETLB_NODE_TEXT 16

struct hugetlb_params {
	uint64_t size_bytes;
	int page, kind, touch;
	char node[HUGETLB_NODE_TEXT];
	char fill[FILL_TEXT_BYTES];
};

enum hugetlb_slot {
	SLOT_HUGE_PAGES,
	SLOT_POOL_TAKEN,
	SLOT_POOL_RESERVED,
	SLOT_REFUSED,
	SLOT_GRANTED,
};

/* ---- arithmetic; pure ---- */

/* The size of a huge page, and the number of them in the mapping. */
uint64_t hugetlb_page_bytes(const struct hugetlb_params *p);
uint64_t hugetlb_nr(const struct hugetlb_params *p);

/* Whether pages are faulted in, and not only reserved. */
bool hugetlb_touches(const struct hugetlb_params *p);

/* Whether the mapping is made before READY, because only its faults are measured. */
bool hugetlb_maps_early(const struct hugetlb_params *p);

/* Index of the node in env->nodes; -1: any node; -2: there is no such node. */
int hugetlb_node_index(const struct hugetlb_params *p, const struct workload_env *env);

/* Free pages of the pool, or of the node's part of it. */
uint64_t hugetlb_pool_pages(const struct hugetlb_params *p, const struct workload_env *env);

/* Surplus pages by which the pool grows for the process. */
uint64_t hugetlb_nr_surplus(const struct hugetlb_params *p, const struct workload_env *env);

/* The pure functions of struct workload. */
int hugetlb_check(const void *params, const struct workload_env *env, char *reason,
		  size_t reason_bytes);
uint64_t hugetlb_footprint(const void *params, const struct workload_env *env);
uint64_t hugetlb_target(const void *params, const struct workload_env *env);
double hugetlb_seconds(const void *params, const struct workload_env *env);
void hugetlb_claims(const void *params, const struct workload_env *env, struct claims *out);

/* ---- in the worker ---- */

enum pool_file {
	POOL_FREE,
	POOL_RESERVED,
	POOL_OVERCOMMIT,
	POOL_SURPLUS,
	POOL_NODE_FREE,
	NR_POOL_FILES,
};

struct pool {
	int fd[NR_POOL_FILES];
};

/*
 * Opens the files of the pool of the workload's page size. 0 or -errno (reported through
 * worker_fail()).
 */
int hugetlb_pool_open(struct worker *w, struct pool *pool);

/*
 * With node= binds the process to the node: all its requests and faults use that node's pool
 * from now on. 0 or -errno (reported through worker_fail()).
 */
int hugetlb_pool_bind(struct worker *w, struct pool *pool);

/* The number in one of the files; 0 where the kernel does not have it. */
uint64_t hugetlb_pool_read(const struct pool *pool, enum pool_file file);

/* Pages that a request can still get. */
uint64_t hugetlb_pool_left(const struct pool *pool);

/* The functions of struct workload that run in the worker. */
int hugetlb_prepare(struct worker *w);
int hugetlb_run(struct worker *w);
int hugetlb_verify(struct worker *w);
void hugetlb_release(struct worker *w);

#endif
