/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `pagestorm run --pause`: at which barriers, where the announcement goes and where the
 * answer comes from.
 *
 * The announcement of a pause is a line for each worker and then one for the barrier:
 *
 *	worker name=hog pid=4711 state=ready group=/sys/fs/cgroup/memory/…/run/hog
 *	paused barrier=ready cell=0 repeat=1 workers=1
 *
 * and, of a worker that dies before the pause ends, `died barrier=ready name=hog pid=4711`.
 */
#ifndef PAGESTORM_CMD_RUN_PAUSE_H
#define PAGESTORM_CMD_RUN_PAUSE_H

#include "harness/base/error.h"
#include "harness/trial/trial.h"

struct cmd_pause {
	struct trial_pause trial;     /* for run_options; without barriers: never pauses */
	int out_fd;		      /* -1: stderr, with a hint for a person */
	void (*make_room)(void *arg); /* called before stderr is written to */
	void *arg;
};

void cmd_pause_init(struct cmd_pause *p);

/* "ready,held". -EINVAL: *e says which word is none. */
int cmd_pause_barriers(struct cmd_pause *p, const char *list, struct error *e);

/* "OUT,IN": two numbers of open descriptors. -EINVAL. */
int cmd_pause_descriptors(struct cmd_pause *p, const char *text, struct error *e);

/*
 * Whether the answer can be waited for and the announcement be written: -EINVAL with the
 * remedy. Marks both descriptors so that no worker inherits them.
 */
int cmd_pause_check(const struct cmd_pause *p, struct error *e);

#endif
