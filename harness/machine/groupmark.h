/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mark on a cgroup directory of ours: an extended attribute that says which process made
 * it, and a lock that its maker holds on it as long as it lives. With it a group is known to
 * be ours when the journal is lost; without it a group counts as another's, whatever its
 * name. cgroup file systems take trusted.* (CAP_SYS_ADMIN), and user.* from
 * Linux 5.7 on.
 */
#ifndef PAGESTORM_GROUPMARK_H
#define PAGESTORM_GROUPMARK_H

#include <stdbool.h>

#include "harness/machine/identity.h"
#include "harness/machine/maker.h"

struct groupmark {
	char token[TOKEN_BYTES];
	struct maker maker;
};

/*
 * Opens the directory and locks it (flock(2)). A descriptor above 2, close-on-exec, to be
 * kept until the group is removed; -EAGAIN: another process holds it; another -errno.
 */
int groupmark_hold(const char *directory);

/* Marks the group behind the descriptor. -EOPNOTSUPP, -EPERM: the kernel refuses. */
int groupmark_set(int fd, const char *token);

/*
 * Marks a group that its maker keeps for a moment, so that restore knows it should the maker be
 * killed; returns what groupmark_hold() returns, to be closed when the group is removed. Where
 * no mark can be set, restore only lists it.
 */
int groupmark_label(const char *directory);

/*
 * Makes a probe's group, "…/pagestorm-probe-PID", exclusively. As root its owning group is a
 * number of this process from its first moment on, since a mark can only be set afterwards.
 * -errno of mkdir(2).
 */
int groupmark_make_probe(const char *directory);

/* Whether a process of this PID namespace made it so, which is dead, and did not come to mark
 * it.
 */
bool groupmark_is_dead_probe(const char *directory);

/*
 * The mark of a group. -ENODATA: it has none, or one that is not to be believed: user.* on
 * a directory of another user.
 */
int groupmark_get(const char *directory, struct groupmark *mark);

/* Whether its maker holds it, in whatever PID namespace. Of a marked group only. */
bool groupmark_is_held(const char *directory);

#endif
