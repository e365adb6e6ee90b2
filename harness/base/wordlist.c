// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of an enumeration. Knows none of them. */
#include "harness/base/wordlist.h"

#include <assert.h>
#include <string.h>

const char *wordlist_word(const struct wordlist *list, unsigned value)
{
	assert(value < list->nr);
	return list->word[value];
}

bool wordlist_find(const struct wordlist *list, const char *word, unsigned *value)
{
	for (unsigned i = 0; i < list->nr; i++) {
		if (strcmp(list->word[i], word))
			continue;
		*value = i;
		return true;
	}
	return false;
}
