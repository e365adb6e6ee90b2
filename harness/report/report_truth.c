// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The claims of truth.csv, failures one by one and the rest together, and the noise floor.
 */
#include "harness/report/report_part.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

const char *truth_name(enum truth truth)
{
	static const char *const names[] = {
		[TRUTH_FAIL] = "fail",	 [TRUTH_DISTURBED] = "disturbed",
		[TRUTH_NOISE] = "noise", [TRUTH_ABSENT] = "absent",
		[TRUTH_PASS] = "pass",
	};

	return names[truth];
}

const char *truth_relation_sign(const char *relation)
{
	static const char *const signs[][2] = {
		{ "eq", "=" },
		{ "ge", "≥" },
		{ "le", "≤" },
		{ "between", "from" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (!strcmp(signs[i][0], relation))
			return signs[i][1];
	return relation;
}

/* An unknown verdict is shown as a failure, never hidden. */
static enum truth truth_of(const char *word)
{
	for (enum truth t = 0; t < TRUTH_KINDS; t++)
		if (!strcmp(word, truth_name(t)))
			return t;
	return TRUTH_FAIL;
}

struct truth_columns {
	int cell, repeat, worker, quantity, span, counter, unit, relation, basis, expected,
		tolerance, observed, noise, verdict, why;
};

static void find_columns(const struct csv_table *t, struct truth_columns *c)
{
	*c = (struct truth_columns){
		.cell = csv_column(t, "cell"),
		.repeat = csv_column(t, "repeat"),
		.worker = csv_column(t, "worker"),
		.quantity = csv_column(t, "quantity"),
		.span = csv_column(t, "span"),
		.counter = csv_column(t, "counter"),
		.unit = csv_column(t, "unit"),
		.relation = csv_column(t, "relation"),
		.basis = csv_column(t, "basis"),
		.expected = csv_column(t, "expected"),
		.tolerance = csv_column(t, "tolerance"),
		.observed = csv_column(t, "observed"),
		.noise = csv_column(t, "noise"),
		.verdict = csv_column(t, "verdict"),
		.why = csv_column(t, "why"),
	};
}

/* Series are in the order of their cells. */
static const char *label_of_cell(const struct result_dir *f, unsigned cell)
{
	size_t low = 0, high = f->nr_series;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (f->series[middle].cell < cell)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->nr_series && f->series[low].cell == cell ? f->series[low].label : "";
}

static bool is_same_claim(const struct truth_line *a, const struct truth_line *b)
{
	return a->verdict == b->verdict && !strcmp(a->quantity, b->quantity) &&
	       !strcmp(a->counter, b->counter) && !strcmp(a->worker, b->worker) &&
	       !strcmp(a->span, b->span) && !strcmp(a->relation, b->relation) &&
	       !strcmp(a->basis, b->basis);
}

static void join(struct truth_line *to, const struct truth_line *line)
{
	to->expected_min = fmin(to->expected_min, line->expected_min);
	to->expected_max = fmax(to->expected_max, line->expected_max);
	to->observed_min = fmin(to->observed_min, line->observed_min);
	to->observed_max = fmax(to->observed_max, line->observed_max);
	to->noise = fmax(to->noise, line->noise);
	to->nr++;
}

/*
 * The lines of one kind while they are collected. The claims of a trial come in the same order
 * as those of the one before, so the next one sought is most often the one behind the last.
 */
struct collected {
	void *line;
	size_t nr;
	size_t next; /* where the search begins */
};

static int append_truth(struct collected *to, const struct truth_line *line)
{
	struct truth_line *grown = report_grow(to->line, to->nr, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	to->line = grown;
	grown[to->nr++] = *line;
	return 0;
}

static int join_truth(struct collected *to, const struct truth_line *line)
{
	struct truth_line *has = to->line;

	for (size_t i = 0; i < to->nr; i++) {
		const size_t at = (to->next + i) % to->nr;

		if (!is_same_claim(&has[at], line))
			continue;
		join(&has[at], line);
		to->next = at + 1;
		return 0;
	}
	to->next = 0;
	return append_truth(to, line);
}

static int join_noise(struct collected *to, const struct truth_line *line)
{
	struct noise_line *has = to->line, *grown;

	if (isnan(line->noise))
		return 0;
	for (size_t i = 0; i < to->nr; i++) {
		const size_t at = (to->next + i) % to->nr;

		if (strcmp(has[at].counter, line->counter) || strcmp(has[at].span, line->span))
			continue;
		has[at].noise = fmax(has[at].noise, line->noise);
		to->next = at + 1;
		return 0;
	}
	to->next = 0;
	grown = report_grow(to->line, to->nr, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	to->line = grown;
	grown[to->nr++] =
		(struct noise_line){ line->counter, line->span, line->unit, line->noise };
	return 0;
}

/* Failures stay one by one, and are not searched. */
struct collection {
	struct collected failed, joined, noise;
};

static int collect(struct report *r, struct collection *c, const struct truth_line *line)
{
	int ret = line->verdict == TRUTH_FAIL ? append_truth(&c->failed, line)
					      : join_truth(&c->joined, line);

	r->claims[line->verdict]++;
	return ret ? ret : join_noise(&c->noise, line);
}

static int hand_over(struct report *r, struct collection *c)
{
	const struct truth_line *line = c->joined.line;
	int ret = 0;

	for (size_t i = 0; !ret && i < c->joined.nr; i++)
		ret = append_truth(&c->failed, &line[i]);
	free(c->joined.line);
	r->truth = c->failed.line;
	r->nr_truth = c->failed.nr;
	r->noise = c->noise.line;
	r->nr_noise = c->noise.nr;
	return ret;
}

static int by_verdict(const void *left, const void *right)
{
	const struct truth_line *l = left, *r = right;
	int order = (int)l->verdict - (int)r->verdict;

	order = order ? order : strcmp(l->worker, r->worker);
	order = order ? order : strcmp(l->quantity, r->quantity);
	order = order ? order : strcmp(l->span, r->span);
	return order ? order : strcmp(l->counter, r->counter);
}

static int by_noise(const void *left, const void *right)
{
	const struct noise_line *l = left, *r = right;
	int order = strcmp(l->unit, r->unit);

	if (order)
		return order;
	if (l->noise != r->noise)
		return l->noise > r->noise ? -1 : 1;
	return strcmp(l->counter, r->counter);
}

int report_collect_truth(struct report *r)
{
	const struct csv_table *t = &r->dir.truth;
	struct collection lines = { .failed.nr = 0 };
	struct truth_columns c;
	int ret = 0, ret_end;

	find_columns(t, &c);
	for (size_t row = 0; !ret && row < t->nr; row++) {
		struct truth_line line = {
			.verdict = truth_of(csv_cell(t, row, c.verdict)),
			.worker = csv_cell(t, row, c.worker),
			.quantity = csv_cell(t, row, c.quantity),
			.span = csv_cell(t, row, c.span),
			.counter = csv_cell(t, row, c.counter),
			.unit = csv_cell(t, row, c.unit),
			.relation = csv_cell(t, row, c.relation),
			.basis = csv_cell(t, row, c.basis),
			.why = csv_cell(t, row, c.why),
			.tolerance = csv_cell(t, row, c.tolerance),
			.expected_min = result_dir_number(csv_cell(t, row, c.expected)),
			.observed_min = result_dir_number(csv_cell(t, row, c.observed)),
			.noise = result_dir_number(csv_cell(t, row, c.noise)),
			.repeat = csv_cell(t, row, c.repeat),
			.nr = 1,
		};

		if (strtol(line.repeat, NULL, 10) < 1)
			continue;
		line.expected_max = line.expected_min;
		line.observed_max = line.observed_min;
		if (line.verdict == TRUTH_FAIL)
			line.cell_label = label_of_cell(
				&r->dir, strtoul(csv_cell(t, row, c.cell), NULL, 10));
		ret = collect(r, &lines, &line);
	}
	ret_end = hand_over(r, &lines);
	if (r->nr_truth)
		qsort(r->truth, r->nr_truth, sizeof(*r->truth), by_verdict);
	if (r->nr_noise)
		qsort(r->noise, r->nr_noise, sizeof(*r->noise), by_noise);
	return ret ? ret : ret_end;
}
