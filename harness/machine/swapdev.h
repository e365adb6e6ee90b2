/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A swap device of the run's own: a file or a zram device, made, switched on and
 * journalled. The swap header is written by us (mm/swapfile.c: version 1,
 * "SWAPSPACE2" in the last ten bytes of the first page). Neighbours' swap is never touched.
 */
#ifndef PAGESTORM_SWAPDEV_H
#define PAGESTORM_SWAPDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/machine/journal.h"
#include "workloads/api/workload.h"

struct swapdev {
	enum swap_kind kind;
	char path[256]; /* as /proc/swaps names it */
	uint64_t bytes; /* usable */
	int priority;
	bool on;
};

/* What swapdev_make() is asked for. */
struct swap_request {
	enum swap_kind kind;
	/*
	 * FILE: the file to create, or the directory for it, on a disk file system that can
	 * swap; a file's own name, or a directory's above it, says pagestorm or .partial.
	 */
	const char *path;
	const char *algorithm; /* ZRAM: of its compressor; NULL or "": the kernel's default */
	uint64_t bytes;	       /* usable, rounded up to pages */
	int priority;	       /* -1: the kernel's choice */
};

/*
 * -EINVAL for a path that does not look like ours; -EOPNOTSUPP when this machine cannot.
 * On failure nothing is left of it.
 */
int swapdev_make(struct swapdev *s, struct journal *j, const struct swap_request *request,
		 struct error *e);

/* swapoff and removal; the journal's entries of it are forgotten. Copes with an empty one. */
int swapdev_remove(struct swapdev *s, struct journal *j, struct error *e);

#endif
