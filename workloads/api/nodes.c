// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds nodes by their ids in what host_probe() has read. */
#include "workloads/api/nodes.h"

#include <assert.h>

#define BITS_PER_LONG (8 * sizeof(unsigned long))

/* Of all_nodes; -1: this machine has no such node. */
static int index_of(const struct workload_env *env, unsigned node)
{
	for (unsigned i = 0; i < env->nr_all_nodes; i++)
		if (env->all_nodes[i] == node)
			return (int)i;
	return -1;
}

bool node_has_cpus(const struct workload_env *env, unsigned node)
{
	const int i = index_of(env, node);

	return i >= 0 && env->cpu_nodes >> i & 1;
}

int node_first_with_cpus(const struct workload_env *env)
{
	for (unsigned i = 0; i < env->nr_all_nodes; i++)
		if (env->cpu_nodes >> i & 1)
			return (int)env->all_nodes[i];
	return -1;
}

unsigned node_distance_of(const struct workload_env *env, unsigned from, unsigned to)
{
	const int i = index_of(env, from), j = index_of(env, to);

	return i < 0 || j < 0 ? 0 : env->distance[i][j];
}

void nodemask_add(struct nodemask *mask, unsigned node)
{
	assert(node < ENV_NODE_IDS);
	mask->bits[node / BITS_PER_LONG] |= 1ul << node % BITS_PER_LONG;
}

struct nodemask nodemask_of(unsigned node)
{
	struct nodemask mask = { { 0 } };

	nodemask_add(&mask, node);
	return mask;
}

bool nodemask_has(const struct nodemask *mask, int node)
{
	return node >= 0 && node < ENV_NODE_IDS &&
	       mask->bits[(unsigned)node / BITS_PER_LONG] >> (unsigned)node % BITS_PER_LONG & 1;
}
