/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The columns of a CSV file: one table per file, from which its header, the order of its cells,
 * the names of [expect], the metrics of report and compare and the check of results/SCHEMA.md
 * derive. A new column is one row there and a member in the file's row struct.
 */
#ifndef PAGESTORM_COLUMN_H
#define PAGESTORM_COLUMN_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"
#include "harness/base/wordlist.h"

#define COLUMNS_MAX  96 /* of one file */
#define HEADER_BYTES 2048

enum cell_type {
	CELL_SCHEMA, /* the version, which is not in the struct */
	CELL_TEXT,   /* const char * */
	CELL_CHARS,  /* char[] */
	CELL_INT,
	CELL_UNSIGNED,
	CELL_I64,
	CELL_U64,
	CELL_REAL,   /* NaN: an empty cell */
	CELL_NUMBER, /* struct number_cell */
};

enum better {
	BETTER_LOWER,
	BETTER_HIGHER,
};

/*
 * Metrics of one panel stand together in the tables of a report, in this order of panels, and
 * share a figure (panel_figures in harness/report/metric.h).
 */
enum panel {
	PANEL_ENDINGS,
	PANEL_RUN_TIME,
	PANEL_THROUGHPUT,
	PANEL_OPERATIONS,
	PANEL_LATENCY,
	PANEL_REFAULTS,
	PANEL_MINOR_FAULTS,
	PANEL_MAJOR_FAULTS,
	PANEL_SWAPPED,
	PANEL_MEMORY_STALL,
	PANEL_IO_STALL,
	PANEL_CPU_TIME,
	PANEL_ALLOCATION_STALLS,
	PANEL_SCANNED,
	PANEL_OTHER,
};

/* What makes a column of numbers a metric: one that report and compare show and judge. */
struct metric {
	const char *label; /* for a reader; NULL: the column is no metric */
	enum better better;
	enum panel panel;
	/* of its curve in the panel's figure, "" where it is the only one; NULL: not drawn */
	const char *legend;
	double resolution; /* least relative change that the instrument itself can resolve */
	bool headline;	   /* among those that a report shows first */
	/* of the same thing where the amount of work is: only one of them is a comparison */
	enum pace {
		PACE_NONE,
		PACE_TIME, /* decimals of the column */
		PACE_RATE,
	} pace;
	/* of a derived metric alone: the first of these columns over the second, */
	const char *ratio[2];
	bool counts_endings; /* or 1 for a run that did not end as expected, 0 for another */
};

/* The kernel counter of a cell, if it has one. */
struct cell_source {
	/*
	 * scope/source/counter; * matches any part of the scope or the counter: then the sum.
	 * The second is used where the kernel lacks the first.
	 */
	const char *counter[2];
	bool is_level; /* its value after, not its movement; half of 2^63 and more: no limit */
	enum cell_scale {
		SCALE_ONE,
		SCALE_PAGE, /* pages to bytes */
		SCALE_TICK, /* 1/USER_HZ s to microseconds */
	} scale;
};

/* Members that a row does not name are 0. */
struct column {
	const char *name;
	enum cell_type type;
	size_t offset;		      /* in the file's row struct */
	const struct wordlist *words; /* a CELL_UNSIGNED is the value of one of these */
	int decimals;		      /* of a CELL_REAL */
	bool whole;		      /* a CELL_REAL without a fraction has no decimals */
	bool plain;    /* free text: a comma becomes a semicolon, no cell needs quotes */
	bool optional; /* a CELL_U64 of UINT64_MAX is an empty cell */
	/*
	 * NULL: text, or a number that only identifies the row. "as unit": that of the row's
	 * cell `unit`.
	 */
	const char *unit;
	struct metric metric;
	struct cell_source from;
};

/* One CSV file of a results directory. */
struct csv_file {
	const char *name; /* runs.csv */
	const struct column *column;
	unsigned nr;
	bool with_first_row; /* not made before there is a row */
};

extern const struct csv_file runs_csv;

/* NULL when the file has no such column. */
const struct column *column_find(const struct csv_file *file, const char *name);

/* Free text for a cell that needs no quotes: a comma becomes a semicolon, others a space. */
void column_plain(char *text);

/* A number with a unit: what [expect] accepts. */
bool column_is_amount(const struct column *column);

/* False when the cell is empty or no number. */
bool column_number(const struct column *column, const void *row, double *value);

/* "schema,run,cell …", without a newline. */
void column_header(const struct csv_file *file, char header[HEADER_BYTES]);

struct csv_writer;

/* csv_create() and csv_append() with the file's name and header. */
int column_create(struct csv_writer *w, int dirfd, const struct csv_file *file,
		  struct error *e);
int column_append(struct csv_writer *w, int dirfd, const struct csv_file *file,
		  struct error *e);

/* Collects one row: a struct of the file's, see run_files.h and row.h. */
void column_write(struct csv_writer *w, const struct csv_file *file, const void *row);

#endif
