/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile: sections of keys and values with the place where each was written.
 * Parsed by libinih's stream reader with our own line counting; nothing is
 * interpreted here beyond the section's kind, so that a plan can quote the line.
 */
#ifndef PAGESTORM_PROFILE_H
#define PAGESTORM_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "harness/base/error.h"

/* Longest line of a profile, in bytes. */
#define PROFILE_LINE_MAX 1000

/* entry.file of what came from the command line. */
extern const char profile_command_line[];

/* Keys of the sections that have a fixed list, NULL at the end. */
extern const char *const profile_keys[]; /* [profile] */
extern const char
	*const cgroup_keys[]; /* [cgroup] and, as limits of its own group, a worker's */
extern const char *const worker_keys[]; /* common to all workers, beside limits and options */

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
	bool by_name;	/* found by its name, not given as a path */
	struct error
		skipped;     /* a file of that name that was passed over, and why; else empty */
	const char *renamed; /* a sentence about a key by its old name; NULL: there is none */
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

/* The same from an open stream; path is what errors call it. */
int profile_read_stream(struct profile *p, FILE *stream, const char *path, struct error *e);

/* Another kind of file in the same syntax: an adapter of validate. */
struct profile_dialect {
	const char *const *sections; /* fixed names, NULL at the end */
	const char *const *named;    /* [WORD NAME] sections; entries carry section WORD NAME */
	/* 0, or -EINVAL with a clause in *e. section is the whole name. */
	int (*key_check)(const char *section, const char *key, struct error *e);
};

/* profile_read() of a file in that dialect. */
int profile_read_dialect(struct profile *p, const char *path,
			 const struct profile_dialect *dialect, struct error *e);

/*
 * The n-th directory that profiles are looked for in by name: ./profiles, beside the program
 * (an uninstalled one), ../share/pagestorm/profiles from it (one that was moved after
 * its installation), where they are installed. Adapters of validate lie in tools/ below.
 * false: there are no more.
 */
bool profile_directory(unsigned n, char *path, size_t path_bytes);

/*
 * Finds NAME, NAME.ini, or NAME.ini in one of those directories. A file that another user
 * could have written (trust.h) is passed over; *skipped then names the first. -ENOENT: none.
 */
int profile_find(const char *name, char *path, size_t path_bytes, struct error *skipped);

/* A profile of one workload with its defaults: `run anon size=193M`. */
int profile_of_workload(struct profile *p, const char *workload, struct error *e);

/*
 * Applies one key=value of the command line, in the profile's own keys:
 * NAME.key (a worker's), vm.* ([sysctl]), memory.*, cpuset.* ([cgroup]),
 * swap.*, sweep.*, expect.*, profile.*; a bare key is [profile]'s when it has one
 * of that name, otherwise the only worker's. -EINVAL with a suggestion.
 */
int profile_override(struct profile *p, const char *assignment, struct error *e);

/* The same for a word of the command line: a key that another word has set is -EINVAL. */
int profile_override_once(struct profile *p, const char *assignment, struct error *e);

/*
 * What a subcommand's first argument names: a file when it has a slash or ends in .ini,
 * otherwise a workload, otherwise a profile that profile_find() finds. -ENOENT
 * with a suggestion; -EPERM: there is one, but another user could have written it.
 */
int profile_load(struct profile *p, const char *argument, struct error *e);

/* True for the fixed sections, false for a worker's name. */
bool profile_section_is_fixed(const char *section);

/*
 * Where a key as written on the command line or in [sweep] belongs: fills section
 * and key (64 bytes each). -EINVAL with a clause in *e (the caller prefixes the place).
 */
int profile_resolve(const struct profile *p, const char *name, char *section, char *key,
		    struct error *e);

/*
 * Adds or replaces one entry, a worker's key under its present name. at: any entry of the place
 * where it was written, whose file must outlive the profile. -ENOMEM.
 */
int profile_set(struct profile *p, const char *section, const char *key, const char *value,
		const struct profile_entry *at);

/* "file:line: error: " or "command line: error: " and a sentence, in *e. Returns -code. */
int profile_error(const struct profile_entry *at, struct error *e, int code, const char *format,
		  ...) __attribute__((format(printf, 4, 5)));

/* The worker after `previous` (NULL: the first) in the profile's order; NULL at the end. */
const char *profile_next_worker(const struct profile *p, const char *previous);

/* NULL when absent. A worker's key is found by its old name as well. */
const struct profile_entry *profile_get(const struct profile *p, const char *section,
					const char *key);

/* Writes the profile out again as INI, to *text (malloc'd). */
int profile_format(const struct profile *p, char **text);

/*
 * The NAME of the NAME.ini in a directory that is nearest to a name, to be freed, or NULL.
 */
char *suggest_file(const char *name, const char *directory);

#endif
