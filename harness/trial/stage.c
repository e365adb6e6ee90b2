// SPDX-License-Identifier: GPL-2.0-or-later
/* Moves a results directory, between file systems too. Knows nothing of what is in it. */
#include "harness/trial/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".partial"

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* ---- copying ---- */

static int copy_bytes(int from, int to)
{
	ssize_t nr;

	/* sendfile(2) moves at most 0x7ffff000 bytes a call. */
	do
		nr = sendfile(to, from, NULL, 1 << 30);
	while (nr > 0 || (nr < 0 && errno == EINTR));
	if (nr < 0 || fsync(to))
		return -errno;
	return 0;
}

static int copy_file(int from_dirfd, int to_dirfd, const char *name, mode_t mode)
{
	int from = openat(from_dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), to = -1, ret;

	if (from >= 0)
		to = openat(to_dirfd, name,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
	ret = to < 0 ? -errno : copy_bytes(from, to);
	if (to >= 0 && close(to) && !ret)
		ret = -errno;
	if (from >= 0)
		close(from);
	return ret;
}

typedef int visit_entry(int dirfd, const char *name, const struct stat *st, void *arg);

/* Calls visit() for each entry; ends at the first that it fails for, with its name in *e. */
static int each_entry(int dirfd, visit_entry *visit, void *arg, struct error *e)
{
	const int copy = dup(dirfd);
	DIR *directory = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int ret = directory ? 0 : error_set(e, errno, "%s", strerror(errno));
	struct stat st;

	if (!directory && copy >= 0)
		close(copy);
	if (directory)
		rewinddir(directory); /* the descriptor shares its offset with dirfd */
	while (!ret && (entry = readdir(directory))) {
		if (is_dot(entry->d_name))
			continue;
		if (fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			ret = -errno;
		if (!ret)
			ret = visit(dirfd, entry->d_name, &st, arg);
		if (ret)
			(void)error_set(e, -ret, "%s: %s", entry->d_name,
					ret == -EMEDIUMTYPE ? "neither a file nor a directory"
							    : strerror(-ret));
	}
	if (directory)
		closedir(directory);
	return ret;
}

struct copying {
	int to_dirfd;
	struct error *e;
};

static int copy_entry(int dirfd, const char *name, const struct stat *st, void *arg)
{
	const struct copying *c = arg;
	struct copying below = { .to_dirfd = -1, .e = c->e };
	int from, ret;

	if (S_ISREG(st->st_mode))
		return copy_file(dirfd, c->to_dirfd, name, st->st_mode);
	if (!S_ISDIR(st->st_mode))
		return -EMEDIUMTYPE;
	if (mkdirat(c->to_dirfd, name, st->st_mode & 0777))
		return -errno;
	from = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	below.to_dirfd =
		openat(c->to_dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ret = from < 0 || below.to_dirfd < 0 ? -errno
					     : each_entry(from, copy_entry, &below, c->e);
	if (!ret && fsync(below.to_dirfd))
		ret = -errno;
	if (from >= 0)
		close(from);
	if (below.to_dirfd >= 0)
		close(below.to_dirfd);
	return ret;
}

static int remove_entry(int dirfd, const char *name, const struct stat *st, void *arg)
{
	int below, ret;

	if (!S_ISDIR(st->st_mode))
		return unlinkat(dirfd, name, 0) ? -errno : 0;
	below = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return -errno;
	ret = each_entry(below, remove_entry, arg, arg);
	close(below);
	return ret || !unlinkat(dirfd, name, AT_REMOVEDIR) ? ret : -errno;
}

/* The directory and what is in it; dirfd: the directory, opened. */
static int remove_tree(int dirfd, const char *path, struct error *e)
{
	int ret = each_entry(dirfd, remove_entry, e, e);

	if (!ret && rmdir(path))
		ret = error_set(e, errno, "%s: %s", path, strerror(errno));
	return ret;
}

/* ---- moving ---- */

/* Some file systems shared by machines know no RENAME_NOREPLACE. */
static int rename_new(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL)
		return -errno;
	if (!access(to, F_OK))
		return -EEXIST;
	return rename(from, to) ? -errno : 0;
}

static int sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;

	if (fd < 0 || fsync(fd))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

/* A copy under its final name, or none. */
static int copy_tree(int from, const char *parent, const char *path, struct error *e)
{
	struct copying copying = { .to_dirfd = -1, .e = e };
	char partial[640];
	struct error why = { "" };
	int ret;

	if ((size_t)snprintf(partial, sizeof(partial), "%s" SUFFIX, path) >= sizeof(partial))
		return error_set(e, ENAMETOOLONG, "%s: %s", path, strerror(ENAMETOOLONG));
	if (mkdir(partial, 0755))
		return error_set(e, errno, "%s: %s", partial, strerror(errno));
	copying.to_dirfd = open(partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ret = copying.to_dirfd < 0 ? -errno : each_entry(from, copy_entry, &copying, e);
	if (!ret && fsync(copying.to_dirfd))
		ret = -errno;
	if (!ret)
		ret = rename_new(partial, path);
	if (ret && copying.to_dirfd >= 0)
		(void)remove_tree(copying.to_dirfd, partial, &why);
	if (copying.to_dirfd >= 0)
		close(copying.to_dirfd);
	if (!ret)
		ret = sync_directory(parent);
	return ret ? error_set(e, -ret, "%s: %s", path, strerror(-ret)) : 0;
}

static int copy_and_remove(const char *from, const char *parent, const char *path,
			   struct error *e)
{
	int fd = open(from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int ret = fd < 0 ? error_set(e, errno, "%s: %s", from, strerror(errno))
			 : copy_tree(fd, parent, path, e);

	if (!ret)
		ret = remove_tree(fd, from, e);
	if (fd >= 0)
		close(fd);
	return ret;
}

int stage_move(const char *from, const char *parent, char *path, size_t path_bytes,
	       struct error *e)
{
	const char *slash = strrchr(from, '/');
	struct error why = { "" };
	int ret;

	if ((size_t)snprintf(path, path_bytes, "%s/%s", parent, slash ? slash + 1 : from) >=
	    path_bytes)
		return error_set(e, ENAMETOOLONG, "the path of %s is too long", parent);
	if (mkdir(parent, 0755) && errno != EEXIST)
		return error_set(e, errno, "cannot make the directory %s: %s", parent,
				 strerror(errno));
	ret = rename_new(from, path);
	if (ret == -EXDEV)
		ret = copy_and_remove(from, parent, path, &why);
	else if (ret)
		(void)error_set(&why, -ret, "%s: %s", path, strerror(-ret));
	if (ret)
		(void)error_set(e, -ret,
				"the results are complete in %s, and cannot be moved to %s: %s",
				from, parent, why.text);
	return ret;
}
