/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of group.h that have a file of their own. For group*.c alone.
 */
#ifndef PAGESTORM_GROUP_PART_H
#define PAGESTORM_GROUP_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/machine/group.h"

/* A file of a directory as a string. -errno; -EOVERFLOW when it does not fit. */
int group_read_file(const char *directory, const char *file, char *text, size_t bytes);

/* In one write(2). 0 or -errno. */
int group_write_file(const char *directory, const char *file, const char *text);

struct limit_file {
	const char *v2, *v1;
	bool cpuset;
	bool bytes; /* rounded down to a page by the kernel */
};

/* NULL: no limit that we know. */
const struct limit_file *limit_file(const char *name);

/*
 * The text to write for a limit on this version. memory.memsw.limit_in_bytes is
 * memory plus swap (Documentation/admin-guide/cgroup-v1/memory.rst), so that v1 needs
 * memory.max beside memory.swap.max; -EINVAL without.
 */
int limit_text(const struct group *g, const struct limits *limits, const struct limit *limit,
	       char *text, size_t bytes, struct error *e);

/* -EIO when the file `name` holds another value than was written. */
int limit_read_back(const struct group *g, const struct limit_file *file, const char *name,
		    const char *wanted, struct error *e);

/*
 * Mount point and own group ("" for the root) of a v1 controller, from /proc/self/mounts
 * and /proc/self/cgroup. -ENODEV: it is not mounted.
 */
int group_v1_hierarchy(const char *controller, char *mount, char *own, size_t bytes);

/* v1 cpusets start empty and take no process until both lists are filled: the parent's. */
int group_v1_cpuset_inherit(const struct group *g);

/* v2 hands controllers down level by level; libcgroup does not, and fails with ENOENT. */
int group_v2_enable(const char *directory, bool cpuset);

/*
 * Where a run may build its tree on v2: our own group if it is a pure parent, else the
 * root. Controllers that are switched on for it are journalled.
 */
int group_v2_parent(const struct host *host, bool cpuset, char *name, char *path, size_t bytes,
		    struct journal *j, struct error *e);

/*
 * Makes the directory of a top group, journalled, marked and held: *hold. -EEXIST: it is
 * there, and is another's, untouched.
 */
int group_claim(const char *directory, int *hold, struct journal *j, struct error *e);

/* Closes what group_claim() holds. */
void group_let_go(struct group *g);

#endif
