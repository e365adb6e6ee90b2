// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Undoes one journalled act. The journal keeps the record.
 */
#include "config.h"
#include "harness/machine/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "harness/machine/groupmark.h"
#include "harness/machine/home.h"
#include "harness/machine/identity.h"
#include "harness/machine/setting.h"
#include "harness/machine/cgtree.h"
#include "harness/machine/swaps.h"
#include "harness/machine/sysfile.h"
#include "harness/machine/undo_part.h"

#define BUSY_PAUSE_NS 20000000L

void undo_report(void (*to)(const char *), const char *format, ...)
{
	char sentence[1024];
	va_list args;

	if (!to)
		return;
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	to(sentence);
}

void undo_pause_busy(void)
{
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE_NS };

	/* A signal only shortens the pause. */
	(void)nanosleep(&pause, NULL);
}

bool undo_lists(const char *words, const char *word)
{
	const size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

/* ---- what may be undone ---- */

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool ends_with(const char *text, const char *suffix)
{
	const size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && !strcmp(text + length - tail, suffix);
}

/* /dev/zram3 with the prefix /dev/zram. */
static bool is_numbered(const char *text, const char *prefix)
{
	const char *digits = text + strlen(prefix);

	return starts_with(text, prefix) && *digits &&
	       strspn(digits, "0123456789") == strlen(digits);
}

static bool is_absolute(const char *path)
{
	return path[0] == '/' && !strstr(path, "/../") && !ends_with(path, "/..");
}

/* A directory named just "pagestorm" is more likely a copy of the program. */
static bool is_our_part(const char *part, bool last)
{
	return starts_with(part, CGTREE_PREFIX "-") || ends_with(part, ".partial") ||
	       (last && starts_with(part, CGTREE_PREFIX));
}

bool undo_is_our_file(const char *path)
{
	char copy[PATH_MAX], *save = NULL, *next;

	if (!is_absolute(path) || strlen(path) >= sizeof(copy))
		return false;
	strcpy(copy, path);
	for (char *part = strtok_r(copy, "/", &save); part; part = next) {
		next = strtok_r(NULL, "/", &save);
		if (is_our_part(part, !next))
			return true;
	}
	return false;
}

static bool is_known_setting(const char *path)
{
	if (!is_absolute(path))
		return false;
	for (const struct setting_known *s = settings_known; s->name; s++)
		if (!strcmp(s->path, path))
			return true;
	if (starts_with(path, "/sys/block/zram") && ends_with(path, "/comp_algorithm"))
		return true;
	return ends_with(path, "/cgroup.subtree_control");
}

const char *undo_objection(const struct undo *u)
{
	switch (u->kind) {
	case JOURNAL_SETTING:
		if (!is_known_setting(u->what))
			return "not a setting that pagestorm changes";
		return u->before ? NULL : "its old value is missing";
	case JOURNAL_HOME:
	case JOURNAL_GROUP:
		return cgtree_has_our_name(u->what)
			       ? NULL
			       : "its name is not that of a group of pagestorm";
	case JOURNAL_SWAP:
		if (is_numbered(u->what, "/dev/zram") || undo_is_our_file(u->what))
			return NULL;
		return "neither a zram device nor a file of pagestorm";
	case JOURNAL_ZRAM:
		if (!strcmp(u->what, "/dev/zram*") || is_numbered(u->what, "/dev/zram"))
			return u->before ? NULL : "its origin is missing";
		return "not a zram device";
	case JOURNAL_LOOP:
		if (!is_numbered(u->what, "/dev/loop"))
			return "not a loop device";
		return u->before && undo_is_our_file(u->before)
			       ? NULL
			       : "its backing file is not pagestorm's";
	case JOURNAL_FILE:
	case JOURNAL_MOUNT:
		return undo_is_our_file(u->what)
			       ? NULL
			       : "no part of its path is a name of pagestorm's";
	}
	return "its kind is unknown";
}

/* ---- settings ---- */

/* A pool that was growing or shrinking when the run was killed holds some value in between. */
static bool is_pool_between(const struct undo *u, const char *now)
{
	unsigned long long value, before, after;

	if (!u->after || !strstr(u->what, "nr_hugepages"))
		return false;
	value = strtoull(now, NULL, 10);
	before = strtoull(u->before, NULL, 10);
	after = strtoull(u->after, NULL, 10);
	return before < after ? value > before && value < after
			      : value > after && value < before;
}

/* A subtree_control takes +name and -name: only controllers that the run enabled are disabled.
 */
static int undo_subtree(const struct undo *u, struct error *e)
{
	char now[256], after[256], minus[64], *save = NULL;
	int ret;

	ret = sysfile_read(u->root, u->what, now, sizeof(now));
	if (ret == -ENOENT || ret == -ENODEV)
		return 0;
	if (ret)
		return error_set(e, -ret, "cannot read %s: %s", u->what, strerror(-ret));
	snprintf(after, sizeof(after), "%s", u->after ? u->after : "");
	for (char *word = strtok_r(after, " +", &save); word;
	     word = strtok_r(NULL, " +", &save)) {
		if (!undo_lists(now, word) || undo_lists(u->before, word))
			continue;
		snprintf(minus, sizeof(minus), "-%s", word);
		ret = sysfile_write(u->root, u->what, minus);
		if (ret == -EBUSY) {
			undo_report(u->warn,
				    "%s keeps %s enabled: a group below it uses it now",
				    u->what, word);
			continue;
		}
		if (ret)
			return error_set(e, -ret, "cannot disable %s in %s: %s", word, u->what,
					 strerror(-ret));
		undo_report(u->say, "%s: disabled %s again", u->what, word);
	}
	return 0;
}

static int undo_setting(const struct undo *u, struct error *e)
{
	char now[256];
	int ret;

	if (ends_with(u->what, "/cgroup.subtree_control"))
		return undo_subtree(u, e);
	ret = sysfile_read(u->root, u->what, now, sizeof(now));
	if (ret == -ENOENT)
		return 0; /* of a device that is gone */
	if (ret)
		return error_set(e, -ret, "cannot read %s to restore it: %s", u->what,
				 strerror(-ret));
	if (sysfile_same(now, u->before))
		return 0;
	if (u->after && !sysfile_same(now, u->after) && !is_pool_between(u, now)) {
		undo_report(
			u->warn,
			"%s holds %s, which is neither the %s of the run nor the %s before it: another process set it; left unchanged",
			u->what, now, u->after, u->before);
		return 0;
	}
	ret = sysfile_write(u->root, u->what, u->before);
	if (ret)
		return error_set(e, -ret, "cannot write %s back to %s: %s", u->before, u->what,
				 strerror(-ret));
	undo_report(u->say, "%s: restored from %s to %s", u->what, now, u->before);
	ret = sysfile_read(u->root, u->what, now, sizeof(now));
	if (ret || !sysfile_same(now, u->before))
		return error_set(e, EIO, "%s was set to %s again but holds %s", u->what,
				 u->before, ret ? strerror(-ret) : now);
	return 0;
}

/*
 * Whether what is there now is what was recorded, in *same. What cannot be looked at cannot be
 * called another one, and forgotten: an error.
 */
static int is_recorded(const struct undo *u, bool *same, struct error *e)
{
	char now[IDENTITY_BYTES];
	int ret;

	if (starts_with(u->identity, "token:")) { /* another process cannot have guessed it */
		*same = strstr(strrchr(u->what, '/'), u->identity + strlen("token:")) &&
			token_is(u->identity + strlen("token:"));
		return 0;
	}
	ret = identity_of(AT_FDCWD, u->what, now, sizeof(now));
	*same = !ret && identity_same(u->identity, now, u->rebooted);
	if (!ret || ret == -ENOENT || ret == -ENOTDIR)
		return 0;
	return error_set(e, -ret, "cannot identify %s: %s", u->what, strerror(-ret));
}

/* ---- groups ---- */

/* -EBADMSG: it is no cgroup; another error: it cannot be looked at, and may be one. */
static int check_cgroup(const char *directory, struct error *e)
{
	struct statfs fs;

	if (statfs(directory, &fs))
		return error_set(e, errno, "cannot look at the group %s: %s", directory,
				 strerror(errno));
	if ((unsigned long)fs.f_type == CGROUP_SUPER_MAGIC ||
	    (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
		return 0;
	return error_set(e, EBADMSG, "%s is not a cgroup directory; not touching it",
			 directory);
}

static int leave_group(const struct undo *u, const char *why)
{
	undo_report(u->warn, "%s: %s; left unchanged", u->what, why);
	return 0;
}

/* Made, and the run killed before its identity was noted: it has the odd mode it was made with.
 */
static int undo_new_group(const struct undo *u, unsigned members, struct error *e)
{
	char mode[16];
	struct stat st;
	int ret;

	if (stat(u->what, &st))
		return 0;
	snprintf(mode, sizeof(mode), "mode:%o", st.st_mode & 07777);
	if (strcmp(mode, u->identity))
		return 0; /* the next entry has its identity */
	if (members)
		return leave_group(u, "holds processes before the run had any");
	ret = cgtree_rmdir(u->what, e);
	if (!ret)
		undo_report(u->say, "%s: group removed", u->what);
	return ret;
}

/* "IDENTITY TOKEN": the directory itself, and the mark on it where there is one. */
static int is_made_group(const struct undo *u, bool *same, struct error *e)
{
	char noted[IDENTITY_BYTES], token[TOKEN_BYTES];
	struct undo directory = *u;
	struct groupmark mark;
	int ret;

	*same = false;
	if (sscanf(u->identity, "%95s %32s", noted, token) != 2)
		return 0;
	directory.identity = noted;
	directory.rebooted = false;
	ret = is_recorded(&directory, same, e);
	if (!ret && *same)
		*same = groupmark_get(u->what, &mark) || !strcmp(mark.token, token);
	return ret;
}

static int undo_group(const struct undo *u, struct error *e)
{
	unsigned members = 0, killed = 0;
	bool same = true;
	int ret;

	if (access(u->what, F_OK))
		return 0;
	ret = check_cgroup(u->what, e);
	if (ret)
		return ret;
	ret = cgtree_count(u->what, &members);
	if (ret)
		return error_set(e, -ret, "cannot read the processes of the group %s: %s",
				 u->what, strerror(-ret));
	if (u->identity && starts_with(u->identity, "mode:"))
		return undo_new_group(u, members, e);
	ret = u->identity ? is_made_group(u, &same, e) : 0;
	if (ret)
		return ret;
	if (!same)
		return leave_group(u, "is not the group that the run made");
	if (!u->identity && members)
		return leave_group(
			u,
			"holds processes, and an earlier version recorded no more than its name");
	ret = u->identity ? cgtree_remove(u->what, &killed, e) : cgtree_rmdir(u->what, e);
	if (ret)
		return ret;
	if (killed)
		undo_report(u->say, "%s: group removed, %u processes in it killed", u->what,
			    killed);
	else
		undo_report(u->say, "%s: group removed", u->what);
	return 0;
}

static int undo_home(const struct undo *u, struct error *e)
{
	unsigned moved = 0;
	bool same;
	int ret;

	if (access(u->what, F_OK))
		return 0;
	ret = check_cgroup(u->what, e);
	if (ret)
		return ret;
	if (!u->identity || !starts_with(u->identity, "token:") || is_recorded(u, &same, e) ||
	    !same)
		return leave_group(u, "is not the group that the run made");
	ret = home_return(u->what, &moved, e);
	if (!ret)
		undo_report(u->say, "%s: group removed, %u processes put back", u->what, moved);
	return ret;
}

/* ---- mounts and files ---- */

static int leave_file(const struct undo *u, const char *why)
{
	undo_report(u->warn, "%s: %s; left unchanged", u->what, why);
	return 0;
}

static const char not_the_same[] = "is not the one that the run made";
static const char no_identity[] =
	"an earlier version recorded no more than its name: delete it if it is the run's";

/* No version of pagestorm mounts anything: another process mounted it. */
static int undo_mount(const struct undo *u, struct error *e)
{
	(void)e; /* nothing is done that could fail */
	if (!access(u->what, F_OK))
		return leave_file(u, "nothing shows that a run mounted it");
	return 0;
}

static int remove_each(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st; /* of whatever type: it is in our scratch directory */
	(void)type;
	(void)ftw;
	return remove(path) ? errno : 0;
}

/*
 * Inside a run's directory everything is the run's, files that were not noted as well;
 * elsewhere only an empty directory is removed.
 */
static int remove_directory(const char *path)
{
	int ret;

	if (!strstr(path, ".partial/"))
		return rmdir(path) ? errno : 0;
	ret = nftw(path, remove_each, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	return ret < 0 ? errno : ret;
}

static int undo_file(const struct undo *u, struct error *e)
{
	struct stat st;
	bool same;
	int code;

	if (lstat(u->what, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return error_set(e, errno, "cannot stat %s: %s", u->what, strerror(errno));
	}
	code = u->identity ? is_recorded(u, &same, e) : 0;
	if (code)
		return code;
	if (!u->identity)
		same = S_ISREG(st.st_mode) && swaps_has_label(u->what);
	if (!same)
		return leave_file(u, u->identity ? not_the_same : no_identity);
	if (S_ISDIR(st.st_mode))
		code = remove_directory(u->what);
	else
		code = unlink(u->what) ? errno : 0;
	if (code)
		return error_set(e, code, "cannot remove %s: %s", u->what, strerror(code));
	undo_report(u->say, "%s: removed", u->what);
	return 0;
}

int undo_act(const struct undo *u, struct error *e)
{
	static int (*const act[])(const struct undo *u, struct error *e) = {
		[JOURNAL_SETTING] = undo_setting, [JOURNAL_GROUP] = undo_group,
		[JOURNAL_SWAP] = undo_swap,	  [JOURNAL_ZRAM] = undo_zram,
		[JOURNAL_LOOP] = undo_loop,	  [JOURNAL_FILE] = undo_file,
		[JOURNAL_MOUNT] = undo_mount,	  [JOURNAL_HOME] = undo_home,
	};
	const char *objection = undo_objection(u);

	if (objection)
		return error_set(e, EBADMSG, "%s: %s; not touching it", u->what, objection);
	if (u->rebooted && u->kind != JOURNAL_FILE && u->kind != JOURNAL_MOUNT) {
		undo_report(u->say, "%s: gone with the reboot since the run", u->what);
		return 0;
	}
	return act[u->kind](u, e);
}
