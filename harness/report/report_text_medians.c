// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Medians and intervals as tables for a terminal: cells side by side where they fit, else one
 * below the other.
 */
#include "harness/report/report_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX  8 /* side by side; more: one under the other */
#define BESIDE_MAX 8 /* workers whose columns fit beside each other */

static const enum style change_styles[] = {
	[CHANGE_WORSE] = STYLE_BAD,	[CHANGE_BETTER] = STYLE_GOOD,
	[CHANGE_TOO_FEW] = STYLE_PLAIN, [CHANGE_SPREAD] = STYLE_PLAIN,
	[CHANGE_NOISE] = STYLE_PLAIN,
};

/* The series of one worker, one per cell. */
struct cells {
	const struct report *report;
	bool all; /* every metric is shown, not the main ones alone */
	size_t *series, nr;
};

static int find_cells(struct cells *c, const struct report *r, const char *worker, bool all)
{
	const struct result_dir *f = &r->dir;

	*c = (struct cells){ .report = r, .all = all };
	c->series = calloc(f->nr_series + 1, sizeof(*c->series));
	if (!c->series)
		return -ENOMEM;
	for (size_t i = 0; i < f->nr_series; i++)
		if (!strcmp(f->series[i].worker, worker))
			c->series[c->nr++] = i;
	return 0;
}

static const struct column *metric_of(const struct cells *c, size_t metric)
{
	return c->report->metrics.at[metric];
}

static const struct summary *summary_of(const struct cells *c, size_t cell, size_t metric)
{
	return report_summary(c->report, c->series[cell], metric);
}

static void name_cell(const struct cells *c, size_t cell, char *out, size_t out_bytes)
{
	report_cell_name(c->report, c->report->dir.series[c->series[cell]].label, out,
			 out_bytes);
}

static bool is_measured(const struct cells *c, size_t metric)
{
	for (size_t i = 0; i < c->nr; i++)
		if (summary_of(c, i, metric)->n)
			return true;
	return false;
}

/* The same in every run of every cell: mentioned below the table, not a row. */
static bool is_constant(const struct cells *c, size_t metric)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < c->nr; i++) {
		low = fmin(low, summary_of(c, i, metric)->min);
		high = fmax(high, summary_of(c, i, metric)->max);
	}
	return low == high;
}

/* Whether the metric has a place in the table of several cells. */
static bool is_shown(const struct cells *c, size_t metric)
{
	return is_measured(c, metric) && !is_constant(c, metric) &&
	       (c->all || metric_of(c, metric)->metric.headline);
}

static bool is_constant_anywhere(const struct report *r, size_t metric)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < r->dir.nr_series; i++) {
		low = fmin(low, report_summary(r, i, metric)->min);
		high = fmax(high, report_summary(r, i, metric)->max);
	}
	return low == high;
}

static void add_median(struct table *t, const struct report *r, size_t series, size_t metric)
{
	const struct summary *s = report_summary(r, series, metric);
	const struct column *m = r->metrics.at[metric];
	enum change change;
	const char *mark;
	char text[64];
	double ratio;

	change = report_change(r, series, metric, &ratio);
	mark = r->cells.nr ? "  " : "";
	if (change == CHANGE_WORSE || change == CHANGE_BETTER)
		mark = ratio > 1 ? " ▲" : " ▼";
	metric_format(m, metric_center(m, s), text, sizeof(text));
	table_add(t, change_styles[change], "%s%s%s",
		  s->outliers && !m->metric.counts_endings ? "*" : "", text, mark);
}

/* The interval, or the range in brackets when there are too few values for one. */
static void format_spread(const struct summary *s, const struct column *m, char *out,
			  size_t out_bytes)
{
	char text[60];

	out[0] = 0;
	if (s->n < 2 || s->min == s->max)
		return;
	if (metric_format_spread(m, s, text, sizeof(text)))
		snprintf(out, out_bytes, "%s", text);
	else
		snprintf(out, out_bytes, "(%s)", text);
}

static void add_single(struct table *t, const struct report *r, size_t series, size_t metric)
{
	const struct summary *s = report_summary(r, series, metric);
	const struct column *m = r->metrics.at[metric];
	char text[80], label[METRIC_LABEL_BYTES];

	report_metric_label(r, metric, label);
	table_add(t, STYLE_PLAIN, "%s", label);
	add_median(t, r, series, metric);
	if (t->columns == 2)
		return;
	format_spread(s, m, text, sizeof(text));
	table_add(t, STYLE_FAINT, "%s", text);
	metric_format(m, s->mad, text, sizeof(text));
	table_add(t, STYLE_FAINT, "%s", text);
	table_add(t, STYLE_FAINT, "%zu", s->n);
}

static int print_table(struct table *t, FILE *out, const struct screen *screen)
{
	int ret = t->nr || t->failed ? table_print(t, out, screen, 2) : 0;

	table_release(t);
	return ret;
}

/* Nothing is swept: metrics under each other, and a bare value where there is one repeat. */
static int print_single(const struct cells *c, FILE *out, const struct screen *screen)
{
	static const struct table_column once[] = {
		{ .title = "metric" },
		{ .title = "once", .right = true },
		{ .title = NULL },
	};
	static const struct table_column repeated[] = {
		{ .title = "metric" },
		{ .title = "median", .right = true },
		{ .title = "95 % interval", .right = true },
		{ .title = "MAD", .right = true },
		{ .title = "n", .right = true },
		{ .title = NULL },
	};
	const struct report *r = c->report;
	struct table t;

	table_init(&t, r->dir.series[c->series[0]].nr > 1 ? repeated : once);
	for (size_t m = 0; m < r->metrics.nr; m++) {
		const struct summary *s = summary_of(c, 0, m);

		if (s->n && (c->all || s->max > 0))
			add_single(&t, r, c->series[0], m);
	}
	return print_table(&t, out, screen);
}

static bool has_spread(const struct cells *c, size_t metric)
{
	char text[80];

	for (size_t i = 0; i < c->nr; i++) {
		format_spread(summary_of(c, i, metric), metric_of(c, metric), text,
			      sizeof(text));
		if (*text)
			return true;
	}
	return false;
}

static void add_matrix_rows(struct table *t, const struct cells *c, size_t metric)
{
	char text[80], label[METRIC_LABEL_BYTES];

	report_metric_label(c->report, metric, label);
	table_add(t, STYLE_PLAIN, "%s", label);
	for (size_t i = 0; i < c->nr; i++)
		add_median(t, c->report, c->series[i], metric);
	if (!has_spread(c, metric))
		return;
	table_add(t, STYLE_PLAIN, "%s", "");
	for (size_t i = 0; i < c->nr; i++) {
		format_spread(summary_of(c, i, metric), metric_of(c, metric), text,
			      sizeof(text));
		table_add(t, STYLE_FAINT, "%s", text);
	}
}

/* Cells side by side: medians, intervals below them. */
static int print_matrix(const struct cells *c, FILE *out, const struct screen *screen)
{
	struct table_column columns[CELLS_MAX + 2] = { { .title = "metric",
							 .flexible = true } };
	const struct report *r = c->report;
	char names[CELLS_MAX][CELL_LABEL_BYTES + 4];
	struct table t;

	for (size_t i = 0; i < c->nr; i++) {
		name_cell(c, i, names[i], sizeof(names[i]) - 4);
		text_clean(names[i]);
		snprintf(names[i] + strlen(names[i]), sizeof(names[i]) - strlen(names[i]),
			 "  ");
		columns[i + 1] = (struct table_column){ .title = names[i], .right = true };
	}
	columns[c->nr + 1].title = NULL;
	if (r->nr_swept == 1)
		columns[0].title = r->swept[0].key;
	table_init(&t, columns);
	for (size_t m = 0; m < r->metrics.nr; m++)
		if (is_shown(c, m))
			add_matrix_rows(&t, c, m);
	return print_table(&t, out, screen);
}

static void add_list_rows(struct table *t, const struct cells *c, size_t metric)
{
	const struct column *m = metric_of(c, metric);
	char text[CELL_LABEL_BYTES], label[METRIC_LABEL_BYTES];

	report_metric_label(c->report, metric, label);
	for (size_t i = 0; i < c->nr; i++) {
		const struct summary *s = summary_of(c, i, metric);

		name_cell(c, i, text, sizeof(text));
		table_add(t, STYLE_PLAIN, "%s", i ? "" : label);
		table_add(t, STYLE_PLAIN, "%s", text);
		add_median(t, c->report, c->series[i], metric);
		format_spread(s, m, text, sizeof(text));
		table_add(t, STYLE_FAINT, "%s", text);
		table_add(t, STYLE_FAINT, "%zu", s->n);
	}
}

/* One metric under the other, its cells below it: for many cells or a narrow screen. */
static int print_list(const struct cells *c, FILE *out, const struct screen *screen)
{
	static const struct table_column columns[] = {
		{ .title = "metric" },
		{ .title = "cell", .flexible = true },
		{ .title = "median", .right = true },
		{ .title = "95 % interval", .right = true },
		{ .title = "n", .right = true },
		{ .title = NULL },
	};
	struct table t;

	table_init(&t, columns);
	for (size_t m = 0; m < c->report->metrics.nr; m++)
		if (is_shown(c, m))
			add_list_rows(&t, c, m);
	return print_table(&t, out, screen);
}

static void print_constants(const struct cells *c, FILE *out, const struct screen *screen)
{
	char text[1024] = "", value[64], label[METRIC_LABEL_BYTES];
	size_t used = 0;

	for (size_t m = 0; m < c->report->metrics.nr && used < sizeof(text); m++) {
		const struct column *metric = metric_of(c, m);

		if (!is_measured(c, m) || !is_constant(c, m) || metric->metric.counts_endings)
			continue;
		report_metric_label(c->report, m, label);
		metric_format(metric, summary_of(c, 0, m)->median, value, sizeof(value));
		used += snprintf(text + used, sizeof(text) - used, "%s%s %s",
				 used ? ", " : "the same in every run: ", label, value);
	}
	if (used)
		screen_wrap(screen, out, 2, "", text);
}

static void print_worker_title(const struct series *s, FILE *out, const struct screen *screen)
{
	bool is_named = strcmp(s->worker, s->workload);
	char title[300];

	snprintf(title, sizeof(title), "%s%s%s%s", s->worker, is_named ? " (" : "",
		 is_named ? s->workload : "", is_named ? ")" : "");
	text_clean(title);
	screen_title(screen, out, title);
}

/* first: the first series of the worker. */
static int print_worker(const struct report *r, const struct series *first, bool all, FILE *out,
			const struct screen *screen)
{
	size_t room = screen->width ? screen->width : SIZE_MAX;
	struct cells cells;
	int ret = find_cells(&cells, r, first->worker, all);

	if (ret)
		return ret;
	print_worker_title(first, out, screen);
	if (cells.nr == 1)
		ret = print_single(&cells, out, screen);
	else if (cells.nr <= CELLS_MAX && r->nr_swept <= 1 && room >= 22 + 15 * cells.nr)
		ret = print_matrix(&cells, out, screen);
	else
		ret = print_list(&cells, out, screen);
	if (!ret && cells.nr > 1)
		print_constants(&cells, out, screen);
	free(cells.series);
	return ret;
}

/* The first series of each worker; 0 when their options were not swept in step. */
static size_t find_workers(const struct report *r, size_t *first)
{
	const struct result_dir *f = &r->dir;
	char value[CELL_LABEL_BYTES];
	size_t nr = 0;

	for (size_t i = 0; i < f->nr_series; i++) {
		if (!report_common_value(r, f->series[i].label, value, sizeof(value)))
			return 0;
		if (!result_dir_is_worker_first(f, i))
			continue;
		if (nr == BESIDE_MAX)
			return 0;
		first[nr++] = i;
	}
	return nr > 1 ? nr : 0;
}

/* The series of that worker in the cell of another's. */
static size_t find_beside(const struct result_dir *f, const char *worker, const char *label)
{
	for (size_t i = 0; i < f->nr_series; i++)
		if (!strcmp(f->series[i].worker, worker) && !strcmp(f->series[i].label, label))
			return i;
	return SIZE_MAX;
}

/* A row per cell with the value of each worker. No row when a worker has no value. */
static void add_beside(struct table *t, const struct report *r, const size_t *first, size_t nr,
		       size_t metric)
{
	const struct result_dir *f = &r->dir;
	char label[METRIC_LABEL_BYTES];
	bool named = false;

	report_metric_label(r, metric, label);
	for (size_t i = 0; i < f->nr_series; i++) {
		size_t beside[BESIDE_MAX];
		char text[CELL_LABEL_BYTES];
		bool whole = !strcmp(f->series[i].worker, f->series[first[0]].worker);

		for (size_t w = 0; whole && w < nr; w++) {
			beside[w] =
				find_beside(f, f->series[first[w]].worker, f->series[i].label);
			whole = beside[w] != SIZE_MAX &&
				report_summary(r, beside[w], metric)->n;
		}
		if (!whole)
			continue;
		report_cell_name(r, f->series[i].label, text, sizeof(text));
		table_add(t, STYLE_PLAIN, "%s", named ? "" : label);
		table_add(t, STYLE_PLAIN, "%s", text);
		for (size_t w = 0; w < nr; w++)
			add_median(t, r, beside[w], metric);
		named = true;
	}
}

static bool is_beside(const struct report *r, size_t metric)
{
	const struct column *m = r->metrics.at[metric];

	return m->metric.headline && metric_measure(m) != MEASURE_SECONDS &&
	       !is_constant_anywhere(r, metric);
}

/*
 * Workers whose options were swept in step, a column each: the metrics that all of them have.
 */
static int print_beside(const struct report *r, FILE *out, const struct screen *screen)
{
	struct table_column columns[BESIDE_MAX + 3] = { { .title = "metric" },
							{ .title = "cell", .flexible = true } };
	size_t first[BESIDE_MAX], nr = find_workers(r, first);
	struct table t;

	if (!nr)
		return 0;
	for (size_t w = 0; w < nr; w++)
		columns[w + 2] = (struct table_column){ .title = r->dir.series[first[w]].worker,
							.right = true };
	columns[nr + 2].title = NULL;
	table_init(&t, columns);
	for (size_t m = 0; m < r->metrics.nr; m++)
		if (is_beside(r, m))
			add_beside(&t, r, first, nr, m);
	if (t.nr)
		screen_title(screen, out, "side by side");
	return print_table(&t, out, screen);
}

static void print_legend(const struct report *r, FILE *out, const struct screen *screen)
{
	bool machine_wide = false;

	for (size_t m = 0; m < r->metrics.nr; m++)
		machine_wide |= r->machine_wide[m];
	if (machine_wide)
		screen_wrap(
			screen, out, 0, "",
			"(machine) of the whole machine, because this kernel does not count it by group.");
	screen_wrap(
		screen, out, 0, "",
		"Medians over the repeats, with 95 % intervals (in brackets the range, where fewer than five repeats give no interval); * has outliers, which are counted in.");
	if (r->cells.across != ACROSS_NOTHING)
		screen_wrap(
			screen, out, 0, "",
			"Cells that share no day and machine with the first cell are not compared with it.");
	if (r->cells.nr)
		screen_wrap(
			screen, out, 0, "",
			"▲ ▼ higher or lower than in the first cell, beyond noise (5 % over all that is compared here).");
}

int text_put_workers(const struct report *r, bool all, FILE *out, const struct screen *screen)
{
	const struct result_dir *f = &r->dir;
	int ret = print_beside(r, out, screen);

	for (size_t i = 0; !ret && i < f->nr_series; i++)
		if (result_dir_is_worker_first(f, i))
			ret = print_worker(r, &f->series[i], all, out, screen);
	if (!ret && f->nr_series) {
		fputs("\n", out);
		print_legend(r, out, screen);
	}
	return ret;
}
