// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints a comparison as text, markdown, CSV and JSON. Decides nothing.
 */
#include "harness/report/compare.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "1"

static const enum style styles[] = {
	[CHANGE_WORSE] = STYLE_BAD,	 [CHANGE_BETTER] = STYLE_GOOD,
	[CHANGE_TOO_FEW] = STYLE_UNSURE, [CHANGE_SPREAD] = STYLE_UNSURE,
	[CHANGE_NOISE] = STYLE_PLAIN,
};

static const struct table_column columns[] = {
	{ .title = "metric", .flexible = true },
	{ .title = "A", .right = true },
	{ .title = "B", .right = true },
	{ .title = "B/A", .right = true },
	{ .title = "95 % interval", .right = true },
	{ .title = "n", .right = true },
	{ .title = "verdict" },
	{ .title = NULL },
};

static void format_ratio(double ratio, char *out, size_t out_bytes)
{
	if (isnan(ratio))
		snprintf(out, out_bytes, "–");
	else if (isinf(ratio))
		snprintf(out, out_bytes, "∞");
	else
		snprintf(out, out_bytes,
			 ratio < 10	? "%.3f"
			 : ratio < 1000 ? "%.1f"
					: "%.3g",
			 ratio);
}

static void format_interval(const struct contrast *c, char *out, size_t out_bytes)
{
	char low[32], high[32];

	if (isnan(c->low)) {
		snprintf(out, out_bytes, "–");
		return;
	}
	format_ratio(c->low, low, sizeof(low));
	format_ratio(c->high, high, sizeof(high));
	snprintf(out, out_bytes, "%s … %s", low, high);
}

/* Outliers are marked at the median: they do not move it. */
static void add_median(struct table *t, const struct comparison *r, const struct summary *s)
{
	char text[64];

	metric_format(r->metric, metric_center(r->metric, s), text, sizeof(text));
	table_add(t, STYLE_PLAIN, "%s%s",
		  s->outliers && !r->metric->metric.counts_endings ? "*" : "", text);
}

static void add_row(struct table *t, const struct comparison *r)
{
	char text[80];

	table_add(t, STYLE_PLAIN, "%s", r->metric->name);
	add_median(t, r, &r->a);
	add_median(t, r, &r->b);
	format_ratio(r->contrast.ratio, text, sizeof(text));
	table_add(t, styles[r->change], "%s", text);
	format_interval(&r->contrast, text, sizeof(text));
	table_add(t, STYLE_PLAIN, "%s", text);
	if (r->contrast.n_a == r->contrast.n_b)
		table_add(t, STYLE_PLAIN, "%zu", r->contrast.n_a);
	else
		table_add(t, STYLE_PLAIN, "%zu, %zu", r->contrast.n_a, r->contrast.n_b);
	table_add(t, styles[r->change], "%s", change_name(r->change));
}

/* The rows of one cell and worker are adjacent; returns the first row behind them. */
static size_t end_of_block(const struct compare *c, size_t first)
{
	size_t i = first;

	while (i < c->nr && !strcmp(c->row[i].cell, c->row[first].cell) &&
	       !strcmp(c->row[i].worker, c->row[first].worker))
		i++;
	return i;
}

static bool is_outlier_shown(const struct compare *c)
{
	for (size_t i = 0; i < c->nr; i++)
		if (c->row[i].a.outliers || c->row[i].b.outliers)
			return true;
	return false;
}

/* Output of a comparison to a terminal or as markdown. */
struct printer {
	const struct compare *compare;
	bool markdown;
	FILE *out;
	const struct screen *screen;
};

static void print_headline(const struct printer *p)
{
	const struct compare *c = p->compare;
	size_t noise = c->nr - c->nr_worse - c->nr_better - c->nr_too_few - c->nr_spread;

	fprintf(p->out, "%zu worse, %zu better, %zu within noise", c->nr_worse, c->nr_better,
		noise);
	if (c->nr_spread)
		fprintf(p->out, ", %zu in spread alone", c->nr_spread);
	if (c->nr_too_few)
		fprintf(p->out, ", %zu with too few runs", c->nr_too_few);
	fprintf(p->out, "; %zu compared\n%s", c->nr, p->markdown ? "\n" : "");
}

static void print_sides(const struct printer *p)
{
	const struct compare *c = p->compare;
	const char *line_end = p->markdown ? "  " : "";
	char a[sizeof(c->a->name)], b[sizeof(c->b->name)];

	snprintf(a, sizeof(a), "%s", c->a->name);
	snprintf(b, sizeof(b), "%s", c->b->name);
	text_clean(a);
	text_clean(b);
	fprintf(p->out, "A  %s%s\nB  %s%s\n", a, line_end, b, line_end);
}

static void print_block_title(const struct printer *p, const struct comparison *r)
{
	char title[PAIR_LABEL_BYTES + 128];

	snprintf(title, sizeof(title), "%s%s%s", r->worker, *r->cell ? " at " : "", r->cell);
	text_clean(title);
	if (p->markdown) {
		fprintf(p->out, "\n### `%s`\n\n", title);
		return;
	}
	fputs("\n", p->out);
	screen_print(p->screen, p->out, STYLE_PLAIN, title);
	fputs("\n", p->out);
}

/*
 * Metrics with the same value in every run of both sides show no difference: one line for all.
 */
static int print_constants(const struct printer *p, size_t first, size_t end)
{
	char *text = NULL;
	size_t bytes;
	FILE *list = open_memstream(&text, &bytes);
	bool any = false;

	if (!list)
		return -ENOMEM;
	for (size_t i = first; i < end; i++) {
		const struct comparison *r = &p->compare->row[i];
		char value[64];

		if (!r->contrast.constant || r->change != CHANGE_NOISE)
			continue;
		metric_format(r->metric, r->a.median, value, sizeof(value));
		fprintf(list, "%s%s %s",
			any ? ", " : "the same in every run: ", r->metric->name, value);
		any = true;
	}
	fclose(list);
	if (any && p->markdown)
		fprintf(p->out, "\n%s\n", text);
	else if (any)
		screen_wrap(p->screen, p->out, 2, "", text);
	free(text);
	return 0;
}

static int print_block(const struct printer *p, size_t first, size_t end)
{
	const struct comparison *row = p->compare->row;
	struct table t;
	int ret = 0;

	table_init(&t, columns);
	for (enum change change = CHANGE_WORSE; change <= CHANGE_NOISE; change++)
		for (size_t i = first; i < end; i++)
			if (row[i].change == change &&
			    (change != CHANGE_NOISE || !row[i].contrast.constant))
				add_row(&t, &row[i]);
	print_block_title(p, &row[first]);
	if (t.nr || t.failed)
		ret = p->markdown ? table_print_markdown(&t, p->out)
				  : table_print(&t, p->out, p->screen, 2);
	if (!ret)
		ret = print_constants(p, first, end);
	table_release(&t);
	return ret;
}

static void print_sentence(const struct printer *p, const char *text)
{
	static const struct screen unlimited = { .width = 0 };

	screen_wrap(p->markdown ? &unlimited : p->screen, p->out, 0, "", text);
}

static const char *across_name(enum across across)
{
	static const char *const names[] = {
		[ACROSS_NOTHING] = NULL,
		[ACROSS_DAYS] = "days",
		[ACROSS_MACHINES] = "machines",
	};

	return names[across];
}

/* What is compared beside A and B. */
static void print_blocks(const struct printer *p)
{
	const struct compare *c = p->compare;
	char text[400];

	if (c->across != ACROSS_NOTHING) {
		snprintf(
			text, sizeof(text),
			"A and B were recorded on different %s: what differs between these is compared too, and the 5 %% do not hold. Record both in turn.",
			across_name(c->across));
		print_sentence(p, text);
	} else if (!c->interleaved) {
		print_sentence(
			p,
			"A and B are separate runs: whatever else changed on the machine in between is compared too. The cells of one sweep are interleaved.");
	}
	if (c->nr_blocks > 1) {
		snprintf(text, sizeof(text),
			 "Compared within %u blocks of one machine and one day%s.",
			 c->nr_blocks,
			 c->nr_alone
				 ? "; runs whose block has none of the other side are left out"
				 : "");
		print_sentence(p, text);
	}
}

static void print_method(const struct printer *p)
{
	const struct compare *c = p->compare;
	char text[600];

	if (is_outlier_shown(c))
		fputs("* has outliers, which are counted in.\n", p->out);
	snprintf(
		text, sizeof(text),
		"B/A is the median of all quotients. Exact Mann-Whitney tests, 5 %% adjusted for %zu comparisons; less than %.3g %% is no difference.",
		c->nr_tested, 100 * c->least_effect);
	print_sentence(p, text);
	if (c->has_primary) {
		snprintf(
			text, sizeof(text),
			"The profile's primary metrics: %zu comparisons that have most of the 5 %%; the other metrics, %zu, have a fifth of it.",
			c->nr_of_family[FAMILY_PRIMARY], c->nr_of_family[FAMILY_OTHERS]);
		print_sentence(p, text);
	}
	if (c->looks > 1) {
		snprintf(
			text, sizeof(text),
			"The run was to stop when it was decided: the 5 %% are shared by %u looks.",
			c->looks);
		print_sentence(p, text);
	}
	print_blocks(p);
}

static int print_tables(const struct printer *p)
{
	const struct compare *c = p->compare;
	int ret = 0;

	print_headline(p);
	print_sides(p);
	for (size_t i = 0, end; !ret && i < c->nr; i = end) {
		end = end_of_block(c, i);
		ret = print_block(p, i, end);
	}
	fputs("\n", p->out);
	print_method(p);
	return ret;
}

static void print_csv_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\n\r")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* Absent and infinite are an empty cell: the medians beside it say which. */
static void print_csv_number(FILE *out, double value)
{
	fputc(',', out);
	if (isfinite(value))
		fprintf(out, "%.10g", value);
}

static void print_csv_summary(FILE *out, const struct summary *s)
{
	fprintf(out, ",%zu", s->n);
	print_csv_number(out, s->median);
	print_csv_number(out, s->mad);
	print_csv_number(out, s->low);
	print_csv_number(out, s->high);
	fprintf(out, ",%zu", s->outliers);
}

static int print_csv(const struct compare *c, FILE *out)
{
	fputs("schema,cell,worker,metric,unit,better,n_a,median_a,mad_a,low_a,high_a,outliers_a,n_b,median_b,mad_b,low_b,high_b,outliers_b,ratio,ratio_low,ratio_high,p,p_adjusted,verdict,family,same_as,could_show\n",
	      out);
	for (size_t i = 0; i < c->nr; i++) {
		const struct comparison *r = &c->row[i];

		fputs(SCHEMA ",", out);
		print_csv_text(out, r->cell);
		fputc(',', out);
		print_csv_text(out, r->worker);
		fprintf(out, ",%s,%s,%s", r->metric->name, r->metric->unit,
			r->metric->metric.better == BETTER_LOWER ? "lower" : "higher");
		print_csv_summary(out, &r->a);
		print_csv_summary(out, &r->b);
		print_csv_number(out, r->contrast.ratio);
		print_csv_number(out, r->contrast.low);
		print_csv_number(out, r->contrast.high);
		print_csv_number(out, r->contrast.p);
		print_csv_number(out, r->p);
		fprintf(out, ",%s,%s,%s,%s\n", change_name(r->change), family_name(r->family),
			r->same_as ? r->same_as->name : "", r->could_show ? "yes" : "no");
	}
	return 0;
}

/* JSON has neither NaN nor infinity: null. */
static json_t *json_number_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_summary(const struct summary *s)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "n", (json_int_t)s->n,
			 "median", json_number_or_null(s->median), "mad",
			 json_number_or_null(s->mad), "low", json_number_or_null(s->low),
			 "high", json_number_or_null(s->high), "min",
			 json_number_or_null(s->min), "max", json_number_or_null(s->max),
			 "outliers", (json_int_t)s->outliers);
}

static json_t *json_row(const struct comparison *r)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:s?, s:b}",
		"cell", r->cell, "worker", r->worker, "metric", r->metric->name, "unit",
		r->metric->unit, "better",
		r->metric->metric.better == BETTER_LOWER ? "lower" : "higher", "a",
		json_summary(&r->a), "b", json_summary(&r->b), "ratio",
		json_number_or_null(r->contrast.ratio), "ratio_low",
		json_number_or_null(r->contrast.low), "ratio_high",
		json_number_or_null(r->contrast.high), "p", json_number_or_null(r->contrast.p),
		"p_adjusted", json_number_or_null(r->p), "verdict", change_name(r->change),
		"family", family_name(r->family), "same_as",
		r->same_as ? r->same_as->name : NULL, "could_show", r->could_show);
}

static int print_json(const struct compare *c, FILE *out)
{
	json_t *rows = json_array(), *document;
	int ret = 0;

	for (size_t i = 0; i < c->nr; i++)
		if (json_array_append_new(rows, json_row(&c->row[i])))
			ret = -EILSEQ; /* a text that is not UTF-8 */
	document = json_pack("{s:i, s:s, s:s, s:b, s:s?, s:i, s:I, s:f, s:f, s:I, s:I}",
			     "schema", 1, "a", c->a->name, "b", c->b->name, "interleaved",
			     c->interleaved, "across", across_name(c->across), "blocks",
			     (int)c->nr_blocks, "left_out_runs", (json_int_t)c->nr_alone,
			     "level", STATS_LEVEL, "least_effect", c->least_effect, "compared",
			     (json_int_t)c->nr, "tested", (json_int_t)c->nr_tested);
	if (document) {
		json_object_set_new(document, "worse", json_integer((json_int_t)c->nr_worse));
		json_object_set_new(document, "better", json_integer((json_int_t)c->nr_better));
		json_object_set_new(document, "too_few_runs",
				    json_integer((json_int_t)c->nr_too_few));
		json_object_set_new(document, "spread", json_integer((json_int_t)c->nr_spread));
		json_object_set(document, "comparisons", rows);
	}
	json_decref(rows);
	if (!ret &&
	    (!document || json_dumpf(document, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10))))
		ret = -ENOMEM;
	fputs(ret ? "" : "\n", out);
	json_decref(document);
	return ret;
}

int compare_print(const struct compare *c, enum compare_format format, FILE *out,
		  const struct screen *screen)
{
	const struct printer p = { .compare = c,
				   .markdown = format == COMPARE_MARKDOWN,
				   .out = out,
				   .screen = screen };

	switch (format) {
	case COMPARE_CSV:
		return print_csv(c, out);
	case COMPARE_JSON:
		return print_json(c, out);
	case COMPARE_MARKDOWN:
	case COMPARE_TEXT:
		break;
	}
	return print_tables(&p);
}
