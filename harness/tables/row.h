/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One row of runs.csv: a worker in one repeat, its work and its cost. Its columns are the table
 * runs_csv; results/SCHEMA.md describes them.
 */
#ifndef PAGESTORM_ROW_H
#define PAGESTORM_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/plan/outcome.h"
#include "harness/record/record.h"
#include "harness/tables/column.h"
#include "workloads/api/ledger.h"

#define ROW_ABSENT UINT64_MAX

struct run_row {
	const char *run, *profile;
	unsigned cell;
	const char *cell_label;
	int repeat;
	unsigned order;
	const char *worker, *workload, *params;
	char settings[512];
	enum outcome outcome;
	char reason[512];
	uint64_t target_bytes, achieved_bytes;
	double seconds, bytes_per_second;
	uint64_t ops;
	double ops_per_second;
	uint64_t latency_count, latency_mean_ns, latency_p50_ns, latency_p90_ns, latency_p99_ns,
		latency_p999_ns, latency_max_ns;
	uint64_t minor_faults, major_faults, cpu_user_usec, cpu_system_usec;
	uint64_t swap_in_bytes, swap_out_bytes, refault_anon_pages, refault_file_pages;
	uint64_t psi_memory_some_usec, psi_memory_full_usec, psi_io_full_usec;
	uint64_t allocstall, compact_stall, kswapd_scan_pages, kswapd_steal_pages,
		direct_scan_pages, direct_steal_pages, kswapd_cpu_usec;
	uint64_t oom_kills, limit_bytes, peak_bytes;
	unsigned claims, claims_failed;
	uint64_t exit_signal, exit_status;
	char started_utc[32];
	enum outcome expected_outcome;
	char machine_wide[256]; /* columns whose amount is the machine's, not the group's */
	unsigned attempt;	/* of the repeat, from 1 */
};

/* Makes every amount absent. */
void row_init(struct run_row *row);

/* The value of a numeric column; false when absent or no such column. */
bool row_number(const struct run_row *row, const char *column, double *value);

/* Fills amounts, throughput and latency from the ledger. */
void row_from_ledger(struct run_row *row, const struct ledger *ledger, uint64_t end_ns);

/*
 * Fills the columns whose row of the table names kernel counters.
 */
void row_from_record(struct run_row *row, const struct record *work, uint64_t page_bytes);

#endif
