// SPDX-License-Identifier: GPL-2.0-or-later
/* Collects rows and writes scorecard.csv. Decides no verdict. */
#include "harness/validate/scorecard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/tables/csv.h"

void scorecard_init(struct scorecard *card)
{
	memset(card, 0, sizeof(*card));
}

void scorecard_release(struct scorecard *card)
{
	free(card->row);
	scorecard_init(card);
}

struct score_row *scorecard_add(struct scorecard *card)
{
	struct score_row *grown;

	if (card->nr == card->capacity) {
		size_t capacity = card->capacity ? 2 * card->capacity : 64;

		grown = reallocarray(card->row, capacity, sizeof(*grown));
		if (!grown)
			return NULL;
		card->row = grown;
		card->capacity = capacity;
	}
	grown = &card->row[card->nr++];
	score_row_init(grown);
	return grown;
}

int scorecard_write(const struct scorecard *card, const char *directory, struct error *e)
{
	int dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret;
	struct csv_writer w;

	if (dirfd < 0)
		return error_set(e, errno, "cannot open %s: %s", directory, strerror(errno));
	(void)unlinkat(dirfd, scorecard_csv.name, 0); /* there may be none */
	ret = column_create(&w, dirfd, &scorecard_csv, e);
	if (!ret) {
		for (size_t i = 0; i < card->nr; i++)
			column_write(&w, &scorecard_csv, &card->row[i]);
		ret = csv_close(&w, e);
	}
	close(dirfd);
	return ret;
}

size_t scorecard_count(const struct scorecard *card, enum score_verdict verdict)
{
	size_t nr = 0;

	for (size_t i = 0; i < card->nr; i++)
		nr += card->row[i].verdict == verdict;
	return nr;
}
