/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A path from its parts, whole or not at all. */
#ifndef PAGESTORM_LAB_PATH_H
#define PAGESTORM_LAB_PATH_H

#include <limits.h>

/* 0, or -ENAMETOOLONG rather than a path that is cut off. */
int path_format(char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
