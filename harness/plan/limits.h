/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of a group, from a section's keys to bytes. Pure.
 */
#ifndef PAGESTORM_LIMITS_H
#define PAGESTORM_LIMITS_H

#include "harness/plan/plan.h"
#include "harness/base/size.h"

/* For which machine limits are read, and where an error is reported. */
struct limits_reader {
	const struct host *host;
	struct size_base base; /* what a share is of: the limit around the section's */
	char *skip;	       /* a clause about what this machine lacks */
	size_t skip_bytes;
	struct error *e; /* with the place */
};

/*
 * All limits of one section. memory.* take a size (a whole number of pages), or max;
 * memory.oom.group yes or no; cpuset.* what host_pick() takes; memory.swappiness 0 to
 * 200. memory.max is taken first, because the others may be shares of it. -EINVAL with the
 * place in the reader's *e; a limit or node that this machine lacks is left out, with a
 * clause in its skip.
 */
int limits_read(const struct limits_reader *reader, const struct profile *profile,
		const char *section, struct limits *out);

/* Adds or replaces; kept in alphabetical order, so that equal plans are equal byte for byte. */
void limits_set(struct limits *limits, const struct limit *limit);
void limits_drop(struct limits *limits, const char *name);
const struct limit *limits_find(const struct limits *limits, const char *name);

/* The number of a memory limit; 0 when it is absent or max. */
uint64_t limits_bytes(const struct limits *limits, const char *name);
/* True when the limit was given as max. */
bool limits_is_max(const struct limits *limits, const char *name);

#endif
