// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds the verb and calls it. The exit status is the verb's.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static int show_help(int argc, char **argv);

static int show_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts(PACKAGE_STRING);
	return 0;
}

static const struct verb verbs[] = {
	{ "--help", show_help, "this text" },
	{ "--version", show_version, "name and version" },
};

static int show_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("usage: pagestorm VERB [argument…]");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("pagestorm: error: a verb is missing; see pagestorm --help\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	fprintf(stderr, "pagestorm: error: no verb '%s'; see pagestorm --help\n", argv[1]);
	return 2;
}
