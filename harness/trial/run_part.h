/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a run, and how its rows are made. For run*.c alone.
 */
#ifndef PAGESTORM_RUN_PART_H
#define PAGESTORM_RUN_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/record/evidence.h"
#include "harness/trial/resume.h"
#include "harness/trial/run.h"
#include "harness/trial/sample.h"

struct run {
	const struct plan *plan;
	const struct run_options *options;
	struct run_summary *summary;
	struct results results;
	struct journal journal;
	struct swapdev swap;
	/* Large, and on the heap: static data of this program would be the worker's as well. */
	struct trial *trial, *null_trial;
	struct judgement *judgement; /* CLAIMS_MAX + EXPECTATIONS_MAX */
	unsigned own;		     /* enum evidence_own, of all workers of the trial */
	struct evidence_use use;     /* of the trial */
	unsigned retries;	     /* 0 where a controller or a hook looks at each trial */
	unsigned attempt;	     /* of the step, from 1 */
	bool disturbed;		     /* a claim of this attempt */
	bool failed;		     /* something of this attempt, without an explanation */
	struct sample_base base;
	struct resume resume;
	size_t step; /* from 0 */
	int broken;  /* -errno of the first step in which the harness failed */
	struct error broken_why;
	unsigned good;	  /* steps without an error of the harness */
	uint32_t has_row; /* bit n: worker n of the step's cell */
	int repeat;
	unsigned repeats_done; /* by all cells, where options->enough asks */
	bool in_null;
	uint64_t start_ns;
	unsigned flush_waits;
	char scratch[sizeof(((struct workload_env *)0)->scratch_dir)]; /* absolute */
	int raw_dirfd; /* -1 unless the profile has keep_raw */
	char raw_prefix[64];
};

/* Where rows of this worker belong; NULL: the run's own. */
struct row_place run_place(const struct run *run, const struct trial *trial,
			   const struct trial_worker *worker);

/* Whether the attempt is to be repeated: disturbed, and nothing in it failed. */
bool run_is_repeated(const struct run *run);

/*
 * The rows of every worker of a trial, judged against its claims and the profile's
 * expectations; what failed is held against the evidence. complete: the trial went to its end;
 * otherwise only the outcome is reported. The noise floor is the null run's, if there was one.
 * -ENOMEM, or what sites.csv says.
 */
int run_write_trial(struct run *run, struct trial *trial, bool complete, struct error *e);

/* Rows of workers that cannot run here, with the plan's reason. */
void run_write_skipped(struct run *run, const struct plan_cell *cell);

/* Rows of all workers of a cell whose settings are not permitted here. */
void run_write_cell_skipped(struct run *run, const struct plan_cell *cell, const char *reason);

/* The harness failed: each worker of the step without a row gets one. */
void run_write_broken(struct run *run, const struct plan_cell *cell, const char *reason);

/* The signal came during the null run: the workers that were to follow have rows too. */
void run_write_interrupted(struct run *run, const struct trial *trial);

/* Adds a row, a verdict, or all rows of a resumed run to the summary. */
/* Of a null run, `floor`, disturbance does not decide how the run ends. */
void tally_outcome(struct run_summary *s, const struct plan_worker *worker,
		   enum outcome outcome, bool floor);
void tally_verdict(struct run_summary *s, enum verdict verdict);
void tally_resumed(struct run_summary *s, const struct plan *plan, const struct resume *resume);

#endif
