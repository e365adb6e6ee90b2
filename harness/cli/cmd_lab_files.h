/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files a guest gets and which it sends back: a path is the same in the guest as here,
 * unless it is given for both. Whether they can be read is checked; nothing is read.
 */
#ifndef PAGESTORM_CMD_LAB_FILES_H
#define PAGESTORM_CMD_LAB_FILES_H

#include "harness/base/error.h"
#include "harness/lab/lab.h"

/* What the subcommand requires: the profiles that are searched, and files that it names.
 * -ENOMEM. */
int cmd_lab_files_of_subcommand(struct lab_request *request, char *const *subcommand);

/* What comes back: the subcommand's results, as the first, then what is listed. -ENOMEM. */
int cmd_lab_collect(struct lab_request *request, char *const *subcommand,
		    const struct words *listed);

/* PATH or HOST:GUEST of --file. -EINVAL: it cannot be read, or is not named in the guest. */
int cmd_lab_files_listed(struct lab_request *request, const struct words *listed,
			 struct error *e);

/* The files alone; the request's other members are left. */
void cmd_lab_files_release(struct lab_request *request);

#endif
