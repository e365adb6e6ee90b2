// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts what became of rows and claims, those of a run that was cut as well.
 */
#include "harness/trial/run_part.h"

#include <stdlib.h>
#include <string.h>

/* A skip is counted by itself, whatever was expected. */
static bool as_expected(const struct plan_worker *worker, enum outcome outcome)
{
	return outcome == worker->expected || outcome == OUTCOME_SKIPPED;
}

void tally_outcome(struct run_summary *s, const struct plan_worker *worker,
		   enum outcome outcome)
{
	s->rows++;
	if (outcome == OUTCOME_SKIPPED)
		s->skipped++;
	else if (as_expected(worker, outcome))
		return;
	else if (outcome == OUTCOME_FAILED || outcome == OUTCOME_BROKEN)
		s->invalid++;
	else
		s->unexpected++;
}

void tally_verdict(struct run_summary *s, enum verdict verdict)
{
	s->claims++;
	s->claims_failed += verdict == VERDICT_FAIL;
	s->claims_absent += verdict == VERDICT_ABSENT;
	s->claims_noise += verdict == VERDICT_NOISE;
}

static enum outcome outcome_of(const char *text)
{
	int outcome = OUTCOME_OK;

	while (outcome < OUTCOME_BROKEN && strcmp(outcome_name((enum outcome)outcome), text))
		outcome++;
	return (enum outcome)outcome;
}

static enum verdict verdict_of(const char *text)
{
	int verdict = VERDICT_PASS;

	while (verdict < VERDICT_NOISE && strcmp(verdict_name((enum verdict)verdict), text))
		verdict++;
	return (enum verdict)verdict;
}

/* Of the cell, or its null worker. */
static const struct plan_worker *worker_named(const struct plan_cell *cell, const char *name)
{
	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (!strcmp(cell->worker[i].name, name))
			return &cell->worker[i];
	return cell->null_worker ? cell->null_worker : &cell->worker[0];
}

void tally_resumed(struct run_summary *s, const struct plan *plan, const struct resume *resume)
{
	const struct csv_table *runs = &resume->runs, *truth = &resume->truth;
	const int verdict = csv_column(truth, "verdict"), outcome = csv_column(runs, "outcome");
	const int cell = csv_column(runs, "cell"), worker = csv_column(runs, "worker");

	s->resumed = (unsigned)resume->nr_done;
	for (size_t i = 0; i < truth->nr; i++)
		tally_verdict(s, verdict_of(csv_cell(truth, i, verdict)));
	for (size_t i = 0; i < runs->nr; i++) {
		const unsigned long index = strtoul(csv_cell(runs, i, cell), NULL, 10);

		tally_outcome(s, worker_named(&plan->cell[index], csv_cell(runs, i, worker)),
			      outcome_of(csv_cell(runs, i, outcome)));
	}
}
