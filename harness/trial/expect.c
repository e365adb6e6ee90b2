// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Judges the profile's [expect] by a row and a record; before the run, whether such a
 * counter can exist. Opens no file.
 */
#include "harness/trial/expect.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/plan/expectation.h"
#include "harness/record/counters.h"
#include "workloads/api/arith.h"

/* ---- before the run: could there be such a counter? ---- */

/* Scopes by where their files lie; `numbered` ones may have a number behind. */
static const struct {
	const char *scope;
	bool numbered;
	enum place place;
	const char *source; /* the only one; NULL: any of the place */
} scopes[] = {
	{ "system", false, PLACE_SYSTEM, NULL },      { "node", true, PLACE_NODE, NULL },
	{ "node", true, PLACE_SYSTEM, "zoneinfo" },   { "run", false, PLACE_GROUP, NULL },
	{ "group", false, PLACE_GROUP, NULL },	      { "process", true, PLACE_PROCESS, NULL },
	{ "mapping", true, PLACE_MAPPING, NULL },     { "kswapd", true, PLACE_PROCESS, "stat" },
	{ "own_swap", false, PLACE_SYSTEM, "swaps" },
};

static bool scope_is(const char *scope, size_t length, size_t i)
{
	size_t known = strlen(scopes[i].scope);

	if (length < known || strncmp(scope, scopes[i].scope, known))
		return false;
	while (scopes[i].numbered && known < length && isdigit((unsigned char)scope[known]))
		known++;
	return known == length;
}

static bool source_is(const char *source, size_t length, size_t i)
{
	for (const struct source *s = sources; s->name; s++)
		if (s->place == scopes[i].place && strlen(s->name) == length &&
		    !strncmp(s->name, source, length) &&
		    (!scopes[i].source || !strcmp(scopes[i].source, s->name)))
			return true;
	return false;
}

static bool has_slot(const struct plan *plan, const struct expectation *x, const char *slot)
{
	const struct plan_cell *cell = &plan->cell[0]; /* a sweep keeps the workloads */

	for (unsigned i = 0; i < cell->nr_workers; i++) {
		const struct plan_worker *w = &cell->worker[i];

		if ((!x->worker[0] || !strcmp(x->worker, w->name)) &&
		    workload_slot(w->workload, slot) < 0)
			return false;
	}
	return true;
}

static const char *wrong_with(const struct plan *plan, const struct expectation *x)
{
	const char *first = strchr(x->key, '/'), *last = strrchr(x->key, '/');
	bool known = false;

	if (!first || first == last)
		return NULL;
	if (!strncmp(x->key, "ledger/ledger/", 14))
		return has_slot(plan, x, last + 1) ? NULL : "the workload counts no such thing";
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		if (!scope_is(x->key, (size_t)(first - x->key), i))
			continue;
		known = true;
		if (source_is(first + 1, (size_t)(last - first - 1), i))
			return NULL;
	}
	return known ? "nothing of that name is read in this scope" : "there is no such scope";
}

int expect_check(const struct plan *plan, struct error *e)
{
	for (unsigned i = 0; i < plan->nr_expectations; i++) {
		const struct expectation *x = &plan->expectation[i];
		const char *wrong = wrong_with(plan, x);

		if (!wrong)
			continue;
		if (x->line)
			return error_set(
				e, EINVAL,
				"line %u of the profile: error: %s: %s; counters.csv of a run lists the sources",
				x->line, x->key, wrong);
		return error_set(
			e, EINVAL,
			"command line: error: %s: %s; counters.csv of a run lists the sources",
			x->key, wrong);
	}
	return 0;
}

/* ---- after it ---- */

/* The claim's strings are the expectation's: they live as long as the plan. */
static void name_counter(const struct expectation *x, struct claim *claim)
{
	snprintf(claim->scope, sizeof(claim->scope), "%.*s", (int)strcspn(x->key, "/"), x->key);
	claim->source = x->source;
	claim->counter = strrchr(x->key, '/') + 1;
	claim->quantity = claim->counter;
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
	if (!strcmp(key, "seconds"))
		observed *= 1e9;   /* as expectation.c has it */
	observed = rint(observed); /* a rate, as runs.csv shows it */
	out->has_observed = true;
	out->observed.value = observed < 0x1p63 ? (int64_t)observed : INT64_MAX;
	out->verdict = holds(claim, observed) ? VERDICT_PASS : VERDICT_FAIL;
}

/* Absent is not zero: what could not be read is not met. */
static void refuse_unseen(struct judgement *j)
{
	size_t length = strlen(j->claim.why);

	if (j->verdict != VERDICT_ABSENT)
		return;
	j->verdict = VERDICT_FAIL;
	snprintf(j->claim.why + length, sizeof(j->claim.why) - length,
		 " and there was no such counter to see");
}

unsigned expect_judge(const struct plan *plan, const struct plan_worker *worker,
		      const struct run_row *row, const struct record *work,
		      struct judgement *out)
{
	const struct judge_facts facts = { .seen = { .work = work },
					   .page_bytes = plan->host->page_bytes };
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
		    !strcmp(x->key, "outcome") ||
		    !expectation_applies(plan, i, row->cell_label ? row->cell_label : ""))
			continue;
		if (x->line)
			snprintf(claim.why, sizeof(claim.why),
				 "expected by line %u of the profile: %s", x->line, x->text);
		else
			snprintf(claim.why, sizeof(claim.why),
				 "expected by the command line: %s", x->text);
		if (x->source[0]) {
			name_counter(x, &claim);
			judge_claim(&claim, &facts, &out[nr]);
		} else {
			judge_column(&claim, row, x->key, &out[nr]);
		}
		refuse_unseen(&out[nr++]);
	}
	return nr;
}
