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

/* cpus and the nodes, by hwloc. -EIO, -E2BIG or -ENOMEM with *e. */
int host_probe_topology(struct host *host, const char *root, struct error *e);

#endif
