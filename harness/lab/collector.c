// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes the files that a guest sends, below the requested paths. */
#include "harness/lab/collector.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void collector_init(struct collector *collector, const struct words *roots)
{
	*collector = (struct collector){ .roots = roots, .fd = -1 };
}

static bool climbs(const char *path)
{
	for (const char *at = path; (at = strstr(at, "/..")); at += 3)
		if (!at[3] || at[3] == '/')
			return true;
	return false;
}

bool collector_accepts(const struct words *roots, const char *path)
{
	if (path[0] != '/' || climbs(path))
		return false;
	for (size_t i = 0; i < roots->nr; i++) {
		size_t length = strlen(roots->item[i]);

		if (!strncmp(path, roots->item[i], length) &&
		    (!path[length] || path[length] == '/'))
			return true;
	}
	return false;
}

static int check(const struct collector *collector, const char *path, struct error *e)
{
	if (collector_accepts(collector->roots, path))
		return 0;
	return error_set(e, EPERM, "the guest sent %s, which is not a result of this run",
			 path);
}

static int make_directories(const char *path, struct error *e)
{
	char partial[PATH_MAX];

	if (snprintf(partial, sizeof(partial), "%s/", path) >= (int)sizeof(partial))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long", path);
	for (char *slash = partial + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		if (mkdir(partial, 0755) && errno != EEXIST)
			return error_set(e, errno, "cannot make %s: %s", partial,
					 strerror(errno));
		*slash = '/';
	}
	return 0;
}

int collector_directory(struct collector *collector, const char *path, struct error *e)
{
	int ret = check(collector, path, e);

	return ret ? ret : make_directories(path, e);
}

static int make_parent(const char *path, struct error *e)
{
	char parent[PATH_MAX];
	char *slash;

	if (snprintf(parent, sizeof(parent), "%s", path) >= (int)sizeof(parent))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long", path);
	slash = strrchr(parent, '/');
	if (slash == parent)
		return 0;
	*slash = '\0';
	return make_directories(parent, e);
}

int collector_file(struct collector *collector, const char *path, struct error *e)
{
	int ret = check(collector, path, e);

	if (!ret)
		ret = make_parent(path, e);
	if (ret)
		return ret;
	if (collector->fd >= 0)
		close(collector->fd);
	collector->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (collector->fd < 0)
		return error_set(e, errno, "cannot write %s: %s", path, strerror(errno));
	collector->nr_files++;
	return 0;
}

int collector_content(struct collector *collector, const void *data, size_t size,
		      struct error *e)
{
	const char *at = data;

	while (size) {
		ssize_t done = TEMP_FAILURE_RETRY(write(collector->fd, at, size));

		if (done < 0)
			return error_set(e, errno, "cannot write the results: %s",
					 strerror(errno));
		at += done;
		size -= (size_t)done;
	}
	return 0;
}

void collector_release(struct collector *collector)
{
	if (collector->fd >= 0)
		close(collector->fd);
	collector->fd = -1;
}
