// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/api/promise.h"

#include <assert.h>
#include <stdio.h>

void promise_add(struct claims *out, enum span span, const struct promise *rows, size_t nr)
{
	for (const struct promise *p = rows; p < rows + nr; p++) {
		struct claim c = { .quantity = p->quantity,
				   .span = span,
				   .source = p->source,
				   .counter = p->counter,
				   .unit = p->unit,
				   .relation = p->relation,
				   .basis = p->basis,
				   .expected = p->expected,
				   .tolerance = p->tolerance,
				   .least = p->least,
				   .slot = p->slot,
				   .slot_mul = p->slot_mul,
				   .slot_div = p->slot_div };

		if (p->unless)
			continue;
		snprintf(c.scope, sizeof(c.scope), "%s", p->scope);
		claims_add(out, &c, "%s", p->why);
	}
}

void promise_add_bounds(struct claims *out, enum span span, const struct promise *rows,
			size_t nr, int64_t more)
{
	for (const struct promise *p = rows; p < rows + nr; p++) {
		struct promise row = *p;

		assert(row.relation == RELATION_EQ);
		if (more) {
			row.relation = RELATION_BETWEEN;
			row.basis = BASIS_BOUNDED;
			row.least = row.expected;
			row.expected -= row.tolerance;
			row.tolerance = 2 * row.tolerance + more;
		}
		promise_add(out, span, &row, 1);
	}
}

void promise_usage(struct claims *out, const struct workload_env *env,
		   const struct promise_usage *usage)
{
	const bool charged = env_has(env, CAPABILITY_TABLE_CHARGE);
	const bool none = env_lacks(env, CAPABILITY_TABLE_CHARGE) || !usage->tables_most;
	const int64_t least = usage->least + (charged ? usage->tables_least : 0);
	const int64_t most = usage->most + (none ? 0 : usage->tables_most);
	const char *tables = !usage->tables_most ? ""
			     : charged		 ? "page tables are charged too and "
			     : none		 ? "page tables are not charged here and "
						 : "page tables may be charged too and ";
	char why[240];
	/* clang-format off */
	const struct promise row = {
		.quantity = "group_usage_bytes", .scope = "group",
		.source = env_group_usage(env), .counter = env_group_usage(env),
		.unit = UNIT_BYTES, .basis = BASIS_BOUNDED, .expected = least,
		.tolerance = env_usage_slack_bytes(env),
		.why = why,
	};
	/* clang-format on */

	snprintf(why, sizeof(why), "%s%s%scharges are taken in batches of 64 pages per CPU",
		 usage->why ? usage->why : "", usage->why ? "; " : "", tables);
	promise_add_bounds(out, SPAN_WORK, &row, 1, most - least);
}

void promise_freed(struct claims *out, const struct workload_env *env, int64_t before)
{
	/* clang-format off */
	const struct promise row = {
		.quantity = "left_anonymous_bytes", .scope = "group",
		.source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		.relation = RELATION_LE, .expected = -before,
		.why = "the kernel frees a process's anonymous memory when it exits",
	};
	/* clang-format on */

	promise_add(out, SPAN_RESIDUE, &row, 1);
}

void promise_uncharged(struct claims *out, const struct workload_env *env, int64_t before)
{
	/* clang-format off */
	const struct promise row = {
		.quantity = "left_usage_bytes", .scope = "group",
		.source = env_group_usage(env), .counter = env_group_usage(env),
		.unit = UNIT_BYTES, .relation = RELATION_LE, .basis = BASIS_BOUNDED,
		.expected = -before, .tolerance = env_usage_slack_bytes(env),
		.why = "a batch of 64 pages per CPU may stay charged",
	};
	/* clang-format on */

	promise_add(out, SPAN_RESIDUE, &row, 1);
}

void promise_no_files(struct claims *out, const struct workload_env *env)
{
	/* clang-format off */
	const struct promise row = {
		.quantity = "group_file_bytes", .scope = "group",
		.source = "memory.stat", .counter = env_group_file(env), .unit = UNIT_BYTES,
		.relation = RELATION_LE,
		.why = "no file is read or written and no shared memory is created",
	};
	/* clang-format on */

	promise_add(out, SPAN_WORK, &row, 1);
}
