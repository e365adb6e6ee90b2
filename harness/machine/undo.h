/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Undoes one journalled act. Each is checked again before it is undone: one that is gone
 * already is fine; one that another process has changed since, or that no longer has the
 * recorded identity, is reported and left unchanged; and one that does not look like ours is
 * refused, so that a damaged journal does no harm.
 */
#ifndef PAGESTORM_UNDO_H
#define PAGESTORM_UNDO_H

#include <stdbool.h>

#include "harness/base/error.h"
#include "harness/machine/journal.h"

struct undo {
	enum journal_kind kind;
	const char *what, *before, *after;  /* before and after may be NULL */
	const char *identity;		    /* see journal.h; NULL: of an earlier version */
	const char *root;		    /* "" on the real machine */
	bool rebooted;			    /* since the act: only files can be left */
	void (*say)(const char *sentence);  /* what was undone; NULL: silent */
	void (*warn)(const char *sentence); /* what was left unchanged; NULL: silent */
};

/* Whether it may be undone at all, by its names alone. NULL, or the objection: a clause. */
const char *undo_objection(const struct undo *u);

/*
 * 0: undone, or nothing was left of it, or it is not ours (any more): reported and left.
 * -EBADMSG: refused, see undo_objection(). Another -errno: could not, try again later.
 */
int undo_act(const struct undo *u, struct error *e);

/*
 * A file, directory or mount point of ours, by its name: it begins with pagestorm, or a
 * directory above it begins with pagestorm- or ends in .partial, as a results directory does.
 */
bool undo_is_our_file(const char *path);

#endif
