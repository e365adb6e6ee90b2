/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes and reads CSV: UTF-8, LF, a header, RFC 4180. Rows are collected and written with one
 * write(2), then fsync'd, so that the file of a cut run ends with a whole row.
 */
#ifndef PAGESTORM_CSV_H
#define PAGESTORM_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/base/error.h"
#include "harness/record/record.h"

struct csv_writer {
	int fd;
	char path[512];
	char *buffer; /* rows not yet on disk */
	size_t length, capacity;
	unsigned columns; /* of the header; each row must have as many */
	unsigned column;  /* in the row being written */
	int error;	  /* met while collecting or in csv_write(); csv_flush() returns it */
};

/* A number that may be absent. */
struct number_cell {
	bool has;
	struct number number;
};

/* Creates the file (-EEXIST if there) under directory fd and writes the header,
 * comma-separated. */
int csv_create(struct csv_writer *w, int dirfd, const char *name, const char *header,
	       struct error *e);
/* Opens an existing file to append rows; -EINVAL when its header differs. */
int csv_append(struct csv_writer *w, int dirfd, const char *name, const char *header,
	       struct error *e);
void csv_text(struct csv_writer *w, const char *text); /* NULL or "": an empty cell */
void csv_int(struct csv_writer *w, int64_t value);
void csv_uint(struct csv_writer *w, uint64_t value);
void csv_number(struct csv_writer *w, struct number n);
void csv_real(struct csv_writer *w, double value, int decimals); /* NaN: an empty cell */
void csv_empty(struct csv_writer *w);
void csv_end_row(struct csv_writer *w); /* asserts that the row is complete */
/* Writes the collected rows, which then survive this process; csv_flush() returns an error. */
void csv_write(struct csv_writer *w);
/* Writes what was collected and fsyncs. */
int csv_flush(struct csv_writer *w, struct error *e);
/* Drops what was collected and is not on disk, half a row too. */
void csv_forget(struct csv_writer *w);
/* csv_flush() and close; accepts one that is not open. */
int csv_close(struct csv_writer *w, struct error *e);

/* Reading: the whole file in memory, cells addressed by row and column name. */
struct csv_table {
	char *bytes;
	char **header;
	unsigned columns;
	char ***row;
	size_t nr, capacity;
};

/*
 * A regular file, which is no symbolic link (plainfile.h). 0; -ENOENT; -EBADMSG with file:line
 * in *e for a ragged row, an unfinished quote, or two columns of one name.
 */
int csv_read(struct csv_table *t, const char *path, struct error *e);
/* The same from an open descriptor, of whatever kind. path: for messages. */
int csv_read_fd(struct csv_table *t, int fd, const char *path, struct error *e);
void csv_release(struct csv_table *t);
/* -1 when the file has no such column. */
int csv_column(const struct csv_table *t, const char *name);
/* The cell's text; "" when the column is -1. */
const char *csv_cell(const struct csv_table *t, size_t row, int column);

#endif
