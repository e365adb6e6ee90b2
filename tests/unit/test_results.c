// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/trial/results.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/trial/results.h"
#include "harness/trial/sample.h"
#include "workloads/api/arith.h"

static char parent[] = "/tmp/pagestorm-test-results-XXXXXX";

static int make_parent(void **state)
{
	(void)state;
	return !mkdtemp(parent);
}

static int remove_parent(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", parent);
	return system(command);
}

static const struct host host;
static struct plan plan = { .name = "t", .profile_text = (char *)"[profile]\n", .host = &host };

static const struct row_place place = { .cell = 0, .repeat = 1, .worker = "w", .workload = "" };

/* A trial's rows: an event, and the row that marks the trial as complete. */
static void add_step(struct results *r)
{
	struct run_row row;

	row_init(&row);
	row.run = r->run;
	row.profile = r->profile;
	row.cell_label = row.worker = row.workload = row.params = "";
	results_event(r, &place, 0, "went", NULL);
	results_run(r, &row);
}

static size_t rows_of(const struct results *r, const char *name)
{
	struct csv_table t = { 0 };
	char path[768];
	size_t nr;

	snprintf(path, sizeof(path), "%s/%s", r->path, name);
	assert_int_equal(csv_read(&t, path, NULL), 0);
	nr = t.nr;
	csv_release(&t);
	return nr;
}

static void a_complete_run_has_all_rows_and_loses_its_partial(void **state)
{
	struct results r;

	(void)state;
	results_init(&r);
	assert_int_equal(results_open(&r, parent, &plan, NULL), 0);
	assert_non_null(strstr(r.path, ".partial"));
	add_step(&r);
	assert_int_equal(results_close(&r, true, NULL), 0);
	assert_null(strstr(r.path, ".partial"));
	assert_int_equal(rows_of(&r, "events.csv"), 1);
	assert_int_equal(rows_of(&r, "runs.csv"), 1);
}

/* /dev/full simulates a disk that is full for one file only. */
static void a_directory_that_another_made_meanwhile_is_not_replaced(void **state)
{
	struct error e = { "" };
	struct results r;
	char taken[512];

	(void)state;
	results_init(&r);
	assert_int_equal(results_open(&r, parent, &plan, NULL), 0);
	snprintf(taken, sizeof(taken), "%s/%s", r.parent, r.run);
	assert_int_equal(mkdir(taken, 0755), 0);
	assert_int_equal(results_close(&r, true, &e), -EEXIST);
	assert_non_null(strstr(e.text, ".partial"));
	assert_int_equal(access(r.path, F_OK), 0);
	assert_int_equal(rmdir(taken), 0);
}

static void runs_lists_no_step_whose_other_rows_are_lost(void **state)
{
	struct error e = { "" };
	struct results r;
	int kept;

	(void)state;
	results_init(&r);
	assert_int_equal(results_open(&r, parent, &plan, NULL), 0);
	add_step(&r);
	assert_int_equal(results_flush(&r, NULL), 0);
	add_step(&r);
	kept = r.csv[FILE_EVENTS].fd;
	r.csv[FILE_EVENTS].fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_int_equal(results_flush(&r, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "events.csv"));
	close(r.csv[FILE_EVENTS].fd);
	r.csv[FILE_EVENTS].fd = kept;
	assert_int_equal(results_close(&r, false, &e), 0);
	assert_non_null(strstr(r.path, ".partial"));
	assert_int_equal(rows_of(&r, "events.csv"), 1);
	assert_int_equal(rows_of(&r, "runs.csv"), 1);
}

#define TICKS 2000

/* Ticks of a step that goes on: what they need in memory does not grow with their number. */
static void take_ticks(struct results *r, struct trial *trial)
{
	static struct histogram seen[WORKERS_MAX];
	struct sample_base base = { .known = false, .seen = seen };

	for (int i = 0; i < TICKS; i++)
		sample_take(trial, "go", 1, &base, r);
}

static void a_killed_run_leaves_every_sample_that_it_took(void **state)
{
	static const struct plan_cell cell = { .index = 0 };
	struct results *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct trial *trial = calloc(1, sizeof(*trial));
	int status;
	pid_t pid;

	(void)state;
	assert_true(r != MAP_FAILED && trial);
	trial->cell = &cell;
	results_init(r);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (results_open(r, parent, &plan, NULL))
			_exit(1);
		take_ticks(r, trial);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(r->csv[FILE_SAMPLES].capacity <= 64 * 1024);
	assert_true(rows_of(r, "samples.csv") >= TICKS); /* MemFree at each */
	assert_int_equal(rows_of(r, "samples.csv") % TICKS, 0);
	free(trial);
	munmap(r, sizeof(*r));
}

/* A disk that is full for samples alone: the step's end says so, and memory stays bounded. */
static void samples_that_cannot_be_written_end_the_step(void **state)
{
	static const struct plan_cell cell = { .index = 0 };
	struct trial *trial = calloc(1, sizeof(*trial));
	struct error e = { "" };
	struct results r;
	int kept;

	(void)state;
	assert_non_null(trial);
	trial->cell = &cell;
	results_init(&r);
	assert_int_equal(results_open(&r, parent, &plan, NULL), 0);
	kept = r.csv[FILE_SAMPLES].fd;
	r.csv[FILE_SAMPLES].fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	take_ticks(&r, trial);
	assert_true(r.csv[FILE_SAMPLES].capacity <= 64 * 1024);
	assert_int_equal(results_flush(&r, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "samples.csv"));
	close(r.csv[FILE_SAMPLES].fd);
	r.csv[FILE_SAMPLES].fd = kept;
	assert_int_equal(results_close(&r, false, &e), 0);
	free(trial);
}

static void a_path_that_would_be_cut_is_refused(void **state)
{
	struct error e = { "" };
	struct results r;
	char deep[600];

	(void)state;
	results_init(&r);
	snprintf(deep, sizeof(deep), "%s/", parent);
	for (size_t i = strlen(deep); i < sizeof(deep) - 1; i++) {
		deep[i] = i % 40 ? 'x' : '/';
		deep[i + 1] = '\0';
	}
	assert_int_equal(results_open(&r, deep, &plan, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.text, "-o"));
	assert_int_equal(r.dirfd, -1);
	*strchr(deep + strlen(parent) + 1, '/') = '\0';
	assert_int_equal(access(deep, F_OK), -1);
}

/* ---- the contract with outside scripts ---- */

static char *read_whole(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "re");

	assert_non_null(text);
	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

/* Scripts outside this tree read these: a change is another schema version. */
static void the_headers_of_schema_1_stay(void **state)
{
	static const char *const headers[][2] = {
		{ "counters.csv",
		  "schema,run,profile,cell,repeat,worker,workload,span,scope,source,counter,"
		  "kind,unit,before,after,delta,attempt\n" },
		{ "truth.csv",
		  "schema,run,cell,repeat,worker,workload,quantity,span,counter,unit,relation,"
		  "basis,expected,tolerance,observed,noise,verdict,why,attempt\n" },
		{ "runs.csv",
		  "schema,run,profile,cell,cell_label,repeat,order,worker,workload,params,"
		  "settings,outcome,reason,target_bytes,achieved_bytes,seconds,"
		  "bytes_per_second,ops,ops_per_second,latency_count,latency_mean_ns,"
		  "latency_p50_ns,latency_p90_ns,latency_p99_ns,latency_p999_ns,latency_max_ns,"
		  "minor_faults,major_faults,cpu_user_usec,cpu_system_usec,swap_in_bytes,"
		  "swap_out_bytes,refault_anon_pages,refault_file_pages,psi_memory_some_usec,"
		  "psi_memory_full_usec,psi_io_full_usec,allocstall,compact_stall,"
		  "kswapd_scan_pages,kswapd_steal_pages,direct_scan_pages,direct_steal_pages,"
		  "kswapd_cpu_usec,oom_kills,limit_bytes,peak_bytes,claims,claims_failed,"
		  "exit_signal,exit_status,started_utc,expected_outcome,machine_wide,attempt\n" },
		{ "samples.csv",
		  "schema,run,cell,repeat,worker,phase,t_ms,quantity,unit,value,attempt\n" },
		{ "events.csv", "schema,run,cell,repeat,worker,t_ms,event,detail,attempt\n" },
		{ "latency.csv",
		  "schema,run,cell,repeat,worker,low_ns,high_ns,count,attempt\n" },
	};
	struct results r;
	char path[768], *text;

	(void)state;
	results_init(&r);
	assert_int_equal(results_open(&r, parent, &plan, NULL), 0);
	assert_int_equal(results_close(&r, true, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		snprintf(path, sizeof(path), "%s/%s", r.path, headers[i][0]);
		text = read_whole(path);
		assert_string_equal(text, headers[i][1]);
		free(text);
	}
}

/* ---- cells ---- */

static void check_row(const struct results *r, const char *name, const char *cells)
{
	char path[768], row[512], *text;

	snprintf(path, sizeof(path), "%s/%s", r->path, name);
	text = read_whole(path);
	snprintf(row, sizeof(row), "\n1,%s,%s\n", r->run, cells);
	if (!strstr(text, row))
		fail_msg("%s has no row%swith that end: %s", name, row, text);
	free(text);
}

static void write_one_of_each(struct results *r, struct ledger *ledger)
{
	static const struct row_place w = {
		.cell = 3, .repeat = -1, .worker = "hog", .workload = "hold", .attempt = 7
	};
	const struct judgement j = {
		.claim = { .quantity = "anonymous memory",
			   .span = SPAN_RESIDUE,
			   .scope = "group",
			   .source = "memory.stat",
			   .counter = "anon",
			   .unit = UNIT_PAGES,
			   .relation = RELATION_LE,
			   .basis = BASIS_BOUNDED,
			   .expected = -2,
			   .tolerance = 7,
			   .why = "the per-CPU lists" },
		.has_observed = true,
		.observed = { .value = 15, .decimals = 1 },
		.verdict = VERDICT_NOISE,
	};
	const struct counter_id id = { "system", "pressure/memory", "some.avg10" };
	struct record record;

	record_init(&record);
	record_put(&record, true, id, (struct counter_type){ KIND_GAUGE, UNIT_PERCENT },
		   (struct number){ .value = 25, .decimals = 2 });
	results_counters(r, &w, SPAN_WORK, &record, false);
	record_release(&record);
	results_truth(r, &w, &j);
	results_sample(r, (struct sample_row){ .place = w,
					       .phase = "held",
					       .t_ms = 12,
					       .quantity = "swap_in",
					       .unit = "bytes",
					       .value = -4096 });
	results_event(r, &w, 5, "failed", "one, two");
	ledger->latency.bucket[1] = 9;
	results_latency(r, &w, &ledger->latency);
	ledger->site[0].offset = 48;
	ledger->site[0].depth = 2;
	ledger->site[0].live_bytes = 640;
	ledger->site[0].frees = 1;
	strcpy(ledger->site[0].symbol, "leak");
	assert_int_equal(results_sites(r, &w, ledger, NULL), 0);
}

/* Losses of the worker have its name, those of the machine have none; each is one row. */
static void a_line_that_was_not_understood_is_an_event(void **state)
{
	static const struct row_place worker = { .cell = 3, .repeat = 1, .worker = "hog" },
				      run = { .cell = 3, .repeat = 1, .worker = "" };
	struct record work, residue;
	struct results r;
	char path[768], *text;

	(void)state;
	record_init(&work);
	record_init(&residue);
	record_add_loss(&work, "group", "memory.stat", "memory.stat of group, line 2");
	record_add_loss(&work, "", "diskstats", "diskstats of system, line 1");
	record_add_loss(&work, "", "diskstats", "diskstats of system, line 7");
	record_add_loss(&residue, "group", "memory.stat", "memory.stat of group, line 3");
	record_add_loss(&residue, "system", "vmstat", "vmstat of system, line 4");
	results_init(&r);
	assert_int_equal(results_open(&r, parent, &plan, NULL), 0);
	results_losses(&r, &worker, 5, &work, NULL);
	results_losses(&r, &worker, 5, &residue, &work);
	results_losses(&r, &run, 5, &work, NULL);
	results_losses(&r, &run, 5, &residue, &work);
	assert_int_equal(results_close(&r, true, NULL), 0);
	check_row(&r, "events.csv", "3,1,hog,5,unread,memory.stat of group; line 2,0");
	check_row(&r, "events.csv",
		  "3,1,,5,unread,diskstats of system; line 1; other lines of the file are "
		  "lost too,0");
	check_row(&r, "events.csv", "3,1,,5,unread,vmstat of system; line 4,0");
	snprintf(path, sizeof(path), "%s/events.csv", r.path);
	text = read_whole(path);
	assert_null(strstr(text, "line 3"));
	free(text);
	record_release(&work);
	record_release(&residue);
}

static void each_value_stands_below_its_column(void **state)
{
	struct ledger *ledger = calloc(1, LEDGER_BYTES);
	struct results r;

	(void)state;
	assert_non_null(ledger);
	results_init(&r);
	assert_int_equal(results_open(&r, parent, &plan, NULL), 0);
	write_one_of_each(&r, ledger);
	assert_int_equal(results_close(&r, true, NULL), 0);
	check_row(
		&r, "counters.csv",
		"t,3,-1,hog,hold,work,system,pressure/memory,some.avg10,gauge,percent,,0.25,,7");
	check_row(&r, "truth.csv",
		  "3,-1,hog,hold,anonymous memory,residue,group/memory.stat/anon,pages,le,"
		  "bounded,-2,7,1.5,,noise,the per-CPU lists,7");
	check_row(&r, "samples.csv", "3,-1,hog,held,12,swap_in,bytes,-4096,7");
	check_row(&r, "events.csv", "3,-1,hog,5,failed,one; two,7");
	check_row(&r, "latency.csv", "3,-1,hog,1,2,9,7");
	check_row(&r, "sites.csv", "3,-1,hog,hold,leak,48,2,0,640,0,1,7");
	free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_complete_run_has_all_rows_and_loses_its_partial),
		cmocka_unit_test(a_directory_that_another_made_meanwhile_is_not_replaced),
		cmocka_unit_test(runs_lists_no_step_whose_other_rows_are_lost),
		cmocka_unit_test(a_killed_run_leaves_every_sample_that_it_took),
		cmocka_unit_test(samples_that_cannot_be_written_end_the_step),
		cmocka_unit_test(a_path_that_would_be_cut_is_refused),
		cmocka_unit_test(the_headers_of_schema_1_stay),
		cmocka_unit_test(a_line_that_was_not_understood_is_an_event),
		cmocka_unit_test(each_value_stands_below_its_column),
	};

	return cmocka_run_group_tests(tests, make_parent, remove_parent);
}
