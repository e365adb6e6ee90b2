// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/trial/trial.h that need no machine: the meaning of a worker's end, and
 * that every wait for one is bounded.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/base/clock.h"
#include "harness/trial/trial_part.h"
#include "workloads/api/arith.h"

#define KILLED	   9		 /* wait status: died of SIGKILL */
#define LEFT(code) ((code) << 8) /* wait status: exit(code) */

struct end {
	bool failed, timed_out, stopped, killed, lingered, exited;
	int status, interrupted;
	uint64_t oom_kills, achieved_bytes, limit_bytes;
	enum blamed blamed;
	enum outcome expected, outcome;
	const char *reason; /* stands in it; "": there is none */
};

static const struct end ends[] = {
	{ .exited = true, .achieved_bytes = 100, .outcome = OUTCOME_OK, .reason = "" },
	{ .exited = true,
	  .achieved_bytes = 101,
	  .outcome = OUTCOME_TARGET_MISSED,
	  .reason = "101 bytes and 100 were asked for" },
	{ .exited = true,
	  .achieved_bytes = 99,
	  .outcome = OUTCOME_TARGET_MISSED,
	  .reason = "99 of 100" },
	/* In the background: until the others are done. */
	{ .exited = true, .stopped = true, .achieved_bytes = 99, .reason = "" },
	{ .exited = true,
	  .stopped = true,
	  .achieved_bytes = 101,
	  .outcome = OUTCOME_TARGET_MISSED,
	  .reason = "101 bytes" },
	{ .exited = true,
	  .stopped = true,
	  .expected = OUTCOME_EXPECTED_OOM,
	  .outcome = OUTCOME_MISSING_OOM,
	  .reason = "did not come" },
	{ .exited = true,
	  .failed = true,
	  .status = LEFT(1),
	  .outcome = OUTCOME_FAILED,
	  .reason = "it said so" },
	{ .exited = true,
	  .status = KILLED,
	  .oom_kills = 1,
	  .expected = OUTCOME_EXPECTED_OOM,
	  .outcome = OUTCOME_EXPECTED_OOM,
	  .reason = "" },
	{ .exited = true,
	  .status = KILLED,
	  .oom_kills = 1,
	  .outcome = OUTCOME_UNEXPECTED_OOM,
	  .reason = "was not expected" },
	/* SIGKILL alone is no OOM kill. */
	{ .exited = true,
	  .status = KILLED,
	  .outcome = OUTCOME_KILLED_BY_OTHER,
	  .reason = "signal 9, without an OOM kill" },
	{ .exited = true,
	  .status = KILLED,
	  .expected = OUTCOME_EXPECTED_OOM,
	  .outcome = OUTCOME_KILLED_BY_OTHER,
	  .reason = "signal 9" },
	{ .exited = true,
	  .status = SIGSEGV,
	  .outcome = OUTCOME_BROKEN,
	  .reason = "died of signal 11" },
	/* One at another's limit is not the expected one, and no fault of its own. */
	{ .exited = true,
	  .status = KILLED,
	  .oom_kills = 1,
	  .blamed = BLAME_ABOVE,
	  .expected = OUTCOME_EXPECTED_OOM,
	  .outcome = OUTCOME_KILLED_BY_OTHER,
	  .reason = "at the limit of /cg/pod and not at its own" },
	{ .exited = true,
	  .status = KILLED,
	  .oom_kills = 1,
	  .blamed = BLAME_ABOVE,
	  .outcome = OUTCOME_KILLED_BY_OTHER,
	  .reason = "/cg/pod" },
	{ .exited = true,
	  .status = KILLED,
	  .oom_kills = 1,
	  .limit_bytes = 1,
	  .blamed = BLAME_MACHINE,
	  .expected = OUTCOME_EXPECTED_OOM,
	  .outcome = OUTCOME_KILLED_BY_OTHER,
	  .reason = "out of memory" },
	/* What has no limit is there to make the machine run out of it. */
	{ .exited = true,
	  .status = KILLED,
	  .oom_kills = 1,
	  .blamed = BLAME_MACHINE,
	  .expected = OUTCOME_EXPECTED_OOM,
	  .outcome = OUTCOME_EXPECTED_OOM,
	  .reason = "" },
	{ .exited = true,
	  .achieved_bytes = 100,
	  .expected = OUTCOME_EXPECTED_OOM,
	  .outcome = OUTCOME_MISSING_OOM,
	  .reason = "did not come" },
	{ .exited = true,
	  .status = LEFT(3),
	  .outcome = OUTCOME_BROKEN,
	  .reason = "status 3: it said so" },
	{ .exited = true,
	  .timed_out = true,
	  .achieved_bytes = 100,
	  .outcome = OUTCOME_TIMEOUT,
	  .reason = "timeout of 2.0 s" },
	{ .exited = true,
	  .timed_out = true,
	  .killed = true,
	  .status = KILLED,
	  .outcome = OUTCOME_TIMEOUT,
	  .reason = "timeout of 2.0 s and killed" },
	{ .exited = true,
	  .killed = true,
	  .status = KILLED,
	  .outcome = OUTCOME_TIMEOUT,
	  .reason = "when the others were done" },
	{ .exited = true,
	  .killed = true,
	  .lingered = true,
	  .status = KILLED,
	  .outcome = OUTCOME_TIMEOUT,
	  .reason = "of BYE" },
	/* What the kernel counted outranks the signal that ended the run. */
	{ .interrupted = SIGTERM,
	  .oom_kills = 1,
	  .outcome = OUTCOME_UNEXPECTED_OOM,
	  .reason = "OOM" },
	{ .interrupted = SIGTERM, .outcome = OUTCOME_INTERRUPTED, .reason = "Terminated" },
};

static void an_end_has_one_outcome_and_says_why(void **state)
{
	struct ledger *ledger = calloc(1, LEDGER_BYTES);

	(void)state;
	assert_non_null(ledger);
	snprintf(ledger->error, sizeof(ledger->error), "it said so");
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct end *end = &ends[i];
		const struct workload_env env = { .limit_bytes = end->limit_bytes };
		const struct plan_worker plan = { .prediction.target_bytes = 100,
						  .env = &env,
						  .request.timeout_ns = 2000000000,
						  .prediction.expected = end->expected };
		struct trial_worker worker = { .plan = &plan,
					       .failed = end->failed,
					       .timed_out = end->timed_out,
					       .stopped = end->stopped,
					       .killed = end->killed,
					       .lingered = end->lingered,
					       .exited = end->exited,
					       .wait_status = end->status,
					       .oom_kills = end->oom_kills,
					       .blamed = end->blamed,
					       .blamed_group = "/cg/pod",
					       .last = ledger };

		ledger->achieved_bytes = end->achieved_bytes;
		trial_worker_decide(&worker, end->interrupted);
		if (worker.outcome != end->outcome || !strstr(worker.reason, end->reason) ||
		    !*end->reason != !*worker.reason)
			fail_msg("end %zu: %s: %s", i, outcome_name(worker.outcome),
				 worker.reason);
	}
	free(ledger);
}

/* A worker that no signal ends, in whose place stand a pidfd and a report pipe that stay
 * silent. */
struct frozen {
	struct plan plan;
	struct plan_worker worker;
	struct trial *trial;
	int silent[2];
};

static void freeze(struct frozen *f)
{
	struct trial_worker *worker;

	memset(f, 0, sizeof(*f));
	assert_int_equal(pipe(f->silent), 0);
	f->trial = calloc(1, sizeof(*f->trial));
	assert_non_null(f->trial);
	snprintf(f->worker.name, sizeof(f->worker.name), "hog");
	f->trial->plan = &f->plan;
	f->trial->nr_workers = 1;
	f->trial->signal_fd = f->trial->timer_fd = -1;
	worker = &f->trial->worker[0];
	worker->plan = &f->worker;
	process_init(&worker->process);
	assert_int_equal(process_make_ledger(&worker->process, NULL), 0);
	worker->process.pidfd = worker->process.report_fd = f->silent[0];
	worker->state = WORKER_RUNNING;
	worker->went = worker->killed = true;
	worker->killed_ns = clock_now_ns() - TRIAL_EXIT_BOUND_NS - 1;
	alarm(300); /* an endless wait ends the test; any machine is faster than that */
}

static void thaw(struct frozen *f)
{
	alarm(0);
	close(f->silent[1]);
	f->trial->worker[0].process.report_fd = -1; /* the same as pidfd */
	process_release(&f->trial->worker[0].process);
	free(f->trial);
}

static void a_worker_that_survives_sigkill_ends_the_wait_for_it(void **state)
{
	struct error e = { "" }, other = { "" }, last = { "" };
	struct frozen f;

	(void)state;
	freeze(&f);
	assert_int_equal(trial_run_workers(f.trial, &e), -ETIMEDOUT);
	assert_non_null(strstr(e.text, "hog"));
	f.worker.request.background = true;
	assert_int_equal(trial_stop_background(f.trial, &other), -ETIMEDOUT);
	assert_true(f.trial->worker[0].stopped);
	assert_int_equal(trial_bye(f.trial, &last), -ETIMEDOUT);
	thaw(&f);
}

/* It was killed just now: the kernel can take some time. */
static void a_worker_that_was_just_killed_is_waited_for(void **state)
{
	struct frozen f;

	(void)state;
	freeze(&f);
	f.trial->worker[0].killed_ns = clock_now_ns() - TRIAL_EXIT_BOUND_NS + 300000000u;
	assert_int_equal(trial_run_workers(f.trial, NULL), -ETIMEDOUT);
	assert_true(clock_now_ns() > f.trial->worker[0].killed_ns + TRIAL_EXIT_BOUND_NS);
	thaw(&f);
}

/* A child that only SIGKILL ends, as the worker. */
static void past_its_deadline_a_worker_is_asked_and_after_the_grace_killed(void **state)
{
	const uint64_t grace_ns = 400000000;
	struct process *process;
	struct trial_worker *worker;
	struct frozen f;

	(void)state;
	freeze(&f);
	worker = &f.trial->worker[0];
	process = &worker->process;
	process->pid = fork();
	if (!process->pid) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	assert_true(process->pidfd >= 0);
	worker->killed = false;
	worker->go_ns = clock_now_ns();
	f.worker.request.timeout_ns = 1;
	f.plan.grace_ns = grace_ns;
	assert_int_equal(trial_run_workers(f.trial, NULL), 0);
	assert_int_equal(process->ledger->stop, 1);
	assert_true(worker->timed_out);
	assert_true(worker->killed);
	assert_true(worker->killed_ns > worker->go_ns + grace_ns);
	assert_int_equal(worker->state, WORKER_DEAD);
	close(f.silent[0]);
	thaw(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_has_one_outcome_and_says_why),
		cmocka_unit_test(a_worker_that_survives_sigkill_ends_the_wait_for_it),
		cmocka_unit_test(a_worker_that_was_just_killed_is_waited_for),
		cmocka_unit_test(
			past_its_deadline_a_worker_is_asked_and_after_the_grace_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
