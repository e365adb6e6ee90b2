// SPDX-License-Identifier: GPL-2.0-or-later
/* Fetches and looks into the programs and libraries of another architecture. */
#include "harness/lab/sysroot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/blob.h"
#include "harness/lab/cache.h"
#include "harness/lab/debian.h"
#include "harness/lab/elf.h"
#include "harness/lab/path.h"
#include "workloads/api/arith.h"

/* What pagestorm is built with and runs on, and a guest's shell. */
static const char *const packages[] = { "libc6-dev",	 "libnuma-dev",	  "libhwloc-dev",
					"libcgroup-dev", "libinih-dev",	  "libjansson-dev",
					"libgcc-s1",	 "busybox-static" };

int sysroot_find(const struct arch *arch, char path[PATH_MAX], struct error *e)
{
	struct words list = { 0 };
	int ret = -ENOENT;

	cache_directories(&list);
	for (size_t i = 0; ret && i < list.nr; i++)
		if (!path_format(path, "%s/sysroots/%s", list.item[i], arch->name) &&
		    !access(path, X_OK))
			ret = 0;
	words_release(&list);
	if (!ret)
		return 0;
	return error_set(
		e, ENOENT,
		"--arch=%s: there are no libraries of that architecture in the cache; run 'pagestorm lab --arch %s --fetch sysroot'",
		arch->name, arch->name);
}

/* Since Debian 13 no package has a /lib of its own: it is a link to usr/lib that the base
 * system brings. */
static int merge_lib(const char *tree, struct error *e)
{
	char path[PATH_MAX];

	if (path_format(path, "%s/lib", tree))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long", tree);
	if (symlink("usr/lib", path) && errno != EEXIST)
		return error_set(e, errno, "cannot make %s: %s", path, strerror(errno));
	return 0;
}

static int fetch_into(const char *scratch, const struct arch *arch, const char *place,
		      struct error *e)
{
	struct words wanted = { 0 };
	struct debian debian;
	char tree[PATH_MAX];
	int ret = debian_open(&debian, scratch, NULL, arch->debian, e);

	for (size_t i = 0; i < ARRAY_SIZE(packages); i++)
		words_add(&wanted, packages[i]);
	if (!ret && path_format(tree, "%s/tree", scratch))
		ret = error_set(e, ENAMETOOLONG, "%s: the path is too long", scratch);
	if (!ret)
		ret = debian_unpack_closure(&debian, &wanted, tree, e);
	if (!ret)
		ret = merge_lib(tree, e);
	if (!ret && rename(tree, place))
		ret = error_set(e, errno, "cannot move the libraries to %s: %s", place,
				strerror(errno));
	words_release(&wanted);
	return ret;
}

static int fetch_locked(const struct arch *arch, const char *sysroots, char path[PATH_MAX],
			struct error *e)
{
	char scratch[PATH_MAX];
	int ret;

	if (path_format(path, "%s/%s", sysroots, arch->name))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long", sysroots);
	ret = cache_scratch(sysroots, scratch, e);
	if (ret)
		return ret;
	ret = fetch_into(scratch, arch, path, e);
	cache_remove(scratch);
	return ret;
}

int sysroot_fetch(const struct arch *arch, char path[PATH_MAX], struct error *e)
{
	char sysroots[PATH_MAX];
	int lock_fd, ret = 0;

	if (!sysroot_find(arch, path, NULL))
		return 0;
	lock_fd = cache_lock("sysroots", sysroots, e);
	if (lock_fd < 0)
		return lock_fd;
	if (sysroot_find(arch, path, NULL))
		ret = fetch_locked(arch, sysroots, path, e);
	close(lock_fd);
	return ret;
}

/* ---- the libraries of a program ---- */

static bool locate(const char *sysroot, const struct arch *arch, const char *name,
		   char path[PATH_MAX])
{
	static const char *const directories[] = { "/lib/", "/usr/lib/" };
	char host[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (!path_format(path, "%s%s/%s", directories[i], arch->host, name) &&
		    !path_format(host, "%s%s", sysroot, path) && !access(host, R_OK))
			return true;
	return false;
}

static int add_needed(const char *sysroot, const struct arch *arch, const struct blob *image,
		      struct words *paths, struct error *e)
{
	struct words names = { 0 };
	char path[PATH_MAX];
	int ret = 0;

	elf_needed(image->data, image->size, &names);
	for (size_t i = 0; !ret && i < names.nr; i++)
		/* the loader itself is asked for by its name as well */
		if (!strncmp(names.item[i], "ld-linux", 8))
			continue;
		else if (!locate(sysroot, arch, names.item[i], path))
			ret = error_set(e, ENOENT, "there is no %s in %s", names.item[i],
					sysroot);
		else if (!words_has(paths, path))
			words_add(paths, path);
	if (!ret)
		ret = words_error(&names);
	words_release(&names);
	return ret;
}

static int read_image(const char *path, struct blob *image, struct error *e)
{
	int ret = blob_read_file(image, path);

	return ret ? error_set(e, -ret, "cannot read %s: %s", path, strerror(-ret)) : 0;
}

/* What the libraries from `first` on need in turn. */
static int follow(const char *sysroot, const struct arch *arch, size_t first,
		  struct words *paths, struct error *e)
{
	int ret = 0;

	for (size_t i = first; !ret && i < paths->nr; i++) {
		struct blob image = { 0 };
		char host[PATH_MAX];

		if (path_format(host, "%s%s", sysroot, paths->item[i]))
			return error_set(e, ENAMETOOLONG, "%s: the path is too long", sysroot);
		ret = read_image(host, &image, e);
		if (!ret)
			ret = add_needed(sysroot, arch, &image, paths, e);
		blob_release(&image);
	}
	return ret ? ret : words_error(paths);
}

int sysroot_libraries(const char *sysroot, const struct arch *arch, const char *program,
		      struct words *paths, struct error *e)
{
	struct blob image = { 0 };
	const char *interpreter;
	size_t first = paths->nr;
	char path[PATH_MAX];
	int ret = read_image(program, &image, e);

	interpreter = ret ? NULL : elf_interpreter(image.data, image.size);
	if (interpreter && elf_machine(image.data, image.size) == arch->elf_machine) {
		if (!words_has(paths, interpreter))
			words_add(paths, interpreter);
		/* glibc loads it by name when a thread is cancelled or exits */
		if (locate(sysroot, arch, "libgcc_s.so.1", path) && !words_has(paths, path))
			words_add(paths, path);
		ret = add_needed(sysroot, arch, &image, paths, e);
		if (!ret)
			ret = follow(sysroot, arch, first, paths, e);
	}
	blob_release(&image);
	return ret;
}
