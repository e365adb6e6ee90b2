/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A workload's private file in the trial's scratch directory, gone with the worker. */
#ifndef PAGESTORM_SCRATCH_H
#define PAGESTORM_SCRATCH_H

#include "workloads/act/worker.h"

struct scratch {
	int fd; /* -1: not open */
	char path[sizeof(((struct workload_env *)0)->scratch_dir) +
		  sizeof(((struct ledger *)0)->workload) +
		  sizeof(((struct ledger *)0)->worker)];
};

/*
 * Creates WORKLOAD-WORKER, empty and open for reading and writing; replaces what a killed
 * worker left under that name. 0 or -errno (reported through worker_fail()).
 */
int scratch_create(struct worker *w, struct scratch *s);

/* Unlinks, then closes: dirty pages of a file without a name need not be written back. */
void scratch_remove(struct scratch *s);

#endif
