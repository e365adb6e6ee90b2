/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A results directory on disk, recorded on any machine. Reads only; a missing file is an empty
 * table, a directory without results is an error.
 */
#ifndef PAGESTORM_RESULT_DIR_H
#define PAGESTORM_RESULT_DIR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"
#include "harness/plan/outcome.h"
#include "harness/plan/plan.h"
#include "harness/tables/csv.h"
#include "harness/report/metric.h"

struct json_t;

/* The repeats of one worker in one cell; the strings are the directory's. */
struct series {
	unsigned cell;
	const char *label; /* cell_label */
	const char *worker, *workload;
	size_t *row; /* of runs.csv, warm-ups left out, by repeat */
	size_t nr, capacity;
};

struct result_dir {
	char path[PATH_MAX];
	char id[256];	    /* the directory's name without .partial */
	bool partial;	    /* the run did not end, or is still running */
	struct json_t *run; /* run.json; NULL when there is none */
	struct csv_table runs, truth, samples, events, scorecard; /* of last attempts */
	struct series *series; /* by cell and worker, the null worker left out */
	size_t nr_series;
	char **machine; /* where rows were recorded, as text, each once */
	size_t nr_machines;
	unsigned *machine_of; /* by row of runs.csv */
	size_t repeated;      /* attempts that were disturbed; their rows are left out */
};

/* The sentence in *e names the file and what it lacks. -ENOENT, -EBADMSG, -ENOMEM. */
int result_dir_open(struct result_dir *f, const char *path, struct error *e);
void result_dir_release(struct result_dir *f);

/* Whether no series before this one is of the same worker. */
bool result_dir_is_worker_first(const struct result_dir *f, size_t series);

/* The cell's text in runs.csv; "" when the column is missing. */
const char *result_dir_run_cell(const struct result_dir *f, size_t row, const char *column);

/* Whether the run in this row ended as expected. */
enum ending result_dir_run_ending(const struct result_dir *f, size_t row);

/* NaN where the text is empty or not a number. */
double result_dir_number(const char *text);

/* The metric's values over the series, absent ones left out; *values is malloc'd. -ENOMEM. */
int result_dir_values(const struct result_dir *f, const struct series *s,
		      const struct column *m, double **values, size_t *nr);

/* The same for each run of the series, NaN where it is absent; value has s->nr places. */
void result_dir_series_values(const struct result_dir *f, const struct series *s,
			      const struct column *m, double *value);

/* When the run in this row was set up, in seconds since 1970; 0 when the file does not say. */
double result_dir_started(const struct result_dir *f, size_t row);

/* Looks "machine.kernel" up in run.json; NULL when it is not there. */
const struct json_t *result_dir_json(const struct result_dir *f, const char *path);

#endif
