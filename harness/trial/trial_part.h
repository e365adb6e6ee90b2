/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a trial that have a file of their own. For trial*.c alone.
 */
#ifndef PAGESTORM_TRIAL_PART_H
#define PAGESTORM_TRIAL_PART_H

#include "harness/trial/trial.h"

#define TRIAL_SECOND_NS 1000000000u

/* How long a worker may take to leave after BYE, or after SIGKILL. */
#define TRIAL_EXIT_BOUND_NS (30ull * TRIAL_SECOND_NS)

/* For events.csv; worker and detail may be NULL. */
void trial_note(struct trial *trial, const struct trial_worker *worker, const char *name,
		const char *detail);

/*
 * One poll of everything that can happen, for at most 50 ms. readable: other_fd (-1: none)
 * has something to read, or its end. -EINTR after a signal, which has no sentence.
 */
int trial_look(struct trial *trial, int other_fd, bool *readable, struct error *e);

/* Stops at a barrier that trial->pause names, until its controller goes on. As trial_look(). */
int trial_pause_at(struct trial *trial, enum barrier barrier, struct error *e);

/*
 * The waits of a trial. Each returns once every worker is past it; a dead worker is past
 * all of them. -EINTR after a signal; -ETIMEDOUT when a bound of the harness
 * itself passed, with the sentence in *e.
 */
int trial_wait_ready(struct trial *trial, struct error *e);

/* GO, to HELD of all that are not in the background; deadlines kept. */
int trial_run_workers(struct trial *trial, struct error *e);

/* Asks the workers in the background to stop, and waits for HELD of them. */
int trial_stop_background(struct trial *trial, struct error *e);

/* BYE, to the end of all and of their children. */
int trial_bye(struct trial *trial, struct error *e);

/* The outcome of a worker, by its ledger's copy, its exit and its group's OOM kills. Pure. */
void trial_worker_decide(struct trial_worker *worker, int interrupted);

#endif
