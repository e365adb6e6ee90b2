/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reclaim of the worker's own group, asked for by the worker itself:
 * memory.force_empty on cgroup v1, memory.reclaim (Linux 5.19) on v2. Only what the
 * group was charged goes, so nobody else's memory is touched.
 */
#ifndef PAGESTORM_RECLAIM_H
#define PAGESTORM_RECLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/api/workload.h"

/* This kernel offers it; pure. */
bool reclaim_offered(const struct workload_env *env);

/* Descriptor of the own group's file, for reclaim_now(); or -errno. */
int reclaim_open(const struct workload_env *env);

/*
 * Asks for `bytes` (v1: for everything). 0 also when the kernel found less than that
 * (EAGAIN, EBUSY): whoever asks looks at what is left. Otherwise -errno.
 */
int reclaim_now(const struct workload_env *env, int fd, uint64_t bytes);

#endif
