/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notation of the tables of columns. For this directory alone. */
#ifndef PAGESTORM_COLUMN_PART_H
#define PAGESTORM_COLUMN_PART_H

#include <stdint.h>

#include "harness/tables/column.h"
#include "harness/tables/csv.h"
#include "workloads/api/arith.h"

/* A cell's type is its member's: the two cannot disagree. An enumeration is unsigned. */
#define CELL_TYPE(member)                                                                      \
	_Generic((member),                                                                     \
		const char *: CELL_TEXT,                                                       \
		char *: CELL_CHARS,                                                            \
		int: CELL_INT,                                                                 \
		unsigned: CELL_UNSIGNED,                                                       \
		int64_t: CELL_I64,                                                             \
		uint64_t: CELL_U64,                                                            \
		double: CELL_REAL,                                                             \
		struct number_cell: CELL_NUMBER)

/*
 * A column of `row`, a struct: its name in the file, its member, and further members of struct
 * column.
 */
#define COLUMN_OF(row, title, member, ...)                                                     \
	{                                                                                      \
		.name = title, .type = CELL_TYPE(((row *)NULL)->member),                       \
		.offset = offsetof(row, member), __VA_ARGS__                                   \
	}

#define COLUMN_SCHEMA                                                                          \
	{                                                                                      \
		.name = "schema", .type = CELL_SCHEMA                                          \
	}

#define CSV_FILE(file, columns, ...)                                                           \
	{                                                                                      \
		.name = file, .column = columns, .nr = ARRAY_SIZE(columns), __VA_ARGS__        \
	}

#endif
