/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions about a machine's nodes by their ids, which may have holes, and masks of nodes as
 * the kernel takes them (set_mempolicy(2), mbind(2), migrate_pages(2)). Pure.
 */
#ifndef PAGESTORM_NODES_H
#define PAGESTORM_NODES_H

#include <stdbool.h>

#include "workloads/api/workload.h"

/* False too for a node that is not there. */
bool node_has_cpus(const struct workload_env *env, unsigned node);

/* The lowest id of a node with CPUs; -1: there is none. */
int node_first_with_cpus(const struct workload_env *env);

/* 10 is local; 0: unknown, or one of them is not there. */
unsigned node_distance_of(const struct workload_env *env, unsigned from, unsigned to);

/*
 * Of a machine with more nodes these first ones have claims of their own, and those that the
 * workload is about: CLAIMS_MAX is for all of them.
 */
#define NODE_CLAIMS_MAX 12

struct nodemask {
	unsigned long bits[ENV_NODE_IDS / (8 * sizeof(unsigned long))];
};

#define NODEMASK_BITS (ENV_NODE_IDS + 1) /* the kernel reads one bit less than it is told */

/* node is below ENV_NODE_IDS. */
void nodemask_add(struct nodemask *mask, unsigned node);
struct nodemask nodemask_of(unsigned node);

/* False too for what is no node: a negative status of move_pages(2). */
bool nodemask_has(const struct nodemask *mask, int node);

#endif
