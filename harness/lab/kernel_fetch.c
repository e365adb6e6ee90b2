// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fetches a kernel into the cache: the newest package of a version, unpacked beside its place
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

#include "harness/lab/blob.h"
#include "harness/lab/command.h"
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

static int newest_package(const char *version, char *package, size_t package_size,
			  struct error *e)
{
	struct words argv = { 0 }, line = { 0 };
	struct blob output = { 0 };
	unsigned major, minor;
	int ret;

	sscanf(version, "%u.%u", &major, &minor);
	words_add(&argv, "apt-cache");
	words_add(&argv, "search");
	words_add(&argv, "--names-only");
	words_addf(&argv, "^linux-image-%u\\.%u\\.[0-9].*-cloud-amd64$", major, minor);
	ret = command_run(&argv, NULL, -1, &output, e);
	if (ret)
		goto out;
	words_fields(&line, output.size ? output.data : "", "\n");
	package[0] = '\0';
	for (size_t i = 0; i < line.nr; i++) {
		line.item[i][strcspn(line.item[i], " ")] = '\0';
		if (!package[0] || strverscmp(line.item[i], package) > 0)
			snprintf(package, package_size, "%s", line.item[i]);
	}
	ret = words_error(&line);
	if (!ret && !package[0])
		ret = error_set(
			e, ENOENT,
			"--kernel=%s: apt knows no linux-image-%s.*-cloud-amd64; run 'sudo apt-get update', add the archive that has it, or give the path of a vmlinuz file",
			version, version);
out:
	words_release(&line);
	words_release(&argv);
	blob_release(&output);
	return ret;
}

static int run_in(const char *directory, struct error *e, const char *const *argv)
{
	struct words words = { 0 };
	struct blob output = { 0 };
	int ret;

	for (; *argv; argv++)
		words_add(&words, *argv);
	ret = command_run(&words, directory, -1, &output, e);
	blob_release(&output);
	words_release(&words);
	return ret;
}

/* Downloads and unpacks into `scratch`, then moves the tree to its place in one step. */
static int unpack_package(const char *package, const char *scratch, const char *kernels,
			  struct error *e)
{
	char pattern[PATH_MAX], deb[PATH_MAX], tree[PATH_MAX], place[PATH_MAX];
	int ret;

	ret = kernel_path(pattern, "%s/*.deb", scratch);
	if (!ret)
		ret = kernel_path(tree, "%s/tree", scratch);
	if (!ret)
		ret = kernel_path(place, "%s/%s", kernels, package + strlen("linux-image-"));
	if (ret)
		return error_set(e, -ret, "%s: the path is too long", kernels);
	ret = run_in(scratch, e,
		     (const char *const[]){ "apt-get", "-q", "download", package, NULL });
	if (ret)
		return ret;
	if (kernel_newest(pattern, deb, sizeof(deb)))
		return error_set(e, ENOENT, "apt-get download %s left no package", package);
	ret = run_in(scratch, e, (const char *const[]){ "dpkg-deb", "-x", deb, tree, NULL });
	if (ret)
		return ret;
	if (rename(tree, place) && errno != ENOTEMPTY && errno != EEXIST)
		return error_set(e, errno, "cannot move the kernel to %s: %s", place,
				 strerror(errno));
	return 0;
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

static int fetch_locked(const char *version, const char *kernels, struct error *e)
{
	char scratch[PATH_MAX];
	char package[256];
	int ret;

	remove_leftovers(kernels);
	ret = newest_package(version, package, sizeof(package), e);
	if (ret)
		return ret;
	if (kernel_path(scratch, "%s/.fetch-XXXXXX", kernels) || !mkdtemp(scratch))
		return error_set(e, errno, "cannot make a directory in %s: %s", kernels,
				 strerror(errno));
	ret = unpack_package(package, scratch, kernels, e);
	remove_tree(scratch);
	return ret;
}

int kernel_fetch(const char *version, struct kernel *kernel, bool *fetched, struct error *e)
{
	char cache[PATH_MAX], kernels[PATH_MAX], lock_path[PATH_MAX];
	int lock_fd = -1;
	int ret;

	*fetched = false;
	if (!kernel_is_version(version))
		return error_set(e, EINVAL, "--fetch=%s: give a version such as 6.1", version);
	if (!kernel_find(version, kernel, NULL))
		return 0;
	ret = kernel_cache(cache, e);
	if (ret)
		return ret;
	ret = kernel_path(kernels, "%s/kernels", cache);
	if (!ret)
		ret = kernel_path(lock_path, "%s/kernels/.lock", cache);
	if (ret)
		return error_set(e, -ret, "%s: the path is too long", cache);
	ret = make_directories(kernels, e);
	if (ret)
		return ret;
	lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (lock_fd < 0 || TEMP_FAILURE_RETRY(flock(lock_fd, LOCK_EX))) {
		ret = error_set(e, errno, "cannot lock %s: %s", lock_path, strerror(errno));
		goto out;
	}
	if (kernel_find(version, kernel, NULL)) {
		ret = fetch_locked(version, kernels, e);
		*fetched = !ret;
		if (!ret)
			ret = kernel_find(version, kernel, e);
	}
out:
	if (lock_fd >= 0)
		close(lock_fd);
	return ret;
}
