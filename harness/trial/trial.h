/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trial, one repeat of one cell: groups, workers, barriers, captures, outcome.
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
#ifndef PAGESTORM_TRIAL_H
#define PAGESTORM_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/record/record.h"
#include "harness/trial/capture.h"
#include "harness/trial/flush.h"
#include "harness/machine/blame.h"
#include "harness/machine/group.h"
#include "harness/machine/journal.h"
#include "harness/trial/process.h"
#include "harness/machine/swapdev.h"

enum worker_state {
	WORKER_STARTING,
	WORKER_READY,
	WORKER_RUNNING,
	WORKER_HELD,
	WORKER_DEAD, /* exited or killed, reaped */
};

/* A worker in a trial. */
struct trial_worker {
	const struct plan_worker *plan;
	struct group group;
	struct process process;
	enum worker_state state;
	bool failed;	 /* it reported a failure; the ledger has the reason */
	bool timed_out;	 /* its deadline passed: asked to stop */
	bool stopped;	 /* in the background, asked to stop before it was done */
	bool killed;	 /* by the harness, when the grace was over */
	bool lingered;	 /* that was after BYE */
	bool went;	 /* GO was sent */
	bool exited;	 /* and reaped: wait_status is known */
	int wait_status; /* as of waitpid(2) */
	uint64_t go_ns, end_ns, held_ns;
	uint64_t killed_ns; /* when, if it was */
	uint64_t oom_kills; /* of its group */
	enum blamed blamed; /* whose limit they were at */
	char blamed_group[GROUP_PATH_BYTES];
	struct ledger *last; /* a copy of the ledger as it was at the end */
	struct record work, residue;
	enum outcome outcome;
	char reason[512];
};

struct trial;

/* Called once at each barrier with everything still in place: validate runs tools there. */
typedef int trial_hook(struct trial *trial, enum barrier barrier, void *arg, struct error *e);

/* Called on each tick of the sampling timer and on each change of phase. */
typedef void trial_tick(struct trial *trial, const char *phase, void *arg);

/* Called for events.csv. */
typedef void trial_event(struct trial *trial, const struct trial_worker *worker,
			 const char *event, const char *detail, void *arg);

/* What a pause reports to its controller. */
enum pause_news {
	PAUSE_BEGAN,	   /* all workers are blocked at the barrier */
	PAUSE_WORKER_DIED, /* meanwhile; the pause goes on */
	PAUSE_ABANDONED,   /* the controller is gone: the run goes on, without pauses */
};

/* -errno: the report reaches no controller, so the run must not wait for an answer. */
typedef int trial_pause_report(const struct trial *trial, enum pause_news news,
			       enum barrier barrier, const struct trial_worker *worker,
			       void *arg);

/* Where a run pauses, and what continues it. Lasts for all trials of a run. */
struct trial_pause {
	unsigned barriers; /* bit n: at enum barrier n */
	int in_fd;	   /* each line ends one pause; the end of the file all of them */
	trial_pause_report *report;
	void *arg;
	bool abandoned;
};

struct trial {
	/* what the caller gives */
	const struct plan *plan;
	const struct plan_cell *cell;
	int repeat;					/* of the cell, from 1 */
	unsigned attempt;				/* of the repeat, from 1 */
	const struct plan_worker *planned[WORKERS_MAX]; /* the cell's, or its null worker */
	unsigned nr_workers;
	struct journal *journal;
	struct swapdev *swap; /* the run's own device, or NULL */
	int signal_fd;	      /* signalfd of SIGINT, SIGTERM, SIGHUP; -1: none */
	const char *scratch_dir;
	int raw_dirfd; /* where the captured bytes are kept; -1: nowhere */
	const char *raw_prefix;
	char *const *wrapper; /* a program to run the first worker under, or NULL */
	trial_hook *hook;
	struct trial_pause *pause; /* NULL: none */
	trial_tick *tick;
	trial_event *event;
	void *arg; /* of the three */

	/* what it works with */
	struct group top, run;
	struct blame blame;
	struct flush flush;
	struct capture capture;
	struct trial_worker worker[WORKERS_MAX];
	int timer_fd;
	uint64_t start_ns;	     /* of the first GO */
	uint64_t taken_ns[BARRIERS]; /* when the machine's counters were */
	int interrupted;	     /* the signal that ended it; 0: none */
};

/*
 * Runs the trial to its end and leaves nothing behind. 0 whatever the outcomes of the
 * workers; -errno when the harness failed; -EINTR after a signal, with each worker's
 * outcome set as well.
 */
int trial_run(struct trial *trial, struct error *e);

/* Frees records and ledger copies. */
void trial_release(struct trial *trial);

/* Milliseconds since the first GO; 0 before it. */
uint64_t trial_ms(const struct trial *trial);

#endif
