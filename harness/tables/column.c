// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers and rows of CSV files, from their tables. Knows no column by name. */
#include "harness/tables/column.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/tables/csv.h"

#define SCHEMA_VERSION 1

const struct column *column_find(const struct csv_file *file, const char *name)
{
	for (unsigned i = 0; i < file->nr; i++)
		if (!strcmp(file->column[i].name, name))
			return &file->column[i];
	return NULL;
}

bool column_is_amount(const struct column *column)
{
	return column->unit && !column->words && column->type != CELL_TEXT &&
	       column->type != CELL_CHARS;
}

void column_header(const struct csv_file *file, char header[HEADER_BYTES])
{
	size_t length = 0;

	for (unsigned i = 0; i < file->nr; i++) {
		length += (size_t)snprintf(header + length, HEADER_BYTES - length, "%s%s",
					   i ? "," : "", file->column[i].name);
		assert(length < HEADER_BYTES);
	}
}

int column_create(struct csv_writer *w, int dirfd, const struct csv_file *file, struct error *e)
{
	char header[HEADER_BYTES];

	column_header(file, header);
	return csv_create(w, dirfd, file->name, header, e);
}

int column_append(struct csv_writer *w, int dirfd, const struct csv_file *file, struct error *e)
{
	char header[HEADER_BYTES];

	column_header(file, header);
	return csv_append(w, dirfd, file->name, header, e);
}

/* ---- cells ---- */

static const void *cell_of(const struct column *column, const void *row)
{
	return (const char *)row + column->offset;
}

static bool is_absent(const struct column *column, const void *cell)
{
	if (column->type == CELL_U64)
		return column->optional && *(const uint64_t *)cell == UINT64_MAX;
	return column->type == CELL_REAL && isnan(*(const double *)cell);
}

bool column_number(const struct column *column, const void *row, double *value)
{
	const void *cell = cell_of(column, row);

	if (column->words || is_absent(column, cell))
		return false;
	switch (column->type) {
	case CELL_INT:
		*value = *(const int *)cell;
		return true;
	case CELL_UNSIGNED:
		*value = *(const unsigned *)cell;
		return true;
	case CELL_I64:
		*value = (double)*(const int64_t *)cell;
		return true;
	case CELL_U64:
		*value = (double)*(const uint64_t *)cell;
		return true;
	case CELL_REAL:
		*value = *(const double *)cell;
		return true;
	default:
		return false;
	}
}

void column_plain(char *text)
{
	for (; *text; text++) {
		if (*text == ',')
			*text = ';';
		else if (strchr("\"\r\n\t", *text))
			*text = ' ';
	}
}

static void write_plain(struct csv_writer *w, const char *text)
{
	char plain[2048];

	snprintf(plain, sizeof(plain), "%s", text);
	column_plain(plain);
	csv_text(w, plain);
}

static void write_text(struct csv_writer *w, const struct column *column, const char *text)
{
	if (column->plain && text)
		write_plain(w, text);
	else
		csv_text(w, text);
}

static void write_unsigned(struct csv_writer *w, const struct column *column, unsigned value)
{
	if (column->words)
		csv_text(w, wordlist_word(column->words, value));
	else
		csv_uint(w, value);
}

static void write_real(struct csv_writer *w, const struct column *column, double value)
{
	csv_real(w, value, column->whole && value == rint(value) ? 0 : column->decimals);
}

static void write_number(struct csv_writer *w, const struct number_cell *n)
{
	if (n->has)
		csv_number(w, n->number);
	else
		csv_empty(w);
}

static void write_cell(struct csv_writer *w, const struct column *column, const void *cell)
{
	if (is_absent(column, cell)) {
		csv_empty(w);
		return;
	}
	switch (column->type) {
	case CELL_SCHEMA:
		csv_uint(w, SCHEMA_VERSION);
		break;
	case CELL_TEXT:
		write_text(w, column, *(const char *const *)cell);
		break;
	case CELL_CHARS:
		write_text(w, column, cell);
		break;
	case CELL_INT:
		csv_int(w, *(const int *)cell);
		break;
	case CELL_UNSIGNED:
		write_unsigned(w, column, *(const unsigned *)cell);
		break;
	case CELL_I64:
		csv_int(w, *(const int64_t *)cell);
		break;
	case CELL_U64:
		csv_uint(w, *(const uint64_t *)cell);
		break;
	case CELL_REAL:
		write_real(w, column, *(const double *)cell);
		break;
	case CELL_NUMBER:
		write_number(w, cell);
		break;
	}
}

void column_write(struct csv_writer *w, const struct csv_file *file, const void *row)
{
	for (unsigned i = 0; i < file->nr; i++)
		write_cell(w, &file->column[i], cell_of(&file->column[i], row));
	csv_end_row(w);
}
