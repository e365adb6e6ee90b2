/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cgroup v2 group hands controllers down only while it has no processes of its own
 * (Documentation/admin-guide/cgroup-v2.rst, "No Internal Process Constraint"). So before a run
 * makes groups below our own, all that is in it, this process first, moves into a leaf,
 * pagestorm-home-PID-TOKEN, and afterwards back. Their limits stay those of the group above
 * the leaf.
 */
#ifndef PAGESTORM_HOME_H
#define PAGESTORM_HOME_H

#include "harness/base/error.h"
#include "harness/machine/journal.h"

/*
 * Moves all processes of the group into a leaf of it, journalled (JOURNAL_HOME). On failure
 * they are back. -EBUSY: some cannot be moved.
 */
int home_leave(const char *directory, struct journal *j, struct error *e);

/*
 * Moves the processes of the leaf to the group above it, and removes it. *moved: how many.
 * -EBUSY: the group above still hands controllers down, or some cannot be moved.
 */
int home_return(const char *leaf, unsigned *moved, struct error *e);

#endif
