// SPDX-License-Identifier: GPL-2.0-or-later
/* How every subcommand prints a sentence. */
#include "harness/cli/cmd.h"

#include <stdio.h>
#include <string.h>

void cmd_complain(const struct error *e)
{
	if (strstr(e->text, ": error: "))
		fprintf(stderr, "%s\n", e->text);
	else
		fprintf(stderr, "pagestorm: error: %s\n",
			e->text[0] ? e->text : "unknown failure");
}

void cmd_say(const char *sentence)
{
	fprintf(stderr, "pagestorm: %s\n", sentence);
}
