/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills for want of memory on the whole machine, as /proc/vmstat counts them: before the
 * signal is sent (mm/oom_kill.c, __oom_kill_process()), so a killed process is counted
 * before its memory is free.
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

/* Looks for the first time. 0 or -errno, told. */
int kills_open(struct worker *w, struct kills *k);

/* Whether there were more since the last look. */
bool kills_rose(struct kills *k);

void kills_close(struct kills *k);

#endif
