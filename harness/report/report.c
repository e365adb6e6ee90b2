// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prepares a results directory for output: the order of its parts, and the medians. Prints
 * nothing.
 */
#include "harness/report/report_part.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void *report_grow(void *array, size_t nr, size_t size)
{
	/* Powers of two: amortised without a capacity beside every array. */
	if (nr & (nr - 1))
		return array;
	return reallocarray(array, nr ? 2 * nr : 1, size);
}

static int summarize(struct report *r)
{
	const struct result_dir *f = &r->dir;
	int ret = 0;

	metric_list_make(&r->metrics);
	r->summary = calloc(f->nr_series * r->metrics.nr + 1, sizeof(*r->summary));
	if (!r->summary)
		return -ENOMEM;
	for (size_t i = 0; !ret && i < f->nr_series; i++)
		for (size_t m = 0; !ret && m < r->metrics.nr; m++) {
			double *values = NULL;
			size_t nr = 0;

			ret = result_dir_values(f, &f->series[i], r->metrics.at[m], &values,
						&nr);
			if (!ret)
				ret = stats_summary(values, nr,
						    &r->summary[i * r->metrics.nr + m]);
			free(values);
		}
	return ret;
}

const struct summary *report_summary(const struct report *r, size_t series, size_t metric)
{
	return &r->summary[series * r->metrics.nr + metric];
}

/* Where each series' comparisons begin, so that none is searched for. */
static int index_changes(struct report *r)
{
	const size_t nr = r->dir.nr_series * r->metrics.nr;

	/* NOLINTNEXTLINE(bugprone-sizeof-expression): the elements are pointers. */
	r->change = calloc(nr + 1, sizeof(*r->change));
	if (!r->change)
		return -ENOMEM;
	for (size_t i = 0; i < r->cells.nr; i++) {
		const struct comparison *c = &r->cells.row[i];
		const size_t series = (size_t)(c->series_b - r->dir.series);
		size_t metric = 0;

		while (r->metrics.at[metric] != c->metric)
			metric++;
		r->change[series * r->metrics.nr + metric] = c;
	}
	return 0;
}

const struct comparison *report_comparison(const struct report *r, size_t series, size_t metric)
{
	return r->change[series * r->metrics.nr + metric];
}

enum change report_change(const struct report *r, size_t series, size_t metric, double *ratio)
{
	const struct comparison *c = report_comparison(r, series, metric);

	*ratio = c ? c->contrast.ratio : NAN;
	return c ? c->change : CHANGE_NOISE;
}

/* Whether the ;-separated list has the name. */
static bool list_has(const char *list, const char *name)
{
	while (*list) {
		const size_t length = strcspn(list, ";");

		if (strlen(name) == length && !strncmp(list, name, length))
			return true;
		list += length + (list[length] == ';');
	}
	return false;
}

/* The rows of a run have the same list, most often: that of the row before is skipped. */
static void find_machine_wide(struct report *r)
{
	const struct csv_table *runs = &r->dir.runs;
	const int column = csv_column(runs, "machine_wide");
	const char *before = "";

	for (size_t row = 0; row < runs->nr; row++) {
		const char *list = csv_cell(runs, row, column);

		if (!strcmp(list, before))
			continue;
		before = list;
		for (size_t m = 0; m < r->metrics.nr; m++)
			r->machine_wide[m] |= list_has(list, r->metrics.at[m]->name);
	}
}

void report_metric_label(const struct report *r, size_t metric, char label[METRIC_LABEL_BYTES])
{
	snprintf(label, METRIC_LABEL_BYTES, "%s%s", r->metrics.at[metric]->metric.label,
		 r->machine_wide[metric] ? " (machine)" : "");
}

int report_open(struct report *r, const char *path, struct error *e)
{
	int ret;

	memset(r, 0, sizeof(*r));
	ret = result_dir_open(&r->dir, path, e);
	if (ret)
		return ret;
	ret = report_count_outcomes(r);
	if (!ret)
		ret = report_collect_truth(r);
	if (!ret)
		ret = report_find_sweep(r);
	if (!ret)
		ret = summarize(r);
	if (!ret)
		ret = compare_cells(&r->cells, &r->dir, COMPARE_LEAST_EFFECT);
	if (!ret)
		ret = index_changes(r);
	if (!ret)
		find_machine_wide(r);
	if (ret) {
		error_set(e, -ret, "%s: %s", path, strerror(-ret));
		report_release(r);
	}
	return ret;
}

void report_release(struct report *r)
{
	compare_release(&r->cells);
	free(r->change);
	free(r->summary);
	for (unsigned i = 0; i < r->nr_swept; i++) {
		for (size_t j = 0; j < r->swept[i].nr; j++)
			free(r->swept[i].value[j]);
		free(r->swept[i].value);
	}
	free(r->noise);
	free(r->truth);
	free(r->unexpected);
	free(r->score);
	result_dir_release(&r->dir);
	memset(r, 0, sizeof(*r));
}

bool report_is_clean(const struct report *r)
{
	return !r->nr_unexpected && !r->claims[TRUTH_FAIL] && !r->scored[0].nr;
}
