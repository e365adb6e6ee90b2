// SPDX-License-Identifier: GPL-2.0-or-later
/* The last attempt of each repeat, and the rows of a table that belong to it. */
#include "harness/tables/attempt.h"

#include <errno.h>
#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	const struct attempt *l = left, *r = right;

	if (l->cell != r->cell)
		return l->cell < r->cell ? -1 : 1;
	if (l->repeat != r->repeat)
		return l->repeat < r->repeat ? -1 : 1;
	return 0;
}

/* The rows of a trial lie together, so that most are those of the entry before. */
static int add(struct attempts *a, struct attempt one)
{
	struct attempt *before = a->nr ? &a->attempt[a->nr - 1] : NULL;

	if (before && !compare(before, &one)) {
		before->last = before->last > one.last ? before->last : one.last;
		return 0;
	}
	if (a->nr == a->capacity) {
		const size_t capacity = a->capacity ? 2 * a->capacity : 64;
		struct attempt *grown = reallocarray(a->attempt, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		a->attempt = grown;
		a->capacity = capacity;
	}
	a->attempt[a->nr++] = one;
	return 0;
}

/* Sorted, and one entry for what rows in two places tell of. */
static void join(struct attempts *a)
{
	size_t kept = 0;

	if (a->nr)
		qsort(a->attempt, a->nr, sizeof(*a->attempt), compare);
	for (size_t i = 1; i < a->nr; i++) {
		struct attempt *last = &a->attempt[kept], *one = &a->attempt[i];

		if (compare(last, one))
			a->attempt[++kept] = *one;
		else if (one->last > last->last)
			last->last = one->last;
	}
	a->nr = a->nr ? kept + 1 : 0;
}

struct columns {
	int cell, repeat, attempt;
};

static struct columns columns_of(const struct csv_table *t)
{
	return (struct columns){ csv_column(t, "cell"), csv_column(t, "repeat"),
				 csv_column(t, "attempt") };
}

static struct attempt attempt_of(const struct csv_table *t, size_t row, struct columns c)
{
	return (struct attempt){ .cell = strtoul(csv_cell(t, row, c.cell), NULL, 10),
				 .repeat = strtol(csv_cell(t, row, c.repeat), NULL, 10),
				 .last = strtoul(csv_cell(t, row, c.attempt), NULL, 10) };
}

int attempts_find(struct attempts *a, const struct csv_table *runs)
{
	const struct columns c = columns_of(runs);
	int ret = 0;

	for (size_t i = 0; i < runs->nr && c.attempt >= 0 && !ret; i++)
		ret = add(a, attempt_of(runs, i, c));
	if (ret)
		attempts_release(a);
	else
		join(a);
	return ret;
}

void attempts_release(struct attempts *a)
{
	free(a->attempt);
	*a = (struct attempts){ 0 };
}

unsigned long attempts_last(const struct attempts *a, unsigned long cell, long repeat)
{
	const struct attempt key = { .cell = cell, .repeat = repeat };
	const struct attempt *found =
		a->nr ? bsearch(&key, a->attempt, a->nr, sizeof(key), compare) : NULL;

	return found ? found->last : 1;
}

static bool is_last(const struct attempts *a, struct attempt one)
{
	return one.last >= attempts_last(a, one.cell, one.repeat);
}

bool attempts_is_last(const struct attempts *a, const struct csv_table *t, size_t row)
{
	const struct columns c = columns_of(t);

	return c.attempt < 0 || is_last(a, attempt_of(t, row, c));
}

void attempts_drop(const struct attempts *a, struct csv_table *t)
{
	const struct columns c = columns_of(t);
	size_t kept = 0;

	if (c.attempt < 0)
		return;
	for (size_t i = 0; i < t->nr; i++) {
		if (is_last(a, attempt_of(t, i, c)))
			t->row[kept++] = t->row[i];
		else
			free(t->row[i]);
	}
	t->nr = kept;
}
