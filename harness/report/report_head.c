// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The head of a report, from run.json: the machine and the extent of the run, one line each.
 */
#include "harness/report/report.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

static const char *text_at(const struct report *r, const char *path)
{
	const char *text = json_string_value(result_dir_json(&r->dir, path));

	return text ? text : "";
}

static double number_at(const struct report *r, const char *path)
{
	const json_t *value = result_dir_json(&r->dir, path);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Appends ", " and the text unless one of them is empty. */
static void append(char *out, size_t out_bytes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *out, size_t out_bytes, const char *format, ...)
{
	size_t used = strlen(out);
	va_list args;

	if (used && used + 2 < out_bytes)
		used += snprintf(out + used, out_bytes - used, ", ");
	va_start(args, format);
	vsnprintf(out + used, out_bytes - used, format, args);
	va_end(args);
}

void report_machine(const struct report *r, char *out, size_t out_bytes)
{
	double cpus = number_at(r, "machine.cpus"),
	       memory = number_at(r, "machine.memory_bytes");
	double version = number_at(r, "machine.cgroup_version");
	size_t nodes = json_array_size(result_dir_json(&r->dir, "machine.nodes"));
	char text[64];

	out[0] = 0;
	if (*text_at(r, "machine.lab"))
		append(out, out_bytes, "guest: %s", text_at(r, "machine.lab"));
	if (*text_at(r, "machine.kernel"))
		append(out, out_bytes, "Linux %s", text_at(r, "machine.kernel"));
	if (!isnan(cpus))
		append(out, out_bytes, "%.0f CPU%s", cpus, cpus == 1 ? "" : "s");
	if (*text_at(r, "machine.cpu_model"))
		append(out, out_bytes, "%s", text_at(r, "machine.cpu_model"));
	if (!isnan(memory)) {
		measure_format(MEASURE_BYTES, memory, text, sizeof(text));
		append(out, out_bytes, "%s", text);
	}
	if (nodes)
		append(out, out_bytes, "%zu node%s", nodes, nodes == 1 ? "" : "s");
	if (!isnan(version))
		append(out, out_bytes, "cgroup v%.0f", version);
	if (*text_at(r, "machine.thp"))
		append(out, out_bytes, "THP %s", text_at(r, "machine.thp"));
}

static size_t count_cells(const struct report *r)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->dir.nr_series; i++)
		nr += !i || r->dir.series[i].cell != r->dir.series[i - 1].cell;
	return nr;
}

void report_extent(const struct report *r, char *out, size_t out_bytes)
{
	double repeats = number_at(r, "plan.repeats");
	double done = number_at(r, "end.repeats_done"); /* of a run that could stop early */
	const json_t *seed = result_dir_json(&r->dir, "plan.seed");
	double seconds = number_at(r, "end.seconds");
	const json_t *restored = result_dir_json(&r->dir, "end.restored");
	size_t merged = json_array_size(result_dir_json(&r->dir, "merged"));
	bool different = json_is_true(result_dir_json(&r->dir, "different_machines"));
	size_t cells = count_cells(r);

	out[0] = 0;
	if (cells)
		append(out, out_bytes, "%zu cell%s", cells, cells == 1 ? "" : "s");
	if (!isnan(repeats) && !isnan(done))
		append(out, out_bytes, "%.0f of at most %.0f repeats", done, repeats);
	else if (!isnan(repeats))
		append(out, out_bytes, "%.0f repeat%s", repeats, repeats == 1 ? "" : "s");
	if (!isnan(seconds))
		append(out, out_bytes, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
	if (*text_at(r, "plan.risk"))
		append(out, out_bytes, "risk %s", text_at(r, "plan.risk"));
	if (json_is_integer(seed))
		append(out, out_bytes, "seed %" JSON_INTEGER_FORMAT, json_integer_value(seed));
	if (*text_at(r, "end.status"))
		append(out, out_bytes, "%s", text_at(r, "end.status"));
	if (merged > 1)
		append(out, out_bytes, "merged from %zu directories%s", merged,
		       different ? " of DIFFERENT machines" : "");
	if (json_is_false(restored))
		append(out, out_bytes, "the machine's state was NOT fully restored");
}
