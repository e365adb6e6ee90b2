// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "harness/record/counters.h"
#include "harness/record/judge.h"
#include "workloads/api/arith.h"

#define PAGE_BYTES 4096

static const struct slot slots[] = {
	{ .name = "pages_touched", .unit = UNIT_PAGES, .help = "" },
	{ .name = "cycles", .unit = UNIT_COUNT, .help = "" },
	{ .name = NULL },
};

/* One counter of one worker, and the same counter of the null run. */
struct given {
	enum kind kind;
	enum unit unit;
	int64_t before, after;
	uint8_t decimals;
	bool no_before, no_after; /* this side was absent */
	bool null_run;
	int64_t null_delta;
};

static void put(struct record *r, bool after, const struct given *g, int64_t value)
{
	struct number n = { .value = value, .decimals = g->decimals };

	assert_int_equal(record_put(r, after,
				    (struct counter_id){ "group", "memory.stat", "anon" },
				    (struct counter_type){ g->kind, g->unit }, n),
			 0);
}

static struct claim claim_on(struct claim c)
{
	strcpy(c.scope, "group");
	c.quantity = "anonymous_bytes";
	c.source = "memory.stat";
	c.counter = "anon";
	strcpy(c.why, "one page a touch");
	return c;
}

static void judge(const struct given *g, const struct claim *claim, const uint64_t *slot,
		  struct judgement *out)
{
	struct record record, null;

	record_init(&record);
	record_init(&null);
	if (!g->no_before)
		put(&record, false, g, g->before);
	if (!g->no_after)
		put(&record, true, g, g->after);
	if (g->null_run) {
		put(&null, false, g, 1000);
		put(&null, true, g, 1000 + g->null_delta);
	}
	judge_claim(claim,
		    &(struct judge_facts){
			    .seen = { claim->span == SPAN_WORK ? &record : NULL,
				      claim->span == SPAN_RESIDUE ? &record : NULL },
			    .null = { g->null_run ? &null : NULL, g->null_run ? &null : NULL },
			    .slots = slots,
			    .slot = slot,
			    .page_bytes = PAGE_BYTES },
		    out);
	record_release(&record);
	record_release(&null);
}

struct relation_case {
	enum relation relation;
	int64_t expected, tolerance, observed;
	enum verdict verdict;
};

static const struct relation_case relation_cases[] = {
	{ RELATION_EQ, 100, 0, 100, VERDICT_PASS },
	{ RELATION_EQ, 100, 0, 99, VERDICT_FAIL },
	{ RELATION_EQ, 100, 0, 101, VERDICT_FAIL },
	{ RELATION_EQ, 100, 5, 95, VERDICT_PASS },
	{ RELATION_EQ, 100, 5, 105, VERDICT_PASS },
	{ RELATION_EQ, 100, 5, 94, VERDICT_FAIL },
	{ RELATION_EQ, 100, 5, 106, VERDICT_FAIL },
	{ RELATION_EQ, -100, 5, -105, VERDICT_PASS },
	{ RELATION_EQ, -100, 5, -106, VERDICT_FAIL },
	{ RELATION_EQ, 0, 0, 0, VERDICT_PASS },
	{ RELATION_GE, 100, 5, 95, VERDICT_PASS },
	{ RELATION_GE, 100, 5, 94, VERDICT_FAIL },
	{ RELATION_GE, 100, 0, INT64_MAX - 1000, VERDICT_PASS },
	{ RELATION_LE, 100, 5, 105, VERDICT_PASS },
	{ RELATION_LE, 100, 5, 106, VERDICT_FAIL },
	{ RELATION_LE, 100, 0, -1000, VERDICT_PASS },
	{ RELATION_BETWEEN, 100, 5, 100, VERDICT_PASS },
	{ RELATION_BETWEEN, 100, 5, 105, VERDICT_PASS },
	{ RELATION_BETWEEN, 100, 5, 99, VERDICT_FAIL },
	{ RELATION_BETWEEN, 100, 5, 106, VERDICT_FAIL },
	{ RELATION_GE, INT64_MIN, INT64_MAX, 0, VERDICT_PASS },
	{ RELATION_LE, INT64_MAX, INT64_MAX, 0, VERDICT_PASS },
};

static void each_relation_holds_up_to_its_edge_and_not_beyond(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(relation_cases); i++) {
		const struct relation_case *c = &relation_cases[i];
		struct given g = { .kind = KIND_GAUGE,
				   .unit = UNIT_COUNT,
				   .before = 1000,
				   .after = 1000 + c->observed };
		struct claim claim = claim_on((struct claim){ .unit = UNIT_COUNT,
							      .relation = c->relation,
							      .basis = BASIS_EXACT,
							      .expected = c->expected,
							      .tolerance = c->tolerance });
		struct judgement j;

		judge(&g, &claim, NULL, &j);
		if (j.verdict != c->verdict)
			fail_msg("case %zu: %s", i, verdict_name(j.verdict));
		assert_true(j.has_observed);
		assert_int_equal(j.observed.value, c->observed);
		assert_false(j.has_noise);
	}
}

struct unit_case {
	enum unit counter_unit;
	int64_t delta;
	uint8_t delta_decimals;
	enum unit claim_unit;
	int64_t expected;
	enum verdict verdict;
	int64_t shown;
	uint8_t shown_decimals;
};

static void units_of_space_and_time_convert_exactly(void **state)
{
	static const struct unit_case cases[] = {
		{ UNIT_PAGES, 3, 0, UNIT_BYTES, 12288, VERDICT_PASS, 12288, 0 },
		{ UNIT_PAGES, 3, 0, UNIT_KB, 12, VERDICT_PASS, 12, 0 },
		{ UNIT_KB, 12, 0, UNIT_PAGES, 3, VERDICT_PASS, 3, 0 },
		{ UNIT_SECTORS, 8, 0, UNIT_PAGES, 1, VERDICT_PASS, 1, 0 },
		{ UNIT_SECTORS, 9, 0, UNIT_PAGES, 1, VERDICT_FAIL, 1125, 3 },
		{ UNIT_SECTORS, 1, 0, UNIT_KB, 0, VERDICT_FAIL, 5, 1 },
		{ UNIT_BYTES, 4095, 0, UNIT_PAGES, 1, VERDICT_FAIL, 999755, 6 },
		{ UNIT_BYTES, -4096, 0, UNIT_PAGES, -1, VERDICT_PASS, -1, 0 },
		{ UNIT_USEC, 7, 0, UNIT_NSEC, 7000, VERDICT_PASS, 7000, 0 },
		{ UNIT_NSEC, 7000, 0, UNIT_USEC, 7, VERDICT_PASS, 7, 0 },
		{ UNIT_MSEC, 7, 0, UNIT_USEC, 7000, VERDICT_PASS, 7000, 0 },
		{ UNIT_PERCENT, 25, 2, UNIT_PERCENT, 0, VERDICT_FAIL, 25, 2 },
		{ UNIT_PERCENT, 300, 2, UNIT_PERCENT, 3, VERDICT_PASS, 3, 0 },
		{ UNIT_TICKS, 4, 0, UNIT_TICKS, 4, VERDICT_PASS, 4, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct unit_case *c = &cases[i];
		struct given g = { .kind = KIND_GAUGE,
				   .unit = c->counter_unit,
				   .after = c->delta,
				   .decimals = c->delta_decimals };
		struct claim claim = claim_on((struct claim){ .unit = c->claim_unit,
							      .relation = RELATION_EQ,
							      .basis = BASIS_BOUNDED,
							      .expected = c->expected });
		struct judgement j;

		judge(&g, &claim, NULL, &j);
		if (j.verdict != c->verdict || j.observed.value != c->shown ||
		    j.observed.decimals != c->shown_decimals)
			fail_msg("case %zu: %s %lld/%u", i, verdict_name(j.verdict),
				 (long long)j.observed.value, j.observed.decimals);
	}
}

static void units_that_do_not_convert_fail_loudly(void **state)
{
	struct given g = { .kind = KIND_CUMULATIVE, .unit = UNIT_COUNT, .after = 5 };
	struct claim claim = claim_on((struct claim){ .unit = UNIT_BYTES,
						      .relation = RELATION_EQ,
						      .basis = BASIS_EXACT,
						      .expected = 5 });
	struct judgement j;

	(void)state;
	judge(&g, &claim, NULL, &j);
	assert_int_equal(j.verdict, VERDICT_FAIL);
	assert_false(j.has_observed);
	assert_false(judge_convertible(UNIT_COUNT, UNIT_PAGES));
	assert_false(judge_convertible(UNIT_USEC, UNIT_BYTES));
	assert_false(judge_convertible(UNIT_TICKS, UNIT_USEC));
	assert_false(judge_convertible(UNIT_COUNT, UNIT_PERCENT));
	assert_true(judge_convertible(UNIT_TICKS, UNIT_TICKS));
	assert_true(judge_convertible(UNIT_SECTORS, UNIT_PAGES));
}

static void a_bare_number_of_a_profile_is_in_the_counters_unit(void **state)
{
	struct given g = { .kind = KIND_CUMULATIVE, .unit = UNIT_PAGES, .after = 5 };
	struct claim claim = claim_on((struct claim){ .unit = UNIT_COUNT,
						      .relation = RELATION_EQ,
						      .basis = BASIS_PROFILE,
						      .expected = 5 });
	struct judgement j;

	(void)state;
	judge(&g, &claim, NULL, &j);
	assert_int_equal(j.verdict, VERDICT_PASS);
	assert_int_equal(j.claim.unit, UNIT_PAGES);
	assert_int_equal(j.observed.value, 5);
	claim.unit = UNIT_BYTES;
	judge(&g, &claim, NULL, &j);
	assert_int_equal(j.observed.value, 5 * PAGE_BYTES);
	assert_int_equal(j.verdict, VERDICT_FAIL);
	claim.unit = UNIT_NSEC;
	judge(&g, &claim, NULL, &j);
	assert_false(j.has_observed);
	assert_int_equal(j.verdict, VERDICT_FAIL);
}

static void a_slot_adds_what_the_worker_counted(void **state)
{
	static const uint64_t slot[] = { 12, 7 };
	struct given g = { .kind = KIND_GAUGE,
			   .unit = UNIT_BYTES,
			   .before = 4096,
			   .after = 4096 + 100 + 12 * 4096 };
	struct claim claim = claim_on((struct claim){ .unit = UNIT_BYTES,
						      .relation = RELATION_EQ,
						      .basis = BASIS_EXACT,
						      .expected = 100,
						      .slot = "pages_touched",
						      .slot_mul = 4096 });
	struct judgement j;

	(void)state;
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.verdict, VERDICT_PASS);
	assert_int_equal(j.claim.expected, 100 + 12 * 4096);

	claim.slot_mul = 0; /* reads as 1 */
	claim.slot_div = 5;
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.claim.expected, 100 + 2);
	assert_int_equal(j.verdict, VERDICT_FAIL);

	judge(&g, &claim, NULL, &j); /* no ledger: nothing to hold it against */
	assert_int_equal(j.verdict, VERDICT_ABSENT);

	claim.slot = "no_such_slot";
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.verdict, VERDICT_FAIL);
}

static void huge_slots_saturate_and_do_not_wrap(void **state)
{
	static const uint64_t slot[] = { UINT64_MAX, UINT64_MAX };
	struct given g = { .kind = KIND_GAUGE, .unit = UNIT_PAGES, .after = INT64_MAX / 2 };
	struct claim claim = claim_on((struct claim){ .unit = UNIT_BYTES,
						      .relation = RELATION_LE,
						      .basis = BASIS_EXACT,
						      .expected = INT64_MAX,
						      .tolerance = INT64_MAX,
						      .slot = "cycles",
						      .slot_mul = INT64_MAX });
	struct judgement j;

	(void)state;
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.claim.expected, INT64_MAX);
	assert_int_equal(j.observed.value, INT64_MAX);
	claim.slot_mul = INT64_MIN;
	claim.expected = INT64_MIN;
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.claim.expected, INT64_MIN);
	assert_int_equal(j.verdict, VERDICT_FAIL);
	claim.relation = RELATION_GE;
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.verdict, VERDICT_PASS);
}

static void what_a_kernel_lacks_is_neither_pass_nor_fail(void **state)
{
	struct given neither = { .no_before = true, .no_after = true };
	struct claim claim = claim_on((struct claim){ .unit = UNIT_COUNT,
						      .relation = RELATION_EQ,
						      .basis = BASIS_EXACT,
						      .expected = 0 });
	struct judgement j;

	(void)state;
	judge(&neither, &claim, NULL, &j);
	assert_int_equal(j.verdict, VERDICT_ABSENT);
	assert_false(j.has_observed);
	assert_string_equal(j.claim.why, "one page a touch");
	judge_claim(&claim,
		    &(struct judge_facts){ .seen = { NULL, NULL },
					   .null = { NULL, NULL },
					   .slots = slots,
					   .slot = NULL,
					   .page_bytes = PAGE_BYTES },
		    &j);
	assert_int_equal(j.verdict, VERDICT_ABSENT);
}

/* unread: the scope of a file of this source that has a line that was not understood, or NULL.
 */
static enum verdict verdict_on_one_side(const char *scope, bool after, const char *unread)
{
	struct claim claim = { .source = "stat",
			       .counter = "minflt",
			       .relation = RELATION_EQ,
			       .basis = BASIS_EXACT };
	struct record record;
	struct judgement j;

	strcpy(claim.scope, scope);
	record_init(&record);
	assert_int_equal(record_put(&record, after,
				    (struct counter_id){ scope, "stat", "minflt" },
				    (struct counter_type){ KIND_CUMULATIVE, UNIT_COUNT },
				    (struct number){ 0 }),
			 0);
	if (unread)
		assert_int_equal(record_add_loss(&record, unread, "stat", "why"), 0);
	judge_claim(&claim,
		    &(struct judge_facts){ .seen = { &record, NULL },
					   .null = { NULL, NULL },
					   .slots = slots,
					   .slot = NULL,
					   .page_bytes = PAGE_BYTES },
		    &j);
	assert_false(j.has_observed);
	record_release(&record);
	return j.verdict;
}

static void a_counter_with_one_side_was_lost_unless_its_process_died(void **state)
{
	(void)state;
	for (int after = 0; after < 2; after++) {
		assert_int_equal(verdict_on_one_side("process", after, NULL), VERDICT_ABSENT);
		assert_int_equal(verdict_on_one_side("process2", after, NULL), VERDICT_ABSENT);
		assert_int_equal(verdict_on_one_side("mapping", after, NULL), VERDICT_ABSENT);
		assert_int_equal(verdict_on_one_side("group", after, NULL), VERDICT_FAIL);
		assert_int_equal(verdict_on_one_side("system", after, NULL), VERDICT_FAIL);
		assert_int_equal(verdict_on_one_side("own_swap", after, NULL), VERDICT_FAIL);
	}
}

static void a_counter_whose_line_was_not_understood_is_absent(void **state)
{
	(void)state;
	for (int after = 0; after < 2; after++) {
		assert_int_equal(verdict_on_one_side("group", after, "group"), VERDICT_ABSENT);
		assert_int_equal(verdict_on_one_side("disk:vda", after, ""), VERDICT_ABSENT);
		assert_int_equal(verdict_on_one_side("group", after, "run"), VERDICT_FAIL);
	}
}

static void a_peak_and_a_setting_are_judged_by_their_value(void **state)
{
	static const enum kind kinds[] = { KIND_PEAK, KIND_INFO };
	struct claim claim = claim_on((struct claim){ .unit = UNIT_BYTES,
						      .relation = RELATION_EQ,
						      .basis = BASIS_EXACT,
						      .expected = 4096 });
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct given g = {
			.kind = kinds[i], .unit = UNIT_BYTES, .before = 4000, .after = 4096
		};

		judge(&g, &claim, NULL, &j);
		assert_int_equal(j.verdict, VERDICT_PASS);
		g.no_before = true;
		judge(&g, &claim, NULL, &j);
		assert_int_equal(j.verdict, VERDICT_PASS);
		g.no_before = false;
		g.no_after = true;
		judge(&g, &claim, NULL, &j);
		assert_int_equal(j.verdict, VERDICT_FAIL);
	}
}

static void a_span_is_judged_in_its_own_record(void **state)
{
	struct given g = { .kind = KIND_GAUGE, .unit = UNIT_BYTES, .before = 7, .after = 7 };
	struct claim claim = claim_on((struct claim){ .span = SPAN_RESIDUE,
						      .unit = UNIT_BYTES,
						      .relation = RELATION_EQ,
						      .basis = BASIS_EXACT });
	struct judgement j;

	(void)state;
	judge(&g, &claim, NULL, &j); /* judge() fills the record of the claim's span alone */
	assert_int_equal(j.verdict, VERDICT_PASS);
}

struct noise_case {
	enum kind kind;
	enum relation relation;
	int64_t expected, observed, null_delta;
	bool null_run;
	enum verdict verdict;
};

static struct given moved(const struct noise_case *c)
{
	return (struct given){ .kind = c->kind,
			       .unit = UNIT_PAGES,
			       .before = 50,
			       .after = 50 + c->observed,
			       .null_run = c->null_run,
			       .null_delta = c->null_delta };
}

static const struct noise_case noise_cases[] = {
	{ KIND_GAUGE, RELATION_GE, 1, 11, 10, true, VERDICT_PASS },
	{ KIND_GAUGE, RELATION_GE, 1, 10, 10, true, VERDICT_NOISE },
	{ KIND_GAUGE, RELATION_GE, 1, 10, -10, true, VERDICT_NOISE },
	{ KIND_GAUGE, RELATION_GE, 1, -9, 10, true, VERDICT_NOISE },
	{ KIND_GAUGE, RELATION_GE, 1, -11, 10, true, VERDICT_FAIL },
	{ KIND_GAUGE, RELATION_GE, 1, 0, 10, true, VERDICT_NOISE },
	{ KIND_GAUGE, RELATION_GE, 1, 0, 0, true, VERDICT_FAIL },
	{ KIND_GAUGE, RELATION_GE, 1, 1, 0, true, VERDICT_PASS },
	{ KIND_GAUGE, RELATION_GE, 1, 0, 0, false, VERDICT_FAIL },
	{ KIND_GAUGE, RELATION_GE, 1, 5, 0, false, VERDICT_PASS },
	/* a miss that the others can have made, and one that they cannot */
	{ KIND_GAUGE, RELATION_GE, 1000, 995, 10, true, VERDICT_NOISE },
	{ KIND_GAUGE, RELATION_GE, 1000, 989, 10, true, VERDICT_FAIL },
	{ KIND_GAUGE, RELATION_LE, -1000, -995, 10, true, VERDICT_NOISE },
	{ KIND_GAUGE, RELATION_LE, -1000, -989, 10, true, VERDICT_FAIL },
	/* a count since boot: others only add */
	{ KIND_CUMULATIVE, RELATION_GE, 1000, 995, 10, true, VERDICT_FAIL },
	{ KIND_CUMULATIVE, RELATION_GE, 32, 0, 50, true, VERDICT_FAIL },
	{ KIND_CUMULATIVE, RELATION_GE, 32, 40, 50, true, VERDICT_NOISE },
	{ KIND_CUMULATIVE, RELATION_GE, 32, 60, 50, true, VERDICT_PASS },
	{ KIND_CUMULATIVE, RELATION_LE, 0, 7, 10, true, VERDICT_NOISE },
	{ KIND_CUMULATIVE, RELATION_LE, 0, 11, 10, true, VERDICT_FAIL },
};

static void only_a_direction_can_drown_in_noise(void **state)
{
	static const enum basis deaf[] = { BASIS_EXACT, BASIS_BOUNDED, BASIS_PROFILE };
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(noise_cases); i++) {
		const struct noise_case *c = &noise_cases[i];
		const struct given g = moved(c);
		struct claim claim = claim_on((struct claim){ .unit = UNIT_PAGES,
							      .relation = c->relation,
							      .basis = BASIS_DIRECTION,
							      .expected = c->expected });
		bool held = c->relation == RELATION_GE ? c->observed >= c->expected
						       : c->observed <= c->expected;

		judge(&g, &claim, NULL, &j);
		if (j.verdict != c->verdict)
			fail_msg("case %zu: %s", i, verdict_name(j.verdict));
		assert_int_equal(j.has_noise, c->null_run);
		if (c->null_run)
			assert_int_equal(j.noise.value,
					 c->null_delta < 0 ? -c->null_delta : c->null_delta);
		for (size_t k = 0; k < ARRAY_SIZE(deaf); k++) {
			claim.basis = deaf[k];
			judge(&g, &claim, NULL, &j);
			assert_int_equal(j.verdict, held ? VERDICT_PASS : VERDICT_FAIL);
		}
	}
}

static void a_count_since_boot_that_falls_holds_no_promise(void **state)
{
	static const enum relation relations[] = { RELATION_EQ, RELATION_LE, RELATION_BETWEEN };
	struct given g = {
		.kind = KIND_CUMULATIVE, .unit = UNIT_COUNT, .before = 10, .after = 5
	};
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(relations); i++) {
		struct claim claim = claim_on((struct claim){ .unit = UNIT_COUNT,
							      .relation = relations[i],
							      .basis = BASIS_EXACT,
							      .expected = -5 });

		judge(&g, &claim, NULL, &j);
		assert_int_equal(j.verdict, VERDICT_FAIL);
		assert_int_equal(j.observed.value, -5);
		g.kind = KIND_GAUGE;
		judge(&g, &claim, NULL, &j);
		assert_int_equal(j.verdict, VERDICT_PASS);
		g.kind = KIND_CUMULATIVE;
	}
}

static void noise_grows_with_the_time_that_the_work_took(void **state)
{
	static const struct {
		uint64_t work_ns, null_ns;
		int64_t noise;
	} cases[] = {
		{ 1000, 1000, 10 }, { 500, 1000, 10 }, { 7000, 1000, 70 },
		{ 7001, 1000, 71 }, { 7000, 0, 10 },   { 0, 1000, 10 },
	};
	const struct given g = { .kind = KIND_CUMULATIVE, .unit = UNIT_COUNT, .after = 50 };
	const struct claim claim = claim_on((struct claim){ .unit = UNIT_COUNT,
							    .relation = RELATION_GE,
							    .basis = BASIS_DIRECTION,
							    .expected = 1 });

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct record record, null;
		struct judgement j;

		record_init(&record);
		record_init(&null);
		put(&record, false, &g, 0);
		put(&record, true, &g, 50);
		put(&null, false, &g, 0);
		put(&null, true, &g, 10);
		record.span_ns = cases[i].work_ns;
		null.span_ns = cases[i].null_ns;
		judge_claim(&claim,
			    &(struct judge_facts){ .seen = { &record, NULL },
						   .null = { &null, NULL },
						   .slots = slots,
						   .slot = NULL,
						   .page_bytes = PAGE_BYTES },
			    &j);
		assert_int_equal(j.noise.value, cases[i].noise);
		assert_int_equal(j.verdict, cases[i].noise < 50 ? VERDICT_PASS : VERDICT_NOISE);
		record_release(&record);
		record_release(&null);
	}
}

static void noise_is_shown_in_the_claims_unit(void **state)
{
	struct given g = { .kind = KIND_GAUGE,
			   .unit = UNIT_PAGES,
			   .after = 100,
			   .null_run = true,
			   .null_delta = -3 };
	struct claim claim = claim_on((struct claim){ .unit = UNIT_BYTES,
						      .relation = RELATION_GE,
						      .basis = BASIS_DIRECTION,
						      .expected = 1 });
	struct judgement j;

	(void)state;
	judge(&g, &claim, NULL, &j);
	assert_int_equal(j.noise.value, 3 * 4096);
	assert_int_equal(j.verdict, VERDICT_PASS);
}

struct coarse_case {
	enum relation relation;
	int64_t expected, tolerance, least;
	bool coarse;
};

static const struct coarse_case coarse_cases[] = {
	{ RELATION_EQ, 100, 99, 0, false },
	{ RELATION_EQ, 100, 100, 0, true },
	{ RELATION_EQ, -100, 99, 0, false },
	{ RELATION_EQ, -100, 101, 0, true },
	{ RELATION_EQ, 0, 1000, 0, false }, /* nothing moves: no amount */
	{ RELATION_GE, 100, 99, 0, false },
	{ RELATION_GE, 100, 100, 0, true },
	{ RELATION_GE, 0, 100, 0, false },
	{ RELATION_GE, -100, 1000, 0, false }, /* no larger fall than that */
	{ RELATION_LE, 100, 1000, 0, false },  /* no larger rise than that */
	{ RELATION_LE, -100, 99, 0, false },
	{ RELATION_LE, -100, 100, 0, true },
	{ RELATION_BETWEEN, 1, 1000, 0, false },
	{ RELATION_BETWEEN, 0, 1000, 0, false }, /* from nothing on */
	{ RELATION_BETWEEN, 0, 1000, 100, true },
	{ RELATION_BETWEEN, -50, 200, 0, false }, /* nothing, by no more than a slack */
	{ RELATION_BETWEEN, -50, 200, 50, true },
	{ RELATION_BETWEEN, 1, 200, 50, false },
	{ RELATION_BETWEEN, -200, 199, -150, false },
	{ RELATION_BETWEEN, -200, 200, -150, true },
};

static struct claim coarse_claim(const struct coarse_case *c, enum basis basis)
{
	return claim_on((struct claim){ .unit = UNIT_COUNT,
					.relation = c->relation,
					.basis = basis,
					.expected = c->expected,
					.tolerance = c->tolerance,
					.least = c->least });
}

static void a_claim_that_nothing_would_meet_as_well_is_absent(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(coarse_cases); i++) {
		const struct coarse_case *c = &coarse_cases[i];
		struct claim claim = coarse_claim(c, BASIS_BOUNDED);
		const bool holds_at_0 =
			c->relation == RELATION_EQ   ? c->expected == 0 || c->coarse
			: c->relation == RELATION_GE ? c->expected <= c->tolerance
			: c->relation == RELATION_LE
				? c->expected >= -c->tolerance
				: c->expected <= 0 && c->expected + c->tolerance >= 0;
		struct given g = { .kind = KIND_GAUGE, .unit = UNIT_COUNT };
		struct judgement j;

		judge(&g, &claim, NULL, &j);
		if (j.verdict != (c->coarse    ? VERDICT_ABSENT
				  : holds_at_0 ? VERDICT_PASS
					       : VERDICT_FAIL) ||
		    judge_too_coarse(&claim) != c->coarse)
			fail_msg("case %zu: %s", i, verdict_name(j.verdict));
		if (c->coarse)
			assert_non_null(strstr(j.claim.why, ": too coarse here"));
		claim.basis = BASIS_PROFILE; /* its author asked for no more */
		judge(&g, &claim, NULL, &j);
		assert_int_equal(j.verdict, holds_at_0 ? VERDICT_PASS : VERDICT_FAIL);
	}
}

static void what_is_too_coarse_to_pass_can_fail(void **state)
{
	struct given g = { .kind = KIND_GAUGE, .unit = UNIT_COUNT, .after = 201 };
	struct claim claim = coarse_claim(
		&(struct coarse_case){ RELATION_EQ, 100, 100, 0, true }, BASIS_BOUNDED);
	struct judgement j;

	(void)state;
	judge(&g, &claim, NULL, &j);
	assert_int_equal(j.verdict, VERDICT_FAIL);
	assert_string_equal(j.claim.why, "one page a touch");
	g.after = 200;
	judge(&g, &claim, NULL, &j);
	assert_int_equal(j.verdict, VERDICT_ABSENT);
	assert_string_equal(j.claim.why, "one page a touch; tolerance 100 equals the amount "
					 "100: too coarse here");
	claim.tolerance = 250;
	judge(&g, &claim, NULL, &j);
	assert_string_equal(j.claim.why, "one page a touch; tolerance 250 exceeds the amount "
					 "100: too coarse here");
}

static void a_part_of_the_amount_of_a_stopped_worker_is_absent(void **state)
{
	static const struct {
		enum relation relation;
		int64_t expected, observed;
		enum verdict verdict;
	} cases[] = {
		{ RELATION_EQ, 100, 40, VERDICT_ABSENT },
		{ RELATION_EQ, 100, 0, VERDICT_ABSENT },
		{ RELATION_EQ, 100, 100, VERDICT_PASS },
		{ RELATION_EQ, 100, 101, VERDICT_FAIL },
		{ RELATION_EQ, 100, -1, VERDICT_FAIL },
		{ RELATION_EQ, -100, -40, VERDICT_ABSENT },
		{ RELATION_EQ, -100, -101, VERDICT_FAIL },
		{ RELATION_EQ, 0, 1, VERDICT_FAIL },
		{ RELATION_GE, 100, 40, VERDICT_ABSENT },
		{ RELATION_LE, 100, 101, VERDICT_FAIL },
		{ RELATION_BETWEEN, 100, 40, VERDICT_ABSENT },
	};
	struct judgement j;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct given g = { .kind = KIND_GAUGE,
					 .unit = UNIT_COUNT,
					 .after = cases[i].observed };
		const struct claim claim =
			claim_on((struct claim){ .relation = cases[i].relation,
						 .basis = BASIS_EXACT,
						 .expected = cases[i].expected });

		judge(&g, &claim, NULL, &j);
		judge_stopped(&j);
		if (j.verdict != cases[i].verdict)
			fail_msg("case %zu: %s", i, verdict_name(j.verdict));
		assert_int_equal(j.verdict == VERDICT_ABSENT,
				 !!strstr(j.claim.why, "asked to stop"));
	}
}

static void the_amount_that_a_slot_adds_decides_whether_it_is_too_coarse(void **state)
{
	uint64_t slot[] = { 12, 7 };
	struct given g = { .kind = KIND_GAUGE, .unit = UNIT_COUNT, .after = 7 };
	struct claim claim = claim_on((struct claim){ .unit = UNIT_COUNT,
						      .relation = RELATION_EQ,
						      .basis = BASIS_BOUNDED,
						      .tolerance = 6,
						      .slot = "cycles" });
	struct judgement j;

	(void)state;
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.verdict, VERDICT_PASS);
	slot[1] = 6;
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.verdict, VERDICT_ABSENT);
	claim.relation = RELATION_BETWEEN;
	claim.expected = -2;
	claim.least = 4; /* 10 with what the slot adds, from 4 to 10 */
	judge(&g, &claim, slot, &j);
	assert_int_equal(j.claim.least, 10);
	assert_int_equal(j.verdict, VERDICT_PASS);
}

/* ---- sums ---- */

struct term {
	const char *key;
	enum unit unit;
	int64_t before, after;
	bool no_before;
};

static void judge_sum(const char *counter, const struct term *terms, size_t nr,
		      struct judgement *out)
{
	const struct claim claim = { .quantity = "swapped",
				     .scope = "system",
				     .source = "vmstat",
				     .counter = counter,
				     .unit = UNIT_PAGES,
				     .expected = 100,
				     .basis = BASIS_EXACT,
				     .why = "as many" };
	struct record record;

	record_init(&record);
	for (size_t i = 0; i < nr; i++) {
		const struct counter_id id = { "system", "vmstat", terms[i].key };
		const struct counter_type type = { KIND_CUMULATIVE, terms[i].unit };

		if (!terms[i].no_before)
			assert_int_equal(record_put(&record, false, id, type,
						    (struct number){ terms[i].before, 0 }),
					 0);
		assert_int_equal(record_put(&record, true, id, type,
					    (struct number){ terms[i].after, 0 }),
				 0);
	}
	judge_claim(
		&claim,
		&(struct judge_facts){ .seen = { &record, NULL }, .page_bytes = PAGE_BYTES },
		out);
	record_release(&record);
}

static void a_sum_counts_each_key_that_the_kernel_has(void **state)
{
	static const struct term all[] = {
		{ "zswpout", UNIT_PAGES, 10, 90, false },
		{ "pswpout", UNIT_PAGES, 5, 45, false },
		{ "zswpwb", UNIT_PAGES, 7, 27, false },
	};
	struct judgement j;

	(void)state;
	judge_sum("zswpout+pswpout-zswpwb", all, 3, &j); /* 80 + 40 - 20 */
	assert_int_equal(j.verdict, VERDICT_PASS);
	assert_int_equal(j.observed.value, 100);
	judge_sum("zswpout+pswpout+swpout_zero-zswpwb", all, 2, &j);
	assert_int_equal(j.verdict, VERDICT_FAIL);
	assert_int_equal(j.observed.value, 120);
	assert_int_equal(j.missed, 20);
	/* The first key is the one without which the sum says nothing. */
	judge_sum("zswpout+pswpout", all + 1, 2, &j);
	assert_int_equal(j.verdict, VERDICT_ABSENT);
	assert_false(j.has_observed);
}

static void a_sum_with_a_part_that_was_lost_is_lost(void **state)
{
	static const struct term lost[] = {
		{ "zswpout", UNIT_PAGES, 0, 100, false },
		{ "pswpout", UNIT_PAGES, 0, 0, true },
	};
	struct judgement j;

	(void)state;
	judge_sum("zswpout+pswpout", lost, 2, &j);
	assert_int_equal(j.verdict, VERDICT_FAIL); /* as any counter with one side */
	assert_false(j.has_observed);
}

static void names_are_those_of_the_schema(void **state)
{
	(void)state;
	assert_string_equal(verdict_name(VERDICT_PASS), "pass");
	assert_string_equal(verdict_name(VERDICT_FAIL), "fail");
	assert_string_equal(verdict_name(VERDICT_ABSENT), "absent");
	assert_string_equal(verdict_name(VERDICT_NOISE), "noise");
	assert_string_equal(relation_name(RELATION_EQ), "eq");
	assert_string_equal(relation_name(RELATION_GE), "ge");
	assert_string_equal(relation_name(RELATION_LE), "le");
	assert_string_equal(relation_name(RELATION_BETWEEN), "between");
	assert_string_equal(basis_name(BASIS_EXACT), "exact");
	assert_string_equal(basis_name(BASIS_BOUNDED), "bounded");
	assert_string_equal(basis_name(BASIS_DIRECTION), "direction");
	assert_string_equal(basis_name(BASIS_PROFILE), "profile");
	assert_string_equal(span_name(SPAN_WORK), "work");
	assert_string_equal(span_name(SPAN_RESIDUE), "residue");
	assert_string_equal(kind_name(KIND_PEAK), "peak");
	assert_string_equal(unit_name(UNIT_KB), "kB");
	assert_string_equal(unit_name(UNIT_MSEC), "msec");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_relation_holds_up_to_its_edge_and_not_beyond),
		cmocka_unit_test(units_of_space_and_time_convert_exactly),
		cmocka_unit_test(units_that_do_not_convert_fail_loudly),
		cmocka_unit_test(a_bare_number_of_a_profile_is_in_the_counters_unit),
		cmocka_unit_test(a_slot_adds_what_the_worker_counted),
		cmocka_unit_test(huge_slots_saturate_and_do_not_wrap),
		cmocka_unit_test(what_a_kernel_lacks_is_neither_pass_nor_fail),
		cmocka_unit_test(a_counter_with_one_side_was_lost_unless_its_process_died),
		cmocka_unit_test(a_counter_whose_line_was_not_understood_is_absent),
		cmocka_unit_test(a_peak_and_a_setting_are_judged_by_their_value),
		cmocka_unit_test(a_span_is_judged_in_its_own_record),
		cmocka_unit_test(only_a_direction_can_drown_in_noise),
		cmocka_unit_test(a_count_since_boot_that_falls_holds_no_promise),
		cmocka_unit_test(noise_grows_with_the_time_that_the_work_took),
		cmocka_unit_test(noise_is_shown_in_the_claims_unit),
		cmocka_unit_test(a_claim_that_nothing_would_meet_as_well_is_absent),
		cmocka_unit_test(what_is_too_coarse_to_pass_can_fail),
		cmocka_unit_test(the_amount_that_a_slot_adds_decides_whether_it_is_too_coarse),
		cmocka_unit_test(a_sum_counts_each_key_that_the_kernel_has),
		cmocka_unit_test(a_sum_with_a_part_that_was_lost_is_lost),
		cmocka_unit_test(a_part_of_the_amount_of_a_stopped_worker_is_absent),
		cmocka_unit_test(names_are_those_of_the_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
