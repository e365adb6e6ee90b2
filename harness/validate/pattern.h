/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions of an adapter, with placeholders such as {pid}.
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
 * Expands the names, which end with name == NULL (NULL: none), and compiles. -EINVAL with a
 * clause: not a regular expression; -ENOMEM. The caller owns the regex after 0 only.
 */
int pattern_compile(regex_t *regex, const char *pattern, const struct pattern_name *names,
		    struct error *e);

/* Whether it compiles, and has a group if one is required. NULL is valid. -EINVAL. */
int pattern_check(const char *pattern, bool needs_group, struct error *e);

#endif
