// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables of claims, of the noise floor and of the scores of other tools.
 */
#include "harness/report/html_page.h"

#include <stdbool.h>
#include <string.h>

#include "workloads/api/arith.h"

static void put_expected(FILE *out, const struct truth_line *line)
{
	bool slack = *line->tolerance && strcmp(line->tolerance, "0");

	html_text(out, truth_relation_sign(line->relation));
	fputs("&nbsp;", out);
	html_range(out, line->expected_min, line->expected_max);
	if (slack) {
		fputs(strcmp(line->relation, "between") ? " ±&nbsp;" : " +&nbsp;", out);
		html_exact(out, result_dir_number(line->tolerance));
	}
}

static void put_truth_line(const struct page *p, const struct truth_line *line)
{
	const char *name = truth_name(line->verdict);
	char cell[CELL_LABEL_BYTES];

	fprintf(p->out, "<tr><td><span class=\"tag %s\">%s</span></td>", name, name);
	page_put(p, "<td>", line->worker, "</td>");
	page_put(p, "<td class=\"text\">", line->quantity, "");
	if (*line->why)
		page_put(p, "<em>", line->why, "</em>");
	page_put(p, "<small><code>", line->counter, "</code>");
	page_put(p, ", ", line->span, "");
	if (line->cell_label) {
		report_cell_name(p->report, line->cell_label, cell, sizeof(cell));
		page_put(p, "; cell ", cell, "");
		page_put(p, ", repeat ", line->repeat, "");
	}
	page_raw(p, "</small></td><td class=\"n range\">");
	put_expected(p->out, line);
	page_raw(p, "</td><td class=\"n range\">");
	html_range(p->out, line->observed_min, line->observed_max);
	page_put(p, "</td><td class=\"muted\">", line->unit, "</td><td class=\"n\">");
	html_exact(p->out, line->noise);
	fprintf(p->out, "</td><td class=\"n\">%zu</td>", line->nr);
	page_put(p, "<td>", line->basis, "</td></tr>\n");
}

void page_put_truth(const struct page *p)
{
	static const char *const titles[] = { "verdict",   "worker", "quantity", ">expected",
					      ">observed", "unit",   ">noise",	 ">n",
					      "basis",	   NULL };
	const struct report *r = p->report;
	size_t failures = 0;

	if (!r->nr_truth)
		return;
	page_heading(p, "truth", "Truth");
	page_raw(
		p,
		"<p>Each claim, made before the run, beside the kernel's count. Failures first; the others are joined over cells and repeats.</p>\n");
	page_table_open(p, titles);
	for (size_t i = 0; i < r->nr_truth; i++)
		if (r->truth[i].verdict != TRUTH_FAIL || ++failures <= PAGE_FAILURES_MAX)
			put_truth_line(p, &r->truth[i]);
	page_table_close(p);
	if (failures > PAGE_FAILURES_MAX)
		fprintf(p->out, "<p class=\"legend\">%zu more failures are in truth.csv.</p>\n",
			failures - PAGE_FAILURES_MAX);
}

void page_put_noise(const struct page *p)
{
	static const char *const titles[] = { "counter", "span", ">moved by", "unit", NULL };
	const struct report *r = p->report;
	size_t still = 0;

	if (!r->nr_noise)
		return;
	page_heading(p, "noise", "Noise floor");
	page_raw(
		p,
		"<p>The largest movement of the same counters in the null run: what the harness and other processes add.</p>\n");
	page_table_open(p, titles);
	for (size_t i = 0; i < r->nr_noise; i++) {
		if (r->noise[i].noise == 0) {
			still++;
			continue;
		}
		page_put(p, "<tr><td><code>", r->noise[i].counter, "</code></td>");
		page_put(p, "<td>", r->noise[i].span, "</td><td class=\"n\">");
		html_exact(p->out, r->noise[i].noise);
		page_put(p, "</td><td class=\"muted\">", r->noise[i].unit, "</td></tr>\n");
	}
	page_table_close(p);
	if (still)
		fprintf(p->out, "<p class=\"legend\">%zu counter%s did not move at all.</p>\n",
			still, still == 1 ? "" : "s");
}

/* The columns of scorecard.csv that the page shows. */
static const struct score_column {
	const char *name, *title;
	const char *below; /* another column, in small letters under it */
} score_columns[] = {
	{ "tool", "tool", "version" },	{ "quantity", "quantity", NULL },
	{ "truth", ">truth", NULL },	{ "said", ">said", NULL },
	{ "unit", "unit", NULL },	{ "error_percent", ">error %", NULL },
	{ "verdict", "verdict", NULL }, { "why", "why", NULL },
};

#define SCORE_COLUMNS (ARRAY_SIZE(score_columns))

static const char *cell_class(const char *name, bool wrong)
{
	if (column_is_amount(column_find(&scorecard_csv, name)))
		return "n";
	if (!strcmp(name, "why"))
		return "text";
	return wrong && !strcmp(name, "verdict") ? "worse" : "";
}

static void put_score_cell(const struct page *p, const struct score_column *column, size_t row,
			   bool wrong)
{
	const struct csv_table *card = &p->report->dir.scorecard;
	const char *class = cell_class(column->name, wrong);
	const char *text = csv_cell(card, row, csv_column(card, column->name));

	page_put(p, *class ? "<td class=\"" : "<td", class, *class ? "\">" : ">");
	if (!strcmp(class, "n"))
		html_exact(p->out, result_dir_number(text));
	else
		html_name(p->out, text);
	if (column->below)
		page_put(p, "<small>", csv_cell(card, row, csv_column(card, column->below)),
			 "</small>");
	page_raw(p, "</td>");
}

/* The tool's name and version stand at its first row alone. */
static void put_score(const struct page *p, size_t place)
{
	const size_t row = p->report->score[place];
	const bool wrong = report_score_verdict(p->report, row) == SCORE_WRONG;
	const bool first = report_is_tool_first(p->report, place);

	page_raw(p, first ? "<tr>" : "<tr><td></td>");
	for (size_t i = !first; i < SCORE_COLUMNS; i++)
		put_score_cell(p, &score_columns[i], row, wrong);
	page_raw(p, "</tr>\n");
}

void page_put_scorecard(const struct page *p)
{
	const struct csv_table *card = &p->report->dir.scorecard;
	const char *titles[SCORE_COLUMNS + 1] = { NULL };

	if (!card->nr)
		return;
	for (size_t i = 0; i < SCORE_COLUMNS; i++)
		titles[i] = score_columns[i].title;
	page_heading(p, "scorecard", "Scorecard: what other tools said");
	page_table_open(p, titles);
	for (size_t place = 0; place < card->nr; place++)
		put_score(p, place);
	page_table_close(p);
}
