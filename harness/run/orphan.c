// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Searches the machine for what earlier runs left without a journal.
 */
#include "config.h"
#include "harness/run/orphan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run/cgtree.h"
#include "harness/run/swaps.h"
#include "harness/run/sysfile.h"

struct search {
	int (*found)(const struct undo *orphan, void *context);
	void *context;
};

static int report(const struct search *search, enum journal_kind kind, const char *what,
		  const char *before)
{
	const struct undo orphan = { .kind = kind, .what = what, .before = before, .root = "" };

	return search->found(&orphan, search->context);
}

/*
 * pagestorm-1234, pagestorm-doctor-1234: the number is its maker's. Should another
 * process have it by now, the group stays: rather too much left than a live one killed.
 */
static bool is_maker_alive(const char *directory)
{
	const char *dash = strrchr(directory, '-');
	char *end;
	long pid;

	if (!dash)
		return false;
	pid = strtol(dash + 1, &end, 10);
	return !*end && pid > 0 && pid != getpid() && (!kill((pid_t)pid, 0) || errno == EPERM);
}

static int found_group(const char *directory, void *context)
{
	if (is_maker_alive(directory))
		return 0;
	return report(context, JOURNAL_GROUP, directory, NULL);
}

static int found_swap(const struct swap_entry *swap, void *context)
{
	int rc;

	if (!swaps_is_ours(swap->path))
		return 0;
	rc = report(context, JOURNAL_SWAP, swap->path, NULL);
	if (!rc && swap->file)
		rc = report(context, JOURNAL_FILE, swap->path, NULL);
	return rc;
}

static bool is_our_backing(const char *backing)
{
	const char *name = strrchr(backing, '/');

	return name && !strncmp(name + 1, CGTREE_PREFIX, strlen(CGTREE_PREFIX));
}

static int found_block(const char *name, const struct search *search)
{
	char path[PATH_MAX], backing[PATH_MAX];

	snprintf(path, sizeof(path), "/dev/%.64s", name);
	if (!strncmp(name, "zram", 4) && swaps_is_ours(path))
		return report(search, JOURNAL_ZRAM, path, "made");
	if (strncmp(name, "loop", 4))
		return 0;
	snprintf(path, sizeof(path), "/sys/block/%.64s/loop/backing_file", name);
	if (sysfile_read("", path, backing, sizeof(backing)) || !is_our_backing(backing))
		return 0;
	snprintf(path, sizeof(path), "/dev/%.64s", name);
	return report(search, JOURNAL_LOOP, path, backing);
}

static int search_blocks(const struct search *search)
{
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	dir = opendir("/sys/block");
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!rc && (entry = readdir(dir)))
		rc = found_block(entry->d_name, search);
	closedir(dir);
	return rc;
}

int orphans_each(int (*found)(const struct undo *orphan, void *context), void *context)
{
	struct search search = { found, context };
	int rc;

	rc = cgtree_each(found_group, &search);
	if (!rc)
		rc = swaps_each(found_swap, &search);
	return rc ? rc : search_blocks(&search);
}
