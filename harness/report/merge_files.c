// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files of a merged directory: the rows of all parts below one header, byte for byte.
 * Refuses files whose columns differ.
 */
#include "harness/report/merge_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/plainfile.h"

#define COPY_BYTES 65536
#define HEADER_MAX 8192

/* ---- what there is ---- */

static bool is_csv(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && length < 64 && !strcmp(name + length - 4, ".csv");
}

static int add_name(struct merge_files *files, const char *name)
{
	for (size_t i = 0; i < files->nr; i++)
		if (!strcmp(files->name[i], name))
			return 0;
	if (files->nr == MERGE_FILES_MAX)
		return -E2BIG;
	strcpy(files->name[files->nr++], name);
	return 0;
}

static int find_in(struct merging *m, const struct result_dir *f, struct error *e)
{
	DIR *dir = opendir(f->path);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return error_set(e, errno, "%s: %s", f->path, strerror(errno));
	while (!ret && (entry = readdir(dir))) {
		if (is_csv(entry->d_name))
			ret = add_name(&m->files, entry->d_name);
		m->out.raw_left_behind |= !strcmp(entry->d_name, "raw");
	}
	closedir(dir);
	if (ret)
		return error_set(e, EINVAL,
				 "the directories have more than %d kinds of CSV files",
				 MERGE_FILES_MAX);
	return 0;
}

/* The header line with its end; -EBADMSG when there is none. */
static int read_header(int fd, char *header, size_t header_bytes)
{
	ssize_t n = pread(fd, header, header_bytes - 1, 0);
	char *end;

	if (n < 0)
		return -errno;
	header[n] = 0;
	end = strchr(header, '\n');
	if (!end)
		return -EBADMSG;
	end[1] = 0;
	return 0;
}

/* -ENOENT, without a sentence: there is none. */
static int open_in(const struct result_dir *f, const char *name, struct error *e)
{
	struct error missing = { "" };
	char path[PATH_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", f->path, name) >= sizeof(path))
		return error_set(e, ENAMETOOLONG, "%s/%s: the path is too long", f->path, name);
	fd = plainfile_open(AT_FDCWD, path, O_RDONLY, &missing);
	if (fd == -ELOOP || fd == -EMEDIUMTYPE) /* of the input, not of this machine */
		return error_set(e, EINVAL, "%s", missing.text);
	return fd >= 0 || fd == -ENOENT ? fd : error_set(e, -fd, "%s", missing.text);
}

/* *header: "" before the first file, then what all must have. */
static int check_header(const struct result_dir *f, const char *name, char *header,
			struct error *e)
{
	char own[HEADER_MAX];
	int fd = open_in(f, name, e), ret;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	ret = read_header(fd, own, sizeof(own));
	close(fd);
	if (ret)
		return error_set(e, EINVAL, "%s/%s has no header line", f->path, name);
	if (*header && strcmp(header, own))
		return error_set(
			e, EINVAL,
			"%s/%s: its columns differ from those of the other directories: another version of pagestorm wrote it",
			f->path, name);
	strcpy(header, own);
	return 0;
}

int merge_find_files(struct merging *m, struct error *e)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < m->nr; i++)
		ret = find_in(m, m->part[i], e);
	for (size_t i = 0; !ret && i < m->files.nr; i++) {
		char header[HEADER_MAX] = "";

		for (size_t j = 0; !ret && j < m->nr; j++)
			ret = check_header(m->part[j], m->files.name[i], header, e);
	}
	return ret;
}

/* ---- joined ---- */

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0)
			return -errno;
		bytes += n;
		length -= n;
	}
	return 0;
}

/* Copies from offset to the end; *ended_line: whether the last byte was a line's end. */
static int copy_from(int from, off_t offset, int to, bool *ended_line)
{
	char buffer[COPY_BYTES];
	ssize_t n;
	int ret = 0;

	*ended_line = true;
	while (!ret && (n = pread(from, buffer, sizeof(buffer), offset)) > 0) {
		ret = write_all(to, buffer, n);
		*ended_line = buffer[n - 1] == '\n';
		offset += n;
	}
	return ret ? ret : n < 0 ? -errno : 0;
}

/* The header once, then the rows. */
static int append_file(int to, const struct result_dir *f, const char *name, bool *begun,
		       struct error *e)
{
	char header[HEADER_MAX];
	bool ended_line;
	int fd = open_in(f, name, e), ret;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	ret = read_header(fd, header, sizeof(header));
	if (!ret)
		ret = copy_from(fd, *begun ? strlen(header) : 0, to, &ended_line);
	if (!ret && !ended_line)
		ret = -EBADMSG;
	*begun = true;
	close(fd);
	return ret;
}

static int join_file(const struct merging *m, const char *name, struct error *e)
{
	int fd = openat(m->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), ret = 0;
	bool begun = false;

	if (fd < 0)
		return error_set(e, errno, "%s: %s", name, strerror(errno));
	for (size_t i = 0; !ret && i < m->nr; i++)
		ret = append_file(fd, m->part[i], name, &begun, e);
	if (!ret && fsync(fd))
		ret = -errno;
	close(fd);
	return ret ? error_set(e, -ret, "joining %s: %s", name, strerror(-ret)) : 0;
}

static int copy_profile(int dirfd, const struct result_dir *f, struct error *e)
{
	int from = open_in(f, "profile.ini", e), to = -1, ret = 0;
	bool ended_line;

	if (from == -ENOENT)
		return 0;
	if (from >= 0)
		to = openat(dirfd, "profile.ini", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			    0644);
	if (from < 0 || to < 0)
		ret = from < 0 ? from : -errno;
	else
		ret = copy_from(from, 0, to, &ended_line);
	if (to >= 0)
		close(to);
	if (from >= 0)
		close(from);
	return ret ? error_set(e, -ret, "profile.ini: %s", strerror(-ret)) : 0;
}

int merge_join_files(const struct merging *m, struct error *e)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < m->files.nr; i++)
		ret = join_file(m, m->files.name[i], e);
	return ret ? ret : copy_profile(m->dirfd, m->part[0], e);
}
