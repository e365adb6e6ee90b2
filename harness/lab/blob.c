// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes that grow: doubled, and always with room for the NUL behind them. */
#include "harness/lab/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int blob_reserve(struct blob *blob, size_t size)
{
	size_t needed = blob->size + size + 1;
	size_t capacity = blob->capacity ? blob->capacity : 4096;
	char *grown;

	if (needed <= blob->capacity)
		return 0;
	while (capacity < needed)
		capacity *= 2;
	grown = realloc(blob->data, capacity);
	if (!grown)
		return -ENOMEM;
	blob->data = grown;
	blob->capacity = capacity;
	return 0;
}

int blob_append(struct blob *blob, const void *data, size_t size)
{
	int ret = blob_reserve(blob, size);

	if (ret)
		return ret;
	memcpy(blob->data + blob->size, data, size);
	blob->size += size;
	blob->data[blob->size] = '\0';
	return 0;
}

int blob_read_fd(struct blob *blob, int fd)
{
	for (;;) {
		ssize_t got;
		int ret = blob_reserve(blob, 65536);

		if (ret)
			return ret;
		got = TEMP_FAILURE_RETRY(read(fd, blob->data + blob->size, 65536));
		if (got < 0)
			return -errno;
		if (!got)
			break;
		blob->size += (size_t)got;
	}
	blob->data[blob->size] = '\0';
	return 0;
}

int blob_read_file(struct blob *blob, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = blob_read_fd(blob, fd);
	close(fd);
	return ret;
}

void blob_consume(struct blob *blob, size_t size)
{
	if (!size)
		return;
	blob->size -= size;
	memmove(blob->data, blob->data + size, blob->size + 1);
}

void blob_release(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){ 0 };
}
