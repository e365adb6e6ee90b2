// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decides a worker's outcome. An OOM kill is detected by the group's own count, never by
 * SIGKILL alone.
 */
#include "harness/trial/trial_part.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void explain_timeout(struct trial_worker *worker)
{
	char *reason = worker->reason;
	const size_t room = sizeof(worker->reason);

	if (worker->lingered)
		snprintf(reason, room, "it did not leave within %llu s of BYE and was killed",
			 TRIAL_EXIT_BOUND_NS / TRIAL_SECOND_NS);
	else if (!worker->timed_out)
		snprintf(
			reason, room,
			"it did not stop when the others were done and was killed when the grace was over");
	else
		snprintf(reason, room, "still running after its timeout of %.1f s%s",
			 (double)worker->plan->request.timeout_ns / 1e9,
			 worker->killed ? " and killed when the grace was over" : "");
}

/*
 * An OOM kill that its own limit did not cause: one of a group above, or, where it has a
 * limit, the machine's own lack of memory.
 */
static bool killed_from_above(struct trial_worker *worker)
{
	const struct workload_env *env = worker->plan->env;
	char *reason = worker->reason;
	const size_t room = sizeof(worker->reason);

	if (worker->blamed == BLAME_ABOVE)
		snprintf(
			reason, room,
			"an OOM kill at the limit of %.300s and not at its own: raise that limit or lower what runs below it",
			worker->blamed_group);
	else if (worker->blamed == BLAME_MACHINE && env && env->limit_bytes)
		snprintf(
			reason, room,
			"an OOM kill of the machine at no group's limit: the machine or a node was out of memory");
	else
		return false;
	return true;
}

/* SIGKILL, SIGTERM, SIGINT or SIGHUP of another process; others are the worker's own fault. */
static bool is_sent(int signal)
{
	return signal == SIGKILL || signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
}

/* Its process exited or died before it reported HELD. */
static enum outcome broke(struct trial_worker *worker)
{
	const char *said = worker->last->error;
	const int status = worker->wait_status;

	if (WIFSIGNALED(status) && worker->blamed == BLAME_ABOVE && killed_from_above(worker))
		return OUTCOME_KILLED_BY_OTHER; /* in place there is no group that counts it */
	if (WIFSIGNALED(status) && is_sent(WTERMSIG(status))) {
		snprintf(
			worker->reason, sizeof(worker->reason),
			"another process, such as an OOM daemon or a person, ended it with signal %d, without an OOM kill in its group",
			WTERMSIG(status));
		return OUTCOME_KILLED_BY_OTHER;
	}
	if (WIFSIGNALED(status))
		snprintf(worker->reason, sizeof(worker->reason),
			 "the worker died of signal %d without an OOM kill in its group",
			 WTERMSIG(status));
	else
		snprintf(worker->reason, sizeof(worker->reason),
			 "the worker exited with status %d: %.400s", WEXITSTATUS(status),
			 said[0] ? said : "it gave no reason");
	return OUTCOME_BROKEN;
}

/* run() returned: was the target reached? */
static enum outcome finished(struct trial_worker *worker)
{
	const uint64_t target = worker->plan->prediction.target_bytes;
	const uint64_t achieved = worker->last->achieved_bytes;
	char *reason = worker->reason;
	const size_t room = sizeof(worker->reason);

	if (worker->plan->prediction.expected == OUTCOME_EXPECTED_OOM) {
		snprintf(reason, room, "an OOM kill was expected and did not come");
		return OUTCOME_MISSING_OOM;
	}
	if (achieved < target && worker->stopped)
		return OUTCOME_OK; /* as the profile wants it: until the others are done */
	if (achieved < target)
		snprintf(reason, room, "it held %lu of %lu bytes", (unsigned long)achieved,
			 (unsigned long)target);
	else if (target && achieved > target)
		snprintf(reason, room, "it says that it held %lu bytes and %lu were asked for",
			 (unsigned long)achieved, (unsigned long)target);
	else
		return OUTCOME_OK;
	return OUTCOME_TARGET_MISSED;
}

static enum outcome decide(struct trial_worker *worker, int interrupted)
{
	char *reason = worker->reason;
	const size_t room = sizeof(worker->reason);

	if (worker->failed) {
		snprintf(reason, room, "%s", worker->last->error);
		return OUTCOME_FAILED;
	}
	if (worker->oom_kills && killed_from_above(worker))
		return OUTCOME_KILLED_BY_OTHER;
	if (worker->oom_kills && worker->plan->prediction.expected == OUTCOME_EXPECTED_OOM)
		return OUTCOME_EXPECTED_OOM;
	if (worker->oom_kills) {
		snprintf(reason, room, "an OOM kill in its group that was not expected");
		return OUTCOME_UNEXPECTED_OOM;
	}
	if (interrupted) {
		snprintf(reason, room, "%s", strsignal(interrupted));
		return OUTCOME_INTERRUPTED;
	}
	if (worker->timed_out || worker->killed) {
		explain_timeout(worker);
		return OUTCOME_TIMEOUT;
	}
	if (worker->exited && worker->wait_status)
		return broke(worker);
	return finished(worker);
}

void trial_worker_decide(struct trial_worker *worker, int interrupted)
{
	worker->outcome = decide(worker, interrupted);
}
