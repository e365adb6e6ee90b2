// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares claims with a record: converts, compares, and decides the verdict. Decides nothing
 * about runs or exit statuses.
 *
 * Verdicts use exact integers, a counter's value being the fraction numerator / denominator in
 * the claim's unit; only printed values are rounded. With 64-bit values, sizes up to 2^20 bytes
 * and at most 6 decimals every product fits in 128 bits.
 */
#include "harness/record/judge.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness/record/sum.h"

#define DECIMALS_MAX 6

struct fraction {
	__int128 numerator;
	int64_t denominator; /* above 0 */
};

enum dimension {
	DIMENSION_NONE, /* converts to itself alone */
	DIMENSION_SPACE,
	DIMENSION_TIME,
};

/* Bytes or nanoseconds in one of this unit. */
static int64_t unit_size(enum unit unit, uint64_t page_bytes, enum dimension *dimension)
{
	static const struct {
		enum dimension dimension;
		int64_t size;
	} units[] = {
		[UNIT_COUNT] = { DIMENSION_NONE, 1 },
		[UNIT_BYTES] = { DIMENSION_SPACE, 1 },
		[UNIT_PAGES] = { DIMENSION_SPACE, 0 },
		[UNIT_KB] = { DIMENSION_SPACE, 1024 },
		[UNIT_USEC] = { DIMENSION_TIME, 1000 },
		[UNIT_NSEC] = { DIMENSION_TIME, 1 },
		[UNIT_TICKS] = { DIMENSION_NONE, 1 },
		[UNIT_SECTORS] = { DIMENSION_SPACE, 512 },
		[UNIT_PERCENT] = { DIMENSION_NONE, 1 },
		[UNIT_MSEC] = { DIMENSION_TIME, 1000000 },
	};

	*dimension = units[unit].dimension;
	return unit == UNIT_PAGES ? (int64_t)page_bytes : units[unit].size;
}

bool judge_convertible(enum unit from, enum unit to)
{
	enum dimension a, b;

	(void)unit_size(from, 1, &a); /* only the dimensions matter here */
	(void)unit_size(to, 1, &b);
	return from == to || (a == b && a != DIMENSION_NONE);
}

/* Of a unit in which one counts pages, or of UNIT_COUNT itself; 0: neither. */
static int64_t unit_of_pages(enum unit unit, uint64_t page_bytes)
{
	enum dimension dimension;
	const int64_t size = unit_size(unit, page_bytes, &dimension);

	if (unit == UNIT_COUNT)
		return (int64_t)page_bytes;
	return dimension == DIMENSION_SPACE ? size : 0;
}

bool judge_convert(uint64_t amount, enum unit from, enum unit into, uint64_t page_bytes,
		   uint64_t *to)
{
	enum dimension unused;
	int64_t mul = unit_of_pages(from, page_bytes), div = unit_of_pages(into, page_bytes);
	__int128 value;

	if (!mul || !div) {
		if (!judge_convertible(from, into))
			return false;
		mul = unit_size(from, page_bytes, &unused);
		div = unit_size(into, page_bytes, &unused);
	}
	value = (__int128)amount * mul / div;
	*to = value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
	return true;
}

static int64_t power_of_ten(unsigned exponent)
{
	int64_t power = 1;

	while (exponent--)
		power *= 10;
	return power;
}

static struct fraction convert(struct number n, enum unit from, enum unit to,
			       uint64_t page_bytes)
{
	enum dimension unused;
	struct fraction f;

	assert(n.decimals <= DECIMALS_MAX && page_bytes && page_bytes <= 1 << 20);
	f.numerator = n.value;
	f.denominator = power_of_ten(n.decimals);
	if (from != to) {
		f.numerator *= unit_size(from, page_bytes, &unused);
		f.denominator *= unit_size(to, page_bytes, &unused);
	}
	return f;
}

static int64_t saturate(__int128 value)
{
	if (value > INT64_MAX)
		return INT64_MAX;
	return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

/* With as many decimals as it needs and at most DECIMALS_MAX; rounded towards zero. */
static struct number print_form(struct fraction f)
{
	struct number n = { 0 };

	while (f.numerator % f.denominator && n.decimals < DECIMALS_MAX) {
		__int128 finer = f.numerator * 10;

		if (finer / f.denominator > INT64_MAX || finer / f.denominator < INT64_MIN)
			break;
		f.numerator = finer;
		n.decimals++;
	}
	n.value = saturate(f.numerator / f.denominator);
	return n;
}

/* ---- what was expected ---- */

/*
 * expected + slot * mul / div. -ENODATA when the claim needs the ledger and there is
 * none, -EINVAL when the workload has no such slot.
 */
static int expect(const struct claim *claim, const struct judge_facts *facts,
		  __int128 *expected)
{
	const struct slot *slots = facts->slots;
	int64_t mul = claim->slot_mul ? claim->slot_mul : 1;
	int64_t div = claim->slot_div ? claim->slot_div : 1;

	*expected = claim->expected;
	if (!claim->slot)
		return 0;
	for (unsigned i = 0; slots && i < SLOTS_MAX && slots[i].name; i++) {
		if (strcmp(slots[i].name, claim->slot))
			continue;
		if (!facts->slot)
			return -ENODATA;
		*expected += (__int128)facts->slot[i] * mul / div;
		return 0;
	}
	return -EINVAL;
}

static __int128 clamp(__int128 value, __int128 limit)
{
	if (value > limit)
		return limit;
	return value < -limit ? -limit : value;
}

/*
 * The distance to the nearest value that satisfies the claim, in units times the denominator.
 */
static __int128 shortfall(const struct claim *claim, __int128 expected,
			  struct fraction observed)
{
	__int128 low, high;

	expected = clamp(expected, (__int128)1 << 64);
	low = (expected - (claim->relation == RELATION_BETWEEN ? 0 : claim->tolerance)) *
	      observed.denominator;
	high = (expected + claim->tolerance) * observed.denominator;
	if (claim->relation != RELATION_LE && observed.numerator < low)
		return low - observed.numerator;
	if (claim->relation != RELATION_GE && observed.numerator > high)
		return observed.numerator - high;
	return 0;
}

/* ---- what was observed ---- */

static const struct record *record_of(const struct claim *claim,
				      const struct span_records *records)
{
	return claim->span == SPAN_RESIDUE ? records->residue : records->work;
}

static bool observe(const struct counter *counter, struct number *n)
{
	if (!counter)
		return false;
	if (counter->kind != KIND_PEAK && counter->kind != KIND_INFO)
		return counter_delta(counter, n);
	*n = counter->after;
	return counter->has_after;
}

static __int128 magnitude(__int128 value)
{
	return value < 0 ? -value : value;
}

static bool is_within(__int128 amount, int64_t denominator, struct fraction noise)
{
	amount = clamp(magnitude(amount), (__int128)1 << 86); /* so that the product fits */
	return noise.numerator &&
	       amount * noise.denominator <= magnitude(noise.numerator) * denominator;
}

/*
 * Whether the noise explains it: all of a movement, or the distance to the claim. Other
 * processes only add to a count that never falls: one that is too small is due to the run
 * itself.
 */
static bool is_hidden(const struct counter *counter, struct fraction observed, __int128 missed,
		      bool too_small, struct fraction noise)
{
	if (missed && too_small && counter->kind == KIND_CUMULATIVE)
		return false;
	return is_within(missed ? missed : observed.numerator, observed.denominator, noise);
}

/* Counted since boot or since the group was made: it never falls; a difference may. */
static bool went_back(const struct counter *counter, struct fraction observed)
{
	return counter->kind == KIND_CUMULATIVE && observed.numerator < 0 &&
	       !strchr(counter->counter, '-');
}

/*
 * A process may be killed between two readings, and a line may be one that was not understood.
 * Any other counter with only one side is not one that this kernel lacks: it was lost, and its
 * value is unknown.
 */
static bool was_lost(const struct counter *counter, const struct record *record)
{
	bool of_process = !strncmp(counter->scope, "process", 7) ||
			  !strncmp(counter->scope, "mapping", 7);

	return counter->has_before != counter->has_after && !of_process &&
	       !record_loss_of(record, counter->scope, counter->source);
}

/*
 * The null run takes as long as the work was expected to. Over a longer work the noise is
 * scaled up in proportion, rounded up.
 */
static int64_t lengthened(int64_t movement, const struct record *record,
			  const struct record *null)
{
	__int128 longer = (__int128)movement * (__int128)record->span_ns;

	if (!null->span_ns || record->span_ns <= null->span_ns)
		return movement;
	return saturate((longer + null->span_ns - 1) / null->span_ns);
}

/* How much the counter moved in the null run, in the claim's unit; 0 without one. */
static struct fraction measure_noise(const struct judge_facts *facts, struct judgement *out)
{
	const struct record *null = record_of(&out->claim, &facts->null);
	const struct counter *counter;
	struct fraction noise = { 0, 1 };
	struct counter sum;
	struct number n;

	counter = null ? sum_find(null, &out->claim, &sum) : NULL;
	if (!counter || !counter_delta(counter, &n))
		return noise;
	n.value = lengthened(saturate(magnitude(n.value)), record_of(&out->claim, &facts->seen),
			     null);
	noise = convert(n, counter->unit, out->claim.unit, facts->page_bytes);
	out->noise = print_form(noise);
	out->has_noise = true;
	return noise;
}

/* The observed value, in the claim's unit; false when a side is missing. */
static bool measure(const struct counter *counter, uint64_t page_bytes, struct judgement *out,
		    struct fraction *observed)
{
	struct number n;

	if (!observe(counter, &n))
		return false;
	*observed = convert(n, counter->unit, out->claim.unit, page_bytes);
	out->observed = print_form(*observed);
	out->has_observed = true;
	return true;
}

static uint64_t divide_up(__int128 numerator, int64_t denominator)
{
	const __int128 value = (numerator + denominator - 1) / denominator;

	return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

static void decide(__int128 expected, const struct counter *counter, struct fraction observed,
		   struct fraction noise, struct judgement *out)
{
	const struct claim *claim = &out->claim;
	__int128 missed = shortfall(claim, expected, observed);
	bool too_small = observed.numerator < expected * observed.denominator;

	out->verdict = missed ? VERDICT_FAIL : VERDICT_PASS;
	if (went_back(counter, observed)) {
		out->verdict = VERDICT_FAIL;
	} else if (claim->basis == BASIS_DIRECTION &&
		   is_hidden(counter, observed, missed, too_small, noise)) {
		out->verdict = VERDICT_NOISE;
	} else if (missed) {
		out->missed = divide_up(missed, observed.denominator);
		out->missed_below = too_small;
	}
}

/* ---- too coarse ---- */

/* What it promises to move; 0: no amount. */
static int64_t promised_amount(const struct claim *claim)
{
	switch (claim->relation) {
	case RELATION_EQ:
		return claim->expected;
	case RELATION_GE:
		return claim->expected > 0 ? claim->expected : 0;
	case RELATION_LE:
		return claim->expected < 0 ? claim->expected : 0;
	case RELATION_BETWEEN:
		break;
	}
	return claim->least;
}

bool judge_too_coarse(const struct claim *claim)
{
	const struct fraction nothing = { 0, 1 };

	return claim->basis != BASIS_PROFILE && promised_amount(claim) &&
	       !shortfall(claim, claim->expected, nothing);
}

/* In a range the amount lies between what is added to it and what is taken off. */
void judge_coarse_reason(const struct claim *claim, char *reason, size_t bytes)
{
	const int64_t amount = promised_amount(claim);
	const int64_t tolerance = claim->relation == RELATION_BETWEEN
					  ? (int64_t)magnitude(amount - claim->expected)
					  : claim->tolerance;

	snprintf(reason, bytes, "tolerance %lld %s the amount %lld: too coarse here",
		 (long long)tolerance, tolerance > magnitude(amount) ? "exceeds" : "equals",
		 (long long)amount);
}

static void make_absent(struct judgement *j, const char *reason)
{
	const size_t length = strlen(j->claim.why);

	j->verdict = VERDICT_ABSENT;
	snprintf(j->claim.why + length, sizeof(j->claim.why) - length, "; %s", reason);
}

void judge_stopped(struct judgement *j)
{
	const int64_t amount = j->claim.expected, observed = j->observed.value;
	const bool part = amount > 0 ? j->missed_below && observed >= 0
				     : amount < 0 && !j->missed_below && observed <= 0;

	if (j->verdict == VERDICT_FAIL && j->missed && part)
		make_absent(j, "asked to stop before the amount was reached");
}

/* It passed or was hidden: that says nothing where nothing would have passed as well. */
static void refuse_coarse(struct judgement *out)
{
	char reason[96];

	if (out->verdict == VERDICT_FAIL || !judge_too_coarse(&out->claim))
		return;
	judge_coarse_reason(&out->claim, reason, sizeof(reason));
	make_absent(out, reason);
}

void judge_claim(const struct claim *claim, const struct judge_facts *facts,
		 struct judgement *out)
{
	const struct record *record = record_of(claim, &facts->seen);
	const struct counter *counter;
	struct fraction observed, noise;
	struct counter sum;
	__int128 expected;
	int ret = expect(claim, facts, &expected);

	*out = (struct judgement){ .claim = *claim, .verdict = VERDICT_ABSENT };
	out->claim.expected = saturate(expected);
	if (claim->least)
		out->claim.least = saturate(claim->least + expected - claim->expected);
	counter = record ? sum_find(record, claim, &sum) : NULL;
	if (!counter)
		return;
	if (claim->basis == BASIS_PROFILE && claim->unit == UNIT_COUNT)
		out->claim.unit = counter->unit;
	if (ret == -EINVAL || !judge_convertible(counter->unit, out->claim.unit)) {
		out->verdict = VERDICT_FAIL;
		return;
	}
	noise = measure_noise(facts, out);
	if (!measure(counter, facts->page_bytes, out, &observed)) {
		out->verdict = was_lost(counter, record) ? VERDICT_FAIL : VERDICT_ABSENT;
		return;
	}
	if (ret)
		return;
	decide(expected, counter, observed, noise, out);
	refuse_coarse(out);
}

/* ---- words ---- */

static const char *const verdicts[] = {
	[VERDICT_PASS] = "pass",	   [VERDICT_FAIL] = "fail",
	[VERDICT_ABSENT] = "absent",	   [VERDICT_NOISE] = "noise",
	[VERDICT_DISTURBED] = "disturbed",
};

static const char *const relations[] = {
	[RELATION_EQ] = "eq",
	[RELATION_GE] = "ge",
	[RELATION_LE] = "le",
	[RELATION_BETWEEN] = "between",
};

static const char *const bases[] = {
	[BASIS_EXACT] = "exact",
	[BASIS_BOUNDED] = "bounded",
	[BASIS_DIRECTION] = "direction",
	[BASIS_PROFILE] = "profile",
};

static const char *const spans[] = {
	[SPAN_WORK] = "work",
	[SPAN_RESIDUE] = "residue",
};

const struct wordlist verdict_words = WORDLIST(verdicts);
const struct wordlist relation_words = WORDLIST(relations);
const struct wordlist basis_words = WORDLIST(bases);
const struct wordlist span_words = WORDLIST(spans);

const char *verdict_name(enum verdict verdict)
{
	return wordlist_word(&verdict_words, verdict);
}

const char *relation_name(enum relation relation)
{
	return wordlist_word(&relation_words, relation);
}

const char *basis_name(enum basis basis)
{
	return wordlist_word(&basis_words, basis);
}

const char *span_name(enum span span)
{
	return wordlist_word(&span_words, span);
}
