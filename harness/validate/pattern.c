// SPDX-License-Identifier: GPL-2.0-or-later
/* Expands placeholders in patterns and compiles them. */
#include "harness/validate/pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

#define REPEATS_MAX 1000 /* of a part of a pattern, by its intervals together */

static const struct pattern_name *name_at(const struct pattern_name *names, const char *text)
{
	for (; names && names->name; names++) {
		size_t length = strlen(names->name);

		if (!strncmp(text + 1, names->name, length) && text[length + 1] == '}')
			return names;
	}
	return NULL;
}

/* The value is literal: special characters of regular expressions are quoted. */
static void put_value(FILE *out, const char *value)
{
	for (; *value; value++)
		fprintf(out, strchr(".[]*+?(){}|^$\\", *value) ? "\\%c" : "%c", *value);
}

/* The pattern with its placeholders expanded, malloc'd. */
static char *expanded(const char *pattern, const struct pattern_name *names)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	while (*pattern) {
		const struct pattern_name *n = *pattern == '{' ? name_at(names, pattern) : NULL;

		if (!n) {
			fputc(*pattern++, out);
			continue;
		}
		put_value(out, n->value);
		pattern += strlen(n->name) + 2;
	}
	return fclose(out) ? NULL : text;
}

/*
 * regcomp(3) of glibc copies what an interval repeats, so that nested intervals take memory
 * by their product: 13 bytes of pattern were 2 GiB.
 */
static bool repeats_too_often(const char *text)
{
	unsigned long product = 1;

	for (const char *at = text; (at = strchr(at, '{')); at++) {
		char *end;
		unsigned long most = strtoul(at + 1, &end, 10), more;

		if (*end == ',') {
			more = strtoul(end + 1, &end, 10);
			most = max(most, more);
		}
		if (*end == '}' && most > 1)
			product = most > REPEATS_MAX ? REPEATS_MAX + 1 : product * most;
		if (product > REPEATS_MAX)
			return true;
	}
	return false;
}

int pattern_compile(regex_t *regex, const char *pattern, const struct pattern_name *names,
		    struct error *e)
{
	char *text = expanded(pattern, names), reason[160];
	int code;

	if (!text)
		return -ENOMEM;
	if (repeats_too_often(text)) {
		error_set(e, EINVAL, "'%s' repeats a part of itself more than %d times", text,
			  REPEATS_MAX);
		free(text);
		return -EINVAL;
	}
	code = regcomp(regex, text, REG_EXTENDED | REG_NEWLINE);
	if (code) {
		regerror(code, regex, reason, sizeof(reason));
		error_set(e, EINVAL, "'%s' is not a regular expression: %s", text, reason);
	}
	free(text);
	return code ? -EINVAL : 0;
}

/* Sample values, to check a pattern before there is a worker. */
static const struct pattern_name no_names[] = {
	{ "pid", "1" },	 { "group", "g" }, { "start", "0" },
	{ "file", "f" }, { "swap", "s" },  { NULL, NULL },
};

int pattern_check(const char *pattern, bool needs_group, struct error *e)
{
	regex_t regex;
	int ret;

	if (!pattern)
		return 0;
	ret = pattern_compile(&regex, pattern, no_names, e);
	if (ret)
		return ret;
	if (needs_group && !regex.re_nsub)
		ret = error_set(e, EINVAL, "'%s' has no group for the number", pattern);
	regfree(&regex);
	return ret;
}
