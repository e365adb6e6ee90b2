/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a host command to its end and keeps what it printed. Never through a shell. */
#ifndef PAGESTORM_LAB_COMMAND_H
#define PAGESTORM_LAB_COMMAND_H

#include <limits.h>

#include "harness/base/error.h"
#include "harness/lab/blob.h"
#include "harness/lab/words.h"

/*
 * Looks for name in PATH and then in the sbin directories, which are often
 * missing from a user's PATH. 0 or -ENOENT.
 */
int command_find(const char *name, char path[PATH_MAX]);

/*
 * Runs argv (item[0] is looked for as above) in `directory` (NULL: here) with
 * stdin from /dev/null. stdout is appended to *output. stderr is dropped into
 * the error sentence when the command fails. keep_fd (-1: none) stays open in
 * the command under the same number. 0 or -errno; a status that is not 0 is
 * -EIO.
 */
int command_run(const struct words *argv, const char *directory, int keep_fd,
		struct blob *output, struct error *e);

#endif
