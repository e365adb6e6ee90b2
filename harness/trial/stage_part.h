/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a stage's play that have a file of their own. For stage*.c alone.
 */
#ifndef PAGESTORM_STAGE_PART_H
#define PAGESTORM_STAGE_PART_H

#include "harness/trial/stage.h"

#define STAGE_SECOND_NS 1000000000u

/* How long a worker may take to leave after BYE, or after SIGKILL. */
#define STAGE_EXIT_BOUND_NS (30ull * STAGE_SECOND_NS)

/* For events.csv; actor and detail may be NULL. */
void stage_say(struct stage *stage, const struct actor *actor, const char *name,
	       const char *detail);

/*
 * One poll of everything that can happen, for at most 50 ms. readable: other_fd (-1: none)
 * has something to read, or its end. -EINTR after a signal.
 */
int stage_look(struct stage *stage, int other_fd, bool *readable);

/* Stops at a barrier that stage->pause names, until its controller goes on. -EINTR. */
int stage_pause_at(struct stage *stage, enum barrier barrier);

/*
 * The waits of a play. Each returns once every worker is past it, however it fares: dead
 * is past everything. -EINTR after a signal; -ETIMEDOUT when a bound of the harness
 * itself passed, with the sentence in *e.
 */
int stage_wait_ready(struct stage *stage, struct error *e);

/* GO, to HELD of all that are not in the background; deadlines kept. */
int stage_run_workers(struct stage *stage, struct error *e);

/* Antagonists run until the others are done. */
int stage_stop_background(struct stage *stage, struct error *e);

/* BYE, to the end of all and of their children. */
int stage_say_goodbye(struct stage *stage, struct error *e);

/* What became of a worker, by its ledger's copy, its exit and its group's OOM kills. Pure. */
void actor_decide(struct actor *actor, int interrupted);

#endif
