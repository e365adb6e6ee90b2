/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A workload's options between text and its params struct, by its table alone. Pure.
 */
#ifndef PAGESTORM_OPTION_H
#define PAGESTORM_OPTION_H

#include <stddef.h>

#include "harness/base/error.h"
#include "harness/base/size.h"
#include "workloads/api/workload.h"

/*
 * Parses text, checks it against min, max and choices, and stores it in params. On
 * -EINVAL or -ERANGE *clause is a clause without subject and params is untouched.
 */
int option_parse(const struct workload_option *option, const char *text,
		 const struct size_base *base, void *params, struct error *clause);

/* The value as text that parses back to the same: 202375168, 10s, 0.75, yes, random. */
void option_format(const struct workload_option *option, const void *params, char *out,
		   size_t out_bytes);

/* The option of that name, or NULL. */
const struct workload_option *option_find(const struct workload *workload, const char *name);

const char *option_type_name(enum option_type type); /* bytes count rate … */

#endif
