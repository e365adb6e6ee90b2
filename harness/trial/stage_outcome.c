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
			 (double)actor->plan->timeout_ns / 1e9,
			 actor->killed ? " and killed when the grace was over" : "");
}

void actor_decide(struct actor *actor, int interrupted)
{
	const struct plan_worker *plan = actor->plan;
	const struct ledger *ledger = actor->last;
	const int status = actor->wait_status;
	char *reason = actor->reason;
	const size_t room = sizeof(actor->reason);

	if (actor->failed) {
		actor->outcome = OUTCOME_FAILED;
		snprintf(reason, room, "%s", ledger->error);
	} else if (actor->oom_kills && plan->expects_oom) {
		actor->outcome = OUTCOME_EXPECTED_OOM;
	} else if (actor->oom_kills) {
		actor->outcome = OUTCOME_UNEXPECTED_OOM;
		snprintf(reason, room,
			 "the kernel OOM-killed in its group and nothing expected it");
	} else if (interrupted) {
		actor->outcome = OUTCOME_INTERRUPTED;
		snprintf(reason, room, "%s", strsignal(interrupted));
	} else if (actor->timed_out || actor->killed) {
		actor->outcome = OUTCOME_TIMEOUT;
		tell_timeout(actor);
	} else if (actor->exited && WIFSIGNALED(status)) {
		actor->outcome = OUTCOME_BROKEN;
		snprintf(reason, room,
			 "the worker died of signal %d without an OOM kill in its group",
			 WTERMSIG(status));
	} else if (actor->exited && WEXITSTATUS(status)) {
		actor->outcome = OUTCOME_BROKEN;
		snprintf(reason, room, "the worker left with status %d: %.400s",
			 WEXITSTATUS(status),
			 ledger->error[0] ? ledger->error : "it gave no reason");
	} else if (plan->expects_oom) {
		actor->outcome = OUTCOME_MISSING_OOM;
		snprintf(reason, room, "an OOM kill was expected and did not come");
	} else if (ledger->achieved_bytes < plan->target_bytes) {
		actor->outcome = OUTCOME_TARGET_MISSED;
		snprintf(reason, room, "it held %lu of %lu bytes",
			 (unsigned long)ledger->achieved_bytes,
			 (unsigned long)plan->target_bytes);
	} else if (plan->target_bytes && ledger->achieved_bytes > plan->target_bytes) {
		actor->outcome = OUTCOME_TARGET_MISSED;
		snprintf(reason, room, "it says that it held %lu bytes and %lu were asked for",
			 (unsigned long)ledger->achieved_bytes,
			 (unsigned long)plan->target_bytes);
	} else {
		actor->outcome = OUTCOME_OK;
	}
}
