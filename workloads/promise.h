/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims as tables: a row per promise, so that claims() of a workload reads as
 * the list of what it promises.
 */
#ifndef PAGESTORM_PROMISE_H
#define PAGESTORM_PROMISE_H

#include <stddef.h>
#include <stdint.h>

#include "workloads/workload.h"

struct promise {
	const char *quantity, *scope, *source, *counter;
	enum unit unit;
	enum relation relation;
	enum basis basis;
	int64_t expected, tolerance;
	const char *why;
};

/* The two commonest pairs of relation and basis, for rows. */
#define PROMISE_EXACT	RELATION_EQ, BASIS_EXACT
#define PROMISE_BOUNDED RELATION_EQ, BASIS_BOUNDED

/* The group's page cache does not grow: the workload opens no file. */
void promise_no_files(struct claims *out, const struct workload_env *env);

void promise_add(struct claims *out, enum span span, const struct promise *rows, size_t nr);

#define PROMISE_ROWS(out, span, rows)                                                          \
	promise_add(out, span, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
