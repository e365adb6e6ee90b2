// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include "harness/lab/channel.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void channel_header(char header[CHANNEL_HEADER_BYTES], enum channel_type type, uint32_t size)
{
	uint32_t little = htole32(size);

	memset(header, 0, CHANNEL_HEADER_BYTES);
	header[0] = (char)type;
	memcpy(header + 4, &little, sizeof(little));
}

int channel_next(const struct blob *received, size_t *at, struct channel_frame *frame)
{
	const char *header = received->data + *at;
	uint32_t size;

	if (received->size - *at < CHANNEL_HEADER_BYTES)
		return 0;
	memcpy(&size, header + 4, sizeof(size));
	size = le32toh(size);
	if (!strchr("hroendfcszS", header[0]) || header[1] || header[2] || header[3] ||
	    size > CHANNEL_PAYLOAD_MAX)
		return -EPROTO;
	if (received->size - *at - CHANNEL_HEADER_BYTES < size)
		return 0;
	*frame = (struct channel_frame){ .type = (enum channel_type)header[0],
					 .payload = header + CHANNEL_HEADER_BYTES,
					 .size = size };
	*at += CHANNEL_HEADER_BYTES + size;
	return 1;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t done = TEMP_FAILURE_RETRY(write(fd, data, size));

		if (done < 0)
			return -errno;
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

static int write_frame(int fd, enum channel_type type, const char *payload, size_t size)
{
	char buffer[CHANNEL_HEADER_BYTES + CHANNEL_PAYLOAD_MAX];

	channel_header(buffer, type, (uint32_t)size);
	if (size)
		memcpy(buffer + CHANNEL_HEADER_BYTES, payload, size);
	return write_all(fd, buffer, CHANNEL_HEADER_BYTES + size);
}

int channel_write(int fd, enum channel_type type, const void *payload, size_t size)
{
	const char *at = payload;
	int error;

	while (size > CHANNEL_PAYLOAD_MAX) {
		error = write_frame(fd, type, at, CHANNEL_PAYLOAD_MAX);
		if (error)
			return error;
		at += CHANNEL_PAYLOAD_MAX;
		size -= CHANNEL_PAYLOAD_MAX;
	}
	return write_frame(fd, type, at, size);
}
