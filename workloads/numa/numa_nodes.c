// SPDX-License-Identifier: GPL-2.0-or-later
/* The nodes and amounts of numa, and which parameters it refuses. */
#include "workloads/numa/numa.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/nodes.h"

static bool has_memory(const struct workload_env *env, int node)
{
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if ((int)env->nodes[i] == node)
			return true;
	return false;
}

static bool has_cpus(const struct workload_env *env, int node)
{
	return node >= 0 && node_has_cpus(env, (unsigned)node);
}

static int node_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return end != text && !*end && n >= 0 && n < ENV_NODE_IDS ? (int)n : -1;
}

int numa_cpu_node(const struct numa_params *p, const struct workload_env *env)
{
	int node = node_number(p->cpu);

	if (strcmp(p->cpu, "first"))
		return has_cpus(env, node) ? node : -1;
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if (has_cpus(env, (int)env->nodes[i]))
			return (int)env->nodes[i];
	return node_first_with_cpus(env);
}

/* The nearest or farthest other node with memory; of equals the lowest number. */
static int by_distance(const struct workload_env *env, int from, bool farthest)
{
	unsigned record = 0;
	int best = -1;

	for (unsigned i = 0; i < env->nr_nodes; i++) {
		const int node = (int)env->nodes[i];
		const unsigned distance = node_distance_of(env, (unsigned)from, env->nodes[i]);

		if (node == from)
			continue;
		if (best >= 0 && (farthest ? distance <= record : distance >= record))
			continue;
		best = node;
		record = distance;
	}
	return best;
}

int numa_memory_node(const struct numa_params *p, const struct workload_env *env)
{
	const int from = numa_cpu_node(p, env);
	int node = node_number(p->memory);

	if (from < 0)
		return -1;
	if (!strcmp(p->memory, "local"))
		node = from;
	else if (!strcmp(p->memory, "nearest") || !strcmp(p->memory, "farthest"))
		node = by_distance(env, from, p->memory[0] == 'f');
	return has_memory(env, node) ? node : -1;
}

bool numa_moves(const struct numa_params *p)
{
	return p->mode == MODE_MOVE_PAGES || p->mode == MODE_MIGRATE_PAGES;
}

bool numa_spreads(const struct numa_params *p)
{
	return p->mode == MODE_INTERLEAVE || p->mode == MODE_WEIGHTED;
}

bool numa_fills(const struct numa_params *p)
{
	return p->spill > 0;
}

uint64_t numa_pages(const struct numa_params *p, const struct workload_env *env)
{
	const uint64_t unit = env->page_bytes * (env->nr_nodes ? env->nr_nodes : 1);

	return (p->size_bytes + unit - 1) / unit * unit / env->page_bytes;
}

static bool is_memory_word(const char *text)
{
	return !strcmp(text, "local") || !strcmp(text, "nearest") || !strcmp(text, "farthest");
}

static const char *spill_contradiction(const struct numa_params *p,
				       const struct workload_env *env)
{
	if (p->mode != MODE_PREFERRED)
		return "spill requires mode=prefer";
	if (p->access != ACCESS_NONE)
		return "pages on several nodes have no one latency: use access=none with spill";
	if (env->limit_bytes || env->high_bytes)
		return "spill fills a node of the machine: set memory.max=max";
	return NULL;
}

/* Contradictions on any machine. */
static int contradiction(const struct numa_params *p, const struct workload_env *env,
			 char *reason, size_t bytes)
{
	const char *wrong = numa_fills(p) ? spill_contradiction(p, env) : NULL;

	if (numa_cpu_node(p, env) >= 0 && node_number(p->memory) < 0 &&
	    !is_memory_word(p->memory))
		snprintf(reason, bytes,
			 "memory=%s must be local, nearest, farthest or a node's number",
			 p->memory);
	else if (wrong)
		snprintf(reason, bytes, "%s", wrong);
	else
		return 0;
	return -EINVAL;
}

int numa_check(const void *params, const struct workload_env *env, char *reason,
	       size_t reason_bytes)
{
	const struct numa_params *p = params;
	const int cpu = numa_cpu_node(p, env), memory = numa_memory_node(p, env);

	if (contradiction(p, env, reason, reason_bytes))
		return -EINVAL;
	if (cpu < 0)
		snprintf(reason, reason_bytes, "cpu=%s is not a node with CPUs", p->cpu);
	else if (memory < 0)
		snprintf(reason, reason_bytes, "memory=%s is not a node with memory",
			 p->memory);
	else if (p->mode == MODE_FIRST_TOUCH && !has_cpus(env, memory))
		snprintf(reason, reason_bytes, "node %d has no CPU for the first touch",
			 memory);
	else if (numa_moves(p) && !has_memory(env, cpu))
		snprintf(reason, reason_bytes, "node %d has no memory to migrate pages from",
			 cpu);
	else if (numa_moves(p) && memory == cpu)
		snprintf(reason, reason_bytes,
			 "the pages are on node %d already: choose another node", memory);
	else if (p->mode == MODE_WEIGHTED && !env_has(env, CAPABILITY_WEIGHTED_INTERLEAVE))
		snprintf(reason, reason_bytes,
			 "mode=weighted needs MPOL_WEIGHTED_INTERLEAVE of Linux 6.9");
	else
		return 0;
	return -ENODEV;
}

uint64_t numa_target(const void *params, const struct workload_env *env)
{
	return numa_pages(params, env) * env->page_bytes;
}

uint64_t numa_footprint(const void *params, const struct workload_env *env)
{
	const uint64_t bytes = numa_target(params, env);

	/* A page under migration is charged twice, in batches of NUMA_BATCH_PAGES. */
	return bytes + bytes / env_table_entries(env) + numa_filler_bytes(params, env) +
	       NUMA_BATCH_PAGES * env->page_bytes + (uint64_t)env_usage_slack_bytes(env) +
	       16 * env->page_bytes;
}

double numa_seconds(const void *params, const struct workload_env *env)
{
	const struct numa_params *p = params;

	return (double)(p->size_bytes + numa_filler_bytes(p, env)) / 1e9 +
	       (p->access == ACCESS_NONE ? 0.0 : (double)p->duration_ns / 1e9);
}
