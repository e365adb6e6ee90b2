// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The section of results: verdicts of the cells, medians with intervals, worker by worker.
 */
#include "harness/report/html_page.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* The columns of a table: the cells of one worker or, where nothing is swept, all workers. */
static bool is_column(const struct series *s, const char *worker)
{
	return !worker || !strcmp(s->worker, worker);
}

static double largest(const struct report *r, const char *worker, size_t metric)
{
	double most = NAN; /* fmax ignores it: it stays where nothing was recorded */

	for (size_t i = 0; i < r->dir.nr_series; i++)
		if (is_column(&r->dir.series[i], worker))
			most = fmax(most, report_summary(r, i, metric)->max);
	return most;
}

static void put_median(const struct page *p, size_t series, size_t metric)
{
	const struct report *r = p->report;
	const struct summary *s = report_summary(r, series, metric);
	const struct column *m = r->metrics.at[metric];
	char text[80];
	double ratio;
	enum change change = report_change(r, series, metric, &ratio);
	bool changed = change == CHANGE_WORSE || change == CHANGE_BETTER;

	metric_format(m, metric_center(m, s), text, sizeof(text));
	page_put(p, "<td class=\"n\">", text, "");
	if (r->cells.nr)
		fprintf(p->out, "<span class=\"mark %s\">%s</span>",
			changed ? change_name(change) : "",
			!changed    ? ""
			: ratio > 1 ? "▲"
				    : "▼");
	if (s->n > 1 && s->min < s->max && !m->metric.counts_endings) {
		bool interval = metric_format_spread(m, s, text, sizeof(text));

		fprintf(p->out, "<small>%s", interval ? "" : "(");
		html_text(p->out, text);
		fprintf(p->out, "%s%s%s</small>", interval ? "" : ")", s->outliers ? " *" : "",
			r->cells.nr ? "<span class=\"mark\"></span>" : "");
	}
	page_raw(p, "</td>");
}

static void put_zeros(const struct page *p, const char *worker)
{
	const char *before = "<p class=\"legend\">Zero in every run: ";

	for (size_t m = 0; m < p->report->metrics.nr; m++) {
		const struct metric *metric = &p->report->metrics.at[m]->metric;

		if (largest(p->report, worker, m) == 0 && !metric->counts_endings) {
			page_put(p, before, metric->label, "");
			before = ", ";
		}
	}
	page_raw(p, *before == ',' ? ".</p>\n" : "");
}

/* A setting a line: a label of several is too wide for a column. */
static void put_lines(const struct page *p, const char *label)
{
	char setting[CELL_LABEL_BYTES];

	while (*label) {
		size_t length = strcspn(label, ";");

		snprintf(setting, sizeof(setting), "%.*s", (int)length, label);
		page_put(p, "", setting, label[length] ? "<br>" : "");
		label += length + (label[length] == ';');
	}
}

static void put_matrix(const struct page *p, const char *worker)
{
	const struct report *r = p->report;
	const struct result_dir *f = &r->dir;
	char name[CELL_LABEL_BYTES], label[METRIC_LABEL_BYTES];

	fprintf(p->out, "<div class=\"scroll%s\"><table class=\"matrix\"><thead><tr>",
		worker ? "" : " narrow");
	page_put(p, "<th>", r->nr_swept == 1 ? r->swept[0].key : "metric", "</th>");
	for (size_t i = 0; i < f->nr_series; i++)
		if (is_column(&f->series[i], worker)) {
			report_cell_name(r, f->series[i].label, name, sizeof(name));
			page_raw(p, "<th class=\"n\">");
			put_lines(p, worker ? name : f->series[i].worker);
			page_raw(p,
				 r->cells.nr ? "<span class=\"mark\"></span></th>" : "</th>");
		}
	page_raw(p, "</tr></thead><tbody>\n");
	for (size_t m = 0; m < r->metrics.nr; m++) {
		if (!(largest(r, worker, m) > 0))
			continue;
		report_metric_label(r, m, label);
		page_put(p, "<tr><th>", label, "</th>");
		for (size_t i = 0; i < f->nr_series; i++)
			if (is_column(&f->series[i], worker))
				put_median(p, i, m);
		page_raw(p, "</tr>\n");
	}
	page_table_close(p);
	put_zeros(p, worker);
}

static size_t count_changes(const struct page *p, size_t series, enum change change)
{
	const struct report *r = p->report;
	size_t nr = 0;
	double ratio;

	for (size_t m = 0; m < r->metrics.nr; m++)
		nr += report_comparison(r, series, m) &&
		      report_change(r, series, m, &ratio) == change;
	return nr;
}

static void put_change(const struct page *p, const struct comparison *row)
{
	char ratio[32];

	page_put(p, "<span>", row->metric->metric.label, "");
	if (isfinite(row->contrast.ratio)) {
		snprintf(ratio, sizeof(ratio), "×%.3g", row->contrast.ratio);
		page_put(p, " <b class=\"", change_name(row->change), "\">");
		page_put(p, "", ratio, "</b>");
	}
	page_raw(p, "</span>");
}

/* The metrics that got this verdict in this cell, with their ratios. */
static void put_changes(const struct page *p, size_t series, enum change change)
{
	const struct report *r = p->report;
	const char *before = "<td class=\"text\">";
	double ratio;

	for (size_t m = 0; m < r->metrics.nr; m++) {
		if (!report_comparison(r, series, m) ||
		    report_change(r, series, m, &ratio) != change)
			continue;
		page_raw(p, before);
		put_change(p, report_comparison(r, series, m));
		before = ", ";
	}
	page_raw(p, *before == ',' ? "</td>" : "<td>–</td>");
}

static void put_worker_changes(const struct page *p, const char *worker)
{
	const struct result_dir *f = &p->report->dir;
	char cell[CELL_LABEL_BYTES];

	for (size_t i = 0; i < f->nr_series; i++) {
		const struct series *s = &f->series[i];

		if (s->cell == f->series[0].cell || strcmp(s->worker, worker))
			continue;
		report_cell_name(p->report, s->label, cell, sizeof(cell));
		page_put(p, "<tr><td>", s->worker, "</td>");
		if (p->report->nr_swept == 1 && p->report->swept[0].numeric)
			page_put(p, "<td class=\"n\" data-key=\"", p->report->swept[0].key,
				 "\">");
		else
			page_raw(p, "<td class=\"cell\">");
		put_lines(p, cell);
		page_raw(p, "</td>");
		put_changes(p, i, CHANGE_BETTER);
		put_changes(p, i, CHANGE_WORSE);
		fprintf(p->out, "<td class=\"n\">%zu</td><td class=\"n\">%zu</td></tr>\n",
			count_changes(p, i, CHANGE_NOISE) + count_changes(p, i, CHANGE_SPREAD),
			count_changes(p, i, CHANGE_TOO_FEW));
	}
}

void page_put_changes_table(const struct page *p)
{
	const struct report *r = p->report;
	const struct result_dir *f = &r->dir;
	const char *titles[] = { "worker",	  "cell",	   "better", "worse",
				 ">within noise", ">too few runs", NULL };
	char key[80];

	if (!r->cells.nr)
		return;
	if (r->nr_swept == 1) {
		snprintf(key, sizeof(key), "%s%s", r->swept[0].numeric ? ">" : "",
			 r->swept[0].key);
		titles[1] = key;
	}
	page_heading(p, "verdicts", "Verdicts");
	page_put(p, "<p>Each cell against the first, <code>", f->series[0].label, "</code>: ");
	if (r->cells.nr_tested) {
		fprintf(p->out,
			"better or worse beyond noise. If nothing differed, the chance that any of these %zu comparisons said otherwise would be at most 5&nbsp;%%. Less than 2&nbsp;%% is no difference.</p>\n",
			r->cells.nr_tested);
	} else {
		page_raw(p, "so few repeats decide nothing: four are the minimum.</p>\n");
	}
	page_raw(p, "<div class=\"changes\">");
	page_table_open(p, titles);
	for (size_t i = 0; i < f->nr_series; i++)
		if (result_dir_is_worker_first(f, i))
			put_worker_changes(p, f->series[i].worker);
	page_table_close(p);
	page_raw(p, "</div>\n");
}

static void put_scopes(const struct page *p)
{
	bool any = false;

	for (size_t m = 0; m < p->report->metrics.nr; m++)
		any |= p->report->machine_wide[m];
	if (any)
		page_raw(
			p,
			" (machine): of the whole machine, because this kernel does not count it by group.");
}

int page_put_workers(struct page *p)
{
	const struct result_dir *f = &p->report->dir;
	int ret = 0;

	if (!f->nr_series)
		return 0;
	page_heading(p, "results", "Results");
	if (!p->report->nr_swept)
		put_matrix(p, NULL);
	for (size_t i = 0; !ret && p->report->nr_swept && i < f->nr_series; i++) {
		if (!result_dir_is_worker_first(f, i))
			continue;
		page_put(p, "<h3>", f->series[i].worker, "");
		if (strcmp(f->series[i].worker, f->series[i].workload))
			page_put(p, " <span class=\"muted\">", f->series[i].workload,
				 "</span>");
		page_raw(p, "</h3>\n");
		ret = page_put_sweep_figures(p, f->series[i].worker);
		put_matrix(p, f->series[i].worker);
	}
	page_raw(
		p,
		"<p class=\"legend\">Medians over the repeats, below them 95&nbsp;% intervals (in brackets the range, where fewer than five repeats give no interval). * has outliers, which are counted in.");
	if (p->report->cells.nr) {
		page_raw(
			p,
			" <span class=\"better\">▲▼</span> better, <span class=\"worse\">▲▼</span> worse than in the first cell, beyond noise.");
	}
	if (p->report->cells.across != ACROSS_NOTHING)
		page_raw(
			p,
			" Cells that share no day and machine with the first cell are not compared with it.");
	put_scopes(p);
	page_raw(p, "</p>\n");
	return ret;
}
