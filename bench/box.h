/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a bench row runs: a child process in a group of its own with a limit, with
 * a scratch folder and a swap device when it needs them. All of it is journalled as
 * a run's is, and so is gone however the bench ends: at its end, after Ctrl-C, and
 * after kill -9 by `pagestorm restore`.
 *
 * Holds the machine's lock: a run beside it would be measured with it.
 */
#ifndef PAGESTORM_BOX_H
#define PAGESTORM_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/machine/host.h"
#include "harness/machine/group.h"
#include "harness/machine/journal.h"
#include "harness/machine/lock.h"
#include "harness/machine/swapdev.h"
#include "workloads/api/workload.h"

struct box {
	struct host host;
	struct lock lock;
	struct journal journal;
	struct group top;      /* version 0: this user can make none */
	struct error no_group; /* why */
	struct swapdev swap;
	char scratch[512];
	unsigned nr_groups; /* made so far: their names */
	bool open;
};

/* Waits up to a minute for the lock. Blocks SIGINT, SIGTERM and SIGHUP: see box_interrupted().
 */
int box_open(struct box *b, struct error *e);

/* Undoes everything. Copes with one that is half open. */
int box_close(struct box *b, struct error *e);

/* True once one of these signals came. */
bool box_interrupted(const struct box *b);

/* A group below the box's with that memory.max; removed by group_remove(). */
int box_group(struct box *b, uint64_t limit_bytes, struct group *g, struct error *e);

/* Makes the scratch folder, next to the results, when it is not there yet. */
int box_scratch(struct box *b, struct error *e);

/* A swap device of the bench's own, until box_remove_swap(); bytes as of swapdev_make(). */
int box_make_swap(struct box *b, enum swap_kind kind, uint64_t bytes, struct error *e);
int box_remove_swap(struct box *b, struct error *e);

/* What the workloads may know: the machine, the limit, the swap device and the folder. */
void box_env(const struct box *b, uint64_t limit_bytes, struct workload_env *env);

/*
 * Runs body in a child in a group of limit_bytes (0: no group) and waits. What body returns,
 * 0 to 99, comes back; -EINTR when a signal came, -ECHILD when the child was killed.
 */
int box_run(struct box *b, uint64_t limit_bytes, int (*body)(void *arg), void *arg,
	    struct error *e);

#endif
