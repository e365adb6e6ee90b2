/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ladder of an OOM: the growing process and idle ones of known size and
 * oom_score_adj beside it, and which of them the kernel will choose
 * (mm/oom_kill.c, oom_badness(): resident and swapped pages plus oom_score_adj
 * thousandths of all that there is).
 */
#ifndef PAGESTORM_LADDER_H
#define PAGESTORM_LADDER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "workloads/act/worker.h"

#define LADDER_VICTIMS_MAX (LEDGER_PROCESSES - 1)
#define LADDER_TEXT	   160
#define LADDER_HELP                                                                            \
	"idle processes beside the growing one, each size:oom_score_adj (40M:0 16M:500)"
#define LADDER_WRONG                                                                           \
	"victims is a list of size:oom_score_adj such as 40M:0 16M:500, and each adj is from " \
	"-1000 to 1000"

/* [0] is the growing process; its bytes are not known here. */
struct ladder {
	unsigned nr;
	uint64_t bytes[LADDER_VICTIMS_MAX + 1];
	int adj[LADDER_VICTIMS_MAX + 1];
};

/* "40M:0 16M:500", by spaces or commas; the adj may be left out. 0 or -EINVAL. Pure. */
int ladder_parse(const char *victims, int own_adj, struct ladder *l);

/* Bytes of all but the growing one. Pure. */
uint64_t ladder_others(const struct ladder *l);

/* Whether any adj is below zero, which needs CAP_SYS_RESOURCE. Pure. */
bool ladder_lowers(const struct ladder *l);

/*
 * Index of the process that the kernel will kill when the growing one holds
 * own_bytes and total_bytes is all memory and swap of the constraint. *lead: by
 * how many bytes it leads, counted from 1; 0 when nobody may be killed. Pure.
 */
unsigned ladder_victim(const struct ladder *l, uint64_t own_bytes, uint64_t total_bytes,
		       uint64_t page_bytes, int64_t *lead);

/* The idle processes of a ladder, in the worker. Empty when zeroed. */
struct ladder_crew {
	struct ladder ladder;
	int ready_pipe[2];
	struct pollfd victim[LADDER_VICTIMS_MAX]; /* pidfds: readable once it has exited */
	unsigned nr_victims;
};

/* Starts them, one after the other; each has filled its memory on return. 0 or -errno, told. */
int ladder_start(struct worker *w, struct ladder_crew *crew);

/*
 * Index of an idle process that has exited, waiting up to wait_ms for it, or 0.
 * It is reaped by the frame.
 */
unsigned ladder_died(struct ladder_crew *crew, int wait_ms);

/* Closes what was opened; the processes end with the worker. */
void ladder_release(struct ladder_crew *crew);

#endif
