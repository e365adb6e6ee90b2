// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON document of `pagestorm run`: a run's rows with their claims, and its summary. */
#include "harness/cli/cmd_run_json.h"

#include <stdio.h>

static json_t *number_or_null(const struct number *n, bool has)
{
	double scaled = (double)n->value;

	if (!has)
		return json_null();
	if (!n->decimals)
		return json_integer(n->value);
	for (uint8_t i = 0; i < n->decimals; i++)
		scaled /= 10;
	return json_real(scaled);
}

static json_t *judgement_json(const struct judgement *j)
{
	char counter[160];

	snprintf(counter, sizeof(counter), "%s/%s/%s", j->claim.scope, j->claim.source,
		 j->claim.counter);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:s, s:s}",
			 "quantity", j->claim.quantity, "span", span_name(j->claim.span),
			 "counter", counter, "unit", unit_name(j->claim.unit), "relation",
			 relation_name(j->claim.relation), "basis", basis_name(j->claim.basis),
			 "expected", (json_int_t)j->claim.expected, "tolerance",
			 (json_int_t)j->claim.tolerance, "observed",
			 number_or_null(&j->observed, j->has_observed), "noise",
			 number_or_null(&j->noise, j->has_noise), "verdict",
			 verdict_name(j->verdict), "why", j->claim.why);
}

static json_t *u64_or_null(uint64_t value)
{
	return value == ROW_ABSENT ? json_null() : json_integer((json_int_t)value);
}

json_t *cmd_run_row_json(const struct run_row *row, const struct judgement *judgements,
			 unsigned nr)
{
	json_t *truth = json_array();

	for (unsigned i = 0; i < nr; i++)
		json_array_append_new(truth, judgement_json(&judgements[i]));
	return json_pack(
		"{s:i, s:s, s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
		"cell", (int)row->cell, "cell_label", row->cell_label, "repeat", row->repeat,
		"attempt", (int)row->attempt, "worker", row->worker, "workload", row->workload,
		"params", row->params, "outcome", outcome_name(row->outcome), "reason",
		row->reason, "target_bytes", u64_or_null(row->target_bytes), "achieved_bytes",
		u64_or_null(row->achieved_bytes), "seconds",
		row->seconds == row->seconds ? json_real(row->seconds) : json_null(),
		"oom_kills", u64_or_null(row->oom_kills), "truth", truth);
}

json_t *cmd_run_summary_json(const struct run_summary *s, int status, json_t *rows)
{
	return json_pack(
		"{s:i, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o}",
		"schema", 1, "results", s->path, "status", status, "claims", (int)s->claims,
		"claims_failed", (int)s->claims_failed, "claims_absent", (int)s->claims_absent,
		"claims_noise", (int)s->claims_noise, "claims_disturbed",
		(int)s->claims_disturbed, "disturbed", (int)s->disturbed, "floors_disturbed",
		(int)s->floors_disturbed, "repeated", (int)s->repeated, "unexpected",
		(int)s->unexpected, "invalid", (int)s->invalid, "skipped", (int)s->skipped,
		"rows", rows);
}
