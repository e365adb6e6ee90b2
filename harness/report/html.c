// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the page from the reports' tables. Computes nothing but layout.
 */
#include "harness/report/html.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/report/figure.h"
#include "harness/report/html_style.h"

#define TIMELINES_MAX 12 /* cells whose timeline is drawn */
#define FAILURES_MAX  200
#define PROFILE_BYTES 65536

static const char missing[] =
	"gnuplot is not installed (Debian: gnuplot-nox), so nothing is drawn; "
	"all numbers are in the tables";

struct page {
	FILE *out;
	const struct report *report;
	size_t index; /* of the report, for ids */
	bool no_drawing;
	char *note;
	size_t note_bytes;
};

/* Length of the UTF-8 sequence at text; 0 when it is none or a control character. */
static size_t sequence(const char *text)
{
	unsigned char c = *text;
	size_t length = c < 0x80		? 1
			: c >= 0xc2 && c < 0xe0 ? 2
			: c >= 0xe0 && c < 0xf0 ? 3
			: c >= 0xf0 && c < 0xf5 ? 4
						: 0;

	for (size_t i = 1; i < length; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
		return 0;
	return length;
}

void html_text(FILE *out, const char *text)
{
	while (*text) {
		size_t length = sequence(text);

		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			if (length)
				fwrite(text, 1, length, out);
			else
				fputs("\xef\xbf\xbd", out);
		}
		text += length ? length : 1;
	}
}

static void raw(const struct page *p, const char *html)
{
	fputs(html, p->out);
}

static void put(const struct page *p, const char *before, const char *text, const char *after)
{
	fputs(before, p->out);
	html_text(p->out, text);
	fputs(after, p->out);
}

static void heading(const struct page *p, const char *id, const char *title)
{
	fprintf(p->out, "<h2 id=\"%s%zu\">", id, p->index);
	html_text(p->out, title);
	raw(p, "</h2>\n");
}

/* Titles end with NULL; one that begins with > stands over numbers. */
static void table_open(const struct page *p, const char *const *titles)
{
	raw(p, "<div class=\"scroll\"><table><thead><tr>");
	for (; *titles; titles++) {
		bool number = **titles == '>';

		put(p, number ? "<th class=\"n\">" : "<th>", *titles + number, "</th>");
	}
	raw(p, "</tr></thead><tbody>\n");
}

static void table_close(const struct page *p)
{
	raw(p, "</tbody></table></div>\n");
}

/* Digits in groups of three, as exact as the file has them. */
static void put_exact(FILE *out, double value)
{
	char digits[64];
	size_t whole;

	if (isnan(value)) {
		fputs("–", out);
		return;
	}
	snprintf(digits, sizeof(digits), value == floor(value) ? "%.0f" : "%.10g", value);
	whole = strspn(digits, "-0123456789");
	for (size_t i = 0; digits[i]; i++) {
		size_t left = whole - i;

		if (i && i < whole && left % 3 == 0 && whole > 4 && digits[i - 1] != '-')
			fputs("\u202f", out);
		fputc(digits[i], out);
	}
}

static void put_range(FILE *out, double low, double high)
{
	put_exact(out, low);
	if (low < high) {
		fputs(" … ", out);
		put_exact(out, high);
	}
}

static const char *text_at(const struct page *p, const char *path)
{
	const char *text = json_string_value(folder_json(&p->report->folder, path));

	return text ? text : "";
}

/* ---- head ---- */

static void put_series_colours(FILE *out)
{
	char code[40];

	for (unsigned i = 0; i < PLOT_SERIES; i++) {
		plot_series_selector(i, code, sizeof(code));
		fprintf(out,
			".plot [stroke=\"%s\"]{stroke:var(--s%u)}.plot [color=\"%s\"]"
			"{color:var(--s%u)}.plot [fill=\"%s\"]{fill:var(--s%u)}\n",
			code, i, code, i, code, i);
	}
	fputs(".plot [stroke=\"" PLOT_GRID_SELECTOR "\"]{stroke:var(--line)}"
	      ".plot [fill=\"" PLOT_FAINT_SELECTOR "\"]{fill:var(--muted)}\n",
	      out);
	for (unsigned i = 0; i < PLOT_PHASES; i++) {
		plot_phase_selector(i, code, sizeof(code));
		fprintf(out, ".plot [fill=\"%s\"]{fill:var(--p%u)}\n", code, i);
	}
}

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\""
	"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"generator\" content=\"pagestorm\">\n<title>";

/* With the one definition that the drawings refer to: gnuplot's filled circle. */
static const char body[] =
	"</style>\n</head>\n<body>\n"
	"<svg width=\"0\" height=\"0\" aria-hidden=\"true\" style=\"position:absolute\">"
	"<defs><circle id=\"gpPt6\" r=\"1\" fill=\"currentColor\" stroke=\"none\"/></defs>"
	"</svg>\n";

static void put_head(const struct report *reports, size_t nr, FILE *out)
{
	const char *name = json_string_value(folder_json(&reports[0].folder, "plan.name"));

	fputs(head, out);
	html_text(out, name ? name : reports[0].folder.id);
	if (nr > 1)
		fprintf(out, " and %zu more", nr - 1);
	fputs(" – pagestorm</title>\n<style>\n", out);
	fputs(html_style, out);
	put_series_colours(out);
	fputs(body, out);
}

static void put_counts(const struct page *p)
{
	const struct report *r = p->report;
	size_t claims = 0;

	for (enum truth t = 0; t < TRUTH_KINDS; t++)
		claims += r->claims[t];
	if (claims) {
		raw(p, "<div class=\"bar\" aria-hidden=\"true\">");
		for (enum truth t = 0; t < TRUTH_KINDS; t++)
			if (r->claims[t])
				fprintf(p->out, "<i class=\"%s\" style=\"flex:%zu\"></i>",
					truth_name(t), r->claims[t]);
		raw(p, "</div>\n");
	}
	raw(p, "<div class=\"counts\">");
	for (enum truth t = 0; t < TRUTH_KINDS; t++)
		if (r->claims[t])
			fprintf(p->out, "<span>claims %s <b>%zu</b></span>", truth_name(t),
				r->claims[t]);
	for (unsigned i = 0; i < r->nr_outcomes; i++)
		if (r->outcome[i].nr) {
			put(p, "<span>runs ", r->outcome[i].word, "");
			fprintf(p->out, " <b>%zu</b></span>", r->outcome[i].nr);
		}
	for (unsigned i = 0; i < r->nr_scored; i++)
		if (r->scored[i].nr) {
			put(p, "<span>scored ", r->scored[i].word, "");
			fprintf(p->out, " <b>%zu</b></span>", r->scored[i].nr);
		}
	raw(p, "</div>\n");
}

static void put_verdict(const struct page *p)
{
	const struct report *r = p->report;
	size_t runs = 0, claims = 0;

	for (unsigned i = 0; i < r->nr_outcomes; i++)
		runs += r->outcome[i].nr;
	for (enum truth t = 0; t < TRUTH_KINDS; t++)
		claims += r->claims[t];
	fprintf(p->out, "<div class=\"verdict%s\"><strong>",
		report_is_clean(r) ? "" : " fails");
	if (r->folder.scorecard.nr && !runs) {
		fprintf(p->out, "%zu of %zu quantities are wrong.</strong>\n", r->scored[0].nr,
			r->folder.scorecard.nr);
		put_counts(p);
		raw(p, "</div>\n");
		return;
	}
	if (r->claims[TRUTH_FAIL])
		fprintf(p->out, "%zu of %zu claims failed", r->claims[TRUTH_FAIL], claims);
	else if (r->claims[TRUTH_PASS])
		raw(p, "No claim failed");
	else
		raw(p, "Nothing was claimed");
	if (r->nr_unexpected)
		fprintf(p->out, "; %zu of %zu runs did not end as expected.", r->nr_unexpected,
			runs);
	else if (runs)
		fprintf(p->out, "; all %zu runs ended as expected.", runs);
	else
		raw(p, "; nothing was run.");
	raw(p, "</strong>\n");
	put_counts(p);
	raw(p, "</div>\n");
}

static void put_fact(const struct page *p, const char *name, const char *text)
{
	if (!*text)
		return;
	put(p, "<dt>", name, "</dt>");
	put(p, "<dd>", text, "</dd>\n");
}

static void put_title(const struct page *p)
{
	const struct report *r = p->report;
	char line[1024];

	put(p, "<header>\n<h1>",
	    *text_at(p, "plan.name") ? text_at(p, "plan.name") : r->folder.id, "</h1>\n");
	if (*text_at(p, "plan.why"))
		put(p, "<p class=\"why\">", text_at(p, "plan.why"), "</p>\n");
	put_verdict(p);
	raw(p, "<dl class=\"facts\">\n");
	put(p, "<dt>run</dt><dd class=\"id\">", r->folder.id, "</dd>\n");
	report_machine(r, line, sizeof(line));
	put_fact(p, "machine", line);
	report_extent(r, line, sizeof(line));
	put_fact(p, "extent", line);
	if (r->folder.partial)
		put_fact(p, "state", "partial: the run has not ended, or was cut");
	raw(p, "</dl>\n");
	if (p->no_drawing)
		put(p, "<p class=\"legend\">", missing, ".</p>\n");
	raw(p, "</header>\n");
}

/* ---- outcomes ---- */

static void put_unexpected(const struct page *p)
{
	static const char *const titles[] = { "outcome", "worker", "cell",
					      ">repeat", "reason", NULL };
	const struct report *r = p->report;
	const struct folder *f = &r->folder;
	char cell[256];

	if (!r->nr_unexpected)
		return;
	heading(p, "unexpected", "Runs that did not end as expected");
	table_open(p, titles);
	for (size_t i = 0; i < r->nr_unexpected && i < FAILURES_MAX; i++) {
		size_t row = r->unexpected[i];

		report_cell_name(r, folder_run_cell(f, row, "cell_label"), cell, sizeof(cell));
		put(p, "<tr><td class=\"worse\">", folder_run_cell(f, row, "outcome"), "</td>");
		put(p, "<td>", folder_run_cell(f, row, "worker"), "</td>");
		put(p, "<td>", cell, "</td>");
		put(p, "<td class=\"n\">", folder_run_cell(f, row, "repeat"), "</td>");
		put(p, "<td class=\"text\">", folder_run_cell(f, row, "reason"),
		    "</td></tr>\n");
	}
	table_close(p);
	if (r->nr_unexpected > FAILURES_MAX)
		fprintf(p->out, "<p class=\"legend\">%zu more are in runs.csv.</p>\n",
			r->nr_unexpected - FAILURES_MAX);
}

/* ---- figures ---- */

static void put_caption(const struct page *p, const struct figure *figure)
{
	put(p, "<figure><figcaption>", figure->title, "");
	if (*figure->note)
		put(p, " <small>", figure->note, "</small>");
	raw(p, "</figcaption>\n<p class=\"keys\">");
	for (unsigned i = 0; i < figure->nr_legend; i++) {
		fprintf(p->out, "<span><i style=\"background:var(--s%u)\"></i>",
			figure->legend[i].series);
		put(p, "", figure->legend[i].name, "</span>");
	}
	raw(p, "</p>\n");
}

static void put_figures(struct page *p, const struct figures *f)
{
	p->no_drawing = p->no_drawing || f->give_up;
	if (*f->failure)
		snprintf(p->note, p->note_bytes,
			 "%s; the page has its tables, but not all drawings", f->failure);
	if (f->nr)
		raw(p, "<div class=\"figures\">\n");
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
		raw(p, "</div>\n");
	if (*f->failure)
		put(p, "<p class=\"legend\">Not drawn: ", f->failure, ".</p>\n");
}

static int put_sweep_figures(struct page *p, const char *worker)
{
	const struct report *r = p->report;
	bool drawn = false;
	int rc = 0;

	for (unsigned i = 0; !rc && i < r->nr_swept; i++) {
		bool zipped = figure_is_zipped(r, worker, r->swept[i].key);
		struct figures f = { .give_up = p->no_drawing };

		if (zipped && drawn)
			continue;
		drawn = drawn || zipped;
		rc = figures_sweep(&f, r, worker, r->swept[i].key);
		if (!rc && f.nr) {
			put(p, "<p class=\"muted\">Over <code>", r->swept[i].key, "</code>");
			raw(p, zipped && r->nr_swept > 1 ? " and the settings that follow it"
							 : "");
			raw(p,
			    ": medians with 95&nbsp;% intervals, or the range of fewer than ");
			raw(p, "five repeats; a dot is one run.</p>\n");
		}
		if (!rc)
			put_figures(p, &f);
		figures_release(&f);
	}
	return rc;
}

/* ---- medians ---- */

static bool is_first(const struct folder *f, size_t series)
{
	for (size_t i = 0; i < series; i++)
		if (!strcmp(f->series[i].worker, f->series[series].worker))
			return false;
	return true;
}

/* The series that a table shows: one worker's cells, or, where nothing is swept, all workers.
 */
static bool is_column(const struct series *s, const char *worker)
{
	return !worker || !strcmp(s->worker, worker);
}

static double largest(const struct report *r, const char *worker, size_t metric)
{
	double most = NAN; /* fmax ignores it: it stays where nothing was recorded */

	for (size_t i = 0; i < r->folder.nr_series; i++)
		if (is_column(&r->folder.series[i], worker))
			most = fmax(most, report_summary(r, i, metric)->max);
	return most;
}

static void put_median(const struct page *p, size_t series, size_t metric)
{
	const struct report *r = p->report;
	const struct summary *s = report_summary(r, series, metric);
	enum measure measure = metrics[metric].measure;
	char text[80];
	double ratio;
	enum change change = report_change(r, series, &metrics[metric], &ratio);
	bool changed = change == CHANGE_WORSE || change == CHANGE_BETTER;

	metric_format(measure, metric_center(&metrics[metric], s), text, sizeof(text));
	put(p, "<td class=\"n\">", text, "");
	if (r->cells.nr)
		fprintf(p->out, "<span class=\"mark %s\">%s</span>",
			changed ? change_name(change) : "",
			!changed    ? ""
			: ratio > 1 ? "▲"
				    : "▼");
	if (s->n > 1 && s->min < s->max && metrics[metric].column) {
		bool interval = !isnan(s->low);

		metric_format_range(measure, interval ? s->low : s->min,
				    interval ? s->high : s->max, s->median, text, sizeof(text));
		fprintf(p->out, "<small>%s", interval ? "" : "(");
		html_text(p->out, text);
		fprintf(p->out, "%s%s%s</small>", interval ? "" : ")", s->outliers ? " *" : "",
			r->cells.nr ? "<span class=\"mark\"></span>" : "");
	}
	raw(p, "</td>");
}

static void put_zeros(const struct page *p, const char *worker)
{
	const char *before = "<p class=\"legend\">Zero in every run: ";

	for (size_t m = 0; m < p->report->nr_metrics; m++)
		if (largest(p->report, worker, m) == 0 && metrics[m].column) {
			put(p, before, metrics[m].label, "");
			before = ", ";
		}
	raw(p, *before == ',' ? ".</p>\n" : "");
}

/* A setting a line: a label of several is too wide for a column. */
static void put_lines(const struct page *p, const char *label)
{
	char setting[256];

	while (*label) {
		size_t length = strcspn(label, ";");

		snprintf(setting, sizeof(setting), "%.*s", (int)length, label);
		put(p, "", setting, label[length] ? "<br>" : "");
		label += length + (label[length] == ';');
	}
}

static void put_matrix(const struct page *p, const char *worker)
{
	const struct report *r = p->report;
	const struct folder *f = &r->folder;
	char name[256];

	fprintf(p->out, "<div class=\"scroll%s\"><table class=\"matrix\"><thead><tr>",
		worker ? "" : " narrow");
	put(p, "<th>", r->nr_swept == 1 ? r->swept[0].key : "metric", "</th>");
	for (size_t i = 0; i < f->nr_series; i++)
		if (is_column(&f->series[i], worker)) {
			report_cell_name(r, f->series[i].label, name, sizeof(name));
			raw(p, "<th class=\"n\">");
			put_lines(p, worker ? name : f->series[i].worker);
			raw(p, r->cells.nr ? "<span class=\"mark\"></span></th>" : "</th>");
		}
	raw(p, "</tr></thead><tbody>\n");
	for (size_t m = 0; m < r->nr_metrics; m++) {
		if (!(largest(r, worker, m) > 0))
			continue;
		put(p, "<tr><th>", metrics[m].label, "</th>");
		for (size_t i = 0; i < f->nr_series; i++)
			if (is_column(&f->series[i], worker))
				put_median(p, i, m);
		raw(p, "</tr>\n");
	}
	table_close(p);
	put_zeros(p, worker);
}

static size_t count_changes(const struct page *p, const struct series *s, enum change change)
{
	const struct compare *c = &p->report->cells;
	size_t nr = 0;

	for (size_t i = 0; i < c->nr; i++)
		nr += c->row[i].change == change && !strcmp(c->row[i].worker, s->worker) &&
		      !strcmp(c->row[i].cell, s->label);
	return nr;
}

static void put_change(const struct page *p, const struct comparison *row)
{
	char ratio[32];

	put(p, "<span>", row->metric->label, "");
	if (isfinite(row->contrast.ratio)) {
		snprintf(ratio, sizeof(ratio), "×%.3g", row->contrast.ratio);
		put(p, " <b class=\"", change_name(row->change), "\">");
		put(p, "", ratio, "</b>");
	}
	raw(p, "</span>");
}

/* The metrics that got this verdict in this cell, with their ratios. */
static void put_changes(const struct page *p, const struct series *s, enum change change)
{
	const struct compare *c = &p->report->cells;
	const char *before = "<td class=\"text\">";

	for (size_t i = 0; i < c->nr; i++) {
		if (c->row[i].change != change || strcmp(c->row[i].worker, s->worker) ||
		    strcmp(c->row[i].cell, s->label))
			continue;
		raw(p, before);
		put_change(p, &c->row[i]);
		before = ", ";
	}
	raw(p, *before == ',' ? "</td>" : "<td>–</td>");
}

static void put_worker_changes(const struct page *p, const char *worker)
{
	const struct folder *f = &p->report->folder;
	char cell[256];

	for (size_t i = 0; i < f->nr_series; i++) {
		const struct series *s = &f->series[i];

		if (s->cell == f->series[0].cell || strcmp(s->worker, worker))
			continue;
		report_cell_name(p->report, s->label, cell, sizeof(cell));
		put(p, "<tr><td>", s->worker, "</td>");
		raw(p, "<td class=\"n\">");
		put_lines(p, cell);
		raw(p, "</td>");
		put_changes(p, s, CHANGE_BETTER);
		put_changes(p, s, CHANGE_WORSE);
		fprintf(p->out, "<td class=\"n\">%zu</td><td class=\"n\">%zu</td></tr>\n",
			count_changes(p, s, CHANGE_NOISE), count_changes(p, s, CHANGE_TOO_FEW));
	}
}

static void put_changes_table(const struct page *p)
{
	const struct report *r = p->report;
	const struct folder *f = &r->folder;
	const char *titles[] = { "worker",	  ">cell",	   "better", "worse",
				 ">within noise", ">too few runs", NULL };
	char key[80];

	if (!r->cells.nr)
		return;
	if (r->nr_swept == 1) {
		snprintf(key, sizeof(key), ">%s", r->swept[0].key);
		titles[1] = key;
	}
	heading(p, "verdicts", "Verdicts");
	put(p, "<p>Each cell against the first, <code>", f->series[0].label, "</code>: ");
	if (r->cells.nr_tested) {
		raw(p, "better or worse beyond noise. If nothing differed, the chance that any "
		       "of ");
		fprintf(p->out,
			"these %zu comparisons said otherwise would be at most 5&nbsp;%%. ",
			r->cells.nr_tested);
		raw(p, "Less than 2&nbsp;% is no difference.</p>\n");
	} else {
		raw(p, "nothing can be told from so few repeats. Four are the least.</p>\n");
	}
	table_open(p, titles);
	for (size_t i = 0; i < f->nr_series; i++)
		if (is_first(f, i))
			put_worker_changes(p, f->series[i].worker);
	table_close(p);
}

static int put_workers(struct page *p)
{
	const struct folder *f = &p->report->folder;
	int rc = 0;

	if (!f->nr_series)
		return 0;
	heading(p, "results", "Results");
	if (!p->report->nr_swept)
		put_matrix(p, NULL);
	for (size_t i = 0; !rc && p->report->nr_swept && i < f->nr_series; i++) {
		if (!is_first(f, i))
			continue;
		put(p, "<h3>", f->series[i].worker, "");
		if (strcmp(f->series[i].worker, f->series[i].workload))
			put(p, " <span class=\"muted\">", f->series[i].workload, "</span>");
		raw(p, "</h3>\n");
		rc = put_sweep_figures(p, f->series[i].worker);
		put_matrix(p, f->series[i].worker);
	}
	raw(p, "<p class=\"legend\">Medians over the repeats, below them 95&nbsp;% intervals ");
	raw(p, "(in brackets the range, where fewer than five repeats give no interval). ");
	raw(p, "* has outliers, which are counted in.");
	if (p->report->cells.nr) {
		raw(p, " <span class=\"better\">▲▼</span> better, ");
		raw(p, "<span class=\"worse\">▲▼</span> worse than in the first cell, beyond "
		       "noise.");
	}
	raw(p, "</p>\n");
	return rc;
}

/* ---- timeline ---- */

static bool has_samples(const struct report *r, unsigned cell, const char *worker)
{
	const struct csv_table *s = &r->folder.samples;
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
	char cell[256];
	int rc;

	if (!repeat || !has_samples(p->report, s->cell, worker))
		return 0;
	rc = figures_timeline(&f, p->report, s->cell, repeat, worker);
	if (!rc && (f.nr || *f.failure)) {
		report_cell_name(p->report, s->label, cell, sizeof(cell));
		put(p, "<h3>", *worker ? worker : "machine", "");
		if (*s->label)
			put(p, " <span class=\"muted\">at ", cell, "</span>");
		put(p, " <span class=\"muted\">repeat ", repeat, "</span></h3>\n");
		put_figures(p, &f);
		*drawn += f.nr;
	}
	figures_release(&f);
	return rc;
}

static bool is_last_of_cell(const struct folder *f, size_t series)
{
	return series + 1 == f->nr_series ||
	       f->series[series + 1].cell != f->series[series].cell;
}

static int put_timelines(struct page *p)
{
	const struct folder *f = &p->report->folder;
	size_t cells = 0, left_out = 0, drawn = 0;
	int rc = 0;

	if (!f->samples.nr)
		return 0;
	heading(p, "timeline", "Timeline");
	if (p->no_drawing) {
		raw(p, "<p class=\"legend\">Not drawn; its points are in samples.csv.</p>\n");
		return 0;
	}
	raw(p, "<p class=\"muted\">The first repeat of each cell, from GO on; ");
	raw(p, "shaded: ready, running, held, gone.</p>\n");
	for (size_t i = 0; !rc && i < f->nr_series; i++) {
		bool first_of_cell = !i || f->series[i].cell != f->series[i - 1].cell;

		cells += first_of_cell;
		if (cells > TIMELINES_MAX) {
			left_out += first_of_cell;
			continue;
		}
		rc = put_timeline(p, &f->series[i], f->series[i].worker, &drawn);
		if (!rc && is_last_of_cell(f, i))
			rc = put_timeline(p, &f->series[i], "", &drawn);
	}
	if (!drawn)
		raw(p,
		    "<p class=\"legend\">Too short: there are fewer than four samples.</p>\n");
	if (left_out)
		fprintf(p->out,
			"<p class=\"legend\">The timelines of %zu more cells are in "
			"samples.csv."
			"</p>\n",
			left_out);
	return rc;
}

/* ---- truth and noise ---- */

static void put_expected(FILE *out, const struct truth_line *line)
{
	static const char *const signs[][2] = {
		{ "eq", "=" },
		{ "ge", "≥" },
		{ "le", "≤" },
		{ "between", "from" },
	};
	const char *sign = line->relation;
	bool slack = *line->tolerance && strcmp(line->tolerance, "0");

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (!strcmp(signs[i][0], line->relation))
			sign = signs[i][1];
	html_text(out, sign);
	fputs(" ", out);
	put_range(out, line->expected_min, line->expected_max);
	if (slack) {
		fputs(strcmp(line->relation, "between") ? " ± " : " + ", out);
		put_exact(out, folder_number(line->tolerance));
	}
}

static void put_truth_line(const struct page *p, const struct truth_line *line)
{
	const char *name = truth_name(line->verdict);
	char cell[256];

	fprintf(p->out, "<tr><td><span class=\"tag %s\">%s</span></td>", name, name);
	put(p, "<td>", line->worker, "</td>");
	put(p, "<td class=\"text\">", line->quantity, "");
	if (*line->why)
		put(p, "<em>", line->why, "</em>");
	put(p, "<small><code>", line->counter, "</code>");
	put(p, ", ", line->span, "");
	if (line->cell_label) {
		report_cell_name(p->report, line->cell_label, cell, sizeof(cell));
		put(p, "; cell ", cell, "");
		put(p, ", repeat ", line->repeat, "");
	}
	raw(p, "</small></td><td class=\"n\">");
	put_expected(p->out, line);
	raw(p, "</td><td class=\"n\">");
	put_range(p->out, line->observed_min, line->observed_max);
	put(p, "</td><td class=\"muted\">", line->unit, "</td><td class=\"n\">");
	put_exact(p->out, line->noise);
	fprintf(p->out, "</td><td class=\"n\">%zu</td>", line->nr);
	put(p, "<td>", line->basis, "</td></tr>\n");
}

static void put_truth(const struct page *p)
{
	static const char *const titles[] = { "verdict",   "worker", "quantity", ">promised",
					      ">observed", "unit",   ">noise",	 ">n",
					      "basis",	   NULL };
	const struct report *r = p->report;
	size_t failures = 0;

	if (!r->nr_truth)
		return;
	heading(p, "truth", "Truth");
	raw(p, "<p>What was promised before the run, and what the kernel counted. ");
	raw(p, "Failures first; the others are joined over cells and repeats.</p>\n");
	table_open(p, titles);
	for (size_t i = 0; i < r->nr_truth; i++)
		if (r->truth[i].verdict != TRUTH_FAIL || ++failures <= FAILURES_MAX)
			put_truth_line(p, &r->truth[i]);
	table_close(p);
	if (failures > FAILURES_MAX)
		fprintf(p->out, "<p class=\"legend\">%zu more failures are in truth.csv.</p>\n",
			failures - FAILURES_MAX);
}

static void put_noise(const struct page *p)
{
	static const char *const titles[] = { "counter", "span", ">moved by", "unit", NULL };
	const struct report *r = p->report;
	size_t still = 0;

	if (!r->nr_noise)
		return;
	heading(p, "noise", "Noise floor");
	raw(p,
	    "<p>The most that the same counters moved beside a workload that does nothing: ");
	raw(p, "what the harness and the neighbours add.</p>\n");
	table_open(p, titles);
	for (size_t i = 0; i < r->nr_noise; i++) {
		if (r->noise[i].noise == 0) {
			still++;
			continue;
		}
		put(p, "<tr><td><code>", r->noise[i].counter, "</code></td>");
		put(p, "<td>", r->noise[i].span, "</td><td class=\"n\">");
		put_exact(p->out, r->noise[i].noise);
		put(p, "</td><td class=\"muted\">", r->noise[i].unit, "</td></tr>\n");
	}
	table_close(p);
	if (still)
		fprintf(p->out, "<p class=\"legend\">%zu counter%s did not move at all.</p>\n",
			still, still == 1 ? "" : "s");
}

static void put_score(const struct page *p, const char *const *columns, size_t row, bool wrong)
{
	const struct csv_table *card = &p->report->folder.scorecard;

	raw(p, "<tr>");
	for (; *columns; columns++) {
		bool number = **columns == '>';
		const char *name = *columns + number;

		raw(p, number				   ? "<td class=\"n\">"
		       : !strcmp(name, "why")		   ? "<td class=\"text\">"
		       : wrong && !strcmp(name, "verdict") ? "<td class=\"worse\">"
							   : "<td>");
		if (number)
			put_exact(p->out,
				  folder_number(csv_cell(card, row, csv_column(card, name))));
		else
			html_text(p->out, csv_cell(card, row, csv_column(card, name)));
		raw(p, "</td>");
	}
	raw(p, "</tr>\n");
}

static void put_scorecard(const struct page *p)
{
	static const char *const columns[] = { "tool",	"version", "quantity",	     ">truth",
					       ">said", "unit",	   ">error_percent", "verdict",
					       "why",	NULL };
	const struct csv_table *card = &p->report->folder.scorecard;

	if (!card->nr)
		return;
	heading(p, "scorecard", "Scorecard: what other tools said");
	table_open(p, columns);
	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t row = 0; row < card->nr; row++) {
			bool wrong = !strcmp(csv_cell(card, row, csv_column(card, "verdict")),
					     "wrong");

			if (wrong != pass)
				put_score(p, columns, row, wrong);
		}
	table_close(p);
}

/* ---- the machine ---- */

static void put_json_value(const struct page *p, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		html_text(p->out, json_string_value(value));
		return;
	}
	if (json_is_boolean(value)) {
		fputs(json_is_true(value) ? "yes" : "no", p->out);
		return;
	}
	if (json_is_number(value)) {
		put_exact(p->out, json_number_value(value));
		return;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	html_text(p->out, text ? text : "");
	free(text);
}

static void put_object(const struct page *p, const char *title, const char *path)
{
	json_t *object = (json_t *)folder_json(&p->report->folder, path);
	const char *key;
	json_t *value;

	if (!json_object_size(object))
		return;
	put(p, "<div><h3>", title, "</h3><dl class=\"facts\">\n");
	json_object_foreach(object, key, value)
	{
		put(p, "<dt>", key, "</dt><dd>");
		put_json_value(p, value);
		raw(p, "</dd>\n");
	}
	raw(p, "</dl></div>\n");
}

/* A run leaves all settings as it found them: what it did not is worth a heading. */
static void put_changed_settings(const struct page *p)
{
	const struct folder *f = &p->report->folder;
	json_t *after = (json_t *)folder_json(f, "settings_after");
	const char *before = "<div><h3 class=\"worse\">Settings that differ afterwards</h3>"
			     "<dl class=\"facts\">\n";
	const char *key;
	json_t *value;

	json_object_foreach(after, key, value)
	{
		json_t *found = json_object_get(folder_json(f, "settings_before"), key);

		if (json_equal(found, value))
			continue;
		put(p, before, "", "");
		put(p, "<dt>", key, "</dt><dd>");
		put_json_value(p, value);
		raw(p, "</dd>\n");
		before = "";
	}
	raw(p, *before ? "" : "</dl></div>\n");
}

/* The profile as it was run; one that is very long is cut, which is said. */
static void put_profile(const struct page *p)
{
	char path[PATH_MAX], *text;
	ssize_t length;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/profile.ini", p->report->folder.path) >=
	    sizeof(path))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	text = malloc(PROFILE_BYTES + 1);
	length = fd >= 0 && text ? pread(fd, text, PROFILE_BYTES, 0) : -1;
	if (length > 0) {
		text[length] = 0;
		put(p, "<h3>Profile, as it was run</h3>\n<div class=\"scroll\"><pre>", text,
		    length == PROFILE_BYTES ? "\n[cut: the rest is in profile.ini]" : "");
		raw(p, "</pre></div>\n");
	}
	free(text);
	if (fd >= 0)
		close(fd);
}

static void put_machine(const struct page *p)
{
	if (!p->report->folder.run)
		return;
	heading(p, "machine", "Machine and settings");
	raw(p, "<div class=\"columns\">\n");
	put_object(p, "Machine", "machine");
	put_object(p, "Settings before", "settings_before");
	put_changed_settings(p);
	put_object(p, "Versions", "versions");
	put_object(p, "End", "end");
	raw(p, "</div>\n");
	put_profile(p);
}

static void put_nav(const struct page *p)
{
	const struct report *r = p->report;
	const struct {
		const char *id, *title;
		bool shown;
	} sections[] = {
		{ "unexpected", "Unexpected ends", r->nr_unexpected },
		{ "verdicts", "Verdicts", r->cells.nr },
		{ "results", "Results", r->folder.nr_series },
		{ "timeline", "Timeline", r->folder.samples.nr },
		{ "truth", "Truth", r->nr_truth },
		{ "scorecard", "Scorecard", r->folder.scorecard.nr },
		{ "noise", "Noise floor", r->nr_noise },
		{ "machine", "Machine", r->folder.run },
	};

	raw(p, "<nav aria-label=\"Sections\">");
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (sections[i].shown)
			fprintf(p->out, "<a href=\"#%s%zu\">%s</a>\n", sections[i].id, p->index,
				sections[i].title);
	raw(p, "</nav>\n");
}

static int put_report(struct page *p)
{
	int rc;

	raw(p, "<main>\n");
	put_title(p);
	put_nav(p);
	put_unexpected(p);
	put_changes_table(p);
	rc = put_workers(p);
	if (!rc)
		rc = put_timelines(p);
	put_truth(p);
	put_scorecard(p);
	put_noise(p);
	put_machine(p);
	raw(p, "</main>\n");
	return rc;
}

int html_write(const struct report *reports, size_t nr, FILE *out, char *note,
	       size_t note_bytes)
{
	struct page p = { .out = out, .note = note, .note_bytes = note_bytes };
	int rc = 0;

	note[0] = 0;
	p.no_drawing = !plot_available();
	if (p.no_drawing)
		snprintf(note, note_bytes, "%s", missing);
	put_head(reports, nr, out);
	for (size_t i = 0; !rc && i < nr; i++) {
		p.report = &reports[i];
		p.index = i + 1;
		rc = put_report(&p);
	}
	fputs("</body>\n</html>\n", out);
	return rc;
}
