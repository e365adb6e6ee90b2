/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing run of bytes. Always followed by a NUL that size does not count,
 * so that text read into it can be used as a string.
 */
#ifndef PAGESTORM_LAB_BLOB_H
#define PAGESTORM_LAB_BLOB_H

#include <stddef.h>

struct blob {
	char *data;
	size_t size;
	size_t capacity;
};

/* 0 or -ENOMEM; the blob is unchanged on failure. */
int blob_append(struct blob *blob, const void *data, size_t size);

/* Reads fd to its end and appends; 0 or -errno. */
int blob_read_fd(struct blob *blob, int fd);

/* Appends the whole file; 0 or -errno. */
int blob_read_file(struct blob *blob, const char *path);

/* Forgets the first `size` bytes. */
void blob_consume(struct blob *blob, size_t size);

void blob_release(struct blob *blob);

#endif
