// SPDX-License-Identifier: GPL-2.0-or-later
/* A list of strings that grows, and remembers when it could not. */
#include "harness/lab/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void words_take(struct words *words, char *owned)
{
	char **grown;

	if (!owned)
		goto failed;
	if (words->nr + 2 > words->capacity) {
		size_t capacity = words->capacity ? words->capacity * 2 : 16;

		grown = realloc(words->item, capacity * sizeof(*grown));
		if (!grown)
			goto failed;
		words->item = grown;
		words->capacity = capacity;
	}
	words->item[words->nr++] = owned;
	words->item[words->nr] = NULL;
	return;
failed:
	free(owned);
	words->error = -ENOMEM;
}

void words_add(struct words *words, const char *text)
{
	words_take(words, strdup(text));
}

void words_addf(struct words *words, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	words_take(words, text);
}

void words_split(struct words *words, const char *text, char separator)
{
	if (!*text)
		return;
	for (;;) {
		const char *end = strchrnul(text, separator);

		words_take(words, strndup(text, (size_t)(end - text)));
		if (!*end)
			break;
		text = end + 1;
	}
}

void words_fields(struct words *words, const char *text, const char *separators)
{
	while (*text) {
		size_t length = strcspn(text, separators);

		if (length)
			words_take(words, strndup(text, length));
		text += length;
		text += strspn(text, separators);
	}
}

bool words_has(const struct words *words, const char *text)
{
	for (size_t i = 0; i < words->nr; i++)
		if (!strcmp(words->item[i], text))
			return true;
	return false;
}

int words_error(const struct words *words)
{
	return words->error;
}

void words_release(struct words *words)
{
	for (size_t i = 0; i < words->nr; i++)
		free(words->item[i]);
	free(words->item);
	*words = (struct words){ 0 };
}
