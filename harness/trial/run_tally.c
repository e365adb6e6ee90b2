// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts rows by how they ended and claims by verdict, those of a resumed run as well.
 */
#include "harness/trial/run_part.h"

#include <stdlib.h>
#include <string.h>

void tally_outcome(struct run_summary *s, const struct plan_worker *worker,
		   enum outcome outcome, bool floor)
{
	const enum ending ending = outcome_ending(outcome, worker->prediction.expected);

	s->rows++;
	s->skipped += ending == ENDING_SKIPPED;
	s->invalid += ending == ENDING_INVALID;
	s->disturbed += ending == ENDING_DISTURBED && !floor;
	s->floors_disturbed += ending == ENDING_DISTURBED && floor;
	s->unexpected += ending == ENDING_UNEXPECTED || ending == ENDING_INTERRUPTED;
}

void tally_verdict(struct run_summary *s, enum verdict verdict)
{
	s->claims++;
	s->claims_failed += verdict == VERDICT_FAIL;
	s->claims_absent += verdict == VERDICT_ABSENT;
	s->claims_noise += verdict == VERDICT_NOISE;
	s->claims_disturbed += verdict == VERDICT_DISTURBED;
}

/* A word that the list lacks counts as its last: broken, or disturbed. */
static unsigned value_of(const struct wordlist *list, const char *word)
{
	unsigned value = list->nr - 1;

	(void)wordlist_find(list, word, &value); /* false leaves the last */
	return value;
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
		if (attempts_is_last(&resume->attempts, truth, i))
			tally_verdict(s, (enum verdict)value_of(&verdict_words,
								csv_cell(truth, i, verdict)));
	for (size_t i = 0; i < runs->nr; i++) {
		const unsigned long index = strtoul(csv_cell(runs, i, cell), NULL, 10);
		const struct plan_worker *worker_row;

		if (!attempts_is_last(&resume->attempts, runs, i))
			continue;
		worker_row = worker_named(&plan->cell[index], csv_cell(runs, i, worker));
		tally_outcome(
			s, worker_row,
			(enum outcome)value_of(&outcome_words, csv_cell(runs, i, outcome)),
			worker_row == plan->cell[index].null_worker);
	}
}
