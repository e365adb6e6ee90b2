// SPDX-License-Identifier: GPL-2.0-or-later
/* What numa promises before it places a page. */
#include "workloads/numa/numa.h"

#include <stdio.h>

#include "workloads/api/promise.h"

#define LRU_BATCH_PAGES 31u /* PAGEVEC_SIZE, include/linux/pagevec.h: 15 or 31 by version */

/* Claims keep pointers to their counters' names. */
static const char *node_name(int node, bool anon)
{
	static char names[2][ENV_NODES_MAX][12];

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
		return "where move_pages found them: two instruments agree";
	if (p->mode == MODE_WEIGHTED)
		return "the node's weight over the sum of the weights";
	if (p->mode == MODE_INTERLEAVE)
		return "pages go round the nodes one by one";
	return numa_moves(p) ? "all pages are moved from one node to the other"
			     : "the policy names one node and it has room";
}

/* v1 counts LRU lists; each CPU keeps a batch that is on none yet (mm/swap.c). */
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
		   "cgroup v1 counts what is on an LRU list: up to %u pages of each CPU are "
		   "not there yet",
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
	if (p->mode != MODE_MIGRATE_PAGES) /* the frame's own pages move as well */
		claim_group_node(env, node, c, out);
}

/*
 * A counter of a node's numastat, of which the row says the name, how many pages of ours it
 * counts, and the slot that counts them where that is not known beforehand. It is the
 * machine's: others only add to it. In a quiet guest what they add is the page tables and
 * what the kernel itself takes, unless all of the process moves.
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
	row.tolerance = bounded ? row.expected / 512 + 256 : 0;
	row.expected = row.slot ? 0 : row.expected;
	row.why = "one allocation a page; page tables and the rest of the machine add to it";
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
		for (unsigned i = 0; i < env->nr_nodes; i++)
			claim_numastat(p, env, (int)env->nodes[i], row, out);
	} else if (!numa_spreads(p)) {
		row.counter = local ? "local_node" : "other_node";
		claim_numastat(p, env, memory, row, out);
	}
}

/*
 * How many spill nobody can say beforehand: what is free above the watermark changes with
 * every process. That they are all somewhere, and that each is counted once where it was
 * wanted and once where it was taken from, holds whatever the number.
 */
static void claim_spill(const struct numa_params *p, const struct workload_env *env,
			struct claims *out)
{
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "pages_elsewhere", .scope = "ledger",
		  .source = "ledger", .counter = "pages_elsewhere", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .expected = 1,
		  .why = "the node has less room than is wanted" },
		{ .quantity = "pages_somewhere", .scope = "ledger",
		  .source = "ledger", .counter = "pages_elsewhere", .unit = UNIT_PAGES,
		  .expected = (int64_t)numa_pages(p, env), .slot = "pages_placed", .slot_mul = -1,
		  .why = "what is not on the wanted node is on another one" },
		{ .quantity = "spilled_pages", .scope = "ledger",
		  .source = "ledger", .counter = "numa_miss_pages", .unit = UNIT_PAGES,
		  .slot = "numa_foreign_pages",
		  .why = "the kernel counts each once where it was wanted and once where it was taken from" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

void numa_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct numa_params *p = params;
	const int64_t pages = (int64_t)numa_pages(p, env);
	const int64_t bytes = (int64_t)numa_target(p, env);
	/* clang-format off */
	const struct promise placed[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .expected = numa_moves(p) ? 0 : pages,
		  .why = numa_moves(p) ? "a moved page is mapped again by the kernel and not by a fault"
		         : "one fault per page" },
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = numa_moves(p) ? 0 : bytes,
		  .why = "each page is written and none is lost on the way" },
	};
	const struct promise nowhere_else = {
		.quantity = "pages_elsewhere", .scope = "ledger",
		.source = "ledger", .counter = "pages_elsewhere", .unit = UNIT_PAGES,
		.why = "move_pages finds no page on a node that was not promised",
	};
	const struct promise migrated[] = {
		{ .quantity = "migrated_pages", .scope = "system",
		  .source = "vmstat", .counter = "pgmigrate_success", .unit = UNIT_PAGES,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .expected = pages,
		  .why = "others may migrate pages as well" },
	};
	/* clang-format on */

	/* A plan for a machine with one node is made too, and skipped. */
	if (numa_cpu_node(p, env) < 0 || numa_memory_node(p, env) < 0)
		return;
	for (unsigned i = 0; i < env->nr_nodes; i++)
		claim_node(p, env, i, out);
	PROMISE_ROWS(out, SPAN_WORK, placed);
	if (numa_fills(p))
		claim_spill(p, env, out);
	else
		promise_add(out, SPAN_WORK, &nowhere_else, 1);
	if (numa_moves(p))
		PROMISE_ROWS(out, SPAN_WORK, migrated);
	claim_allocations(p, env, out);
}
