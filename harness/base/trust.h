/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a file may be believed. A profile can change the machine and an adapter is a
 * list of commands, so that one which another user can write is that user's to run as us
 * (CWE-426, CWE-427). Trusted are root, the invoking user, and for root the user who called
 * sudo (SUDO_UID).
 */
#ifndef PAGESTORM_TRUST_H
#define PAGESTORM_TRUST_H

#include <stddef.h>

#include "harness/base/error.h"

/*
 * Walks from / to the file or directory, through each symbolic link: every part must belong to
 * a trusted user, and no one else may write it. Group-writable is let pass for root's
 * group and for a trusted user's own group without other members; a directory that all can
 * write only when it is sticky (/tmp), where what lies in it is its owner's.
 * -EPERM: a sentence with the part, the reason and the way out; another -errno: it cannot be
 * looked at. A pipe (`<(…)`) is its writer's, and is not walked to.
 */
int trust_path(const char *path, struct error *e);

/*
 * Finds a program in the absolute directories of search, as $PATH has them (NULL: the
 * system's): an empty or relative one means wherever the caller happens to be. A name with a
 * slash is itself. -ENOENT: none.
 */
int trust_find_program(const char *name, const char *search, char *path, size_t path_bytes);

#endif
