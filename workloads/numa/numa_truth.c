// SPDX-License-Identifier: GPL-2.0-or-later
/* The claims of numa. */
#include "workloads/numa/numa.h"

#include <stdio.h>

#include "workloads/api/nodes.h"
#include "workloads/api/promise.h"

#define LRU_BATCH_PAGES 31u /* PAGEVEC_SIZE, include/linux/pagevec.h: 15 or 31 by version */

/* Static: claims keep pointers to their counters' names. */
static const char *node_name(int node, bool anon)
{
	static char names[2][ENV_NODE_IDS][12];

	snprintf(names[anon][node], sizeof(names[0][0]), anon ? "anon.N%d" : "N%d", node);
	return names[anon][node];
}

static const char *expected_slot(unsigned i)
{
	static const char *const names[NUMA_WEIGHTED_MAX] = {
		"expected_0", "expected_1", "expected_2", "expected_3",
		"expected_4", "expected_5", "expected_6", "expected_7",
	};

	return names[i];
}

static int64_t pages_on(const struct numa_params *p, const struct workload_env *env, int node)
{
	const int64_t pages = (int64_t)numa_pages(p, env);

	if (p->mode == MODE_INTERLEAVE)
		return pages / env->nr_nodes;
	if (node == numa_memory_node(p, env))
		return pages;
	return numa_moves(p) && node == numa_cpu_node(p, env) ? -pages : 0;
}

static const char *why_there(const struct numa_params *p)
{
	if (numa_fills(p))
		return "numa_maps and move_pages find the same pages";
	if (p->mode == MODE_WEIGHTED)
		return "the node's weight over the sum of the weights";
	if (p->mode == MODE_INTERLEAVE)
		return "MPOL_INTERLEAVE places the pages on the nodes in turn";
	return numa_moves(p) ? "all pages are migrated from one node to the other"
			     : "the policy selects one node and it has room";
}

/* v1 counts LRU lists, without each CPU's batch of pages to be added (mm/swap.c). */
static void claim_group_node(const struct workload_env *env, int node, struct claim c,
			     struct claims *out)
{
	snprintf(c.scope, sizeof(c.scope), "group");
	c.quantity = "group_anonymous_on_node";
	c.source = "memory.numa_stat";
	c.counter = node_name(node, true);
	if (env->cgroup_version == 2) {
		claims_add(out, &c, "the worker is alone in its group");
		return;
	}
	c.basis = BASIS_BOUNDED;
	c.tolerance = LRU_BATCH_PAGES * env->cpus;
	claims_add(out, &c,
		   "cgroup v1 counts LRU lists; up to %u pages of each CPU are not on one yet",
		   LRU_BATCH_PAGES);
}

static void claim_node(const struct numa_params *p, const struct workload_env *env, unsigned i,
		       struct claims *out)
{
	const bool found_out = p->mode == MODE_WEIGHTED || numa_fills(p);
	const int node = (int)env->nodes[i];
	struct claim c = { .quantity = "pages_on_node",
			   .scope = "mapping",
			   .source = "numa_maps",
			   .counter = node_name(node, false),
			   .unit = UNIT_PAGES,
			   .relation = RELATION_EQ,
			   .basis = BASIS_EXACT,
			   .expected = found_out ? 0 : pages_on(p, env, node) };

	if (found_out && i >= NUMA_WEIGHTED_MAX)
		return;
	c.slot = found_out ? expected_slot(i) : NULL;
	claims_add(out, &c, "%s", why_there(p));
	if (p->mode != MODE_MIGRATE_PAGES) /* all pages of the process migrate */
		claim_group_node(env, node, c, out);
}

/*
 * A counter of a node's numastat. The row has its name, the workload's pages in it, and the
 * slot that counts them where the amount is not known beforehand. Other processes add to it;
 * in a quiet guest only page tables and the kernel's own allocations do, unless the whole
 * process migrates.
 */
static void claim_numastat(const struct numa_params *p, const struct workload_env *env,
			   int node, struct promise row, struct claims *out)
{
	const bool bounded = env->in_lab && p->mode != MODE_MIGRATE_PAGES;
	char scope[16];

	snprintf(scope, sizeof(scope), "node%d", node);
	row.quantity = row.counter;
	row.scope = scope;
	row.source = "numastat";
	row.unit = UNIT_PAGES;
	row.relation = bounded ? RELATION_BETWEEN : RELATION_GE;
	row.basis = BASIS_BOUNDED;
	row.tolerance = bounded ? row.expected / (int64_t)env_table_entries(env) + 256 : 0;
	row.expected = row.slot ? 0 : row.expected;
	row.why = "one allocation per page; page tables and the rest of the machine add to it";
	promise_add(out, SPAN_WORK, &row, 1);
}

static void claim_allocations(const struct numa_params *p, const struct workload_env *env,
			      struct claims *out)
{
	const int memory = numa_memory_node(p, env);
	const int other = (int)env->nodes[(int)env->nodes[0] == memory];
	const int64_t pages = (int64_t)numa_pages(p, env);
	const bool local = p->mode == MODE_FIRST_TOUCH || memory == numa_cpu_node(p, env);
	struct promise row = { .expected = pages };

	if (numa_fills(p)) {
		row.slot = "pages_elsewhere";
		row.counter = "numa_foreign";
		claim_numastat(p, env, memory, row, out);
		row.counter = "numa_miss";
		if (env->nr_nodes == 2)
			claim_numastat(p, env, other, row, out);
	} else if (p->mode == MODE_INTERLEAVE) {
		row.counter = "interleave_hit";
		row.expected = pages / env->nr_nodes;
		for (unsigned i = 0; i < env->nr_nodes && i < NODE_CLAIMS_MAX; i++)
			claim_numastat(p, env, (int)env->nodes[i], row, out);
	} else if (!numa_spreads(p)) {
		row.counter = local ? "local_node" : "other_node";
		claim_numastat(p, env, memory, row, out);
	}
}

/*
 * The number of pages that spill is not known beforehand: every process changes what is free
 * above the watermark. But all pages are on some node, and the kernel counts each that spills
 * once as numa_miss and once as numa_foreign.
 */
static void claim_spill(const struct numa_params *p, const struct workload_env *env,
			struct claims *out)
{
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_elsewhere", .scope = "ledger",
		  .source = "ledger", .counter = "pages_elsewhere", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .expected = 1,
		  .why = "the node has less room than the mapping" },
		{ .quantity = "pages_somewhere", .scope = "ledger",
		  .source = "ledger", .counter = "pages_elsewhere", .unit = UNIT_PAGES,
		  .expected = (int64_t)numa_pages(p, env), .slot = "pages_placed", .slot_mul = -1,
		  .why = "every page is on the preferred node or on another" },
		{ .quantity = "spilled_pages", .scope = "ledger",
		  .source = "ledger", .counter = "numa_miss_pages", .unit = UNIT_PAGES,
		  .slot = "numa_foreign_pages",
		  .why = "each page that spills counts once as numa_miss and once as numa_foreign" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Of a machine with many nodes the first ones, and those that the worker names. */
static void claim_nodes(const struct numa_params *p, const struct workload_env *env,
			struct claims *out)
{
	const int cpu = numa_cpu_node(p, env), memory = numa_memory_node(p, env);

	for (unsigned i = 0; i < env->nr_nodes; i++) {
		const int node = (int)env->nodes[i];

		if (i < NODE_CLAIMS_MAX || node == memory || node == cpu)
			claim_node(p, env, i, out);
	}
}

void numa_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct numa_params *p = params;
	const int cpu = numa_cpu_node(p, env), memory = numa_memory_node(p, env);
	const int64_t pages = (int64_t)numa_pages(p, env);
	const int64_t bytes = (int64_t)numa_target(p, env);
	/* clang-format off */
	const struct promise placed[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .expected = numa_moves(p) ? 0 : pages,
		  .why = numa_moves(p) ? "migration maps the page again without a fault"
		         : "one fault per page" },
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = numa_moves(p) ? 0 : bytes,
		  .why = "each page is written and migration keeps it" },
	};
	const struct promise nowhere_else = {
		.quantity = "pages_elsewhere", .scope = "ledger",
		.source = "ledger", .counter = "pages_elsewhere", .unit = UNIT_PAGES,
		.why = "move_pages finds no page on another node",
	};
	const struct promise migrated[] = {
		{ .quantity = "migrated_pages", .scope = "system",
		  .source = "vmstat", .counter = "pgmigrate_success", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .expected = pages,
		  .why = "the machine's count includes the worker's" },
	};
	/* clang-format on */

	/* Also planned on a machine with one node, where the worker is skipped. */
	if (cpu < 0 || memory < 0)
		return;
	claim_nodes(p, env, out);
	PROMISE_ROWS(out, SPAN_WORK, placed);
	if (numa_fills(p))
		claim_spill(p, env, out);
	else
		promise_add(out, SPAN_WORK, &nowhere_else, 1);
	if (numa_moves(p))
		PROMISE_ROWS(out, SPAN_WORK, migrated);
	claim_allocations(p, env, out);
}
