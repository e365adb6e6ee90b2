// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames and tallies, written and read. Only channel_write() touches a descriptor. */
#include "harness/lab/channel.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "workloads/api/arith.h"

/* strchr() would find the NUL behind the last one as well. */
static bool is_type(char letter)
{
	return letter && strchr("hroendfclszS", letter);
}

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
	if (!is_type(header[0]) || header[1] || header[2] || header[3] ||
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
	int ret;

	while (size > CHANNEL_PAYLOAD_MAX) {
		ret = write_frame(fd, type, at, CHANNEL_PAYLOAD_MAX);
		if (ret)
			return ret;
		at += CHANNEL_PAYLOAD_MAX;
		size -= CHANNEL_PAYLOAD_MAX;
	}
	return write_frame(fd, type, at, size);
}

void channel_count(struct channel_tally *tally, enum channel_type type, size_t size)
{
	switch (type) {
	case CHANNEL_STDOUT:
		tally->out_bytes += size;
		break;
	case CHANNEL_STDERR:
		tally->err_bytes += size;
		break;
	case CHANNEL_FILE:
		tally->nr_files++;
		break;
	case CHANNEL_CONTENT:
		tally->content_bytes += size;
		break;
	default:
		break;
	}
}

void channel_put_tally(char payload[CHANNEL_TALLY_BYTES], const struct channel_tally *tally)
{
	const uint64_t little[] = { htole64(tally->out_bytes), htole64(tally->err_bytes),
				    htole64(tally->nr_files), htole64(tally->content_bytes) };

	memcpy(payload, little, CHANNEL_TALLY_BYTES);
}

int channel_get_tally(const struct channel_frame *frame, struct channel_tally *tally)
{
	uint64_t little[CHANNEL_TALLY_BYTES / sizeof(uint64_t)];

	if (frame->type != CHANNEL_END || frame->size != sizeof(little))
		return -EPROTO;
	memcpy(little, frame->payload, sizeof(little));
	*tally = (struct channel_tally){ .out_bytes = le64toh(little[0]),
					 .err_bytes = le64toh(little[1]),
					 .nr_files = le64toh(little[2]),
					 .content_bytes = le64toh(little[3]) };
	return 0;
}

int channel_compare(const struct channel_tally *sent, const struct channel_tally *arrived,
		    struct error *e)
{
	const struct {
		const char *stream;
		uint64_t sent, arrived;
	} streams[] = {
		{ "bytes of stdout", sent->out_bytes, arrived->out_bytes },
		{ "bytes of stderr", sent->err_bytes, arrived->err_bytes },
		{ "files of the results", sent->nr_files, arrived->nr_files },
		{ "bytes of the results", sent->content_bytes, arrived->content_bytes },
	};

	for (size_t i = 0; i < ARRAY_SIZE(streams); i++)
		if (streams[i].sent != streams[i].arrived)
			return error_set(
				e, EIO,
				"the guest sent %" PRIu64 " %s, and %" PRIu64 " arrived",
				streams[i].sent, streams[i].stream, streams[i].arrived);
	return 0;
}
