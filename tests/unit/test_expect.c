// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/trial/expect.h: [expect] as written, compared with a row and a
 * record.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plan/expectation.h"
#include "harness/trial/expect.h"
#include "workloads/api/arith.h"

#include <cmocka.h> /* last: it has a macro called expect_check */

static const struct workload hold = { .name = "hold" };

static const struct host host = { .page_bytes = 4096 };
static struct plan *plan;
static struct plan_worker workers[2] = { { .name = "hog", .workload = &hold },
					 { .name = "other", .workload = &hold } };

static int make_plan(void **state)
{
	(void)state;
	plan = calloc(1, sizeof(*plan));
	if (plan)
		plan->host = &host;
	return !plan;
}

static int free_plan(void **state)
{
	(void)state;
	free(plan);
	return 0;
}

/* The only expectation from now on. */
static void expect(const char *key, const char *value)
{
	struct profile_entry entry = { .section = "expect", .file = "t.ini", .line = 3 };
	struct profile_entry types[2] = {
		{ .section = "hog", .key = "type", .value = "hold" },
		{ .section = "other", .key = "type", .value = "hold" }
	};
	const struct profile profile = { .entry = types, .nr = 2 };
	struct error e = { "" };
	char copy[96];

	snprintf(entry.key, sizeof(entry.key), "%s", key);
	snprintf(copy, sizeof(copy), "%s", value);
	entry.value = copy;
	if (expectation_parse(&plan->expectation[0], &entry, &profile, &e))
		fail_msg("%s = %s: %s", key, value, e.text);
	plan->nr_expectations = 1;
}

static struct run_row a_row(void)
{
	struct run_row row;

	row_init(&row);
	row.minor_faults = 100;
	row.seconds = 1.5;
	row.bytes_per_second = 1e9;
	row.latency_p99_ns = 5000000;
	row.swap_out_bytes = 0;
	return row;
}

static void a_record(struct record *record)
{
	const struct number none = { 0 }, faults = { .value = 256 }, stall = { .value = 1500 };

	record_init(record);
	assert_int_equal(record_put(record, false,
				    (struct counter_id){ "group", "memory.stat", "pgfault" },
				    (struct counter_type){ KIND_CUMULATIVE, UNIT_COUNT }, none),
			 0);
	assert_int_equal(record_put(record, true,
				    (struct counter_id){ "group", "memory.stat", "pgfault" },
				    (struct counter_type){ KIND_CUMULATIVE, UNIT_COUNT },
				    faults),
			 0);
	assert_int_equal(
		record_put(record, false,
			   (struct counter_id){ "system", "pressure/memory", "some.total" },
			   (struct counter_type){ KIND_CUMULATIVE, UNIT_USEC }, none),
		0);
	assert_int_equal(
		record_put(record, true,
			   (struct counter_id){ "system", "pressure/memory", "some.total" },
			   (struct counter_type){ KIND_CUMULATIVE, UNIT_USEC }, stall),
		0);
	record_sort(record);
}

struct check {
	const char *key, *value;
	enum verdict verdict;
};

static const struct check checks[] = {
	{ "minor_faults", "100", VERDICT_PASS },
	{ "minor_faults", "=99", VERDICT_FAIL },
	{ "minor_faults", "=101", VERDICT_FAIL },
	{ "minor_faults", ">=100", VERDICT_PASS },
	{ "minor_faults", ">=101", VERDICT_FAIL },
	{ "minor_faults", ">99", VERDICT_PASS },
	{ "minor_faults", ">100", VERDICT_FAIL },
	{ "minor_faults", "<=100", VERDICT_PASS },
	{ "minor_faults", "<=99", VERDICT_FAIL },
	{ "minor_faults", "<100", VERDICT_FAIL },
	{ "minor_faults", "<101", VERDICT_PASS },
	{ "minor_faults", "100..200", VERDICT_PASS },
	{ "minor_faults", "50..100", VERDICT_PASS },
	{ "minor_faults", "101..200", VERDICT_FAIL },
	{ "minor_faults", "0..99", VERDICT_FAIL },
	{ "seconds", ">1", VERDICT_PASS },
	{ "seconds", ">=2", VERDICT_FAIL },
	{ "seconds", "<1500ms", VERDICT_FAIL },
	{ "seconds", "<=1500ms", VERDICT_PASS },
	{ "latency_p99_ns", "<=5ms", VERDICT_PASS },
	{ "latency_p99_ns", "<5ms", VERDICT_FAIL },
	{ "bytes_per_second", ">=900M", VERDICT_PASS },
	{ "pswpout_bytes", "0", VERDICT_PASS },
	{ "pswpout_bytes", ">=1M", VERDICT_FAIL },
	/* Absent is not zero. */
	{ "major_faults", "0", VERDICT_FAIL },
	{ "group/memory.stat/pgfault", "256", VERDICT_PASS },
	{ "group/memory.stat/pgfault", ">256", VERDICT_FAIL },
	{ "group/memory.stat/pgmajfault", "0", VERDICT_FAIL },
	{ "system/pressure/memory/some.total", "1500us", VERDICT_PASS },
	{ "system/pressure/memory/some.total", "<1ms", VERDICT_FAIL },
	{ "hog.minor_faults", "100", VERDICT_PASS },
};

static void each_relation_means_what_it_says(void **state)
{
	struct judgement out[EXPECTATIONS_MAX];
	struct run_row row = a_row();
	struct record record;

	(void)state;
	a_record(&record);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		expect(checks[i].key, checks[i].value);
		assert_int_equal(expect_judge(plan, &workers[0], &row, &record, out), 1);
		if (out[0].verdict != checks[i].verdict)
			fail_msg("%s = %s: %s", checks[i].key, checks[i].value,
				 verdict_name(out[0].verdict));
		assert_non_null(strstr(out[0].claim.why, "line 3"));
		assert_non_null(strstr(out[0].claim.why, checks[i].value));
	}
	record_release(&record);
}

static void what_another_worker_is_to_do_is_not_held_against_this_one(void **state)
{
	struct judgement out[EXPECTATIONS_MAX];
	struct run_row row = a_row();
	struct record record;

	(void)state;
	a_record(&record);
	expect("hog.minor_faults", "0");
	assert_int_equal(expect_judge(plan, &workers[1], &row, &record, out), 0);
	assert_int_equal(expect_judge(plan, &workers[0], &row, &record, out), 1);
	assert_int_equal(out[0].verdict, VERDICT_FAIL);
	expect("outcome", "ok"); /* decided with the outcome itself */
	assert_int_equal(expect_judge(plan, &workers[0], &row, &record, out), 0);
	record_release(&record);
}

/* Judgements are written later: their names must outlive the call. */
static void judgements_keep_the_names_of_their_own_counters(void **state)
{
	struct judgement first[EXPECTATIONS_MAX], second[EXPECTATIONS_MAX];
	struct run_row row = a_row();
	struct plan_worker *worker = &workers[0];
	struct record record;
	struct plan *other = calloc(1, sizeof(*other)), *kept = plan;

	(void)state;
	assert_non_null(other);
	other->host = plan->host;
	a_record(&record);
	expect("system/pressure/memory/some.total", ">0");
	assert_int_equal(expect_judge(plan, worker, &row, &record, first), 1);
	plan = other;
	expect("group/memory.stat/pgfault", "256");
	assert_int_equal(expect_judge(plan, worker, &row, &record, second), 1);
	assert_string_equal(first[0].claim.scope, "system");
	assert_string_equal(first[0].claim.source, "pressure/memory");
	assert_string_equal(first[0].claim.counter, "some.total");
	assert_string_equal(second[0].claim.source, "memory.stat");
	assert_string_equal(second[0].claim.counter, "pgfault");
	plan = kept;
	free(other);
	record_release(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_relation_means_what_it_says),
		cmocka_unit_test(what_another_worker_is_to_do_is_not_held_against_this_one),
		cmocka_unit_test(judgements_keep_the_names_of_their_own_counters),
	};

	return cmocka_run_group_tests(tests, make_plan, free_plan);
}
