/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and directories that a run makes for itself where others may exist: made without
 * touching any of those, and journalled with their identity, so that undoing touches
 * nothing else either. At no moment is another's recorded as ours, and at none does kill -9
 * leave one of ours that is not recorded.
 */
#ifndef PAGESTORM_OWNFILE_H
#define PAGESTORM_OWNFILE_H

#include <limits.h>

#include "harness/base/error.h"
#include "harness/machine/journal.h"

struct ownfile {
	int fd;			  /* to be filled; no other process can open it by name yet */
	int dirfd;		  /* its directory */
	char path[PATH_MAX];	  /* that it is to have, absolute */
	char temporary[PATH_MAX]; /* where the file system has no O_TMPFILE, its name so far;
				   * journalled, and random, so that it cannot be another's */
};

/*
 * A new file, mode 0600, which has no name yet (or an unguessable one). path is absolute, its
 * directory is resolved already (realpath(3)). -EEXIST at once when something is there.
 */
int ownfile_begin(struct ownfile *f, const char *path, struct journal *j, struct error *e);

/* Gives it its name, journalled (JOURNAL_FILE). -EEXIST: another's file is there, untouched. */
int ownfile_publish(struct ownfile *f, struct journal *j, struct error *e);

/* Closes it; one that was never published is gone. Copes with one that was not begun (fd -1).
 */
void ownfile_close(struct ownfile *f, struct journal *j);

/* The same for a directory, mode 0700, empty. -EEXIST: something is there, untouched. */
int ownfile_directory(const char *path, struct journal *j, struct error *e);

#endif
