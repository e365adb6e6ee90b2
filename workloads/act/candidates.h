/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The candidates of an OOM kill: the growing process, idle ones of known size and
 * oom_score_adj beside it, and which of them the kernel selects (mm/oom_kill.c,
 * oom_badness(): resident and swapped pages and page tables, plus oom_score_adj
 * thousandths of the memory and swap of the constraint).
 */
#ifndef PAGESTORM_CANDIDATES_H
#define PAGESTORM_CANDIDATES_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "workloads/act/worker.h"

#define CANDIDATES_IDLE_MAX (LEDGER_PROCESSES - 1)
#define CANDIDATES_TEXT	    160
#define CANDIDATES_HELP                                                                        \
	"idle processes beside the growing one, each size:oom_score_adj (40M:0 16M:500)"
/* The option `victims`. */
#define CANDIDATES_OPTION(at)                                                                  \
	{                                                                                      \
		.name = "victims", .type = OPTION_TEXT, .fallback = "",                        \
		.help = CANDIDATES_HELP, .capacity = CANDIDATES_TEXT, at                       \
	}
#define CANDIDATES_WRONG                                                                       \
	"victims must be a list of size:oom_score_adj (40M:0 16M:500) with adj from -1000 to 1000"

/* [0] is the growing process, whose size is not known here. */
struct candidates {
	unsigned nr;
	uint64_t bytes[CANDIDATES_IDLE_MAX + 1];
	int adj[CANDIDATES_IDLE_MAX + 1];
};

/* "40M:0 16M:500": separators are spaces or commas; adj is optional. 0 or -EINVAL. Pure. */
int candidates_parse(const char *victims, int own_adj, struct candidates *c);

/* Bytes of the idle processes together. Pure. */
uint64_t candidates_idle_bytes(const struct candidates *c);

/* Whether any adj is negative, which requires CAP_SYS_RESOURCE. Pure. */
bool candidates_lower_scores(const struct candidates *c);

/*
 * Index of the process that the kernel kills when the growing one holds own_bytes and
 * total_bytes is the memory and swap of the constraint. *lead: bytes by which its
 * badness exceeds the next one's, plus 1; 0: no candidate may be killed. Pure.
 */
unsigned candidates_victim(const struct candidates *c, uint64_t own_bytes, uint64_t total_bytes,
			   uint64_t page_bytes, int64_t *lead);

/* The running idle processes, in the worker. Empty when zeroed. */
struct idle_candidates {
	struct candidates candidates;
	int ready_pipe[2];
	struct pollfd process[CANDIDATES_IDLE_MAX]; /* pidfds: readable once it has exited */
	unsigned nr;
};

/*
 * Starts the idle processes one by one; on return each has filled its memory. 0 or -errno
 * (reported through worker_fail()).
 */
int candidates_start(struct worker *w, struct idle_candidates *idle);

/*
 * Index of an idle process that has exited, or 0 after wait_ms. The worker's frame reaps
 * the process.
 */
unsigned candidates_died(struct idle_candidates *idle, int wait_ms);

/* Closes the descriptors; the processes exit with the worker. */
void candidates_release(struct idle_candidates *idle);

#endif
