/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the probe that have a file of their own. For host*.c alone.
 */
#ifndef PAGESTORM_HOST_PROBE_H
#define PAGESTORM_HOST_PROBE_H

#include "harness/machine/host.h"

/*
 * cgroup_version, cgroup_mount and cgroup_own; 0 and "" where no memory controller is.
 * -ENAMETOOLONG with *e.
 */
int host_probe_cgroup(struct host *host, const char *root, struct error *e);

/* Brings available_bytes down to what the limited groups above this process have left. */
void host_clamp_available(struct host *host, const char *root);

/*
 * place, cgroup_base and place_why: where a run may make its groups. On v1 in our own group;
 * on v2 in our own group where its processes may be moved into a leaf (alone there, or they are
 * our ancestors, or the group is delegated or a namespace's root), else in the root.
 */
void host_probe_place(struct host *host, const char *root);

/* Whether the group, below the mount, is the root of the whole v2 hierarchy. */
bool host_is_v2_root(const struct host *host, const char *root, const char *group);

/* around: what applies from the groups that the run's are made below. */
void host_probe_around(struct host *host, const char *root);

/* cpus and the nodes, by hwloc. -EIO, -E2BIG or -ENOMEM with *e. */
int host_probe_topology(struct host *host, const char *root, struct error *e);

#endif
