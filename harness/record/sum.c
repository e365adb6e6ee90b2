// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/record/sum.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

bool sum_next(const char *counter, size_t *at, char key[SUM_KEY_BYTES], bool *subtracted)
{
	const char *from = counter + *at;
	size_t length;

	if (!*from)
		return false;
	*subtracted = *from == '-';
	from += *from == '+' || *from == '-';
	length = strcspn(from, "+-");
	snprintf(key, SUM_KEY_BYTES, "%.*s", (int)length, from);
	*at = (size_t)(from - counter) + length;
	return true;
}

static void add_side(struct number *sum, bool *has, const struct number *n, bool has_n,
		     bool subtracted)
{
	*has &= has_n;
	sum->value += subtracted ? -n->value : n->value;
}

static void add(struct counter *sum, const struct counter *c, bool subtracted)
{
	assert(c->kind == sum->kind && c->unit == sum->unit);
	assert(!c->before.decimals && !c->after.decimals);
	add_side(&sum->before, &sum->has_before, &c->before, c->has_before, subtracted);
	add_side(&sum->after, &sum->has_after, &c->after, c->has_after, subtracted);
	sum->unread_before |= c->unread_before;
	sum->unread_after |= c->unread_after;
}

const struct counter *sum_find(const struct record *record, const struct claim *claim,
			       struct counter *room)
{
	const struct counter *c;
	char key[SUM_KEY_BYTES];
	bool subtracted;
	size_t at = 0;

	c = record_find(record, claim->scope, claim->source, claim->counter);
	if (c || !claim->counter[strcspn(claim->counter, "+-")])
		return c;
	if (!sum_next(claim->counter, &at, key, &subtracted))
		return NULL;
	c = record_find(record, claim->scope, claim->source, key);
	if (!c)
		return NULL;
	*room = *c;
	room->counter = claim->counter;
	while (sum_next(claim->counter, &at, key, &subtracted)) {
		c = record_find(record, claim->scope, claim->source, key);
		if (c)
			add(room, c, subtracted);
	}
	return room;
}
