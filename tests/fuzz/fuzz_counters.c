// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes through every parser, as both sides of one record. A parser either
 * accepts the bytes or refuses them with a sentence that names its source; its counters can
 * be looked up.
 */
#include <assert.h>
#include <errno.h>
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

		assert(c->has_before || c->has_after);
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
		int err = counters_parse(
			&record, after,
			&(struct source_text){
				source, "it", bytes, size, { 0x1000, UINT64_MAX - 0x2000 } },
			&e);

		assert(!err || err == -EBADMSG);
		assert(!err == !e.text[0]);
		assert(!err || !strncmp(e.text, source->name, strlen(source->name)));
		assert(counters_numa_zero(&record, after, "it", nodes, 2) == 0);
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
