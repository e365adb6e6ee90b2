// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A report for a terminal: head, unexpected ends, and the order of the sections, failures
 * first. Decides nothing.
 */
#include "harness/report/report_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/report.h"

/* Text of a file, cleaned, with a name before it. */
static void print_field(const char *name, const char *text, FILE *out,
			const struct screen *screen)
{
	char first[32], *copy;

	copy = *text ? strdup(text) : NULL;
	if (!copy)
		return;
	text_clean(copy);
	snprintf(first, sizeof(first), "%-8s ", name);
	screen_wrap(screen, out, 2, first, copy);
	free(copy);
}

static void print_outcomes(const struct report *r, FILE *out, const struct screen *screen)
{
	char text[512] = "";
	size_t used = 0;

	for (unsigned i = 0; i < r->nr_outcomes && used < sizeof(text); i++)
		if (r->outcome[i].nr)
			used += snprintf(text + used, sizeof(text) - used, "%s%zu %s",
					 used ? ", " : "", r->outcome[i].nr,
					 r->outcome[i].word);
	if (r->dir.repeated && used < sizeof(text))
		snprintf(text + used, sizeof(text) - used, "; %zu disturbed, and repeated",
			 r->dir.repeated);
	print_field("runs", text, out, screen);
	used = 0;
	text[0] = 0;
	for (enum truth t = 0; t < TRUTH_KINDS && used < sizeof(text); t++)
		if (r->claims[t])
			used += snprintf(text + used, sizeof(text) - used, "%s%zu %s",
					 used ? ", " : "", r->claims[t], truth_name(t));
	print_field("claims", text, out, screen);
	used = 0;
	text[0] = 0;
	for (unsigned i = 0; i < r->nr_scored && used < sizeof(text); i++)
		if (r->scored[i].nr)
			used += snprintf(text + used, sizeof(text) - used, "%s%zu %s",
					 used ? ", " : "", r->scored[i].nr, r->scored[i].word);
	print_field("scores", text, out, screen);
}

static void print_head(const struct report *r, FILE *out, const struct screen *screen)
{
	const json_t *name = result_dir_json(&r->dir, "plan.name");
	const json_t *why = result_dir_json(&r->dir, "plan.why");
	char title[600], line[1024];

	snprintf(title, sizeof(title), "%s%s%s%s", name ? json_string_value(name) : "",
		 name ? "  " : "", r->dir.id, r->dir.partial ? "  (partial)" : "");
	text_clean(title);
	screen_print(screen, out, STYLE_STRONG, title);
	fputs("\n", out);
	if (json_is_string(why))
		print_field("why", json_string_value(why), out, screen);
	report_machine(r, line, sizeof(line));
	print_field("machine", line, out, screen);
	report_extent(r, line, sizeof(line));
	print_field("extent", line, out, screen);
	print_outcomes(r, out, screen);
}

static int print_unexpected(const struct report *r, FILE *out, const struct screen *screen)
{
	static const struct table_column columns[] = {
		{ .title = "outcome" },
		{ .title = "worker" },
		{ .title = "cell" },
		{ .title = "repeat", .right = true },
		{ .title = "reason", .flexible = true },
		{ .title = NULL },
	};
	const struct result_dir *f = &r->dir;
	struct table t;
	char cell[CELL_LABEL_BYTES];
	int ret;

	if (!r->nr_unexpected)
		return 0;
	screen_title(screen, out, "Runs that did not end as expected");
	table_init(&t, columns);
	for (size_t i = 0; i < r->nr_unexpected && i < TEXT_ROWS_MAX; i++) {
		size_t row = r->unexpected[i];

		report_cell_name(r, result_dir_run_cell(f, row, "cell_label"), cell,
				 sizeof(cell));
		table_add(&t, STYLE_BAD, "%s", result_dir_run_cell(f, row, "outcome"));
		table_add(&t, STYLE_PLAIN, "%s", result_dir_run_cell(f, row, "worker"));
		table_add(&t, STYLE_PLAIN, "%s", cell);
		table_add(&t, STYLE_PLAIN, "%s", result_dir_run_cell(f, row, "repeat"));
		table_add(&t, STYLE_PLAIN, "%s", result_dir_run_cell(f, row, "reason"));
	}
	ret = table_print(&t, out, screen, 2);
	table_release(&t);
	if (r->nr_unexpected > TEXT_ROWS_MAX)
		fprintf(out, "  … and %zu more\n", r->nr_unexpected - TEXT_ROWS_MAX);
	return ret;
}

int report_print_text(const struct report *r, FILE *out, const struct screen *screen, bool all)
{
	int ret;

	print_head(r, out, screen);
	ret = print_unexpected(r, out, screen);
	if (!ret)
		ret = text_put_workers(r, all, out, screen);
	if (!ret)
		ret = text_put_truth(r, out, screen);
	if (!ret)
		text_put_failures(r, out, screen);
	if (!ret)
		ret = text_put_scorecard(r, out, screen);
	if (!ret)
		ret = text_put_noise(r, out, screen);
	return ret;
}
