/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a file is trusted. A profile can change the machine and an adapter is a list of
 * commands: through one that another user can write, that user runs commands as us (CWE-426,
 * CWE-427). Trusted are root, the invoking user, and for root the user who called sudo
 * (SUDO_UID).
 */
#ifndef PAGESTORM_TRUST_H
#define PAGESTORM_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/base/error.h"

/* Root, the invoking user, and for root the user who called sudo. */
bool trust_user(uid_t uid);

/*
 * Walks from / to the file or directory, through each symbolic link: every part must belong to
 * a trusted user, and be writable by no other. Group-writable is accepted for root's group
 * and for a trusted user's own group without other members; a directory that all can write
 * only when it is sticky (/tmp), where each file stays its owner's.
 * -EPERM: a sentence with the part, the reason and the remedy; another -errno: stat(2) failed.
 * A pipe (`<(…)`) is judged by its owner alone.
 */
int trust_path(const char *path, struct error *e);

/*
 * Finds a program in the absolute directories of search, as $PATH has them (NULL: the
 * system's): an empty or relative one means wherever the caller happens to be. A name with a
 * slash is itself. -ENOENT: none.
 */
int trust_find_program(const char *name, const char *search, char *path, size_t path_bytes);

#endif
