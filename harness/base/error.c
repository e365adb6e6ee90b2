// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the first sentence. Prints nothing. */
#include "harness/base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *e, int code, const char *format, ...)
{
	va_list args;

	if (e && !e->text[0]) {
		va_start(args, format);
		vsnprintf(e->text, sizeof(e->text), format, args);
		va_end(args);
	}
	return -code;
}
