/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile: sections of keys and values with the place where each was written.
 * Parsed by libinih's stream reader with our own line counting; nothing is
 * interpreted here beyond the section's kind, so that a plan can quote the line.
 */
#ifndef PAGESTORM_PROFILE_H
#define PAGESTORM_PROFILE_H

#include <stddef.h>

#include "harness/error.h"

struct profile_entry {
	char section[64]; /* profile, cgroup, sysctl, swap, sweep, expect, setting or a worker's
			     name */
	char key[64];
	char *value;
	const char *file; /* of the profile, or "command line" */
	unsigned line;	  /* 0 on the command line */
};

struct profile {
	char name[64];	/* file name without .ini, or the workload's name */
	char path[512]; /* "" when made from a workload's name */
	struct profile_entry *entry;
	size_t nr, capacity;
};

void profile_init(struct profile *p);
void profile_release(struct profile *p);

/*
 * Reads a file. *e is "file:line: error: …" with a suggestion where a known name
 * is near. Unknown section, duplicate key, key outside a section, over-long line,
 * missing "=": -EINVAL. No such file: -ENOENT.
 * A worker's section is [workload NAME]; its entries carry section NAME.
 */
int profile_read(struct profile *p, const char *path, struct error *e);

/* Finds NAME, NAME.ini, profiles/NAME.ini or the installed profiles' NAME.ini. -ENOENT: none.
 */
int profile_find(const char *name, char *path, size_t path_bytes);

/* A profile of one workload with its defaults: `run anon size=193M`. */
int profile_of_workload(struct profile *p, const char *workload, struct error *e);

/*
 * Applies one key=value of the command line, in the profile's own keys:
 * NAME.key (a worker's), vm.* ([sysctl]), memory.*, cpuset.*, pids.* ([cgroup]),
 * swap.*, sweep.*, expect.*, profile.*; a bare key is [profile]'s when it has one
 * of that name, otherwise the only worker's. -EINVAL with a suggestion.
 */
int profile_override(struct profile *p, const char *assignment, struct error *e);

/* NULL when absent. */
const struct profile_entry *profile_get(const struct profile *p, const char *section,
					const char *key);

/* Writes the profile out again as INI, to *text (malloc'd). */
int profile_format(const struct profile *p, char **text);

/* The nearest of the candidates within a small edit distance, or NULL. */
const char *suggest(const char *word, const char *const *candidates, size_t nr);

#endif
