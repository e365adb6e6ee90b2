// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page's drawings, over swept settings and over time.
 */
#include "harness/report/html_page.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/figure.h"

#define TIMELINES_MAX 12 /* cells whose timeline is drawn */

static void put_caption(const struct page *p, const struct figure *figure)
{
	page_put(p, "<figure><figcaption>", figure->title, "");
	if (*figure->note)
		page_put(p, " <small>", figure->note, "</small>");
	page_raw(p, "</figcaption>\n<p class=\"keys\">");
	for (unsigned i = 0; i < figure->nr_legend; i++) {
		fprintf(p->out, "<span><i style=\"background:var(--s%u)\"></i>",
			figure->legend[i].series);
		page_put(p, "", figure->legend[i].name, "</span>");
	}
	page_raw(p, "</p>\n");
}

static void put_figures(struct page *p, const struct figures *f)
{
	p->no_drawing = p->no_drawing || f->give_up;
	if (*f->failure)
		snprintf(p->note, p->note_bytes,
			 "%s; the page has its tables, but not all drawings", f->failure);
	if (f->nr)
		page_raw(p, "<div class=\"figures\">\n");
	for (size_t i = 0; i < f->nr; i++) {
		put_caption(p, &f->figure[i]);
		fprintf(p->out,
			"<svg class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" "
			"aria-label=\"",
			PLOT_WIDTH, PLOT_HEIGHT);
		html_text(p->out, f->figure[i].title);
		fprintf(p->out, "\">\n%s</svg></figure>\n", f->figure[i].svg);
	}
	if (f->nr)
		page_raw(p, "</div>\n");
	if (*f->failure)
		page_put(p, "<p class=\"legend\">Not drawn: ", f->failure, ".</p>\n");
}

int page_put_sweep_figures(struct page *p, const char *worker)
{
	const struct report *r = p->report;
	bool drawn = false;
	int ret = 0;

	for (unsigned i = 0; !ret && i < r->nr_swept; i++) {
		bool zipped = figure_is_zipped(r, worker, r->swept[i].key);
		struct figures f = { .give_up = p->no_drawing };

		if (zipped && drawn)
			continue;
		drawn = drawn || zipped;
		ret = figures_sweep(&f, r, worker, r->swept[i].key);
		if (!ret && f.nr) {
			page_put(p, "<p class=\"muted\">Over <code>", r->swept[i].key,
				 "</code>");
			page_raw(p, zipped && r->nr_swept > 1
					    ? " and the settings that follow it"
					    : "");
			page_raw(
				p,
				": medians with 95&nbsp;% intervals, or the range of fewer than five repeats; a dot is one run.</p>\n");
		}
		if (!ret)
			put_figures(p, &f);
		figures_release(&f);
	}
	return ret;
}

static bool has_samples(const struct report *r, unsigned cell, const char *worker)
{
	const struct csv_table *s = &r->dir.samples;
	int cells = csv_column(s, "cell"), workers = csv_column(s, "worker");

	for (size_t row = 0; row < s->nr; row++)
		if (!strcmp(csv_cell(s, row, workers), worker) &&
		    strtoul(csv_cell(s, row, cells), NULL, 10) == cell)
			return true;
	return false;
}

static int put_timeline(struct page *p, const struct series *s, const char *worker,
			size_t *drawn)
{
	struct figures f = { .give_up = p->no_drawing };
	const char *repeat = figure_repeat(p->report, s->cell);
	char cell[CELL_LABEL_BYTES];
	int ret;

	if (!repeat || !has_samples(p->report, s->cell, worker))
		return 0;
	ret = figures_timeline(&f, p->report, s->cell, repeat, worker);
	if (!ret && (f.nr || *f.failure)) {
		report_cell_name(p->report, s->label, cell, sizeof(cell));
		page_put(p, "<h3>", *worker ? worker : "machine", "");
		if (*s->label)
			page_put(p, " <span class=\"muted\">at ", cell, "</span>");
		page_put(p, " <span class=\"muted\">repeat ", repeat, "</span></h3>\n");
		put_figures(p, &f);
		*drawn += f.nr;
	}
	figures_release(&f);
	return ret;
}

static bool is_last_of_cell(const struct result_dir *f, size_t series)
{
	return series + 1 == f->nr_series ||
	       f->series[series + 1].cell != f->series[series].cell;
}

int page_put_timelines(struct page *p)
{
	const struct result_dir *f = &p->report->dir;
	size_t cells = 0, left_out = 0, drawn = 0;
	int ret = 0;

	if (!f->samples.nr)
		return 0;
	page_heading(p, "timeline", "Timeline");
	if (p->no_drawing) {
		page_raw(p,
			 "<p class=\"legend\">Not drawn; its points are in samples.csv.</p>\n");
		return 0;
	}
	page_raw(
		p,
		"<p class=\"muted\">The first repeat of each cell, from GO on; shaded: ready, running, held, gone.</p>\n");
	for (size_t i = 0; !ret && i < f->nr_series; i++) {
		bool first_of_cell = !i || f->series[i].cell != f->series[i - 1].cell;

		cells += first_of_cell;
		if (cells > TIMELINES_MAX) {
			left_out += first_of_cell;
			continue;
		}
		ret = put_timeline(p, &f->series[i], f->series[i].worker, &drawn);
		if (!ret && is_last_of_cell(f, i))
			ret = put_timeline(p, &f->series[i], "", &drawn);
	}
	if (!drawn)
		page_raw(
			p,
			"<p class=\"legend\">Too short: there are fewer than four samples.</p>\n");
	if (left_out)
		fprintf(p->out,
			"<p class=\"legend\">The timelines of %zu more cells are in samples.csv.</p>\n",
			left_out);
	return ret;
}
