/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proactive reclaim of the worker's own group: memory.force_empty on cgroup v1,
 * memory.reclaim (Linux 5.19) on v2. It reclaims only what the group was charged for.
 */
#ifndef PAGESTORM_RECLAIM_H
#define PAGESTORM_RECLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/api/workload.h"

/* Whether this kernel has the file. Pure. */
bool reclaim_offered(const struct workload_env *env);

/* Descriptor of the own group's file, for reclaim_now(), or -errno. */
int reclaim_open(const struct workload_env *env);

/*
 * Requests the reclaim of `bytes` (v1: of everything). 0 also where the kernel reclaimed
 * less (EAGAIN, EBUSY): the caller counts what is left. Otherwise -errno.
 */
int reclaim_now(const struct workload_env *env, int fd, uint64_t bytes);

#endif
