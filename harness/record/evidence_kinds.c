// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kinds of evidence: what each is read from, what bounds it, and what it can move. Reads
 * records, opens no file, and knows nothing of trials.
 */
#include "harness/record/evidence_part.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/record/counters.h"
#include "workloads/api/arith.h"

#define FAULT_AROUND_PAGES 16 /* fault_around_bytes, mm/memory.c */

/* ---- what can be moved ---- */

#define USAGE_V1 "group/memory.usage_in_bytes/memory.usage_in_bytes"
#define USAGE_V2 "group/memory.current/memory.current"

/* A page of the worker's file is no longer in the cache, and has to be read again. */
static const struct evidence_move file_gone[] = {
	{ "group/memory.stat/cache", DOWN },
	{ "group/memory.stat/file", DOWN },
	{ USAGE_V1, DOWN },
	{ USAGE_V2, DOWN },
	{ "ledger/ledger/cachestat_pages", EITHER }, /* held against mincore a moment before */
	{ "ledger/ledger/lost_pages", UP },
	{ "ledger/ledger/missing_pages", UP },
	{ "process*/io/read_bytes", UP },
	{ "process*/io/rchar-read_bytes", DOWN },
	{ "process*/stat/majflt", UP },
	{ "group/memory.stat/pgmajfault", UP },
	{ NULL, 0 },
};

/* Text of the program that others had taken is read again, and charged to who needs it. */
static const struct evidence_move text_back[] = {
	{ "group/memory.stat/cache", UP },
	{ "group/memory.stat/file", UP },
	{ USAGE_V1, UP },
	{ USAGE_V2, UP },
	{ "process*/io/read_bytes", UP },
	{ "process*/io/rchar-read_bytes", DOWN },
	{ NULL, 0 },
};

/*
 * Reclaim takes mapped pages as well and leaves a trace of what it took. Which of several
 * processes maps one again has it alone until the others do.
 */
static const struct evidence_move file_reclaimed[] = {
	{ "mapping*/smaps/Rss", DOWN },
	{ "mapping*/smaps/Pss", EITHER },
	{ "mapping*/smaps/Shared_Clean", DOWN },
	{ "mapping*/smaps/Private_Clean", UP },
	{ "process*/stat/minflt*", UP },
	{ "group/memory.stat/pgfault", UP },
	{ "group/memory.stat/workingset_refault_file", UP },
	{ NULL, 0 },
};

/* A page is in swap that was in memory. */
static const struct evidence_move anon_reclaimed[] = {
	{ "mapping*/smaps/Rss", DOWN },
	{ "mapping*/smaps/Pss", EITHER },
	{ "mapping*/smaps/Anonymous", DOWN },
	{ "mapping*/smaps/Private_Dirty", EITHER },
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
	{ "group/memory.stat/*pswp*", UP },
	{ "process*/stat/majflt", UP },
	{ "group/memory.stat/pgmajfault", UP },
	{ NULL, 0 },
};

/* What MADV_FREE gave away is freed without swap, and reads as zeros when it is used again. */
static const struct evidence_move lazily_freed[] = {
	{ "mapping*/smaps/Rss", DOWN },
	{ "mapping*/smaps/Pss", DOWN },
	{ "mapping*/smaps/Anonymous", DOWN },
	{ "mapping*/smaps/LazyFree", DOWN },
	{ "mapping*/smaps/Private_Clean", DOWN },
	{ "process*/smaps_rollup/Rss", DOWN },
	{ "process*/smaps_rollup/Anonymous", DOWN },
	{ "process*/smaps_rollup/LazyFree", DOWN },
	{ "process*/status/VmRSS", DOWN },
	{ "process*/status/RssAnon", DOWN },
	{ "group/memory.stat/rss", DOWN },
	{ "group/memory.stat/anon", DOWN },
	{ "group/memory.stat/inactive_file", DOWN },
	{ "group/memory.stat/pglazyfreed", UP },
	{ USAGE_V1, DOWN },
	{ USAGE_V2, DOWN },
	{ "ledger/ledger/pages_present", DOWN },
	{ "ledger/ledger/pages_kept", DOWN },
	{ "ledger/ledger/pages_zero", UP },
	{ NULL, 0 },
};

/* Dentries and inodes go with the reclaim of anybody. */
static const struct evidence_move slab_gone[] = {
	{ "group/memory.stat/slab_reclaimable", DOWN },
	{ "group/memory.stat/kernel", DOWN },
	{ "group/memory.kmem.usage_in_bytes/memory.kmem.usage_in_bytes", DOWN },
	{ USAGE_V1, DOWN },
	{ USAGE_V2, DOWN },
	{ NULL, 0 },
};

/* swapoff brought a page back that was in swap. */
static const struct evidence_move swapped_in[] = {
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

/* A page came back that others had swapped out before the span. */
static const struct evidence_move came_back[] = {
	{ "mapping*/smaps/Rss", UP },
	{ "mapping*/smaps/Pss", UP },
	{ "mapping*/smaps/Anonymous", UP },
	{ "process*/smaps_rollup/Rss", UP },
	{ "process*/smaps_rollup/Anonymous", UP },
	{ "process*/status/VmRSS", UP },
	{ "process*/status/RssAnon", UP },
	{ "process*/statm/resident", UP },
	{ "process*/stat/rss", UP },
	{ "group/memory.stat/rss", UP },
	{ "group/memory.stat/anon", UP },
	{ "group/memory.stat/shmem", UP },
	{ USAGE_V1, UP },
	{ USAGE_V2, UP },
	{ "ledger/ledger/pages_present", UP },
	{ "mapping*/smaps/Swap", DOWN },
	{ "mapping*/smaps/SwapPss", DOWN },
	{ "process*/smaps_rollup/Swap", DOWN },
	{ "process*/status/VmSwap", DOWN },
	{ "group/memory.stat/swap", DOWN },
	{ "group/memory.swap.current/memory.swap.current", DOWN },
	{ "process*/stat/majflt", UP },
	{ "group/memory.stat/pgmajfault", UP },
	{ NULL, 0 },
};

/* A dirty page was written; a store to a mapping of it faults and makes it dirty again. */
static const struct evidence_move written_back[] = {
	{ "group/memory.stat/dirty", DOWN },   { "group/memory.stat/file_dirty", DOWN },
	{ "ledger/ledger/dirty_pages", DOWN }, { "process*/io/cancelled_write_bytes", DOWN },
	{ "group/memory.stat/writeback", UP }, { "group/memory.stat/file_writeback", UP },
	{ "process*/io/write_bytes", UP },     { "process*/stat/minflt*", UP },
	{ "group/memory.stat/pgfault", UP },   { NULL, 0 },
};

/* A touch of a page that is on its way, or that a copy has to be made of, is a fault more. */
static const struct evidence_move faulted[] = {
	{ "process*/stat/minflt*", UP },
	{ "group/memory.stat/pgfault", UP },
	{ NULL, 0 },
};

/* Several pages are one: charged once, and mapped more than once. */
static const struct evidence_move merged[] = {
	{ "group/memory.stat/rss", DOWN },
	{ "group/memory.stat/anon", DOWN },
	{ USAGE_V1, DOWN },
	{ USAGE_V2, DOWN },
	{ "mapping*/smaps/Pss", DOWN },
	{ "mapping*/smaps/Private_Dirty", DOWN },
	{ "mapping*/smaps/Shared_Dirty", UP },
	{ NULL, 0 },
};

static const struct evidence_move other_node[] = {
	{ "mapping*/numa_maps/N*", EITHER },
	{ "group/memory.numa_stat/*", EITHER },
	{ NULL, 0 },
};

static const struct evidence_move other_device[] = {
	{ "own_swap/swaps/Used", DOWN },
	{ NULL, 0 },
};

static const struct evidence_move late[] = {
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

uint64_t evidence_rise(const struct record *record, const char *name)
{
	const struct counter *c = find(record, name);
	struct number n;

	return c && counter_delta(c, &n) && n.value > 0 ? (uint64_t)n.value : 0;
}

uint64_t evidence_level(const struct record *record, const char *name, bool after)
{
	const struct counter *c = find(record, name);

	if (!c || !(after ? c->has_after : c->has_before))
		return 0;
	return (uint64_t)(after ? c->after.value : c->before.value);
}

/* A call drops whatever is clean, so at most what the worker has had in the cache. */
static uint64_t dropped_bytes(const struct evidence_seen *s)
{
	if (!evidence_rise(s->record, "around/vmstat/drop_pagecache"))
		return 0;
	return evidence_level(s->record, "group/memory.stat/cache", false) +
	       evidence_level(s->record, "group/memory.stat/file", false) +
	       evidence_rise(s->record, "process/io/read_bytes") +
	       evidence_rise(s->record, "process/io/write_bytes");
}

/* Refaults beyond the traces of pages that the worker itself had reclaimed before READY. */
static uint64_t refaulted_pages(const struct evidence_seen *s)
{
	const uint64_t refaults =
		evidence_rise(s->record, "group/memory.stat/workingset_refault_file");
	const uint64_t traces = evidence_level(s->record, "ledger/ledger/evicted_pages", true);

	return refaults > traces ? refaults - traces : 0;
}

/* Shadow entries at the end, of a file that had none: reclaimed, and not read since. */
static uint64_t evicted_pages(const struct evidence_seen *s)
{
	return evidence_rise(s->record, "ledger/ledger/reclaimed_pages");
}

/* What the worker has had dirty: nothing else of its own can be written back. */
static uint64_t dirtied_pages(const struct evidence_seen *s)
{
	return (evidence_level(s->record, "group/memory.stat/dirty", false) +
		evidence_level(s->record, "group/memory.stat/file_dirty", false) +
		evidence_rise(s->record, "process/io/write_bytes")) /
	       s->context->page_bytes;
}

/* What was being written at the end is no longer dirty either. */
static uint64_t written_pages(const struct evidence_seen *s)
{
	return evidence_rise(s->record, "around/vmstat/nr_written") +
	       evidence_level(s->record, "around/vmstat/nr_writeback", true);
}

static bool is_swap_used(const struct counter *c)
{
	return !strncmp(c->scope, "swap:", 5) && !strcmp(c->counter, "Used");
}

/* In use at the beginning on devices that are gone at the end. */
static uint64_t swapped_off_kb(const struct evidence_seen *s)
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
static uint64_t other_swap_kb(const struct evidence_seen *s)
{
	const uint64_t own = evidence_rise(s->record, "own_swap/swaps/Used");
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
static uint64_t offline_ns(const struct evidence_seen *s)
{
	for (size_t i = 0; i < s->record->nr; i++)
		if (is_cpu_lost(&s->record->counter[i]))
			return s->record->span_ns;
	return 0;
}

/* A worker is late by no more than the whole span. */
static uint64_t span_ns(const struct evidence_seen *s)
{
	return s->record->span_ns;
}

static uint64_t stolen_ns(const struct evidence_seen *s)
{
	return evidence_rise(s->record, "system/stat/cpu.steal") * 1000000000u /
	       (uint64_t)sysconf(_SC_CLK_TCK);
}

/*
 * Pages that the group has in swap and did not have before, and those that came back from
 * there: what others swap out of theirs explains nothing of ours.
 */
static uint64_t group_swapped_pages(const struct evidence_seen *s)
{
	const uint64_t bytes =
		max(evidence_rise(s->record, "group/memory.stat/swap"),
		    evidence_rise(s->record, "group/memory.swap.current/memory.swap.current"));

	return bytes / s->context->page_bytes +
	       evidence_rise(s->record, "group/memory.stat/workingset_refault_anon");
}

/* All that the group has in swap at the beginning, in kB: no more can come back from it. */
static uint64_t swap_before_kb(const struct evidence_seen *s)
{
	static const char *const names[] = { "group/memory.stat/swap",
					     "group/memory.swap.current/memory.swap.current",
					     "process/status/VmSwap" };
	const struct counter *c = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !c; i++)
		c = find(s->record, names[i]);
	if (!c || !c->has_before)
		return UINT64_MAX;
	return c->unit == UNIT_KB ? (uint64_t)c->before.value
				  : (uint64_t)c->before.value / 1024;
}

/* Refaults from swap, of no more than the group had there at the beginning. */
static uint64_t swapped_in_pages(const struct evidence_seen *s)
{
	const uint64_t kb = swap_before_kb(s);
	const uint64_t refaults =
		evidence_rise(s->record, "group/memory.stat/workingset_refault_anon");

	return kb == UINT64_MAX ? 0 : min(refaults, kb * 1024 / s->context->page_bytes);
}

/* The group's own pages alone can be missing on the run's device. */
static uint64_t group_swapped_kb(const struct evidence_seen *s)
{
	return group_swapped_pages(s) * s->context->page_bytes / 1024;
}

/*
 * By the machine's need: reclaim for a group's limit, or for memory.reclaim of a group, is in
 * none of these (mm/vmscan.c, cgroup_reclaim()).
 */
static uint64_t reclaimed_pages(const struct evidence_seen *s)
{
	return evidence_rise(s->record, "around/vmstat/pgsteal_kswapd") +
	       evidence_rise(s->record, "around/vmstat/pgsteal_direct") +
	       evidence_rise(s->record, "around/vmstat/pgsteal_khugepaged") +
	       evidence_rise(s->record, "around/vmstat/pgsteal_proactive");
}

/*
 * Version 2 counts by group what reclaim took of it, whoever needed the memory. Where its own
 * limit or its worker may have asked for that, only kswapd's part is others': it reclaims for
 * no limit. Version 1 does not tell them apart: then nothing is.
 */
static uint64_t reclaimed_of_group(const struct evidence_seen *s)
{
	if (s->context->own & (OWN_LIMIT | OWN_SWAP))
		return evidence_rise(s->record, "group/memory.stat/pgsteal_kswapd");
	if (!find(s->record, "group/memory.stat/pgsteal"))
		return UINT64_MAX;
	return evidence_rise(s->record, "group/memory.stat/pgsteal");
}

/*
 * Pages that the group has had in the cache: it can have lost no others. Version 1 counts what
 * is uncharged: where that is nothing, nothing was taken.
 */
static uint64_t cached_pages(const struct evidence_seen *s)
{
	static const char *const levels[] = { "group/memory.stat/cache",
					      "group/memory.stat/file" };
	static const char uncharged[] = "group/memory.stat/pgpgout";
	uint64_t bytes = evidence_rise(s->record, "process/io/read_bytes") +
			 evidence_rise(s->record, "process/io/write_bytes");

	if (!(s->context->own & OWN_BLIND) && find(s->record, uncharged) &&
	    !evidence_rise(s->record, uncharged))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		bytes += evidence_level(s->record, levels[i], false) +
			 evidence_level(s->record, levels[i], true);
	return bytes / s->context->page_bytes;
}

static uint64_t cached_bytes(const struct evidence_seen *s)
{
	return cached_pages(s) * s->context->page_bytes;
}

static uint64_t reclaimed_file_of_group(const struct evidence_seen *s)
{
	return min(reclaimed_of_group(s), cached_pages(s));
}

static uint64_t reclaimed_anon_of_group(const struct evidence_seen *s)
{
	return min(reclaimed_of_group(s), group_swapped_pages(s));
}

static uint64_t swapped_out_pages(const struct evidence_seen *s)
{
	return evidence_rise(s->record, "around/vmstat/pswpout");
}

/* The program's and its libraries': no more of it comes back. */
static uint64_t text_size_pages(const struct evidence_seen *s)
{
	const uint64_t kb = evidence_level(s->record, "process/status/VmExe", true) +
			    evidence_level(s->record, "process/status/VmLib", true);

	return kb ? (kb * 1024 + s->context->page_bytes - 1) / s->context->page_bytes
		  : UINT64_MAX;
}

/* Each object is a page at most, and is one that the worker has taken (kmem). */
static uint64_t units_taken(const struct evidence_seen *s)
{
	return evidence_level(s->record, "ledger/ledger/units", true);
}

static uint64_t shrunk_pages(const struct evidence_seen *s)
{
	if (evidence_rise(s->record, "around/vmstat/drop_slab"))
		return units_taken(s);
	return evidence_rise(s->record, "around/vmstat/slabs_scanned");
}

/* What it gave away by madvise (lazyfree). */
static uint64_t pages_advised(const struct evidence_seen *s)
{
	return evidence_level(s->record, "ledger/ledger/pages_advised", true);
}

/* Beyond what the worker had reclaimed itself, and of the group where that is counted (v2). */
static uint64_t lazily_freed_pages(const struct evidence_seen *s)
{
	const uint64_t own = evidence_level(s->record, "ledger/ledger/pages_discarded", true);
	uint64_t freed = evidence_rise(s->record, "around/vmstat/pglazyfreed");

	if (find(s->record, "group/memory.stat/pglazyfreed"))
		freed = min(freed, evidence_rise(s->record, "group/memory.stat/pglazyfreed"));
	return freed > own ? freed - own : 0;
}

/*
 * Each major fault brings a page, and what lies around it: those of the group beyond what the
 * worker promises itself, and beyond what comes from swap. Whose group the text was charged to
 * does not matter.
 */
static uint64_t text_pages(const struct evidence_seen *s)
{
	const uint64_t faults = evidence_rise(s->record, "group/memory.stat/pgmajfault");
	const uint64_t own =
		s->context->major_faults == UINT64_MAX
			? UINT64_MAX
			: s->context->major_faults +
				  evidence_rise(s->record,
						"group/memory.stat/workingset_refault_anon");
	const uint64_t taken = evidence_rise(s->record, "around/vmstat/drop_pagecache")
				       ? UINT64_MAX
				       : reclaimed_pages(s);

	if (faults <= own)
		return 0;
	return min((faults - own) * FAULT_AROUND_PAGES, min(taken, text_size_pages(s)));
}

/* What compaction isolates is migrated, or put back: the one is no addition to the other. */
static uint64_t migrated_pages(const struct evidence_seen *s)
{
	return max(evidence_rise(s->record, "around/vmstat/pgmigrate_success"),
		   evidence_rise(s->record, "around/vmstat/compact_isolated"));
}

/* All that is charged to the group at either end; unknown where that is not counted. */
static uint64_t charged_pages(const struct evidence_seen *s)
{
	static const char *const names[] = { USAGE_V1, USAGE_V2 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (find(s->record, names[i]))
			return max(evidence_level(s->record, names[i], false),
				   evidence_level(s->record, names[i], true)) /
			       s->context->page_bytes;
	return UINT64_MAX;
}

/* By the group's own count, since Linux 6.13; else the other bound. */
static uint64_t counted_by_group(const struct evidence_seen *s, const char *name,
				 uint64_t otherwise)
{
	return find(s->record, name) ? evidence_rise(s->record, name) : otherwise;
}

static uint64_t hint_faults_of_group(const struct evidence_seen *s)
{
	return counted_by_group(s, "group/memory.stat/numa_hint_faults", UINT64_MAX);
}

static uint64_t moved_of_group(const struct evidence_seen *s)
{
	return counted_by_group(s, "group/memory.stat/numa_pages_migrated", charged_pages(s));
}

/* Of a process without a merged page at either end none is copied. */
static uint64_t merged_of_process(const struct evidence_seen *s)
{
	static const char name[] = "process/ksm_merging_pages/ksm_merging_pages";

	if (!find(s->record, name) || evidence_level(s->record, name, false) ||
	    evidence_level(s->record, name, true))
		return UINT64_MAX;
	return 0;
}

/* ---- the kinds ---- */

/*
 * DAMON's own counts are read where damon_reclaim has them; of its other schemes the statistics
 * come on request only, and what they took shows in refaults and in shadow entries.
 */
/* clang-format off: one row a kind */
const struct evidence_row evidence_rows[NR_EVIDENCE] = {
	[EVIDENCE_RECLAIM] = { "reclaim", "reclaimed for the whole machine", UNIT_PAGES,
			       .amount = reclaimed_pages, .most = reclaimed_file_of_group,
			       .of_reclaim = true, .unless = OWN_RECLAIM,
			       .family = FAMILY_TAKEN, .telling = TELLING_CAUSE,
			       .moves = { file_gone, file_reclaimed } },
	[EVIDENCE_RECLAIM_ANON] = { "reclaim_anon",
				    "of the group swapped out while the machine reclaimed",
				    UNIT_PAGES, .amount = reclaimed_pages,
				    .most = reclaimed_anon_of_group, .of_reclaim = true,
				    .unless = OWN_RECLAIM, .family = FAMILY_SWAPPED,
				    .telling = TELLING_CAUSE, .moves = { anon_reclaimed } },
	[EVIDENCE_REFAULT] = { "refault", "of the group reclaimed from outside and read again",
			       UNIT_PAGES, .amount = refaulted_pages,
			       .unless = OWN_RECLAIM | OWN_LIMIT | OWN_BLIND,
			       .family = FAMILY_TAKEN, .telling = TELLING_TRACE,
			       .moves = { file_gone, file_reclaimed } },
	[EVIDENCE_EVICTED] = { "evicted",
			       "of the file reclaimed from outside and not read since",
			       UNIT_PAGES, .amount = evicted_pages,
			       .unless = OWN_RECLAIM | OWN_LIMIT | OWN_BLIND,
			       .family = FAMILY_TAKEN, .telling = TELLING_TRACE,
			       .moves = { file_gone } },
	[EVIDENCE_SWAP_OUT] = { "swap_out", "of the group swapped out while it was at no limit",
				UNIT_PAGES, .amount = swapped_out_pages,
				.most = group_swapped_pages,
				.unless = OWN_RECLAIM | OWN_LIMIT | OWN_SWAP,
				.family = FAMILY_SWAPPED, .telling = TELLING_TRACE,
				.moves = { anon_reclaimed } },
	[EVIDENCE_LAZY_FREE] = { "lazy_free", "given away by MADV_FREE that others reclaimed",
				 UNIT_PAGES, .amount = lazily_freed_pages,
				 .most = pages_advised, .unless = OWN_RECLAIM,
				 .moves = { lazily_freed } },
	[EVIDENCE_SLAB] = { "slab", "of slab objects that reclaim scanned or drop_caches took",
			    UNIT_PAGES, .amount = shrunk_pages, .most = units_taken,
			    .unless = OWN_RECLAIM | OWN_LIMIT, .moves = { slab_gone } },
	[EVIDENCE_SWAP_IN] = { "swap_in", "of the group that were in swap before and came back",
			       UNIT_PAGES, .amount = swapped_in_pages,
			       .unless = OWN_RECLAIM | OWN_LIMIT | OWN_SWAP,
			       .family = FAMILY_SWAPPED, .telling = TELLING_BACK,
			       .moves = { came_back } },
	[EVIDENCE_DAMON] = { "damon", "reclaimed by DAMON", UNIT_BYTES,
			     .counter = "around/damon_reclaim/damon_reclaim",
			     .most = cached_bytes, .family = FAMILY_TAKEN,
			     .telling = TELLING_CAUSE, .moves = { file_gone, file_reclaimed } },
	[EVIDENCE_DROP_CACHES] = { "drop_caches",
				   "of cache that a write to drop_caches could drop",
				   UNIT_BYTES, .amount = dropped_bytes,
				   .family = FAMILY_TAKEN, /* and leaves no trace */
				   .telling = TELLING_CAUSE | TELLING_TRACE,
				   .moves = { file_gone } },
	[EVIDENCE_TEXT] = { "text", "of the program taken and brought back by major faults",
			    UNIT_PAGES, .amount = text_pages, .unless = OWN_RECLAIM,
			    .family = FAMILY_TAKEN, .telling = TELLING_BACK,
			    .moves = { text_back } },
	[EVIDENCE_WRITEBACK] = { "writeback", "written back and none by a worker", UNIT_PAGES,
				 .amount = written_pages, .most = dirtied_pages,
				 .unless = OWN_WRITEBACK, .moves = { written_back } },
	[EVIDENCE_MIGRATION] = { "migration", "migrated or isolated by compaction", UNIT_PAGES,
				 .amount = migrated_pages, .most = charged_pages,
				 .unless = OWN_MIGRATION, .moves = { faulted } },
	[EVIDENCE_KSM_MERGE] = { "ksm_merge", "of the process merged by KSM", UNIT_PAGES,
				 .counter = "process/ksm_merging_pages/ksm_merging_pages",
				 .moves = { merged } },
	[EVIDENCE_KSM_COPY] = { "ksm_copy", "copied that KSM had merged", UNIT_PAGES,
				.counter = "around/vmstat/cow_ksm", .most = merged_of_process,
				.moves = { faulted } },
	[EVIDENCE_NUMA_FAULTS] = { "numa_faults", "hint faults of NUMA balancing", UNIT_COUNT,
				   .counter = "around/vmstat/numa_hint_faults",
				   .most = hint_faults_of_group, .moves = { faulted } },
	[EVIDENCE_NUMA_MOVES] = { "numa_moves", "moved by NUMA balancing", UNIT_PAGES,
				  .counter = "around/vmstat/numa_pages_migrated",
				  .most = moved_of_group, .unless = OWN_MIGRATION,
				  .moves = { other_node } },
	[EVIDENCE_SWAPOFF] = { "swapoff", "in use on a swap device that is gone", UNIT_KB,
			       .amount = swapped_off_kb, .most = swap_before_kb,
			       .moves = { swapped_in } },
	[EVIDENCE_OTHER_SWAP] = { "other_swap", "taken of swap that is not the run's own",
				  UNIT_KB, .amount = other_swap_kb, .most = group_swapped_kb,
				  .moves = { other_device } },
	[EVIDENCE_CPU_OFFLINE] = { "cpu_offline", "in which a CPU was taken away", UNIT_NSEC,
				   .amount = offline_ns, .most = span_ns, .family = FAMILY_LATE,
				   .telling = TELLING_CAUSE, .moves = { late } },
	[EVIDENCE_STEAL] = { "steal", "of CPU time stolen by the hypervisor", UNIT_NSEC,
			     .amount = stolen_ns, .most = span_ns, .family = FAMILY_LATE,
			     .telling = TELLING_TRACE, .moves = { late } },
};
/* clang-format on */
