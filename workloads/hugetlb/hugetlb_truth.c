// SPDX-License-Identifier: GPL-2.0-or-later
/* The amounts of hugetlb, and its claims. */
#include "workloads/hugetlb/hugetlb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"
#include "workloads/api/nodes.h"
#include "workloads/api/promise.h"

#define MIB (1ull << 20)

/* ---- arithmetic ---- */

uint64_t hugetlb_page_bytes(const struct hugetlb_params *p)
{
	return p->page == PAGE_1G ? 1024 * MIB : 2 * MIB;
}

uint64_t hugetlb_nr(const struct hugetlb_params *p)
{
	return (p->size_bytes + hugetlb_page_bytes(p) - 1) / hugetlb_page_bytes(p);
}

bool hugetlb_touches(const struct hugetlb_params *p)
{
	return p->kind == KIND_FAULT || p->kind == KIND_NORESERVE;
}

bool hugetlb_maps_early(const struct hugetlb_params *p)
{
	return hugetlb_touches(p);
}

int hugetlb_node_index(const struct hugetlb_params *p, const struct workload_env *env)
{
	char *end;
	unsigned long node = strtoul(p->node, &end, 10);

	if (!p->node[0] || !strcmp(p->node, "any"))
		return -1;
	for (unsigned i = 0; i < env->nr_nodes; i++)
		if (end != p->node && !*end && env->nodes[i] == node)
			return (int)i;
	return -2;
}

uint64_t hugetlb_pool_pages(const struct hugetlb_params *p, const struct workload_env *env)
{
	const int node = hugetlb_node_index(p, env);

	if (p->page == PAGE_1G)
		return env->hugetlb_1g;
	return node < 0 ? env->hugetlb_2m : env->hugetlb_2m_node[node];
}

uint64_t hugetlb_nr_surplus(const struct hugetlb_params *p, const struct workload_env *env)
{
	const uint64_t pool = hugetlb_pool_pages(p, env);

	return p->kind == KIND_NORESERVE && hugetlb_nr(p) > pool ? hugetlb_nr(p) - pool : 0;
}

uint64_t hugetlb_target(const void *params, const struct workload_env *env)
{
	const struct hugetlb_params *p = params;

	(void)env; /* the page size is an option */
	return hugetlb_nr(p) * hugetlb_page_bytes(p);
}

/* What a group is charged for the pool's pages: nothing but with memory_hugetlb_accounting. */
static uint64_t charged_most(const struct hugetlb_params *p, const struct workload_env *env)
{
	const bool none = env_lacks(env, CAPABILITY_HUGETLB_CHARGE) || !hugetlb_touches(p);

	return none ? 0 : hugetlb_target(p, env);
}

static uint64_t charged_least(const struct hugetlb_params *p, const struct workload_env *env)
{
	return env_has(env, CAPABILITY_HUGETLB_CHARGE) ? charged_most(p, env) : 0;
}

uint64_t hugetlb_footprint(const void *params, const struct workload_env *env)
{
	return 2 * MIB + charged_most(params, env) + (uint64_t)env_usage_slack_bytes(env);
}

double hugetlb_seconds(const void *params, const struct workload_env *env)
{
	return (double)hugetlb_target(params, env) / 2e9;
}

/* ---- promises ---- */

static void claim_faults(int64_t faults, struct claims *out)
{
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .expected = faults,
		  .why = faults ? "one fault per huge page" : "no page is touched" },
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt",
		  .why = "the pool is in memory" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_process(const struct hugetlb_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const int64_t taken = hugetlb_touches(p) ? (int64_t)hugetlb_target(p, env) : 0;
	const int64_t faults = hugetlb_touches(p) ? (int64_t)hugetlb_nr(p) : 0;
	const int64_t mapped = hugetlb_maps_early(p) ? 0 : (int64_t)hugetlb_target(p, env);
	const int64_t lag =
		(int64_t)(env_rss_lag_pages(env, CAPABILITY_EXACT_STATUS, 1) * env->page_bytes);
	const char *apart = "resident memory does not include hugetlb pages";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "hugetlb_bytes", .scope = "process",
		  .source = "status", .counter = "HugetlbPages", .unit = UNIT_BYTES,
		  .expected = taken,
		  .why = taken ? "each touched huge page counts" : "a reservation allocates no page" },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES, .expected = mapped,
		  .why = mapped ? "mapped in run()" : "mapped before READY" },
		{ .quantity = "status_resident_bytes", .scope = "process",
		  .source = "status", .counter = "VmRSS", .unit = UNIT_BYTES,
		  .basis = lag ? BASIS_BOUNDED : BASIS_EXACT, .tolerance = lag, .why = apart },
		{ .quantity = "resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .why = apart },
		{ .quantity = "private_hugetlb_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Private_Hugetlb", .unit = UNIT_BYTES,
		  .expected = taken,
		  .why = "one process maps each page" },
		{ .quantity = "shared_hugetlb_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Shared_Hugetlb", .unit = UNIT_BYTES,
		  .why = "one process maps each page" },
		{ .quantity = "huge_pages", .scope = "ledger",
		  .source = "ledger", .counter = "huge_pages", .expected = faults,
		  .why = "page frames that are the head of a hugetlb page" },
		{ .quantity = "mapping_hugetlb_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Private_Hugetlb", .unit = UNIT_BYTES,
		  .expected = taken, .unless = !hugetlb_maps_early(p),
		  .why = "each touched huge page counts" },
		{ .quantity = "mapping_resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .unless = !hugetlb_maps_early(p),
		  .why = apart },
	};
	/* clang-format on */

	claim_faults(faults, out);
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_group(const struct hugetlb_params *p, const struct workload_env *env,
			struct claims *out)
{
	const int64_t faults = hugetlb_touches(p) ? (int64_t)hugetlb_nr(p) : 0;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "group_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgfault", .expected = faults,
		  .why = "the worker is alone in its group" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .why = "hugetlb pages are no anonymous memory of a group" },
	};
	/* clang-format on */
	const bool none = env_lacks(env, CAPABILITY_HUGETLB_CHARGE);
	const struct promise_usage usage = {
		.least = (int64_t)charged_least(p, env),
		.most = (int64_t)charged_most(p, env),
		.tables_most = 4 * (int64_t)env->page_bytes,
		.why = none ? "no group is charged for the pool"
			    : "memory_hugetlb_accounting charges the group for the pool's pages",
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
	promise_usage(out, env, &usage);
}

/* ---- the pool of the machine ---- */

struct pool_row {
	const char *quantity, *scope, *source, *counter;
	enum span span;
	int64_t expected;
	const char *why;
};

/* Other processes that take or reserve pages increase the movement. */
static void claim_pool_row(const struct workload_env *env, const struct pool_row *row,
			   struct claims *out)
{
	struct claim c = { .quantity = row->quantity,
			   .span = row->span,
			   .source = row->source,
			   .counter = row->counter,
			   .unit = UNIT_COUNT,
			   .relation = row->expected < 0 ? RELATION_LE : RELATION_GE,
			   .basis = BASIS_DIRECTION,
			   .expected = row->expected };

	snprintf(c.scope, sizeof(c.scope), "%s", row->scope);
	if (env->in_lab) {
		c.relation = RELATION_EQ;
		c.basis = BASIS_EXACT;
	} else if (!row->expected) {
		return; /* other processes may move it either way */
	}
	claims_add(out, &c, "%s", row->why);
}

/* meminfo, of the machine and of each node, counts the pool of the default size alone. */
static bool meminfo_counts(const struct hugetlb_params *p, const struct workload_env *env)
{
	return hugetlb_page_bytes(p) == env->hugetlb_default_bytes;
}

static void claim_pool(const struct hugetlb_params *p, const struct workload_env *env,
		       struct claims *out)
{
	const int64_t nr = (int64_t)hugetlb_nr(p), taken = hugetlb_touches(p) ? nr : 0;
	const int64_t reserved = p->kind == KIND_FAULT ? -nr : taken ? 0 : nr;
	const char *free_why = taken ? "a touched page leaves the pool"
				     : "a reservation takes no page from the pool";
	const char *surplus_why =
		hugetlb_nr_surplus(p, env)
			? "overcommit grows the pool by the missing pages"
			: "the pool was grown before READY and keeps its size";
	const char *reserved_why = reserved < 0	  ? "a fault consumes a reservation"
				   : reserved > 0 ? "mmap reserves the pages of the mapping"
						  : "MAP_NORESERVE makes no reservation";
	const int64_t surplus = (int64_t)hugetlb_nr_surplus(p, env);
	const struct pool_row both[] = {
		{ "pool_taken", "ledger", "ledger", "pool_taken", SPAN_WORK, taken - surplus,
		  free_why },
		{ "pool_reserved", "ledger", "ledger", "pool_reserved", SPAN_WORK,
		  reserved > 0 ? reserved : 0, reserved_why },
	};
	const struct pool_row in_meminfo[] = {
		{ "pool_free", "system", "meminfo", "HugePages_Free", SPAN_WORK,
		  surplus - taken, free_why },
		{ "pool_reserved", "system", "meminfo", "HugePages_Rsvd", SPAN_WORK, reserved,
		  reserved_why },
		{ "pool_total", "system", "meminfo", "HugePages_Total", SPAN_WORK, surplus,
		  surplus_why },
		{ "pool_surplus", "system", "meminfo", "HugePages_Surp", SPAN_WORK, surplus,
		  surplus_why },
		{ "left_pool_surplus", "system", "meminfo", "HugePages_Surp", SPAN_RESIDUE, 0,
		  "surplus pages are freed when the process exits" },
		{ "left_pool_free", "system", "meminfo", "HugePages_Free", SPAN_RESIDUE, 0,
		  "the pages return to the pool" },
		{ "left_pool_reserved", "system", "meminfo", "HugePages_Rsvd", SPAN_RESIDUE,
		  p->kind == KIND_FAULT ? -nr : 0, "no reservation outlives its process" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		claim_pool_row(env, &both[i], out);
	for (size_t i = 0; meminfo_counts(p, env) && i < ARRAY_SIZE(in_meminfo); i++)
		claim_pool_row(env, &in_meminfo[i], out);
}

/* Per node: all pages come from the node of node=, none from the others. */
static void claim_node_pools(const struct hugetlb_params *p, const struct workload_env *env,
			     struct claims *out)
{
	const int home = hugetlb_node_index(p, env);
	const int64_t taken = hugetlb_touches(p) ? (int64_t)hugetlb_nr(p) : 0;
	const int64_t surplus = (int64_t)hugetlb_nr_surplus(p, env);

	for (unsigned i = 0; home >= 0 && meminfo_counts(p, env) && i < env->nr_nodes; i++) {
		const bool here = (int)i == home;
		char scope[16];
		const struct pool_row rows[] = {
			{ "node_pool_free", scope, "meminfo", "HugePages_Free", SPAN_WORK,
			  here ? surplus - taken : 0,
			  here ? "the policy allows this node only"
			       : "the policy excludes this node" },
			{ "node_pool_surplus", scope, "meminfo", "HugePages_Surp", SPAN_WORK,
			  here ? surplus : 0, "the pool grows on the policy's node" },
			{ "node_pool_total", scope, "meminfo", "HugePages_Total", SPAN_WORK,
			  here ? surplus : 0, "the pool's pages and the surplus" },
			{ "left_node_pool_free", scope, "meminfo", "HugePages_Free",
			  SPAN_RESIDUE, 0, "the pages return to their node's pool" },
		};

		if (!here && i >= NODE_CLAIMS_MAX)
			continue;
		snprintf(scope, sizeof(scope), "node%u", env->nodes[i]);
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
			claim_pool_row(env, &rows[k], out);
	}
}

static void claim_node_maps(const struct hugetlb_params *p, const struct workload_env *env,
			    struct claims *out)
{
	static char names[ENV_NODES_MAX][16]; /* claims keep pointers to their counters */
	const int home = hugetlb_node_index(p, env);

	for (unsigned i = 0; home >= 0 && hugetlb_touches(p) && i < env->nr_nodes; i++) {
		/* clang-format off */
		const struct promise row = {
			.quantity = "huge_pages_on_node", .scope = "mapping",
			.source = "numa_maps", .counter = names[i],
			.expected = (int)i == home ? (int64_t)hugetlb_nr(p) : 0,
			.why = "the policy allows one node",
		};
		/* clang-format on */

		if ((int)i != home && i >= NODE_CLAIMS_MAX)
			continue;
		snprintf(names[i], sizeof(names[i]), "N%u", env->nodes[i]);
		promise_add(out, SPAN_WORK, &row, 1);
	}
}

static void claim_beyond(struct claims *out)
{
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "requests_refused", .scope = "ledger",
		  .source = "ledger", .counter = "refused", .expected = 1,
		  .why = "mmap of one page more than the pool has left fails with ENOMEM" },
		{ .quantity = "requests_granted", .scope = "ledger",
		  .source = "ledger", .counter = "granted", .expected = 1,
		  .why = "mmap of all pages that the pool has left succeeds" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

void hugetlb_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct hugetlb_params *p = params;

	claim_process(p, env, out);
	claim_group(p, env, out);
	if (!env->alike) { /* the pool is the machine's: two workers move it together */
		claim_pool(p, env, out);
		claim_node_pools(p, env, out);
	}
	claim_node_maps(p, env, out);
	if (p->kind == KIND_BEYOND)
		claim_beyond(out);
}
