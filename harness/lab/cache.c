// SPDX-License-Identifier: GPL-2.0-or-later
/* Where fetched things lie, and how they get there whole. */
#include "harness/lab/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/path.h"

void cache_directories(struct words *list)
{
	const char *own = getenv("PAGESTORM_CACHE");
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (own && *own) {
		words_add(list, own);
		return;
	}
	if (!geteuid())
		words_add(list, "/var/cache/pagestorm");
	if (cache && *cache)
		words_addf(list, "%s/pagestorm", cache);
	else if (home && *home)
		words_addf(list, "%s/.cache/pagestorm", home);
	if (geteuid())
		words_add(list, "/var/cache/pagestorm");
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	(void)at;
	return remove(path);
}

void cache_remove(const char *tree)
{
	(void)nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* best effort: it is a cache */
}

static int make_directories(const char *path, struct error *e)
{
	char partial[PATH_MAX];

	if (path_format(partial, "%s", path))
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
	if (mkdir(partial, 0755) && errno != EEXIST)
		return error_set(e, errno, "cannot make %s: %s", partial, strerror(errno));
	return 0;
}

/* Holding the lock, no other process fetches: what looks half done was left by a killed one. */
static void remove_leftovers(const char *path)
{
	char pattern[PATH_MAX];
	glob_t found = { 0 };

	if (!path_format(pattern, "%s/.fetch-*", path) && !glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			cache_remove(found.gl_pathv[i]);
	globfree(&found);
}

int cache_lock(const char *part, char path[PATH_MAX], struct error *e)
{
	struct words list = { 0 };
	char lock_path[PATH_MAX];
	int fd, ret = 0;

	cache_directories(&list);
	if (words_error(&list) || !list.nr)
		ret = error_set(e, ENOENT, "no cache directory: set PAGESTORM_CACHE or HOME");
	else if (path_format(path, "%s/%s", list.item[0], part) ||
		 path_format(lock_path, "%s/.lock", path))
		ret = error_set(e, ENAMETOOLONG, "%s: the path is too long", list.item[0]);
	words_release(&list);
	if (!ret)
		ret = make_directories(path, e);
	if (ret)
		return ret;
	fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0 && !TEMP_FAILURE_RETRY(flock(fd, LOCK_EX)))
		return fd;
	ret = error_set(e, errno, "cannot lock %s: %s", lock_path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

int cache_scratch(const char *path, char scratch[PATH_MAX], struct error *e)
{
	remove_leftovers(path);
	if (path_format(scratch, "%s/.fetch-XXXXXX", path) || !mkdtemp(scratch))
		return error_set(e, errno, "cannot make a directory in %s: %s", path,
				 strerror(errno));
	return 0;
}
