/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks up a machine's nodes by their ids, which may have gaps, and makes masks of nodes as
 * the kernel takes them (set_mempolicy(2), mbind(2), migrate_pages(2)). Pure.
 */
#ifndef PAGESTORM_NODES_H
#define PAGESTORM_NODES_H

#include <stdbool.h>

#include "workloads/api/workload.h"

/* Also false for a node that does not exist. */
bool node_has_cpus(const struct workload_env *env, unsigned node);

/* The lowest id of a node with CPUs; -1: there is none. */
int node_first_with_cpus(const struct workload_env *env);

/* 10 is local; 0: unknown, or one of them does not exist. */
unsigned node_distance_of(const struct workload_env *env, unsigned from, unsigned to);

/*
 * On a machine with more nodes only these first ones, and those that the workload uses, have
 * claims of their own: all claims must fit in CLAIMS_MAX.
 */
#define NODE_CLAIMS_MAX 12

struct nodemask {
	unsigned long bits[ENV_NODE_IDS / (8 * sizeof(unsigned long))];
};

#define NODEMASK_BITS (ENV_NODE_IDS + 1) /* the kernel uses one bit less (maxnode) */

/* node is below ENV_NODE_IDS. */
void nodemask_add(struct nodemask *mask, unsigned node);
struct nodemask nodemask_of(unsigned node);

/* Also false for a negative status of move_pages(2). */
bool nodemask_has(const struct nodemask *mask, int node);

#endif
