// SPDX-License-Identifier: GPL-2.0-or-later
/* The columns of the CSV files of a run, except runs.csv. */
#include "harness/tables/run_files.h"

#include "harness/record/counters.h"
#include "harness/tables/column_part.h"

/* The column is named after the member, or after the last part of it. */
#define COLUMN(member, ...)	   COLUMN_OF(ROW, #member, member, __VA_ARGS__)
#define COLUMN_IN(part, name, ...) COLUMN_OF(ROW, #name, part.name, __VA_ARGS__)
#define PLACE_COLUMNS		   COLUMN_IN(place, cell), COLUMN_IN(place, repeat), COLUMN_IN(place, worker)

#define ROW struct counter_row
static const struct column counters[] = {
	COLUMN_SCHEMA,
	COLUMN(run),
	COLUMN(profile),
	PLACE_COLUMNS,
	COLUMN_IN(place, workload),
	COLUMN(span, .words = &span_words),
	COLUMN(scope),
	COLUMN(source),
	COLUMN(counter),
	COLUMN(kind, .words = &kind_words),
	COLUMN(unit, .words = &unit_words),
	COLUMN(before, .unit = "as unit"),
	COLUMN(after, .unit = "as unit"),
	COLUMN(delta, .unit = "as unit"),
	COLUMN_IN(place, attempt),
};
#undef ROW

#define ROW struct truth_row
static const struct column truth[] = {
	COLUMN_SCHEMA,
	COLUMN(run),
	PLACE_COLUMNS,
	COLUMN_IN(place, workload),
	COLUMN(quantity),
	COLUMN(span, .words = &span_words),
	COLUMN(counter),
	COLUMN(unit, .words = &unit_words),
	COLUMN(relation, .words = &relation_words),
	COLUMN(basis, .words = &basis_words),
	COLUMN(expected, .unit = "as unit"),
	COLUMN(tolerance, .unit = "as unit"),
	COLUMN(observed, .unit = "as unit"),
	COLUMN(noise, .unit = "as unit"),
	COLUMN(verdict, .words = &verdict_words),
	COLUMN(why),
	COLUMN_IN(place, attempt),
};
#undef ROW

#define ROW struct sample_row
static const struct column samples[] = {
	COLUMN_SCHEMA,
	COLUMN(run),
	PLACE_COLUMNS,
	COLUMN(phase),
	COLUMN(t_ms, .unit = "ms"),
	COLUMN(quantity),
	COLUMN(unit),
	COLUMN(value, .unit = "as unit"),
	COLUMN_IN(place, attempt),
};
#undef ROW

#define ROW struct event_row
static const struct column events[] = {
	COLUMN_SCHEMA,
	COLUMN(run),
	PLACE_COLUMNS,
	COLUMN(t_ms, .unit = "ms"),
	COLUMN(event),
	COLUMN(detail, .plain = true),
	COLUMN_IN(place, attempt),
};
#undef ROW

#define ROW struct latency_row
static const struct column latency[] = {
	COLUMN_SCHEMA,
	COLUMN(run),
	PLACE_COLUMNS,
	COLUMN(low_ns, .unit = "ns"),
	COLUMN(high_ns, .unit = "ns"),
	COLUMN(count, .unit = "count"),
	COLUMN_IN(place, attempt),
};
#undef ROW

#define ROW struct site_row
static const struct column sites[] = {
	COLUMN_SCHEMA,
	COLUMN(run),
	PLACE_COLUMNS,
	COLUMN_IN(place, workload),
	COLUMN(symbol),
	COLUMN(offset, .unit = "bytes"),
	COLUMN(depth, .unit = "count"),
	COLUMN(live_blocks, .unit = "count"),
	COLUMN(live_bytes, .unit = "bytes"),
	COLUMN(allocations, .unit = "count"),
	COLUMN(frees, .unit = "count"),
	COLUMN_IN(place, attempt),
};
#undef ROW

static const struct csv_file counters_csv = CSV_FILE("counters.csv", counters);
static const struct csv_file truth_csv = CSV_FILE("truth.csv", truth);
static const struct csv_file samples_csv = CSV_FILE("samples.csv", samples);
static const struct csv_file events_csv = CSV_FILE("events.csv", events);
static const struct csv_file latency_csv = CSV_FILE("latency.csv", latency);
static const struct csv_file sites_csv = CSV_FILE("sites.csv", sites, .with_first_row = true);

const struct csv_file *const run_files[RUN_FILES] = {
	[FILE_COUNTERS] = &counters_csv, [FILE_TRUTH] = &truth_csv,
	[FILE_SAMPLES] = &samples_csv,	 [FILE_EVENTS] = &events_csv,
	[FILE_SITES] = &sites_csv,	 [FILE_LATENCY] = &latency_csv,
	[FILE_RUNS] = &runs_csv,
};
