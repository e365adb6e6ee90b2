// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/base/suggest.h"

#include <string.h>

#include "workloads/api/arith.h"

#define WORD_MAX 64

/*
 * Optimal string alignment: insert, delete, replace, and swap of neighbours each
 * cost one. WORD_MAX or more: too long to be worth comparing.
 */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MAX + 1];
	unsigned *before = row[0], *last = row[1], *now = row[2], *swap;
	size_t la = strlen(a), lb = strlen(b);

	if (la >= WORD_MAX || lb >= WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= lb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = min(last[j - 1] + (a[i - 1] != b[j - 1]),
				     min(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = min(now[j], before[j - 2] + 1);
		}
		swap = before;
		before = last;
		last = now;
		now = swap;
	}
	return last[lb];
}

const char *suggest(const char *word, const char *const *candidates, size_t nr)
{
	/* A third of the word may be wrong: more suggests at random. */
	unsigned best = (unsigned)max(min(strlen(word) / 3, 3), 1) + 1;
	const char *found = NULL;

	for (size_t i = 0; i < nr; i++) {
		unsigned d = distance(word, candidates[i]);

		if (d < best) {
			best = d;
			found = candidates[i];
		}
	}
	return found;
}

size_t words_count(const char *const *words)
{
	size_t nr = 0;

	while (words[nr])
		nr++;
	return nr;
}

bool words_have(const char *const *words, const char *word)
{
	for (; *words; words++) {
		if (!strcmp(*words, word))
			return true;
	}
	return false;
}
