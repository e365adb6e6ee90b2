/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the probed machine, below its root ("" on the real one): whole, or line by
 * line. For host*.c and capability*.c alone.
 */
#ifndef PAGESTORM_HOST_FILE_H
#define PAGESTORM_HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define HOST_PATH_BYTES 4096 /* a group's file below a root */

/* The whole file as a string without its last newlines, cut to the room there is. 0 or -errno.
 */
int host_file_read(const char *root, const char *path, char *out, size_t out_bytes);

bool host_file_exists(const char *root, const char *path);

/*
 * Calls line() with each line of a file of any length, without its newline, until it
 * returns false. 0 or -errno.
 */
int host_file_lines(const char *root, const char *path, bool (*line)(char *text, void *context),
		    void *context);

#endif
