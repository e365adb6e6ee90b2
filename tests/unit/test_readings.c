// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each adapter reads its number from the tool's real output, recorded by
 * tests/tools/record, so that the tools are not required here.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/validate/adapter.h"
#include "harness/validate/command.h"
#include "workloads/api/arith.h"

/* The loads of the leak detectors: sites=16 blocks=1000 size=8K. */
#define LEAK_SITES 16
#define LEAK_BYTES 8192000.0
/* One block that valgrind took for reachable; heaptrack prints 1/100 K of each call site. */
#define LEAK_BYTES_OFF (8192 + LEAK_SITES * 10)

static const char *top(void)
{
	const char *dir = getenv("PAGESTORM_SRCDIR");

	return dir ? dir : ".";
}

static char *slurp(const char *tool, const char *load, const char *kind)
{
	struct error e = { "" };
	char path[512], *text = NULL;

	snprintf(path, sizeof(path), "%s/tests/tools/fixtures/%s/%s.%s", top(), tool, load,
		 kind);
	if (!access(path, R_OK) && command_slurp(path, &text, &e))
		fail_msg("%s", e.text);
	return text;
}

#define NAMES 5

/* "pid=123\ngroup=…" in place; the values point into text. */
static void split_names(char *text, struct pattern_name *names)
{
	char *rest = text, *line;
	int nr = 0;

	while ((line = strsep(&rest, "\n")) && nr < NAMES) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = '\0';
		names[nr++] = (struct pattern_name){ line, value };
	}
	names[nr] = (struct pattern_name){ NULL, NULL };
}

static const struct quantity *find(const struct adapter *a, const char *name)
{
	for (unsigned i = 0; i < a->nr_quantities; i++)
		if (!strcmp(a->quantity[i].name, name))
			return &a->quantity[i];
	fail_msg("%s has no quantity %s any more: record it again", a->name, name);
	return NULL;
}

static void check_sites(const struct adapter *a, const struct quantity *q, const char *said)
{
	struct site_list list = { 0 };
	struct error e = { "" };
	double sum = 0;

	assert_int_equal(reading_sites_take(&q->record, said, &list, &e), 0);
	for (size_t i = 0; i < list.nr; i++)
		sum += list.site[i].bytes;
	if (list.nr != LEAK_SITES || fabs(sum - LEAK_BYTES) > LEAK_BYTES_OFF)
		fail_msg("%s, %s: %zu places with %.0f bytes", a->name, q->name, list.nr, sum);
	site_list_release(&list);
}

static double read_one(const struct adapter *a, const struct quantity *q, const char *text,
		       const struct pattern_name *names)
{
	struct error e = { "" };
	struct amount amount;

	if (!text)
		fail_msg("%s has no recorded text for %s", a->name, q->name);
	if (reading_take(&q->reading, text, names, &amount, &e))
		fail_msg("%s, %s: %s", a->name, q->name, e.text);
	return amount.value;
}

static void check_quantity(const struct adapter *a, const struct quantity *q, double expected)
{
	struct pattern_name names[NAMES + 1];
	char *ready = slurp(a->name, q->load->name, "ready");
	char *said = slurp(a->name, q->load->name, "said");
	char *named = slurp(a->name, q->load->name, "names");
	double value;

	assert_non_null(said);
	assert_non_null(named);
	split_names(named, names);
	if (q->sites) {
		check_sites(a, q, said);
	} else {
		value = read_one(a, q, said, names);
		if (q->is_difference)
			value -= read_one(a, q, ready, names);
		if (fabs(value - expected) > 0.001)
			fail_msg("%s, %s: read %.3f, expected %.3f", a->name, q->name, value,
				 expected);
	}
	free(ready);
	free(said);
	free(named);
}

static unsigned check_tool(const char *tool)
{
	char path[512], name[64];
	struct adapter a;
	struct error e = { "" };
	double expected;
	unsigned nr = 0;
	FILE *list;

	snprintf(path, sizeof(path), "%s/profiles/tools/%s.ini", top(), tool);
	adapter_init(&a);
	if (adapter_read(&a, path, &e))
		fail_msg("%s", e.text);
	snprintf(path, sizeof(path), "%s/tests/tools/fixtures/%s/expected", top(), tool);
	list = fopen(path, "re");
	if (!list)
		fail_msg("there is no %s: tests/tools/record %s", path, tool);
	while (fscanf(list, "%63s %lf %*[^\n]", name, &expected) == 2) {
		check_quantity(&a, find(&a, name), expected);
		nr++;
	}
	fclose(list);
	adapter_release(&a);
	return nr;
}

static void each_adapter_reads_its_number_from_recorded_output(void **state)
{
	char path[512];
	unsigned tools = 0, quantities = 0;
	struct dirent *entry;
	DIR *dir;

	(void)state;
	snprintf(path, sizeof(path), "%s/profiles/tools", top());
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char *dot = strstr(entry->d_name, ".ini");

		if (!dot)
			continue;
		*dot = '\0';
		quantities += check_tool(entry->d_name);
		tools++;
	}
	closedir(dir);
	assert_true(tools >= 20);
	assert_true(quantities >= tools);
}

/* ---- the reader itself ---- */

struct row {
	struct reading_text how;
	const char *text;
	double value, step;
};

static const struct row number_rows[] = {
	{ { .pattern = "rss ([0-9]+)", .unit = "KiB" }, "rss 12\nrss 30\n", 12288, 1024 },
	{ { .pattern = "rss ([0-9]+)", .unit = "KiB", .pick = "last" },
	  "rss 12\nrss 30\n",
	  30720,
	  1024 },
	{ { .pattern = "rss ([0-9]+)", .unit = "KiB", .pick = "sum" },
	  "rss 12\nrss 30\n",
	  43008,
	  2048 },
	{ { .pattern = "rss ([0-9]+)", .unit = "KiB", .pick = "max" },
	  "rss 12\nrss 30\nrss 7\n",
	  30720,
	  1024 },
	{ { .pattern = "^rss", .pick = "count" }, "rss 12\nrss 30\n  rss\n", 2, 0 },
	{ { .pattern = "lost: ([0-9,]+) bytes", .unit = "B" },
	  "lost: 8,192,000 bytes",
	  8192000,
	  0 },
	{ { .pattern = "([0-9.]+[KMG]?)", .unit = "si" }, "40.96K", 40960, 10 },
	{ { .pattern = "([0-9.]+[kmg]?)", .unit = "iec-KiB" }, "262m", 274726912, 1048576 },
	{ { .pattern = "([0-9.]+[kmg]?)", .unit = "iec-KiB" }, "262", 268288, 1024 },
	{ { .pattern = "([0-9.]+)", .unit = "MiB" }, "1.50", 1572864, 10485.76 },
	{ { .column = "used", .row = "^Mem:", .shift = "1", .unit = "KiB" },
	  "      total used free\nMem:  100 40 60\nSwap: 1 2 3\n",
	  40960,
	  1024 },
	{ { .pattern = "([0-9]+) bytes", .pick = "sum", .zero = "^report" }, "report\n", 0, 0 },
	{ { .column = "HITS", .row = "^7 ", .zero = "^PID" }, "PID HITS\n12 3\n", 0, 0 },
	{ { .column = "minflt/s", .row = "^[0-9]", .pick = "sum" },
	  "PID minflt/s\n1 10.50\n1 20.25\nAverage: 15\n",
	  30.75,
	  0.02 },
};

static void a_pattern_or_a_column_gives_the_number_and_its_last_digit(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(number_rows); i++) {
		struct reading r = { 0 };
		struct error e = { "" };
		struct amount got = { 0, 0 };

		assert_int_equal(reading_make(&r, &number_rows[i].how, &e), 0);
		if (reading_take(&r, number_rows[i].text, NULL, &got, &e))
			fail_msg("row %zu: %s", i, e.text);
		if (fabs(got.value - number_rows[i].value) > 1e-6 ||
		    fabs(got.step - number_rows[i].step) > 1e-6)
			fail_msg("row %zu: %f by %f", i, got.value, got.step);
		reading_release(&r);
	}
}

static void what_does_not_match_is_no_number(void **state)
{
	const struct reading_text texts[] = {
		{ .pattern = "rss ([0-9]+)" },
		{ .column = "RSS", .row = "^[0-9]" },
		{ .column = "PID", .row = "^x" },
		{ .column = "PID", .row = "^x", .zero = "^UID" },
		{ .column = "RSS", .row = "^x", .zero = "^PID" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct reading r = { 0 };
		struct error e = { "" };
		struct amount amount;

		assert_int_equal(reading_make(&r, &texts[i], &e), 0);
		assert_int_equal(reading_take(&r, "PID PSS\n1 2\n", NULL, &amount, &e),
				 -ENODATA);
		assert_true(e.text[0]);
		reading_release(&r);
	}
}

static void a_process_id_in_a_pattern_is_the_workers(void **state)
{
	static const struct pattern_name names[] = { { "pid", "12" }, { NULL, NULL } };
	const struct reading_text text = { .pattern = "^ *{pid} ([0-9]+)" };
	struct reading r = { 0 };
	struct error e = { "" };
	struct amount amount;

	(void)state;
	assert_int_equal(reading_make(&r, &text, &e), 0);
	assert_int_equal(reading_take(&r, "112 1\n 12 2\n123 3\n", names, &amount, &e), 0);
	assert_true(amount.value == 2);
	reading_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_adapter_reads_its_number_from_recorded_output),
		cmocka_unit_test(a_pattern_or_a_column_gives_the_number_and_its_last_digit),
		cmocka_unit_test(what_does_not_match_is_no_number),
		cmocka_unit_test(a_process_id_in_a_pattern_is_the_workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
