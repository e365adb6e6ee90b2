// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes through every parser, as both sides of one record. A parser accepts them, and keeps
 * a sentence that names its source for what it does not understand; its counters can be looked
 * up.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "harness/record/counters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_record(struct record *record)
{
	record_sort(record);
	for (size_t i = 0; i < record->nr; i++) {
		const struct counter *c = &record->counter[i];
		struct number delta;

		assert(c->has_before || c->has_after || c->unread_before || c->unread_after);
		assert(!(c->has_before && c->unread_before) &&
		       !(c->has_after && c->unread_after));
		assert(*c->scope && *c->source && *c->counter);
		assert(record_find(record, c->scope, c->source, c->counter) == c);
		(void)counter_delta(c, &delta); /* must not overflow; either answer is right */
	}
}

static void parse(const struct source *source, const char *bytes, size_t size)
{
	static const unsigned nodes[] = { 0, 1 };
	struct record record;

	record_init(&record);
	for (int after = 0; after < 2; after++) {
		struct error e = { "" };
		int ret = counters_parse(
			&record, after,
			&(struct source_text){
				source, "it", bytes, size, { 0x1000, UINT64_MAX - 0x2000 } },
			&e);

		assert(!ret && !e.text[0]);
		assert(counters_numa_zero(&record, after, "it", nodes, 2) == 0);
	}
	for (size_t i = 0; i < record.nr_losses; i++) {
		assert(!strcmp(record.loss[i].source, source->name) && record.loss[i].lines);
		assert(!strncmp(record.loss[i].why, source->name, strlen(source->name)));
	}
	check_record(&record);
	record_release(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned formats_seen = 0;
	char *bytes = malloc(size ? size : 1);

	if (!bytes)
		return 0;
	memcpy(bytes, data,
	       size); /* of exactly this size, so that reading past the end is seen */
	for (const struct source *s = sources; s->name; s++) {
		if (formats_seen & 1u << s->format)
			continue;
		formats_seen |= 1u << s->format;
		parse(s, bytes, size);
	}
	free(bytes);
	return 0;
}
