// SPDX-License-Identifier: GPL-2.0-or-later
/* The small parsers that rows of several subcommands' tables share. */
#include "harness/cli/cmd_parse.h"

#include <errno.h>
#include <stdlib.h>

#include "harness/lab/words.h"

int cmd_take_flag(const struct cmd_option *option, const char *text, void *field,
		  struct error *e)
{
	(void)option; /* to be given is all it says */
	(void)text;
	(void)e;
	*(bool *)field = true;
	return 0;
}

int cmd_take_text(const struct cmd_option *option, const char *text, void *field,
		  struct error *e)
{
	(void)option; /* any text will do */
	(void)e;
	*(const char **)field = text;
	return 0;
}

int cmd_take_directory(const struct cmd_option *option, const char *text, void *field,
		       struct error *e)
{
	if (!*text)
		return error_set(e, EINVAL, "--%s: the directory has no name", option->name);
	return cmd_take_text(option, text, field, e);
}

int cmd_take_number(const struct cmd_option *option, const char *text, void *field,
		    struct error *e)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n < option->least ||
	    n > option->most)
		return error_set(e, EINVAL, "--%s: '%s' is not a whole number from %u to %u",
				 option->name, text, option->least, option->most);
	*(unsigned *)field = (unsigned)n;
	return 0;
}

int cmd_take_index(const struct cmd_option *option, const char *text, void *field,
		   struct error *e)
{
	unsigned n;
	int ret = cmd_take_number(option, text, &n, e);

	if (!ret)
		*(int *)field = (int)n;
	return ret;
}

int cmd_take_list(const struct cmd_option *option, const char *text, void *field,
		  struct error *e)
{
	struct words *list = field;

	if (option->most && list->nr == option->most)
		return error_set(e, EINVAL, "at most %u times the same option", option->most);
	words_add(list, text);
	return words_error(list) ? error_set(e, ENOMEM, "out of memory") : 0;
}
