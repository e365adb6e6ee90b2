// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/tables/row.h and of the counts at a run's end: numbers in the unit of
 * their column, and an empty cell for what was not counted.
 */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/trial/run_part.h"

#include <cmocka.h>

#include "workloads/api/arith.h"

#define PAGE 4096

static void moved(struct record *record, struct counter_id id, int64_t before, int64_t after)
{
	const struct number from = { .value = before }, to = { .value = after };

	assert_int_equal(record_put(record, false, id,
				    (struct counter_type){ KIND_CUMULATIVE, UNIT_COUNT }, from),
			 0);
	assert_int_equal(record_put(record, true, id,
				    (struct counter_type){ KIND_CUMULATIVE, UNIT_COUNT }, to),
			 0);
}

static struct run_row row_of(struct record *record)
{
	struct run_row row;

	row_init(&row);
	record_sort(record);
	row_from_record(&row, record, PAGE);
	record_release(record);
	return row;
}

static void what_nobody_counted_is_absent(void **state)
{
	struct record record;
	struct run_row row;
	double value;

	(void)state;
	record_init(&record);
	row = row_of(&record);
	assert_true(row.minor_faults == ROW_ABSENT);
	assert_true(row.swap_out_bytes == ROW_ABSENT);
	assert_true(row.allocstall == ROW_ABSENT);
	assert_true(row.limit_bytes == ROW_ABSENT);
	assert_false(row_number(&row, "minor_faults", &value));
	assert_false(row_number(&row, "seconds", &value));
	assert_false(row_number(&row, "worker", &value));
	assert_false(row_number(&row, "no_such_column", &value));
}

static void counts_are_brought_to_the_unit_of_their_column(void **state)
{
	const uint64_t tick_usec = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	struct record record;
	struct run_row row;
	double value;

	(void)state;
	record_init(&record);
	moved(&record, (struct counter_id){ "process", "stat", "minflt" }, 10, 110);
	moved(&record, (struct counter_id){ "process", "stat", "utime" }, 0, 3);
	moved(&record, (struct counter_id){ "system", "vmstat", "pswpout" }, 5, 7);
	moved(&record, (struct counter_id){ "system", "vmstat", "allocstall_normal" }, 0, 2);
	moved(&record, (struct counter_id){ "system", "vmstat", "allocstall_movable" }, 1, 4);
	moved(&record, (struct counter_id){ "kswapd0", "stat", "stime" }, 0, 1);
	moved(&record, (struct counter_id){ "kswapd1", "stat", "stime" }, 0, 1);
	row = row_of(&record);
	assert_int_equal(row.minor_faults, 100);
	assert_int_equal(row.cpu_user_usec, 3 * tick_usec);
	assert_int_equal(row.swap_out_bytes, 2 * PAGE);
	assert_int_equal(row.allocstall, 5);
	assert_int_equal(row.kswapd_cpu_usec, 2 * tick_usec);
	assert_true(row_number(&row, "swap_out_bytes", &value));
	assert_true(value == 2 * PAGE);
}

static void a_group_that_counts_for_itself_outranks_the_machine(void **state)
{
	struct record record;
	struct run_row row;

	(void)state;
	record_init(&record);
	moved(&record, (struct counter_id){ "group", "memory.stat", "workingset_refault_anon" },
	      0, 0);
	moved(&record, (struct counter_id){ "system", "vmstat", "workingset_refault_anon" }, 0,
	      900);
	moved(&record, (struct counter_id){ "system", "vmstat", "workingset_refault_file" }, 0,
	      900);
	row = row_of(&record);
	assert_int_equal(row.refault_anon_pages, 0);
	assert_int_equal(row.refault_file_pages, 900);
	assert_string_equal(row.machine_wide, "refault_file_pages");
}

/* A counter that rose from 0 to 1. */
static void rise(struct record *record, struct counter_id id)
{
	for (int after = 0; after < 2; after++)
		assert_int_equal(
			record_put(record, after, id,
				   (struct counter_type){ KIND_CUMULATIVE, UNIT_COUNT },
				   (struct number){ .value = after }),
			0);
}

static void what_the_kernel_counts_for_the_machine_alone_is_named_in_the_row(void **state)
{
	static const struct counter_id counters[] = {
		{ "system", "vmstat", "pswpin" },
		{ "system", "vmstat", "pswpout" },
		{ "system", "vmstat", "workingset_refault_anon" },
		{ "system", "vmstat", "workingset_refault_file" },
		{ "system", "vmstat", "allocstall_normal" },
		{ "system", "pressure/memory", "some.total" },
		{ "system", "pressure/memory", "full.total" },
		{ "system", "pressure/io", "full.total" },
	};
	struct record record;
	struct run_row row;

	(void)state;
	record_init(&record);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		rise(&record, counters[i]);
	row = row_of(&record);
	assert_string_equal(
		row.machine_wide,
		"swap_in_bytes;swap_out_bytes;refault_anon_pages;refault_file_pages;psi_memory_some_usec;psi_memory_full_usec;psi_io_full_usec");
}

static void no_limit_is_absent_however_the_kernel_writes_it(void **state)
{
	static const int64_t largest = 9223372036854771712; /* LONG_MAX cut to a page */
	struct record record;
	struct run_row row;

	(void)state;
	record_init(&record);
	moved(&record,
	      (struct counter_id){ "group", "memory.limit_in_bytes", "memory.limit_in_bytes" },
	      largest, largest);
	row = row_of(&record);
	assert_true(row.limit_bytes == ROW_ABSENT);
	record_init(&record);
	moved(&record,
	      (struct counter_id){ "group", "memory.limit_in_bytes", "memory.limit_in_bytes" },
	      64 * PAGE, 64 * PAGE);
	row = row_of(&record);
	assert_int_equal(row.limit_bytes, 64 * PAGE);
}

static void throughput_is_what_was_moved_while_it_ran(void **state)
{
	struct ledger *ledger = calloc(1, LEDGER_BYTES);
	struct run_row row;

	(void)state;
	assert_non_null(ledger);
	ledger->run_ns = 1000000000;
	ledger->moved_bytes = 3 * PAGE;
	ledger->ops = 6;
	row_init(&row);
	row_from_ledger(&row, ledger, 2500000000);
	assert_true(row.seconds == 1.5);
	assert_true(row.bytes_per_second == 2 * PAGE);
	assert_true(row.ops_per_second == 4);
	row_init(&row);
	row_from_ledger(&row, ledger, 0); /* it never ended */
	assert_true(isnan(row.seconds));
	assert_true(isnan(row.bytes_per_second));
	free(ledger);
}

/* The header and a row of it: as many cells as columns, none of them cut. */
static void a_row_has_a_cell_for_each_column(void **state)
{
	struct csv_table t = { 0 };
	struct csv_writer w = { .fd = -1 };
	char directory[] = "/tmp/pagestorm-test-row-XXXXXX", path[64];
	struct run_row row;
	int dirfd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	row_init(&row);
	row.run = row.profile = row.cell_label = row.worker = row.workload = row.params = "a";
	snprintf(row.reason, sizeof(row.reason), "one, two\n\"three\"");
	assert_int_equal(column_create(&w, dirfd, &runs_csv, NULL), 0);
	column_write(&w, &runs_csv, &row);
	assert_int_equal(csv_close(&w, NULL), 0);
	snprintf(path, sizeof(path), "%s/runs.csv", directory);
	assert_int_equal(csv_read(&t, path, NULL), 0);
	assert_string_equal(t.header[0], "schema");
	assert_string_equal(t.header[t.columns - 1], "attempt");
	assert_string_equal(csv_cell(&t, 0, csv_column(&t, "expected_outcome")), "ok");
	assert_string_equal(csv_cell(&t, 0, csv_column(&t, "reason")), "one; two  three ");
	assert_string_equal(csv_cell(&t, 0, csv_column(&t, "minor_faults")), "");
	csv_release(&t);
	close(dirfd);
	unlink(path);
	rmdir(directory);
}

static void a_run_ends_with_what_its_rows_and_claims_came_to(void **state)
{
	const struct plan_worker ok = { .prediction.expected = OUTCOME_OK },
				 oom = { .prediction.expected = OUTCOME_EXPECTED_OOM };
	struct run_summary s = { 0 };

	(void)state;
	tally_outcome(&s, &ok, OUTCOME_OK, false);
	tally_outcome(&s, &oom, OUTCOME_EXPECTED_OOM, false);
	tally_outcome(&s, &ok, OUTCOME_SKIPPED, false);
	assert_int_equal(s.unexpected + s.invalid, 0);
	assert_int_equal(s.skipped, 1);
	tally_outcome(&s, &oom, OUTCOME_MISSING_OOM, false);
	tally_outcome(&s, &ok, OUTCOME_TIMEOUT, false);
	tally_outcome(&s, &ok, OUTCOME_BROKEN, false);
	tally_outcome(&s, &ok, OUTCOME_FAILED, false);
	assert_int_equal(s.unexpected, 2);
	assert_int_equal(s.invalid, 2);
	assert_int_equal(s.rows, 7);
	/* That of a null run does not decide how the run ends; what it fails does. */
	tally_outcome(&s, &ok, OUTCOME_DISTURBED, true);
	assert_int_equal(s.disturbed, 0);
	assert_int_equal(s.floors_disturbed, 1);
	tally_outcome(&s, &ok, OUTCOME_DISTURBED, false);
	assert_int_equal(s.disturbed, 1);
	assert_int_equal(s.floors_disturbed, 1);
	assert_int_equal(s.unexpected + s.invalid, 4);
	tally_verdict(&s, VERDICT_PASS);
	tally_verdict(&s, VERDICT_FAIL);
	tally_verdict(&s, VERDICT_ABSENT);
	tally_verdict(&s, VERDICT_NOISE);
	tally_verdict(&s, VERDICT_FAIL);
	assert_int_equal(s.claims, 5);
	assert_int_equal(s.claims_failed, 2);
	assert_int_equal(s.claims_absent, 1);
	assert_int_equal(s.claims_noise, 1);
}

static void a_row_says_by_itself_whether_it_ended_as_expected(void **state)
{
	static const struct {
		const char *outcome, *expected;
		enum ending ending;
	} rows[] = {
		{ "ok", "ok", ENDING_EXPECTED },
		{ "timeout", "timeout", ENDING_EXPECTED },
		{ "ok", "timeout", ENDING_UNEXPECTED },
		{ "timeout", "ok", ENDING_UNEXPECTED },
		{ "failed", "failed", ENDING_EXPECTED },
		{ "failed", "ok", ENDING_INVALID },
		{ "broken", "expected_oom", ENDING_INVALID },
		{ "missing_oom", "expected_oom", ENDING_UNEXPECTED },
		{ "skipped", "ok", ENDING_SKIPPED },
		{ "skipped", "skipped", ENDING_SKIPPED },
		{ "interrupted", "ok", ENDING_INTERRUPTED },
		/* without the column */
		{ "ok", "", ENDING_EXPECTED },
		{ "expected_oom", "", ENDING_EXPECTED },
		{ "timeout", "", ENDING_UNEXPECTED },
		{ "of a later version", "ok", ENDING_UNEXPECTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (outcome_ending_of_row(rows[i].outcome, rows[i].expected) != rows[i].ending)
			fail_msg("%s, expected %s", rows[i].outcome, rows[i].expected);
}

static void each_word_is_read_back_as_what_it_was_written_for(void **state)
{
	static const struct wordlist *const lists[] = { &outcome_words, &verdict_words,
							&relation_words, &basis_words,
							&span_words };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (unsigned value = 0; value < lists[i]->nr; value++) {
			unsigned found = lists[i]->nr;

			assert_true(wordlist_find(lists[i], wordlist_word(lists[i], value),
						  &found));
			assert_int_equal(found, value);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_counted_is_absent),
		cmocka_unit_test(counts_are_brought_to_the_unit_of_their_column),
		cmocka_unit_test(a_group_that_counts_for_itself_outranks_the_machine),
		cmocka_unit_test(
			what_the_kernel_counts_for_the_machine_alone_is_named_in_the_row),
		cmocka_unit_test(no_limit_is_absent_however_the_kernel_writes_it),
		cmocka_unit_test(throughput_is_what_was_moved_while_it_ran),
		cmocka_unit_test(a_row_has_a_cell_for_each_column),
		cmocka_unit_test(a_run_ends_with_what_its_rows_and_claims_came_to),
		cmocka_unit_test(a_row_says_by_itself_whether_it_ended_as_expected),
		cmocka_unit_test(each_word_is_read_back_as_what_it_was_written_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
