// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/tables/column.h: the tables of columns, and their copies:
 * results/SCHEMA.md and the metrics of report and compare.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness/report/figure.h"
#include "harness/report/metric.h"
#include "harness/tables/row.h"
#include "harness/tables/run_files.h"
#include "harness/tables/score_row.h"
#include "workloads/api/arith.h"

#define CELL_BYTES 1024

static char *schema;

static int read_schema(void **state)
{
	const char *source = getenv("PAGESTORM_SRCDIR");
	char path[512];
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/results/SCHEMA.md", source ? source : ".");
	schema = calloc(1, 1 << 20);
	f = fopen(path, "re");
	if (!schema || !f || !fread(schema, 1, (1 << 20) - 1, f))
		fail_msg("%s: %s", path, strerror(errno));
	fclose(f);
	return 0;
}

static int free_schema(void **state)
{
	(void)state;
	free(schema);
	return 0;
}

/* ---- `| a, b | unit | meaning |` ---- */

/* The first row of the section's table of columns; fails if it has none. */
static const char *first_row(const char *title)
{
	static const char head[] = "\n| column | unit | meaning |\n|---|---|---|\n";
	const char *section = strstr(schema, title);
	const char *end = section ? strstr(section + 1, "\n## ") : NULL;
	const char *table = section ? strstr(section, head) : NULL;

	if (!table || (end && table > end))
		fail_msg("SCHEMA.md has no table of columns below %s", title);
	return table + strlen(head);
}

/* Takes a row apart and moves behind it; false behind the last. */
static bool take_row(const char **row, char names[CELL_BYTES], char unit[32])
{
	const char *end = strchr(*row, '\n');

	unit[0] = '\0';
	if (**row != '|' || !end || sscanf(*row, "| %1023[^|]| %31[^|]", names, unit) < 1)
		return false;
	while (*names && names[strlen(names) - 1] == ' ')
		names[strlen(names) - 1] = '\0';
	while (*unit && unit[strlen(unit) - 1] == ' ')
		unit[strlen(unit) - 1] = '\0';
	*row = end + 1;
	return true;
}

static bool is_shared(const char *name)
{
	const char *row = first_row("Columns that several files share");
	char names[CELL_BYTES], unit[32];

	while (take_row(&row, names, unit))
		if (!strcmp(names, name))
			return true;
	return false;
}

/* The next column of the file that is not among the shared ones. */
static const struct column *next_own(const struct csv_file *file, unsigned *at)
{
	while (*at < file->nr) {
		const struct column *column = &file->column[(*at)++];

		if (!is_shared(column->name))
			return column;
	}
	return NULL;
}

static void check_column(const struct csv_file *file, const struct column *column,
			 const char *name, const char *unit)
{
	if (!column || strcmp(column->name, name))
		fail_msg("SCHEMA.md, %s: %s where the file has %s", file->name, name,
			 column ? column->name : "no more columns");
	if (strcmp(unit, column->unit ? column->unit : ""))
		fail_msg("SCHEMA.md, %s: %s is in '%s', not '%s'", file->name, name,
			 column->unit ? column->unit : "", unit);
}

static void check_file(const struct csv_file *file)
{
	char title[64], names[CELL_BYTES], unit[32], *save = NULL;
	const struct column *column;
	const char *row;
	unsigned at = 0;

	snprintf(title, sizeof(title), "\n## %s\n", file->name);
	row = first_row(title);
	while (take_row(&row, names, unit))
		for (char *name = strtok_r(names, ", ", &save); name;
		     name = strtok_r(NULL, ", ", &save))
			check_column(file, next_own(file, &at), name, unit);
	column = next_own(file, &at);
	if (column)
		fail_msg("SCHEMA.md, %s: no word on %s", file->name, column->name);
}

static void the_schema_describes_each_column_in_order_with_its_unit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RUN_FILES; i++)
		check_file(run_files[i]);
	check_file(&scorecard_csv);
}

static void check_header(const struct csv_file *file)
{
	char header[HEADER_BYTES], quoted[HEADER_BYTES + 2];

	column_header(file, header);
	snprintf(quoted, sizeof(quoted), "`%s`", header);
	if (!strstr(schema, quoted))
		fail_msg("SCHEMA.md, %s: the header is not %s", file->name, header);
}

static void the_schema_has_each_header_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RUN_FILES; i++)
		check_header(run_files[i]);
	check_header(&scorecard_csv);
}

/* ---- metrics ---- */

static bool is_listed(const struct metric_list *list, const struct column *m)
{
	for (size_t i = 0; i < list->nr; i++)
		if (list->at[i] == m)
			return true;
	return false;
}

static void each_column_with_a_label_is_a_metric_and_no_other(void **state)
{
	struct metric_list list;

	(void)state;
	metric_list_make(&list);
	for (unsigned i = 0; i < runs_csv.nr; i++) {
		const struct column *column = &runs_csv.column[i];

		if (!!column->metric.label != is_listed(&list, column))
			fail_msg("%s", column->name);
	}
}

static void a_metric_has_a_name_of_its_own_and_a_unit_that_report_can_write(void **state)
{
	struct metric_list list;
	char text[64];

	(void)state;
	metric_list_make(&list);
	for (size_t i = 0; i < list.nr; i++) {
		const struct column *m = list.at[i];

		assert_non_null(m->metric.label);
		assert_non_null(m->unit);
		metric_format(m, 1, text, sizeof(text));
		assert_true(strlen(text));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(m->name, list.at[j]->name);
	}
}

static void a_derived_metric_is_of_columns_that_are_there(void **state)
{
	struct metric_list list;

	(void)state;
	metric_list_make(&list);
	for (size_t i = 0; i < list.nr; i++) {
		const struct metric *m = &list.at[i]->metric;

		if (column_find(&runs_csv, list.at[i]->name) == list.at[i]) {
			assert_null(m->ratio[0]);
			continue;
		}
		assert_true(m->counts_endings != !!m->ratio[0]);
		for (unsigned side = 0; side < 2 && m->ratio[0]; side++)
			assert_non_null(column_find(&runs_csv, m->ratio[side]));
	}
}

static bool has_figure(enum panel panel)
{
	for (const struct panel_figure *p = panel_figures; p->title; p++)
		if (p->panel == panel)
			return true;
	return false;
}

static void
a_metric_that_is_drawn_has_a_figure_with_room_and_a_legend_beside_others(void **state)
{
	struct metric_list list;
	unsigned curves[PANEL_OTHER + 1] = { 0 };

	(void)state;
	metric_list_make(&list);
	for (size_t i = 0; i < list.nr; i++)
		curves[list.at[i]->metric.panel] += !!list.at[i]->metric.legend;
	for (size_t i = 0; i < list.nr; i++) {
		const struct metric *m = &list.at[i]->metric;

		if (m->legend && (!has_figure(m->panel) || curves[m->panel] > FIGURE_CURVES ||
				  (curves[m->panel] > 1) != !!*m->legend))
			fail_msg("%s: '%s'", list.at[i]->name, m->legend);
	}
	for (const struct panel_figure *p = panel_figures; p->title; p++)
		assert_true(curves[p->panel]);
}

/* ---- the tables themselves ---- */

static void check_names(const struct csv_file *file)
{
	assert_true(file->nr <= COLUMNS_MAX);
	for (unsigned c = 0; c < file->nr; c++)
		assert_ptr_equal(column_find(file, file->column[c].name), &file->column[c]);
}

static void no_file_has_two_columns_of_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RUN_FILES; i++) {
		check_names(run_files[i]);
		assert_string_equal(run_files[i]->column[0].name, "schema");
	}
	check_names(&scorecard_csv);
}

static void amounts_are_what_is_counted_or_timed(void **state)
{
	static const char *const no_amounts[] = {
		"schema", "cell",    "repeat", "order",
		"params", "outcome", "reason", "started_utc"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(no_amounts); i++)
		assert_false(column_is_amount(column_find(&runs_csv, no_amounts[i])));
	assert_true(column_is_amount(column_find(&runs_csv, "seconds")));
	assert_true(column_is_amount(column_find(&runs_csv, "claims_failed")));
	assert_true(column_is_amount(column_find(&runs_csv, "exit_status")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_describes_each_column_in_order_with_its_unit),
		cmocka_unit_test(the_schema_has_each_header_line),
		cmocka_unit_test(each_column_with_a_label_is_a_metric_and_no_other),
		cmocka_unit_test(
			a_metric_has_a_name_of_its_own_and_a_unit_that_report_can_write),
		cmocka_unit_test(a_derived_metric_is_of_columns_that_are_there),
		cmocka_unit_test(
			a_metric_that_is_drawn_has_a_figure_with_room_and_a_legend_beside_others),
		cmocka_unit_test(no_file_has_two_columns_of_a_name),
		cmocka_unit_test(amounts_are_what_is_counted_or_timed),
	};

	return cmocka_run_group_tests(tests, read_schema, free_schema);
}
