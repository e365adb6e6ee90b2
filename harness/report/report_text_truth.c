// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Claims, noise floor and the scores of other tools as tables for a terminal.
 */
#include "harness/report/report_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

#define NARROW 120 /* columns below which the truth table has no room */

static const enum style truth_styles[TRUTH_KINDS] = {
	[TRUTH_FAIL] = STYLE_BAD,     [TRUTH_DISTURBED] = STYLE_UNSURE,
	[TRUTH_NOISE] = STYLE_UNSURE, [TRUTH_ABSENT] = STYLE_FAINT,
	[TRUTH_PASS] = STYLE_GOOD,
};

static void format_exact(double value, char *out, size_t out_bytes)
{
	if (isnan(value))
		snprintf(out, out_bytes, "–");
	else
		snprintf(out, out_bytes, value == floor(value) ? "%.0f" : "%.10g", value);
}

static void format_range(double low, double high, char *out, size_t out_bytes)
{
	char text[64], other[64];

	format_exact(low, text, sizeof(text));
	format_exact(high, other, sizeof(other));
	snprintf(out, out_bytes, "%s%s%s", text, low < high ? " … " : "",
		 low < high ? other : "");
}

static void format_expected(const struct truth_line *line, char *out, size_t out_bytes)
{
	bool slack = *line->tolerance && strcmp(line->tolerance, "0");
	bool between = !strcmp(line->relation, "between");
	char range[160];

	format_range(line->expected_min, line->expected_max, range, sizeof(range));
	snprintf(out, out_bytes, "%s %s%s%s", truth_relation_sign(line->relation), range,
		 slack ? (between ? " + " : " ± ") : "", slack ? line->tolerance : "");
}

static void add_truth(struct table *t, const struct truth_line *line)
{
	char text[256];

	table_add(t, truth_styles[line->verdict], "%s", truth_name(line->verdict));
	table_add(t, STYLE_PLAIN, "%s", line->worker);
	table_add(t, STYLE_PLAIN, "%s", line->quantity);
	table_add(t, STYLE_FAINT, "%s", line->counter);
	table_add(t, STYLE_PLAIN, "%s", line->span);
	format_expected(line, text, sizeof(text));
	table_add(t, STYLE_PLAIN, "%s", text);
	format_range(line->observed_min, line->observed_max, text, sizeof(text));
	table_add(t, STYLE_PLAIN, "%s", text);
	table_add(t, STYLE_FAINT, "%s", line->unit);
	format_exact(line->noise, text, sizeof(text));
	table_add(t, STYLE_PLAIN, "%s", text);
	table_add(t, STYLE_PLAIN, "%zu", line->nr);
}

/* The same on two lines, for a screen on which the table has no room. */
static void print_truth_line(const struct truth_line *line, FILE *out,
			     const struct screen *screen)
{
	char expected[256], observed[160], noise[64], first[32], *text;

	format_expected(line, expected, sizeof(expected));
	format_range(line->observed_min, line->observed_max, observed, sizeof(observed));
	format_exact(line->noise, noise, sizeof(noise));
	snprintf(first, sizeof(first), "%-7s ", truth_name(line->verdict));
	if (asprintf(&text, "%s of %s (%s, n = %zu): expected %s, observed %s %s, noise %s",
		     line->quantity, line->worker, line->span, line->nr, expected, observed,
		     line->unit, noise) < 0)
		return;
	text_clean(text);
	screen_wrap(screen, out, 2, first, text);
	free(text);
}

int text_put_truth(const struct report *r, FILE *out, const struct screen *screen)
{
	static const struct table_column columns[] = {
		{ .title = "verdict" },
		{ .title = "worker" },
		{ .title = "quantity", .flexible = true },
		{ .title = "counter", .flexible = true },
		{ .title = "span" },
		{ .title = "expected", .right = true },
		{ .title = "observed", .right = true },
		{ .title = "unit" },
		{ .title = "noise", .right = true },
		{ .title = "n", .right = true },
		{ .title = NULL },
	};
	bool narrow = screen->width && screen->width < NARROW;
	size_t failures = 0;
	struct table t;
	int ret = 0;

	if (!r->nr_truth)
		return 0;
	screen_title(screen, out, "Truth: each claim beside the kernel's count");
	table_init(&t, columns);
	for (size_t i = 0; i < r->nr_truth; i++) {
		if (r->truth[i].verdict == TRUTH_FAIL && ++failures > TEXT_ROWS_MAX)
			continue;
		if (narrow)
			print_truth_line(&r->truth[i], out, screen);
		else
			add_truth(&t, &r->truth[i]);
	}
	if (!narrow)
		ret = table_print(&t, out, screen, 2);
	table_release(&t);
	if (failures > TEXT_ROWS_MAX)
		fprintf(out, "  … and %zu more failures\n", failures - TEXT_ROWS_MAX);
	return ret;
}

void text_put_failures(const struct report *r, FILE *out, const struct screen *screen)
{
	size_t shown = 0;

	for (size_t i = 0; i < r->nr_truth && shown < TEXT_ROWS_MAX; i++) {
		const struct truth_line *line = &r->truth[i];
		char *text, cell[CELL_LABEL_BYTES];

		if (line->verdict != TRUTH_FAIL)
			continue;
		report_cell_name(r, line->cell_label ? line->cell_label : "", cell,
				 sizeof(cell));
		if (asprintf(&text, "%s of %s at %s, repeat %s (%s): %s", line->quantity,
			     line->worker, cell, line->repeat, line->counter, line->why) < 0)
			return;
		text_clean(text);
		screen_wrap(screen, out, 2, "failed: ", text);
		free(text);
		shown++;
	}
}

int text_put_noise(const struct report *r, FILE *out, const struct screen *screen)
{
	static const struct table_column columns[] = {
		{ .title = "counter", .flexible = true },
		{ .title = "span" },
		{ .title = "moved by", .right = true },
		{ .title = "unit" },
		{ .title = NULL },
	};
	size_t still = 0;
	struct table t;
	char text[64];
	int ret;

	if (!r->nr_noise)
		return 0;
	screen_title(screen, out,
		     "Noise floor: the largest movement of the same counters in the null run");
	table_init(&t, columns);
	for (size_t i = 0; i < r->nr_noise; i++) {
		if (r->noise[i].noise == 0) {
			still++;
			continue;
		}
		format_exact(r->noise[i].noise, text, sizeof(text));
		table_add(&t, STYLE_PLAIN, "%s", r->noise[i].counter);
		table_add(&t, STYLE_PLAIN, "%s", r->noise[i].span);
		table_add(&t, STYLE_PLAIN, "%s", text);
		table_add(&t, STYLE_FAINT, "%s", r->noise[i].unit);
	}
	ret = t.nr || t.failed ? table_print(&t, out, screen, 2) : 0;
	table_release(&t);
	if (still)
		fprintf(out, "  %zu counter%s did not move at all\n", still,
			still == 1 ? "" : "s");
	return ret;
}

int text_put_scorecard(const struct report *r, FILE *out, const struct screen *screen)
{
	static const char *const names[] = { "tool",	      "quantity", "truth", "said",
					     "error_percent", "verdict",  "why" };
	static const struct table_column columns[] = {
		{ .title = "tool" },
		{ .title = "quantity", .flexible = true },
		{ .title = "truth", .right = true },
		{ .title = "said", .right = true },
		{ .title = "error %", .right = true },
		{ .title = "verdict" },
		{ .title = "why", .flexible = true },
		{ .title = NULL },
	};
	const struct csv_table *card = &r->dir.scorecard;
	struct table t;
	int ret;

	if (!card->nr)
		return 0;
	screen_title(screen, out, "Scorecard: what other tools said");
	table_init(&t, columns);
	for (size_t place = 0; place < card->nr; place++) {
		const size_t row = r->score[place];
		const bool wrong = report_score_verdict(r, row) == SCORE_WRONG;

		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			table_add(&t, wrong ? STYLE_BAD : STYLE_PLAIN, "%s",
				  i || report_is_tool_first(r, place)
					  ? csv_cell(card, row, csv_column(card, names[i]))
					  : "");
	}
	ret = table_print(&t, out, screen, 2);
	table_release(&t);
	return ret;
}
