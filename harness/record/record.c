// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stores counters and finds them. Knows nothing of files or formats.
 *
 * A put finds its counter through an open-addressed table of indices; the strings are appended
 * to blocks that never move, so that counters may point into them.
 */
#include "harness/record/record.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES    (32 * 1024)
#define COUNTERS_FIRST 1024

struct block {
	struct block *next;
	size_t used, size;
	char bytes[];
};

struct record_text {
	struct block *block;
	uint32_t *slot;	 /* index of a counter + 1; 0: free */
	size_t nr_slots; /* a power of two, at least twice the counters */
};

void record_init(struct record *record)
{
	*record = (struct record){ 0 };
}

void record_release(struct record *record)
{
	if (record->text) {
		for (struct block *b = record->text->block, *next; b; b = next) {
			next = b->next;
			free(b);
		}
		free(record->text->slot);
		free(record->text);
	}
	free(record->counter);
	free(record->loss);
	record_init(record);
}

static uint64_t hash_string(uint64_t hash, const char *s)
{
	do { /* FNV-1a, the final NUL included: it keeps the parts apart */
		hash = (hash ^ (unsigned char)*s) * 0x100000001b3ULL;
	} while (*s++);
	return hash;
}

static size_t hash_key(const char *scope, const char *source, const char *counter)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	hash = hash_string(hash, counter);
	hash = hash_string(hash, source);
	return (size_t)hash_string(hash, scope);
}

static bool counter_is(const struct counter *c, const char *scope, const char *source,
		       const char *counter)
{
	return !strcmp(c->counter, counter) && !strcmp(c->source, source) &&
	       !strcmp(c->scope, scope);
}

/* The slot that holds this counter, or the free one where it belongs. */
static uint32_t *find_slot(const struct record *record, const char *scope, const char *source,
			   const char *counter)
{
	const struct record_text *text = record->text;
	size_t i = hash_key(scope, source, counter) & (text->nr_slots - 1);

	while (text->slot[i] &&
	       !counter_is(&record->counter[text->slot[i] - 1], scope, source, counter))
		i = (i + 1) & (text->nr_slots - 1);
	return &text->slot[i];
}

static void index_counters(struct record *record)
{
	memset(record->text->slot, 0, record->text->nr_slots * sizeof(*record->text->slot));
	for (size_t i = 0; i < record->nr; i++) {
		const struct counter *c = &record->counter[i];

		*find_slot(record, c->scope, c->source, c->counter) = (uint32_t)i + 1;
	}
}

/* Made with the first string; NULL when out of memory. */
static struct record_text *text_of(struct record *record)
{
	if (!record->text)
		record->text = calloc(1, sizeof(*record->text));
	return record->text;
}

static int grow(struct record *record)
{
	size_t capacity = record->capacity ? 2 * record->capacity : COUNTERS_FIRST;
	struct counter *counter;
	uint32_t *slot;

	if (!text_of(record))
		return -ENOMEM;
	counter = reallocarray(record->counter, capacity, sizeof(*counter));
	if (!counter)
		return -ENOMEM;
	record->counter = counter;
	slot = calloc(2 * capacity, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(record->text->slot);
	record->text->slot = slot;
	record->text->nr_slots = 2 * capacity;
	record->capacity = capacity;
	index_counters(record);
	return 0;
}

static const char *keep_string(struct record_text *text, const char *s)
{
	size_t length = strlen(s) + 1;
	struct block *b = text->block;

	if (!b || b->size - b->used < length) {
		size_t size = length > BLOCK_BYTES ? length : BLOCK_BYTES;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct block){ .next = text->block, .size = size };
		text->block = b;
	}
	b->used += length;
	return memcpy(b->bytes + b->used - length, s, length);
}

/* Counters come file by file: the scope and the source are mostly the previous counter's. */
static const char *keep_repeated(struct record_text *text, const char *previous, const char *s)
{
	return previous && !strcmp(previous, s) ? previous : keep_string(text, s);
}

static int add_counter(struct record *record, struct counter_id id, struct counter_type type)
{
	const struct counter *last;
	struct counter c = { .kind = type.kind, .unit = type.unit };
	int ret;

	if (record->nr == record->capacity) {
		ret = grow(record);
		if (ret)
			return ret;
	}
	last = record->nr ? &record->counter[record->nr - 1] : NULL;
	c.scope = keep_repeated(record->text, last ? last->scope : NULL, id.scope);
	c.source = keep_repeated(record->text, last ? last->source : NULL, id.source);
	c.counter = keep_string(record->text, id.counter);
	if (!c.scope || !c.source || !c.counter)
		return -ENOMEM;
	record->counter[record->nr++] = c;
	*find_slot(record, id.scope, id.source, id.counter) = (uint32_t)record->nr;
	return 0;
}

/* The counter, added when new; NULL when out of memory. */
static struct counter *find_or_add(struct record *record, struct counter_id id,
				   struct counter_type type)
{
	uint32_t slot = record->nr ? *find_slot(record, id.scope, id.source, id.counter) : 0;

	if (!slot && add_counter(record, id, type))
		return NULL;
	return &record->counter[slot ? slot - 1 : record->nr - 1];
}

int record_put(struct record *record, bool after, struct counter_id id,
	       struct counter_type type, struct number n)
{
	struct counter *c = find_or_add(record, id, type);

	if (!c)
		return -ENOMEM;
	if (after ? c->unread_after : c->unread_before)
		return 0;
	if (after ? c->has_after : c->has_before)
		return -EEXIST;
	if (after) {
		c->after = n;
		c->has_after = true;
	} else {
		c->before = n;
		c->has_before = true;
	}
	return 0;
}

int record_lose(struct record *record, bool after, struct counter_id id,
		struct counter_type type)
{
	struct counter *c = find_or_add(record, id, type);

	if (!c)
		return -ENOMEM;
	if (after) {
		c->unread_after = true;
		c->has_after = false;
	} else {
		c->unread_before = true;
		c->has_before = false;
	}
	return 0;
}

int record_add_loss(struct record *record, const char *scope, const char *source,
		    const char *why)
{
	struct record_loss *loss = NULL, *all;

	for (size_t i = 0; i < record->nr_losses && !loss; i++)
		if (!strcmp(record->loss[i].source, source) &&
		    !strcmp(record->loss[i].scope, scope))
			loss = &record->loss[i];
	if (loss) {
		loss->lines++;
		return 0;
	}
	all = reallocarray(record->loss, record->nr_losses + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	record->loss = all;
	if (!text_of(record))
		return -ENOMEM;
	loss = &all[record->nr_losses];
	*loss = (struct record_loss){ .scope = keep_string(record->text, scope),
				      .source = keep_string(record->text, source),
				      .why = keep_string(record->text, why),
				      .lines = 1 };
	if (!loss->scope || !loss->source || !loss->why)
		return -ENOMEM;
	record->nr_losses++;
	return 0;
}

const struct record_loss *record_loss_of(const struct record *record, const char *scope,
					 const char *source)
{
	for (size_t i = 0; i < record->nr_losses; i++) {
		const struct record_loss *loss = &record->loss[i];

		if (!strcmp(loss->source, source) &&
		    (!*loss->scope || !strcmp(loss->scope, scope)))
			return loss;
	}
	return NULL;
}

static int compare_counters(const void *a, const void *b)
{
	const struct counter *x = a, *y = b;
	int order = strcmp(x->scope, y->scope);

	if (!order)
		order = strcmp(x->source, y->source);
	return order ? order : strcmp(x->counter, y->counter);
}

void record_sort(struct record *record)
{
	if (!record->nr)
		return;
	qsort(record->counter, record->nr, sizeof(*record->counter), compare_counters);
	index_counters(record);
}

const struct counter *record_find(const struct record *record, const char *scope,
				  const char *source, const char *counter)
{
	uint32_t slot = record->nr ? *find_slot(record, scope, source, counter) : 0;

	return slot ? &record->counter[slot - 1] : NULL;
}

/* Brings a number to more decimals; false when it no longer fits. */
static bool rescale(struct number *n, uint8_t decimals)
{
	for (; n->decimals < decimals; n->decimals++)
		if (__builtin_mul_overflow(n->value, 10, &n->value))
			return false;
	return true;
}

bool counter_delta(const struct counter *counter, struct number *delta)
{
	struct number before = counter->before, after = counter->after;
	struct number d;

	if (!counter->has_before || !counter->has_after)
		return false;
	if (!rescale(&before, after.decimals) || !rescale(&after, before.decimals))
		return false;
	d.decimals = after.decimals;
	if (__builtin_sub_overflow(after.value, before.value, &d.value))
		return false;
	*delta = d;
	return true;
}

const char *number_format(struct number n, char text[NUMBER_BYTES])
{
	uint64_t rest = n.value < 0 ? -(uint64_t)n.value : (uint64_t)n.value;
	char *at = text + NUMBER_BYTES - 1;
	unsigned digits = 0;

	assert(n.decimals < 10);
	*at = '\0';
	do {
		if (n.decimals && digits == n.decimals)
			*--at = '.';
		*--at = (char)('0' + rest % 10);
		rest /= 10;
		digits++;
	} while (rest || digits <= n.decimals);
	if (n.value < 0)
		*--at = '-';
	return at;
}
