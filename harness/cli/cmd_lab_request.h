/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the words of `pagestorm lab` to a request for a guest: sizes, bounds, the command and
 * the files, checked one by one.
 */
#ifndef PAGESTORM_CMD_LAB_REQUEST_H
#define PAGESTORM_CMD_LAB_REQUEST_H

#include <stdbool.h>

#include "harness/base/error.h"
#include "harness/cli/cmd_parse.h"
#include "harness/lab/lab.h"

/* The options as they were typed. What needs no parsing is in the request already. */
struct cmd_lab_arguments {
	struct lab_request request;
	struct shape_text shape;
	const char *arch; /* NULL: not given */
	const char *swap, *disk, *kernel, *cgroup;
	const char *exec, *timeout, *boot; /* NULL: not given */
	struct words file, collect, fetch;
	struct cmd_words subcommand;
	bool dry_run, check, guest;
};

/* Sets a->request.arch. 0 or -EINVAL. */
int cmd_lab_arch(struct cmd_lab_arguments *a, struct error *e);

/*
 * Fills all of a->request but the kernel and the architecture. 0 or -errno: a usage error. The
 * first that is wrong is reported, in the order of --help, then the subcommand and the files.
 */
int cmd_lab_request_make(struct cmd_lab_arguments *a, struct error *e);

void cmd_lab_arguments_release(struct cmd_lab_arguments *a);

#endif
