/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no journal lists but looks like ours: left when the journal itself was lost, or named
 * like ours by accident. It finds and distinguishes the two; undo_act() removes.
 */
#ifndef PAGESTORM_ORPHAN_H
#define PAGESTORM_ORPHAN_H

#include "harness/machine/undo.h"

enum orphan_state {
	ORPHAN_OURS,	 /* carries our mark, and its maker is provably dead: may be undone */
	ORPHAN_ALIVE,	 /* carries our mark, and its maker lives, or may live */
	ORPHAN_UNPROVEN, /* has our name or label and no mark: not to be touched */
};

struct orphan {
	struct undo undo;
	enum orphan_state state;
};

/*
 * Calls found() with each, in the order in which they must be undone: groups named pagestorm…,
 * swap with our label and its file, zram devices with our label, loop devices on a file named
 * pagestorm…. found() may undo it. A result of found() that is not 0 ends the search and is
 * returned.
 */
int orphans_each(int (*found)(const struct orphan *orphan, void *context), void *context);

#endif
