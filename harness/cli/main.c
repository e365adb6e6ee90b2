// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finds the subcommand and calls it. The exit status is the subcommand's.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "harness/base/suggest.h"
#include "harness/cli/cmd.h"
#include "harness/plan/profile.h"
#include "workloads/act/worker.h"
#include "workloads/api/arith.h"

struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help; /* NULL: internal, not listed */
};

static int show_help(int argc, char **argv);

static int show_version(int argc, char **argv)
{
	(void)argc; /* takes none */
	(void)argv;
	puts(PACKAGE_STRING);
	return EXIT_MET;
}

static int be_worker(int argc, char **argv)
{
	(void)argc; /* all it needs is in the ledger */
	(void)argv;
	return worker_main();
}

static int be_pump(int argc, char **argv)
{
	(void)argc; /* takes none */
	(void)argv;
	return worker_pump_main();
}

static const struct subcommand subcommands[] = {
	{ "list", cmd_list, "workloads and their options" },
	{ "plan", cmd_plan, "what a run would do, in bytes, and why" },
	{ "run", cmd_run, "run a profile or a workload and record the truth" },
	{ "report", cmd_report, "tables and plots of results directories" },
	{ "merge", cmd_merge, "join cells that ran elsewhere" },
	{ "compare", cmd_compare, "is B different from A? median, interval, verdict" },
	{ "validate", cmd_validate, "score other tools against known truth" },
	{ "lab", cmd_lab, "boot a guest with chosen memory, nodes, swap and kernel" },
	{ "doctor", cmd_doctor, "what this machine can do, one line a check, with the fix" },
	{ "restore", cmd_restore, "undo what a killed run left behind" },
	{ "--help", show_help, "this text" },
	{ "--version", show_version, "name and version" },
	{ "--worker", be_worker, NULL },
	{ "--flush-pump", be_pump, NULL },
};

#define NR_SUBCOMMANDS (ARRAY_SIZE(subcommands))

static int show_help(int argc, char **argv)
{
	(void)argc; /* takes none */
	(void)argv;
	puts("usage: pagestorm SUBCOMMAND [argument…]\n\n"
	     "Makes memory trouble on purpose, in a known amount, and proves the amount.\n");
	for (size_t i = 0; i < NR_SUBCOMMANDS; i++)
		if (subcommands[i].help)
			printf("  %-10s %s\n", subcommands[i].name, subcommands[i].help);
	puts("\nEach has --help. Begin with `pagestorm doctor` and `pagestorm run demo`.");
	return EXIT_MET;
}

static int no_such_subcommand(const char *word)
{
	const char *names[NR_SUBCOMMANDS];
	const char *near;
	size_t nr = 0;

	for (size_t i = 0; i < NR_SUBCOMMANDS; i++)
		if (subcommands[i].help)
			names[nr++] = subcommands[i].name;
	near = suggest(word, names, nr);
	if (near)
		fprintf(stderr, "pagestorm: error: no subcommand '%s'; did you mean '%s'?\n",
			word, near);
	else
		fprintf(stderr, "pagestorm: error: no subcommand '%s'; see pagestorm --help\n",
			word);
	return EXIT_USAGE;
}

static int run_subcommand(int argc, char **argv)
{
	for (size_t i = 0; i < NR_SUBCOMMANDS; i++)
		if (!strcmp(argv[1], subcommands[i].name))
			return subcommands[i].run(argc - 1, argv + 1);
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return show_help(argc, argv);
	return no_such_subcommand(argv[1]);
}

/* Output that could not be written is a failure: a full disk must not look like success. */
static int check_stdout(int status)
{
	const bool lost = ferror(stdout), unwritten = fflush(stdout);

	if ((!lost && !unwritten) || status != EXIT_MET)
		return status;
	fputs("pagestorm: error: not all of the output could be written\n", stderr);
	return EXIT_HARNESS;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("pagestorm: error: a subcommand is missing; see pagestorm --help\n",
		      stderr);
		return EXIT_USAGE;
	}
	signal(SIGXFSZ, SIG_IGN); /* a file at RLIMIT_FSIZE is an error, not death */
	return check_stdout(run_subcommand(argc, argv));
}
