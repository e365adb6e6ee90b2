// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/trial/stage.h that need no machine: what a worker's end means, and
 * that no wait for one is endless.
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
#include "harness/trial/stage_part.h"

#define KILLED	   9		 /* wait status: died of SIGKILL */
#define LEFT(code) ((code) << 8) /* wait status: exit(code) */

struct end {
	bool failed, timed_out, killed, lingered, exited, expects_oom;
	int status, interrupted;
	uint64_t oom_kills, achieved_bytes;
	enum outcome outcome;
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
	{ .exited = true,
	  .failed = true,
	  .status = LEFT(1),
	  .outcome = OUTCOME_FAILED,
	  .reason = "it said so" },
	{ .exited = true,
	  .status = KILLED,
	  .oom_kills = 1,
	  .expects_oom = true,
	  .outcome = OUTCOME_EXPECTED_OOM,
	  .reason = "" },
	{ .exited = true,
	  .status = KILLED,
	  .oom_kills = 1,
	  .outcome = OUTCOME_UNEXPECTED_OOM,
	  .reason = "nothing expected it" },
	/* SIGKILL alone is no OOM kill. */
	{ .exited = true,
	  .status = KILLED,
	  .outcome = OUTCOME_BROKEN,
	  .reason = "signal 9 without an OOM kill" },
	{ .exited = true,
	  .status = KILLED,
	  .expects_oom = true,
	  .outcome = OUTCOME_BROKEN,
	  .reason = "signal 9" },
	{ .exited = true,
	  .achieved_bytes = 100,
	  .expects_oom = true,
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
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const struct end *end = &ends[i];
		const struct plan_worker plan = { .prediction.target_bytes = 100,
						  .request.timeout_ns = 2000000000,
						  .prediction.expects_oom = end->expects_oom };
		struct actor actor = { .plan = &plan,
				       .failed = end->failed,
				       .timed_out = end->timed_out,
				       .killed = end->killed,
				       .lingered = end->lingered,
				       .exited = end->exited,
				       .wait_status = end->status,
				       .oom_kills = end->oom_kills,
				       .last = ledger };

		ledger->achieved_bytes = end->achieved_bytes;
		actor_decide(&actor, end->interrupted);
		if (actor.outcome != end->outcome || !strstr(actor.reason, end->reason) ||
		    !*end->reason != !*actor.reason)
			fail_msg("end %zu: %s: %s", i, outcome_name(actor.outcome),
				 actor.reason);
	}
	free(ledger);
}

/* A worker that no signal ends, played by a pidfd and a report pipe that stay silent. */
struct frozen {
	struct plan plan;
	struct plan_worker worker;
	struct stage *stage;
	int silent[2];
};

static void freeze(struct frozen *f)
{
	struct actor *actor;

	memset(f, 0, sizeof(*f));
	assert_int_equal(pipe(f->silent), 0);
	f->stage = calloc(1, sizeof(*f->stage));
	assert_non_null(f->stage);
	snprintf(f->worker.name, sizeof(f->worker.name), "hog");
	f->stage->plan = &f->plan;
	f->stage->nr_actors = 1;
	f->stage->signal_fd = f->stage->timer_fd = -1;
	actor = &f->stage->actor[0];
	actor->plan = &f->worker;
	process_init(&actor->process);
	assert_int_equal(process_make_ledger(&actor->process, NULL), 0);
	actor->process.pidfd = actor->process.report_fd = f->silent[0];
	actor->state = ACTOR_RUNNING;
	actor->went = actor->killed = true;
	actor->killed_ns = clock_now_ns() - STAGE_EXIT_BOUND_NS - 1;
	alarm(300); /* an endless wait ends the test; any machine is faster than that */
}

static void thaw(struct frozen *f)
{
	alarm(0);
	close(f->silent[1]);
	f->stage->actor[0].process.report_fd = -1; /* the same as pidfd */
	process_release(&f->stage->actor[0].process);
	free(f->stage);
}

static void a_worker_that_survives_sigkill_ends_the_wait_for_it(void **state)
{
	struct error e = { "" }, other = { "" }, last = { "" };
	struct frozen f;

	(void)state;
	freeze(&f);
	assert_int_equal(stage_run_workers(f.stage, &e), -ETIMEDOUT);
	assert_non_null(strstr(e.text, "hog"));
	f.worker.request.background = true;
	assert_int_equal(stage_stop_background(f.stage, &other), -ETIMEDOUT);
	assert_int_equal(stage_say_goodbye(f.stage, &last), -ETIMEDOUT);
	thaw(&f);
}

/* It was killed just now: the kernel may need its time. */
static void a_worker_that_was_just_killed_is_waited_for(void **state)
{
	struct frozen f;

	(void)state;
	freeze(&f);
	f.stage->actor[0].killed_ns = clock_now_ns() - STAGE_EXIT_BOUND_NS + 300000000u;
	assert_int_equal(stage_run_workers(f.stage, NULL), -ETIMEDOUT);
	assert_true(clock_now_ns() > f.stage->actor[0].killed_ns + STAGE_EXIT_BOUND_NS);
	thaw(&f);
}

/* A child that hears nothing but SIGKILL, as the worker. */
static void past_its_deadline_a_worker_is_asked_and_after_the_grace_killed(void **state)
{
	const uint64_t grace_ns = 400000000;
	struct process *process;
	struct actor *actor;
	struct frozen f;

	(void)state;
	freeze(&f);
	actor = &f.stage->actor[0];
	process = &actor->process;
	process->pid = fork();
	if (!process->pid) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	assert_true(process->pidfd >= 0);
	actor->killed = false;
	actor->go_ns = clock_now_ns();
	f.worker.request.timeout_ns = 1;
	f.plan.grace_ns = grace_ns;
	assert_int_equal(stage_run_workers(f.stage, NULL), 0);
	assert_int_equal(process->ledger->stop, 1);
	assert_true(actor->timed_out);
	assert_true(actor->killed);
	assert_true(actor->killed_ns > actor->go_ns + grace_ns);
	assert_int_equal(actor->state, ACTOR_DEAD);
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
