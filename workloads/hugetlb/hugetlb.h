/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of hugetlb share: hugetlb.c, which describes the workload; hugetlb_act.c,
 * which maps and touches; hugetlb_pool.c, which looks at the pool; hugetlb_check.c, which
 * says what cannot be; and hugetlb_truth.c, which says beforehand what will be so.
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

/* The size of a huge page, and how many of them the mapping has. */
uint64_t hugetlb_page_bytes(const struct hugetlb_params *p);
uint64_t hugetlb_nr(const struct hugetlb_params *p);

/* Whether pages are taken, and not only reserved. */
bool hugetlb_touches(const struct hugetlb_params *p);

/* Whether the mapping is there before READY: what is measured is the faults. */
bool hugetlb_maps_early(const struct hugetlb_params *p);

/* The node's place in env->nodes; -1: any node; -2: there is no such node. */
int hugetlb_node_index(const struct hugetlb_params *p, const struct workload_env *env);

/* Free pages of the pool, or of the node's part of it. */
uint64_t hugetlb_pool_pages(const struct hugetlb_params *p, const struct workload_env *env);

/* Pages by which the pool grows for the process and shrinks after it. */
uint64_t hugetlb_nr_surplus(const struct hugetlb_params *p, const struct workload_env *env);

/* The functions of struct workload that are pure. */
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

/* Opens the files of the pool whose pages the workload takes. 0 or -errno, reported by
 * worker_fail(). */
int hugetlb_pool_open(struct worker *w, struct pool *pool);

/*
 * With node=: every request and every fault of the process goes to that node's pool from
 * now on. 0 or -errno, reported by worker_fail().
 */
int hugetlb_pool_bind(struct worker *w, struct pool *pool);

/* Pages of one kind; 0 where the kernel has no such file. */
uint64_t hugetlb_pool_read(const struct pool *pool, enum pool_file file);

/* Pages that a request may still have. */
uint64_t hugetlb_pool_left(const struct pool *pool);

/* The functions of struct workload that are called in the worker. */
int hugetlb_prepare(struct worker *w);
int hugetlb_run(struct worker *w);
int hugetlb_verify(struct worker *w);
void hugetlb_release(struct worker *w);

#endif
