// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/run/expect.h"

#include <stdio.h>
#include <string.h>

static void split_counter(const char *key, struct claim *claim, char *source, char *counter,
			  size_t bytes)
{
	/* scope/source/counter; a source may hold a slash itself: pressure/memory */
	const char *first = strchr(key, '/'), *last = strrchr(key, '/');

	snprintf(claim->scope, sizeof(claim->scope), "%.*s", (int)(first - key), key);
	snprintf(source, bytes, "%.*s", (int)(last - first - 1), first + 1);
	snprintf(counter, bytes, "%s", last + 1);
	claim->source = source;
	claim->counter = counter;
}

static bool holds(const struct claim *claim, double observed)
{
	const double expected = (double)claim->expected, tolerance = (double)claim->tolerance;

	switch (claim->relation) {
	case RELATION_EQ:
		return observed >= expected - tolerance && observed <= expected + tolerance;
	case RELATION_GE:
		return observed >= expected - tolerance;
	case RELATION_LE:
		return observed <= expected + tolerance;
	case RELATION_BETWEEN:
		break;
	}
	return observed >= expected && observed <= expected + tolerance;
}

/* A column of runs.csv is the run's own arithmetic: compared as a number, unit as is. */
static void judge_column(const struct claim *claim, const struct run_row *row, const char *key,
			 struct judgement *out)
{
	double observed;

	*out = (struct judgement){ .claim = *claim, .verdict = VERDICT_ABSENT };
	snprintf(out->claim.scope, sizeof(out->claim.scope), "row");
	out->claim.source = "runs.csv";
	out->claim.counter = key;
	if (!row_number(row, key, &observed))
		return;
	out->has_observed = true;
	out->observed = (struct number){ .value = (int64_t)(observed * 1000), .decimals = 3 };
	if (observed == (double)(int64_t)observed)
		out->observed = (struct number){ .value = (int64_t)observed };
	out->verdict = holds(claim, observed) ? VERDICT_PASS : VERDICT_FAIL;
}

unsigned expect_judge(const struct plan *plan, const struct plan_worker *worker,
		      const struct run_row *row, const struct record *work,
		      struct judgement *out)
{
	static char names[EXPECTATIONS_MAX][2][96]; /* claims keep pointers to their names */
	unsigned nr = 0;

	for (unsigned i = 0; i < plan->nr_expectations; i++) {
		const struct expectation *x = &plan->expectation[i];
		struct claim claim = { .quantity = x->key,
				       .span = SPAN_WORK,
				       .unit = x->unit,
				       .relation = x->relation,
				       .basis = BASIS_PROFILE,
				       .expected = x->value,
				       .tolerance = x->tolerance };

		if ((x->worker[0] && strcmp(x->worker, worker->name)) ||
		    !strcmp(x->key, "outcome"))
			continue;
		if (x->line)
			snprintf(claim.why, sizeof(claim.why),
				 "expected by line %u of the profile: %s", x->line, x->text);
		else
			snprintf(claim.why, sizeof(claim.why),
				 "expected by the command line: %s", x->text);
		if (strchr(x->key, '/') && strchr(x->key, '/') != strrchr(x->key, '/')) {
			split_counter(x->key, &claim, names[i][0], names[i][1],
				      sizeof(names[i][0]));
			claim.quantity = names[i][1];
			judge_claim(&claim, work, NULL, NULL, NULL, NULL, NULL,
				    plan->host.page_bytes, &out[nr++]);
		} else {
			judge_column(&claim, row, x->key, &out[nr++]);
		}
	}
	return nr;
}
