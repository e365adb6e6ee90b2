/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens the files of a results directory, which may be another user's: never through a symbolic
 * link, whose target that user chose, and never a FIFO, which would be waited for.
 */
#ifndef PAGESTORM_PLAINFILE_H
#define PAGESTORM_PLAINFILE_H

#include <stdio.h>

#include "harness/base/error.h"

/*
 * Opens an existing regular file below dirfd with the flags of open(2); close-on-exec. To be
 * written, it must have no other hard link: a write would reach another name's file.
 * -ELOOP: a symbolic link; -EMEDIUMTYPE: a FIFO, a directory, a device; -EMLINK; -errno of
 * openat(2). e: a sentence.
 */
int plainfile_open(int dirfd, const char *path, int flags, struct error *e);

/* The same as a stream, to be read. NULL: *ret is the -errno. */
FILE *plainfile_stream(const char *path, int *ret, struct error *e);

/*
 * Makes a file that must not exist, after removing what an earlier attempt left under that
 * name: a link there is removed, not followed. -errno.
 */
int plainfile_make(int dirfd, const char *path);

/*
 * Renames a directory when it is complete. -EEXIST: the name is taken; rename(2) alone would
 * replace an empty directory of another process.
 */
int plainfile_rename(const char *from, const char *to);

#endif
