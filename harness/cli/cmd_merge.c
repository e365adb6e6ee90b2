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
	bool missing;
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "output", .letter = 'o', .arg = "DIR", .take = cmd_take_directory,
	  .offset = offsetof(struct arguments, parent),
	  .help = "parent of the merged directory (results)", .group = 1 },
	{ .name = "missing", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, missing),
	  .help = "print the cells that they lack, as 1,4-6; merge nothing" },
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
	       "Exit status: 0; 2 they do not belong together (another plan, a cell twice, a run that has not ended): nothing is written; 3 failure; 4 joined, but cells are missing.\n\nA partial directory of a cell that another one has complete is left out.",
	.options = options,
	.words_offset = offsetof(struct arguments, directories),
	.check = check,
};

/* "1,4-6": what sbatch --array takes. */
static void print_ranges(const struct merge *m)
{
	for (size_t i = 0, last; i < m->nr_missing; i = last + 1) {
		last = i;
		while (last + 1 < m->nr_missing && m->missing[last + 1] == m->missing[last] + 1)
			last++;
		printf("%s%u", i ? "," : "", m->missing[i]);
		if (last > i)
			printf("-%u", m->missing[last]);
	}
	if (m->nr_missing)
		puts("");
}

static void print_missing(const struct merge *m)
{
	for (size_t i = 0; i < m->nr_missing; i++)
		fprintf(stderr, "%s%u", i ? ", " : "pagestorm: missing: cell ", m->missing[i]);
	if (m->nr_missing)
		fputs("\n", stderr);
}

static void print_merged(const struct merge *m)
{
	puts(m->path);
	if (m->different_machines)
		fprintf(stderr,
			"pagestorm: note: the cells ran on different machines: their times do not compare\n%s",
			m->machines);
	if (m->left_out)
		fprintf(stderr,
			"pagestorm: note: %zu partial left out: another directory has the cell complete\n",
			m->left_out);
	if (m->raw_left_behind)
		fputs("pagestorm: note: raw/ stays where it is\n", stderr);
	fprintf(stderr, "pagestorm: %zu of %zu cells joined\n", m->cells, m->of_cells);
	print_missing(m);
}

static int join(const struct arguments *arguments, const struct result_dir *dir)
{
	struct error e = { "" };
	struct merge m = { .cells = 0 };
	int ret, status;

	if (arguments->missing)
		ret = merge_list_missing(dir, arguments->directories.nr, &m, &e);
	else
		ret = merge_dirs(dir, arguments->directories.nr, arguments->parent, &m, &e);
	if (ret) {
		cmd_complain(&e);
		status = ret == -EINVAL ? EXIT_USAGE : EXIT_HARNESS;
	} else {
		if (arguments->missing)
			print_ranges(&m);
		else
			print_merged(&m);
		status = m.nr_missing ? EXIT_INVALID : EXIT_MET;
	}
	merge_release(&m);
	return status;
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
