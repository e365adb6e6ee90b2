// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds a kernel and the modules and config that belong to it. */
#include "harness/lab/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/blob.h"
#include "harness/lab/cache.h"
#include "harness/lab/kernel_part.h"
#include "harness/lab/path.h"
#include "harness/lab/words.h"

/* Cuts the last component off. */
static void cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

static const char *last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The architecture whose kernel it is, the wanted one first; NULL: of none. */
static const struct arch *read_as(const void *image, size_t size, const struct arch *arch,
				  struct arch_image *read)
{
	if (!arch->image(image, size, read))
		return arch;
	for (size_t i = 0; arch_known[i]; i++)
		if (!arch_known[i]->image(image, size, read))
			return arch_known[i];
	return NULL;
}

static int read_image(const char *path, const struct arch *arch, struct arch_image *read,
		      struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct arch *found = NULL;
	struct stat status;
	void *image;

	if (fd < 0)
		return error_set(e, errno, "--kernel: cannot open %s: %s", path,
				 strerror(errno));
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size) {
		image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (image != MAP_FAILED) {
			found = read_as(image, (size_t)status.st_size, arch, read);
			munmap(image, (size_t)status.st_size);
		}
	}
	close(fd);
	if (found == arch)
		return 0;
	if (found)
		return error_set(
			e, ENOEXEC,
			"--kernel: %s is a kernel of %s, and the guest is of %s; add --arch %s",
			path, found->name, arch->name, found->name);
	return error_set(
		e, ENOEXEC,
		"--kernel: %s is not a kernel image of %s; give a vmlinuz file or a version such as 6.1",
		path, arch->name);
}

bool kernel_has_built_in(const struct kernel *kernel, const char *symbol)
{
	struct blob config = { 0 };
	char line[64];
	bool has = false;

	snprintf(line, sizeof(line), "\nCONFIG_%s=y\n", symbol);
	if (kernel->config[0] && !blob_read_file(&config, kernel->config) && config.size)
		has = strstr(config.data, line) != NULL;
	blob_release(&config);
	return has;
}

/* The memory controller lost v1 behind CONFIG_MEMCG_V1 in 6.11, which Debian leaves off. */
static bool config_has_cgroup_v1(const struct kernel *kernel)
{
	if (kernel->major < 6 || (kernel->major == 6 && kernel->minor < 11))
		return true;
	return !kernel->config[0] || kernel_has_built_in(kernel, "MEMCG_V1");
}

/* Keeps the path in `place` if it can be read. */
static bool is_at(char place[PATH_MAX], const char *directory, const char *between,
		  const char *name)
{
	char path[PATH_MAX];

	if (path_format(path, "%s%s%s", directory, between, name) || access(path, R_OK))
		return false;
	memcpy(place, path, sizeof(path));
	return true;
}

/* What stands beside an image: modules in ../lib/modules, in ../usr/lib/modules, or around it,
 * as in usr/lib/modules/RELEASE/vmlinuz; those of a kernel that is installed here. */
static void find_companions(struct kernel *kernel)
{
	char beside[PATH_MAX], root[PATH_MAX];
	const char *release = kernel->release;

	memcpy(beside, kernel->image, sizeof(beside));
	cut(beside);
	memcpy(root, beside, sizeof(root));
	cut(root);
	(void)(is_at(kernel->modules, root, "/lib/modules/", release) ||
	       is_at(kernel->modules, root, "/usr/lib/modules/", release) ||
	       is_at(kernel->modules, root, "/", release) ||
	       is_at(kernel->modules, "", "/lib/modules/", release)); /* or there are none */
	(void)(is_at(kernel->config, beside, "/config-", release) ||
	       is_at(kernel->config, beside, "/", "config") ||
	       (kernel->modules[0] && is_at(kernel->config, kernel->modules, "/", "config")));
	kernel->has_cgroup_v1 = config_has_cgroup_v1(kernel);
}

static int describe(const char *path, const struct arch *arch, struct kernel *kernel,
		    struct error *e)
{
	struct kernel found = { 0 };
	struct arch_image read = { 0 };
	int ret;

	if (!realpath(path, found.image))
		return error_set(e, errno, "--kernel: %s: %s", path, strerror(errno));
	ret = read_image(found.image, arch, &read, e);
	if (ret)
		return ret;
	memcpy(found.release, read.release, sizeof(found.release));
	found.page_bytes = read.page_bytes;
	if (sscanf(found.release, "%u.%u", &found.major, &found.minor) != 2)
		return error_set(e, ENOEXEC, "--kernel: %s has the unknown release '%s'", path,
				 found.release);
	find_companions(&found);
	*kernel = found;
	return 0;
}

/* ---- by name ---- */

int kernel_image_below(const char *root, const char *release, char path[PATH_MAX])
{
	char modules[PATH_MAX];

	if (is_at(path, root, "/boot/vmlinuz-", release))
		return 0;
	if (!path_format(modules, "%s/usr/lib/modules/%s", root, release) &&
	    is_at(path, modules, "/", "vmlinuz"))
		return 0;
	return -ENOENT;
}

int kernel_newest_link(const char *kernels, const struct kernel_name *name, char path[PATH_MAX])
{
	return path_format(path, "%s/newest-%s", kernels, name->flavour);
}

static bool fits_in_boot(const struct kernel_name *name, const char *release)
{
	size_t length = strlen(name->version);

	if (!name->any_flavour)
		return kernel_name_fits(name, release);
	return !strncmp(release, name->version, length) && release[length] == '.';
}

/* The newest release of a name among what matches; before it, each path has `prefix`. */
static int newest_release(const char *pattern, const char *prefix,
			  bool (*fits)(const struct kernel_name *, const char *),
			  const struct kernel_name *name, char release[PATH_MAX])
{
	glob_t found = { 0 };
	int ret = -ENOENT;

	if (!glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *one = last(found.gl_pathv[i]) + strlen(prefix);

			if (!fits(name, one) || (!ret && strverscmp(one, release) <= 0))
				continue;
			snprintf(release, PATH_MAX, "%s", one);
			ret = 0;
		}
	globfree(&found);
	return ret;
}

static int find_in_cache(const char *cache, const struct kernel_name *name,
			 char image[PATH_MAX])
{
	char kernels[PATH_MAX], pattern[PATH_MAX], tree[PATH_MAX], release[PATH_MAX];
	int ret = path_format(kernels, "%s/kernels", cache);

	if (ret)
		return ret;
	if (name->version[0]) {
		ret = path_format(pattern, "%s/*", kernels);
		if (!ret)
			ret = newest_release(pattern, "", kernel_name_fits, name, release);
		if (!ret)
			ret = path_format(tree, "%s/%s", kernels, release);
		return ret ? ret : kernel_image_below(tree, release, image);
	}
	ret = kernel_newest_link(kernels, name, pattern);
	if (ret || !realpath(pattern, tree))
		return -ENOENT;
	return kernel_image_below(tree, last(tree), image);
}

static int find_in_boot(const struct kernel_name *name, char image[PATH_MAX])
{
	char release[PATH_MAX];

	if (!name->version[0] || name->arch != arch_here() ||
	    newest_release("/boot/vmlinuz-*", "vmlinuz-", fits_in_boot, name, release))
		return -ENOENT;
	return kernel_image_below("", release, image);
}

int kernel_find(const char *text, const struct arch *arch, struct kernel *kernel,
		struct error *e)
{
	struct words list = { 0 };
	struct kernel_name name;
	char image[PATH_MAX];
	int ret = -ENOENT;

	if (kernel_name_parse(text, arch, &name))
		return describe(text, arch, kernel, e);
	cache_directories(&list);
	for (size_t i = 0; ret && i < list.nr; i++)
		ret = find_in_cache(list.item[i], &name, image);
	words_release(&list);
	if (ret)
		ret = find_in_boot(&name, image);
	if (ret)
		return error_set(
			e, ENOENT,
			"--kernel=%s: no such kernel in the cache or in /boot; run 'pagestorm lab%s%s --fetch %s', or give the path of a vmlinuz file",
			text, arch == arch_here() ? "" : " --arch ",
			arch == arch_here() ? "" : arch->name, text);
	return describe(image, arch, kernel, e);
}
