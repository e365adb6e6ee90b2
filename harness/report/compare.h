/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is B different from A? One comparison for each cell and worker that both have and
 * each metric; see stats.h for the test and why it is that one.
 *
 * Verdict, with level 5 % and `least` the larger of the smallest effect that
 * matters (2 % unless the user says otherwise: two builds or two boots of the same
 * thing differ by that much) and the metric's own resolution (latency percentiles
 * come in steps of 3.2 %):
 *
 *   too few runs  no p from so few repeats could reach 5 % (fewer than 4 and 4), or the
 *                 samples do not overlap at all and still so few repeats cannot show it
 *                 among so many comparisons: repeat more, or name fewer metrics
 *   better, worse p, adjusted for all comparisons made, is at most 5 % and the
 *                 ratio is at least `least` away from 1
 *   within noise  anything else
 *
 * The nominal rate: of two runs of the same thing, at most 5 % of whole comparisons
 * contain any better or worse. It holds as long as the repeats of A and B are
 * exchangeable: two directories recorded on different days also differ by the day. Cells
 * of one directory are interleaved and do not.
 */
#ifndef PAGESTORM_COMPARE_H
#define PAGESTORM_COMPARE_H

#include "harness/report/result_dir.h"
#include "harness/report/metric.h"
#include "harness/report/stats.h"
#include "harness/report/table.h"

#define COMPARE_LEAST_EFFECT 0.02

/* DIR, or DIR:KEY=VALUE[;KEY=VALUE…] for the cells with those settings. */
struct side {
	struct result_dir *dir;
	char name[520]; /* id and selector, for output */
	char selector[256];
};

int side_open(struct side *side, const char *argument, struct error *e);
void side_release(struct side *side);

enum change {
	CHANGE_WORSE,
	CHANGE_BETTER,
	CHANGE_TOO_FEW,
	CHANGE_NOISE,
};

const char *change_name(enum change change);

/* "A → B" */
#define PAIR_LABEL_BYTES (2 * CELL_LABEL_BYTES + 8)

struct comparison {
	/* the settings that both have; "A → B" for two single cells that differ */
	char cell[PAIR_LABEL_BYTES];
	const char *worker;
	const struct column *metric;
	struct summary a, b;
	struct contrast contrast;
	double p; /* adjusted */
	enum change change;
};

struct compare {
	/* what the caller gives */
	const struct side *a, *b;
	/* shell patterns of metric names; NULL-terminated, empty: all metrics */
	const char *const *patterns;
	double least_effect;

	/* what comes of it */
	struct comparison *row; /* by cell, worker and metric */
	size_t nr;
	size_t nr_tested; /* neither constant nor too few to decide: the family that p is
			     adjusted for */
	size_t nr_worse, nr_better, nr_too_few;
	size_t unmatched_a, unmatched_b; /* cells and workers that only one side has */
};

/*
 * A pattern that matches no metric, or none that both sides recorded, is -EINVAL; sides
 * without a common cell and worker are -ENOENT. a and b must outlive *c; the patterns are
 * not looked at again.
 */
int compare_make(struct compare *c, struct error *e);
void compare_release(struct compare *c);

/*
 * Compares each cell of one directory with its first, for the marks in a report. Rows have the
 * label of the other cell; sides stay NULL.
 */
int compare_cells(struct compare *c, const struct result_dir *f, double least_effect);

/* From samples to verdicts: adjusts p over all rows and fills change and the counts. */
int compare_judge(struct compare *c);

enum compare_format {
	COMPARE_TEXT,
	COMPARE_MARKDOWN,
	COMPARE_CSV,
	COMPARE_JSON,
};

int compare_print(const struct compare *c, enum compare_format format, FILE *out,
		  const struct screen *screen);

/*
 * A condition for CI: comma-separated terms, any of which trips: worse, better, changed,
 * METRIC=worse, METRIC>+5% (also < >= <=). METRIC is a shell pattern. A threshold trips only
 * where the difference itself exceeds the noise: the ratio of a noisy pair means nothing.
 */
enum gate_result {
	GATE_HOLDS,
	GATE_TRIPPED,
	GATE_UNDECIDED, /* too few runs to decide */
};

struct gate {
	enum gate_result result;
	char why[PAIR_LABEL_BYTES + 512]; /* one sentence; "": it holds */
};

/*
 * -EINVAL: not an expression, or about a metric that was not compared; *gate is untouched then.
 */
int compare_gate(const struct compare *c, const char *expression, struct gate *gate,
		 struct error *e);

#endif
