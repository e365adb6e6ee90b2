/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a guest ended, reported on stderr, and the exit status that follows from it. */
#ifndef PAGESTORM_CMD_LAB_END_H
#define PAGESTORM_CMD_LAB_END_H

#include "harness/base/error.h"
#include "harness/lab/lab.h"

/* e: as lab_run() left it. The command's own status where it ended; else why it did not. */
int cmd_lab_end(const struct lab_request *request, const struct lab_result *result,
		const struct error *e);

#endif
