/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other processes did to the things that a failed claim is about, by counters of the
 * kernel that the claim is not about, over the same span. Decides whether that explains a
 * failure: the right thing, in the right direction, by at least as much. Pure.
 *
 * docs/verdicts.md has the rules; the table evidence_rows[] has what each kind can move.
 */
#ifndef PAGESTORM_EVIDENCE_H
#define PAGESTORM_EVIDENCE_H

#include "harness/record/judge.h"

enum evidence_kind {
	EVIDENCE_RECLAIM,
	EVIDENCE_RECLAIM_ANON,
	EVIDENCE_REFAULT,
	EVIDENCE_EVICTED,
	EVIDENCE_SWAP_OUT,
	EVIDENCE_LAZY_FREE,
	EVIDENCE_SLAB,
	EVIDENCE_SWAP_IN,
	EVIDENCE_DAMON,
	EVIDENCE_DROP_CACHES,
	EVIDENCE_TEXT,
	EVIDENCE_WRITEBACK,
	EVIDENCE_MIGRATION,
	EVIDENCE_KSM_MERGE,
	EVIDENCE_KSM_COPY,
	EVIDENCE_NUMA_FAULTS,
	EVIDENCE_NUMA_MOVES,
	EVIDENCE_SWAPOFF,
	EVIDENCE_OTHER_SWAP,
	EVIDENCE_CPU_OFFLINE,
	EVIDENCE_STEAL,
	NR_EVIDENCE,
};

/* What workers of the trial do themselves: kinds that this may come from are no evidence. */
enum evidence_own {
	OWN_RECLAIM = 1 << 0,	/* takes the machine's memory, so that the kernel reclaims */
	OWN_LIMIT = 1 << 1,	/* a group reached its limit, and was reclaimed from for it */
	OWN_SWAP = 1 << 2,	/* swaps out on purpose */
	OWN_WRITEBACK = 1 << 3, /* calls fsync */
	OWN_MIGRATION = 1 << 4, /* moves pages or makes the kernel compact */
	OWN_BLIND = 1 << 5, /* no cachestat, or memory.stat lags: traces cannot be told apart */
};

/* By how much, in the kind's own unit. */
struct evidence {
	uint64_t amount[NR_EVIDENCE];  /* no more than the worker's group can have had of it */
	uint64_t machine[NR_EVIDENCE]; /* all of it; UINT64_MAX: it is the worker's own */
};

/* What is known besides a record. */
struct evidence_context {
	unsigned own; /* enum evidence_own, of the trial */
	uint64_t page_bytes;
	uint64_t major_faults; /* the worker's own at most, as it promises; UINT64_MAX: any */
};

/*
 * What one worker does itself, by its workload, by its parameters (NULL: unknown) and by what
 * was counted over the work. The trial's is that of all its workers, or-ed.
 */
unsigned evidence_own(const struct workload *workload, const void *params,
		      const struct workload_env *env, const struct record *work);

/* The major faults that its judged claims promise at most; 0 where none is about them. */
uint64_t evidence_major_faults(const struct judgement *judgements, unsigned nr);

/* What a span's record holds. */
void evidence_gather(const struct record *record, const struct evidence_context *context,
		     struct evidence *out);

/*
 * What the failures of a trial's workers have used up of the machine's amounts. Zeroed at its
 * beginning.
 */
struct evidence_use {
	uint64_t spent[NR_EVIDENCE];
};

/* A worker's evidence of both spans. */
struct evidence_facts {
	struct evidence span[2]; /* by enum span */
	uint64_t page_bytes;
};

/*
 * True when each of the failed claims is explained, or none failed: each then has what of each
 * kind explains it (judgement.explained), and what they needed is added to *use. Verdicts
 * stay: the caller's other claims may fail without an explanation. A claim is explained where
 * kinds that can move its counter in the direction in which it is off amount to at least what
 * it is missed by. Kinds that count the same pages by different instruments do not add up.
 */
bool evidence_explains(struct judgement *judgements, unsigned nr,
		       const struct evidence_facts *facts, struct evidence_use *use);

/* "reclaim: 193 pages reclaimed for the whole machine", without a comma. */
void evidence_describe(enum evidence_kind kind, uint64_t amount, char *text, size_t bytes);

/*
 * "lost_pages: 193 pages too many; explained by refault (193 of 200 pages)", without a comma:
 * of the 200 that were counted 193 are needed.
 */
void evidence_describe_claim(const struct judgement *judgement,
			     const struct evidence_facts *facts, char *text, size_t bytes);

/* reclaim, refault, swap_out … */
const char *evidence_name(enum evidence_kind kind);

#endif
