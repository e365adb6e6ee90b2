// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/promise.h"

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
				   .tolerance = p->tolerance };

		snprintf(c.scope, sizeof(c.scope), "%s", p->scope);
		claims_add(out, &c, "%s", p->why);
	}
}

void promise_no_files(struct claims *out, const struct workload_env *env)
{
	const struct promise row = {
		"group_file_bytes",
		"group",
		"memory.stat",
		env_group_file(env),
		UNIT_BYTES,
		RELATION_LE,
		BASIS_EXACT,
		0,
		0,
		"no file is read or written and no shared memory is made"
	};

	promise_add(out, SPAN_WORK, &row, 1);
}
