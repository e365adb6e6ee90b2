// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fetches a kernel into the cache: the newest packages of a name.
 */
#include "harness/lab/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/cache.h"
#include "harness/lab/debian.h"
#include "harness/lab/kernel_part.h"
#include "harness/lab/path.h"
#include "harness/lab/words.h"
#include "workloads/api/arith.h"

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

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char package[PATH_MAX];

		if (!path_format(package, "%s-%s", parts[i], release) &&
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
	if (path_format(place, "%s/%s", kernels, release))
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
	if (path_format(fresh, "%s/newest", scratch) ||
	    kernel_newest_link(kernels, name, place) || symlink(release, fresh) ||
	    rename(fresh, place))
		return error_set(e, errno, "cannot point newest in %s at %s: %s", kernels,
				 release, strerror(errno));
	return 0;
}

static int fetch_into(const char *scratch, const char *text, const struct kernel_name *name,
		      const char *kernels, struct error *e)
{
	char release[PATH_MAX], tree[PATH_MAX], place[PATH_MAX];
	struct words packages = { 0 };
	struct debian debian;
	int ret;

	if (path_format(tree, "%s/tree", scratch))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long", scratch);
	ret = debian_open(&debian, scratch, kernel_name_suite(name), name->arch->debian, e);
	if (!ret)
		ret = newest_release(&debian, text, name, release, e);
	if (ret)
		return ret;
	if (path_format(place, "%s/%s", kernels, release) || access(place, F_OK)) {
		ret = packages_of(&debian, release, &packages, e);
		if (!ret)
			ret = debian_unpack(&debian, &packages, tree, e);
		if (!ret)
			ret = move_tree(tree, kernels, release, e);
	}
	words_release(&packages);
	return ret ? ret : remember_newest(scratch, kernels, name, release, e);
}

static int fetch_locked(const char *text, const struct kernel_name *name, const char *kernels,
			struct error *e)
{
	char scratch[PATH_MAX];
	int ret = cache_scratch(kernels, scratch, e);

	if (ret)
		return ret;
	ret = fetch_into(scratch, text, name, kernels, e);
	cache_remove(scratch);
	return ret;
}

int kernel_fetch(const char *text, const struct arch *arch, struct kernel *kernel,
		 struct error *e)
{
	struct kernel_name name;
	char kernels[PATH_MAX];
	int lock_fd, ret = 0;

	if (kernel_name_parse(text, arch, &name) || !kernel_name_suite(&name))
		return error_set(
			e, EINVAL,
			"--fetch=%s: Debian has 5.10, 6.1, 6.12 and newest, each also as 6.12-full; of another give the path of a vmlinuz file with --kernel",
			text);
	if (name.version[0] && !kernel_find(text, arch, kernel, NULL))
		return 0;
	lock_fd = cache_lock("kernels", kernels, e);
	if (lock_fd < 0)
		return lock_fd;
	if (!name.version[0] || kernel_find(text, arch, kernel, NULL))
		ret = fetch_locked(text, &name, kernels, e);
	if (!ret)
		ret = kernel_find(text, arch, kernel, e);
	close(lock_fd);
	return ret;
}
