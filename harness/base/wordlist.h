/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of an enumeration: one table that prints a value and parses it again.
 */
#ifndef PAGESTORM_WORDLIST_H
#define PAGESTORM_WORDLIST_H

#include <stdbool.h>

#include "workloads/api/arith.h"

/* word[value] is the word of the enumeration's value; each of 0 to nr - 1 has one. */
struct wordlist {
	const char *const *word;
	unsigned nr;
};

#define WORDLIST(words)                                                                        \
	{                                                                                      \
		(words), ARRAY_SIZE(words)                                                     \
	}

/* Asserts that there is such a value. */
const char *wordlist_word(const struct wordlist *list, unsigned value);

/* False when it is no word of the list; *value is then untouched. */
bool wordlist_find(const struct wordlist *list, const char *word, unsigned *value);

#endif
