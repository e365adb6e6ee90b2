/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges claims by a record. Pure: the same claims and the same record give the same verdicts,
 * on any machine and at any later time.
 */
#ifndef PAGESTORM_JUDGE_H
#define PAGESTORM_JUDGE_H

#include "harness/base/wordlist.h"
#include "harness/record/record.h"
#include "workloads/api/workload.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_ABSENT, /* this kernel has no such counter, or one too coarse for the amount */
	VERDICT_NOISE,	/* a direction that the noise floor hides */
	VERDICT_DISTURBED, /* missed, and others moved that very thing: record/evidence.h */
};

#define EVIDENCE_KINDS_MAX 32

struct judgement {
	struct claim claim; /* with the slot's amount added to expected */
	bool has_observed;
	struct number observed; /* in the claim's unit */
	bool has_noise;
	struct number
		noise; /* largest |delta| of the same counter in the null runs, claim's unit */
	enum verdict verdict;
	/*
	 * A failure's distance from the nearest value that holds, in the claim's unit, rounded
	 * up; 0: it failed by no amount (a counter that was lost or fell, units of a bug).
	 */
	uint64_t missed;
	bool missed_below; /* observed was too small */
	/* Of VERDICT_DISTURBED: what of each enum evidence_kind explains it, in its own unit.
	 */
	uint64_t explained[EVIDENCE_KINDS_MAX];
};

/* The records of one worker's spans; NULL: there is none. */
struct span_records {
	const struct record *work, *residue;
};

/* The facts about a worker by which its claims are judged. */
struct judge_facts {
	struct span_records seen;
	struct span_records null; /* of the null run beside it; without one noise is absent */
	const struct slot *slots; /* the workload's table */
	const uint64_t *slot;	  /* the ledger's; NULL: there is none */
	uint64_t page_bytes;	  /* converts pages */
};

/*
 * Judges one claim.
 *
 * A claim is observed as after - before; a KIND_PEAK or KIND_INFO counter is
 * observed as its after value, since a high-water mark has no delta. Where the kernel
 * has no such counter, a process died between the two sides, or the ledger is missing
 * that a slot is read from, the verdict is absent; so it is where a line of the counter's
 * file was not understood. Any other counter with one side alone was lost, and a
 * KIND_CUMULATIVE one that fell counts nothing: they fail.
 *
 * A direction claim gets the verdict noise where the noise explains it: all of the
 * movement, or all of what the promise is missed by, unless it is a count that others
 * can only add to. The noise is the null run's movement, lengthened to the work's span.
 * A floor of 0 hides nothing. Exact and bounded claims, and the profile's own, never look
 * at the noise.
 *
 * A bare number in a profile is in the counter's own unit, whatever that is.
 *
 * A claim that holds and is too coarse (below) is absent, with the reason in its why; one
 * that is missed by more than its tolerance fails however coarse it is.
 *
 * A claim that cannot be held against its counter because of our own mistake (units
 * that do not convert, a slot that the workload does not have) fails, without an
 * observed value. Amounts beyond 64 bits are compared as they are and shown at the
 * limit.
 */
void judge_claim(const struct claim *claim, const struct judge_facts *facts,
		 struct judgement *out);

/*
 * Of a worker that was asked to stop although its time was not over: a failed claim that part
 * of its amount was observed of becomes absent, with the reason in its why. One that is missed
 * in the other direction stays a failure, and so does a claim that nothing moves.
 */
void judge_stopped(struct judgement *j);

/*
 * Whether the claim would hold although nothing had happened: its tolerance reaches the amount
 * that it promises. With `tolerance` T:
 *
 *	eq M       M is not 0 and T >= |M|
 *	ge M       M is above 0 and T >= M
 *	le M       M is below 0 and T >= -M
 *	between    claim->least is not 0 and the range holds 0
 *
 * The others promise no amount, but that no more than that moves: an eq or between of 0, an
 * le of something above 0, a ge of something below; and the profile's own are their author's.
 * A slot that the claim adds must be in its expected amount already.
 */
bool judge_too_coarse(const struct claim *claim);

/* The sentence about one that is, without a comma. */
void judge_coarse_reason(const struct claim *claim, char *reason, size_t bytes);

/*
 * *to = amount in another unit, rounded down and saturated; false where they do not convert.
 * Here a count is one of pages: faults and pages lost are counted one by one.
 */
bool judge_convert(uint64_t amount, enum unit from, enum unit into, uint64_t page_bytes,
		   uint64_t *to);

/* True when one unit converts to the other: space among itself, time among itself. */
bool judge_convertible(enum unit from, enum unit to);

/* As the files have them, in the order of the enumerations. */
extern const struct wordlist verdict_words;  /* pass fail absent noise disturbed */
extern const struct wordlist relation_words; /* eq ge le between */
extern const struct wordlist basis_words;    /* exact bounded direction profile */
extern const struct wordlist span_words;     /* work residue */

const char *verdict_name(enum verdict verdict);
const char *relation_name(enum relation relation);
const char *basis_name(enum basis basis);
const char *span_name(enum span span);

#endif
