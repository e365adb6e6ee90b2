/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: what a run has changed on the machine, on disk before the change.
 *
 * One text file in the state directory ($PAGESTORM_STATE_DIR, else
 * /var/lib/pagestorm), one line an entry, fsync'd before journal_note() returns.
 * It goes away, with its directory, when all is undone. After kill -9 `pagestorm
 * restore`, or the next run, undoes what it lists. It carries the boot id: after
 * a reboot settings, groups and swap are gone already and only files remain.
 */
#ifndef PAGESTORM_JOURNAL_H
#define PAGESTORM_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/error.h"

enum journal_kind {
	JOURNAL_SETTING, /* what: path of the file; before, after: its values */
	JOURNAL_GROUP,	 /* what: absolute path of a cgroup directory, removed with its children
			  */
	JOURNAL_SWAP,	 /* what: device or file: swapoff */
	JOURNAL_ZRAM,	 /* what: /dev/zramN made by hot_add: reset and removed */
	JOURNAL_LOOP,	 /* what: /dev/loopN; before: its backing file */
	JOURNAL_FILE,	 /* what: path: unlink */
	JOURNAL_MOUNT,	 /* what: mount point: umount and rmdir */
};

struct journal {
	int fd;
	char directory[256];
	char path[320];
};

/* Starts empty: fd -1. */
void journal_init(struct journal *j);

/* True when a journal of an earlier run is there. */
bool journal_leftover(void);

/* -EEXIST when an earlier run's journal is there: restore it first. */
int journal_open(struct journal *j, const char *run, struct error *e);

/* before and after may be NULL. Call it before the act. */
int journal_note(struct journal *j, enum journal_kind kind, const char *what,
		 const char *before, const char *after, struct error *e);

/*
 * Undoes entries from the newest back to `keep` (0: all) and forgets them. A
 * setting that somebody else changed in between is left as it is and told.
 * 0, or -EUCLEAN when something could not be undone (exit 5), with all the rest undone.
 */
int journal_undo(struct journal *j, size_t keep, struct error *e);

/* Number of entries not yet undone. */
size_t journal_length(const struct journal *j);

/* Undoes everything and removes the journal and its directory. */
int journal_close(struct journal *j, struct error *e);

/*
 * `pagestorm restore`: undoes an earlier run's journal, if there is one.
 * say() gets one sentence per thing undone. 0; -EUCLEAN as above. Idempotent.
 */
int journal_recover(void (*say)(const char *sentence), struct error *e);

#endif
