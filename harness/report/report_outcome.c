// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts the outcomes of runs and the verdicts of a scorecard, and lists the runs that did not
 * end as expected.
 */
#include "harness/report/report_part.h"

#include <errno.h>
#include <stdlib.h>
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

/* ---- the order of a scorecard ---- */

/* What a reader is to see first. */
static const unsigned ranks[] = {
	[SCORE_WRONG] = 0,
	[SCORE_UNREAD] = 1,
	[SCORE_BIASED] = 2,
	[SCORE_NOISE] = 3,
	[SCORE_RIGHT] = 5,
	[SCORE_SKIPPED] = 6,
	[SCORE_WITHIN_RESOLUTION] = 4,
};

struct place {
	unsigned of_tool, own; /* ranks; the tool's is its first row's */
	size_t tool;	       /* where in the file the tool begins */
	size_t row;
};

/* An unknown verdict is shown as one that could not be read. */
enum score_verdict report_score_verdict(const struct report *r, size_t row)
{
	const struct csv_table *card = &r->dir.scorecard;
	unsigned verdict;

	if (!wordlist_find(&score_verdict_words,
			   csv_cell(card, row, csv_column(card, "verdict")), &verdict))
		return SCORE_UNREAD;
	return (enum score_verdict)verdict;
}

static const char *tool_of(const struct report *r, size_t row)
{
	return csv_cell(&r->dir.scorecard, row, csv_column(&r->dir.scorecard, "tool"));
}

bool report_is_tool_first(const struct report *r, size_t place)
{
	return !place ||
	       strcmp(tool_of(r, r->score[place]), tool_of(r, r->score[place - 1])) != 0;
}

static int by_place(const void *left, const void *right)
{
	const struct place *l = left, *r = right;

	if (l->of_tool != r->of_tool)
		return l->of_tool < r->of_tool ? -1 : 1;
	if (l->tool != r->tool)
		return l->tool < r->tool ? -1 : 1;
	if (l->own != r->own)
		return l->own < r->own ? -1 : 1;
	return (l->row > r->row) - (l->row < r->row);
}

/* The tools of a scorecard are few: a search for each row's is none. */
static void place_rows(const struct report *r, struct place *place, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		size_t first = 0;

		while (strcmp(tool_of(r, first), tool_of(r, i)))
			first++;
		place[i] = (struct place){ .own = ranks[report_score_verdict(r, i)],
					   .tool = first,
					   .row = i };
		place[i].of_tool = place[i].own;
		if (place[first].of_tool > place[i].own)
			place[first].of_tool = place[i].own;
	}
	for (size_t i = 0; i < nr; i++)
		place[i].of_tool = place[place[i].tool].of_tool;
}

static int order_scores(struct report *r)
{
	const size_t nr = r->dir.scorecard.nr;
	struct place *place = calloc(nr + 1, sizeof(*place));

	r->score = calloc(nr + 1, sizeof(*r->score));
	if (!place || !r->score) {
		free(place);
		return -ENOMEM;
	}
	place_rows(r, place, nr);
	qsort(place, nr, sizeof(*place), by_place);
	for (size_t i = 0; i < nr; i++)
		r->score[i] = place[i].row;
	free(place);
	return 0;
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
	if (!ret)
		ret = count_scores(r);
	return ret ? ret : order_scores(r);
}
