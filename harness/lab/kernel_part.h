/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What finding and fetching a kernel share. */
#ifndef PAGESTORM_LAB_KERNEL_PART_H
#define PAGESTORM_LAB_KERNEL_PART_H

#include <limits.h>
#include <stddef.h>

/* A path from its parts: 0, or -ENAMETOOLONG rather than a path that is cut off. */
int kernel_path(char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The path that matches with the highest version in its last component. 0 or -ENOENT. */
int kernel_newest(const char *pattern, char *best, size_t best_size);

#endif
