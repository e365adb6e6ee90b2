// SPDX-License-Identifier: GPL-2.0-or-later
/* The columns of runs.csv, and how they are filled from a ledger and a record. */
#include "harness/tables/row.h"

#include <assert.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/tables/column_part.h"

#define COLUMN(member, ...) COLUMN_OF(struct run_row, #member, member, __VA_ARGS__)
#define TEXT(member)	    COLUMN(member, .plain = true)

/* `where` is its panel. */
#define METRIC(text, which, where, ...)                                                        \
	.metric = {                                                                            \
		.label = text, .better = BETTER_##which, .panel = PANEL_##where, __VA_ARGS__   \
	}
#define DRAWN(name) .legend = name
#define HEADLINE    .headline = true
#define PACE(which) .pace = PACE_##which

/* Percentiles come from a histogram of 32 buckets per octave (workloads/api/histogram.h). */
#define BUCKET .resolution = 1. / 32

/* An amount that the worker's ledger or the run itself has; absent otherwise. */
#define AMOUNT(member, in, ...) COLUMN(member, .unit = in, .optional = true, __VA_ARGS__)

/* The value of a kernel counter, or of the second on kernels that lack the first. */
#define COUNTED(member, in, first, second, ...)                                                \
	AMOUNT(member, in, .from.counter = { first, second }, __VA_ARGS__)

static const struct column columns[] = {
	COLUMN_SCHEMA,
	TEXT(run),
	TEXT(profile),
	COLUMN(cell),
	TEXT(cell_label),
	COLUMN(repeat),
	COLUMN(order),
	TEXT(worker),
	TEXT(workload),
	TEXT(params),
	TEXT(settings),
	COLUMN(outcome, .words = &outcome_words),
	TEXT(reason),
	AMOUNT(target_bytes, "bytes"),
	AMOUNT(achieved_bytes, "bytes"),
	AMOUNT(seconds, "s", .decimals = 6,
	       METRIC("run time", LOWER, RUN_TIME, DRAWN(""), HEADLINE, PACE(TIME))),
	AMOUNT(bytes_per_second, "bytes/s",
	       METRIC("throughput", HIGHER, THROUGHPUT, DRAWN(""), HEADLINE, PACE(RATE))),
	AMOUNT(ops, "count"),
	AMOUNT(ops_per_second, "1/s",
	       METRIC("operations", HIGHER, OPERATIONS, DRAWN(""), HEADLINE, PACE(RATE))),
	AMOUNT(latency_count, "count"),
	AMOUNT(latency_mean_ns, "ns", METRIC("latency mean", LOWER, LATENCY)),
	AMOUNT(latency_p50_ns, "ns",
	       METRIC("latency p50", LOWER, LATENCY, DRAWN("p50"), HEADLINE, BUCKET)),
	AMOUNT(latency_p90_ns, "ns", METRIC("latency p90", LOWER, LATENCY, BUCKET)),
	AMOUNT(latency_p99_ns, "ns",
	       METRIC("latency p99", LOWER, LATENCY, DRAWN("p99"), HEADLINE, BUCKET)),
	AMOUNT(latency_p999_ns, "ns",
	       METRIC("latency p99.9", LOWER, LATENCY, DRAWN("p99.9"), BUCKET)),
	AMOUNT(latency_max_ns, "ns", METRIC("latency max", LOWER, LATENCY)),
	COUNTED(minor_faults, "count", "process/stat/minflt", NULL,
		METRIC("minor faults", LOWER, MINOR_FAULTS, DRAWN(""), HEADLINE)),
	COUNTED(major_faults, "count", "process/stat/majflt", NULL,
		METRIC("major faults", LOWER, MAJOR_FAULTS, DRAWN(""), HEADLINE)),
	COUNTED(cpu_user_usec, "usec", "process/stat/utime", NULL, .from.scale = SCALE_TICK,
		METRIC("CPU time user", LOWER, CPU_TIME, DRAWN("user"))),
	COUNTED(cpu_system_usec, "usec", "process/stat/stime", NULL, .from.scale = SCALE_TICK,
		METRIC("CPU time system", LOWER, CPU_TIME, DRAWN("system"))),
	COUNTED(swap_in_bytes, "bytes", "group/memory.stat/pswpin", "system/vmstat/pswpin",
		.from.scale = SCALE_PAGE,
		METRIC("swapped in", LOWER, SWAPPED, DRAWN("in"), HEADLINE)),
	COUNTED(swap_out_bytes, "bytes", "group/memory.stat/pswpout", "system/vmstat/pswpout",
		.from.scale = SCALE_PAGE,
		METRIC("swapped out", LOWER, SWAPPED, DRAWN("out"), HEADLINE)),
	COUNTED(refault_anon_pages, "pages", "group/memory.stat/workingset_refault_anon",
		"system/vmstat/workingset_refault_anon",
		METRIC("refaults anon", LOWER, REFAULTS, DRAWN("anon"), HEADLINE)),
	COUNTED(refault_file_pages, "pages", "group/memory.stat/workingset_refault_file",
		"system/vmstat/workingset_refault_file",
		METRIC("refaults file", LOWER, REFAULTS, DRAWN("file"), HEADLINE)),
	COUNTED(psi_memory_some_usec, "usec", "group/memory.pressure/some.total",
		"system/pressure/memory/some.total",
		METRIC("memory stall some", LOWER, MEMORY_STALL, DRAWN("some"))),
	COUNTED(psi_memory_full_usec, "usec", "group/memory.pressure/full.total",
		"system/pressure/memory/full.total",
		METRIC("memory stall full", LOWER, MEMORY_STALL, DRAWN("full"), HEADLINE)),
	COUNTED(psi_io_full_usec, "usec", "group/io.pressure/full.total",
		"system/pressure/io/full.total",
		METRIC("I/O stall full", LOWER, IO_STALL, DRAWN(""))),
	COUNTED(allocstall, "count", "system/vmstat/allocstall_*", NULL,
		METRIC("allocation stalls", LOWER, ALLOCATION_STALLS, DRAWN(""))),
	COUNTED(compact_stall, "count", "system/vmstat/compact_stall", NULL,
		METRIC("compaction stalls", LOWER, ALLOCATION_STALLS)),
	COUNTED(kswapd_scan_pages, "pages", "system/vmstat/pgscan_kswapd", NULL,
		METRIC("scanned by kswapd", LOWER, SCANNED, DRAWN("kswapd"))),
	COUNTED(kswapd_steal_pages, "pages", "system/vmstat/pgsteal_kswapd", NULL),
	COUNTED(direct_scan_pages, "pages", "system/vmstat/pgscan_direct", NULL,
		METRIC("scanned directly", LOWER, SCANNED, DRAWN("direct"))),
	COUNTED(direct_steal_pages, "pages", "system/vmstat/pgsteal_direct", NULL),
	COUNTED(kswapd_cpu_usec, "usec", "kswapd*/stat/stime", NULL, .from.scale = SCALE_TICK,
		METRIC("CPU time kswapd", LOWER, CPU_TIME, DRAWN("kswapd"))),
	AMOUNT(oom_kills, "count", METRIC("OOM kills", LOWER, OTHER)),
	COUNTED(limit_bytes, "bytes", "group/memory.max/memory.max",
		"group/memory.limit_in_bytes/memory.limit_in_bytes", .from.is_level = true),
	COUNTED(peak_bytes, "bytes", "group/memory.peak/memory.peak",
		"group/memory.max_usage_in_bytes/memory.max_usage_in_bytes",
		.from.is_level = true, METRIC("peak memory", LOWER, OTHER)),
	AMOUNT(claims, "count"),
	AMOUNT(claims_failed, "count"),
	AMOUNT(exit_signal, "number"),
	AMOUNT(exit_status, "number"),
	TEXT(started_utc),
	COLUMN(expected_outcome, .words = &outcome_words),
	TEXT(machine_wide),
	COLUMN(attempt),
};

const struct csv_file runs_csv = CSV_FILE("runs.csv", columns);

/* Where the cell of a column is, if it is of that type; NULL. */
static void *cell_at(struct run_row *row, const struct column *column, enum cell_type type)
{
	return column->type == type ? (char *)row + column->offset : NULL;
}

void row_init(struct run_row *row)
{
	*row = (struct run_row){ 0 };
	for (unsigned i = 0; i < runs_csv.nr; i++) {
		uint64_t *amount = cell_at(row, &columns[i], CELL_U64);
		double *real = cell_at(row, &columns[i], CELL_REAL);

		if (amount)
			*amount = ROW_ABSENT;
		if (real)
			*real = NAN;
	}
}

bool row_number(const struct run_row *row, const char *name, double *value)
{
	const struct column *column = column_find(&runs_csv, name);

	return column && column_number(column, row, value);
}

static void fill_latency(struct run_row *row, const struct histogram *h)
{
	row->latency_count = h->count;
	row->latency_mean_ns = h->sum / h->count;
	row->latency_p50_ns = histogram_quantile(h, 0.5);
	row->latency_p90_ns = histogram_quantile(h, 0.9);
	row->latency_p99_ns = histogram_quantile(h, 0.99);
	row->latency_p999_ns = histogram_quantile(h, 0.999);
	row->latency_max_ns = h->max;
}

void row_from_ledger(struct run_row *row, const struct ledger *ledger, uint64_t end_ns)
{
	const uint64_t start = ledger->run_ns;

	row->achieved_bytes = ledger->achieved_bytes;
	if (start && end_ns > start) {
		row->seconds = (double)(end_ns - start) / 1e9;
		if (ledger->moved_bytes)
			row->bytes_per_second = (double)ledger->moved_bytes / row->seconds;
		if (ledger->ops) {
			row->ops = ledger->ops;
			row->ops_per_second = (double)ledger->ops / row->seconds;
		}
	}
	if (ledger->latency.count)
		fill_latency(row, &ledger->latency);
}

/* ---- what the kernel counted ---- */

struct counter_name {
	char scope[64], source[64], counter[64];
};

/* A source may hold a slash itself: pressure/memory. */
static struct counter_name split_name(const char *text)
{
	const char *first = strchr(text, '/'), *last = strrchr(text, '/');
	struct counter_name n;

	snprintf(n.scope, sizeof(n.scope), "%.*s", (int)(first - text), text);
	snprintf(n.source, sizeof(n.source), "%.*s", (int)(last - first - 1), first + 1);
	snprintf(n.counter, sizeof(n.counter), "%s", last + 1);
	return n;
}

static bool fits(const struct counter_name *n, const struct counter *c)
{
	return !strcmp(n->source, c->source) && !fnmatch(n->counter, c->counter, 0) &&
	       !fnmatch(n->scope, c->scope, 0);
}

/* Adds what the counter says to *sum, which starts absent. */
static void add_counter(const struct counter *c, bool is_level, uint64_t *sum)
{
	struct number n = c->after;

	if (is_level ? !c->has_after || n.value > INT64_MAX / 2 : !counter_delta(c, &n))
		return;
	if (n.value < 0)
		return;
	if (*sum == ROW_ABSENT)
		*sum = 0;
	*sum += (uint64_t)n.value;
}

static uint64_t counted(const struct record *work, const char *name, bool is_level)
{
	const struct counter_name n = split_name(name);
	uint64_t sum = ROW_ABSENT;

	if (!strchr(name, '*')) {
		const struct counter *c = record_find(work, n.scope, n.source, n.counter);

		if (c)
			add_counter(c, is_level, &sum);
		return sum;
	}
	for (size_t i = 0; i < work->nr; i++)
		if (fits(&n, &work->counter[i]))
			add_counter(&work->counter[i], is_level, &sum);
	return sum;
}

/* *machine_wide: the kernel has it for the machine alone where the column is of the group. */
static uint64_t value_from(const struct cell_source *from, const struct record *work,
			   uint64_t page_bytes, bool *machine_wide)
{
	const uint64_t factor[] = {
		[SCALE_ONE] = 1,
		[SCALE_PAGE] = page_bytes,
		[SCALE_TICK] = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK),
	};
	uint64_t value = ROW_ABSENT;

	*machine_wide = false;
	for (unsigned i = 0; i < 2 && value == ROW_ABSENT && from->counter[i]; i++) {
		value = counted(work, from->counter[i], from->is_level);
		*machine_wide = i && value != ROW_ABSENT &&
				!strncmp(from->counter[i], "system/", strlen("system/"));
	}
	return value == ROW_ABSENT ? value : value * factor[from->scale];
}

void row_from_record(struct run_row *row, const struct record *work, uint64_t page_bytes)
{
	size_t length = 0;

	row->machine_wide[0] = '\0';
	for (unsigned i = 0; i < runs_csv.nr; i++) {
		uint64_t *cell = cell_at(row, &columns[i], CELL_U64);
		bool machine_wide;

		if (!cell || !columns[i].from.counter[0])
			continue;
		*cell = value_from(&columns[i].from, work, page_bytes, &machine_wide);
		if (machine_wide)
			length += (size_t)snprintf(row->machine_wide + length,
						   sizeof(row->machine_wide) - length, "%s%s",
						   length ? ";" : "", columns[i].name);
		assert(length < sizeof(row->machine_wide)); /* test_row has all of them */
	}
}
