/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tools that `pagestorm validate` was asked about: their adapters, found and read. */
#ifndef PAGESTORM_CMD_VALIDATE_TOOLS_H
#define PAGESTORM_CMD_VALIDATE_TOOLS_H

#include <stdbool.h>

#include "harness/base/error.h"
#include "harness/cli/cmd_parse.h"
#include "harness/validate/adapter.h"

struct cmd_validate_tools {
	struct adapter *adapter;
	unsigned nr;
};

/*
 * Names or paths of adapters; `all` alone, or no word: each in the directory, by name. tools is
 * empty before and half full after a failure, -errno. Unless quiet, notes on stderr say
 * which files were taken (cmd_note_source()).
 */
int cmd_validate_tools_load(struct cmd_validate_tools *tools, const struct cmd_words *words,
			    bool quiet, struct error *e);

void cmd_validate_tools_release(struct cmd_validate_tools *tools);

/* What --list prints: a line for each tool, or one JSON document. */
void cmd_validate_tools_print(const struct cmd_validate_tools *tools, bool json);

#endif
