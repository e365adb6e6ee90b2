// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the adapters of the requested tools, and lists all adapters. */
#include "harness/cli/cmd_validate_tools.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/trust.h"
#include "harness/cli/cmd.h"
#include "harness/lab/words.h"
#include "harness/validate/command.h"

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* In place of `all`: each adapter in the directory. */
static int name_all(struct words *names, struct error *e)
{
	struct dirent *entry;
	char directory[512];
	DIR *dir;
	int ret = adapter_directory(directory, sizeof(directory), e);

	if (ret)
		return ret;
	dir = opendir(directory);
	if (!dir)
		return error_set(e, errno, "cannot read %s: %s", directory, strerror(errno));
	while ((entry = readdir(dir))) {
		char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".ini"))
			continue;
		*dot = '\0';
		words_add(names, entry->d_name);
	}
	closedir(dir);
	if (names->nr)
		qsort(names->item, names->nr, sizeof(names->item[0]), by_name);
	return 0;
}

static int no_adapter(const char *name, struct error *e)
{
	struct error unused = { "" };
	char directory[512], *near = NULL;
	int ret;

	if (!adapter_directory(directory, sizeof(directory), &unused))
		near = suggest_file(name, directory);
	ret = error_set(e, ENOENT,
			near ? "%s: no such adapter; did you mean %s?"
			     : "%s: no such adapter; `validate --list` shows them",
			name, near);
	free(near);
	return ret;
}

/* Once for a directory. */
static void note_source(const char *name, const char *path, char noted[512],
			const struct error *skipped)
{
	char directory[512];

	snprintf(directory, sizeof(directory), "%s", path);
	if (strrchr(directory, '/'))
		*strrchr(directory, '/') = '\0';
	cmd_note_source(adapter_is_path(name) || !strcmp(directory, noted) ? "" : path,
			skipped);
	snprintf(noted, 512, "%s", directory);
}

static int read_all(struct cmd_validate_tools *tools, const struct words *names, bool quiet,
		    struct error *e)
{
	char path[512], noted[512] = "";
	int ret = 0;

	for (size_t i = 0; i < names->nr && !ret; i++) {
		const char *name = names->item[i];
		struct error skipped = { "" };

		ret = adapter_find(name, path, sizeof(path), &skipped);
		if (ret == -EPERM && skipped.text[0]) {
			(void)error_set(e, EPERM, "%s", skipped.text);
		} else if (ret) {
			ret = no_adapter(name, e);
		} else {
			if (!quiet)
				note_source(name, path, noted, &skipped);
			adapter_init(&tools->adapter[tools->nr]);
			ret = adapter_read(&tools->adapter[tools->nr++], path, e);
		}
	}
	return ret;
}

int cmd_validate_tools_load(struct cmd_validate_tools *tools, const struct cmd_words *words,
			    bool quiet, struct error *e)
{
	const bool all = !words->nr || (words->nr == 1 && !strcmp(words->word[0], "all"));
	struct words names = { 0 };
	int ret = all ? name_all(&names, e) : 0;

	for (unsigned i = 0; i < words->nr && !all; i++)
		words_add(&names, words->word[i]);
	tools->adapter = calloc(names.nr + 1, sizeof(*tools->adapter));
	if (!ret && (!tools->adapter || words_error(&names)))
		ret = error_set(e, ENOMEM, "out of memory");
	if (!ret)
		ret = read_all(tools, &names, quiet, e);
	words_release(&names);
	return ret;
}

void cmd_validate_tools_release(struct cmd_validate_tools *tools)
{
	for (unsigned i = 0; i < tools->nr; i++)
		adapter_release(&tools->adapter[i]);
	free(tools->adapter);
}

static json_t *tool_json(const struct adapter *a)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "name", a->name, "summary", a->summary,
			 "package", a->package, "installed", command_exists(a->program));
}

void cmd_validate_tools_print(const struct cmd_validate_tools *tools, bool json)
{
	json_t *list = json ? json_array() : NULL;

	for (unsigned i = 0; i < tools->nr; i++) {
		const struct adapter *a = &tools->adapter[i];

		if (json)
			json_array_append_new(list, tool_json(a));
		else
			printf("%-14s %-58s %s\n", a->name, a->summary,
			       command_exists(a->program) ? "" : a->package);
	}
	if (!json)
		return;
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
}
