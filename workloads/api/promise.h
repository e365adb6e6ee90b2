/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims as tables: one row per claim, so that claims() of a workload reads as the list
 * of what it promises.
 */
#ifndef PAGESTORM_PROMISE_H
#define PAGESTORM_PROMISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/api/arith.h"
#include "workloads/api/workload.h"

/*
 * A promise; its members have the meaning of those of struct claim. Rows use designated
 * initialisers and omit the defaults: UNIT_COUNT, RELATION_EQ, BASIS_EXACT, 0. They stay
 * outside the formatter's reach, in three parts: quantity and scope; source and amount;
 * why. `unless` removes a row that does not hold on this machine, so that a table shows
 * all that may be promised.
 */
struct promise {
	const char *quantity, *scope;
	const char *source, *counter;
	enum unit unit;
	enum relation relation;
	enum basis basis;
	int64_t expected, tolerance, least;
	const char *slot;
	int64_t slot_mul, slot_div;
	bool unless; /* true: not promised */
	const char *why;
};

/* The group's page cache does not grow. */
void promise_no_files(struct claims *out, const struct workload_env *env);

/*
 * After the exit the group has no more anonymous memory (promise_freed()) and no more
 * charge (promise_uncharged()) than before prepare(), which took `before` bytes.
 */
void promise_freed(struct claims *out, const struct workload_env *env, int64_t before);
void promise_uncharged(struct claims *out, const struct workload_env *env, int64_t before);

/* Rows of workloads that touch nothing but new anonymous memory. */
#define PROMISE_NO_MAJOR_FAULTS                                                                \
	{                                                                                      \
		.quantity = "major_faults", .scope = "process", .source = "stat",              \
		.counter = "majflt", .why = "first touch of anonymous memory needs no I/O"     \
	}
#define PROMISE_NO_GROUP_MAJOR_FAULTS                                                          \
	{                                                                                      \
		.quantity = "group_major_faults", .scope = "group", .source = "memory.stat",   \
		.counter = "pgmajfault", .why = "first touch of anonymous memory needs no I/O" \
	}

/* By how much the charge of the worker's group moves; bounds where the amounts differ. */
struct promise_usage {
	int64_t least, most;		   /* bytes without page tables */
	int64_t tables_least, tables_most; /* page tables, where the kernel charges them */
	const char *why;		   /* of the first two, or NULL */
};

/* The claim of group_usage_bytes, with charge batches and what CAPABILITY_TABLE_CHARGE says. */
void promise_usage(struct claims *out, const struct workload_env *env,
		   const struct promise_usage *usage);

/* Adds the rows that hold on this machine. */
void promise_add(struct claims *out, enum span span, const struct promise *rows, size_t nr);

/*
 * The same for rows of RELATION_EQ whose amounts may each be up to `more` larger: bounds
 * where more is not 0.
 */
void promise_add_bounds(struct claims *out, enum span span, const struct promise *rows,
			size_t nr, int64_t more);

#define PROMISE_ROWS(out, span, rows) promise_add(out, span, rows, ARRAY_SIZE(rows))
#define PROMISE_BOUNDS(out, span, rows, more)                                                  \
	promise_add_bounds(out, span, rows, ARRAY_SIZE(rows), more)

#endif
