// SPDX-License-Identifier: GPL-2.0-or-later
/* The columns of runs.csv, and how they are filled from a ledger and a record. */
#include "harness/tables/row.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum cell_type {
	CELL_SCHEMA,
	CELL_TEXT,  /* const char * */
	CELL_CHARS, /* char[] */
	CELL_UNSIGNED,
	CELL_INT,
	CELL_U64,
	CELL_REAL, /* six decimals */
	CELL_RATE, /* no decimals */
	CELL_OUTCOME,
};

static const struct column {
	const char *name;
	enum cell_type type;
	size_t offset;
} columns[] = {
#define COLUMN(member, type)                                                                   \
	{                                                                                      \
#member, type, offsetof(struct run_row, member)                                \
	}
	{ "schema", CELL_SCHEMA, 0 },
	COLUMN(run, CELL_TEXT),
	COLUMN(profile, CELL_TEXT),
	COLUMN(cell, CELL_UNSIGNED),
	COLUMN(cell_label, CELL_TEXT),
	COLUMN(repeat, CELL_INT),
	COLUMN(order, CELL_UNSIGNED),
	COLUMN(worker, CELL_TEXT),
	COLUMN(workload, CELL_TEXT),
	COLUMN(params, CELL_TEXT),
	COLUMN(settings, CELL_CHARS),
	COLUMN(outcome, CELL_OUTCOME),
	COLUMN(reason, CELL_CHARS),
	COLUMN(target_bytes, CELL_U64),
	COLUMN(achieved_bytes, CELL_U64),
	COLUMN(seconds, CELL_REAL),
	COLUMN(bytes_per_second, CELL_RATE),
	COLUMN(ops, CELL_U64),
	COLUMN(ops_per_second, CELL_RATE),
	COLUMN(latency_count, CELL_U64),
	COLUMN(latency_mean_ns, CELL_U64),
	COLUMN(latency_p50_ns, CELL_U64),
	COLUMN(latency_p90_ns, CELL_U64),
	COLUMN(latency_p99_ns, CELL_U64),
	COLUMN(latency_p999_ns, CELL_U64),
	COLUMN(latency_max_ns, CELL_U64),
	COLUMN(minor_faults, CELL_U64),
	COLUMN(major_faults, CELL_U64),
	COLUMN(cpu_user_usec, CELL_U64),
	COLUMN(cpu_system_usec, CELL_U64),
	COLUMN(swap_in_bytes, CELL_U64),
	COLUMN(swap_out_bytes, CELL_U64),
	COLUMN(refault_anon_pages, CELL_U64),
	COLUMN(refault_file_pages, CELL_U64),
	COLUMN(psi_memory_some_usec, CELL_U64),
	COLUMN(psi_memory_full_usec, CELL_U64),
	COLUMN(psi_io_full_usec, CELL_U64),
	COLUMN(allocstall, CELL_U64),
	COLUMN(compact_stall, CELL_U64),
	COLUMN(kswapd_scan_pages, CELL_U64),
	COLUMN(kswapd_steal_pages, CELL_U64),
	COLUMN(direct_scan_pages, CELL_U64),
	COLUMN(direct_steal_pages, CELL_U64),
	COLUMN(kswapd_cpu_usec, CELL_U64),
	COLUMN(oom_kills, CELL_U64),
	COLUMN(limit_bytes, CELL_U64),
	COLUMN(peak_bytes, CELL_U64),
	COLUMN(claims, CELL_UNSIGNED),
	COLUMN(claims_failed, CELL_UNSIGNED),
	COLUMN(exit_signal, CELL_U64),
	COLUMN(exit_status, CELL_U64),
	COLUMN(started_utc, CELL_CHARS),
#undef COLUMN
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

void row_init(struct run_row *row)
{
	*row = (struct run_row){ .seconds = NAN,
				 .bytes_per_second = NAN,
				 .ops_per_second = NAN };
	for (size_t i = 0; i < NR_COLUMNS; i++)
		if (columns[i].type == CELL_U64)
			*(uint64_t *)((char *)row + columns[i].offset) = ROW_ABSENT;
}

const char *row_header(void)
{
	static char header[1024];
	size_t length = 0;

	for (size_t i = 0; i < NR_COLUMNS && length < sizeof(header); i++)
		length += (size_t)snprintf(header + length, sizeof(header) - length, "%s%s",
					   i ? "," : "", columns[i].name);
	return header;
}

/* Free text may hold a comma; a value needs no quotes, so it becomes a semicolon. */
static void write_text(struct csv_writer *w, const char *text)
{
	char plain[2048];

	snprintf(plain, sizeof(plain), "%s", text ? text : "");
	for (char *p = plain; *p; p++)
		if (*p == ',' || *p == '\n' || *p == '"')
			*p = *p == ',' ? ';' : ' ';
	csv_text(w, plain);
}

void row_write(const struct run_row *row, struct csv_writer *w)
{
	for (size_t i = 0; i < NR_COLUMNS; i++) {
		const void *at = (const char *)row + columns[i].offset;

		switch (columns[i].type) {
		case CELL_SCHEMA:
			csv_uint(w, 1);
			break;
		case CELL_TEXT:
			write_text(w, *(const char *const *)at);
			break;
		case CELL_CHARS:
			write_text(w, at);
			break;
		case CELL_UNSIGNED:
			csv_uint(w, *(const unsigned *)at);
			break;
		case CELL_INT:
			csv_int(w, *(const int *)at);
			break;
		case CELL_U64:
			if (*(const uint64_t *)at == ROW_ABSENT)
				csv_empty(w);
			else
				csv_uint(w, *(const uint64_t *)at);
			break;
		case CELL_REAL:
			csv_real(w, *(const double *)at, 6);
			break;
		case CELL_RATE:
			csv_real(w, *(const double *)at, 0);
			break;
		case CELL_OUTCOME:
			csv_text(w, outcome_name(row->outcome));
			break;
		}
	}
	csv_end_row(w);
}

bool row_number(const struct run_row *row, const char *column, double *value)
{
	for (size_t i = 0; i < NR_COLUMNS; i++) {
		const void *at = (const char *)row + columns[i].offset;

		if (strcmp(columns[i].name, column))
			continue;
		if (columns[i].type == CELL_U64)
			*value = (double)*(const uint64_t *)at;
		else if (columns[i].type == CELL_UNSIGNED)
			*value = *(const unsigned *)at;
		else if (columns[i].type == CELL_REAL || columns[i].type == CELL_RATE)
			*value = *(const double *)at;
		else
			return false;
		return columns[i].type == CELL_U64 ? *(const uint64_t *)at != ROW_ABSENT
						   : !isnan(*value);
	}
	return false;
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

/* Adds a counter's delta, times `mul`, to *sum, which starts absent. */
static void sum_delta(const struct record *work, const char *scope, const char *source,
		      const char *counter, uint64_t mul, uint64_t *sum)
{
	const struct counter *c = record_find(work, scope, source, counter);
	struct number delta;

	if (!c || !counter_delta(c, &delta) || delta.value < 0)
		return;
	if (*sum == ROW_ABSENT)
		*sum = 0;
	*sum += (uint64_t)delta.value * mul;
}

/* The group's own count where the kernel keeps one, otherwise the system's. */
static void group_or_system(const struct record *work, const char *group_source,
			    const char *system_source, const char *counter, uint64_t mul,
			    uint64_t *sum)
{
	sum_delta(work, "group", group_source, counter, mul, sum);
	if (*sum == ROW_ABSENT)
		sum_delta(work, "system", system_source, counter, mul, sum);
}

static uint64_t after_value(const struct record *work, const char *source, const char *counter)
{
	const struct counter *c = record_find(work, "group", source, counter);

	return c && c->has_after && c->after.value >= 0 ? (uint64_t)c->after.value : ROW_ABSENT;
}

void row_from_record(struct run_row *row, const struct record *work, uint64_t page_bytes)
{
	const uint64_t tick_usec = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	static const char *const zones[] = { "dma", "dma32", "normal", "movable", "device" };

	sum_delta(work, "process", "stat", "minflt", 1, &row->minor_faults);
	sum_delta(work, "process", "stat", "majflt", 1, &row->major_faults);
	sum_delta(work, "process", "stat", "utime", tick_usec, &row->cpu_user_usec);
	sum_delta(work, "process", "stat", "stime", tick_usec, &row->cpu_system_usec);
	group_or_system(work, "memory.stat", "vmstat", "pswpin", page_bytes,
			&row->swap_in_bytes);
	group_or_system(work, "memory.stat", "vmstat", "pswpout", page_bytes,
			&row->swap_out_bytes);
	group_or_system(work, "memory.stat", "vmstat", "workingset_refault_anon", 1,
			&row->refault_anon_pages);
	group_or_system(work, "memory.stat", "vmstat", "workingset_refault_file", 1,
			&row->refault_file_pages);
	group_or_system(work, "memory.pressure", "pressure/memory", "some.total", 1,
			&row->psi_memory_some_usec);
	group_or_system(work, "memory.pressure", "pressure/memory", "full.total", 1,
			&row->psi_memory_full_usec);
	group_or_system(work, "io.pressure", "pressure/io", "full.total", 1,
			&row->psi_io_full_usec);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		char key[32];

		snprintf(key, sizeof(key), "allocstall_%s", zones[i]);
		sum_delta(work, "system", "vmstat", key, 1, &row->allocstall);
	}
	sum_delta(work, "system", "vmstat", "compact_stall", 1, &row->compact_stall);
	sum_delta(work, "system", "vmstat", "pgscan_kswapd", 1, &row->kswapd_scan_pages);
	sum_delta(work, "system", "vmstat", "pgsteal_kswapd", 1, &row->kswapd_steal_pages);
	sum_delta(work, "system", "vmstat", "pgscan_direct", 1, &row->direct_scan_pages);
	sum_delta(work, "system", "vmstat", "pgsteal_direct", 1, &row->direct_steal_pages);
	for (unsigned node = 0; node < ENV_NODES_MAX; node++) {
		char scope[24];

		snprintf(scope, sizeof(scope), "kswapd%u", node);
		sum_delta(work, scope, "stat", "stime", tick_usec, &row->kswapd_cpu_usec);
	}
	row->limit_bytes = after_value(work, "memory.max", "memory.max");
	if (row->limit_bytes == ROW_ABSENT)
		row->limit_bytes =
			after_value(work, "memory.limit_in_bytes", "memory.limit_in_bytes");
	if (row->limit_bytes != ROW_ABSENT && row->limit_bytes > INT64_MAX / 2)
		row->limit_bytes =
			ROW_ABSENT; /* v1 shows "none" as the largest page multiple */
	row->peak_bytes = after_value(work, "memory.peak", "memory.peak");
	if (row->peak_bytes == ROW_ABSENT)
		row->peak_bytes = after_value(work, "memory.max_usage_in_bytes",
					      "memory.max_usage_in_bytes");
}
