/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions of an adapter, in which {pid} and its like stand for the worker's own.
 */
#ifndef PAGESTORM_VALIDATE_PATTERN_H
#define PAGESTORM_VALIDATE_PATTERN_H

#include <regex.h>
#include <stdbool.h>

#include "harness/base/error.h"

struct pattern_name {
	const char *name, *value;
};

/*
 * Puts the names in, which end with name == NULL (or are NULL: there are none), and compiles.
 * -EINVAL with a clause: not a regular expression; -ENOMEM. The regex is the caller's after 0
 * alone.
 */
int pattern_compile(regex_t *regex, const char *pattern, const struct pattern_name *names,
		    struct error *e);

/* Whether it can be compiled, and has a group if one is needed. NULL is well. -EINVAL. */
int pattern_check(const char *pattern, bool needs_group, struct error *e);

#endif
