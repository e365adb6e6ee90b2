// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metrics and how their values are written for a person. Computes nothing.
 */
#include "harness/report/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/report/stats.h"

/*
 * Percentiles come from a histogram with 32 buckets per octave: two equal
 * latencies may be reported 1/32 apart. The others are counted or timed exactly.
 */
#define BUCKET (1. / 32)

#define HEADLINE true

const struct metric metrics[] = {
	{ "failed_runs", NULL, NULL, "runs that did not end as expected", MEASURE_SHARE,
	  BETTER_LOWER, 0, false },
	{ "seconds", "seconds", NULL, "run time", MEASURE_SECONDS, BETTER_LOWER, 0, HEADLINE },
	{ "bytes_per_second", "bytes_per_second", NULL, "throughput", MEASURE_BYTES_PER_SECOND,
	  BETTER_HIGHER, 0, HEADLINE },
	{ "ops_per_second", "ops_per_second", NULL, "operations", MEASURE_COUNT_PER_SECOND,
	  BETTER_HIGHER, 0, HEADLINE },
	{ "latency_mean_ns", "latency_mean_ns", NULL, "latency mean", MEASURE_NANOSECONDS,
	  BETTER_LOWER, 0, false },
	{ "latency_p50_ns", "latency_p50_ns", NULL, "latency p50", MEASURE_NANOSECONDS,
	  BETTER_LOWER, BUCKET, HEADLINE },
	{ "latency_p90_ns", "latency_p90_ns", NULL, "latency p90", MEASURE_NANOSECONDS,
	  BETTER_LOWER, BUCKET, false },
	{ "latency_p99_ns", "latency_p99_ns", NULL, "latency p99", MEASURE_NANOSECONDS,
	  BETTER_LOWER, BUCKET, HEADLINE },
	{ "latency_p999_ns", "latency_p999_ns", NULL, "latency p99.9", MEASURE_NANOSECONDS,
	  BETTER_LOWER, BUCKET, false },
	{ "latency_max_ns", "latency_max_ns", NULL, "latency max", MEASURE_NANOSECONDS,
	  BETTER_LOWER, 0, false },
	{ "refault_anon_pages", "refault_anon_pages", NULL, "refaults anon", MEASURE_PAGES,
	  BETTER_LOWER, 0, HEADLINE },
	{ "refault_file_pages", "refault_file_pages", NULL, "refaults file", MEASURE_PAGES,
	  BETTER_LOWER, 0, HEADLINE },
	{ "minor_faults", "minor_faults", NULL, "minor faults", MEASURE_COUNT, BETTER_LOWER, 0,
	  HEADLINE },
	{ "major_faults", "major_faults", NULL, "major faults", MEASURE_COUNT, BETTER_LOWER, 0,
	  HEADLINE },
	{ "swap_in_bytes", "swap_in_bytes", NULL, "swapped in", MEASURE_BYTES, BETTER_LOWER, 0,
	  HEADLINE },
	{ "swap_out_bytes", "swap_out_bytes", NULL, "swapped out", MEASURE_BYTES, BETTER_LOWER,
	  0, HEADLINE },
	{ "psi_memory_some_usec", "psi_memory_some_usec", NULL, "memory stall some",
	  MEASURE_MICROSECONDS, BETTER_LOWER, 0, false },
	{ "psi_memory_full_usec", "psi_memory_full_usec", NULL, "memory stall full",
	  MEASURE_MICROSECONDS, BETTER_LOWER, 0, HEADLINE },
	{ "psi_io_full_usec", "psi_io_full_usec", NULL, "I/O stall full", MEASURE_MICROSECONDS,
	  BETTER_LOWER, 0, false },
	{ "cpu_user_usec", "cpu_user_usec", NULL, "CPU time user", MEASURE_MICROSECONDS,
	  BETTER_LOWER, 0, false },
	{ "cpu_system_usec", "cpu_system_usec", NULL, "CPU time system", MEASURE_MICROSECONDS,
	  BETTER_LOWER, 0, false },
	{ "kswapd_cpu_usec", "kswapd_cpu_usec", NULL, "CPU time kswapd", MEASURE_MICROSECONDS,
	  BETTER_LOWER, 0, false },
	{ "allocstall", "allocstall", NULL, "allocation stalls", MEASURE_COUNT, BETTER_LOWER, 0,
	  false },
	{ "compact_stall", "compact_stall", NULL, "compaction stalls", MEASURE_COUNT,
	  BETTER_LOWER, 0, false },
	{ "kswapd_scan_pages", "kswapd_scan_pages", NULL, "scanned by kswapd", MEASURE_PAGES,
	  BETTER_LOWER, 0, false },
	{ "direct_scan_pages", "direct_scan_pages", NULL, "scanned directly", MEASURE_PAGES,
	  BETTER_LOWER, 0, false },
	{ "kswapd_efficiency", "kswapd_steal_pages", "kswapd_scan_pages", "kswapd steal/scan",
	  MEASURE_SHARE, BETTER_HIGHER, 0, false },
	{ "direct_efficiency", "direct_steal_pages", "direct_scan_pages", "direct steal/scan",
	  MEASURE_SHARE, BETTER_HIGHER, 0, false },
	{ "oom_kills", "oom_kills", NULL, "OOM kills", MEASURE_COUNT, BETTER_LOWER, 0, false },
	{ "peak_bytes", "peak_bytes", NULL, "peak memory", MEASURE_BYTES, BETTER_LOWER, 0,
	  false },
	{ .name = NULL },
};

double metric_center(const struct metric *m, const struct summary *s)
{
	return m->column ? s->median : s->mean;
}

const struct metric *metric_find(const char *name)
{
	for (const struct metric *m = metrics; m->name; m++)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
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
	const char *name;
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

const char *measure_name(enum measure measure)
{
	return measures[measure].name;
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

void metric_format(enum measure measure, double value, char *out, size_t out_bytes)
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

bool metric_format_spread(enum measure measure, const struct summary *s, char *out,
			  size_t out_bytes)
{
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
