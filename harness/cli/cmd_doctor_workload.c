// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The doctor's line for each workload: what a run of it with its defaults would lack here, by
 * the plan of such a run, so that nothing can be lacking that only the run finds out.
 */
#include "harness/cli/cmd_doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plan/plan.h"

/* "doctor: error: oom needs a limit …" without the place: that is no file. */
static const char *sentence(const char *text)
{
	const char *after = strstr(text, "error: ");

	return after ? after + strlen("error: ") : text;
}

static int make_plan(struct plan *plan, const struct workload *workload,
		     const struct host *host, struct error *e)
{
	char text[128];
	struct profile profile;
	FILE *stream;
	int ret;

	snprintf(text, sizeof(text), "[profile]\nnoise = no\n[workload a]\ntype = %s\n",
		 workload->name);
	stream = fmemopen(text, strlen(text), "r");
	if (!stream)
		return error_set(e, errno, "cannot plan it: %s", strerror(errno));
	profile_init(&profile);
	ret = profile_read_stream(&profile, stream, "doctor", e);
	fclose(stream);
	if (!ret)
		ret = plan_make(plan, &profile, host, e);
	profile_release(&profile);
	return ret;
}

void doctor_workload(const struct host *host, const struct workload *workload,
		     struct finding *finding)
{
	struct plan *plan = calloc(1, sizeof(*plan)); /* large */
	struct error e = { "" };
	const char *lack;

	if (!plan || make_plan(plan, workload, host, &e)) {
		doctor_find(finding, DOCTOR_OK, NULL, "runs with more options: %.250s",
			    sentence(e.text));
		free(plan);
		return;
	}
	lack = plan->cell[0].worker[0].skip;
	if (lack[0])
		doctor_find(finding, DOCTOR_LIMITED, NULL, "is skipped: %.280s", lack);
	else if (plan->risk >= RISK_R2 && !host->lab[0])
		doctor_find(finding, DOCTOR_OK, NULL, "runs with --allow-risk=%s: %.200s",
			    risk_name(plan->risk), plan->risk_why);
	else if (host->place == CGROUP_IN_PLACE)
		doctor_find(finding, DOCTOR_OK, NULL, "runs, in place");
	else
		doctor_find(finding, DOCTOR_OK, NULL, "runs");
	plan_release(plan);
	free(plan);
}
