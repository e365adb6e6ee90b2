// SPDX-License-Identifier: GPL-2.0-or-later
/* Which users can have written a file. Opens none. */
#include "harness/base/trust.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel's own, MAXSYMLINKS */

/* ---- who ---- */

/* The user who called sudo; ours where there is none. */
static uid_t calling_user(void)
{
	const char *text = getenv("SUDO_UID");
	unsigned long uid;
	char *end;

	if (geteuid() || !text || !*text)
		return geteuid();
	uid = strtoul(text, &end, 10);
	return *end || uid > UINT_MAX - 1 ? geteuid() : (uid_t)uid;
}

bool trust_user(uid_t uid)
{
	return uid == 0 || uid == geteuid() || uid == calling_user();
}

/* A user private group, as many distributions have: named like the user, without others. */
static bool is_private_group(gid_t gid, uid_t uid)
{
	const struct passwd *user = getpwuid(uid);
	const struct group *group;
	char name[256];

	if (!user || user->pw_gid != gid)
		return false;
	snprintf(name, sizeof(name), "%s", user->pw_name);
	group = getgrgid(gid);
	if (!group || strcmp(group->gr_name, name))
		return false;
	for (char **member = group->gr_mem; *member; member++)
		if (strcmp(*member, name))
			return false;
	return true;
}

static bool is_trusted_group(gid_t gid)
{
	return gid == 0 || is_private_group(gid, geteuid()) ||
	       is_private_group(gid, calling_user());
}

/* ---- what ---- */

static int refuse(const char *path, const char *part, const char *why, struct error *e)
{
	return error_set(
		e, EPERM,
		"%s is not trusted: %s %s; copy it to a directory of your own, or change owner and mode",
		path, part, why);
}

/* A link's own mode means nothing: its owner counts, and the mode of its directory. */
static int judge(const char *path, const char *part, const struct stat *st, struct error *e)
{
	const bool sticky = S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX;
	char why[64];

	if (!trust_user(st->st_uid)) {
		snprintf(why, sizeof(why), "belongs to another user (%u)",
			 (unsigned)st->st_uid);
		return refuse(path, part, why, e);
	}
	if (S_ISLNK(st->st_mode) || sticky)
		return 0;
	if (st->st_mode & S_IWOTH)
		return refuse(path, part, "can be written by everyone", e);
	if (st->st_mode & S_IWGRP && !is_trusted_group(st->st_gid)) {
		snprintf(why, sizeof(why), "can be written by a group (%u)",
			 (unsigned)st->st_gid);
		return refuse(path, part, why, e);
	}
	return 0;
}

/* A walk along a path: `done` is checked, `rest` is not yet. */
struct walk {
	char done[PATH_MAX], rest[PATH_MAX];
	unsigned links;
};

static int set_rest(struct walk *w, const char *first, const char *second)
{
	char whole[PATH_MAX];

	if (snprintf(whole, sizeof(whole), "%s/%s", first, second) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	strcpy(w->rest, whole);
	return 0;
}

static void go_up(struct walk *w)
{
	char *slash = strrchr(w->done, '/');

	if (slash)
		*slash = '\0';
}

static int follow(struct walk *w)
{
	char target[PATH_MAX], rest[PATH_MAX];
	const ssize_t n = readlink(w->done, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	target[n] = '\0';
	if (target[0] == '/')
		w->done[0] = '\0';
	else
		go_up(w);
	strcpy(rest, w->rest);
	return set_rest(w, target, rest);
}

/* The next part of the path. */
static int step(struct walk *w, const char *path, struct error *e)
{
	char part[NAME_MAX + 1], rest[PATH_MAX];
	const char *at = w->rest + strspn(w->rest, "/");
	const size_t length = strcspn(at, "/"), used = strlen(w->done);
	struct stat st;
	int ret;

	if (length >= sizeof(part) || used + length + 2 > sizeof(w->done))
		return -ENAMETOOLONG;
	snprintf(part, sizeof(part), "%.*s", (int)length, at);
	strcpy(rest, at + length);
	strcpy(w->rest, rest);
	if (!part[0] || !strcmp(part, "."))
		return 0;
	if (!strcmp(part, "..")) {
		go_up(w);
		return 0;
	}
	snprintf(w->done + used, sizeof(w->done) - used, "/%s", part);
	if (lstat(w->done, &st))
		return -errno;
	ret = judge(path, w->done, &st, e);
	return ret || !S_ISLNK(st.st_mode) ? ret : follow(w);
}

int trust_path(const char *path, struct error *e)
{
	struct walk w = { .done = "" };
	char here[PATH_MAX] = "/";
	struct stat st;
	int ret = 0;

	if (stat(path, &st))
		return error_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		st.st_mode &= ~(mode_t)(S_IWGRP | S_IWOTH); /* who can write says nothing */
		return judge(path, path, &st, e);
	}
	if (path[0] != '/' && !getcwd(here, sizeof(here)))
		ret = -errno;
	if (!ret)
		ret = set_rest(&w, here, path);
	if (!ret && !stat("/", &st))
		ret = judge(path, "/", &st, e);
	while (!ret && w.rest[strspn(w.rest, "/")])
		ret = step(&w, path, e);
	return ret ? error_set(e, -ret, "cannot stat %s: %s", path, strerror(-ret)) : 0;
}

/* ---- programs ---- */

int trust_find_program(const char *name, const char *search, char *path, size_t path_bytes)
{
	char places[8192], *save = NULL;

	if (strchr(name, '/')) {
		if (snprintf(path, path_bytes, "%s", name) >= (int)path_bytes)
			return -ENAMETOOLONG;
		return access(name, X_OK) ? -errno : 0;
	}
	snprintf(places, sizeof(places), "%s", search ? search : "/usr/bin:/bin");
	for (char *place = strtok_r(places, ":", &save); place;
	     place = strtok_r(NULL, ":", &save))
		if (place[0] == '/' &&
		    snprintf(path, path_bytes, "%s/%s", place, name) < (int)path_bytes &&
		    !access(path, X_OK))
			return 0;
	return -ENOENT;
}
