/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A workload's parameters from the texts of its option table, as a profile would give them.
 */
#ifndef PAGESTORM_TESTS_PARAMS_H
#define PAGESTORM_TESTS_PARAMS_H

#include <string.h>

#include "harness/plan/option.h"

/* Fails the test when the option does not take the text. */
static inline void params_set(const struct workload_option *o, void *params, const char *text)
{
	static const struct size_base base = { .limit_bytes = 256 << 20,
					       .available_bytes = 1 << 30 };
	struct error clause = { "" };

	if (option_parse(o, text, &base, params, &clause))
		fail_msg("option %s: '%s' %s", o->name, text, clause.text);
}

/* params: PARAMS_BYTES_MAX of them. */
static inline void params_default(const struct workload *w, void *params)
{
	memset(params, 0, PARAMS_BYTES_MAX);
	for (const struct workload_option *o = w->options; o && o->name; o++)
		if (o->fallback && *o->fallback)
			params_set(o, params, o->fallback);
}

#endif
