/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One value in one file of /proc or /sys, read, written and compared. Each path is
 * taken below `root` ("" on the real machine), so that a temporary tree is a machine too.
 */
#ifndef PAGESTORM_SYSFILE_H
#define PAGESTORM_SYSFILE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The text without its last newline and with runs of blanks as one; of a list of choices
 * ("always [madvise] never") the one in brackets: what must be written to get it back.
 * 0 or -errno; -EOVERFLOW when it does not fit.
 */
int sysfile_read(const char *root, const char *path, char *value, size_t value_bytes);

/* In one write(2), as the kernel requires. 0 or -errno. */
int sysfile_write(const char *root, const char *path, const char *value);

/* The same value though written differently: 7 and 0x0007, Y and 1, 1 2 and 1<tab>2. */
bool sysfile_same(const char *a, const char *b);

#endif
