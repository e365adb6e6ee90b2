// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * merge: joins cells that ran elsewhere.
 */
#include "harness/cli/cmd.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/merge.h"

struct arguments {
	char **folder;
	int nr;
	const char *parent;
};

static const struct argp_option options[] = {
	{ "output", 'o', "DIR", 0, "where the joined folder is made (results)", 1 },
	{ 0 },
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'o':
		if (!*value)
			argp_error(state, "--output: the folder has no name");
		arguments->parent = value;
		break;
	case ARGP_KEY_ARGS:
		arguments->folder = state->argv + state->next;
		arguments->nr = state->argc - state->next;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name the folders to join");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	.options = options,
	.parser = parse_option,
	.args_doc = "DIR...",
	.doc = "Joins the folders that `run PROFILE --cell K` wrote, here or on other "
	       "machines, into "
	       "one that reads as if one run had written it, and prints its name.\v"
	       "Exit status: 0; 2 they do not belong together (another plan, a cell twice, a "
	       "run that "
	       "has not ended): nothing is written; 3 failure; 4 joined, but cells are "
	       "missing.",
};

static int tell(const struct merge *m)
{
	puts(m->path);
	if (m->different_machines)
		fputs("pagestorm: note: the cells ran on different machines: their times do "
		      "not "
		      "compare\n",
		      stderr);
	if (m->raw_left_behind)
		fputs("pagestorm: note: raw/ stays where it is\n", stderr);
	fprintf(stderr, "pagestorm: %zu of %zu cells joined\n", m->cells, m->of_cells);
	if (!*m->missing)
		return EXIT_MET;
	fprintf(stderr, "pagestorm: missing: cell %s\n", m->missing);
	return EXIT_INVALID;
}

static int join(const struct arguments *arguments, const struct folder *folders)
{
	struct error e = { "" };
	struct merge m;
	int ret = merge_folders(folders, arguments->nr, arguments->parent, &m, &e);

	if (!ret)
		return tell(&m);
	cmd_complain(&e);
	return ret == -EINVAL ? EXIT_USAGE : EXIT_HARNESS;
}

int cmd_merge(int argc, char **argv)
{
	struct arguments arguments = { .parent = "results" };
	struct folder *folders;
	struct error e = { "" };
	int status, opened = 0, ret = 0;

	if (cmd_parse("pagestorm merge", &parser, argc, argv, 0, &arguments))
		return EXIT_USAGE;
	folders = calloc(arguments.nr, sizeof(*folders));
	if (!folders)
		ret = error_set(&e, ENOMEM, "merge: %s", strerror(ENOMEM));
	while (!ret && opened < arguments.nr) {
		ret = folder_open(&folders[opened], arguments.folder[opened], &e);
		opened += !ret;
	}
	if (ret) {
		cmd_complain(&e);
		status = ret == -ENOMEM ? EXIT_HARNESS : EXIT_USAGE;
	} else {
		status = join(&arguments, folders);
	}
	while (opened)
		folder_release(&folders[--opened]);
	free(folders);
	return status;
}
