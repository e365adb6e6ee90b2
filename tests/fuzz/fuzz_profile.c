// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a profile. A profile that was read can be written out and read
 * again with the same result; an error has a place and a sentence.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plan/profile.h"
#include "workloads/api/workload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A profile is read without any workload. */
const struct workload *const workloads[] = { NULL };

static int read_bytes(struct profile *p, const void *bytes, size_t size)
{
	FILE *stream = size ? fmemopen((void *)bytes, size, "r") : fopen("/dev/null", "r");
	struct error e = { "" };
	int ret;

	assert(stream);
	profile_init(p);
	ret = profile_read_stream(p, stream, "in.ini", &e);
	fclose(stream);
	assert(!ret == !e.text[0]);
	assert(!ret || (ret == -EINVAL && !strncmp(e.text, "in.ini:", 7)));
	return ret;
}

static void same(const struct profile *a, const struct profile *b)
{
	assert(a->nr == b->nr);
	for (size_t i = 0; i < a->nr; i++) {
		const struct profile_entry *x = &a->entry[i];
		const struct profile_entry *y = profile_get(b, x->section, x->key);

		assert(y && !strcmp(x->value, y->value));
	}
}

/* The same bytes as words of a command line. */
static void override(struct profile *p, const uint8_t *data, size_t size)
{
	char word[128];
	struct error e = { "" };

	snprintf(word, sizeof(word), "%.*s", (int)(size < 120 ? size : 120),
		 (const char *)data);
	assert(!profile_override(p, word, &e) == !e.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile a, b;
	char *text;

	if (!read_bytes(&a, data, size)) {
		override(&a, data, size);
		assert(!profile_format(&a, &text));
		assert(!read_bytes(&b, text, strlen(text)));
		same(&a, &b);
		profile_release(&b);
		free(text);
	}
	profile_release(&a);
	return 0;
}
