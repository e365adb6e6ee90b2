/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OOM kills of the whole machine (oom_kill of /proc/vmstat). The kernel counts a kill
 * before it sends the signal (mm/oom_kill.c, __oom_kill_process()), so before the memory of
 * the killed process is free.
 */
#ifndef PAGESTORM_KILLS_H
#define PAGESTORM_KILLS_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/act/worker.h"

#define KILLS_TEXT_BYTES (32 << 10) /* /proc/vmstat has 4 to 8 KiB */

/* Empty when zeroed. */
struct kills {
	int fd; /* 0: not open */
	uint64_t seen;
	char text[KILLS_TEXT_BYTES];
};

/* Takes the first count. 0 or -errno (reported through worker_fail()). */
int kills_open(struct worker *w, struct kills *k);

/* Whether the count rose since the last call. */
bool kills_rose(struct kills *k);

void kills_close(struct kills *k);

#endif
