// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * thp: transparent huge pages, made in three ways and taken apart in three.
 *
 * Truth: madvise, always: one fault for each folio that fits, the largest first, so
 *   that 64 MiB are 32 faults and, 12 KiB past a boundary, 31 and 512. collapse:
 *   MADV_COLLAPSE makes huge pages of base pages that are there, without a fault and
 *   without a byte more. dontneed, munmap: some pages of each huge page go, Rss falls
 *   by them, and the group stays charged, because the huge page is whole until it is
 *   split. split: MADV_COLD of one page splits it first, and the same pages are freed.
 * Rises: minflt, Rss, AnonHugePages, the group's anon (rss) and anon_thp (rss_huge);
 *   thp_fault_alloc, thp_collapse_alloc, thp_split_pmd, thp_split_page by the number
 *   of huge pages: exact in the group and in a quiet guest, at least so on a machine
 *   with others on it.
 * Still: majflt and Swap; with collapse also minflt, Rss and the group's charge; with
 *   dontneed and munmap the group's charge.
 * Beware: since Linux 6.12 a split maps the shared zero page in place of pages that
 *   hold only zeros (try_to_map_unused_to_zeropage() in mm/migrate.c): with fill=zero or
 *   0% it gives back all of each huge page. AnonHugePages is 0 for folios below a huge
 *   page (mTHP) and for huge pages that are mapped page by page: large_folios in the
 *   ledger, from the page frames, sees both. Page tables are charged as for base pages:
 *   each huge page sets one aside. khugepaged would undo what dontneed does, so it is
 *   told to stay away.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "workloads/api/arith.h"
#include "workloads/probe/folios.h"
#include "workloads/act/hugepages.h"
#include "workloads/api/promise.h"
#include "workloads/act/touch.h"
#include "workloads/act/worker.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1, include/uapi/asm-generic/mman-common.h */
#endif

#define ACCESS_BATCH   1024
#define VMAS_MAX       60000 /* vm.max_map_count is 65530; the process has its own */
#define VMA_BYTES_MAX  512   /* a mapping's vm_area_struct and its place in the tree */
#define PAGES_MAX_TEXT "511"

enum thp_kind {
	KIND_MADVISE,
	KIND_ALWAYS,
	KIND_BASE,
	KIND_COLLAPSE,
	KIND_DONTNEED,
	KIND_MUNMAP,
	KIND_SPLIT,
};

struct thp_params {
	uint64_t size_bytes, offset_bytes, drop, accesses;
	int kind, touch;
	char fill[FILL_TEXT_BYTES];
};

enum thp_slot {
	SLOT_PAGES_PRESENT,
	SLOT_LARGE_FOLIOS,
	SLOT_LARGE_PAGES,
	SLOT_ACT_NS,
	SLOT_ACCESS_NS,
};

#define AT(member) .offset = offsetof(struct thp_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "2M",
	  .help = "bytes of the mapping, rounded up to whole base pages",
	  AT(size_bytes) },
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "madvise",
	  .choices = "madvise|always|base|collapse|dontneed|munmap|split",
	  .help = "how huge pages are made (base: none) or, the last three, taken apart",
	  AT(kind) },
	{ .name = "offset",
	  .type = OPTION_BYTES,
	  .fallback = "0",
	  .min = "0",
	  .help = "how far past a huge page boundary the mapping begins",
	  AT(offset_bytes) },
	{ .name = "drop",
	  .type = OPTION_COUNT,
	  .fallback = "1",
	  .min = "1",
	  .max = PAGES_MAX_TEXT,
	  .help = "base pages that each huge page loses, with dontneed, munmap and split",
	  AT(drop) },
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "bytes",
	  .choices = "write|populate|bytes",
	  .help = "first touch: a word per page, populated by madvise, or every byte",
	  AT(touch) },
	{ .name = "fill",
	  .type = OPTION_TEXT,
	  .fallback = "random",
	  .help = FILL_HELP,
	  .capacity = FILL_TEXT_BYTES,
	  AT(fill) },
	{ .name = "accesses",
	  .type = OPTION_COUNT,
	  .fallback = "0",
	  .help = "random reads afterwards, to see what fewer TLB misses bring",
	  AT(accesses) },
	{ .name = NULL },
};

/* ---- arithmetic ---- */

static uint64_t nr_pages(const struct thp_params *p, const struct workload_env *env)
{
	return (p->size_bytes + env->page_bytes - 1) / env->page_bytes;
}

static uint64_t map_bytes(const struct thp_params *p, const struct workload_env *env)
{
	return nr_pages(p, env) * env->page_bytes;
}

static bool takes_apart(const struct thp_params *p)
{
	return p->kind >= KIND_DONTNEED;
}

/* Memory that is there before READY, because what is measured is done to it. */
static bool prepared(const struct thp_params *p)
{
	return p->kind >= KIND_COLLAPSE;
}

static unsigned pmd_order(const struct workload_env *env)
{
	return env->pmd_bytes ? (unsigned)__builtin_ctzll(env->pmd_bytes / env->page_bytes) : 0;
}

/* The sizes of folio that the first touch may take, as bits. */
static uint32_t orders(const struct thp_params *p, const struct workload_env *env)
{
	if (p->kind == KIND_BASE || p->kind == KIND_COLLAPSE)
		return 0;
	return p->kind == KIND_ALWAYS ? env->thp_orders_always : env->thp_orders_madvise;
}

struct mix {
	uint64_t faults; /* folios of any size */
	uint64_t huge;	 /* of a huge page */
	uint64_t large, large_pages;
};

/*
 * What touching the pages upwards takes: at each page the largest allowed folio that
 * begins there and ends in the mapping (alloc_anon_folio() in mm/memory.c).
 */
static struct mix first_touch(const struct thp_params *p, const struct workload_env *env)
{
	const uint64_t first = p->offset_bytes / env->page_bytes,
		       end = first + nr_pages(p, env);
	const uint32_t allowed = orders(p, env);
	const unsigned top = pmd_order(env);
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

/* Huge pages that fit into the mapping. */
static uint64_t room_for_huge(const struct thp_params *p, const struct workload_env *env)
{
	const uint64_t end = p->offset_bytes + map_bytes(p, env);
	uint64_t first;

	if (!env->pmd_bytes)
		return 0;
	first = (p->offset_bytes + env->pmd_bytes - 1) / env->pmd_bytes;

	return end / env->pmd_bytes > first ? end / env->pmd_bytes - first : 0;
}

static uint64_t dropped_bytes(const struct thp_params *p, const struct workload_env *env)
{
	return takes_apart(p) ? room_for_huge(p, env) * p->drop * env->page_bytes : 0;
}

/* A table for each 512 pages that the mapping's range has a part of; the same for huge pages.
 */
static int64_t tables_min(const struct thp_params *p, const struct workload_env *env)
{
	const uint64_t reach = env->page_bytes / sizeof(uint64_t) * env->page_bytes;

	return (int64_t)(map_bytes(p, env) / reach * env->page_bytes);
}

/* Both ends, and the levels above: one in 512 and one of each. */
static int64_t tables_slack(const struct thp_params *p, const struct workload_env *env)
{
	return tables_min(p, env) / 512 + 5 * (int64_t)env->page_bytes;
}

static uint64_t thp_footprint(const void *params, const struct workload_env *env)
{
	const struct thp_params *p = params;
	const uint64_t own = 1u << 20;
	const uint64_t spare = p->kind == KIND_COLLAPSE ? env->pmd_bytes : 0;

	return map_bytes(p, env) + spare + own +
	       (uint64_t)(tables_min(p, env) + tables_slack(p, env) +
			  env_usage_slack_bytes(env));
}

static uint64_t thp_target(const void *params, const struct workload_env *env)
{
	const struct thp_params *p = params;

	return map_bytes(p, env) - dropped_bytes(p, env);
}

static double thp_seconds(const void *params, const struct workload_env *env)
{
	const struct thp_params *p = params;

	return (double)map_bytes(p, env) / 2e9 + (double)p->accesses / 1e7;
}

static const char *contradiction(const struct thp_params *p, const struct workload_env *env)
{
	if (fill_parse(p->fill, NULL, NULL))
		return "fill is none of zero, same, random and a share such as 50%";
	if (p->offset_bytes % env->page_bytes ||
	    (env->pmd_bytes && p->offset_bytes >= env->pmd_bytes))
		return "offset is a multiple of the base page, below a huge page: 12K";
	if (takes_apart(p) && p->accesses)
		return "accesses would fault in again what was dropped: use mode=madvise or "
		       "collapse";
	if (env->pmd_bytes && p->drop >= env->pmd_bytes / env->page_bytes)
		return "drop leaves nothing of a huge page";
	if (env->pmd_bytes && p->kind != KIND_BASE && !room_for_huge(p, env))
		return "no huge page fits: raise size";
	if (p->kind == KIND_MUNMAP && env->pmd_bytes && room_for_huge(p, env) > VMAS_MAX)
		return "more mappings than vm.max_map_count allows: lower size";
	return NULL;
}

static const char *missing(const struct thp_params *p, const struct workload_env *env)
{
	if (p->kind == KIND_ALWAYS && !env->thp_orders_always)
		return "huge pages are not for all here; add thp.enabled=always";
	if (p->kind == KIND_MADVISE && !env->thp_orders_madvise)
		return "no size of huge page is enabled; add thp.enabled=madvise";
	if (takes_apart(p) && !(env->thp_orders_madvise >> pmd_order(env) & 1))
		return "huge pages of the full size are off; add thp.enabled=madvise";
	if (p->kind == KIND_COLLAPSE && env->kernel < ENV_KERNEL(6, 1))
		return "MADV_COLLAPSE came with Linux 6.1";
	return NULL;
}

static int thp_check(const void *params, const struct workload_env *env, char *reason,
		     size_t reason_bytes)
{
	const char *wrong = contradiction(params, env), *lack = missing(params, env);

	if (wrong || lack)
		snprintf(reason, reason_bytes, "%s", wrong ? wrong : lack);
	return wrong ? -EINVAL : lack ? -ENODEV : 0;
}

/* ---- promises ---- */

/* What the act of run() changes. */
struct change {
	int64_t faults, huge;			 /* huge: mapped as such */
	int64_t pages, pages_more;		 /* at least, and up to so many more */
	int64_t fault_alloc, collapse_alloc;	 /* huge pages allocated */
	int64_t split_pmd, split_page, deferred; /* deferred: -1, not said */
	int64_t usage_bytes, usage_more, size_bytes;
	int64_t tables_least, tables_most; /* page tables made */
	uint64_t large, large_pages;	   /* in the end, not a change */
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
		.usage_bytes = (int64_t)map_bytes(p, env),
		.tables_least = tables_min(p, env),
		.tables_most = tables_min(p, env) + tables_slack(p, env),
		.large = m.large,
		.large_pages = m.large_pages,
		.why = p->kind == KIND_BASE ? "MADV_NOHUGEPAGE: one fault for each page"
					    : "each fault takes the largest folio that fits"
	};
}

static struct change change_by_collapse(const struct thp_params *p,
					const struct workload_env *env)
{
	const uint64_t huge = room_for_huge(p, env);

	return (struct change){
		.huge = (int64_t)huge,
		.collapse_alloc = (int64_t)huge,
		.large = huge,
		.large_pages = huge * (env->pmd_bytes / env->page_bytes),
		.why = "what was there is copied into huge pages without a fault",
		.usage_why = "a huge page takes the place of its base pages"
	};
}

static bool is_zero(const struct thp_params *p)
{
	enum fill_kind kind;
	unsigned random_words;

	return !fill_parse(p->fill, &kind, &random_words) &&
	       (kind == FILL_ZERO || (kind == FILL_RANDOM && !random_words));
}

static struct change change_by_drop(const struct thp_params *p, const struct workload_env *env)
{
	const bool split = p->kind == KIND_SPLIT, unmap = p->kind == KIND_MUNMAP;
	const bool zeros = split && is_zero(p) && env->kernel >= ENV_KERNEL(6, 12);
	const bool all = zeros && env_has(env, CAPABILITY_ZERO_PAGE);
	const int64_t huge = (int64_t)room_for_huge(p, env);
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
		.why = all    ? "all of each huge page: zero pages become the shared zero page"
		       : kept ? "the pages that each huge page loses and more where a split "
				"maps the zero page"
			      : "the pages that each huge page loses",
		.usage_why =
			split ? "base pages of a split huge page are freed one by one"
			      : "a huge page is freed as a whole: what it lost stays charged",
	};
}

static struct change change_of(const struct thp_params *p, const struct workload_env *env)
{
	if (takes_apart(p))
		return change_by_drop(p, env);
	return p->kind == KIND_COLLAPSE ? change_by_collapse(p, env) : change_by_touch(p, env);
}

static void claim_own(const struct workload_env *env, const struct change *c,
		      struct claims *out)
{
	const int64_t bytes = c->pages * (int64_t)env->page_bytes;
	const int64_t huge = c->huge * (int64_t)env->pmd_bytes;
	const struct promise amounts[] = {
		{ "resident_bytes", "mapping", "smaps", "Rss", UNIT_BYTES, PROMISE_EXACT, bytes,
		  0, c->why },
		{ "anonymous_bytes", "mapping", "smaps", "Anonymous", UNIT_BYTES, PROMISE_EXACT,
		  bytes, 0, c->why },
		{ "group_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, PROMISE_EXACT, bytes, 0, c->why },
	};
	const struct promise rows[] = {
		{ "minor_faults", "process", "stat", "minflt", UNIT_COUNT, PROMISE_EXACT,
		  c->faults, 0, c->why },
		{ "major_faults", "process", "stat", "majflt", UNIT_COUNT, PROMISE_EXACT, 0, 0,
		  "first touch of anonymous memory needs no I/O" },
		{ "virtual_bytes", "process", "status", "VmSize", UNIT_BYTES, PROMISE_EXACT,
		  c->size_bytes, 0, "only munmap makes the mapping smaller" },
		{ "huge_bytes", "mapping", "smaps", "AnonHugePages", UNIT_BYTES, PROMISE_EXACT,
		  huge, 0, "huge pages that are mapped as such and not page by page" },
		{ "swapped_bytes", "mapping", "smaps", "Swap", UNIT_BYTES, PROMISE_EXACT, 0, 0,
		  "all of it fits" },
		{ "group_faults", "group", "memory.stat", "pgfault", UNIT_COUNT, PROMISE_EXACT,
		  c->faults, 0, "the worker is alone in its group" },
	};

	PROMISE_BOUNDS(out, SPAN_WORK, amounts, c->pages_more * (int64_t)env->page_bytes);
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_group(const struct workload_env *env, const struct change *c,
			struct claims *out)
{
	const bool v2 = env->cgroup_version == 2;
	const struct promise huge = { "group_huge_bytes",
				      "group",
				      "memory.stat",
				      v2 ? "anon_thp" : "rss_huge",
				      UNIT_BYTES,
				      PROMISE_EXACT,
				      c->huge * (int64_t)env->pmd_bytes,
				      0,
				      "the worker is alone in its group" };
	const struct promise_usage usage = { .least = c->usage_bytes,
					     .most = c->usage_bytes + c->usage_more,
					     .tables_least = c->tables_least,
					     .tables_most = c->tables_most,
					     .why = c->usage_why };
	const struct promise events[] = {
		{ "group_huge_faults", "group", "memory.stat", "thp_fault_alloc", UNIT_COUNT,
		  PROMISE_EXACT, c->fault_alloc, 0, "huge pages allocated by faults" },
		{ "group_huge_collapses", "group", "memory.stat", "thp_collapse_alloc",
		  UNIT_COUNT, PROMISE_EXACT, c->collapse_alloc, 0,
		  "huge pages allocated to collapse base pages into" },
	};

	promise_add(out, SPAN_WORK, &huge, 1);
	promise_usage(out, env, &usage);
	if (v2)
		PROMISE_ROWS(out, SPAN_WORK, events);
}

static void claim_ledger(const struct change *c, struct claims *out)
{
	const struct promise rows[] = {
		{ "large_folios", "ledger", "ledger", "large_folios", UNIT_COUNT, PROMISE_EXACT,
		  (int64_t)c->large, 0, "page frames that begin a folio of more than a page" },
		{ "large_pages", "ledger", "ledger", "large_pages", UNIT_PAGES, PROMISE_EXACT,
		  (int64_t)c->large_pages, 0, "pages whose frame is in such a folio" },
	};

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

/* The machine's counters are the worker's only where nobody else takes huge pages. */
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
				   alone ? "nobody else takes huge pages in this guest"
					 : "the machine's count includes the worker's");
	}
}

static void claim_tables(const struct thp_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const struct promise row = { "page_table_bytes",
				     "process",
				     "status",
				     "VmPTE",
				     UNIT_BYTES,
				     RELATION_BETWEEN,
				     BASIS_BOUNDED,
				     tables_min(p, env),
				     tables_slack(p, env),
				     "a huge page sets a table aside for the day it is split" };

	promise_add(out, SPAN_WORK, &row, 1);
}

static void claim_residue(const struct thp_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const int64_t before = prepared(p) ? (int64_t)map_bytes(p, env) : 0;
	const struct promise rows[] = {
		{ "left_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, -before, 0,
		  "the worker has exited and its memory with it" },
		{ "left_usage_bytes", "group", env_group_usage(env), env_group_usage(env),
		  UNIT_BYTES, RELATION_LE, BASIS_BOUNDED, -before, env_usage_slack_bytes(env),
		  "a batch of 64 pages per CPU may stay charged" },
	};

	PROMISE_ROWS(out, SPAN_RESIDUE, rows);
}

static void thp_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct thp_params *p = params;
	const struct change c = change_of(p, env);

	claim_own(env, &c, out);
	claim_group(env, &c, out);
	claim_ledger(&c, out);
	claim_system(env, &c, out);
	if (!prepared(p))
		claim_tables(p, env, out);
	claim_residue(p, env, out);
}

/* ---- in the worker ---- */

struct thp {
	char *reserve, *map; /* the mapping lies between parts that cannot be touched */
	uint64_t reserve_bytes, bytes;
	uint64_t left_out; /* the test hook */
	struct folios folios;
	struct touch touch;
	struct fill fill;
};

/*
 * Nothing but inaccessible memory beside the mapping: a neighbour with the same flags
 * would be joined to it, and a huge page could reach across.
 */
static int map_between_guards(struct worker *w, struct thp *t)
{
	const struct thp_params *p = w->params;
	const uint64_t pmd = w->env->pmd_bytes;
	uintptr_t boundary;
	void *map;

	t->bytes = map_bytes(p, w->env);
	t->reserve_bytes = t->bytes + 4 * pmd;
	map = mmap(NULL, t->reserve_bytes, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return worker_fail(w, errno, "cannot map %" PRIu64 " bytes: %s",
				   t->reserve_bytes, strerror(errno));
	t->reserve = map;
	boundary = ((uintptr_t)map + 2 * pmd - 1) & ~(uintptr_t)(pmd - 1);
	t->map = (char *)boundary + p->offset_bytes;
	if (mprotect(t->map, t->bytes, PROT_READ | PROT_WRITE))
		return worker_fail(w, errno, "cannot map %" PRIu64 " bytes: %s", t->bytes,
				   strerror(errno));
	return 0;
}

static int advise(struct worker *w, void *start, uint64_t bytes, int advice, const char *name)
{
	int ret;

	do {
		ret = madvise(start, bytes, advice);
	} while (ret && errno == EAGAIN); /* a page was in use elsewhere for a moment */
	return ret ? worker_fail(w, errno, "%s: %s", name, strerror(errno)) : 0;
}

/* The huge page boundaries that the mapping spans. */
static char *first_huge(const struct worker *w, const struct thp *t)
{
	const uintptr_t pmd = w->env->pmd_bytes;

	return (char *)(((uintptr_t)t->map + pmd - 1) & ~(pmd - 1));
}

static int touch_all(struct worker *w, const struct thp *t, uint64_t left_out)
{
	const uint64_t bytes = left_out < t->bytes ? t->bytes - left_out : 0;
	int ret = 0;

	for (uint64_t at = 0, step; at < bytes && !ret && !worker_should_stop(w); at += step) {
		step = bytes - at < t->touch.step_bytes ? bytes - at : t->touch.step_bytes;
		ret = touch_range(&t->touch, t->map + at, step, at / FILL_BLOCK_BYTES);
		if (!ret)
			atomic_fetch_add_explicit(&w->ledger->moved_bytes, step,
						  memory_order_relaxed);
	}
	return ret ? worker_fail(w, -ret, "cannot touch the mapping: %s", strerror(-ret)) : 0;
}

/*
 * Base pages without MADV_NOHUGEPAGE, which MADV_COLLAPSE would respect and which only
 * an invitation to khugepaged takes back.
 */
static int make_base_pages(struct worker *w, const struct thp *t)
{
	int err = hugepages_forbid();

	if (!err)
		err = touch_all(w, t, 0);
	if (!err && prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0))
		err = -errno;
	return err;
}

/* Huge pages, which khugepaged may not make again of what is left. */
static int make_huge_pages(struct worker *w, const struct thp *t)
{
	int err = advise(w, t->map, t->bytes, MADV_HUGEPAGE, "MADV_HUGEPAGE");

	if (!err)
		err = touch_all(w, t, 0);
	return err ? err : advise(w, t->map, t->bytes, MADV_NOHUGEPAGE, "MADV_NOHUGEPAGE");
}

static int make_ready(struct worker *w, const struct thp *t)
{
	const struct thp_params *p = w->params;
	int err;

	switch ((enum thp_kind)p->kind) {
	case KIND_MADVISE:
		return advise(w, t->map, t->bytes, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	case KIND_BASE:
		return advise(w, t->map, t->bytes, MADV_NOHUGEPAGE, "MADV_NOHUGEPAGE");
	case KIND_ALWAYS:
		return 0;
	case KIND_COLLAPSE:
		err = make_base_pages(w, t);
		break;
	default:
		err = make_huge_pages(w, t);
		break;
	}
	atomic_store_explicit(&w->ledger->moved_bytes, 0, memory_order_relaxed);
	return err;
}

static int thp_prepare(struct worker *w)
{
	static const enum touch_kind kinds[] = { TOUCH_WRITE, TOUCH_POPULATE, TOUCH_BYTES };
	const struct thp_params *p = w->params;
	struct thp *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	w->state = t;
	err = folios_open(&t->folios);
	if (err)
		return worker_fail(w, -err,
				   "cannot see page frames (/proc/kpageflags): %s; run as root",
				   strerror(-err));
	err = map_between_guards(w, t);
	if (err)
		return err;
	worker_mapping(w, 0, t->map, t->bytes);
	t->left_out = w->ledger->sabotage_pages;
	fill_init(&t->fill, p->fill, w->ledger->seed);
	touch_init(&t->touch, kinds[p->touch], w->env->page_bytes, w->env->pmd_bytes, &t->fill);
	return make_ready(w, t);
}

/* The last pages of a huge page, so that its first one still tells of it. */
static int drop_from(struct worker *w, char *huge)
{
	const struct thp_params *p = w->params;
	const uint64_t bytes = p->drop * w->env->page_bytes;
	char *start = huge + w->env->pmd_bytes - bytes;
	int err = 0;

	if (p->kind == KIND_MUNMAP)
		return munmap(start, bytes)
			       ? worker_fail(w, errno, "munmap: %s", strerror(errno))
			       : 0;
	if (p->kind == KIND_SPLIT) /* it splits what the range is only a part of */
		err = advise(w, huge + w->env->pmd_bytes - w->env->page_bytes,
			     w->env->page_bytes, MADV_COLD, "MADV_COLD");
	return err ? err : advise(w, start, bytes, MADV_DONTNEED, "MADV_DONTNEED");
}

static int act_on_each(struct worker *w, const struct thp *t)
{
	const struct thp_params *p = w->params;
	const uint64_t nr = room_for_huge(p, w->env), pmd = w->env->pmd_bytes;
	char *huge = first_huge(w, t);
	int err = 0;

	for (uint64_t i = t->left_out; i < nr && !err && !worker_should_stop(w); i++) {
		err = p->kind == KIND_COLLAPSE
			      ? advise(w, huge, pmd, MADV_COLLAPSE, "MADV_COLLAPSE")
			      : drop_from(w, huge);
		huge += pmd;
		atomic_fetch_add_explicit(&w->ledger->moved_bytes, pmd, memory_order_relaxed);
	}
	return err;
}

static void access_all(struct worker *w, const struct thp *t)
{
	const struct thp_params *p = w->params;
	const uint64_t seed = w->ledger->seed, page = w->env->page_bytes;
	struct access a;

	access_init(&a, t->map, page, 1, seed);
	pattern_init(&a.pattern, PATTERN_RANDOM, t->bytes / page, seed);
	for (uint64_t done = 0, nr; done < p->accesses && !worker_should_stop(w); done += nr) {
		nr = p->accesses - done < ACCESS_BATCH ? p->accesses - done : ACCESS_BATCH;
		(void)access_run(&a, nr, NULL); /* all of them read */
		atomic_fetch_add_explicit(&w->ledger->ops, nr, memory_order_relaxed);
	}
}

static int thp_verify(struct worker *w)
{
	struct thp *t = w->state;
	struct folio_count found;
	int err = folios_count(&t->folios, t->map, t->bytes, w->env->page_bytes, &found);

	if (err)
		return worker_fail(w, -err, "cannot see page frames: %s; run as root",
				   strerror(-err));
	worker_slot_set(w, SLOT_PAGES_PRESENT, found.present);
	worker_slot_set(w, SLOT_LARGE_FOLIOS, found.large);
	worker_slot_set(w, SLOT_LARGE_PAGES, found.large_pages);
	worker_achieved(w, found.present * w->env->page_bytes);
	return 0;
}

static int thp_run(struct worker *w)
{
	const struct thp_params *p = w->params;
	const uint64_t unit = p->kind == KIND_BASE ? w->env->page_bytes : w->env->pmd_bytes;
	struct thp *t = w->state;
	uint64_t start_ns = worker_now_ns(), now_ns;
	int err = prepared(p) ? act_on_each(w, t) : touch_all(w, t, t->left_out * unit);

	now_ns = worker_now_ns();
	worker_slot_set(w, SLOT_ACT_NS, now_ns - start_ns);
	if (err)
		return err;
	if (p->accesses && !t->left_out) {
		access_all(w, t);
		worker_slot_set(w, SLOT_ACCESS_NS, worker_now_ns() - now_ns);
	}
	return 0;
}

static void thp_release(struct worker *w)
{
	struct thp *t = w->state;

	if (!t)
		return;
	if (t->reserve)
		munmap(t->reserve, t->reserve_bytes);
	folios_close(&t->folios);
	free(t);
	w->state = NULL;
}

const struct workload thp_workload = {
	.name = "thp",
	.summary = "transparent huge pages, made by fault or collapse and taken apart",
	.truth = "One fault per huge page and AnonHugePages to the byte; a misaligned mapping has "
		 "one less and base pages at its ends. What is dropped of a huge page leaves Rss "
		 "and stays charged until the huge page is split.",
	.needs = NEED_THP,
	.options = options,
	.params_bytes = sizeof(struct thp_params),
	.slots = {
		[SLOT_PAGES_PRESENT] = { "pages_present", UNIT_PAGES,
					 "base pages present in the page table in the end" },
		[SLOT_LARGE_FOLIOS] = { "large_folios", UNIT_COUNT,
					"folios of more than a page, by their page frames" },
		[SLOT_LARGE_PAGES] = { "large_pages", UNIT_PAGES,
				       "base pages that are in such folios" },
		[SLOT_ACT_NS] = { "act_ns", UNIT_NSEC,
				  "time of the touch, the collapse or the taking apart alone" },
		[SLOT_ACCESS_NS] = { "access_ns", UNIT_NSEC, "time of the random reads alone" },
	},
	.check = thp_check,
	.footprint = thp_footprint,
	.target = thp_target,
	.seconds = thp_seconds,
	.claims = thp_claims,
	.prepare = thp_prepare,
	.run = thp_run,
	.verify = thp_verify,
	.release = thp_release,
};
