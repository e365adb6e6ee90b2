// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Places the values of a swept setting on the axis and writes their labels. Reads no results.
 */
#include "harness/report/figure_axis.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

#define AXIS_WIDTH   285. /* units of the drawing between the outermost values */
#define LETTER_WIDTH 6.5
#define LABEL_GAP    4

struct extent axis_extent(const struct axis *a)
{
	struct extent x = { INFINITY, -INFINITY };

	for (size_t i = 0; i < a->swept->nr; i++) {
		x.low = fmin(x.low, a->position[i]);
		x.high = fmax(x.high, a->position[i]);
	}
	return x;
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && !strcmp(text + length - tail, suffix);
}

/* The label of a value: long numbers of bytes in the notation of profiles, 512M. */
static void tick(const struct swept *swept, size_t i, char *out, size_t out_bytes)
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	const char *value = swept->value[i];
	bool kilo = ends_with(swept->key, "_kbytes");
	uint64_t number = strtoull(value, NULL, 10);
	size_t unit = kilo;

	if (!number || strspn(value, "0123456789") != strlen(value) ||
	    !(kilo || ends_with(swept->key, "_bytes"))) {
		snprintf(out, out_bytes, "%s", value);
		return;
	}
	while (number % 1024 == 0 && unit + 1 < ARRAY_SIZE(units)) {
		number /= 1024;
		unit++;
	}
	snprintf(out, out_bytes, "%" PRIu64 "%s", number, units[unit]);
}

static size_t tick_letters(const struct swept *swept, size_t i)
{
	char text[64];

	tick(swept, i, text, sizeof(text));
	return strlen(text);
}

/* Whether the values' labels stand side by side at these places. */
static bool fits(const struct axis *a)
{
	struct extent x = axis_extent(a);
	double scale = AXIS_WIDTH / (x.high - x.low);

	for (size_t i = 0; i < a->swept->nr; i++)
		for (size_t j = 0; j < i; j++) {
			size_t letters = tick_letters(a->swept, i) + tick_letters(a->swept, j);

			if (fabs(a->position[i] - a->position[j]) * scale <
			    letters * LETTER_WIDTH / 2 + LABEL_GAP)
				return false;
		}
	return true;
}

/* Linear if the labels fit, else logarithmic if they fit, else equal distances. */
static void place(struct axis *a)
{
	const struct swept *swept = a->swept;
	bool positive = swept->numeric;

	for (size_t i = 0; swept->numeric && i < swept->nr; i++)
		positive = swept_number(swept->value[i], &a->position[i]) &&
			   a->position[i] > 0 && positive;
	if (swept->numeric && fits(a))
		return;
	for (size_t i = 0; positive && i < swept->nr; i++)
		a->position[i] = log2(a->position[i]);
	if (positive && fits(a)) {
		a->scale = "log axis";
		return;
	}
	a->scale = swept->numeric ? "values at equal distances" : "";
	for (size_t i = 0; i < swept->nr; i++)
		a->position[i] = i;
}

int axis_make(struct axis *a, const struct swept *swept)
{
	*a = (struct axis){ .swept = swept, .scale = "" };
	a->position = calloc(swept->nr, sizeof(*a->position));
	if (!a->position)
		return -ENOMEM;
	place(a);
	return 0;
}

void axis_release(struct axis *a)
{
	free(a->position);
	a->position = NULL;
}

void axis_write(const struct axis *a, const struct plot *p)
{
	struct extent x = axis_extent(a);
	double margin = 0.05 * (x.high - x.low);
	char text[64];

	fprintf(p->script, "set xrange [%.9g:%.9g]\nset xtics (", x.low - margin,
		x.high + margin);
	for (size_t i = 0; i < a->swept->nr; i++) {
		fputs(i ? ", " : "", p->script);
		tick(a->swept, i, text, sizeof(text));
		plot_tic_text(p, text);
		fprintf(p->script, " %.9g", a->position[i]);
	}
	fputs(")\n", p->script);
}
