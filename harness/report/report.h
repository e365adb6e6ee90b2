/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The contents of one results directory, prepared for output: outcomes, medians per cell, the
 * truth table with failures first, the noise floor. Made once, then written as text, JSON or
 * HTML.
 */
#ifndef PAGESTORM_REPORT_H
#define PAGESTORM_REPORT_H

#include <stdio.h>

#include "harness/report/compare.h"
#include "harness/report/result_dir.h"
#include "harness/report/metric.h"
#include "harness/report/stats.h"
#include "harness/report/table.h"
#include "harness/tables/score_row.h"

/* Verdicts of truth.csv, in the order of output. */
enum truth {
	TRUTH_FAIL,
	TRUTH_DISTURBED,
	TRUTH_NOISE,
	TRUTH_ABSENT,
	TRUTH_PASS,
	TRUTH_KINDS,
};

const char *truth_name(enum truth truth);

/* "≥" for "ge" and so on; a relation that is not known stands as it is. */
const char *truth_relation_sign(const char *relation);

/*
 * One claim of one worker: a single row of truth.csv when it failed, otherwise all
 * repeats and cells with the same verdict together. Strings are the directory's.
 */
struct truth_line {
	enum truth verdict;
	const char *worker, *quantity, *span, *counter, *unit, *relation, *basis, *why;
	const char *tolerance;
	double expected_min, expected_max; /* NaN: absent */
	double observed_min, observed_max;
	double noise; /* largest; NaN: no null run */
	size_t nr;
	const char *cell_label; /* of a failure; NULL otherwise */
	const char *repeat;
};

/* The movement of a counter in the null run. */
struct noise_line {
	const char *counter, *span, *unit;
	double noise;
};

struct tally {
	const char *word; /* an outcome */
	size_t nr;
};

#define OUTCOMES_MAX 16
#define SWEPT_MAX    8

/* One swept setting; its values ascending, or in the order of the cells when not numeric. */
struct swept {
	char key[64];
	char **value;
	size_t nr;
	bool numeric;
};

struct report {
	struct result_dir dir;
	struct tally outcome[OUTCOMES_MAX]; /* warm-ups left out; "ok" first */
	unsigned nr_outcomes;
	struct tally scored[OUTCOMES_MAX]; /* verdicts of scorecard.csv, "wrong" first */
	unsigned nr_scored;
	size_t *score; /* rows of the scorecard, tool by tool, the wrong ones first in both */
	size_t *unexpected; /* rows of runs.csv that did not end ok or as expected */
	size_t nr_unexpected;
	struct truth_line *truth; /* failures first */
	size_t nr_truth;
	size_t claims[TRUTH_KINDS];
	struct noise_line *noise; /* the noisiest counters of each unit first */
	size_t nr_noise;
	struct swept swept[SWEPT_MAX];
	unsigned nr_swept;
	struct compare cells; /* each cell against the first */
	struct metric_list metrics;
	bool machine_wide[METRICS_MAX];	  /* by metric: of the whole machine in some run */
	const struct comparison **change; /* the same place; NULL: none */
	struct summary *summary;	  /* [series * metrics.nr + metric] */
};

int report_open(struct report *r, const char *path, struct error *e);
void report_release(struct report *r);

/* metric: its place in r->metrics. */
const struct summary *report_summary(const struct report *r, size_t series, size_t metric);

/* "swapped in", or "swapped in (machine)" where the kernel does not count it by group. */
#define METRIC_LABEL_BYTES 64
void report_metric_label(const struct report *r, size_t metric, char label[METRIC_LABEL_BYTES]);

/* Of the series' cell with the first; NULL for the first and where nothing was recorded. */
const struct comparison *report_comparison(const struct report *r, size_t series,
					   size_t metric);

/*
 * CHANGE_NOISE also for the first cell and where there is nothing to compare, or no block has
 * both cells.
 */
enum change report_change(const struct report *r, size_t series, size_t metric, double *ratio);

/* The value of a swept setting in a cell's label; false when the label has none. */
bool label_value(const char *label, const char *key, char *value, size_t value_bytes);

/* The label without that setting. */
void label_rest(const char *label, const char *key, char *out, size_t out_bytes);

/* 10, 0.5, 64M, 64MiB; false: not a number. */
bool swept_number(const char *text, double *number);

/*
 * One option of several workers that is swept in step: brk.size=4K;mmap.size=4K is
 * size=4K. False when the label is of another kind.
 */
bool report_common_value(const struct report *r, const char *label, char *out,
			 size_t out_bytes);

/* "10" where one setting is swept, else the whole label; "all" where nothing is. */
void report_cell_name(const struct report *r, const char *label, char *out, size_t out_bytes);

/* Whether the row of the scorecard that is shown there begins another tool. */
bool report_is_tool_first(const struct report *r, size_t place);

/* What the row's number is: right, wrong … */
enum score_verdict report_score_verdict(const struct report *r, size_t row);

/* False when something failed: output begins with that. */
bool report_is_clean(const struct report *r);

/* One line each, without the directory's name; "" when run.json does not say. */
void report_machine(const struct report *r, char *out, size_t out_bytes);
void report_extent(const struct report *r, char *out, size_t out_bytes);

int report_print_text(const struct report *r, FILE *out, const struct screen *screen, bool all);

struct json_t *report_json(const struct report *r);

#endif
