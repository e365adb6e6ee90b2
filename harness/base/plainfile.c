// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens regular files alone. Reads and writes none. */
#include "harness/base/plainfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is open is what is judged: a name may mean another file by now. */
static int judge(int fd, int flags, const char *path, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return error_set(e, errno, "cannot stat %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(e, EMEDIUMTYPE, "%s is not a regular file; not opening it",
				 path);
	if ((flags & O_ACCMODE) != O_RDONLY && st.st_nlink > 1)
		return error_set(
			e, EMLINK,
			"%s has another name as well (a hard link); not writing to it: copy it over itself",
			path);
	return 0;
}

int plainfile_open(int dirfd, const char *path, int flags, struct error *e)
{
	int fd = openat(dirfd, path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int ret;

	if (fd < 0 && errno == ELOOP)
		return error_set(e, ELOOP, "%s is a symbolic link; not following it", path);
	if (fd < 0)
		return error_set(e, errno, "%s: %s", path, strerror(errno));
	ret = judge(fd, flags, path, e);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

FILE *plainfile_stream(const char *path, int *ret, struct error *e)
{
	const int fd = plainfile_open(AT_FDCWD, path, O_RDONLY, e);
	FILE *stream;

	*ret = fd < 0 ? fd : 0;
	if (fd < 0)
		return NULL;
	stream = fdopen(fd, "r");
	if (stream)
		return stream;
	*ret = error_set(e, errno, "%s: %s", path, strerror(errno));
	close(fd);
	return NULL;
}

int plainfile_rename(const char *from, const char *to)
{
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS) /* a file system that cannot refuse: NFS */
		return -errno;
	if (!access(to, F_OK))
		return -EEXIST;
	return rename(from, to) ? -errno : 0;
}

int plainfile_make(int dirfd, const char *path)
{
	int fd;

	if (unlinkat(dirfd, path, 0) && errno != ENOENT)
		return -errno;
	fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd;
}
