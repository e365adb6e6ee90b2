// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/record/evidence.h: each kind explains as much as it amounts to, of what
 * it can move and in that direction, and nothing else is excused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/record/counters.h"
#include "harness/record/evidence.h"
#include "workloads/api/arith.h"

#define PAGE_BYTES 4096
#define EXPECTED   1000000 /* by the claim, in its unit */
#define CLAIM_BASE 5000000
#define ABSENT	   INT64_MIN
#define SPAN_NS	   1000000000 /* of the record */

/* ---- records ---- */

struct sample {
	const char *name; /* scope/source/counter; a scope may hold slashes: see put_in() */
	int64_t before, after; /* ABSENT: not read on this side */
};

static void put_in(struct record *r, struct counter_id id, enum unit unit,
		   const struct sample *s)
{
	const struct counter_type type = { KIND_GAUGE, unit };

	if (s->before != ABSENT)
		assert_int_equal(
			record_put(r, false, id, type, (struct number){ .value = s->before }),
			0);
	if (s->after != ABSENT)
		assert_int_equal(
			record_put(r, true, id, type, (struct number){ .value = s->after }), 0);
}

static struct counter_id split(const char *name, char text[160])
{
	char *first, *last;

	snprintf(text, 160, "%s", name);
	first = strchr(text, '/');
	last = strrchr(text, '/');
	if (!strncmp(text, "swap:", 5)) { /* swap:/dev/zram0/swaps/Used */
		first = last;
		while (*--first != '/')
			;
	}
	*first = *last = 0;
	return (struct counter_id){ text, first + 1, last + 1 };
}

static void put(struct record *r, const struct sample *s)
{
	char text[160];

	put_in(r, split(s->name, text), UNIT_COUNT, s);
}

/* So many pages of the machine, of as many that the worker dirtied. */
static void put_written(struct record *r, int64_t pages)
{
	put(r, &(struct sample){ "around/vmstat/nr_written", 0, pages });
	put(r, &(struct sample){ "process/io/write_bytes", 0, pages * PAGE_BYTES });
}

/* ---- one kind against one claim ---- */

#define SAMPLES_MAX 6

struct kind_case {
	enum evidence_kind kind;
	struct sample sample[SAMPLES_MAX]; /* what gives the amount */
	int64_t amount;			   /* in the claim's unit */
	const char *counter;		   /* of the claim */
	enum unit unit;			   /* of the claim */
	bool below;			   /* it can make that too small */
};

static const struct kind_case cases[] = {
	{ EVIDENCE_RECLAIM,
	  { { "around/vmstat/pgsteal_kswapd", 10, 13 },
	    { "around/vmstat/pgsteal_direct", 0, 4 },
	    { "group/memory.stat/file", 99 * PAGE_BYTES, 0 } },
	  7 * PAGE_BYTES,
	  "group/memory.stat/cache",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_RECLAIM, /* no more than the group has had in the cache */
	  { { "around/vmstat/pgsteal_kswapd", 0, 100 },
	    { "group/memory.stat/cache", 2 * PAGE_BYTES, 0 },
	    { "process/io/read_bytes", 0, 2 * PAGE_BYTES },
	    { "process/io/write_bytes", 0, PAGE_BYTES } },
	  5,
	  "ledger/ledger/lost_pages",
	  UNIT_PAGES,
	  false },
	{ EVIDENCE_RECLAIM,
	  { { "around/vmstat/pgsteal_khugepaged", 1, 3 },
	    { "around/vmstat/pgsteal_proactive", 1, 2 },
	    { "group/memory.stat/file", 99 * PAGE_BYTES, 0 } },
	  3,
	  "ledger/ledger/lost_pages",
	  UNIT_PAGES,
	  false },
	{ EVIDENCE_RECLAIM_ANON,
	  { { "around/vmstat/pgsteal_kswapd", 0, 5 },
	    { "group/memory.stat/swap", 0, 9 * PAGE_BYTES } },
	  20,
	  "mapping/smaps/Anonymous",
	  UNIT_KB,
	  true },
	{ EVIDENCE_RECLAIM_ANON, /* what is the group's own: in swap, and back from there */
	  { { "around/vmstat/pgsteal_direct", 0, 50 },
	    { "group/memory.swap.current/memory.swap.current", 0, 2 * PAGE_BYTES },
	    { "group/memory.stat/workingset_refault_anon", 0, 3 } },
	  5 * PAGE_BYTES,
	  "process/status/VmSwap",
	  UNIT_BYTES,
	  false },
	{ EVIDENCE_REFAULT,
	  { { "group/memory.stat/workingset_refault_file", 0, 193 } },
	  193,
	  "ledger/ledger/lost_pages",
	  UNIT_PAGES,
	  false },
	{ EVIDENCE_REFAULT, /* one of the processes that map it has it back */
	  { { "group/memory.stat/workingset_refault_file", 0, 1 } },
	  PAGE_BYTES,
	  "mapping1/smaps/Private_Clean",
	  UNIT_BYTES,
	  false },
	{ EVIDENCE_REFAULT,
	  { { "group/memory.stat/workingset_refault_file", 0, 1 } },
	  PAGE_BYTES,
	  "mapping/smaps/Shared_Clean",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_REFAULT, /* but for the traces that the worker left itself */
	  { { "group/memory.stat/workingset_refault_file", 0, 193 },
	    { "ledger/ledger/evicted_pages", 0, 190 } },
	  3 * PAGE_BYTES,
	  "process/io/read_bytes",
	  UNIT_BYTES,
	  false },
	{ EVIDENCE_SWAP_OUT,
	  { { "around/vmstat/pswpout", 7, 9 },
	    { "group/memory.stat/workingset_refault_anon", 0, 3 } },
	  2,
	  "process/stat/majflt",
	  UNIT_COUNT,
	  false },
	{ EVIDENCE_LAZY_FREE, /* beyond what the worker had reclaimed itself */
	  { { "around/vmstat/pglazyfreed", 5, 12 },
	    { "ledger/ledger/pages_discarded", 0, 3 },
	    { "ledger/ledger/pages_advised", 0, 100 } },
	  4 * PAGE_BYTES,
	  "mapping/smaps/LazyFree",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_LAZY_FREE, /* what others of the machine gave away is not the group's */
	  { { "around/vmstat/pglazyfreed", 0, 1000 },
	    { "group/memory.stat/pglazyfreed", 0, 6 },
	    { "ledger/ledger/pages_advised", 0, 100 } },
	  6,
	  "ledger/ledger/pages_kept",
	  UNIT_PAGES,
	  true },
	{ EVIDENCE_LAZY_FREE, /* nor is what it never gave away */
	  { { "around/vmstat/pglazyfreed", 0, 1000 }, { "ledger/ledger/pages_advised", 0, 5 } },
	  5 * PAGE_BYTES,
	  "group/memory.stat/rss",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_SLAB,
	  { { "around/vmstat/slabs_scanned", 10, 15 }, { "ledger/ledger/units", 0, 8 } },
	  5 * PAGE_BYTES,
	  "group/memory.stat/slab_reclaimable",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_SLAB, /* no more than the worker has taken */
	  { { "around/vmstat/slabs_scanned", 0, 1000 }, { "ledger/ledger/units", 0, 8 } },
	  8 * PAGE_BYTES,
	  "group/memory.stat/slab_reclaimable",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_SLAB, /* a call takes what there is */
	  { { "around/vmstat/drop_slab", 1, 2 }, { "ledger/ledger/units", 0, 8 } },
	  8 * PAGE_BYTES,
	  "group/memory.stat/kernel",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_SWAP_IN, /* no more than was in swap */
	  { { "group/memory.stat/workingset_refault_anon", 0, 9 },
	    { "group/memory.swap.current/memory.swap.current", 3 * PAGE_BYTES, 0 } },
	  3 * PAGE_BYTES,
	  "group/memory.stat/rss",
	  UNIT_BYTES,
	  false },
	{ EVIDENCE_SWAP_IN,
	  { { "group/memory.stat/workingset_refault_anon", 0, 2 },
	    { "group/memory.stat/swap", 9 * PAGE_BYTES, 9 * PAGE_BYTES } },
	  2 * PAGE_BYTES,
	  "process/status/VmRSS",
	  UNIT_BYTES,
	  false },
	{ EVIDENCE_DAMON,
	  { { "around/damon_reclaim/damon_reclaim", 0, 8192 },
	    { "group/memory.stat/file", 99 * PAGE_BYTES, 0 } },
	  2,
	  "ledger/ledger/missing_pages",
	  UNIT_PAGES,
	  false },
	{ EVIDENCE_DAMON, /* no more than the group has had in the cache */
	  { { "around/damon_reclaim/damon_reclaim", 0, 99 * PAGE_BYTES },
	    { "group/memory.stat/cache", 3 * PAGE_BYTES, 0 } },
	  3,
	  "ledger/ledger/lost_pages",
	  UNIT_PAGES,
	  false },
	{ EVIDENCE_EVICTED,
	  { { "ledger/ledger/reclaimed_pages", 0, 5 } },
	  5 * PAGE_BYTES,
	  "group/memory.stat/file",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_DROP_CACHES, /* of what was there, and what came */
	  { { "around/vmstat/drop_pagecache", 1, 2 },
	    { "group/memory.stat/file", 8192, 0 },
	    { "process/io/read_bytes", 0, 4096 },
	    { "process/io/write_bytes", 0, 4096 } },
	  4 * PAGE_BYTES,
	  "process/io/rchar-read_bytes",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_TEXT, /* one major fault brings 16 pages, if so many were taken */
	  { { "group/memory.stat/pgmajfault", 0, 1 },
	    { "around/vmstat/pgsteal_kswapd", 0, 17 } },
	  16 * PAGE_BYTES,
	  "group/memory.stat/file",
	  UNIT_BYTES,
	  false },
	{ EVIDENCE_TEXT,
	  { { "group/memory.stat/pgmajfault", 0, 9 },
	    { "around/vmstat/drop_pagecache", 0, 1 },
	    { "process/status/VmExe", 8, 8 }, /* no more than its text */
	    { "process/status/VmLib", 4, 4 } },
	  3 * PAGE_BYTES,
	  "group/memory.usage_in_bytes/memory.usage_in_bytes",
	  UNIT_BYTES,
	  false },
	{ EVIDENCE_WRITEBACK, /* written, and on their way */
	  { { "around/vmstat/nr_written", 100, 110 },
	    { "around/vmstat/nr_writeback", 9, 2 },
	    { "process/io/write_bytes", 0, 99 * PAGE_BYTES } },
	  12 * PAGE_BYTES,
	  "group/memory.stat/dirty",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_WRITEBACK, /* no more than the worker had dirty */
	  { { "around/vmstat/nr_written", 0, 1000 },
	    { "group/memory.stat/file_dirty", 5 * PAGE_BYTES, 0 },
	    { "process/io/write_bytes", 0, 2 * PAGE_BYTES } },
	  7,
	  "ledger/ledger/dirty_pages",
	  UNIT_PAGES,
	  true },
	{ EVIDENCE_MIGRATION, /* of what is charged to the group */
	  { { "around/vmstat/pgmigrate_success", 0, 100 },
	    { "group/memory.current/memory.current", 3 * PAGE_BYTES, 2 * PAGE_BYTES } },
	  3,
	  "process/stat/minflt",
	  UNIT_COUNT,
	  false },
	{ EVIDENCE_MIGRATION, /* compaction isolates what it migrates: not twice as much */
	  { { "around/vmstat/pgmigrate_success", 0, 3 },
	    { "around/vmstat/compact_isolated", 0, 5 } },
	  5,
	  "group/memory.stat/pgfault",
	  UNIT_COUNT,
	  false },
	{ EVIDENCE_KSM_MERGE,
	  { { "process/ksm_merging_pages/ksm_merging_pages", 0, 3 } },
	  3 * PAGE_BYTES,
	  "group/memory.stat/anon",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_KSM_COPY,
	  { { "around/vmstat/cow_ksm", 0, 3 } },
	  3,
	  "group/memory.stat/pgfault",
	  UNIT_COUNT,
	  false },
	{ EVIDENCE_NUMA_FAULTS,
	  { { "around/vmstat/numa_hint_faults", 0, 3 } },
	  3,
	  "process/stat/minflt",
	  UNIT_COUNT,
	  false },
	{ EVIDENCE_NUMA_FAULTS, /* the group's own, where it counts them */
	  { { "around/vmstat/numa_hint_faults", 0, 3 },
	    { "group/memory.stat/numa_hint_faults", 0, 2 } },
	  2,
	  "process/stat/minflt",
	  UNIT_COUNT,
	  false },
	{ EVIDENCE_NUMA_MOVES,
	  { { "around/vmstat/numa_pages_migrated", 0, 3 } },
	  3,
	  "mapping/numa_maps/N1",
	  UNIT_PAGES,
	  true },
	{ EVIDENCE_NUMA_MOVES,
	  { { "around/vmstat/numa_pages_migrated", 0, 9 },
	    { "group/memory.stat/numa_pages_migrated", 0, 2 } },
	  2,
	  "mapping/numa_maps/N1",
	  UNIT_PAGES,
	  true },
	{ EVIDENCE_NUMA_MOVES, /* nor more than is charged to it */
	  { { "around/vmstat/numa_pages_migrated", 0, 9 },
	    { "group/memory.usage_in_bytes/memory.usage_in_bytes", PAGE_BYTES, 0 } },
	  1,
	  "mapping/numa_maps/N1",
	  UNIT_PAGES,
	  true },
	{ EVIDENCE_SWAPOFF,
	  { { "swap:/dev/zram0/swaps/Used", 8, ABSENT } },
	  8192,
	  "process/status/VmSwap",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_SWAPOFF, /* of what the group had in swap */
	  { { "swap:/dev/zram0/swaps/Used", 8, ABSENT },
	    { "group/memory.swap.current/memory.swap.current", 4096, 0 } },
	  4096,
	  "process/status/VmSwap",
	  UNIT_BYTES,
	  true },
	{ EVIDENCE_OTHER_SWAP, /* of all devices, less what the own one has */
	  { { "swap:/dev/zram0/swaps/Used", 0, 40 },
	    { "swap:/dev/zram1/swaps/Used", 0, 60 },
	    { "swap:/dev/zram2/swaps/Used", ABSENT, 4 },
	    { "group/memory.stat/swap", 0, 2 << 20 } },
	  104, /* the own device is among them in /proc/swaps: explains() puts it there */
	  "own_swap/swaps/Used",
	  UNIT_KB,
	  true },
	{ EVIDENCE_OTHER_SWAP, /* the group's own pages alone */
	  { { "swap:/dev/zram0/swaps/Used", 0, 40 },
	    { "group/memory.stat/swap", 0, 12 << 10 } },
	  12,
	  "own_swap/swaps/Used",
	  UNIT_KB,
	  true },
	{ EVIDENCE_CPU_OFFLINE,
	  { { "system/stat/cpu1.user", 8, ABSENT } },
	  SPAN_NS,
	  "ledger/ledger/leak_ns",
	  UNIT_NSEC,
	  false },
};

struct trial {
	struct record record;
	struct judgement judgement[4];
	char text[4][160]; /* what the claims' strings point to */
	unsigned nr, own;
	uint64_t major_faults; /* that the worker promises itself */
	struct evidence_facts facts;
	struct evidence_use use;
};

static void trial_begin(struct trial *t)
{
	*t = (struct trial){ .facts.page_bytes = PAGE_BYTES };
	record_init(&t->record);
	t->record.span_ns = SPAN_NS;
}

static void trial_end(struct trial *t)
{
	record_release(&t->record);
}

/* A counter that is off by as much, and the claim on it. */
static void claim_off(struct trial *t, const char *counter, enum unit unit, int64_t off)
{
	const struct counter_id id = split(counter, t->text[t->nr]);
	const struct sample s = { .before = CLAIM_BASE, .after = CLAIM_BASE + EXPECTED + off };
	struct claim claim = { .quantity = "quantity",
			       .source = id.source,
			       .counter = id.counter,
			       .unit = unit,
			       .relation = RELATION_EQ,
			       .basis = BASIS_EXACT,
			       .expected = EXPECTED };
	const struct judge_facts facts = { .seen = { &t->record, NULL },
					   .page_bytes = PAGE_BYTES };

	snprintf(claim.scope, sizeof(claim.scope), "%s", id.scope);
	put_in(&t->record, id, unit, &s);
	record_sort(&t->record);
	judge_claim(&claim, &facts, &t->judgement[t->nr++]);
}

static void gather(struct trial *t, enum span span)
{
	const struct evidence_context context = { .own = t->own,
						  .page_bytes = PAGE_BYTES,
						  .major_faults = t->major_faults };

	evidence_gather(&t->record, &context, &t->facts.span[span]);
}

static bool is_explained(struct trial *t)
{
	record_sort(&t->record);
	gather(t, SPAN_WORK);
	return evidence_explains(t->judgement, t->nr, &t->facts, &t->use);
}

static bool explains(const struct kind_case *c, int64_t off, unsigned own, bool with_evidence)
{
	struct trial t;
	bool explained;

	trial_begin(&t);
	t.own = own;
	for (unsigned i = 0; with_evidence && i < SAMPLES_MAX && c->sample[i].name; i++)
		put(&t.record, &c->sample[i]);
	if (c->kind == EVIDENCE_OTHER_SWAP)
		put(&t.record, &(struct sample){ "swap:/dev/own/swaps/Used", CLAIM_BASE,
						 CLAIM_BASE + EXPECTED + off });
	claim_off(&t, c->counter, c->unit, off);
	assert_int_equal(t.judgement[0].verdict, VERDICT_FAIL);
	assert_int_equal(t.judgement[0].missed, off < 0 ? -off : off);
	assert_int_equal(t.judgement[0].missed_below, off < 0);
	explained = is_explained(&t);
	if (explained && (off < 0) == c->below)
		assert_true(t.judgement[0].explained[c->kind]);
	trial_end(&t);
	return explained;
}

/*
 * A page that leaves one node comes to another; what reclaim took is less, and what comes
 * back of it is more, by another kind.
 */
static bool moves_both_ways(enum evidence_kind kind)
{
	return kind == EVIDENCE_NUMA_MOVES || kind == EVIDENCE_TEXT;
}

static void check_case(const struct kind_case *c)
{
	const int64_t sign = c->below ? -1 : 1;

	if (!explains(c, sign * c->amount, 0, true))
		fail_msg("%s: as much as it amounts to is not explained",
			 evidence_name(c->kind));
	if (explains(c, sign * (c->amount + 1), 0, true))
		fail_msg("%s: one more is explained", evidence_name(c->kind));
	if (explains(c, -sign, 0, true) && !moves_both_ways(c->kind))
		fail_msg("%s: the other direction is explained", evidence_name(c->kind));
	if (explains(c, sign, 0, false))
		fail_msg("%s: explained without evidence", evidence_name(c->kind));
}

static struct kind_case steal_case(void)
{
	return (struct kind_case){ EVIDENCE_STEAL,
				   { { "system/stat/cpu.steal", 5, 8 } },
				   3 * (1000000000 / sysconf(_SC_CLK_TCK)),
				   "ledger/ledger/leak_ns",
				   UNIT_NSEC,
				   false };
}

static void each_kind_explains_as_much_as_it_amounts_to_and_no_more(void **state)
{
	const struct kind_case steal = steal_case();
	uint32_t seen = 1u << steal.kind;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		check_case(&cases[i]);
		seen |= 1u << cases[i].kind;
	}
	check_case(&steal);
	assert_int_equal(seen, (1u << NR_EVIDENCE) - 1);
}

/* ---- what is not evidence ---- */

static void what_our_own_workers_do_is_no_evidence(void **state)
{
	static const struct {
		enum evidence_kind kind;
		unsigned own;
	} own[] = {
		{ EVIDENCE_RECLAIM, OWN_RECLAIM },
		{ EVIDENCE_RECLAIM_ANON, OWN_RECLAIM },
		{ EVIDENCE_REFAULT, OWN_RECLAIM },
		{ EVIDENCE_REFAULT, OWN_LIMIT },
		{ EVIDENCE_REFAULT, OWN_BLIND },
		{ EVIDENCE_EVICTED, OWN_RECLAIM },
		{ EVIDENCE_EVICTED, OWN_LIMIT },
		{ EVIDENCE_EVICTED, OWN_BLIND },
		{ EVIDENCE_TEXT, OWN_RECLAIM },
		/* Version 1 does not tell whose reclaim it was. */
		{ EVIDENCE_RECLAIM, OWN_LIMIT },
		{ EVIDENCE_RECLAIM, OWN_SWAP },
		{ EVIDENCE_RECLAIM_ANON, OWN_LIMIT },
		{ EVIDENCE_RECLAIM_ANON, OWN_SWAP },
		{ EVIDENCE_SWAP_OUT, OWN_RECLAIM },
		{ EVIDENCE_SWAP_OUT, OWN_LIMIT },
		{ EVIDENCE_SWAP_OUT, OWN_SWAP },
		{ EVIDENCE_SWAP_IN, OWN_RECLAIM },
		{ EVIDENCE_SWAP_IN, OWN_LIMIT },
		{ EVIDENCE_SWAP_IN, OWN_SWAP },
		{ EVIDENCE_WRITEBACK, OWN_WRITEBACK },
		{ EVIDENCE_MIGRATION, OWN_MIGRATION },
		{ EVIDENCE_NUMA_MOVES, OWN_MIGRATION },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			const struct kind_case *c = &cases[k];

			if (c->kind == own[i].kind &&
			    explains(c, c->below ? -1 : 1, own[i].own, true))
				fail_msg("%s is evidence, and may be our own (%u)",
					 evidence_name(c->kind), own[i].own);
		}
}

/* The machine reclaims as much as can be; of the group so much, as the counter has it. */
static bool reclaim_explains(const char *counter, int64_t ours, unsigned own, int64_t off)
{
	struct trial t;
	bool explained;

	trial_begin(&t);
	t.own = own;
	put(&t.record, &(struct sample){ "around/vmstat/pgsteal_kswapd", 0, 100000 });
	put(&t.record, &(struct sample){ "group/memory.stat/cache", 1 << 30, 1 << 30 });
	put(&t.record, &(struct sample){ counter, 0, ours });
	claim_off(&t, "group/memory.stat/file", UNIT_BYTES, off * PAGE_BYTES);
	explained = is_explained(&t);
	trial_end(&t);
	return explained;
}

static void what_others_lost_to_reclaim_explains_nothing_of_ours(void **state)
{
	(void)state;
	assert_true(reclaim_explains("group/memory.stat/pgsteal", 16, 0, -16));
	assert_false(reclaim_explains("group/memory.stat/pgsteal", 16, 0, -17));
	assert_false(reclaim_explains("group/memory.stat/pgsteal", 0, 0, -1));
	/* version 1 */
	assert_true(reclaim_explains("group/memory.stat/pgpgout", 1, 0, -17));
	assert_false(reclaim_explains("group/memory.stat/pgpgout", 0, 0, -1));
	assert_true(reclaim_explains("group/memory.stat/pgpgout", 0, OWN_BLIND, -1));
}

static void what_the_groups_own_limit_took_is_no_evidence(void **state)
{
	(void)state;
	for (unsigned own = OWN_LIMIT; own; own = own == OWN_LIMIT ? OWN_SWAP : 0) {
		assert_false(reclaim_explains("group/memory.stat/pgsteal", 16, own, -1));
		assert_true(reclaim_explains("group/memory.stat/pgsteal_kswapd", 16, own, -16));
		assert_false(
			reclaim_explains("group/memory.stat/pgsteal_kswapd", 16, own, -17));
	}
}

/* What takes N pages, by every instrument that counts them, explains N pages and not 2 N. */
static bool repeated_explains(const struct sample *sample, unsigned nr, const char *counter,
			      int64_t off)
{
	struct trial t;
	bool explained;

	trial_begin(&t);
	for (unsigned i = 0; i < nr; i++)
		put(&t.record, &sample[i]);
	claim_off(&t, counter, UNIT_PAGES, off);
	explained = is_explained(&t);
	trial_end(&t);
	return explained;
}

static void the_same_pages_do_not_count_twice(void **state)
{
	static const struct sample file[] = {
		{ "around/vmstat/pgsteal_kswapd", 0, 60 },
		{ "around/damon_reclaim/damon_reclaim", 0, 40 * PAGE_BYTES },
		{ "group/memory.stat/workingset_refault_file", 0, 100 },
		{ "group/memory.stat/pgmajfault", 0, 100 },
		{ "process/io/write_bytes", 0, 1 << 30 },
	};
	static const struct sample traces[] = {
		{ "around/vmstat/pgsteal_kswapd", 0, 60 },
		{ "group/memory.stat/workingset_refault_file", 0, 60 },
		{ "ledger/ledger/reclaimed_pages", 0, 40 },
		{ "group/memory.stat/file", 1 << 30, 0 },
	};
	static const struct sample anon[] = {
		{ "around/vmstat/pgsteal_kswapd", 0, 100 },
		{ "around/vmstat/pswpout", 0, 100 },
		{ "group/memory.stat/swap", 0, 100 * PAGE_BYTES },
	};

	(void)state;
	for (int off = 100; off < 102; off++) {
		const bool in = off == 100;

		assert_int_equal(
			repeated_explains(file, ARRAY_SIZE(file), "process/io/read_bytes", off),
			in);
		assert_int_equal(repeated_explains(file, ARRAY_SIZE(file),
						   "ledger/ledger/lost_pages", off),
				 in);
		assert_int_equal(repeated_explains(traces, ARRAY_SIZE(traces),
						   "group/memory.stat/cache", -off),
				 in);
		assert_int_equal(repeated_explains(anon, ARRAY_SIZE(anon),
						   "mapping/smaps/Anonymous", -off),
				 in);
	}
}

static void reclaimed_pages_are_shared_by_what_is_missing_of_files_and_of_memory(void **state)
{
	(void)state;
	for (int off = 40; off < 42; off++) {
		struct trial t;

		trial_begin(&t);
		put(&t.record, &(struct sample){ "around/vmstat/pgsteal_kswapd", 0, 100 });
		put(&t.record, &(struct sample){ "group/memory.stat/swap", 0, 1 << 30 });
		put(&t.record, &(struct sample){ "process/io/write_bytes", 0, 1 << 30 });
		claim_off(&t, "mapping/smaps/Anonymous", UNIT_PAGES, -60);
		claim_off(&t, "ledger/ledger/cachestat_pages", UNIT_PAGES, -off);
		assert_int_equal(is_explained(&t), off == 40);
		trial_end(&t);
		/* and by a count that both make smaller */
		trial_begin(&t);
		put(&t.record, &(struct sample){ "around/vmstat/pgsteal_kswapd", 0, 40 });
		put(&t.record, &(struct sample){ "group/memory.stat/swap", 0, 1 << 30 });
		put(&t.record, &(struct sample){ "process/io/write_bytes", 0, 1 << 30 });
		claim_off(&t, "group/memory.current/memory.current", UNIT_PAGES, -off);
		assert_int_equal(is_explained(&t), off == 40);
		trial_end(&t);
	}
}

static bool text_explains(uint64_t own_faults, int64_t faults, int64_t off)
{
	struct trial t;
	bool explained;

	trial_begin(&t);
	t.major_faults = own_faults;
	put(&t.record, &(struct sample){ "around/vmstat/pgsteal_kswapd", 0, 100000 });
	put(&t.record, &(struct sample){ "group/memory.stat/pgmajfault", 0, faults });
	claim_off(&t, "group/memory.stat/file", UNIT_BYTES, off * PAGE_BYTES);
	explained = is_explained(&t);
	trial_end(&t);
	return explained;
}

static void major_faults_that_a_worker_promises_bring_no_text(void **state)
{
	struct judgement judged[] = {
		{ .claim = { .counter = "majflt", .expected = 3 } },
		{ .claim = { .counter = "pgmajfault", .expected = 4, .tolerance = 1 } },
		{ .claim = { .counter = "minflt", .expected = 100 } },
		{ .claim = { .counter = "majflt", .relation = RELATION_GE, .expected = 1 } },
	};

	(void)state;
	assert_true(text_explains(0, 9, 9 * 16));
	assert_true(text_explains(8, 9, 16));
	assert_false(text_explains(8, 9, 17));
	assert_false(text_explains(9, 9, 1));
	assert_false(text_explains(UINT64_MAX, 9, 1));
	assert_int_equal(evidence_major_faults(judged, 0), 0);
	assert_int_equal(evidence_major_faults(judged, 1), 3);
	assert_int_equal(evidence_major_faults(judged, 3), 5);
	assert_int_equal(evidence_major_faults(judged, 4), UINT64_MAX); /* any number */
}

static void stolen_time_and_a_cpu_away_are_the_same_time(void **state)
{
	(void)state;
	for (int more = 0; more < 2; more++) {
		struct trial t;

		trial_begin(&t);
		put(&t.record, &(struct sample){ "system/stat/cpu1.user", 8, ABSENT });
		put(&t.record, &(struct sample){ "system/stat/cpu.steal", 0, 1000 });
		claim_off(&t, "ledger/ledger/leak_ns", UNIT_NSEC, SPAN_NS + more);
		assert_int_equal(is_explained(&t), !more);
		trial_end(&t);
	}
}

static void a_process_that_ksm_never_merged_makes_no_copy(void **state)
{
	(void)state;
	for (int pages = 0; pages < 2; pages++) {
		struct trial t;

		trial_begin(&t);
		put(&t.record, &(struct sample){ "around/vmstat/cow_ksm", 0, 100 });
		put(&t.record, &(struct sample){ "process/ksm_merging_pages/ksm_merging_pages",
						 pages, 0 });
		claim_off(&t, "process/stat/minflt", UNIT_COUNT, 1);
		assert_int_equal(is_explained(&t), pages);
		trial_end(&t);
	}
}

static void what_others_swapped_out_explains_nothing_of_ours(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t);
	put(&t.record, &(struct sample){ "around/vmstat/pgsteal_kswapd", 0, 100000 });
	put(&t.record, &(struct sample){ "around/vmstat/pswpout", 0, 100000 });
	put(&t.record, &(struct sample){ "group/memory.stat/swap", 4096, 4096 });
	claim_off(&t, "mapping/smaps/Rss", UNIT_BYTES, -PAGE_BYTES);
	claim_off(&t, "mapping/smaps/Shared_Dirty", UNIT_BYTES, -PAGE_BYTES);
	assert_false(is_explained(&t));
	trial_end(&t);
}

static void one_failure_without_evidence_leaves_all_of_a_worker_failed(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t);
	put_written(&t.record, 100000);
	claim_off(&t, "group/memory.stat/dirty", UNIT_BYTES, -16 * PAGE_BYTES);
	claim_off(&t, "ledger/ledger/dirty_pages", UNIT_PAGES, -16);
	assert_true(is_explained(&t));
	assert_int_equal(t.judgement[0].explained[EVIDENCE_WRITEBACK], 16);
	/* Work that was not done: no sync takes a write away. */
	claim_off(&t, "ledger/ledger/pages_written", UNIT_PAGES, -16);
	t.use = (struct evidence_use){ { 0 } };
	assert_false(is_explained(&t));
	for (unsigned k = 0; k < NR_EVIDENCE; k++)
		assert_int_equal(t.use.spent[k], 0);
	trial_end(&t);
}

static void a_failure_by_no_amount_is_never_explained(void **state)
{
	struct trial t;
	char text[160];
	const struct counter_id id = split("group/memory.stat/pgmajfault", text);
	struct claim claim = { .source = id.source,
			       .counter = id.counter,
			       .unit = UNIT_COUNT,
			       .relation = RELATION_EQ,
			       .expected = 5 };

	(void)state;
	trial_begin(&t);
	snprintf(claim.scope, sizeof(claim.scope), "%s", id.scope);
	put(&t.record, &(struct sample){ "around/vmstat/pgsteal_kswapd", 0, 100000 });
	put(&t.record, &(struct sample){ "group/memory.stat/pgmajfault", 5, ABSENT });
	record_sort(&t.record);
	judge_claim(
		&claim,
		&(struct judge_facts){ .seen = { &t.record, NULL }, .page_bytes = PAGE_BYTES },
		&t.judgement[t.nr++]);
	assert_int_equal(t.judgement[0].verdict, VERDICT_FAIL);
	assert_false(is_explained(&t));
	trial_end(&t);
}

/* ---- how much of it is left ---- */

static void what_explains_one_worker_does_not_explain_another(void **state)
{
	struct trial first, second;

	(void)state;
	trial_begin(&first);
	put_written(&first.record, 20);
	/* The same pages in two counters: 15 are used, not 30. */
	claim_off(&first, "group/memory.stat/dirty", UNIT_BYTES, -15 * PAGE_BYTES);
	claim_off(&first, "ledger/ledger/dirty_pages", UNIT_PAGES, -15);
	assert_true(is_explained(&first));

	for (int off = 5; off < 7; off++) {
		trial_begin(&second);
		second.use = first.use;
		put_written(&second.record, 20);
		claim_off(&second, "ledger/ledger/dirty_pages", UNIT_PAGES, -off);
		assert_int_equal(is_explained(&second), off == 5);
		trial_end(&second);
	}
	trial_end(&first);
}

static void causes_of_different_things_add_up(void **state)
{
	(void)state;
	for (int off = 7; off < 9; off++) {
		struct trial t;

		trial_begin(&t);
		put(&t.record, &(struct sample){ "around/vmstat/pgsteal_direct", 0, 4 });
		put(&t.record, &(struct sample){ "around/damon_reclaim/damon_reclaim", 0,
						 3 * PAGE_BYTES + 100 });
		put(&t.record, &(struct sample){ "group/memory.stat/file", 1 << 20, 0 });
		claim_off(&t, "ledger/ledger/lost_pages", UNIT_PAGES, off);
		assert_int_equal(is_explained(&t), off == 7);
		if (off == 7) {
			assert_int_equal(t.judgement[0].explained[EVIDENCE_RECLAIM], 4);
			assert_int_equal(t.judgement[0].explained[EVIDENCE_DAMON],
					 3 * PAGE_BYTES + 100);
		}
		trial_end(&t);
	}
}

static void a_span_has_its_own_evidence(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t);
	put_written(&t.record, 20);
	claim_off(&t, "ledger/ledger/dirty_pages", UNIT_PAGES, -5);
	t.judgement[0].claim.span = SPAN_RESIDUE; /* of which nothing was gathered */
	assert_false(is_explained(&t));
	gather(&t, SPAN_RESIDUE);
	assert_true(evidence_explains(t.judgement, t.nr, &t.facts, &t.use));
	trial_end(&t);
}

static void a_trial_without_a_failure_needs_no_evidence(void **state)
{
	struct trial t;

	(void)state;
	trial_begin(&t);
	claim_off(&t, "ledger/ledger/dirty_pages", UNIT_PAGES, 0);
	assert_int_equal(t.judgement[0].verdict, VERDICT_PASS);
	assert_true(is_explained(&t));
	for (unsigned k = 0; k < NR_EVIDENCE; k++)
		assert_int_equal(t.judgement[0].explained[k], 0);
	trial_end(&t);
}

/* ---- what a worker does itself ---- */

static unsigned own_of(const struct workload *w, const struct workload_env *env,
		       const struct sample *sample, unsigned nr)
{
	struct trial t;
	unsigned own;

	trial_begin(&t);
	for (unsigned i = 0; i < nr; i++)
		put(&t.record, &sample[i]);
	record_sort(&t.record);
	own = evidence_own(w, "", env, &t.record);
	trial_end(&t);
	return own;
}

static unsigned needs_huge_faults(const void *params, const struct workload_env *env)
{
	(void)params;
	(void)env;
	return NEED_HUGE_FAULTS;
}

static void what_a_worker_does_itself_follows_from_its_workload_and_its_counters(void **state)
{
	static const struct workload idle = { .name = "idle" }, swaps = { .needs = NEED_SWAP },
				     takes = { .machine_wide = true },
				     moves = { .does = DOES_MIGRATE },
				     thp = { .needs = NEED_THP },
				     pool = { .needs = NEED_HUGETLB },
				     huge = { .param_needs = needs_huge_faults };
	const struct workload_env env = { .swap_max_bytes = 1,
					  .capability = {
						  [CAPABILITY_CACHESTAT] = CAPABILITY_YES,
						  [CAPABILITY_FRESH_STAT] = CAPABILITY_YES,
					  } };
	const struct workload_env bare = { .swap_max_bytes = 0 };
	struct workload_env lags = env;
	const struct sample fsync = { "ledger/ledger/fsyncs", 0, 1 };
	const struct sample max = { "group/memory.events/max", 3, 4 };
	const struct sample high = { "run/memory.events/high", 3, 4 };
	struct sample v1[] = {
		{ "run/memory.limit_in_bytes/memory.limit_in_bytes", 64 << 20, 64 << 20 },
		{ "run/memory.max_usage_in_bytes/memory.max_usage_in_bytes", 0, 62 << 20 },
	};

	(void)state;
	lags.capability[CAPABILITY_FRESH_STAT] = CAPABILITY_NO;
	assert_int_equal(own_of(&idle, &env, NULL, 0), 0);
	assert_int_equal(own_of(&idle, &lags, NULL, 0), OWN_BLIND);
	assert_int_equal(own_of(&idle, &bare, NULL, 0), OWN_BLIND);
	assert_int_equal(own_of(&swaps, &env, NULL, 0), OWN_SWAP);
	assert_int_equal(own_of(&takes, &env, NULL, 0), OWN_RECLAIM);
	assert_int_equal(own_of(&moves, &env, NULL, 0), OWN_MIGRATION);
	assert_int_equal(own_of(&thp, &env, NULL, 0), OWN_MIGRATION);
	assert_int_equal(own_of(&pool, &env, NULL, 0), OWN_MIGRATION);
	assert_int_equal(own_of(&huge, &env, NULL, 0), OWN_MIGRATION);
	assert_int_equal(own_of(&idle, &env, &fsync, 1), OWN_WRITEBACK);
	assert_int_equal(own_of(&idle, &env, &max, 1), OWN_LIMIT);
	assert_int_equal(own_of(&idle, &env, &high, 1), OWN_LIMIT);
	assert_int_equal(own_of(&idle, &env, v1, ARRAY_SIZE(v1)), 0);
	v1[1].after++; /* a huge page more does not fit */
	assert_int_equal(own_of(&idle, &env, v1, ARRAY_SIZE(v1)), OWN_LIMIT);
}

static void what_is_said_needs_no_quotes(void **state)
{
	struct trial t;
	char text[256];

	(void)state;
	trial_begin(&t);
	put(&t.record, &(struct sample){ "group/memory.stat/workingset_refault_file", 0, 200 });
	claim_off(&t, "ledger/ledger/lost_pages", UNIT_PAGES, 193);
	assert_true(is_explained(&t));
	evidence_describe_claim(&t.judgement[0], &t.facts, text, sizeof(text));
	assert_string_equal(
		text, "quantity: 193 pages too many; explained by refault (193 of 200 pages)");
	evidence_describe(EVIDENCE_RECLAIM, 7, text, sizeof(text));
	assert_string_equal(text, "reclaim: 7 pages reclaimed for the whole machine");
	for (unsigned k = 0; k < NR_EVIDENCE; k++) {
		evidence_describe((enum evidence_kind)k, UINT64_MAX, text, sizeof(text));
		assert_null(strpbrk(text, ",\"\n"));
	}
	trial_end(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_explains_as_much_as_it_amounts_to_and_no_more),
		cmocka_unit_test(what_our_own_workers_do_is_no_evidence),
		cmocka_unit_test(what_others_lost_to_reclaim_explains_nothing_of_ours),
		cmocka_unit_test(what_the_groups_own_limit_took_is_no_evidence),
		cmocka_unit_test(the_same_pages_do_not_count_twice),
		cmocka_unit_test(
			reclaimed_pages_are_shared_by_what_is_missing_of_files_and_of_memory),
		cmocka_unit_test(major_faults_that_a_worker_promises_bring_no_text),
		cmocka_unit_test(stolen_time_and_a_cpu_away_are_the_same_time),
		cmocka_unit_test(a_process_that_ksm_never_merged_makes_no_copy),
		cmocka_unit_test(what_others_swapped_out_explains_nothing_of_ours),
		cmocka_unit_test(one_failure_without_evidence_leaves_all_of_a_worker_failed),
		cmocka_unit_test(a_failure_by_no_amount_is_never_explained),
		cmocka_unit_test(what_explains_one_worker_does_not_explain_another),
		cmocka_unit_test(causes_of_different_things_add_up),
		cmocka_unit_test(a_span_has_its_own_evidence),
		cmocka_unit_test(a_trial_without_a_failure_needs_no_evidence),
		cmocka_unit_test(
			what_a_worker_does_itself_follows_from_its_workload_and_its_counters),
		cmocka_unit_test(what_is_said_needs_no_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
