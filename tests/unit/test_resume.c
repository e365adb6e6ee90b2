// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/trial/resume.h on the directory of an interrupted run: which trials
 * are complete, and that every file is truncated to those.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/trial/resume.h"
#include "harness/trial/results.h"

static char parent[] = "/tmp/pagestorm-test-resume-XXXXXX";

static const struct workload hold = { .name = "hold" };
static struct plan_worker worker[2] = { { .name = "a", .workload = &hold },
					{ .name = "b", .workload = &hold } };
static struct plan_cell cell[2] = { { .index = 0, .nr_workers = 2, .worker = worker },
				    { .index = 1, .nr_workers = 2, .worker = worker } };
static struct plan_step step[4] = { { 0, 1 }, { 1, 1 }, { 1, 2 }, { 0, 2 } };
static const struct host host;
static struct plan plan = { .name = "t",
			    .host = &host,
			    .profile_text = (char *)"[profile]\n",
			    .nr_cells = 2,
			    .cell = cell,
			    .retries = 2,
			    .nr_steps = 4,
			    .step = step };

static struct results results;
static unsigned attempt;

static int begin(void **state)
{
	(void)state;
	attempt = 1;
	if (!mkdtemp(parent))
		return -1;
	results_init(&results);
	return results_open(&results, parent, &plan, NULL);
}

static int end(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", parent);
	strcpy(parent + strlen(parent) - 6, "XXXXXX");
	return system(command);
}

/* A row in runs.csv and one in events.csv. */
static void add_row(unsigned i, const char *name, enum outcome outcome)
{
	const struct row_place place = { .cell = step[i].cell,
					 .repeat = step[i].repeat,
					 .worker = name,
					 .workload = "",
					 .attempt = attempt };
	struct run_row row;

	row_init(&row);
	row.run = row.profile = row.cell_label = row.workload = row.params = "";
	row.worker = name;
	row.cell = step[i].cell;
	row.repeat = step[i].repeat;
	row.outcome = outcome;
	row.attempt = attempt;
	results_event(&results, &place, 0, "went", NULL);
	results_run(&results, &row);
}

static void add_step(unsigned i, enum outcome a, enum outcome b)
{
	add_row(i, "null", OUTCOME_OK);
	add_row(i, "a", a);
	add_row(i, "b", b);
}

static void cut_off(struct resume *r)
{
	assert_int_equal(results_flush(&results, NULL), 0);
	assert_int_equal(results_close(&results, false, NULL), 0);
	assert_int_equal(resume_load(r, results.path, &plan, NULL), 0);
}

static void append(const char *name, const char *text)
{
	char path[768];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", results.path, name);
	f = fopen(path, "a");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static size_t rows_of(const char *name, unsigned i)
{
	struct csv_table t = { 0 };
	char path[768];
	size_t nr = 0;

	snprintf(path, sizeof(path), "%s/%s", results.path, name);
	assert_int_equal(csv_read(&t, path, NULL), 0);
	for (size_t row = 0; row < t.nr; row++)
		nr += strtoul(csv_cell(&t, row, csv_column(&t, "cell")), NULL, 10) ==
			      step[i].cell &&
		      atoi(csv_cell(&t, row, csv_column(&t, "repeat"))) == step[i].repeat;
	csv_release(&t);
	return nr;
}

static void expect_done(const struct resume *r, const bool done[4])
{
	size_t nr = 0;

	for (unsigned i = 0; i < 4; i++) {
		print_message("step %u\n", i);
		assert_int_equal(r->done[i], done[i]);
		assert_int_equal(rows_of("runs.csv", i), done[i] ? 3 : 0);
		assert_int_equal(rows_of("events.csv", i), done[i] ? 3 : 0);
		nr += done[i];
	}
	assert_int_equal(r->nr_done, nr);
	assert_int_equal(r->runs.nr, 3 * nr);
}

static void a_step_is_done_when_each_worker_has_one_row(void **state)
{
	struct resume r;

	(void)state;
	add_step(0, OUTCOME_OK, OUTCOME_TIMEOUT);
	add_row(1, "a", OUTCOME_OK); /* cut before b */
	add_step(2, OUTCOME_OK, OUTCOME_SKIPPED);
	add_row(2, "a", OUTCOME_OK); /* twice: ambiguous */
	cut_off(&r);
	expect_done(&r, (const bool[4]){ true, false, false, false });
	resume_release(&r);
}

static void what_was_interrupted_or_broken_is_run_again(void **state)
{
	struct resume r;

	(void)state;
	add_step(0, OUTCOME_OK, OUTCOME_INTERRUPTED);
	add_step(1, OUTCOME_BROKEN, OUTCOME_OK);
	add_step(2, OUTCOME_UNEXPECTED_OOM, OUTCOME_FAILED);
	add_step(3, OUTCOME_OK, OUTCOME_OK);
	cut_off(&r);
	expect_done(&r, (const bool[4]){ false, false, true, true });
	resume_release(&r);
}

/* Of the last attempt; what a kill left of one that was to be repeated is run again. */
static void a_disturbed_step_is_done_with_its_last_attempt(void **state)
{
	struct resume r;

	(void)state;
	add_step(0, OUTCOME_DISTURBED, OUTCOME_OK); /* cut before the second attempt */
	add_step(1, OUTCOME_DISTURBED, OUTCOME_OK);
	add_step(2, OUTCOME_OK, OUTCOME_DISTURBED);
	add_step(3, OUTCOME_DISTURBED, OUTCOME_OK);
	attempt = 2;
	add_step(1, OUTCOME_OK, OUTCOME_OK);
	add_step(2, OUTCOME_DISTURBED, OUTCOME_OK);
	add_row(3, "null", OUTCOME_OK);
	add_row(3, "a", OUTCOME_OK); /* cut before b */
	attempt = 3;
	add_step(2, OUTCOME_DISTURBED, OUTCOME_OK); /* as often as it may be */
	cut_off(&r);
	assert_false(r.done[0]);
	assert_true(r.done[1]);
	assert_true(r.done[2]);
	assert_false(r.done[3]);
	assert_int_equal(rows_of("runs.csv", 1), 6); /* each attempt keeps its rows */
	assert_int_equal(rows_of("events.csv", 2), 9);
	assert_int_equal(attempts_last(&r.attempts, step[1].cell, step[1].repeat), 2);
	assert_int_equal(attempts_last(&r.attempts, step[2].cell, step[2].repeat), 3);
	attempts_drop(&r.attempts, &r.runs);
	assert_int_equal(r.runs.nr, 6);
	for (size_t i = 0; i < r.runs.nr; i++)
		assert_true(attempts_is_last(&r.attempts, &r.runs, i));
	resume_release(&r);
}

static void a_row_without_its_end_is_dropped(void **state)
{
	struct resume r, again;

	(void)state;
	add_step(0, OUTCOME_OK, OUTCOME_OK);
	assert_int_equal(results_flush(&results, NULL), 0);
	assert_int_equal(results_close(&results, false, NULL), 0);
	append("events.csv", "1,run,0,1,a,7,\"wen");
	append("runs.csv", "1,run,t,0,,2");
	assert_int_equal(resume_load(&r, results.path, &plan, NULL), 0);
	expect_done(&r, (const bool[4]){ true, false, false, false });
	resume_release(&r);
	assert_int_equal(resume_load(&again, results.path, &plan, NULL), 0);
	expect_done(&again, (const bool[4]){ true, false, false, false });
	resume_release(&again);
}

static void what_is_no_csv_is_refused_and_left_as_it_is(void **state)
{
	struct error e = { "" };
	struct resume r;

	(void)state;
	add_step(0, OUTCOME_OK, OUTCOME_OK);
	assert_int_equal(results_flush(&results, NULL), 0);
	assert_int_equal(results_close(&results, false, NULL), 0);
	append("runs.csv", "too,few\n");
	assert_int_equal(resume_load(&r, results.path, &plan, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "runs.csv:5"));
	assert_null(r.done);
	assert_int_equal(rows_of("events.csv", 0), 3);
}

static void links_are_not_followed_and_their_targets_not_cut(void **state)
{
	static const char text[] = "a whole line\nand a torn one";
	char path[768], target[64];
	struct error e = { "" };
	struct resume r;
	struct stat st;
	FILE *f;

	(void)state;
	add_step(0, OUTCOME_OK, OUTCOME_OK);
	assert_int_equal(results_flush(&results, NULL), 0);
	assert_int_equal(results_close(&results, false, NULL), 0);
	snprintf(target, sizeof(target), "%s/target", parent);
	f = fopen(target, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	for (unsigned hard = 0; hard < 2; hard++) {
		snprintf(path, sizeof(path), "%s/events.csv", results.path);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(hard ? link(target, path) : symlink(target, path), 0);
		e.text[0] = '\0';
		assert_int_equal(resume_load(&r, results.path, &plan, &e),
				 hard ? -EMLINK : -ELOOP);
		assert_non_null(strstr(e.text, "events.csv"));
		assert_int_equal(stat(target, &st), 0);
		assert_int_equal(st.st_size, strlen(text));
	}
}

static void run_json_is_not_written_through_a_link(void **state)
{
	json_t *about_end = json_object();
	char path[768], target[64];
	struct stat st;
	FILE *f;

	(void)state;
	snprintf(target, sizeof(target), "%s/target", parent);
	f = fopen(target, "w");
	assert_non_null(f);
	fputs("precious", f);
	assert_int_equal(fclose(f), 0);
	snprintf(path, sizeof(path), "%s/run.json.new", results.path);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(results_describe(&results, &plan, about_end, NULL), 0);
	json_decref(about_end);
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_size, strlen("precious"));
	assert_int_equal(results_close(&results, false, NULL), 0);
}

static void a_directory_that_is_not_partial_is_refused(void **state)
{
	struct error e = { "" };

	(void)state;
	assert_int_equal(resume_check(parent, &plan, &e), -EINVAL);
	assert_non_null(strstr(e.text, ".partial"));
	assert_int_equal(results_close(&results, false, NULL), 0);
	e.text[0] = '\0';
	assert_int_equal(resume_check(results.path, &plan, &e), -EINVAL);
	assert_non_null(strstr(e.text, "run.json"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_step_is_done_when_each_worker_has_one_row),
		T(what_was_interrupted_or_broken_is_run_again),
		T(a_disturbed_step_is_done_with_its_last_attempt),
		T(a_row_without_its_end_is_dropped),
		T(what_is_no_csv_is_refused_and_left_as_it_is),
		T(links_are_not_followed_and_their_targets_not_cut),
		T(run_json_is_not_written_through_a_link),
		T(a_directory_that_is_not_partial_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
