// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes a cpio archive entry by entry, each directory before what lies in it. */
#include "harness/lab/cpio.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/blob.h"

#define TRAILER "TRAILER!!!"

struct entry {
	const char *name; /* without the leading slash */
	mode_t mode;
	const void *data;
	size_t size;
	unsigned major, minor;
};

void cpio_init(struct cpio *cpio, int fd)
{
	*cpio = (struct cpio){ .fd = fd };
}

void cpio_fail(struct cpio *cpio, int ret)
{
	if (!cpio->error)
		cpio->error = ret;
}

static void write_bytes(struct cpio *cpio, const void *data, size_t size)
{
	const char *at = data;

	while (!cpio->error && size) {
		ssize_t done = TEMP_FAILURE_RETRY(write(cpio->fd, at, size));

		if (done < 0) {
			cpio_fail(cpio, -errno);
			return;
		}
		at += done;
		size -= (size_t)done;
		cpio->written_bytes += (uint64_t)done;
	}
}

static void pad_to_word(struct cpio *cpio)
{
	write_bytes(cpio, "\0\0\0", -cpio->written_bytes & 3);
}

static int write_entry(struct cpio *cpio, const struct entry *entry)
{
	char header[6 + 13 * 8 + 1];
	size_t name_size = strlen(entry->name) + 1;

	if (entry->size > UINT32_MAX)
		cpio_fail(cpio, -EFBIG);
	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 ++cpio->nr_entries, (unsigned)entry->mode, 0u, 0u,
		 S_ISDIR(entry->mode) ? 2u : 1u, 0u, (unsigned)entry->size, 0u, 0u,
		 entry->major, entry->minor, (unsigned)name_size, 0u);
	write_bytes(cpio, header, sizeof(header) - 1);
	write_bytes(cpio, entry->name, name_size);
	pad_to_word(cpio);
	write_bytes(cpio, entry->data, entry->size);
	pad_to_word(cpio);
	return cpio->error;
}

static const char *relative(const char *path)
{
	return path + strspn(path, "/");
}

static void make_parents(struct cpio *cpio, const char *path)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(relative(path), '/');

	if (!slash)
		return;
	if ((size_t)(slash - path) >= sizeof(parent)) {
		cpio_fail(cpio, -ENAMETOOLONG);
		return;
	}
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';
	cpio_directory(cpio, parent);
}

int cpio_directory(struct cpio *cpio, const char *path)
{
	const char *name = relative(path);

	if (cpio->error || !*name || words_has(&cpio->directory, name))
		return cpio->error;
	make_parents(cpio, path);
	words_add(&cpio->directory, name);
	cpio_fail(cpio, words_error(&cpio->directory));
	return write_entry(cpio, &(struct entry){ .name = name, .mode = S_IFDIR | 0755 });
}

int cpio_data(struct cpio *cpio, const char *path, mode_t permissions, const void *data,
	      size_t size)
{
	make_parents(cpio, path);
	return write_entry(cpio, &(struct entry){ .name = relative(path),
						  .mode = S_IFREG | (permissions & 07777),
						  .data = data,
						  .size = size });
}

int cpio_symlink(struct cpio *cpio, const char *path, const char *target)
{
	make_parents(cpio, path);
	return write_entry(cpio, &(struct entry){ .name = relative(path),
						  .mode = S_IFLNK | 0777,
						  .data = target,
						  .size = strlen(target) });
}

int cpio_character_device(struct cpio *cpio, const char *path, mode_t permissions,
			  unsigned major, unsigned minor)
{
	make_parents(cpio, path);
	return write_entry(cpio, &(struct entry){ .name = relative(path),
						  .mode = S_IFCHR | (permissions & 07777),
						  .major = major,
						  .minor = minor });
}

int cpio_file(struct cpio *cpio, const char *path, const char *host_path)
{
	struct blob content = { 0 };
	struct stat status;

	if (!cpio->error && stat(host_path, &status))
		cpio->error = -errno;
	if (!cpio->error)
		cpio->error = blob_read_file(&content, host_path);
	if (!cpio->error)
		cpio_data(cpio, path, status.st_mode, content.data, content.size);
	blob_release(&content);
	return cpio->error;
}

static void add_child(struct cpio *cpio, const char *path, const char *host_path,
		      const char *name)
{
	char *child = NULL;
	char *host_child = NULL;

	if (asprintf(&child, "%s/%s", path, name) < 0)
		child = NULL;
	if (asprintf(&host_child, "%s/%s", host_path, name) < 0)
		host_child = NULL;
	if (child && host_child)
		cpio_tree(cpio, child, host_child);
	else
		cpio->error = -ENOMEM;
	free(host_child);
	free(child);
}

int cpio_tree(struct cpio *cpio, const char *path, const char *host_path)
{
	struct dirent **child;
	struct stat status;
	int nr;

	if (!cpio->error && stat(host_path, &status))
		cpio->error = -errno;
	if (cpio->error || !S_ISDIR(status.st_mode))
		return cpio_file(cpio, path, host_path);
	cpio_directory(cpio, path);
	nr = scandir(host_path, &child, NULL, alphasort);
	if (nr < 0)
		return cpio->error = -errno;
	for (int i = 0; i < nr; i++) {
		if (strcmp(child[i]->d_name, ".") && strcmp(child[i]->d_name, ".."))
			add_child(cpio, path, host_path, child[i]->d_name);
		free(child[i]);
	}
	free(child);
	return cpio->error;
}

int cpio_finish(struct cpio *cpio)
{
	return write_entry(cpio, &(struct entry){ .name = TRAILER });
}

void cpio_release(struct cpio *cpio)
{
	words_release(&cpio->directory);
}
