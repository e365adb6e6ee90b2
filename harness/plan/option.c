// SPDX-License-Identifier: GPL-2.0-or-later
/* One parser for all options of all workloads: a new option is a line in a table. */
#include "harness/plan/option.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/plan/profile.h"

#define CHOICES_MAX 32

/* A parsed value of any type, before it is known to be allowed. */
struct value {
	uint64_t amount; /* bytes, count, bytes per second, ns, bool or choice */
	double ratio;
};

static int choice_parse(const struct workload_option *option, const char *text, uint64_t *index,
			struct error *clause)
{
	char copy[256], *words[CHOICES_MAX], *save = NULL;
	const char *near;
	size_t nr = 0;

	snprintf(copy, sizeof(copy), "%s", option->choices);
	for (char *word = strtok_r(copy, "|", &save); word && nr < CHOICES_MAX;
	     word = strtok_r(NULL, "|", &save)) {
		if (!strcmp(word, text)) {
			*index = nr;
			return 0;
		}
		words[nr++] = word;
	}
	near = suggest(text, (const char *const *)words, nr);
	if (near)
		return error_set(clause, EINVAL, "is not one of %s; did you mean %s?",
				 option->choices, near);
	return error_set(clause, EINVAL, "is not one of %s", option->choices);
}

static int text_check(const struct workload_option *option, const char *text,
		      struct error *clause)
{
	if (strlen(text) < option->capacity)
		return 0;
	return error_set(clause, EINVAL, "is longer than %zu bytes", option->capacity - 1);
}

static int most_check(uint64_t amount, uint64_t most, const char *name, struct error *clause)
{
	if (amount <= most)
		return 0;
	return error_set(clause, ERANGE, "exceeds the maximum, %s", name);
}

static int value_parse(const struct workload_option *option, const char *text,
		       const struct size_base *base, struct value *value, struct error *clause)
{
	char *const reason = clause->text; /* size.h fills a buffer */
	const size_t reason_bytes = sizeof(clause->text);
	bool truth;
	int ret;

	switch (option->type) {
	case OPTION_BYTES:
		ret = size_parse(text, base, &value->amount, reason, reason_bytes);
		return ret ? ret : most_check(value->amount, SIZE_MOST_BYTES, "128T", clause);
	case OPTION_COUNT:
		return count_parse(text, &value->amount, reason, reason_bytes);
	case OPTION_RATE:
		return rate_parse(text, &value->amount, reason, reason_bytes);
	case OPTION_SECONDS:
		ret = duration_parse(text, &value->amount, reason, reason_bytes);
		return ret ? ret : most_check(value->amount, DURATION_MOST_NS, "366d", clause);
	case OPTION_RATIO:
		return ratio_parse(text, &value->ratio, reason, reason_bytes);
	case OPTION_BOOL:
		ret = bool_parse(text, &truth, reason, reason_bytes);
		value->amount = !ret && truth;
		return ret;
	case OPTION_CHOICE:
		return choice_parse(option, text, &value->amount, clause);
	case OPTION_TEXT:
		return text_check(option, text, clause);
	}
	return -EINVAL;
}

/* A bound that is a share of a base which is not there does not bind. */
static int bound_check(const struct workload_option *option, bool upper,
		       const struct size_base *base, const struct value *value,
		       struct error *clause)
{
	const char *bound = upper ? option->max : option->min;
	struct value limit = { 0, 0 };
	struct error unused = { "" };
	bool beyond;

	if (!bound)
		return 0;
	if (value_parse(option, bound, base, &limit, &unused)) {
		assert(strchr(bound, '%')); /* else the table is wrong */
		return 0;
	}
	if (option->type == OPTION_RATIO)
		beyond = upper ? value->ratio > limit.ratio : value->ratio < limit.ratio;
	else
		beyond = upper ? value->amount > limit.amount : value->amount < limit.amount;
	if (!beyond)
		return 0;
	return error_set(clause, ERANGE,
			 upper ? "exceeds the maximum, %s" : "is below the minimum, %s", bound);
}

static void value_store(const struct workload_option *option, const struct value *value,
			const char *text, void *params)
{
	char *at = (char *)params + option->offset;

	switch (option->type) {
	case OPTION_BYTES:
	case OPTION_COUNT:
	case OPTION_RATE:
	case OPTION_SECONDS:
		*(uint64_t *)at = value->amount;
		break;
	case OPTION_RATIO:
		*(double *)at = value->ratio;
		break;
	case OPTION_BOOL:
		*(bool *)at = value->amount;
		break;
	case OPTION_CHOICE:
		*(int *)at = (int)value->amount;
		break;
	case OPTION_TEXT:
		snprintf(at, option->capacity, "%s", text);
		break;
	}
}

int option_parse(const struct workload_option *option, const char *text,
		 const struct size_base *base, void *params, struct error *clause)
{
	struct value value = { 0, 0 };
	int ret;

	ret = value_parse(option, text, base, &value, clause);
	if (!ret)
		ret = bound_check(option, false, base, &value, clause);
	if (!ret)
		ret = bound_check(option, true, base, &value, clause);
	if (!ret)
		value_store(option, &value, text, params);
	return ret;
}

static void choice_format(const char *choices, int index, char *out, size_t out_bytes)
{
	while (index-- > 0)
		choices += strcspn(choices, "|") + 1;
	snprintf(out, out_bytes, "%.*s", (int)strcspn(choices, "|"), choices);
}

void option_format(const struct workload_option *option, const void *params, char *out,
		   size_t out_bytes)
{
	const char *at = (const char *)params + option->offset;

	switch (option->type) {
	case OPTION_BYTES:
	case OPTION_COUNT:
		snprintf(out, out_bytes, "%" PRIu64, *(const uint64_t *)at);
		break;
	case OPTION_RATE:
		snprintf(out, out_bytes, "%" PRIu64 "%s", *(const uint64_t *)at,
			 *(const uint64_t *)at ? "/s" : "");
		break;
	case OPTION_SECONDS:
		duration_format(*(const uint64_t *)at, out, out_bytes);
		break;
	case OPTION_RATIO:
		snprintf(out, out_bytes, "%.9g", *(const double *)at);
		break;
	case OPTION_BOOL:
		snprintf(out, out_bytes, "%s", *(const bool *)at ? "yes" : "no");
		break;
	case OPTION_CHOICE:
		choice_format(option->choices, *(const int *)at, out, out_bytes);
		break;
	case OPTION_TEXT:
		snprintf(out, out_bytes, "%s", at);
		break;
	}
}

const struct workload_option *option_find(const struct workload *workload, const char *name)
{
	for (const struct workload_option *o = workload->options; o->name; o++) {
		if (!strcmp(o->name, name))
			return o;
	}
	return NULL;
}

const char *option_type_name(enum option_type type)
{
	static const char *const names[] = {
		[OPTION_BYTES] = "bytes",     [OPTION_COUNT] = "count", [OPTION_RATE] = "rate",
		[OPTION_SECONDS] = "seconds", [OPTION_RATIO] = "ratio", [OPTION_BOOL] = "bool",
		[OPTION_CHOICE] = "choice",   [OPTION_TEXT] = "text",
	};

	return names[type];
}
