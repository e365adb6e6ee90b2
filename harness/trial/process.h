/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One child of the harness: this program, exec'd again as a worker or as the
 * pump, inside a group, with a command pipe, a report pipe and a pidfd.
 *
 * Order in the child: own process group, PDEATHSIG, join the group,
 * oom_score_adj, affinity, exec. It joins before it exec's, so that everything it
 * maps is charged to its group; it exec's, so that its counters begin with a
 * small process and not with a copy of the harness.
 */
#ifndef PAGESTORM_PROCESS_H
#define PAGESTORM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/base/error.h"
#include "harness/machine/group.h"
#include "workloads/api/ledger.h"

struct process {
	pid_t pid; /* 0: not started */
	int pidfd;
	int command_fd;	       /* we write 'G' and 'B' */
	int report_fd;	       /* we read 'R', 'H', 'F' */
	struct ledger *ledger; /* NULL for the pump */
	int ledger_fd;
	bool reaped;
	int wait_status; /* as of waitpid(2), once reaped */
};

/* What process_start() sets up in the child before exec. */
struct process_setup {
	const char *argument; /* --worker or --flush-pump */
	const struct group *group;
	bool oom_score_adj_set;
	int oom_score_adj;
	const char *cpus; /* affinity list; "" or NULL: any */
	/* A program to run the worker under (valgrind …): its argv, NULL-terminated; NULL:
	 * none. */
	char *const *wrapper;
};

/* All descriptors -1. */
void process_init(struct process *p);

/* Makes and writes the ledger: its pages are charged to the harness. */
int process_make_ledger(struct process *p, struct error *e);

/* Forks and exec's; a failure in the child before exec comes back here as a sentence. */
int process_start(struct process *p, const struct process_setup *setup, struct error *e);

/* Writes one command byte. -EPIPE: the child has gone. */
int process_send(struct process *p, char command);

/* Reads one report byte within a bound. -ETIMEDOUT; -EPIPE: the child has gone. */
int process_receive(struct process *p, uint64_t timeout_ns, char *report);

/* SIGKILL to the child's process group. Copes with one that is gone. */
void process_kill(struct process *p);

/* Waits for the end within a bound and reaps. -ETIMEDOUT: it still runs. */
int process_reap(struct process *p, uint64_t timeout_ns);

/* Kills, reaps, closes, unmaps. */
void process_release(struct process *p);

#endif
