/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups: made, limited, read back, joined, killed, removed. The only
 * user of libcgroup, which creates, sets, attaches and deletes here; reading is
 * done with our own descriptors, because its readers truncate.
 *
 * The tree of a run, where host.h's cgroup_base says:
 *
 *	pagestorm-PID        nothing but the two below (with a random tail where that exists)
 *	  flush              the pump (flush.h)
 *	  run                [cgroup] limits: scope `run`
 *	    WORKER           a worker's own limits: scope `group`
 *
 * Limits carry cgroup v2 names. On v1 they are mapped: memory.max to
 * memory.limit_in_bytes, memory.swap.max to memory.memsw.limit_in_bytes (which
 * is memory and swap together). Limits that v1 lacks (memory.high, memory.low,
 * memory.min, memory.oom.group) are -EOPNOTSUPP.
 */
#ifndef PAGESTORM_GROUP_H
#define PAGESTORM_GROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/base/error.h"
#include "harness/machine/host.h"
#include "harness/machine/limit.h"
#include "harness/machine/journal.h"

#define GROUP_PATH_BYTES 1024

struct group {
	unsigned version;	     /* of the memory controller: 1 or 2; 0: not made */
	bool has_cpuset;	     /* also made in the cpuset hierarchy (always so on v2) */
	char name[GROUP_PATH_BYTES]; /* below the memory hierarchy's mount */
	char cpuset_name[GROUP_PATH_BYTES]; /* below the cpuset hierarchy's mount (v1) */
	char path[GROUP_PATH_BYTES];	    /* the memory hierarchy's directory, absolute */
	char cpuset_path[GROUP_PATH_BYTES];
	int hold, cpuset_hold; /* top: locks that show it is alive (groupmark.h); 0: none */
};

/* What lets a run make its groups where it could not, for the end of a sentence. */
const char *group_remedy(const struct host *host);

/*
 * Whether group_make_top() has a place where we may make it; nothing is made. -ENODEV: no
 * memory controller; -EACCES: workers run in place, with the reason and what helps.
 */
int group_permitted(const struct host *host, struct error *e);

/*
 * Makes the run's top group exclusively, marks it and journals its identity. cpuset: also in
 * the cpuset hierarchy. One that another process made is neither used nor removed.
 * -ENODEV: no memory controller here; -EACCES: not ours to write, with what to do;
 * -ENAMETOOLONG: our own group lies too deep.
 */
int group_make_top(struct group *top, const struct host *host, bool cpuset, struct journal *j,
		   struct error *e);

/*
 * On cgroup v1 vm.swappiness is the root group's alone: every other group has its own
 * memory.swappiness, taken from its parent when it is made
 * (Documentation/admin-guide/cgroup-v1/memory.rst, 5.3). So that the setting reaches
 * the workers, the top group gets it before its children are made. Nothing on v2.
 */
int group_set_swappiness(const struct group *top, const char *value, struct error *e);

/*
 * Makes a child for processes, with limits (NULL: none), and reads each back. On failure
 * nothing is left of it.
 * -EIO: the kernel kept another value; -EOPNOTSUPP: this version has no such limit;
 * -ENAMETOOLONG.
 */
int group_make(struct group *g, const struct group *parent, const char *name,
	       const struct limits *limits, struct error *e);

/* The same for a child that will have children and no processes. */
int group_make_inner(struct group *g, const struct group *parent, const char *name,
		     const struct limits *limits, struct error *e);

/* Moves a process (0: the caller) into the group. Async-signal-unsafe: between fork and exec
 * only of a single-threaded harness. */
int group_attach(const struct group *g, pid_t pid);

/* SIGKILLs all members and those of child groups, and waits until none is left (cgtree_kill).
 */
int group_kill(const struct group *g, struct error *e);

/* Removes it and its children, killing members first. Copes with one that is not there. */
int group_remove(struct group *g, struct error *e);

/* One number from a file of the group's memory directory; -ENOENT, -EINVAL ("max"). */
int group_read_number(const struct group *g, const char *file, uint64_t *value);

/* The value of one key of a flat keyed file (memory.stat, memory.events, memory.oom_control).
 */
int group_read_key(const struct group *g, const char *file, const char *key, uint64_t *value);

/* OOM kills that the kernel counted in this group itself. */
int group_oom_kills(const struct group *g, uint64_t *kills);

#endif
