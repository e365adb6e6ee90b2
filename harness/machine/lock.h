/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One live run at a time on a machine: two would count each other's pages and
 * undo each other's settings.
 *
 * The lock is flock(2) on the directory /proc/sys/vm, the thing it guards: it
 * needs no file, and the kernel drops it when the holder dies, however it dies.
 * A PID namespace with a /proc of its own has a lock of its own; the journal's
 * pid line is the second line of defence only where the state directory is shared.
 *
 * Any user can open that directory, and so hold the lock for ever. Root takes a second lock,
 * on a file that only root can open, which keeps root's runs apart; with it, root does not wait
 * longer than asked for a lock that no trusted user's process holds (trust.h).
 */
#ifndef PAGESTORM_LOCK_H
#define PAGESTORM_LOCK_H

#include <sys/types.h>

#include "harness/base/error.h"

struct lock {
	int fd;		    /* close-on-exec, so that workers do not keep it; -1: not held */
	int root_fd;	    /* the same of root's own lock */
	const char *object; /* the directory that is locked; a test has one of its own */
	const char *root_object; /* of root's own lock; NULL: none */
	char note[256]; /* a sentence: another user holds the lock, and root goes on; or "" */
};

/* Starts empty: fd -1, on the machine's own object. */
void lock_init(struct lock *l);

/*
 * Takes the lock, trying for at most wait_seconds (0: once). -EBUSY with a sentence
 * that names the holder where /proc/locks shows it (exit 75); -EINTR when a signal came. As
 * root 0 as well, with a note, when after that time only untrusted users' processes hold it.
 */
int lock_take(struct lock *l, unsigned wait_seconds, struct error *e);

/* Copes with one that is not held. */
void lock_release(struct lock *l);

/* Process that holds the lock; 0: none, or none that this PID namespace can see. */
pid_t lock_holder(void);

/* The same of another object. */
pid_t lock_holder_of(const char *object_path);

#endif
