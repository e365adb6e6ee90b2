// SPDX-License-Identifier: GPL-2.0-or-later
/* A path from its parts, whole or not at all. */
#include "harness/lab/path.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int path_format(char path[PATH_MAX], const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}
