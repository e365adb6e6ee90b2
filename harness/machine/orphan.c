// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Searches the machine for leftovers of earlier runs without a journal, and for what only
 * looks like them.
 */
#include "config.h"
#include "harness/machine/orphan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/machine/groupmark.h"
#include "harness/machine/cgtree.h"
#include "harness/machine/swaps.h"
#include "harness/machine/sysfile.h"

struct search {
	int (*found)(const struct orphan *orphan, void *context);
	void *context;
};

static int report(const struct search *search, enum orphan_state state, struct undo undo)
{
	const struct orphan orphan = { .undo = undo, .state = state };

	return search->found(&orphan, search->context);
}

/* ---- groups ---- */

/*
 * Where the maker's PID namespace cannot be seen its lock decides, which a probe does not take.
 * Elsewhere it decides nothing: any user can take it and would keep a dead run's group.
 */
static enum orphan_state judge_group(const char *directory, const struct groupmark *mark)
{
	const enum maker_state maker = maker_look(&mark->maker);

	if (maker == MAKER_DEAD)
		return ORPHAN_OURS;
	if (maker == MAKER_ALIVE || strstr(directory, "/" CGTREE_PREFIX "-probe-"))
		return ORPHAN_ALIVE;
	return groupmark_is_held(directory) ? ORPHAN_ALIVE : ORPHAN_OURS;
}

/* The killed probe's own, from before its mark; undo_new_group() removes it while it is empty.
 */
static int found_unmarked(const char *directory, struct undo *undo, void *context)
{
	char identity[32];
	struct stat st;

	if (!groupmark_is_dead_probe(directory) || stat(directory, &st))
		return report(context, ORPHAN_UNPROVEN, *undo);
	snprintf(identity, sizeof(identity), "mode:%o", st.st_mode & 07777);
	undo->identity = identity;
	return report(context, ORPHAN_OURS, *undo);
}

static int found_group(const char *directory, void *context)
{
	char identity[IDENTITY_BYTES], whole[IDENTITY_BYTES + TOKEN_BYTES];
	struct undo undo = { .kind = JOURNAL_GROUP, .what = directory, .root = "" };
	struct groupmark mark;
	int ret;

	if (groupmark_get(directory, &mark) ||
	    identity_of(AT_FDCWD, directory, identity, sizeof(identity))) {
		ret = found_unmarked(directory, &undo, context);
		return ret ? ret : CGTREE_DESCEND;
	}
	snprintf(whole, sizeof(whole), "%s %s", identity, mark.token);
	undo.identity = whole;
	return report(context, judge_group(directory, &mark), undo);
}

/* ---- swap and devices ---- */

/*
 * The mark has the identity of the device or file that it was written to: a copy, or one from
 * the same image, is not ours.
 */
static enum orphan_state judge_swap(const char *path, const struct swap_mark *mark)
{
	char now[IDENTITY_BYTES];
	struct maker self;

	if (!mark->identity[0] || swaps_identity(path, now, sizeof(now)) ||
	    !identity_same(mark->identity, now, false) || maker_self(&self) ||
	    strcmp(mark->maker.boot, self.boot))
		return ORPHAN_UNPROVEN;
	return maker_look(&mark->maker) == MAKER_DEAD ? ORPHAN_OURS : ORPHAN_ALIVE;
}

static int found_swap(const struct swap_entry *swap, void *context)
{
	struct undo undo = { .kind = JOURNAL_SWAP, .what = swap->path, .root = "" };
	struct swap_mark mark;
	enum orphan_state state;
	int ret;

	if (!strncmp(swap->path, "/dev/zram", 9) || swaps_read_mark(swap->path, &mark))
		return 0; /* zram is handled as a device, in use or not */
	state = judge_swap(swap->path, &mark);
	undo.identity = mark.uuid;
	ret = report(context, state, undo);
	if (ret || !swap->file || state == ORPHAN_UNPROVEN)
		return ret;
	undo.kind = JOURNAL_FILE;
	undo.identity = mark.identity;
	return report(context, state, undo);
}

static int found_zram(const char *path, const struct search *search)
{
	char identity[IDENTITY_BYTES + TOKEN_BYTES];
	struct undo undo = { .kind = JOURNAL_ZRAM, .what = path, .before = "made", .root = "" };
	struct swap_mark mark;
	enum orphan_state state;
	int ret = 0;

	if (swaps_read_mark(path, &mark))
		return 0;
	snprintf(identity, sizeof(identity), "%s %s", mark.identity, mark.uuid);
	undo.identity = identity;
	state = judge_swap(path, &mark);
	if (state == ORPHAN_OURS)
		ret = report(search, state,
			     (struct undo){ .kind = JOURNAL_SWAP,
					    .what = path,
					    .identity = mark.uuid,
					    .root = "" });
	return ret ? ret : report(search, state, undo);
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
	if (!strncmp(name, "zram", 4))
		return found_zram(path, search);
	if (strncmp(name, "loop", 4))
		return 0;
	snprintf(path, sizeof(path), "/sys/block/%.64s/loop/backing_file", name);
	if (sysfile_read("", path, backing, sizeof(backing)) || !is_our_backing(backing))
		return 0;
	snprintf(path, sizeof(path), "/dev/%.64s", name);
	return report(
		search, ORPHAN_UNPROVEN,
		(struct undo){
			.kind = JOURNAL_LOOP, .what = path, .before = backing, .root = "" });
}

static int search_blocks(const struct search *search)
{
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = opendir("/sys/block");
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (entry = readdir(dir)))
		ret = found_block(entry->d_name, search);
	closedir(dir);
	return ret;
}

int orphans_each(int (*found)(const struct orphan *orphan, void *context), void *context)
{
	struct search search = { found, context };
	int ret;

	ret = cgtree_each(found_group, &search);
	if (!ret)
		ret = swaps_each(found_swap, &search);
	return ret ? ret : search_blocks(&search);
}
