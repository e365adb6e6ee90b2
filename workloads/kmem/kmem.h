/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parts of kmem: kmem.c (options, description and what is refused),
 * kmem_truth.c (amounts and claims) and kmem_act.c (the worker).
 */
#ifndef PAGESTORM_KMEM_H
#define PAGESTORM_KMEM_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/act/worker.h"

enum kmem_kind { KIND_TABLES, KIND_STACKS, KIND_PIPES, KIND_SOCKETS, KIND_DENTRIES, NR_KINDS };

struct kmem_params {
	int kind;
	uint64_t count;
};

enum kmem_slot {
	SLOT_UNITS,
	SLOT_UNREAD_UNITS,
	SLOT_DENTRY_BYTES,
	SLOT_TAKE_NS,
};

#define KMEM_THREADS_MAX      4000
#define KMEM_USER_STACK_BYTES (128u << 10)
#define KMEM_UNITS_EACH	      16   /* pages of a pipe, datagrams of a socket */
#define KMEM_DATAGRAM_BYTES   4096 /* the payload */

/* The pure functions of struct workload. */
uint64_t kmem_footprint(const void *params, const struct workload_env *env);
void kmem_claims(const void *params, const struct workload_env *env, struct claims *out);

/* Those that run in the worker. */
int kmem_prepare(struct worker *w);
int kmem_run(struct worker *w);
int kmem_verify(struct worker *w);
void kmem_release(struct worker *w);

#endif
