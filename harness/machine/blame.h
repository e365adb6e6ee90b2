/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose limit an OOM kill was at. The kernel counts the kill in the victim's group, whatever
 * group's limit was hit. That one counts on v2 in its own memory.events.local, `oom`; v1 has
 * no such count, but charges that failed (memory.failcnt), and a group that was at its limit
 * has that as its peak (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).
 */
#ifndef PAGESTORM_BLAME_H
#define PAGESTORM_BLAME_H

#include "harness/machine/group.h"
#include "harness/machine/host.h"

#define BLAME_LEVELS                                                                           \
	16 /* groups from the run's parent upwards; those above are not told apart */

/* Hits of limits in the groups above a run's, before it. */
struct blame {
	unsigned version, nr;
	struct {
		char path[GROUP_PATH_BYTES];
		uint64_t hits;
	} level[BLAME_LEVELS];
	char limit_group[GROUP_PATH_BYTES]; /* v1: whose limit is the tightest; "": none */
};

enum blamed {
	BLAME_OWN,     /* the worker's group or the run's */
	BLAME_ABOVE,   /* one above: the group's path is given */
	BLAME_MACHINE, /* no group's limit: the machine was out of memory, or a node */
};

/* `mount` and `base` as in struct host: the groups of that path, from the lowest up. */
void blame_begin(struct blame *blame, const struct host *host);

/*
 * After a kill in groups[0], which lies in groups[1] and so on up to groups[nr - 1], the run's
 * own. above: filled for BLAME_ABOVE.
 */
enum blamed blame_find(const struct blame *blame, const struct group *const *groups,
		       unsigned nr, char above[GROUP_PATH_BYTES]);

#endif
