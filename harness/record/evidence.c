// SPDX-License-Identifier: GPL-2.0-or-later
/* Gathers evidence, holds failed claims against it, and says so. Knows nothing of trials. */
#include "harness/record/evidence.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "harness/record/counters.h"
#include "harness/record/evidence_part.h"
#include "workloads/api/arith.h"

#define HUGE_CHARGE_BYTES (2u << 20)

_Static_assert(NR_EVIDENCE <= EVIDENCE_KINDS_MAX, "a judgement has room for each kind");

/* ---- gathering ---- */

/*
 * Of a charge that does not fit into a limit the high-water mark shows nothing, and without
 * swap version 1 does not count it either: what could not take a huge page more was full.
 */
static bool is_full(const struct record *record, const char *peak, const char *limit)
{
	const uint64_t most = evidence_level(record, limit, true);

	return most && evidence_level(record, peak, true) + HUGE_CHARGE_BYTES > most;
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
		if (evidence_rise(record, hits[i]))
			return true;
	return is_full(record, "group/memory.max_usage_in_bytes/memory.max_usage_in_bytes",
		       "group/memory.limit_in_bytes/memory.limit_in_bytes") ||
	       is_full(record, "run/memory.max_usage_in_bytes/memory.max_usage_in_bytes",
		       "run/memory.limit_in_bytes/memory.limit_in_bytes");
}

/* Huge pages make the kernel compact for whoever takes them. */
static bool may_compact(const struct workload *workload, const void *params,
			const struct workload_env *env)
{
	const unsigned huge = NEED_THP | NEED_HUGETLB | NEED_HUGE_FAULTS;
	const unsigned of_params =
		params && workload->param_needs ? workload->param_needs(params, env) : 0;

	return workload->does & DOES_MIGRATE || (workload->needs | of_params) & huge;
}

unsigned evidence_own(const struct workload *workload, const void *params,
		      const struct workload_env *env, const struct record *work)
{
	unsigned own = 0;

	if (workload->machine_wide || workload->does & DOES_RECLAIM)
		own |= OWN_RECLAIM;
	if (may_compact(workload, params, env))
		own |= OWN_MIGRATION;
	if (workload->needs & NEED_SWAP || evidence_rise(work, "ledger/ledger/pages_out"))
		own |= OWN_SWAP;
	if (env->in_place) /* what its group did cannot be told from others */
		own |= OWN_BLIND | OWN_LIMIT;
	if (!env_has(env, CAPABILITY_CACHESTAT) || !env_has(env, CAPABILITY_FRESH_STAT))
		own |= OWN_BLIND;
	if (evidence_rise(work, "ledger/ledger/fsyncs"))
		own |= OWN_WRITEBACK;
	return is_limited(work) ? own | OWN_LIMIT : own;
}

/* Faults of its own that the claim allows; UINT64_MAX: any number. */
static uint64_t allowed_faults(const struct claim *claim)
{
	if (claim->relation == RELATION_GE)
		return UINT64_MAX;
	return claim->expected + claim->tolerance > 0
		       ? (uint64_t)(claim->expected + claim->tolerance)
		       : 0;
}

uint64_t evidence_major_faults(const struct judgement *judgements, unsigned nr)
{
	uint64_t own = 0;

	for (unsigned i = 0; i < nr; i++) {
		const struct claim *claim = &judgements[i].claim;

		if (claim->span == SPAN_WORK && claim->basis != BASIS_PROFILE &&
		    (!strcmp(claim->counter, "majflt") ||
		     !strcmp(claim->counter, "pgmajfault")))
			own = max(own, allowed_faults(claim));
	}
	return own;
}

void evidence_gather(const struct record *record, const struct evidence_context *context,
		     struct evidence *out)
{
	const struct evidence_seen seen = { record, context };

	*out = (struct evidence){ 0 };
	for (unsigned k = 0; k < NR_EVIDENCE; k++) {
		const struct evidence_row *row = &evidence_rows[k];
		uint64_t amount;

		if (row->unless & context->own)
			continue;
		amount =
			row->counter ? evidence_rise(record, row->counter) : row->amount(&seen);
		out->machine[k] = row->most ? amount : UINT64_MAX;
		out->amount[k] = row->most ? min(amount, row->most(&seen)) : amount;
	}
}

/* ---- explaining ---- */

static bool is_moved(const struct evidence_move *moves, const char *counter,
		     enum evidence_direction direction)
{
	for (const struct evidence_move *m = moves; m->counter; m++)
		if (m->direction & direction && !fnmatch(m->counter, counter, 0))
			return true;
	return false;
}

static bool can_move(const struct evidence_row *row, const struct judgement *j)
{
	char counter[160];

	snprintf(counter, sizeof(counter), "%s/%s/%s", j->claim.scope, j->claim.source,
		 j->claim.counter);
	for (unsigned i = 0; i < EVIDENCE_MOVES_MAX && row->moves[i]; i++)
		if (is_moved(row->moves[i], counter, j->missed_below ? DOWN : UP))
			return true;
	return false;
}

/* The kind under which the machine's amount of it is used up. */
static unsigned pool_of(unsigned k)
{
	return evidence_rows[k].of_reclaim ? EVIDENCE_RECLAIM : k;
}

/* What a claim is held against. */
struct search {
	const struct judgement *judgement;
	const struct evidence *evidence; /* of its span */
	const struct evidence_use *use;
	uint64_t page_bytes;
	uint64_t used[NR_EVIDENCE]; /* by the claim, in each kind's own unit */
};

/* Of a kind that others and this claim have not used yet, in its own unit. */
static uint64_t left_of(const struct search *s, unsigned k)
{
	const uint64_t machine = s->evidence->machine[k];
	uint64_t used = s->use->spent[pool_of(k)];

	for (unsigned i = 0; i < NR_EVIDENCE; i++)
		used += pool_of(i) == pool_of(k) ? s->used[i] : 0;
	if (machine == UINT64_MAX)
		return s->evidence->amount[k];
	return machine > used ? min(machine - used, s->evidence->amount[k]) : 0;
}

/* In the claim's unit; 0 where it does not convert. */
static uint64_t left_as_claimed(const struct search *s, unsigned k)
{
	uint64_t amount;

	return judge_convert(left_of(s, k), evidence_rows[k].unit, s->judgement->claim.unit,
			     s->page_bytes, &amount)
		       ? amount
		       : 0;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Of the kinds, those of the family that the telling has, or that it lacks. */
static uint32_t of_telling(uint32_t kinds, unsigned family, unsigned telling)
{
	uint32_t found = 0;

	for (unsigned k = 0; k < NR_EVIDENCE; k++)
		if (evidence_rows[k].family == family && evidence_rows[k].telling & telling)
			found |= kinds & 1u << k;
	return found;
}

static uint64_t sum_as_claimed(const struct search *s, uint32_t kinds)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < NR_EVIDENCE; k++)
		if (kinds >> k & 1)
			sum = add(sum, left_as_claimed(s, k));
	return sum;
}

/* The same pages, counted by several instruments, count once: by the one that saw most. */
static uint32_t without_repetition(const struct search *s, uint32_t kinds)
{
	for (unsigned family = FAMILY_NONE + 1; family < NR_FAMILIES; family++) {
		uint32_t best = 0;
		uint64_t most = 0;

		for (unsigned telling = 1; telling < TELLINGS_END; telling <<= 1) {
			const uint32_t told = of_telling(kinds, family, telling);
			const uint64_t sum = sum_as_claimed(s, told);

			if (sum <= most)
				continue;
			best = told;
			most = sum;
		}
		kinds &= ~of_telling(kinds, family, TELLINGS_END - 1) | best;
	}
	return kinds;
}

/* Uses of this kind what explains `rest` of the claim, which becomes less. */
static void take(struct search *s, unsigned k, uint64_t *rest)
{
	const enum unit unit = evidence_rows[k].unit, claimed = s->judgement->claim.unit;
	const uint64_t explained = left_as_claimed(s, k);
	uint64_t needed, back;

	if (!explained)
		return;
	if (explained <= *rest) {
		s->used[k] = left_of(s, k);
		*rest -= explained;
		return;
	}
	(void)judge_convert(*rest, claimed, unit, s->page_bytes, &needed);
	(void)judge_convert(needed, unit, claimed, s->page_bytes, &back);
	s->used[k] = needed + (back < *rest); /* it was rounded down */
	*rest = 0;
}

static bool explain(struct search *s, struct judgement *j)
{
	uint64_t rest = j->missed;
	uint32_t kinds = 0;

	for (unsigned k = 0; k < NR_EVIDENCE; k++)
		kinds |= s->evidence->amount[k] && can_move(&evidence_rows[k], j) ? 1u << k : 0;
	kinds = without_repetition(s, kinds);
	for (unsigned k = 0; k < NR_EVIDENCE && rest; k++)
		if (kinds >> k & 1)
			take(s, k, &rest);
	memcpy(j->explained, s->used, sizeof(s->used));
	return j->missed && !rest;
}

/* Whether the machine's amounts suffice for what all claims need of each kind. */
static bool suffices(const struct evidence_facts *facts, const struct evidence_use *use,
		     const uint64_t needed[NR_EVIDENCE])
{
	for (unsigned k = 0; k < NR_EVIDENCE; k++) {
		const uint64_t machine = max(facts->span[SPAN_WORK].machine[k],
					     facts->span[SPAN_RESIDUE].machine[k]);
		uint64_t all = use->spent[pool_of(k)];

		for (unsigned i = 0; i < NR_EVIDENCE; i++)
			all += pool_of(i) == pool_of(k) ? needed[i] : 0;
		if (needed[k] && all > machine)
			return false;
	}
	return true;
}

/* The same pages are off in several counters: the largest of these is what was moved. */
bool evidence_explains(struct judgement *judgements, unsigned nr,
		       const struct evidence_facts *facts, struct evidence_use *use)
{
	uint64_t needed[NR_EVIDENCE] = { 0 };

	for (unsigned i = 0; i < nr; i++) {
		struct search search = { .judgement = &judgements[i],
					 .evidence = &facts->span[judgements[i].claim.span],
					 .use = use,
					 .page_bytes = facts->page_bytes };

		if (judgements[i].verdict != VERDICT_FAIL)
			continue;
		if (!explain(&search, &judgements[i]))
			return false; /* what the others name means nothing then */
		for (unsigned k = 0; k < NR_EVIDENCE; k++)
			needed[k] = max(needed[k], search.used[k]);
	}
	if (!suffices(facts, use, needed))
		return false;
	for (unsigned k = 0; k < NR_EVIDENCE; k++)
		if (evidence_rows[k].most)
			use->spent[pool_of(k)] += needed[k];
	return true;
}

/* ---- words ---- */

const char *evidence_name(enum evidence_kind kind)
{
	return evidence_rows[kind].name;
}

void evidence_describe(enum evidence_kind kind, uint64_t amount, char *text, size_t bytes)
{
	const struct evidence_row *row = &evidence_rows[kind];

	snprintf(text, bytes, "%s: %llu %s %s", row->name, (unsigned long long)amount,
		 unit_name(row->unit), row->what);
}

void evidence_describe_claim(const struct judgement *j, const struct evidence_facts *facts,
			     char *text, size_t bytes)
{
	const struct evidence *evidence = &facts->span[j->claim.span];
	const char *join = "explained by";
	size_t length =
		(size_t)snprintf(text, bytes, "%s: %llu %s too %s; ", j->claim.quantity,
				 (unsigned long long)j->missed, unit_name(j->claim.unit),
				 j->missed_below ? "few" : "many");

	for (unsigned k = 0; k < NR_EVIDENCE && length < bytes; k++) {
		if (!j->explained[k])
			continue;
		length += (size_t)snprintf(
			text + length, bytes - length, "%s %s (%llu of %llu %s)", join,
			evidence_rows[k].name, (unsigned long long)j->explained[k],
			(unsigned long long)evidence->amount[k],
			unit_name(evidence_rows[k].unit));
		join = " and";
	}
}
