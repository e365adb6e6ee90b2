/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest known name to a misspelt one, and lists of names. */
#ifndef PAGESTORM_SUGGEST_H
#define PAGESTORM_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

/* The nearest of the candidates within a small edit distance, or NULL. */
const char *suggest(const char *word, const char *const *candidates, size_t nr);

/* Length of a list that ends with NULL. */
size_t words_count(const char *const *words);
bool words_have(const char *const *words, const char *word);

#endif
