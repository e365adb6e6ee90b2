/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One OOM kill in a group of its own: from GO until the charge is released.
 * 0 with errno set when no group can be made below the caller's own.
 */
#ifndef PAGESTORM_OOM_CYCLE_H
#define PAGESTORM_OOM_CYCLE_H

#include <stdbool.h>
#include <stdint.h>

/* One MADV_POPULATE_WRITE over twice the limit. */
uint64_t oom_cycle_limit(uint64_t limit_bytes, bool huge);

/* The oom workload. */
uint64_t oom_cycle_workload(uint64_t limit_bytes, const char *settings);

#endif
