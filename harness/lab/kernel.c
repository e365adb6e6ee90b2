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

bool kernel_is_version(const char *text)
{
	unsigned major, minor;
	int used = 0;

	return sscanf(text, "%u.%u%n", &major, &minor, &used) == 2 && !text[used];
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

/* The memory controller lost v1 behind CONFIG_MEMCG_V1 in 6.11, which Debian leaves off. */
static bool config_has_cgroup_v1(const struct kernel *kernel, const char *config_path)
{
	struct blob config = { 0 };
	bool has = true;

	if (kernel->major < 6 || (kernel->major == 6 && kernel->minor < 11))
		return true;
	if (!blob_read_file(&config, config_path) && config.size)
		has = strstr(config.data, "\nCONFIG_MEMCG_V1=y") != NULL;
	blob_release(&config);
	return has;
}

/* Fills what stands beside an image: <root>/boot/vmlinuz-R goes with <root>/lib/modules/R. */
static void find_companions(struct kernel *kernel)
{
	char root[PATH_MAX], config[PATH_MAX];

	snprintf(root, sizeof(root), "%s", kernel->image);
	cut(root);
	if (kernel_path(config, "%s/config-%s", root, kernel->release))
		config[0] = '\0';
	kernel->has_cgroup_v1 = config_has_cgroup_v1(kernel, config);
	cut(root);
	if (!kernel_path(kernel->modules, "%s/lib/modules/%s", root, kernel->release) &&
	    !access(kernel->modules, R_OK))
		return;
	if (!kernel_path(kernel->modules, "/lib/modules/%s", kernel->release) &&
	    !access(kernel->modules, R_OK))
		return;
	kernel->modules[0] = '\0';
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

int kernel_newest(const char *pattern, char *best, size_t best_size)
{
	glob_t found = { 0 };
	int ret = -ENOENT;

	if (!glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *path = found.gl_pathv[i];

			if (!ret && strverscmp(last(path), last(best)) <= 0)
				continue;
			snprintf(best, best_size, "%s", path);
			ret = 0;
		}
	globfree(&found);
	return ret;
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
	char best[PATH_MAX];
	int ret = -ENOENT;

	if (!kernel_is_version(text))
		return describe(text, kernel, e);
	cache_directories(&list);
	for (size_t i = 0; ret && i < list.nr; i++) {
		char pattern[PATH_MAX];

		snprintf(pattern, sizeof(pattern), "%s/kernels/*/boot/vmlinuz-%s.*",
			 list.item[i], text);
		ret = kernel_newest(pattern, best, sizeof(best));
	}
	if (ret) {
		char pattern[64];

		snprintf(pattern, sizeof(pattern), "/boot/vmlinuz-%.16s.*", text);
		ret = kernel_newest(pattern, best, sizeof(best));
	}
	words_release(&list);
	if (ret)
		return error_set(
			e, ENOENT,
			"--kernel=%s: no such kernel in the cache or in /boot; run 'pagestorm lab --fetch %s', or give the path of a vmlinuz file",
			text, text);
	return describe(best, kernel, e);
}
