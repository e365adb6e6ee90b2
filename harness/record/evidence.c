// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kinds of evidence and what each can move. Reads records, opens no file, and knows
 * nothing of trials.
 */
#include "harness/record/evidence.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/record/counters.h"
#include "workloads/api/arith.h"

#define MOVES_MAX	   2  /* tables of a kind */
#define FAULT_AROUND_PAGES 16 /* fault_around_bytes, mm/memory.c */
#define HUGE_CHARGE_BYTES  (2u << 20)

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

/* ---- what can be moved ---- */

enum direction {
	DOWN = 1 << 0,
	UP = 1 << 1,
	EITHER = DOWN | UP,
};

/* scope/source/counter, * for any part of it. */
struct move {
	const char *counter;
	enum direction direction;
};

#define USAGE_V1 "group/memory.usage_in_bytes/memory.usage_in_bytes"
#define USAGE_V2 "group/memory.current/memory.current"

/* A page of the worker's file is no longer in the cache, and has to be read again. */
static const struct move file_gone[] = {
	{ "group/memory.stat/cache", DOWN },
	{ "group/memory.stat/file", DOWN },
	{ USAGE_V1, DOWN },
	{ USAGE_V2, DOWN },
	{ "ledger/ledger/hit_pages", DOWN },
	{ "ledger/ledger/cachestat_pages", EITHER }, /* held against mincore a moment before */
	{ "ledger/ledger/lost_pages", UP },
	{ "ledger/ledger/miss_pages", UP },
	{ "ledger/ledger/missing_pages", UP },
	{ "process*/io/read_bytes", UP },
	{ "process*/stat/majflt", UP },
	{ "group/memory.stat/pgmajfault", UP },
	{ NULL, 0 },
};

/* Text of the program that others had taken is read again, and charged to who needs it. */
static const struct move text_back[] = {
	{ "group/memory.stat/cache", UP },
	{ "group/memory.stat/file", UP },
	{ USAGE_V1, UP },
	{ USAGE_V2, UP },
	{ "process*/io/read_bytes", UP },
	{ NULL, 0 },
};

/* Reclaim takes mapped pages as well and leaves a trace of what it took. */
static const struct move file_reclaimed[] = {
	{ "mapping*/smaps/Rss", DOWN },
	{ "mapping*/smaps/Pss", DOWN },
	{ "process*/stat/minflt", UP },
	{ "group/memory.stat/pgfault", UP },
	{ "group/memory.stat/workingset_refault_file", UP },
	{ NULL, 0 },
};

/* A page is in swap that was in memory. */
static const struct move anon_reclaimed[] = {
	{ "mapping*/smaps/Rss", DOWN },
	{ "mapping*/smaps/Pss", DOWN },
	{ "mapping*/smaps/Anonymous", DOWN },
	{ "mapping*/smaps/Private_Dirty", DOWN },
	{ "mapping*/smaps/Shared_Dirty", DOWN },
	{ "mapping*/smaps/AnonHugePages", DOWN },
	{ "mapping*/numa_maps/N*", DOWN },
	{ "process*/smaps_rollup/Rss", DOWN },
	{ "process*/smaps_rollup/Anonymous", DOWN },
	{ "process*/status/VmRSS", DOWN },
	{ "process*/status/RssAnon", DOWN },
	{ "process*/statm/resident", DOWN },
	{ "process*/stat/rss", DOWN },
	{ "group/memory.stat/rss", DOWN },
	{ "group/memory.stat/anon", DOWN },
	{ "group/memory.stat/shmem", DOWN },
	{ "group/memory.stat/rss_huge", DOWN },
	{ "group/memory.stat/anon_thp", DOWN },
	{ USAGE_V1, DOWN },
	{ USAGE_V2, DOWN },
	{ "ledger/ledger/pages_present", DOWN },
	{ "mapping*/smaps/Swap", UP },
	{ "mapping*/smaps/SwapPss", UP },
	{ "process*/smaps_rollup/Swap", UP },
	{ "process*/status/VmSwap", UP },
	{ "group/memory.stat/swap", UP },
	{ "group/memory.swap.current/memory.swap.current", UP },
	{ "process*/stat/majflt", UP },
	{ "group/memory.stat/pgmajfault", UP },
	{ NULL, 0 },
};

/* swapoff brought a page back that was in swap. */
static const struct move swapped_in[] = {
	{ "mapping*/smaps/Rss", UP },
	{ "mapping*/smaps/Pss", UP },
	{ "mapping*/smaps/Anonymous", UP },
	{ "group/memory.stat/rss", UP },
	{ "group/memory.stat/anon", UP },
	{ "ledger/ledger/pages_present", UP },
	{ "mapping*/smaps/Swap", DOWN },
	{ "mapping*/smaps/SwapPss", DOWN },
	{ "process*/smaps_rollup/Swap", DOWN },
	{ "process*/status/VmSwap", DOWN },
	{ "group/memory.stat/swap", DOWN },
	{ "group/memory.swap.current/memory.swap.current", DOWN },
	{ "ledger/ledger/pages_swapped", DOWN },
	{ "ledger/ledger/back_faults", DOWN },
	{ "process*/stat/majflt", DOWN },
	{ "group/memory.stat/pgmajfault", DOWN },
	{ NULL, 0 },
};

/* A dirty page was written; a store to a mapping of it faults and makes it dirty again. */
static const struct move written_back[] = {
	{ "group/memory.stat/dirty", DOWN },   { "group/memory.stat/file_dirty", DOWN },
	{ "ledger/ledger/dirty_pages", DOWN }, { "process*/io/cancelled_write_bytes", DOWN },
	{ "group/memory.stat/writeback", UP }, { "group/memory.stat/file_writeback", UP },
	{ "process*/io/write_bytes", UP },     { "process*/stat/minflt", UP },
	{ "group/memory.stat/pgfault", UP },   { NULL, 0 },
};

/* A touch of a page that is on its way, or that a copy has to be made of, is a fault more. */
static const struct move faulted[] = {
	{ "process*/stat/minflt", UP },
	{ "group/memory.stat/pgfault", UP },
	{ NULL, 0 },
};

/* Several pages are one: charged once, and mapped more than once. */
static const struct move merged[] = {
	{ "group/memory.stat/rss", DOWN },
	{ "group/memory.stat/anon", DOWN },
	{ USAGE_V1, DOWN },
	{ USAGE_V2, DOWN },
	{ "mapping*/smaps/Pss", DOWN },
	{ "mapping*/smaps/Private_Dirty", DOWN },
	{ "mapping*/smaps/Shared_Dirty", UP },
	{ NULL, 0 },
};

static const struct move other_node[] = {
	{ "mapping*/numa_maps/N*", EITHER },
	{ "group/memory.numa_stat/*", EITHER },
	{ NULL, 0 },
};

static const struct move other_device[] = {
	{ "own_swap/swaps/Used", DOWN },
	{ NULL, 0 },
};

static const struct move late[] = {
	{ "ledger/ledger/leak_ns", UP },
	{ NULL, 0 },
};

/* ---- reading a record ---- */

static const struct counter *find(const struct record *record, const char *name)
{
	const char *first = strchr(name, '/'), *last = strrchr(name, '/');
	char scope[24], source[64];

	snprintf(scope, sizeof(scope), "%.*s", (int)(first - name), name);
	snprintf(source, sizeof(source), "%.*s", (int)(last - first - 1), first + 1);
	return record_find(record, scope, source, last + 1);
}

/* What moved it further up; 0 where it did not, or is not counted. */
static uint64_t rise(const struct record *record, const char *name)
{
	const struct counter *c = find(record, name);
	struct number n;

	return c && counter_delta(c, &n) && n.value > 0 ? (uint64_t)n.value : 0;
}

/* Its value at the end, or where there is none at the beginning. */
static uint64_t level(const struct record *record, const char *name, bool after)
{
	const struct counter *c = find(record, name);

	if (!c || !(after ? c->has_after : c->has_before))
		return 0;
	return (uint64_t)(after ? c->after.value : c->before.value);
}

/* What the functions below look at. */
struct seen {
	const struct record *record;
	uint64_t page_bytes;
};

/* A call drops whatever is clean, so at most what the worker has had in the cache. */
static uint64_t dropped_bytes(const struct seen *s)
{
	if (!rise(s->record, "around/vmstat/drop_pagecache"))
		return 0;
	return level(s->record, "group/memory.stat/cache", false) +
	       level(s->record, "group/memory.stat/file", false) +
	       rise(s->record, "process/io/read_bytes") +
	       rise(s->record, "process/io/write_bytes");
}

/* Refaults beyond the traces of pages that the worker itself had reclaimed before READY. */
static uint64_t refaulted_pages(const struct seen *s)
{
	const uint64_t refaults = rise(s->record, "group/memory.stat/workingset_refault_file");
	const uint64_t traces = level(s->record, "ledger/ledger/evicted_pages", true);

	return refaults > traces ? refaults - traces : 0;
}

/* What the worker has had dirty: nothing else of its own can be written back. */
static uint64_t dirtied_pages(const struct seen *s)
{
	return (level(s->record, "group/memory.stat/dirty", false) +
		level(s->record, "group/memory.stat/file_dirty", false) +
		rise(s->record, "process/io/write_bytes")) /
	       s->page_bytes;
}

/* What was being written at the end is no longer dirty either. */
static uint64_t written_pages(const struct seen *s)
{
	return min(rise(s->record, "around/vmstat/nr_written") +
			   level(s->record, "around/vmstat/nr_writeback", true),
		   dirtied_pages(s));
}

static bool is_swap_used(const struct counter *c)
{
	return !strncmp(c->scope, "swap:", 5) && !strcmp(c->counter, "Used");
}

/* In use at the beginning on devices that are gone at the end. */
static uint64_t swapped_off_kb(const struct seen *s)
{
	uint64_t kb = 0;

	for (size_t i = 0; i < s->record->nr; i++) {
		const struct counter *c = &s->record->counter[i];

		if (is_swap_used(c) && c->has_before && !c->has_after)
			kb += (uint64_t)c->before.value;
	}
	return kb;
}

/* What was taken of devices that are not the run's own. */
static uint64_t other_swap_kb(const struct seen *s)
{
	const uint64_t own = rise(s->record, "own_swap/swaps/Used");
	uint64_t kb = 0;
	struct number n;

	for (size_t i = 0; i < s->record->nr; i++) {
		const struct counter *c = &s->record->counter[i];

		if (is_swap_used(c) && counter_delta(c, &n) && n.value > 0)
			kb += (uint64_t)n.value;
		else if (is_swap_used(c) && !c->has_before && c->has_after)
			kb += (uint64_t)c->after.value;
	}
	return kb > own ? kb - own : 0;
}

static bool is_cpu_lost(const struct counter *c)
{
	return !strcmp(c->scope, "system") && !strcmp(c->source, "stat") &&
	       !fnmatch("cpu[0-9]*.user", c->counter, 0) && c->has_before && !c->has_after;
}

/* A worker can be late by the whole span then, and by no more. */
static uint64_t offline_ns(const struct seen *s)
{
	for (size_t i = 0; i < s->record->nr; i++)
		if (is_cpu_lost(&s->record->counter[i]))
			return s->record->span_ns;
	return 0;
}

static uint64_t stolen_ns(const struct seen *s)
{
	return rise(s->record, "system/stat/cpu.steal") * 1000000000u /
	       (uint64_t)sysconf(_SC_CLK_TCK);
}

/*
 * Pages that the group has in swap and did not have before, and those that came back from
 * there: what others swap out of theirs explains nothing of ours.
 */
static uint64_t group_swapped_pages(const struct seen *s)
{
	const uint64_t bytes =
		max(rise(s->record, "group/memory.stat/swap"),
		    rise(s->record, "group/memory.swap.current/memory.swap.current"));

	return bytes / s->page_bytes +
	       rise(s->record, "group/memory.stat/workingset_refault_anon");
}

static uint64_t reclaimed_pages(const struct seen *s)
{
	return rise(s->record, "around/vmstat/pgsteal_kswapd") +
	       rise(s->record, "around/vmstat/pgsteal_direct") +
	       rise(s->record, "around/vmstat/pgsteal_khugepaged") +
	       rise(s->record, "around/vmstat/pgsteal_proactive");
}

static uint64_t reclaimed_anon_pages(const struct seen *s)
{
	return min(reclaimed_pages(s), group_swapped_pages(s));
}

static uint64_t swapped_out_pages(const struct seen *s)
{
	return min(rise(s->record, "around/vmstat/pswpout"), group_swapped_pages(s));
}

/* Cgroup v2 counts by group what reclaim took of it, whoever needed the memory. */
static uint64_t reclaimed_file_pages(const struct seen *s)
{
	const uint64_t machine = reclaimed_pages(s);

	if (!find(s->record, "run/memory.stat/pgsteal"))
		return machine;
	return min(machine, rise(s->record, "run/memory.stat/pgsteal"));
}

/* Each major fault of the group brings a page, and what lies around it. */
static uint64_t text_pages(const struct seen *s)
{
	const uint64_t faults = rise(s->record, "group/memory.stat/pgmajfault");
	const uint64_t taken = reclaimed_file_pages(s) + dropped_bytes(s) / s->page_bytes;

	return min(faults * FAULT_AROUND_PAGES, taken);
}

/* What compaction isolates is migrated, or put back: the one is no addition to the other. */
static uint64_t migrated_pages(const struct seen *s)
{
	return max(rise(s->record, "around/vmstat/pgmigrate_success"),
		   rise(s->record, "around/vmstat/compact_isolated"));
}

/* ---- the kinds ---- */

struct kind_row {
	const char *name, *what; /* "193 pages WHAT" */
	enum unit unit;
	const char *counter; /* how far this one rose; NULL: what the function finds */
	uint64_t (*amount)(const struct seen *s);
	unsigned unless; /* enum evidence_own, or-ed */
	bool of_worker;	 /* its own counters: what one used explains another's as well */
	const struct move *moves[MOVES_MAX];
};

/*
 * Reclaim for a group's limit is in none of vmstat's pgsteal_kswapd and pgsteal_direct
 * (mm/vmscan.c, cgroup_reclaim()): those are of reclaim that the machine as a whole needs.
 *
 * DAMON's own counts are read where damon_reclaim has them; of its other schemes the
 * statistics come on request only, and refaults show what they took and was used again.
 */
/* clang-format off: one row a kind */
static const struct kind_row evidence_kinds[NR_EVIDENCE] = {
	[EVIDENCE_RECLAIM] = { "reclaim", "reclaimed for the whole machine", UNIT_PAGES,
			       .amount = reclaimed_file_pages, .unless = OWN_RECLAIM,
			       .moves = { file_gone, file_reclaimed } },
	[EVIDENCE_RECLAIM_ANON] = { "reclaim_anon",
				    "of the group swapped out while the machine reclaimed",
				    UNIT_PAGES, .amount = reclaimed_anon_pages,
				    .unless = OWN_RECLAIM | OWN_UNSWAPPABLE,
				    .moves = { anon_reclaimed } },
	[EVIDENCE_REFAULT] = { "refault", "of the group reclaimed from outside and read again",
			       UNIT_PAGES, .amount = refaulted_pages, .of_worker = true,
			       .unless = OWN_RECLAIM | OWN_LIMIT | OWN_BLIND,
			       .moves = { file_gone, file_reclaimed } },
	[EVIDENCE_SWAP_OUT] = { "swap_out", "of the group swapped out while it was at no limit",
				UNIT_PAGES, .amount = swapped_out_pages,
				.unless = OWN_RECLAIM | OWN_LIMIT | OWN_SWAP | OWN_UNSWAPPABLE,
				.moves = { anon_reclaimed } },
	[EVIDENCE_DAMON] = { "damon", "reclaimed by DAMON", UNIT_BYTES,
			     .counter = "around/damon_reclaim/damon_reclaim",
			     .moves = { file_gone, file_reclaimed } },
	[EVIDENCE_DROP_CACHES] = { "drop_caches",
				   "of cache that a write to drop_caches could drop",
				   UNIT_BYTES, .amount = dropped_bytes, .of_worker = true,
				   .moves = { file_gone } },
	[EVIDENCE_TEXT] = { "text", "that were taken and brought back by major faults",
			    UNIT_PAGES, .amount = text_pages, .of_worker = true,
			    .unless = OWN_RECLAIM, .moves = { text_back } },
	[EVIDENCE_WRITEBACK] = { "writeback", "written back and none by a worker", UNIT_PAGES,
				 .amount = written_pages, .unless = OWN_WRITEBACK,
				 .moves = { written_back } },
	[EVIDENCE_MIGRATION] = { "migration", "migrated or isolated by compaction", UNIT_PAGES,
				 .amount = migrated_pages, .unless = OWN_MIGRATION,
				 .moves = { faulted } },
	[EVIDENCE_KSM_MERGE] = { "ksm_merge", "of the process merged by KSM", UNIT_PAGES,
				 .counter = "process/ksm_merging_pages/ksm_merging_pages",
				 .of_worker = true, .moves = { merged } },
	[EVIDENCE_KSM_COPY] = { "ksm_copy", "copied that KSM had merged", UNIT_PAGES,
				.counter = "around/vmstat/cow_ksm", .moves = { faulted } },
	[EVIDENCE_NUMA_FAULTS] = { "numa_faults", "hint faults of NUMA balancing", UNIT_COUNT,
				   .counter = "around/vmstat/numa_hint_faults",
				   .moves = { faulted } },
	[EVIDENCE_NUMA_MOVES] = { "numa_moves", "moved by NUMA balancing", UNIT_PAGES,
				  .counter = "around/vmstat/numa_pages_migrated",
				  .unless = OWN_MIGRATION, .moves = { other_node } },
	[EVIDENCE_SWAPOFF] = { "swapoff", "in use on a swap device that is gone", UNIT_KB,
			       .amount = swapped_off_kb, .moves = { swapped_in } },
	[EVIDENCE_OTHER_SWAP] = { "other_swap", "taken of swap that is not the run's own",
				  UNIT_KB, .amount = other_swap_kb, .moves = { other_device } },
	[EVIDENCE_CPU_OFFLINE] = { "cpu_offline", "in which a CPU was taken away", UNIT_NSEC,
				   .amount = offline_ns, .moves = { late } },
	[EVIDENCE_STEAL] = { "steal", "of CPU time stolen by the hypervisor", UNIT_NSEC,
			     .amount = stolen_ns, .moves = { late } },
};
/* clang-format on */

const char *evidence_name(enum evidence_kind kind)
{
	return evidence_kinds[kind].name;
}

/* ---- gathering ---- */

/*
 * Of a charge that does not fit into a limit the high-water mark shows nothing, and without
 * swap version 1 does not count it either: what could not take a huge page more was full.
 */
static bool is_full(const struct record *record, const char *peak, const char *limit)
{
	const uint64_t most = level(record, limit, true);

	return most && level(record, peak, true) + HUGE_CHARGE_BYTES > most;
}

static bool is_limited(const struct record *record)
{
	static const char *const hits[] = {
		"group/memory.events/max",
		"group/memory.events/high",
		"run/memory.events/max",
		"run/memory.events/high",
		"group/memory.failcnt/memory.failcnt",
		"run/memory.failcnt/memory.failcnt",
	};

	for (size_t i = 0; i < ARRAY_SIZE(hits); i++)
		if (rise(record, hits[i]))
			return true;
	return is_full(record, "group/memory.max_usage_in_bytes/memory.max_usage_in_bytes",
		       "group/memory.limit_in_bytes/memory.limit_in_bytes") ||
	       is_full(record, "run/memory.max_usage_in_bytes/memory.max_usage_in_bytes",
		       "run/memory.limit_in_bytes/memory.limit_in_bytes");
}

unsigned evidence_own(const struct workload *workload, const struct workload_env *env,
		      const struct record *work)
{
	unsigned own = 0;

	if (workload->machine_wide || workload->does & DOES_RECLAIM)
		own |= OWN_RECLAIM;
	if (workload->does & DOES_MIGRATE)
		own |= OWN_MIGRATION;
	if (workload->needs & NEED_SWAP)
		own |= OWN_SWAP;
	if (!env->swap_max_bytes)
		own |= OWN_UNSWAPPABLE;
	if (!env_has(env, CAPABILITY_CACHESTAT) || !env_has(env, CAPABILITY_FRESH_STAT))
		own |= OWN_BLIND;
	if (rise(work, "ledger/ledger/fsyncs"))
		own |= OWN_WRITEBACK;
	return is_limited(work) ? own | OWN_LIMIT : own;
}

void evidence_gather(const struct record *record, unsigned own, uint64_t page_bytes,
		     struct evidence *out)
{
	const struct seen seen = { record, page_bytes };

	for (unsigned k = 0; k < NR_EVIDENCE; k++) {
		const struct kind_row *kind = &evidence_kinds[k];

		if (kind->unless & own)
			out->amount[k] = 0;
		else if (kind->counter)
			out->amount[k] = rise(record, kind->counter);
		else
			out->amount[k] = kind->amount(&seen);
	}
}

/* ---- explaining ---- */

static bool is_moved(const struct move *moves, const char *counter, enum direction direction)
{
	for (const struct move *m = moves; m->counter; m++)
		if (m->direction & direction && !fnmatch(m->counter, counter, 0))
			return true;
	return false;
}

static bool can_move(const struct kind_row *kind, const struct judgement *j)
{
	char counter[160];

	snprintf(counter, sizeof(counter), "%s/%s/%s", j->claim.scope, j->claim.source,
		 j->claim.counter);
	for (unsigned i = 0; i < MOVES_MAX && kind->moves[i]; i++)
		if (is_moved(kind->moves[i], counter, j->missed_below ? DOWN : UP))
			return true;
	return false;
}

/* Of this kind, in its own unit, what explains `rest` of the claim, which becomes less. */
static uint64_t take(unsigned k, const struct judgement *j, const struct evidence_facts *facts,
		     const struct evidence_use *use, uint64_t *rest)
{
	const struct kind_row *kind = &evidence_kinds[k];
	const uint64_t amount = facts->span[j->claim.span].amount[k];
	const uint64_t left = amount > use->spent[k] ? amount - use->spent[k] : 0;
	uint64_t explained, needed;

	if (!left || !can_move(kind, j) ||
	    !judge_convert(left, kind->unit, j->claim.unit, facts->page_bytes, &explained) ||
	    !explained)
		return 0;
	if (explained <= *rest) {
		*rest -= explained;
		return left;
	}
	(void)judge_convert(*rest, j->claim.unit, kind->unit, facts->page_bytes, &needed);
	(void)judge_convert(needed, kind->unit, j->claim.unit, facts->page_bytes, &explained);
	needed += explained < *rest; /* it was rounded down */
	*rest = 0;
	return needed;
}

static bool explain(struct judgement *j, const struct evidence_facts *facts,
		    const struct evidence_use *use, uint64_t needed[NR_EVIDENCE])
{
	uint64_t rest = j->missed;

	if (!rest)
		return false;
	j->disturbed = 0;
	for (unsigned k = 0; k < NR_EVIDENCE && rest; k++) {
		const uint64_t taken = take(k, j, facts, use, &rest);

		needed[k] = max(needed[k], taken);
		j->disturbed |= taken ? 1u << k : 0;
	}
	return !rest;
}

/* The same pages are off in several counters: the largest of these is what was moved. */
bool evidence_explains(struct judgement *judgements, unsigned nr,
		       const struct evidence_facts *facts, struct evidence_use *use)
{
	uint64_t needed[NR_EVIDENCE] = { 0 };

	for (unsigned i = 0; i < nr; i++)
		if (judgements[i].verdict == VERDICT_FAIL &&
		    !explain(&judgements[i], facts, use, needed))
			return false; /* the others' marks mean nothing then */
	for (unsigned k = 0; k < NR_EVIDENCE; k++)
		if (!evidence_kinds[k].of_worker)
			use->spent[k] += needed[k];
	return true;
}

/* ---- words ---- */

void evidence_describe(enum evidence_kind kind, uint64_t amount, char *text, size_t bytes)
{
	const struct kind_row *row = &evidence_kinds[kind];

	snprintf(text, bytes, "%s: %llu %s %s", row->name, (unsigned long long)amount,
		 unit_name(row->unit), row->what);
}

void evidence_describe_claim(const struct judgement *j, char *text, size_t bytes)
{
	size_t length =
		(size_t)snprintf(text, bytes, "%s: %llu %s too %s; explained by",
				 j->claim.quantity, (unsigned long long)j->missed,
				 unit_name(j->claim.unit), j->missed_below ? "few" : "many");

	for (unsigned k = 0; k < NR_EVIDENCE && length < bytes; k++)
		if (j->disturbed >> k & 1)
			length += (size_t)snprintf(text + length, bytes - length, " %s",
						   evidence_kinds[k].name);
}
