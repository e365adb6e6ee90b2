/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: what a run has changed on the machine, on disk before the change.
 *
 * A thing that a run makes is recorded with its identity, and is undone only while it still
 * has it: a name alone is never enough. Entries of earlier versions, without identity, are
 * left to a person unless the contents of the thing prove it.
 *
 * One text file in the state directory ($PAGESTORM_STATE_DIR, else
 * /var/lib/pagestorm for root, else $XDG_STATE_HOME/pagestorm or
 * ~/.local/state/pagestorm, or where that is not the user's alone to write
 * /dev/shm/pagestorm-UID), one line an entry, fsync'd before journal_note() returns.
 * It is removed, with its directory if that was made for it, when all is undone. After
 * kill -9 `pagestorm restore` undoes what it lists. It records the boot id: after a reboot
 * settings, groups and swap are gone already and only files remain.
 *
 * A process that opens or recovers the journal holds the lock (lock.h), which covers one PID
 * namespace. The journal itself is locked too (fcntl(2), F_SETLK) as long as its run lives,
 * in whatever namespace.
 *
 *	pagestorm-journal 2
 *	boot <tab> boot id
 *	run <tab> name
 *	process <tab> pid <tab> start time in ticks <tab> PID namespace (from version 2 on)
 *	directory <tab> made, or found
 *	setting <tab> what <tab> before <tab> after
 *	file <tab> what <tab> before <tab> after <tab> identity (where there is one)
 *	undone <tab> number of the entry, from 0
 *
 * Control bytes and the backslash are \ooo, a NULL is \-. A last line without its
 * newline was never acted upon.
 */
#ifndef PAGESTORM_JOURNAL_H
#define PAGESTORM_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"

enum journal_kind {
	/*
	 * what: path of the file; before, after: its values. after NULL: the kernel
	 * changes it as a side effect, whatever it then holds is put back.
	 * Of a cgroup.subtree_control the controllers in after are switched off again.
	 */
	JOURNAL_SETTING,
	/*
	 * what: absolute path of a cgroup directory, removed with its children; identity:
	 * identity_of() it, a space and the token of its mark. Or, before it is made,
	 * "mode:" and the mode that it is made with: it goes while it has that and no members.
	 */
	JOURNAL_GROUP,
	JOURNAL_SWAP, /* what: device or file: swapoff; identity: UUID in its swap header */
	/*
	 * what: /dev/zramN; before: "made" by hot_add (reset and removed) or "found" unused
	 * (reset); after: its disksize. Or what: /dev/zram*; before: the numbers that there
	 * were before hot_add: a new and unused one is reported, since it may be another's.
	 * identity: identity_of() its directory in /sys, a space and the UUID of its swap
	 * header.
	 */
	JOURNAL_ZRAM,
	JOURNAL_LOOP, /* what: /dev/loopN; before: its backing file. Read, but never written */
	/*
	 * what: path of a file; or of a directory, removed with what is in it inside a run's
	 * directory (….partial/), else only when empty. identity: identity_of() it, or
	 * "token:" and the random part of its name.
	 */
	JOURNAL_FILE,
	JOURNAL_MOUNT, /* what: mount point. Read, but never written */
	/*
	 * what: absolute path of the leaf that processes of the group above it were moved into:
	 * they go back and it is removed. identity: "token:" and the random part of its name.
	 */
	JOURNAL_HOME,
};

/* One entry. Pointers may be NULL, but for what. */
struct journal_act {
	enum journal_kind kind;
	const char *what, *before, *after, *identity;
};

struct journal {
	int fd;
	char directory[256];
	char path[320];
	const char *root; /* "": this machine; else paths of settings are taken below it */
	void (*say)(const char *sentence);  /* one per thing undone; NULL: silent */
	void (*warn)(const char *sentence); /* one per thing left unchanged; NULL: silent */
};

/* Starts empty: fd -1, root "", silent. Set root, say and warn after it. */
void journal_init(struct journal *j);

/* True when a journal is there: of an earlier run, or of a live one. */
bool journal_leftover(void);

/*
 * True when another live process holds it, in whatever PID namespace. Not for one that has it
 * open itself: closing a second descriptor drops the lock.
 */
bool journal_is_held(void);

/* -EEXIST when an earlier run's journal is there: restore it first. */
int journal_open(struct journal *j, const char *run, struct error *e);

/*
 * Call it before the act. -EPERM for an act that undoing would refuse (a group not named
 * pagestorm…, a file in no directory of ours, an unknown setting).
 */
int journal_note(struct journal *j, const struct journal_act *act, struct error *e);

/*
 * Undoes entries from the newest back to `keep` (0: all) and forgets them. A
 * setting that another process changed since is reported and left unchanged.
 * 0, or -EUCLEAN when something could not be undone (exit 5), with all the rest undone.
 */
int journal_undo(struct journal *j, size_t keep, struct error *e);

/*
 * Undoes the newest entry of that kind and name, wherever it stands, and forgets it.
 * 0 as well when there is none.
 */
int journal_undo_one(struct journal *j, enum journal_kind kind, const char *what,
		     struct error *e);

/* Forgets the newest entry of that kind and name without undoing it: its act did not happen. */
int journal_forget(struct journal *j, enum journal_kind kind, const char *what,
		   struct error *e);

/* Number of entries not yet undone. */
size_t journal_length(const struct journal *j);

/* Undoes everything and removes the journal and its directory; kept while something is left. */
int journal_close(struct journal *j, struct error *e);

/*
 * Opens an earlier run's journal, so that journal_close() undoes it.
 * -ENOENT: there is none; -EBUSY: its run is still alive, or may be, in a PID namespace that
 * cannot be seen from here; -EPERM: another user's file or directory.
 */
int journal_adopt(struct journal *j, struct error *e);

/*
 * `pagestorm restore`: undoes an earlier run's journal, if there is one.
 * say() gets one sentence per thing undone or left unchanged. 0; -EUCLEAN as above; -EBUSY
 * when that run still lives. Idempotent. Lines that cannot be understood are reported and
 * kept in a file beside it, for a person.
 */
int journal_recover(void (*say)(const char *sentence), struct error *e);

#endif
