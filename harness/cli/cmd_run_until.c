// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks at a run between its blocks. What decides is in harness/report/until.c. */
#include "harness/cli/cmd_run_until.h"

#include <errno.h>
#include <stdio.h>

#include "harness/cli/cmd.h"
#include "harness/report/power.h"

int cmd_until_prepare(struct cmd_until *u, const struct plan *plan, struct error *e)
{
	if (!plan->primary.nr)
		return error_set(
			e, EINVAL,
			"--until=decided: the profile names no primary metric; add profile.primary=latency_p99_ns or another");
	if (plan->nr_cells < 2)
		return error_set(
			e, EINVAL,
			"--until=decided compares the cells of a sweep, and this plan has one cell");
	if (until_schedule(&u->schedule, power_tests(plan), plan->repeats))
		return error_set(
			e, EINVAL,
			"--until=decided: %u repeats cannot decide %u comparisons; give more with --repeat",
			plan->repeats, power_tests(plan));
	return 0;
}

bool cmd_until_enough(const char *path, unsigned repeats, void *arg)
{
	struct cmd_until *u = arg;

	if (!until_number(&u->schedule, repeats))
		return false;
	u->repeats = repeats;
	/* A look that fails stops nothing: the run goes on to its bound. */
	if (until_look(path, &u->last, &u->failed))
		return false;
	return u->last.primary && !u->last.undecided;
}

bool cmd_until_report(const struct cmd_until *u)
{
	if (u->failed.text[0]) {
		cmd_complain(&u->failed);
		return false;
	}
	if (!u->repeats || !u->last.primary) {
		fputs("pagestorm: note: not decided: no primary metric was recorded in two cells\n",
		      stderr);
		return false;
	}
	if (u->last.undecided) {
		fprintf(stderr,
			"pagestorm: note: not decided after %u repeats: %u of %u comparisons, such as %s\n",
			u->repeats, u->last.undecided, u->last.primary, u->last.example);
		return false;
	}
	fprintf(stderr, "pagestorm: note: decided after %u repeats, at look %u of %u\n",
		u->repeats, until_number(&u->schedule, u->repeats), u->schedule.nr);
	return true;
}
