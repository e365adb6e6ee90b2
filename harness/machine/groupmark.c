// SPDX-License-Identifier: GPL-2.0-or-later
/* Marks cgroup directories and reads marks. It makes and removes no group. */
#include "harness/machine/groupmark.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define TRUSTED	   "trusted.pagestorm"
#define USER	   "user.pagestorm"
#define MARK_BYTES (TOKEN_BYTES + MAKER_BYTES)

int groupmark_hold(const char *directory)
{
	int ret, fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	ret = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* so that 0 can mean none */
	if (ret >= 0 && flock(ret, LOCK_EX | LOCK_NB)) {
		const int code = errno;

		close(ret);
		errno = code;
		ret = -1;
	}
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int groupmark_set(int fd, const char *token)
{
	char text[MARK_BYTES], maker[MAKER_BYTES];
	struct maker self;
	int ret = maker_self(&self);

	if (ret)
		return ret;
	maker_print(&self, maker, sizeof(maker));
	snprintf(text, sizeof(text), "%s %s", token, maker);
	if (!fsetxattr(fd, TRUSTED, text, strlen(text), XATTR_CREATE))
		return 0;
	return fsetxattr(fd, USER, text, strlen(text), XATTR_CREATE) ? -errno : 0;
}

int groupmark_label(const char *directory)
{
	char token[TOKEN_BYTES];
	const int fd = groupmark_hold(directory);

	if (fd >= 0 && !token_make(token))
		(void)groupmark_set(fd, token); /* see the header */
	return fd;
}

/* ---- before there is a mark ---- */

/* FNV-1a of what identifies the maker; above all gids that a system gives to users. */
static gid_t gid_of(const struct maker *maker)
{
	uint32_t hash = 2166136261u;
	char text[MAKER_BYTES];

	maker_print(maker, text, sizeof(text));
	for (const char *c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return 0x40000000u | (hash & 0x3fffffffu);
}

/* The process of that number in this PID namespace. Its start is not in the group's name. */
static int maker_of(int pid, struct maker *maker)
{
	int ret = maker_self(maker);

	maker->pid = pid;
	maker->start_ticks = 0;
	return ret;
}

int groupmark_make_probe(const char *directory)
{
	struct maker maker;
	int old = -1, ret;

	/* kernfs gives a directory the gid that the maker has for files. Refused: as it is. */
	if (!maker_of(getpid(), &maker))
		old = setfsgid(gid_of(&maker));
	ret = mkdir(directory, 0755) ? -errno : 0;
	if (old >= 0)
		(void)setfsgid((gid_t)old); /* what was there can be had again */
	return ret;
}

bool groupmark_is_dead_probe(const char *directory)
{
	const char *name = strrchr(directory, '/');
	struct groupmark mark;
	struct maker maker;
	struct stat st;
	int pid, end = 0;

	if (!name || sscanf(name, "/pagestorm-probe-%d%n", &pid, &end) != 1 || name[end] ||
	    pid <= 0 || lstat(directory, &st) || !groupmark_get(directory, &mark))
		return false;
	return !maker_of(pid, &maker) && st.st_gid == gid_of(&maker) && kill(pid, 0) &&
	       errno == ESRCH;
}

static bool parse(const char *text, struct groupmark *mark)
{
	struct groupmark read;

	if (strlen(text) < TOKEN_BYTES || text[TOKEN_BYTES - 1] != ' ')
		return false;
	snprintf(read.token, sizeof(read.token), "%.*s", TOKEN_BYTES - 1, text);
	if (!token_is(read.token) || !maker_parse(text + TOKEN_BYTES, &read.maker))
		return false;
	*mark = read;
	return true;
}

int groupmark_get(const char *directory, struct groupmark *mark)
{
	char text[MARK_BYTES];
	struct stat st;
	ssize_t n = lgetxattr(directory, TRUSTED, text, sizeof(text) - 1);

	if (n < 0) {
		if (lstat(directory, &st) || st.st_uid != geteuid())
			return -ENODATA;
		n = lgetxattr(directory, USER, text, sizeof(text) - 1);
	}
	if (n < 0)
		return -ENODATA;
	text[n] = '\0';
	return parse(text, mark) ? 0 : -ENODATA;
}

bool groupmark_is_held(const char *directory)
{
	const int fd = groupmark_hold(directory);

	if (fd >= 0)
		close(fd);
	return fd < 0; /* one that cannot be opened counts as held */
}
