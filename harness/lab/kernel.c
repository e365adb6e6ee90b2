// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds a kernel and the modules and config that belong to it. */
#include "harness/lab/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/lab/blob.h"
#include "harness/lab/kernel_part.h"
#include "harness/lab/words.h"

/* Documentation/arch/x86/boot.rst: the header's magic, and a pointer less 0x200 to the version.
 */
#define BZIMAGE_MAGIC_AT   0x202
#define BZIMAGE_VERSION_AT 0x20e
#define BZIMAGE_HEAD_BYTES 65536

int kernel_path(char path[PATH_MAX], const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

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

int kernel_release_of(const void *image, unsigned long size, char *release,
		      unsigned long release_size)
{
	const char *head = image;
	uint16_t pointer;
	size_t at, length;

	if (size < BZIMAGE_VERSION_AT + sizeof(pointer) ||
	    memcmp(head + BZIMAGE_MAGIC_AT, "HdrS", 4))
		return -ENOEXEC;
	memcpy(&pointer, head + BZIMAGE_VERSION_AT, sizeof(pointer));
	at = (size_t)pointer + 0x200;
	if (at >= size || !memchr(head + at, '\0', size - at))
		return -ENOEXEC;
	length = strcspn(head + at, " ");
	if (!length || length >= release_size)
		return -ENOEXEC;
	memcpy(release, head + at, length);
	release[length] = '\0';
	return 0;
}

static int read_release(const char *path, char *release, size_t release_size, struct error *e)
{
	char head[BZIMAGE_HEAD_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return error_set(e, errno, "--kernel: cannot open %s: %s", path,
				 strerror(errno));
	got = TEMP_FAILURE_RETRY(read(fd, head, sizeof(head)));
	close(fd);
	if (got < 0 || kernel_release_of(head, (size_t)got, release, release_size))
		return error_set(
			e, ENOEXEC,
			"--kernel: %s is not an x86 kernel image (bzImage); give a vmlinuz file or a version such as 6.1",
			path);
	return 0;
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

	if (kernel_path(path, "%s%s%s", directory, between, name) || access(path, R_OK))
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

static int describe(const char *path, struct kernel *kernel, struct error *e)
{
	struct kernel found = { 0 };
	int ret;

	if (!realpath(path, found.image))
		return error_set(e, errno, "--kernel: %s: %s", path, strerror(errno));
	ret = read_release(found.image, found.release, sizeof(found.release), e);
	if (ret)
		return ret;
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
	if (!kernel_path(modules, "%s/usr/lib/modules/%s", root, release) &&
	    is_at(path, modules, "/", "vmlinuz"))
		return 0;
	return -ENOENT;
}

int kernel_newest_link(const char *kernels, const struct kernel_name *name, char path[PATH_MAX])
{
	return kernel_path(path, "%s/newest-%s", kernels, name->flavour);
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
	int ret = kernel_path(kernels, "%s/kernels", cache);

	if (ret)
		return ret;
	if (name->version[0]) {
		ret = kernel_path(pattern, "%s/*", kernels);
		if (!ret)
			ret = newest_release(pattern, "", kernel_name_fits, name, release);
		if (!ret)
			ret = kernel_path(tree, "%s/%s", kernels, release);
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

	if (!name->version[0] ||
	    newest_release("/boot/vmlinuz-*", "vmlinuz-", fits_in_boot, name, release))
		return -ENOENT;
	return kernel_image_below("", release, image);
}

static void cache_directories(struct words *list)
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

int kernel_cache(char path[PATH_MAX], struct error *e)
{
	struct words list = { 0 };
	int ret = 0;

	cache_directories(&list);
	if (words_error(&list) || !list.nr)
		ret = error_set(e, ENOENT, "no cache directory: set PAGESTORM_CACHE or HOME");
	else
		snprintf(path, PATH_MAX, "%s", list.item[0]);
	words_release(&list);
	return ret;
}

int kernel_find(const char *text, struct kernel *kernel, struct error *e)
{
	struct words list = { 0 };
	struct kernel_name name;
	char image[PATH_MAX];
	int ret = -ENOENT;

	if (kernel_name_parse(text, &name))
		return describe(text, kernel, e);
	cache_directories(&list);
	for (size_t i = 0; ret && i < list.nr; i++)
		ret = find_in_cache(list.item[i], &name, image);
	words_release(&list);
	if (ret)
		ret = find_in_boot(&name, image);
	if (ret)
		return error_set(
			e, ENOENT,
			"--kernel=%s: no such kernel in the cache or in /boot; run 'pagestorm lab --fetch %s', or give the path of a vmlinuz file",
			text, text);
	return describe(image, kernel, e);
}
