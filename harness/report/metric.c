// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of metrics, and their values as text. Computes no statistics.
 */
#include "harness/report/metric.h"

#include <assert.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/report/stats.h"
#include "harness/tables/row.h"
#include "workloads/api/arith.h"

/* Metrics that are not a column of runs.csv. Each follows the columns of its panel. */
static const struct column derived[] = {
	{ .name = "failed_runs",
	  .unit = "",
	  .metric = { .label = "runs that did not end as expected",
		      .better = BETTER_LOWER,
		      .panel = PANEL_ENDINGS,
		      .counts_endings = true } },
	{ .name = "kswapd_efficiency",
	  .unit = "",
	  .metric = { .label = "kswapd steal/scan",
		      .better = BETTER_HIGHER,
		      .panel = PANEL_SCANNED,
		      .ratio = { "kswapd_steal_pages", "kswapd_scan_pages" } } },
	{ .name = "direct_efficiency",
	  .unit = "",
	  .metric = { .label = "direct steal/scan",
		      .better = BETTER_HIGHER,
		      .panel = PANEL_SCANNED,
		      .ratio = { "direct_steal_pages", "direct_scan_pages" } } },
};

const struct panel_figure panel_figures[] = {
	{ PANEL_THROUGHPUT, "throughput", true },
	{ PANEL_OPERATIONS, "operations", false },
	{ PANEL_RUN_TIME, "run time", false },
	{ PANEL_LATENCY, "latency", false },
	{ PANEL_REFAULTS, "refaults", false },
	{ PANEL_SWAPPED, "swapped", false },
	{ PANEL_MAJOR_FAULTS, "major faults", false },
	{ PANEL_MINOR_FAULTS, "minor faults", false },
	{ PANEL_MEMORY_STALL, "memory stall", false },
	{ PANEL_IO_STALL, "I/O stall full", false },
	{ PANEL_CPU_TIME, "CPU time", false },
	{ PANEL_SCANNED, "pages scanned", false },
	{ PANEL_ALLOCATION_STALLS, "allocation stalls", false },
	{ .title = NULL },
};

static void add_panel(struct metric_list *list, const struct column *column, unsigned nr,
		      enum panel panel)
{
	for (unsigned i = 0; i < nr; i++) {
		if (!column[i].metric.label || column[i].metric.panel != panel)
			continue;
		assert(list->nr < METRICS_MAX);
		list->at[list->nr++] = &column[i];
	}
}

void metric_list_make(struct metric_list *list)
{
	list->nr = 0;
	for (enum panel panel = PANEL_ENDINGS; panel <= PANEL_OTHER; panel++) {
		add_panel(list, runs_csv.column, runs_csv.nr, panel);
		add_panel(list, derived, ARRAY_SIZE(derived), panel);
	}
}

bool metric_is_known(const char *pattern)
{
	struct metric_list list;

	metric_list_make(&list);
	for (size_t i = 0; i < list.nr; i++)
		if (!fnmatch(pattern, list.at[i]->name, 0))
			return true;
	return false;
}

double metric_center(const struct column *m, const struct summary *s)
{
	return m->metric.counts_endings ? s->mean : s->median;
}

struct step {
	double divisor;
	const char *unit;
};

/* Ascending; ends with divisor 0. */
static const struct step steps_ns[] = {
	{ 1, "ns" }, { 1e3, "µs" }, { 1e6, "ms" }, { 1e9, "s" }, { 0, NULL }
};
static const struct step steps_us[] = { { 1, "µs" }, { 1e3, "ms" }, { 1e6, "s" }, { 0, NULL } };
static const struct step steps_s[] = {
	{ 1e-6, "µs" }, { 1e-3, "ms" }, { 1, "s" }, { 0, NULL }
};
static const struct step steps_bytes[] = {
	{ 1, "B" }, { 1024., "KiB" }, { 1048576., "MiB" }, { 1073741824., "GiB" }, { 0, NULL }
};
static const struct step steps_rate[] = { { 1, "B/s" },
					  { 1024., "KiB/s" },
					  { 1048576., "MiB/s" },
					  { 1073741824., "GiB/s" },
					  { 0, NULL } };
static const struct step steps_count[] = {
	{ 1, "" }, { 1e3, "k" }, { 1e6, "M" }, { 1e9, "G" }, { 0, NULL }
};
static const struct step steps_per_s[] = {
	{ 1, "/s" }, { 1e3, "k/s" }, { 1e6, "M/s" }, { 1e9, "G/s" }, { 0, NULL }
};
static const struct step steps_share[] = { { 0.01, "%" }, { 0, NULL } };

static const struct {
	const char *unit; /* as a column says it; "": a share */
	const struct step *step;
} measures[] = {
	[MEASURE_NANOSECONDS] = { "ns", steps_ns },
	[MEASURE_MICROSECONDS] = { "usec", steps_us },
	[MEASURE_SECONDS] = { "s", steps_s },
	[MEASURE_BYTES] = { "bytes", steps_bytes },
	[MEASURE_BYTES_PER_SECOND] = { "bytes/s", steps_rate },
	[MEASURE_COUNT] = { "count", steps_count },
	[MEASURE_COUNT_PER_SECOND] = { "1/s", steps_per_s },
	[MEASURE_PAGES] = { "pages", steps_count },
	[MEASURE_SHARE] = { "", steps_share },
};

enum measure metric_measure(const struct column *m)
{
	unsigned i = 0;

	while (strcmp(measures[i].unit, m->unit)) {
		i++;
		assert(i < ARRAY_SIZE(measures)); /* test_columns */
	}
	return (enum measure)i;
}

static const struct step *step_for(enum measure measure, double value)
{
	const struct step *step = measures[measure].step;

	/* 999.6 would be written 1000: it belongs to the next unit. */
	while (step[1].divisor && value >= 0.9995 * step[1].divisor)
		step++;
	return step;
}

double metric_scale(enum measure measure, double largest, const char **unit)
{
	const struct step *step = step_for(measure, largest);

	*unit = step->unit;
	return step->divisor;
}

static bool is_counted(enum measure measure)
{
	return measure == MEASURE_COUNT || measure == MEASURE_PAGES;
}

/* Counts stay exact as long as they fit: an off-by-one page must be visible. */
static const struct step *step_to_show(enum measure measure, double value)
{
	if (is_counted(measure) && fabs(value) < 1e6)
		return measures[measure].step;
	return step_for(measure, fabs(value));
}

static int decimals_of(const struct step *step, enum measure measure, double value)
{
	double scaled = fabs(value / step->divisor);
	bool whole = value == floor(value) && step->divisor == 1;

	if (scaled == 0 || (whole && (is_counted(measure) || measure == MEASURE_BYTES)))
		return 0;
	if (is_counted(measure) && step->divisor == 1)
		return 1;
	return scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
}

void measure_format(enum measure measure, double value, char *out, size_t out_bytes)
{
	const struct step *step = step_to_show(measure, value);

	if (isnan(value))
		snprintf(out, out_bytes, "–");
	else if (isinf(value))
		snprintf(out, out_bytes, "∞");
	else
		snprintf(out, out_bytes, "%.*f%s%s", decimals_of(step, measure, value),
			 value / step->divisor, *step->unit ? " " : "", step->unit);
}

void metric_format(const struct column *m, double value, char *out, size_t out_bytes)
{
	measure_format(metric_measure(m), value, out, out_bytes);
}

bool metric_format_spread(const struct column *m, const struct summary *s, char *out,
			  size_t out_bytes)
{
	const enum measure measure = metric_measure(m);
	const struct step *step = step_to_show(measure, s->median);
	bool is_interval = !isnan(s->low);
	double low = is_interval ? s->low : s->min, high = is_interval ? s->high : s->max;

	if (isnan(low) || isnan(high))
		snprintf(out, out_bytes, "–");
	else
		snprintf(out, out_bytes, "%.*f … %.*f", decimals_of(step, measure, low),
			 low / step->divisor, decimals_of(step, measure, high),
			 high / step->divisor);
	return is_interval;
}
