// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * merge: joins cells that ran elsewhere.
 */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/merge.h"

struct arguments {
	struct cmd_words directories;
	const char *parent;
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "output", .letter = 'o', .arg = "DIR", .take = cmd_take_directory,
	  .offset = offsetof(struct arguments, parent),
	  .help = "parent of the merged directory (results)", .group = 1 },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;

	return a->directories.nr ? 0 : error_set(e, EINVAL, "name the directories to join");
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm merge",
	.words = "DIR...",
	.doc = "Joins the directories that `run PROFILE --cell K` wrote, here or on other machines, into one that reads as if one run had written it, and prints its name.\v"
	       "Exit status: 0; 2 they do not belong together (another plan, a cell twice, a run that has not ended): nothing is written; 3 failure; 4 joined, but cells are missing.",
	.options = options,
	.words_offset = offsetof(struct arguments, directories),
	.check = check,
};

static int print_merged(const struct merge *m)
{
	puts(m->path);
	if (m->different_machines)
		fputs("pagestorm: note: the cells ran on different machines: their times do not compare\n",
		      stderr);
	if (m->raw_left_behind)
		fputs("pagestorm: note: raw/ stays where it is\n", stderr);
	fprintf(stderr, "pagestorm: %zu of %zu cells joined\n", m->cells, m->of_cells);
	if (!*m->missing)
		return EXIT_MET;
	fprintf(stderr, "pagestorm: missing: cell %s\n", m->missing);
	return EXIT_INVALID;
}

static int join(const struct arguments *arguments, const struct result_dir *dir)
{
	struct error e = { "" };
	struct merge m;
	int ret = merge_dirs(dir, arguments->directories.nr, arguments->parent, &m, &e);

	if (!ret)
		return print_merged(&m);
	cmd_complain(&e);
	return ret == -EINVAL ? EXIT_USAGE : EXIT_HARNESS;
}

int cmd_merge(int argc, char **argv)
{
	struct arguments arguments = { .parent = "results" };
	struct result_dir *dir;
	struct error e = { "" };
	unsigned opened = 0;
	int status, ret = 0;

	if (cmd_parse(&syntax, argc, argv, &arguments))
		return EXIT_USAGE;
	dir = calloc(arguments.directories.nr, sizeof(*dir));
	if (!dir)
		ret = error_set(&e, ENOMEM, "merge: %s", strerror(ENOMEM));
	while (!ret && opened < arguments.directories.nr) {
		ret = result_dir_open(&dir[opened], arguments.directories.word[opened], &e);
		opened += !ret;
	}
	if (ret) {
		cmd_complain(&e);
		status = ret == -ENOMEM ? EXIT_HARNESS : EXIT_USAGE;
	} else {
		status = join(&arguments, dir);
	}
	while (opened)
		result_dir_release(&dir[--opened]);
	free(dir);
	return status;
}
