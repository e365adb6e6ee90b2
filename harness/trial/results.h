/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The results directory of a run: made as NAME.partial, renamed when complete.
 * results/SCHEMA.md describes the files. The rows of a step are written and
 * fsync'd together, so that a run that is cut ends with whole steps. Only samples are written
 * as they are taken: a step may have any number of them, and those of a killed run can be read.
 */
#ifndef PAGESTORM_RESULTS_H
#define PAGESTORM_RESULTS_H

#include <stdbool.h>

#include <jansson.h>

#include "harness/base/error.h"
#include "harness/plan/plan.h"
#include "harness/record/judge.h"
#include "harness/tables/row.h"
#include "harness/tables/run_files.h"
#include "workloads/api/ledger.h"

struct results {
	char run[160];	  /* <UTC>-<profile> */
	int named_cell;	  /* set before it is opened: <UTC>-<profile>-cellK; -1: not */
	char path[512];	  /* of the directory, as long as it is .partial */
	char parent[320]; /* directory above it */
	int dirfd;	  /* -1: not open */
	char profile[64];
	json_t *settings_before; /* of the machine, at the first describe; for run.json */
	struct csv_writer csv[RUN_FILES]; /* fd -1: not open */
};

void results_init(struct results *r);

/* Makes the directory and those above it that are missing. */
int results_make_parents(const char *path, struct error *e);

/*
 * Whether another user could rename or replace what root writes to the directory, or where it
 * will be made: -EPERM (trust.h). No error of a run, which opens what it writes once and below
 * descriptors: volumes of containers are often another user's, or everyone's.
 */
int results_check_place(const char *parent, struct error *e);

/* Makes the directory below parent (made as well when missing) and the CSV files; writes
 * profile.ini. */
int results_open(struct results *r, const char *parent, const struct plan *plan,
		 struct error *e);

/* Opens NAME.partial, cut back to whole steps (resume.h), to append rows. */
int results_reopen(struct results *r, const char *path, const struct plan *plan,
		   struct error *e);

/*
 * Rows of counters.csv. own: the worker's groups and processes; otherwise what
 * belongs to the machine and the run.
 */
void results_counters(struct results *r, const struct row_place *place, enum span span,
		      const struct record *record, bool own);
void results_truth(struct results *r, const struct row_place *place, const struct judgement *j);
void results_run(struct results *r, const struct run_row *row);
void results_sample(struct results *r, struct sample_row row); /* run: filled in here */
/* Writes the complete rows of a tick; results_flush() reports an error. */
void results_sampled(struct results *r);
void results_event(struct results *r, const struct row_place *place, uint64_t t_ms,
		   const char *event, const char *detail);

/*
 * An event for each file with a line that was not understood: those of the worker that the
 * place names, or those of the machine and the run. reported: a record whose losses have their
 * events already, or NULL.
 */
void results_losses(struct results *r, const struct row_place *place, uint64_t t_ms,
		    const struct record *record, const struct record *reported);

/* The filled buckets of a worker's latencies. */
void results_latency(struct results *r, const struct row_place *place,
		     const struct histogram *h);

/* Rows of sites.csv, which is made with the first: places that allocate, by the ledger. */
int results_sites(struct results *r, const struct row_place *place, const struct ledger *ledger,
		  struct error *e);

/* Writes what was collected to disk. */
int results_flush(struct results *r, struct error *e);

/* run.json: the machine, versions, seed, plan and end. Replaces an earlier one atomically. */
int results_describe(struct results *r, const struct plan *plan, json_t *end, struct error *e);

/* The plan as run.json has it; to be freed with json_decref(). */
json_t *results_describe_plan(const struct plan *plan);

/*
 * Closes. complete: the directory loses its .partial. Otherwise rows that no results_flush()
 * wrote are dropped: runs.csv must not list a step whose other rows are missing.
 */
int results_close(struct results *r, bool complete, struct error *e);

#endif
