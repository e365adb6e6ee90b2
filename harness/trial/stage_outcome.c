// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decides a worker's outcome. An OOM kill is told by the group's own count, never by
 * SIGKILL alone.
 */
#include "harness/trial/stage_part.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static void tell_timeout(struct actor *actor)
{
	char *reason = actor->reason;
	const size_t room = sizeof(actor->reason);

	if (actor->lingered)
		snprintf(reason, room, "it did not leave within %llu s of BYE and was killed",
			 STAGE_EXIT_BOUND_NS / STAGE_SECOND_NS);
	else if (!actor->timed_out)
		snprintf(reason, room,
			 "it did not stop when the others were done and was killed when the "
			 "grace was over");
	else
		snprintf(reason, room, "still running after its timeout of %.1f s%s",
			 (double)actor->plan->request.timeout_ns / 1e9,
			 actor->killed ? " and killed when the grace was over" : "");
}

/* Its process ended by itself, and not as one that did its work. */
static enum outcome broke(struct actor *actor)
{
	const char *said = actor->last->error;
	const int status = actor->wait_status;

	if (WIFSIGNALED(status))
		snprintf(actor->reason, sizeof(actor->reason),
			 "the worker died of signal %d without an OOM kill in its group",
			 WTERMSIG(status));
	else
		snprintf(actor->reason, sizeof(actor->reason),
			 "the worker left with status %d: %.400s", WEXITSTATUS(status),
			 said[0] ? said : "it gave no reason");
	return OUTCOME_BROKEN;
}

/* It did its work to the end: was it what was asked for? */
static enum outcome finished(struct actor *actor)
{
	const uint64_t target = actor->plan->prediction.target_bytes;
	const uint64_t achieved = actor->last->achieved_bytes;
	char *reason = actor->reason;
	const size_t room = sizeof(actor->reason);

	if (actor->plan->prediction.expects_oom) {
		snprintf(reason, room, "an OOM kill was expected and did not come");
		return OUTCOME_MISSING_OOM;
	}
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

static enum outcome decide(struct actor *actor, int interrupted)
{
	char *reason = actor->reason;
	const size_t room = sizeof(actor->reason);

	if (actor->failed) {
		snprintf(reason, room, "%s", actor->last->error);
		return OUTCOME_FAILED;
	}
	if (actor->oom_kills && actor->plan->prediction.expects_oom)
		return OUTCOME_EXPECTED_OOM;
	if (actor->oom_kills) {
		snprintf(reason, room,
			 "the kernel OOM-killed in its group and nothing expected it");
		return OUTCOME_UNEXPECTED_OOM;
	}
	if (interrupted) {
		snprintf(reason, room, "%s", strsignal(interrupted));
		return OUTCOME_INTERRUPTED;
	}
	if (actor->timed_out || actor->killed) {
		tell_timeout(actor);
		return OUTCOME_TIMEOUT;
	}
	if (actor->exited && actor->wait_status)
		return broke(actor);
	return finished(actor);
}

void actor_decide(struct actor *actor, int interrupted)
{
	actor->outcome = decide(actor, interrupted);
}
