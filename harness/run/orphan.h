/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is ours by its name or label but stands in no journal: left when the journal
 * itself was lost. It finds; undo_act() removes.
 */
#ifndef PAGESTORM_ORPHAN_H
#define PAGESTORM_ORPHAN_H

#include "harness/run/undo.h"

/*
 * Calls found() with each, in the order in which they must go: groups (but for those
 * whose name ends in the id of a process that lives), swap with our label and
 * its file, zram devices with our label, loop devices on a file called pagestorm….
 * found() may undo it. A result of found() that is not 0 ends the search and is returned.
 * Only under the lock is nothing of a live run among them.
 */
int orphans_each(int (*found)(const struct undo *orphan, void *context), void *context);

#endif
