// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fetches a kernel into the cache: the newest packages of a name, unpacked beside their place
 * and moved there in one step. One process at a time.
 */
#include "harness/lab/kernel.h"

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

#include "harness/lab/debian.h"
#include "harness/lab/kernel_part.h"
#include "harness/lab/words.h"

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	(void)at;
	return remove(path);
}

static void remove_tree(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* best effort: it is a cache */
}

static int make_directories(const char *path, struct error *e)
{
	char partial[PATH_MAX];

	if (kernel_path(partial, "%s", path))
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

/* The newest release of that name among the packages linux-image-RELEASE. */
static int newest_release(const struct debian *debian, const char *text,
			  const struct kernel_name *name, char release[PATH_MAX],
			  struct error *e)
{
	static const char prefix[] = "linux-image-";
	struct words names = { 0 };
	int ret = debian_names(debian, prefix, &names, e);

	release[0] = '\0';
	for (size_t i = 0; i < names.nr; i++) {
		const char *one = names.item[i] + strlen(prefix);

		if (kernel_name_fits(name, one) &&
		    (!release[0] || strverscmp(one, release) > 0))
			snprintf(release, PATH_MAX, "%s", one);
	}
	words_release(&names);
	if (!ret && !release[0])
		ret = error_set(
			e, ENOENT,
			"--kernel=%s: Debian's %s has no kernel %s; give the path of a vmlinuz file",
			text, kernel_name_suite(name), text);
	return ret;
}

/* Up to Debian 13 one package has it all; later the image, its modules and their order are
 * three. */
static int packages_of(const struct debian *debian, const char *release, struct words *packages,
		       struct error *e)
{
	static const char *const parts[] = { "linux-image", "linux-binary", "linux-modules",
					     "linux-base" };
	struct words names = { 0 };
	int ret = debian_names(debian, "linux-", &names, e);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char package[PATH_MAX];

		if (!kernel_path(package, "%s-%s", parts[i], release) &&
		    words_has(&names, package))
			words_add(packages, package);
	}
	words_release(&names);
	return ret ? ret : words_error(packages);
}

/* Moves what was unpacked to its place in one step. */
static int move_tree(const char *tree, const char *kernels, const char *release,
		     struct error *e)
{
	char image[PATH_MAX], place[PATH_MAX];

	if (kernel_image_below(tree, release, image))
		return error_set(e, ENOENT, "the packages of kernel %s hold no vmlinuz",
				 release);
	if (kernel_path(place, "%s/%s", kernels, release))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long", kernels);
	if (rename(tree, place) && errno != ENOTEMPTY && errno != EEXIST)
		return error_set(e, errno, "cannot move the kernel to %s: %s", place,
				 strerror(errno));
	return 0;
}

/* Points the cache's `newest` at a release, in one step. */
static int remember_newest(const char *scratch, const char *kernels,
			   const struct kernel_name *name, const char *release, struct error *e)
{
	char fresh[PATH_MAX], place[PATH_MAX];

	if (name->version[0])
		return 0;
	if (kernel_path(fresh, "%s/newest", scratch) ||
	    kernel_newest_link(kernels, name, place) || symlink(release, fresh) ||
	    rename(fresh, place))
		return error_set(e, errno, "cannot point newest in %s at %s: %s", kernels,
				 release, strerror(errno));
	return 0;
}

static int fetch_into(const char *scratch, const char *text, const char *kernels,
		      struct error *e)
{
	char release[PATH_MAX], tree[PATH_MAX], place[PATH_MAX];
	struct words packages = { 0 };
	struct kernel_name name;
	struct debian debian;
	int ret;

	if (kernel_name_parse(text, &name) || kernel_path(tree, "%s/tree", scratch))
		return -EINVAL;
	ret = debian_open(&debian, scratch, kernel_name_suite(&name), "amd64", e);
	if (!ret)
		ret = newest_release(&debian, text, &name, release, e);
	if (ret)
		return ret;
	if (kernel_path(place, "%s/%s", kernels, release) || access(place, F_OK)) {
		ret = packages_of(&debian, release, &packages, e);
		if (!ret)
			ret = debian_unpack(&debian, &packages, tree, e);
		if (!ret)
			ret = move_tree(tree, kernels, release, e);
	}
	words_release(&packages);
	return ret ? ret : remember_newest(scratch, kernels, &name, release, e);
}

/* Holding the lock, no other process fetches: what looks half done was left by a killed one. */
static void remove_leftovers(const char *kernels)
{
	char pattern[PATH_MAX];
	glob_t found = { 0 };

	if (!kernel_path(pattern, "%s/.fetch-*", kernels) && !glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			remove_tree(found.gl_pathv[i]);
	globfree(&found);
}

static int fetch_locked(const char *text, const char *kernels, struct error *e)
{
	char scratch[PATH_MAX];
	int ret;

	remove_leftovers(kernels);
	if (kernel_path(scratch, "%s/.fetch-XXXXXX", kernels) || !mkdtemp(scratch))
		return error_set(e, errno, "cannot make a directory in %s: %s", kernels,
				 strerror(errno));
	ret = fetch_into(scratch, text, kernels, e);
	remove_tree(scratch);
	return ret;
}

static int lock_kernels(char kernels[PATH_MAX], struct error *e)
{
	char cache[PATH_MAX], lock_path[PATH_MAX];
	int fd, ret = kernel_cache(cache, e);

	if (ret)
		return ret;
	if (kernel_path(kernels, "%s/kernels", cache) ||
	    kernel_path(lock_path, "%s/kernels/.lock", cache))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long", cache);
	ret = make_directories(kernels, e);
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

int kernel_fetch(const char *text, struct kernel *kernel, struct error *e)
{
	struct kernel_name name;
	char kernels[PATH_MAX];
	int lock_fd, ret = 0;

	if (kernel_name_parse(text, &name) || !kernel_name_suite(&name))
		return error_set(
			e, EINVAL,
			"--fetch=%s: Debian has 5.10, 6.1, 6.12 and newest, each also as 6.12-full; of another give the path of a vmlinuz file with --kernel",
			text);
	if (name.version[0] && !kernel_find(text, kernel, NULL))
		return 0;
	lock_fd = lock_kernels(kernels, e);
	if (lock_fd < 0)
		return lock_fd;
	if (!name.version[0] || kernel_find(text, kernel, NULL))
		ret = fetch_locked(text, kernels, e);
	if (!ret)
		ret = kernel_find(text, kernel, e);
	close(lock_fd);
	return ret;
}
