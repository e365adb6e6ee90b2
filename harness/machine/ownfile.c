// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes files and directories exclusively. It removes none: undo.c does. */
#include "harness/machine/ownfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/machine/identity.h"

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int open_directory_of(const char *path)
{
	char directory[PATH_MAX];
	int fd;

	if (snprintf(directory, sizeof(directory), "%.*s", (int)(name_of(path) - path), path) >=
	    (int)sizeof(directory))
		return -ENAMETOOLONG;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int is_there(const char *path, struct error *e)
{
	return error_set(
		e, EEXIST,
		"%s exists and is not pagestorm's; not touching it: remove it, or choose another place",
		path);
}

static int cannot_make(const char *path, int code, struct error *e)
{
	return error_set(e, code, "cannot make %s: %s", path, strerror(code));
}

/* An unguessable name beside path, journalled before anything has it. */
static int note_temporary(const char *path, char *temporary, struct journal *j, struct error *e)
{
	struct journal_act act = { .kind = JOURNAL_FILE, .what = temporary };
	char token[TOKEN_BYTES], identity[IDENTITY_BYTES];
	int ret = token_make(token);

	if (ret)
		return error_set(e, -ret, "cannot draw a random name: %s", strerror(-ret));
	if (snprintf(temporary, PATH_MAX, "%.*spagestorm-%s", (int)(name_of(path) - path), path,
		     token) >= PATH_MAX)
		return error_set(e, ENAMETOOLONG, "the path is too long: %s", path);
	snprintf(identity, sizeof(identity), "token:%s", token);
	act.identity = identity;
	return journal_note(j, &act, e);
}

static int note_made(int fd, const char *path, struct journal *j, struct error *e)
{
	struct journal_act act = { .kind = JOURNAL_FILE, .what = path };
	char identity[IDENTITY_BYTES];
	int ret = identity_of(fd, "", identity, sizeof(identity));

	if (ret)
		return error_set(e, -ret, "cannot stat %s: %s", path, strerror(-ret));
	act.identity = identity;
	return journal_note(j, &act, e);
}

/* ---- files ---- */

static int open_temporary(struct ownfile *f, struct journal *j, struct error *e)
{
	int ret = note_temporary(f->path, f->temporary, j, e);

	if (ret)
		return ret;
	f->fd = openat(f->dirfd, name_of(f->temporary),
		       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return f->fd < 0 ? cannot_make(f->path, errno, e) : 0;
}

int ownfile_begin(struct ownfile *f, const char *path, struct journal *j, struct error *e)
{
	struct stat st;
	int ret;

	*f = (struct ownfile){ .fd = -1, .dirfd = -1 };
	if (strlen(path) >= sizeof(f->path))
		return error_set(e, ENAMETOOLONG, "the path is too long: %s", path);
	strcpy(f->path, path);
	if (!lstat(path, &st))
		return is_there(path, e); /* before a large file is filled for nothing */
	ret = open_directory_of(path);
	if (ret < 0)
		return cannot_make(path, -ret, e);
	f->dirfd = ret;
	f->fd = openat(f->dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* open(2): no support by the file system, or a kernel that does not know the flag */
	if (f->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		return open_temporary(f, j, e);
	return f->fd < 0 ? cannot_make(path, errno, e) : 0;
}

static int link_unnamed(const struct ownfile *f)
{
	char unnamed[64];

	snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", f->fd);
	return linkat(AT_FDCWD, unnamed, f->dirfd, name_of(f->path), AT_SYMLINK_FOLLOW) ? -errno
											: 0;
}

/* Where renameat2(2) cannot refuse to replace (NFS), link(2) can. */
static int rename_temporary(const struct ownfile *f)
{
	const char *from = name_of(f->temporary), *to = name_of(f->path);

	if (!renameat2(f->dirfd, from, f->dirfd, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(f->dirfd, from, f->dirfd, to, 0))
		return -errno;
	return unlinkat(f->dirfd, from, 0) ? -errno : 0;
}

int ownfile_publish(struct ownfile *f, struct journal *j, struct error *e)
{
	int ret = note_made(f->fd, f->path, j, e);

	if (ret)
		return ret;
	ret = f->temporary[0] ? rename_temporary(f) : link_unnamed(f);
	if (ret) {
		(void)journal_forget(j, JOURNAL_FILE, f->path, NULL); /* its identity differs */
		return ret == -EEXIST ? is_there(f->path, e) : cannot_make(f->path, -ret, e);
	}
	if (!f->temporary[0])
		return 0;
	ret = journal_forget(j, JOURNAL_FILE, f->temporary, e);
	f->temporary[0] = '\0';
	return ret;
}

void ownfile_close(struct ownfile *f, struct journal *j)
{
	if (f->temporary[0]) /* what cannot be removed now stays in the journal */
		(void)journal_undo_one(j, JOURNAL_FILE, f->temporary, NULL);
	if (f->fd >= 0)
		close(f->fd);
	if (f->dirfd >= 0)
		close(f->dirfd);
	*f = (struct ownfile){ .fd = -1, .dirfd = -1 };
}

/* ---- directories ---- */

/*
 * Without RENAME_NOREPLACE: rename(2) alone would replace another's empty directory.
 * Noted afterwards: killed in between, an empty directory is left.
 */
static int name_by_mkdir(const char *path, struct journal *j, struct error *e)
{
	int fd, ret;

	if (mkdir(path, 0700))
		return errno == EEXIST ? is_there(path, e) : cannot_make(path, errno, e);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return cannot_make(path, errno, e);
	ret = note_made(fd, path, j, e);
	close(fd);
	return ret;
}

static int name_directory(const char *temporary, const char *path, struct journal *j,
			  struct error *e)
{
	int fd, ret, code;

	fd = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return cannot_make(path, errno, e);
	ret = note_made(fd, path, j, e);
	close(fd);
	if (ret)
		return ret;
	if (!renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE))
		return journal_forget(j, JOURNAL_FILE, temporary, e);
	code = errno;
	(void)journal_forget(j, JOURNAL_FILE, path, NULL); /* its identity differs */
	(void)journal_undo_one(j, JOURNAL_FILE, temporary, NULL);
	if (code == EINVAL || code == ENOSYS)
		return name_by_mkdir(path, j, e);
	return code == EEXIST ? is_there(path, e) : cannot_make(path, code, e);
}

int ownfile_directory(const char *path, struct journal *j, struct error *e)
{
	char temporary[PATH_MAX];
	int ret = note_temporary(path, temporary, j, e);

	if (ret)
		return ret;
	if (mkdir(temporary, 0700)) {
		ret = cannot_make(path, errno, e);
		(void)journal_forget(j, JOURNAL_FILE, temporary, NULL); /* it was not made */
		return ret;
	}
	return name_directory(temporary, path, j, e);
}
