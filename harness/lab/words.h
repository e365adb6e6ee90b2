/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing list of strings: an argument vector or a set of paths.
 *
 * Running out of memory is remembered, not returned: add as often as needed
 * and ask words_error() once. item is NULL-terminated whenever it is not NULL.
 */
#ifndef PAGESTORM_LAB_WORDS_H
#define PAGESTORM_LAB_WORDS_H

#include <stdbool.h>
#include <stddef.h>

struct words {
	char **item;
	size_t nr;
	size_t capacity;
	int error;
};

void words_add(struct words *words, const char *text);
void words_addf(struct words *words, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds each piece of text between separators, empty ones too; "" has no pieces. */
void words_split(struct words *words, const char *text, char separator);

/* Adds each run of characters that are not in separators: never an empty one. */
void words_fields(struct words *words, const char *text, const char *separators);

bool words_has(const struct words *words, const char *text);

/* 0, or -ENOMEM if anything could not be added since the list was empty. */
int words_error(const struct words *words);

/* Leaves an empty list that can be used again. */
void words_release(struct words *words);

#endif
