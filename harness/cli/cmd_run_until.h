/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `pagestorm run --until=decided`: looks at the run under way, and says how it ended. */
#ifndef PAGESTORM_CMD_RUN_UNTIL_H
#define PAGESTORM_CMD_RUN_UNTIL_H

#include "harness/plan/plan.h"
#include "harness/report/until.h"

#define CMD_UNTIL_REPEATS 40 /* at most, unless --repeat says otherwise */

struct cmd_until {
	bool on;
	struct until schedule;
	struct until_state last; /* of the last look */
	unsigned repeats;	 /* at the last look; 0: there was none */
	struct error failed;	 /* why a look could not be taken; "": none */
};

/* Whether there is something to decide, and when to look. -EINVAL with a sentence. */
int cmd_until_prepare(struct cmd_until *u, const struct plan *plan, struct error *e);

/* run_options.enough; arg: the struct cmd_until. */
bool cmd_until_enough(const char *path, unsigned repeats, void *arg);

/* One line on stderr; false: not decided. */
bool cmd_until_report(const struct cmd_until *u);

#endif
