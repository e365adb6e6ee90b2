/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One repeat of one cell on stage: groups, workers, barriers, captures, outcome.
 *
 *	READY  prepared, nothing measured touched  → capture
 *	GO     run(), samples on a timer, deadline, stop flag, grace, kill
 *	HELD   memory still mapped, workers blocked → capture
 *	BYE    release, exit, reap → outcome
 *	GONE   what was left behind                 → capture
 *
 * At READY and HELD a trial can pause, after the capture, with all workers blocked.
 *
 * Dying is a result: a worker that was OOM-killed or timed out has an outcome,
 * not an error. Errors are the harness's own.
 */
#ifndef PAGESTORM_STAGE_H
#define PAGESTORM_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/record/record.h"
#include "harness/trial/capture.h"
#include "harness/trial/flush.h"
#include "harness/machine/group.h"
#include "harness/machine/journal.h"
#include "harness/trial/process.h"
#include "harness/machine/swapdev.h"

enum actor_state {
	ACTOR_STARTING,
	ACTOR_READY,
	ACTOR_RUNNING,
	ACTOR_HELD,
	ACTOR_DEAD, /* exited or killed, reaped */
};

/* A worker on stage. */
struct actor {
	const struct plan_worker *plan;
	struct group group;
	struct process process;
	enum actor_state state;
	bool failed;	 /* it said why it could not, in the ledger */
	bool timed_out;	 /* its deadline passed: asked to stop */
	bool killed;	 /* it did not end when it should */
	bool lingered;	 /* that was after BYE */
	bool went;	 /* GO was sent */
	bool exited;	 /* and reaped: wait_status is known */
	int wait_status; /* as of waitpid(2) */
	uint64_t go_ns, end_ns, held_ns;
	uint64_t killed_ns;  /* when, if it was */
	uint64_t oom_kills;  /* of its group */
	struct ledger *last; /* a copy of the ledger as it was at the end */
	struct record work, residue;
	enum outcome outcome;
	char reason[512];
};

struct stage;

/* Called once at each barrier with everything still in place: validate runs tools there. */
typedef int stage_hook(struct stage *stage, enum barrier barrier, void *arg, struct error *e);

/* Called on each tick of the sampling timer and on each change of phase. */
typedef void stage_tick(struct stage *stage, const char *phase, void *arg);

/* Called for events.csv. */
typedef void stage_event(struct stage *stage, const struct actor *actor, const char *event,
			 const char *detail, void *arg);

/* What a pause reports to whoever watches it. */
enum pause_news {
	PAUSE_BEGAN,	   /* all workers are blocked at the barrier */
	PAUSE_WORKER_DIED, /* meanwhile; the pause goes on */
	PAUSE_ABANDONED,   /* no controller is left: the run goes on, without pauses */
};

/* -errno: the report reaches no controller, so the run must not wait for an answer. */
typedef int stage_pause_report(const struct stage *stage, enum pause_news news,
			       enum barrier barrier, const struct actor *actor, void *arg);

/* Where a run stops, and what lets it go on. Lasts for all trials of a run. */
struct stage_pause {
	unsigned barriers; /* bit n: at enum barrier n */
	int in_fd;	   /* each line ends one pause; the end of the file all of them */
	stage_pause_report *report;
	void *arg;
	bool abandoned;
};

struct stage {
	/* what the caller gives */
	const struct plan *plan;
	const struct plan_cell *cell;
	int repeat;				       /* of the cell, from 1 */
	const struct plan_worker *worker[WORKERS_MAX]; /* the cell's, or its null worker */
	unsigned nr_actors;
	struct journal *journal;
	struct swapdev *swap; /* the run's own device, or NULL */
	int signal_fd;	      /* signalfd of SIGINT, SIGTERM, SIGHUP; -1: none */
	const char *scratch_dir;
	int raw_dirfd; /* where the captured bytes are kept; -1: nowhere */
	const char *raw_prefix;
	char *const *wrapper; /* a program to run the first worker under, or NULL */
	stage_hook *hook;
	struct stage_pause *pause; /* NULL: none */
	stage_tick *tick;
	stage_event *event;
	void *arg; /* of the three */

	/* what it works with */
	struct group top, run;
	struct flush flush;
	struct capture capture;
	struct actor actor[WORKERS_MAX];
	int timer_fd;
	uint64_t start_ns;	     /* of the first GO */
	uint64_t taken_ns[BARRIERS]; /* when the machine's counters were */
	int interrupted;	     /* the signal that ended it; 0: none */
};

/*
 * Plays the repeat to its end and leaves nothing behind. 0 whatever became of
 * the workers; -errno when the harness failed; -EINTR after a signal, with every
 * actor's outcome filled as well.
 */
int stage_play(struct stage *stage, struct error *e);

/* Frees records and ledger copies. */
void stage_release(struct stage *stage);

/* Milliseconds since the first GO; 0 before it. */
uint64_t stage_ms(const struct stage *stage);

#endif
