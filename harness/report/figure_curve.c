// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Curves: their cells and their points. All amounts are those of the report's tables,
 * unrounded.
 */
#include "harness/report/figure_curve.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t find_cell(const struct curves *c, const char *value, const char *rest)
{
	const struct result_dir *f = &c->report->dir;
	const char *key = c->axis->swept->key;
	char text[CELL_LABEL_BYTES];

	for (size_t i = 0; i < f->nr_series; i++) {
		if (strcmp(f->series[i].worker, c->worker) ||
		    !label_value(f->series[i].label, key, text, sizeof(text)) ||
		    strcmp(text, value))
			continue;
		label_rest(f->series[i].label, key, text, sizeof(text));
		if (!*rest || !strcmp(text, rest))
			return i;
	}
	return SIZE_MAX;
}

int curves_add(struct curves *c, size_t metric, const char *rest, const char *legend)
{
	const struct swept *swept = c->axis->swept;
	size_t *series = calloc(swept->nr, sizeof(*series));

	assert(c->nr < FIGURE_CURVES);
	if (!series)
		return -ENOMEM;
	for (size_t i = 0; i < swept->nr; i++)
		series[i] = find_cell(c, swept->value[i], rest);
	c->curve[c->nr++] = (struct curve){ .metric = c->report->metrics.at[metric],
					    .index = metric,
					    .legend = legend,
					    .series = series };
	return 0;
}

void curves_drop(struct curves *c)
{
	for (size_t i = 0; i < c->nr; i++)
		free(c->curve[i].series);
	c->nr = 0;
}

/* Widens x by all values of the curve. */
static void widen(struct extent *x, const struct curves *c, const struct curve *curve)
{
	for (size_t i = 0; i < c->axis->swept->nr; i++)
		if (curve->series[i] != SIZE_MAX) {
			const struct summary *v =
				report_summary(c->report, curve->series[i], curve->index);

			x->low = fmin(x->low, v->min);
			x->high = fmax(x->high, v->max);
		}
}

bool curves_differ(const struct curves *c)
{
	for (size_t i = 0; i < c->nr; i++) {
		struct extent x = { INFINITY, -INFINITY };

		widen(&x, c, &c->curve[i]);
		if (x.low < x.high)
			return true;
	}
	return false;
}

struct extent curves_extent(const struct curves *c)
{
	struct extent x = { INFINITY, -INFINITY };

	for (size_t i = 0; i < c->nr; i++)
		widen(&x, c, &c->curve[i]);
	return x;
}

/* The median with its interval, or with the range where there is none. */
static void write_medians(const struct curves *c, size_t number, FILE *out, double divisor)
{
	const struct curve *curve = &c->curve[number];

	fprintf(out, "$curve%zu << EOD\n", number);
	for (size_t i = 0; i < c->axis->swept->nr; i++) {
		const struct summary *v;

		if (curve->series[i] == SIZE_MAX)
			continue;
		v = report_summary(c->report, curve->series[i], curve->index);
		if (v->n)
			fprintf(out, "%.9g %.9g %.9g %.9g\n", c->axis->position[i],
				v->median / divisor,
				(isnan(v->low) ? v->min : v->low) / divisor,
				(isnan(v->high) ? v->max : v->high) / divisor);
	}
	fputs("EOD\n", out);
}

/* Beside the curve, so that the interval does not hide them. */
static int write_runs(const struct curves *c, size_t number, FILE *out, double divisor)
{
	const struct result_dir *f = &c->report->dir;
	const struct curve *curve = &c->curve[number];
	struct extent x = axis_extent(c->axis);
	double aside = 0.018 * (x.high - x.low);
	int ret = 0;

	fprintf(out, "$runs%zu << EOD\n", number);
	for (size_t i = 0; !ret && i < c->axis->swept->nr; i++) {
		double *value = NULL;
		size_t nr = 0;

		if (curve->series[i] == SIZE_MAX)
			continue;
		ret = result_dir_values(f, &f->series[curve->series[i]], curve->metric, &value,
					&nr);
		for (size_t j = 0; j < nr; j++)
			fprintf(out, "%.9g %.9g\n", c->axis->position[i] + aside,
				value[j] / divisor);
		free(value);
	}
	fputs("NaN NaN\nEOD\n", out); /* never empty: gnuplot refuses a block without points */
	return ret;
}

int curves_write(const struct curves *c, const struct plot *p, double divisor)
{
	FILE *out = p->script;
	int ret = 0;

	for (size_t i = 0; !ret && i < c->nr; i++) {
		write_medians(c, i, out, divisor);
		ret = write_runs(c, i, out, divisor);
	}
	fputs("plot ", out);
	for (size_t i = 0; i < c->nr; i++)
		fprintf(out, "%s$runs%zu using 1:2 with points ls %zu ps 0.28 notitle",
			i ? ", " : "", i, i + 1);
	for (size_t i = 0; i < c->nr; i++)
		fprintf(out, ", $curve%zu using 1:2:3:4 with %s ls %zu notitle", i,
			c->axis->swept->numeric ? "yerrorlines" : "yerrorbars", i + 1);
	fputs("\n", out);
	return ret;
}
