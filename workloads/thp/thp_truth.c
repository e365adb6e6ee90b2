// SPDX-License-Identifier: GPL-2.0-or-later
/* The amounts that thp allocates, and its claims. */
#include "workloads/thp/thp.h"

#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

#define VMA_BYTES_MAX 512 /* a mapping's vm_area_struct and its entry in the maple tree */

/* ---- arithmetic ---- */

static uint64_t nr_pages(const struct thp_params *p, const struct workload_env *env)
{
	return (p->size_bytes + env->page_bytes - 1) / env->page_bytes;
}

uint64_t thp_map_bytes(const struct thp_params *p, const struct workload_env *env)
{
	return nr_pages(p, env) * env->page_bytes;
}

bool thp_breaks_up(const struct thp_params *p)
{
	return p->kind >= KIND_DONTNEED;
}

bool thp_is_prepared(const struct thp_params *p)
{
	return p->kind >= KIND_COLLAPSE;
}

unsigned thp_pmd_order(const struct workload_env *env)
{
	return env->pmd_bytes ? (unsigned)__builtin_ctzll(env->pmd_bytes / env->page_bytes) : 0;
}

/* Bit n: the first touch may allocate folios of order n. */
static uint32_t orders(const struct thp_params *p, const struct workload_env *env)
{
	if (p->kind == KIND_BASE || p->kind == KIND_COLLAPSE)
		return 0;
	return p->kind == KIND_ALWAYS ? env->thp_orders_always : env->thp_orders_madvise;
}

struct mix {
	uint64_t faults; /* folios of any order */
	uint64_t huge;	 /* huge pages */
	uint64_t large, large_pages;
};

/*
 * The folios that a touch in ascending order allocates: at each page the largest allowed one
 * that is aligned there and ends within the mapping (alloc_anon_folio() in mm/memory.c).
 */
static struct mix first_touch(const struct thp_params *p, const struct workload_env *env)
{
	const uint64_t first = p->offset_bytes / env->page_bytes,
		       end = first + nr_pages(p, env);
	const uint32_t allowed = orders(p, env);
	const unsigned top = thp_pmd_order(env);
	struct mix m = { 0 };

	if (!allowed)
		return (struct mix){ .faults = end - first };
	for (uint64_t at = first; at < end; m.faults++) {
		unsigned order = top;

		while (order && (!(allowed >> order & 1) || at & ((1ULL << order) - 1) ||
				 at + (1ULL << order) > end))
			order--;
		m.huge += order && order == top;
		m.large += order > 0;
		m.large_pages += order ? 1ULL << order : 0;
		at += 1ULL << order;
	}
	return m;
}

uint64_t thp_room_for_huge(const struct thp_params *p, const struct workload_env *env)
{
	const uint64_t end = p->offset_bytes + thp_map_bytes(p, env);
	uint64_t first;

	if (!env->pmd_bytes)
		return 0;
	first = (p->offset_bytes + env->pmd_bytes - 1) / env->pmd_bytes;

	return end / env->pmd_bytes > first ? end / env->pmd_bytes - first : 0;
}

static uint64_t dropped_bytes(const struct thp_params *p, const struct workload_env *env)
{
	return thp_breaks_up(p) ? thp_room_for_huge(p, env) * p->drop * env->page_bytes : 0;
}

/* A table per range that one maps, also where huge pages are mapped. */
static int64_t tables_min(const struct thp_params *p, const struct workload_env *env)
{
	return (int64_t)(thp_map_bytes(p, env) / env_table_reach_bytes(env) * env->page_bytes);
}

/* The tables of both ends, and the upper levels: one per table of entries and one of each. */
static int64_t tables_slack(const struct thp_params *p, const struct workload_env *env)
{
	return tables_min(p, env) / (int64_t)env_table_entries(env) +
	       5 * (int64_t)env->page_bytes;
}

uint64_t thp_footprint(const void *params, const struct workload_env *env)
{
	const struct thp_params *p = params;
	const uint64_t own = 1u << 20;
	const uint64_t spare = p->kind == KIND_COLLAPSE ? env->pmd_bytes : 0;

	return thp_map_bytes(p, env) + spare + own +
	       (uint64_t)(tables_min(p, env) + tables_slack(p, env) +
			  env_usage_slack_bytes(env));
}

uint64_t thp_target(const void *params, const struct workload_env *env)
{
	const struct thp_params *p = params;

	return thp_map_bytes(p, env) - dropped_bytes(p, env);
}

double thp_seconds(const void *params, const struct workload_env *env)
{
	const struct thp_params *p = params;

	return (double)thp_map_bytes(p, env) / 2e9 + (double)p->accesses / 1e7;
}

/* ---- promises ---- */

/* What run() changes. */
struct change {
	int64_t faults, huge;			 /* huge: mapped by a PMD */
	int64_t pages, pages_more;		 /* at least, and up to this many more */
	int64_t fault_alloc, collapse_alloc;	 /* huge pages allocated */
	int64_t split_pmd, split_page, deferred; /* deferred -1: not known */
	int64_t usage_bytes, usage_more, size_bytes;
	int64_t tables_least, tables_most; /* page tables allocated */
	uint64_t large, large_pages;	   /* at HELD, not a change */
	const char *why, *usage_why;
};

static struct change change_by_touch(const struct thp_params *p, const struct workload_env *env)
{
	const struct mix m = first_touch(p, env);

	return (struct change){
		.faults = (int64_t)m.faults,
		.pages = (int64_t)nr_pages(p, env),
		.huge = (int64_t)m.huge,
		.fault_alloc = (int64_t)m.huge,
		.usage_bytes = (int64_t)thp_map_bytes(p, env),
		.tables_least = tables_min(p, env),
		.tables_most = tables_min(p, env) + tables_slack(p, env),
		.large = m.large,
		.large_pages = m.large_pages,
		.why = p->kind == KIND_BASE ? "MADV_NOHUGEPAGE: one fault per page"
					    : "each fault allocates the largest folio that fits"
	};
}

static struct change change_by_collapse(const struct thp_params *p,
					const struct workload_env *env)
{
	const uint64_t huge = thp_room_for_huge(p, env);

	return (struct change){
		.huge = (int64_t)huge,
		.collapse_alloc = (int64_t)huge,
		.large = huge,
		.large_pages = huge * (env->pmd_bytes / env->page_bytes),
		.why = "MADV_COLLAPSE copies present pages into huge pages without a fault",
		.usage_why = "a huge page replaces its base pages"
	};
}

static bool is_zero(const struct thp_params *p)
{
	return fill_is_zero(p->fill);
}

static struct change change_by_drop(const struct thp_params *p, const struct workload_env *env)
{
	const bool split = p->kind == KIND_SPLIT, unmap = p->kind == KIND_MUNMAP;
	const bool zeros = split && is_zero(p) && !env_lacks(env, CAPABILITY_SPLIT_ZEROS);
	const bool all = zeros && env_has(env, CAPABILITY_SPLIT_ZEROS);
	const int64_t huge = (int64_t)thp_room_for_huge(p, env);
	const uint64_t in_huge = (uint64_t)huge * (env->pmd_bytes / env->page_bytes);
	const int64_t least = huge * (int64_t)p->drop, page = (int64_t)env->page_bytes;
	const int64_t dropped = zeros ? (int64_t)in_huge : least;
	const int64_t kept = zeros && !all ? dropped - least : 0; /* perhaps */
	const struct mix m = first_touch(p, env);

	return (struct change){
		.pages = -dropped,
		.pages_more = kept,
		.huge = -huge,
		.split_pmd = huge,
		.split_page = split ? huge : 0,
		.deferred = split ? -1 : huge,
		.usage_bytes = split ? -dropped * page : 0,
		.usage_more = unmap ? huge * VMA_BYTES_MAX : kept * page,
		.size_bytes = unmap ? -dropped * page : 0,
		.large = split ? m.large - (uint64_t)huge : m.large,
		.large_pages = m.large_pages - (split ? in_huge : (uint64_t)dropped),
		.why = all ? "a split maps the shared zero page in place of all zero-filled pages"
		       : kept ? "the pages that each huge page loses and more if a split maps the zero page"
			      : "the pages that each huge page loses",
		.usage_why = split ? "base pages of a split huge page are freed one by one"
				   : "an unsplit huge page stays charged as a whole",
	};
}

static struct change change_of(const struct thp_params *p, const struct workload_env *env)
{
	if (thp_breaks_up(p))
		return change_by_drop(p, env);
	return p->kind == KIND_COLLAPSE ? change_by_collapse(p, env) : change_by_touch(p, env);
}

static void claim_own(const struct workload_env *env, const struct change *c,
		      struct claims *out)
{
	const int64_t bytes = c->pages * (int64_t)env->page_bytes;
	const int64_t huge = c->huge * (int64_t)env->pmd_bytes;
	/* clang-format off */
	const struct promise amounts[] = {
		{ .quantity = "resident_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES, .expected = bytes,
		  .why = c->why },
		{ .quantity = "anonymous_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = c->why },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = bytes,
		  .why = c->why },
	};
	const struct promise rows[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .expected = c->faults,
		  .why = c->why },
		PROMISE_NO_MAJOR_FAULTS,
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .expected = c->size_bytes,
		  .why = "only munmap shrinks the mapping" },
		{ .quantity = "huge_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "AnonHugePages", .unit = UNIT_BYTES,
		  .expected = huge,
		  .why = "huge pages that are mapped by a PMD" },
		{ .quantity = "swapped_bytes", .scope = "mapping",
		  .source = "smaps", .counter = "Swap", .unit = UNIT_BYTES,
		  .why = "the footprint fits under the group's limits" },
		{ .quantity = "group_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgfault", .expected = c->faults,
		  .why = "the worker is alone in its group" },
	};
	/* clang-format on */

	PROMISE_BOUNDS(out, SPAN_WORK, amounts, c->pages_more * (int64_t)env->page_bytes);
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_group(const struct workload_env *env, const struct change *c,
			struct claims *out)
{
	const bool v2 = env->cgroup_version == 2;
	/* clang-format off */
	const struct promise huge = {
		.quantity = "group_huge_bytes", .scope = "group",
		.source = "memory.stat", .counter = v2 ? "anon_thp" : "rss_huge",
		.unit = UNIT_BYTES, .expected = c->huge * (int64_t)env->pmd_bytes,
		.why = "the worker is alone in its group",
	};
	/* clang-format on */
	const struct promise_usage usage = { .least = c->usage_bytes,
					     .most = c->usage_bytes + c->usage_more,
					     .tables_least = c->tables_least,
					     .tables_most = c->tables_most,
					     .why = c->usage_why };
	/* clang-format off */
	const struct promise events[] = {
		{ .quantity = "group_huge_faults", .scope = "group",
		  .source = "memory.stat", .counter = "thp_fault_alloc",
		  .expected = c->fault_alloc,
		  .why = "huge pages allocated by faults" },
		{ .quantity = "group_huge_collapses", .scope = "group",
		  .source = "memory.stat", .counter = "thp_collapse_alloc",
		  .expected = c->collapse_alloc,
		  .why = "huge pages allocated by MADV_COLLAPSE" },
	};
	/* clang-format on */

	promise_add(out, SPAN_WORK, &huge, 1);
	promise_usage(out, env, &usage);
	if (v2)
		PROMISE_ROWS(out, SPAN_WORK, events);
}

static void claim_ledger(const struct change *c, struct claims *out)
{
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "large_folios", .scope = "ledger",
		  .source = "ledger", .counter = "large_folios", .expected = (int64_t)c->large,
		  .why = "page frames that are the head of a large folio" },
		{ .quantity = "large_pages", .scope = "ledger",
		  .source = "ledger", .counter = "large_pages", .unit = UNIT_PAGES,
		  .expected = (int64_t)c->large_pages,
		  .why = "pages whose frame is in a large folio" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* Exact in a guest where no other process uses huge pages. */
static void claim_system(const struct workload_env *env, const struct change *c,
			 struct claims *out)
{
	const bool alone = env->in_lab && env->thp != THP_ALWAYS;
	const struct {
		const char *quantity, *counter;
		int64_t expected;
	} rows[] = {
		{ "huge_faults", "thp_fault_alloc", c->fault_alloc },
		{ "huge_collapses", "thp_collapse_alloc", c->collapse_alloc },
		{ "huge_mappings_split", "thp_split_pmd", c->split_pmd },
		{ "huge_pages_split", "thp_split_page", c->split_page },
		{ "splits_deferred", "thp_deferred_split_page", c->deferred },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct claim row = { .quantity = rows[i].quantity,
					   .span = SPAN_WORK,
					   .scope = "system",
					   .source = "vmstat",
					   .counter = rows[i].counter,
					   .unit = UNIT_COUNT,
					   .relation = alone ? RELATION_EQ : RELATION_GE,
					   .basis = alone ? BASIS_EXACT : BASIS_DIRECTION,
					   .expected = rows[i].expected };

		if (rows[i].expected > 0 || (alone && !rows[i].expected))
			claims_add(out, &row, "%s",
				   alone ? "no other process in this guest uses huge pages"
					 : "the machine's count includes the worker's");
	}
}

static void claim_tables(const struct thp_params *p, const struct workload_env *env,
			 struct claims *out)
{
	/* clang-format off */
	const struct promise row = {
		.quantity = "page_table_bytes", .scope = "process",
		.source = "status", .counter = "VmPTE", .unit = UNIT_BYTES,
		.relation = RELATION_BETWEEN, .basis = BASIS_BOUNDED,
		.expected = tables_min(p, env), .tolerance = tables_slack(p, env),
		.why = "each huge page has a page table deposited for its split",
	};
	/* clang-format on */

	promise_add(out, SPAN_WORK, &row, 1);
}

void thp_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct thp_params *p = params;
	const struct change c = change_of(p, env);
	const int64_t before = thp_is_prepared(p) ? (int64_t)thp_map_bytes(p, env) : 0;

	claim_own(env, &c, out);
	claim_group(env, &c, out);
	claim_ledger(&c, out);
	claim_system(env, &c, out);
	if (!thp_is_prepared(p))
		claim_tables(p, env, out);
	promise_freed(out, env, before);
	promise_uncharged(out, env, before);
}
