// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/validate/scorecard.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/tables/csv.h"

#define SCHEMA 1

static const char header[] =
	"tool,version,quantity,truth,evidence,said,error,error_percent,verdict,why,"
	"schema,unit,load,repeats,error_least,error_most,resolution,noise,run";

void scorecard_init(struct scorecard *card)
{
	memset(card, 0, sizeof(*card));
}

void scorecard_release(struct scorecard *card)
{
	free(card->row);
	scorecard_init(card);
}

struct card_row *scorecard_add(struct scorecard *card)
{
	struct card_row *grown;

	if (card->nr == card->capacity) {
		size_t capacity = card->capacity ? 2 * card->capacity : 64;

		grown = reallocarray(card->row, capacity, sizeof(*grown));
		if (!grown)
			return NULL;
		card->row = grown;
		card->capacity = capacity;
	}
	grown = &card->row[card->nr++];
	memset(grown, 0, sizeof(*grown));
	return grown;
}

void scorecard_plain(char *text)
{
	for (; *text; text++) {
		if (*text == ',')
			*text = ';';
		else if (strchr("\"\r\n\t", *text))
			*text = ' ';
	}
}

/* Whole amounts without a point; others with what a person can use. */
static void amount(struct csv_writer *w, double value)
{
	csv_real(w, value, value == rint(value) ? 0 : 3);
}

static void write_row(struct csv_writer *w, const struct card_row *row)
{
	const struct score *s = &row->score;
	bool has = s->verdict != SCORE_UNREAD && s->verdict != SCORE_SKIPPED;

	csv_text(w, row->tool);
	csv_text(w, row->version);
	csv_text(w, row->quantity);
	amount(w, has ? s->median.truth : NAN);
	csv_text(w, row->evidence);
	amount(w, has ? s->median.said : NAN);
	amount(w, has ? s->error : NAN);
	csv_real(w, has ? s->error_percent : NAN, 3);
	csv_text(w, score_verdict_name(s->verdict));
	csv_text(w, row->why);
	csv_uint(w, SCHEMA);
	csv_text(w, row->unit);
	csv_text(w, row->load);
	csv_uint(w, s->repeats);
	amount(w, has ? s->error_least : NAN);
	amount(w, has ? s->error_most : NAN);
	amount(w, has ? s->median.resolution : NAN);
	amount(w, has ? s->noise : NAN);
	csv_text(w, row->run);
	csv_end_row(w);
}

int scorecard_write(const struct scorecard *card, const char *folder, struct error *e)
{
	int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;
	struct csv_writer w;

	if (dirfd < 0)
		return error_set(e, errno, "cannot open %s: %s", folder, strerror(errno));
	(void)unlinkat(dirfd, "scorecard.csv", 0); /* there may be none */
	ret = csv_create(&w, dirfd, "scorecard.csv", header, e);
	if (!ret) {
		for (size_t i = 0; i < card->nr; i++)
			write_row(&w, &card->row[i]);
		ret = csv_close(&w, e);
	}
	close(dirfd);
	return ret;
}

size_t scorecard_count(const struct scorecard *card, enum score_verdict verdict)
{
	size_t nr = 0;

	for (size_t i = 0; i < card->nr; i++)
		nr += card->row[i].score.verdict == verdict;
	return nr;
}
