/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The undoing of one journalled act. Each act is looked at again before it is undone:
 * what is gone already is fine; what another process has changed since, and what has no
 * longer the identity that was recorded, is reported and left; and what does not look like
 * ours is refused, so that a damaged journal harms no one.
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
	void (*warn)(const char *sentence); /* what was left alone; NULL: silent */
};

/* Whether it may be undone at all, judged by its names alone. NULL, or what is wrong with it.
 */
const char *undo_objection(const struct undo *u);

/*
 * 0: undone, or nothing was left of it, or it is not ours (any more): reported and left.
 * -EBADMSG: refused, see undo_objection(). Another -errno: could not, try again later.
 */
int undo_act(const struct undo *u, struct error *e);

/*
 * A file, folder or mount point of ours, by its name: it begins with pagestorm, or a
 * folder above it begins with pagestorm- or ends in .partial, as a run's folder does.
 */
bool undo_is_our_file(const char *path);

#endif
