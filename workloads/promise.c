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
