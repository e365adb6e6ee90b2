// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The swept settings, their values, and the names of cells. Reads labels only, no results.
 */
#include "harness/report/report_part.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool label_value(const char *label, const char *key, char *value, size_t value_bytes)
{
	size_t key_length = strlen(key);

	while (*label) {
		size_t length = strcspn(label, ";");

		if (length > key_length && label[key_length] == '=' &&
		    !strncmp(label, key, key_length)) {
			snprintf(value, value_bytes, "%.*s", (int)(length - key_length - 1),
				 label + key_length + 1);
			return true;
		}
		label += length + (label[length] == ';');
	}
	return false;
}

void label_rest(const char *label, const char *key, char *out, size_t out_bytes)
{
	size_t key_length = strlen(key), used = 0;

	out[0] = 0;
	while (*label) {
		size_t length = strcspn(label, ";");
		bool own = length > key_length && label[key_length] == '=' &&
			   !strncmp(label, key, key_length);

		if (!own && used + length + 2 < out_bytes)
			used += snprintf(out + used, out_bytes - used, "%s%.*s",
					 used ? ";" : "", (int)length, label);
		label += length + (label[length] == ';');
	}
}

bool swept_number(const char *text, double *number)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	*number = strtod(text, &end);
	if (end == text || !isfinite(*number))
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		*number *= exp2(10 * (unit - units + 1));
		end += strcmp(end + 1, "iB") ? 1 : 3;
	}
	return !*end;
}

static int add_value(struct swept *s, const char *text, size_t length)
{
	char *value, **grown;
	double number;

	for (size_t i = 0; i < s->nr; i++)
		if (strlen(s->value[i]) == length && !strncmp(s->value[i], text, length))
			return 0;
	grown = report_grow(s->value, s->nr, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	s->value = grown;
	value = strndup(text, length);
	if (!value)
		return -ENOMEM;
	s->value[s->nr++] = value;
	s->numeric = (s->nr == 1 || s->numeric) && swept_number(value, &number);
	return 0;
}

/* Settings beyond SWEPT_MAX get no plot; their cells keep their whole label. */
static int add_setting(struct report *r, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	size_t key_length = equals ? (size_t)(equals - text) : 0, i = 0;

	if (!key_length || key_length >= sizeof(r->swept[0].key))
		return 0;
	while (i < r->nr_swept &&
	       (strncmp(r->swept[i].key, text, key_length) || r->swept[i].key[key_length]))
		i++;
	if (i == SWEPT_MAX)
		return 0;
	if (i == r->nr_swept) {
		r->nr_swept++;
		snprintf(r->swept[i].key, sizeof(r->swept[i].key), "%.*s", (int)key_length,
			 text);
	}
	return add_value(&r->swept[i], equals + 1, length - key_length - 1);
}

static int by_number(const void *left, const void *right)
{
	double l, r;

	(void)swept_number(*(char *const *)left, &l); /* only numeric values are sorted */
	(void)swept_number(*(char *const *)right, &r);
	return (l > r) - (l < r);
}

int report_find_sweep(struct report *r)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < r->dir.nr_series; i++)
		for (const char *at = r->dir.series[i].label; !ret && *at;) {
			size_t length = strcspn(at, ";");

			ret = add_setting(r, at, length);
			at += length + (at[length] == ';');
		}
	for (unsigned i = 0; i < r->nr_swept; i++)
		if (r->swept[i].numeric)
			qsort(r->swept[i].value, r->swept[i].nr, sizeof(char *), by_number);
	return ret;
}

/* The part that belongs to the option: of brk.size, size. */
static const char *option_of(const char *key)
{
	const char *dot = strchr(key, '.');

	return dot ? dot + 1 : key;
}

bool report_common_value(const struct report *r, const char *label, char *out, size_t out_bytes)
{
	const char *option = r->nr_swept > 1 ? option_of(r->swept[0].key) : NULL;
	char first[CELL_LABEL_BYTES], value[CELL_LABEL_BYTES];

	if (!option || !label_value(label, r->swept[0].key, first, sizeof(first)))
		return false;
	for (unsigned i = 1; i < r->nr_swept; i++)
		if (strcmp(option_of(r->swept[i].key), option) ||
		    !label_value(label, r->swept[i].key, value, sizeof(value)) ||
		    strcmp(value, first))
			return false;
	snprintf(out, out_bytes, "%s=%s", option, first);
	return true;
}

void report_cell_name(const struct report *r, const char *label, char *out, size_t out_bytes)
{
	if (r->nr_swept == 1 && label_value(label, r->swept[0].key, out, out_bytes))
		return;
	if (report_common_value(r, label, out, out_bytes))
		return;
	snprintf(out, out_bytes, "%s", *label ? label : "all");
}
