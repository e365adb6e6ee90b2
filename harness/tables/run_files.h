/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CSV files of a run and the struct of a row of each; that of runs.csv is in row.h. The
 * columns of each file are one table; results/SCHEMA.md describes them.
 */
#ifndef PAGESTORM_RUN_FILES_H
#define PAGESTORM_RUN_FILES_H

#include "harness/record/judge.h"
#include "harness/tables/column.h"
#include "harness/tables/csv.h"

/*
 * In the order in which they are written: a row of runs.csv implies that the others are
 * complete.
 */
enum run_file {
	FILE_COUNTERS,
	FILE_TRUTH,
	FILE_SAMPLES,
	FILE_EVENTS,
	FILE_SITES,
	FILE_LATENCY,
	FILE_RUNS,
	RUN_FILES,
};

extern const struct csv_file *const run_files[RUN_FILES];

/* Where a row belongs. */
struct row_place {
	unsigned cell;
	int repeat;
	const char *worker; /* "": the machine's or the run's */
	const char *workload;
	unsigned attempt; /* of the repeat, from 1: only the last one counts */
};

struct counter_row {
	const char *run, *profile;
	struct row_place place;
	enum span span;
	const char *scope, *source, *counter;
	enum kind kind;
	enum unit unit;
	struct number_cell before, after, delta;
};

struct truth_row {
	const char *run;
	struct row_place place;
	const char *quantity;
	enum span span;
	char counter[160]; /* scope/source/counter */
	enum unit unit;
	enum relation relation;
	enum basis basis;
	int64_t expected, tolerance;
	struct number_cell observed, noise;
	enum verdict verdict;
	const char *why;
};

struct sample_row {
	const char *run;
	struct row_place place;
	const char *phase;
	uint64_t t_ms;
	const char *quantity, *unit;
	int64_t value;
};

struct event_row {
	const char *run;
	struct row_place place;
	uint64_t t_ms;
	const char *event, *detail;
};

struct latency_row {
	const char *run;
	struct row_place place;
	uint64_t low_ns, high_ns, count;
};

struct site_row {
	const char *run;
	struct row_place place;
	const char *symbol;
	uint64_t offset, depth, live_blocks, live_bytes, allocations, frees;
};

#endif
