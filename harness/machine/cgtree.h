/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cgroup and everything below it, emptied and removed: by directory, on any
 * hierarchy of either version, without libcgroup, because after kill -9 only the
 * path is left.
 */
#ifndef PAGESTORM_CGTREE_H
#define PAGESTORM_CGTREE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"

/* The name of each group of ours is this, or begins with it and a dash; others' may, too. */
#define CGTREE_PREFIX "pagestorm"

/* An absolute path without "..", whose last part begins with CGTREE_PREFIX. */
bool cgtree_has_our_name(const char *directory);

/*
 * Kills every member of the group and of the groups below it, and waits, at most 10 s,
 * until all are gone. cgroup.kill (v2, Linux 5.14) where it exists, else SIGKILL to
 * each in cgroup.procs until the lists are empty. 0 when the group is not there;
 * -EBUSY when members remain; -EPERM when it holds the caller. `killed`, if not NULL:
 * members seen. For a group that the caller has made, whatever its name is.
 */
int cgtree_kill(const char *directory, unsigned *killed, struct error *e);

/* rmdir from the deepest up, waiting at most 2 s for each to be let go of. Idempotent. */
int cgtree_rmdir(const char *directory, struct error *e);

/*
 * cgtree_kill() and cgtree_rmdir(). -EPERM for a group without our name; the caller has
 * verified that it is ours.
 */
int cgtree_remove(const char *directory, unsigned *killed, struct error *e);

/* Members of the group and of the groups below it. -errno. */
int cgtree_count(const char *directory, unsigned *members);

/* What found() of cgtree_each() returns for a group that others may lie in. */
#define CGTREE_DESCEND 1

/*
 * Calls found() with each group that has our name, in every mounted cgroup hierarchy; a name
 * does not prove that it is ours. found() may remove it. With CGTREE_DESCEND the groups below
 * it are visited as well; another result that is not 0 ends the search and is returned.
 */
int cgtree_each(int (*found)(const char *directory, void *context), void *context);

#endif
