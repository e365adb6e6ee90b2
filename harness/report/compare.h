/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is B different from A? One comparison for each cell and worker that both have and
 * each metric; see contrast.h for the test and why it is that one.
 *
 * Verdict, with level 5 % and `least` the larger of the smallest effect that
 * matters (2 % unless the user says otherwise: two builds or two boots of the same
 * thing differ by that much) and the metric's own resolution (latency percentiles
 * come in steps of 3.2 %):
 *
 *   too few runs  no p from so few repeats could reach 5 % (fewer than 4 and 4), or the
 *                 samples do not overlap at all and still so few repeats cannot show it
 *                 among so many comparisons: repeat more, or name fewer metrics
 *   better, worse p, adjusted for all comparisons of the family, is at most 5 % and the
 *                 ratio is at least `least` away from 1
 *   spread        the values scatter more or less, and nothing else has changed
 *   within noise  anything else
 *
 * Families. The 5 % are those of the whole comparison: of two runs of the same thing, at most
 * 5 % of whole comparisons contain any better or worse. They are divided before the data are
 * seen: where runs failed, 2 to the failures of runs, which are tested by themselves; where the
 * profile names primary metrics, 1 to all the others; the rest to the primary metrics, or to
 * all where none is named. A metric that is another one in other words (throughput, of a
 * worker that always does the same amount) is in no family and has the other's verdict.
 *
 * Blocks. Runs are compared within one machine and without a pause of eight hours, see
 * compare_block.c. Where A and B have no such block in common, whatever else differs between
 * the machines or days is compared too and the 5 % do not hold.
 */
#ifndef PAGESTORM_COMPARE_H
#define PAGESTORM_COMPARE_H

#include "harness/report/result_dir.h"
#include "harness/report/metric.h"
#include "harness/report/stats.h"
#include "harness/report/contrast.h"
#include "harness/report/table.h"

#define COMPARE_LEAST_EFFECT 0.02

/* Of the 5 %, where no run failed. */
#define COMPARE_PRIMARY_PART 0.8

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
	CHANGE_SPREAD,
	CHANGE_NOISE,
};

const char *change_name(enum change change);

/* Tests that are adjusted together. */
enum family {
	FAMILY_FAILURES, /* runs that did not end as expected */
	FAMILY_PRIMARY,	 /* what the profile names */
	FAMILY_OTHERS,
	NR_FAMILIES,
};

const char *family_name(enum family family);

/* Why no block has runs of both sides. */
enum across {
	ACROSS_NOTHING, /* some has */
	ACROSS_DAYS,
	ACROSS_MACHINES,
};

/* "A → B" */
#define PAIR_LABEL_BYTES (2 * CELL_LABEL_BYTES + 8)

struct comparison {
	/* the settings that both have; "A → B" for two single cells that differ */
	char cell[PAIR_LABEL_BYTES];
	const char *worker;
	const struct column *metric;
	const struct series *series_a, *series_b;
	struct summary a, b;
	struct contrast contrast;
	double p_spread; /* of unequal spread; NaN where the distributions are not different */
	enum family family;
	const struct column *same_as; /* the metric that this one repeats; NULL: none */
	enum across across;
	double p;	 /* adjusted, and to be compared with 5 % in every family */
	bool could_show; /* so many runs would find it, if the samples did not overlap */
	enum change change;
};

struct compare {
	/* what the caller gives */
	const struct side *a, *b;
	/* shell patterns of metric names; NULL-terminated, empty: all metrics */
	const char *const *patterns;
	double least_effect;
	bool across_allowed; /* gates decide also where no block has both sides */

	/* what comes of it */
	const struct result_dir *dir_a, *dir_b;
	struct comparison *row; /* by cell, worker and metric */
	size_t nr;
	size_t nr_tested; /* neither constant, too few to decide nor another one repeated */
	size_t nr_of_family[NR_FAMILIES]; /* the same by family */
	size_t nr_worse, nr_better, nr_too_few, nr_spread;
	unsigned looks;	  /* of run --until at these cells, which share the 5 %; 0: one, at the
			     end */
	bool has_primary; /* the profile names metrics that were recorded */
	bool interleaved; /* all runs of each pair of cells took turns in one run */
	unsigned nr_blocks; /* largest number of one pair */
	enum across across; /* the worst of all pairs */
	size_t nr_alone;    /* runs left out: their block has none of the other side */
	size_t unmatched_a, unmatched_b; /* cells and workers that only one side has */
};

/*
 * A pattern that matches no metric, or none that both sides recorded, is -EINVAL; sides
 * without a common cell and worker are -ENOENT; cells of one directory that were recorded on
 * different machines -EXDEV. a and b must outlive *c; the patterns are
 * not looked at again.
 */
int compare_make(struct compare *c, struct error *e);
void compare_release(struct compare *c);

/*
 * Compares each cell of one directory with its first, for the marks in a report. Rows have the
 * label of the other cell; sides stay NULL. A cell that has no block with the first has none.
 */
int compare_cells(struct compare *c, const struct result_dir *f, double least_effect);

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
 * METRIC=worse, METRIC>+5% (also < >= <=). METRIC is a shell pattern.
 *
 * worse, better and changed hold where the runs could have shown it: one test of the family
 * whose samples did not overlap would have been found. With primary metrics these and the
 * failures decide; any other that is found trips as well.
 *
 * A threshold trips where the interval of the ratio, adjusted for all that the pattern matches,
 * lies beyond it, and holds where the interval does not reach it.
 *
 * Anything else is undecided, and everything where A and B have no block in common.
 */
enum gate_result {
	GATE_HOLDS,
	GATE_TRIPPED,
	GATE_UNDECIDED, /* the runs cannot show it */
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
