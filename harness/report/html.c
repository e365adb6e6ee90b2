// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page as a whole: head, verdict, unexpected ends, and the order of the sections. Computes
 * only layout.
 */
#include "harness/report/html.h"

#include <jansson.h>
#include <string.h>

#include "harness/report/html_page.h"
#include "harness/report/html_style.h"
#include "harness/report/plot.h"
#include "workloads/api/arith.h"

static const char missing[] =
	"gnuplot is not installed (Debian: gnuplot-nox), so nothing is drawn; all numbers are in the tables";

static const char *text_at(const struct page *p, const char *path)
{
	const char *text = json_string_value(result_dir_json(&p->report->dir, path));

	return text ? text : "";
}

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
	const char *name = json_string_value(result_dir_json(&reports[0].dir, "plan.name"));

	fputs(head, out);
	html_text(out, name ? name : reports[0].dir.id);
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
		page_raw(p, "<div class=\"bar\" aria-hidden=\"true\">");
		for (enum truth t = 0; t < TRUTH_KINDS; t++)
			if (r->claims[t])
				fprintf(p->out, "<i class=\"%s\" style=\"flex:%zu\"></i>",
					truth_name(t), r->claims[t]);
		page_raw(p, "</div>\n");
	}
	page_raw(p, "<div class=\"counts\">");
	for (enum truth t = 0; t < TRUTH_KINDS; t++)
		if (r->claims[t])
			fprintf(p->out, "<span>claims %s <b>%zu</b></span>", truth_name(t),
				r->claims[t]);
	for (unsigned i = 0; i < r->nr_outcomes; i++)
		if (r->outcome[i].nr) {
			page_put(p, "<span>runs ", r->outcome[i].word, "");
			fprintf(p->out, " <b>%zu</b></span>", r->outcome[i].nr);
		}
	for (unsigned i = 0; i < r->nr_scored; i++)
		if (r->scored[i].nr) {
			page_put(p, "<span>scored ", r->scored[i].word, "");
			fprintf(p->out, " <b>%zu</b></span>", r->scored[i].nr);
		}
	page_raw(p, "</div>\n");
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
	if (r->dir.scorecard.nr && !runs) {
		fprintf(p->out, "%zu of %zu quantities are wrong.</strong>\n", r->scored[0].nr,
			r->dir.scorecard.nr);
		put_counts(p);
		page_raw(p, "</div>\n");
		return;
	}
	if (r->claims[TRUTH_FAIL])
		fprintf(p->out, "%zu of %zu claims failed", r->claims[TRUTH_FAIL], claims);
	else if (r->claims[TRUTH_PASS])
		page_raw(p, "No claim failed");
	else
		page_raw(p, "No claims");
	if (r->nr_unexpected)
		fprintf(p->out, "; %zu of %zu runs did not end as expected.", r->nr_unexpected,
			runs);
	else if (runs)
		fprintf(p->out, "; all %zu runs ended as expected.", runs);
	else
		page_raw(p, "; nothing was run.");
	page_raw(p, "</strong>\n");
	put_counts(p);
	page_raw(p, "</div>\n");
}

static void put_fact(const struct page *p, const char *name, const char *text)
{
	if (!*text)
		return;
	page_put(p, "<dt>", name, "</dt>");
	page_put(p, "<dd>", text, "</dd>\n");
}

static void put_title(const struct page *p)
{
	const struct report *r = p->report;
	char line[1024];

	page_put(p, "<header>\n<h1>",
		 *text_at(p, "plan.name") ? text_at(p, "plan.name") : r->dir.id, "</h1>\n");
	if (*text_at(p, "plan.why"))
		page_put(p, "<p class=\"why\">", text_at(p, "plan.why"), "</p>\n");
	put_verdict(p);
	page_raw(p, "<dl class=\"facts\">\n");
	page_put(p, "<dt>run</dt><dd class=\"id\">", r->dir.id, "</dd>\n");
	report_machine(r, line, sizeof(line));
	put_fact(p, "machine", line);
	report_extent(r, line, sizeof(line));
	put_fact(p, "extent", line);
	if (r->dir.partial)
		put_fact(p, "state", "partial: the run has not ended, or was cut");
	page_raw(p, "</dl>\n");
	if (p->no_drawing)
		page_put(p, "<p class=\"legend\">", missing, ".</p>\n");
	page_raw(p, "</header>\n");
}

static void put_unexpected(const struct page *p)
{
	static const char *const titles[] = { "outcome", "worker", "cell",
					      ">repeat", "reason", NULL };
	const struct report *r = p->report;
	const struct result_dir *f = &r->dir;
	char cell[CELL_LABEL_BYTES];

	if (!r->nr_unexpected)
		return;
	page_heading(p, "unexpected", "Runs that did not end as expected");
	page_table_open(p, titles);
	for (size_t i = 0; i < r->nr_unexpected && i < PAGE_FAILURES_MAX; i++) {
		size_t row = r->unexpected[i];

		report_cell_name(r, result_dir_run_cell(f, row, "cell_label"), cell,
				 sizeof(cell));
		page_put(p, "<tr><td class=\"worse\">", result_dir_run_cell(f, row, "outcome"),
			 "</td>");
		page_put(p, "<td>", result_dir_run_cell(f, row, "worker"), "</td>");
		page_put(p, "<td>", cell, "</td>");
		page_put(p, "<td class=\"n\">", result_dir_run_cell(f, row, "repeat"), "</td>");
		page_put(p, "<td class=\"text\">", result_dir_run_cell(f, row, "reason"),
			 "</td></tr>\n");
	}
	page_table_close(p);
	if (r->nr_unexpected > PAGE_FAILURES_MAX)
		fprintf(p->out, "<p class=\"legend\">%zu more are in runs.csv.</p>\n",
			r->nr_unexpected - PAGE_FAILURES_MAX);
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
		{ "results", "Results", r->dir.nr_series },
		{ "timeline", "Timeline", r->dir.samples.nr },
		{ "truth", "Truth", r->nr_truth },
		{ "scorecard", "Scorecard", r->dir.scorecard.nr },
		{ "noise", "Noise floor", r->nr_noise },
		{ "machine", "Machine", r->dir.run },
	};

	page_raw(p, "<nav aria-label=\"Sections\">");
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (sections[i].shown)
			fprintf(p->out, "<a href=\"#%s%zu\">%s</a>\n", sections[i].id, p->index,
				sections[i].title);
	page_raw(p, "</nav>\n");
}

static int put_report(struct page *p)
{
	int ret;

	page_raw(p, "<main>\n");
	put_title(p);
	put_nav(p);
	put_unexpected(p);
	page_put_changes_table(p);
	ret = page_put_workers(p);
	if (!ret)
		ret = page_put_timelines(p);
	page_put_truth(p);
	page_put_scorecard(p);
	page_put_noise(p);
	page_put_machine(p);
	page_raw(p, "</main>\n");
	return ret;
}

int html_write(const struct report *reports, size_t nr, FILE *out, char *note,
	       size_t note_bytes)
{
	struct page p = { .out = out, .note = note, .note_bytes = note_bytes };
	int ret = 0;

	note[0] = 0;
	p.no_drawing = !plot_available();
	if (p.no_drawing)
		snprintf(note, note_bytes, "%s", missing);
	put_head(reports, nr, out);
	for (size_t i = 0; !ret && i < nr; i++) {
		p.report = &reports[i];
		p.index = i + 1;
		ret = put_report(&p);
	}
	fputs("</body>\n</html>\n", out);
	return ret;
}
