// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts the outcomes of runs and the verdicts of a scorecard, and lists the runs that did not
 * end as expected.
 */
#include "harness/report/report_part.h"

#include <errno.h>
#include <string.h>

static int count_word(struct tally *tally, unsigned *words, const char *word, size_t nr)
{
	unsigned i = 0;

	while (i < *words && strcmp(tally[i].word, word))
		i++;
	if (i == OUTCOMES_MAX)
		return -E2BIG;
	if (i == *words)
		tally[(*words)++] = (struct tally){ .word = word };
	tally[i].nr += nr;
	return 0;
}

static int count_outcome(struct report *r, const char *word, size_t nr)
{
	return count_word(r->outcome, &r->nr_outcomes, word, nr);
}

static int count_scores(struct report *r)
{
	const struct csv_table *card = &r->dir.scorecard;
	int verdict = csv_column(card, "verdict");
	const char *wrong = wordlist_word(&score_verdict_words, SCORE_WRONG);
	int ret = count_word(r->scored, &r->nr_scored, wrong, 0);

	for (size_t row = 0; !ret && row < card->nr; row++)
		ret = count_word(r->scored, &r->nr_scored, csv_cell(card, row, verdict), 1);
	return ret;
}

static int note_unexpected(struct report *r, size_t row)
{
	size_t *grown = report_grow(r->unexpected, r->nr_unexpected, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	r->unexpected = grown;
	r->unexpected[r->nr_unexpected++] = row;
	return 0;
}

int report_count_outcomes(struct report *r)
{
	const struct result_dir *f = &r->dir;
	int ret = count_outcome(r, outcome_name(OUTCOME_OK), 0);

	for (size_t i = 0; !ret && i < f->nr_series; i++)
		for (size_t j = 0; !ret && j < f->series[i].nr; j++) {
			const size_t row = f->series[i].row[j];

			ret = count_outcome(r, result_dir_run_cell(f, row, "outcome"), 1);
			if (!ret && result_dir_run_ending(f, row) != ENDING_EXPECTED)
				ret = note_unexpected(r, row);
		}
	return ret ? ret : count_scores(r);
}
