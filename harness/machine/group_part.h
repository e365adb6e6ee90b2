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
 * One of limits as the group's cgroup version has it: *out is the file's name and the text to
 * write there. memory.memsw.limit_in_bytes is memory plus swap
 * (Documentation/admin-guide/cgroup-v1/memory.rst), so that v1 needs memory.max beside
 * memory.swap.max; -EINVAL without. -EOPNOTSUPP: the version has no such limit.
 */
int limit_translate(const struct group *g, const struct limits *limits,
		    const struct limit *limit, struct limit *out, struct error *e);

/* -EIO when the file holds another value than was written, which limit_translate() gave. */
int limit_read_back(const struct group *g, const struct limit_file *file,
		    const struct limit *written, struct error *e);

/* v1 cpusets start empty and take no process until both lists are filled: the parent's. */
int group_v1_cpuset_inherit(const struct group *g);

/* v2 enables controllers level by level; libcgroup does not, and fails with ENOENT. */
int group_v2_enable(const char *directory, bool cpuset);

/*
 * Where a run may make its tree on v2: in cgroup_base, whose processes are moved into a leaf
 * first where that is our own group (home.h). Controllers that are enabled for it, memory and
 * where it has_cpuset cpuset, are journalled. Fills name and path of *parent.
 */
int group_v2_parent(struct group *parent, const struct host *host, struct journal *j,
		    struct error *e);

/*
 * Makes the directory of a top group, journalled, marked and held: *hold. -EEXIST: it is
 * there, and is another's, untouched.
 */
int group_claim(const char *directory, int *hold, struct journal *j, struct error *e);

/* Closes what group_claim() holds. */
void group_let_go(struct group *g);

#endif
