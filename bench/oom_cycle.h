/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One OOM kill in a dedicated group, timed from GO until the charge of the killed process is
 * released: by a limit loop that populates in one call, and by the oom workload. 0 with errno
 * if the group could not be made or no kill came.
 */
#ifndef PAGESTORM_OOM_CYCLE_H
#define PAGESTORM_OOM_CYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/box.h"

uint64_t oom_cycle_limit(struct box *b, uint64_t limit_bytes, bool huge);

/* settings: of the oom workload */
uint64_t oom_cycle_workload(struct box *b, uint64_t limit_bytes, const char *settings);

#endif
