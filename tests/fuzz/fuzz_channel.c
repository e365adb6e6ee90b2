// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes from a guest. Each frame lies within what has arrived; what is written of it again
 * is the same; no path outside of those that were asked for is accepted.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness/lab/channel.h"
#include "harness/lab/collector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const struct channel_frame *frame)
{
	char *root = (char *)"/tmp/results";
	const struct words roots = { .item = &root, .nr = 1 };
	char *path = strndup(frame->payload, frame->size);

	assert(path);
	if (collector_accepts(&roots, path)) {
		assert(!strncmp(path, root, strlen(root)));
		assert(!strstr(path, "/../") && strcmp(path, "/tmp/results/.."));
	}
	free(path);
}

static void check_frame(const struct channel_frame *frame, struct channel_tally *tally)
{
	char header[CHANNEL_HEADER_BYTES], again[CHANNEL_TALLY_BYTES];
	struct channel_tally sent;
	struct error e = { "" };

	channel_header(header, frame->type, frame->size);
	assert(!memcmp(header, frame->payload - CHANNEL_HEADER_BYTES, sizeof(header)));
	channel_count(tally, frame->type, frame->size);
	if (frame->type == CHANNEL_DIRECTORY || frame->type == CHANNEL_FILE)
		check_path(frame);
	if (channel_get_tally(frame, &sent))
		return;
	channel_put_tally(again, &sent);
	assert(!memcmp(again, frame->payload, sizeof(again)));
	assert(!channel_compare(&sent, tally, &e) == !e.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct channel_tally tally = { 0 };
	struct channel_frame frame;
	char *bytes = malloc(size ? size : 1);
	const struct blob received = { .data = bytes, .size = size };
	size_t at = 0, before = 0;
	int ret;

	assert(bytes);
	memcpy(bytes, data, size); /* of exactly this size: a byte past the end is seen */
	while ((ret = channel_next(&received, &at, &frame)) == 1) {
		assert(at == before + CHANNEL_HEADER_BYTES + frame.size && at <= size);
		assert(frame.payload == bytes + before + CHANNEL_HEADER_BYTES);
		check_frame(&frame, &tally);
		before = at;
	}
	assert((!ret || ret == -EPROTO) && at == before);
	free(bytes);
	return 0;
}
