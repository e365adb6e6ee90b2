/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole run: the steps of the plan one after the other, each with its settings, its
 * swap device, a trial of the null workload for the noise floor and the trial itself;
 * claims are judged and rows written. Prints nothing.
 */
#ifndef PAGESTORM_RUN_H
#define PAGESTORM_RUN_H

#include <stdbool.h>

#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/trial/results.h"
#include "harness/tables/row.h"
#include "harness/trial/trial.h"

struct run_progress {
	size_t step, steps; /* step counts from 1 */
	const char *cell_label;
	int repeat;
	const char *phase; /* null, ready, running, held, done */
	double elapsed_s, expected_s;
	const struct trial *trial; /* NULL between trials */
};

struct run_options {
	const char *results_dir; /* where the results directory is made */
	const char *resume;	 /* NAME.partial to be continued, or NULL */
	int only_cell;		 /* -1: all */
	unsigned more_cells;	 /* that follow it; 0 with all */
	bool name_cell;		 /* the directory's name says which */
	int signal_fd;		 /* -1: none */
	char *const *wrapper;	 /* see trial.h */
	trial_hook *hook;	 /* called at the barriers of real trials, not of null ones */
	void *hook_arg;
	struct trial_pause *pause; /* of real trials, not of null ones; NULL: none */
	/*
	 * Called when a repeat of all cells is done, with the results directory; true: the run
	 * ends here as if the plan had no more of them. NULL: it goes through the plan.
	 */
	bool (*enough)(const char *path, unsigned repeats, void *arg);
	void *enough_arg;
	unsigned looks; /* how often enough() looks at the cells, for run.json; 0: never */
	void (*progress)(const struct run_progress *progress, void *arg);
	/* Each row as it is made, with its judgements. */
	void (*row)(const struct run_row *row, const struct judgement *judgements, unsigned nr,
		    void *arg);
	void *arg;
};

struct run_summary {
	char path[512]; /* of the results directory; "": none was made */
	unsigned rows;
	unsigned claims, claims_failed, claims_absent, claims_noise, claims_disturbed;
	unsigned unexpected;	   /* rows whose outcome was not expected */
	unsigned invalid;	   /* rows failed or broken */
	unsigned disturbed;	   /* rows whose last attempt was disturbed as well */
	unsigned floors_disturbed; /* of null runs: the trial beside it was judged all the same
				    */
	unsigned repeated; /* attempts that were disturbed and repeated: counted nowhere else */
	unsigned skipped;
	unsigned resumed;  /* steps that the cut run had completed */
	int interrupted;   /* the signal; 0: none */
	bool not_restored; /* the machine's state is not as it was */
};

/*
 * 0: ran to its end, whatever the verdicts; -EINTR after a signal; another -errno when
 * the harness failed. A step in which it failed has rows with the outcome broken, and the
 * run goes on, as long as the machine could be restored; when no step succeeds, the run
 * fails with the first step's error. The machine is restored in each case, or
 * summary->not_restored is set.
 */
int run_plan(const struct plan *plan, const struct run_options *options,
	     struct run_summary *summary, struct error *e);

#endif
