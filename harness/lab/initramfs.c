// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts the guest's root together as a cpio archive in a memfd. */
#include "harness/lab/initramfs.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/command.h"
#include "harness/lab/cpio.h"
#include "harness/lab/elf.h"
#include "harness/lab/path.h"
#include "harness/lab/sysroot.h"
#include "workloads/api/arith.h"

/*
 * A script, because the loader's message about a missing library then reaches
 * the console, and because unknown kernel parameters would become arguments.
 */
#define INIT_SCRIPT "#!/bin/busybox sh\nexec " GUEST_PROGRAM_PATH " lab --guest\n"

void initramfs_parse_list(const char *text, struct words *paths)
{
	struct words line = { 0 };

	words_fields(&line, text, "\n");
	for (size_t i = 0; i < line.nr; i++) {
		const char *path = strchr(line.item[i], '/');
		const char *arrow = strstr(line.item[i], "=> /");
		char clean[PATH_MAX];

		if (arrow)
			path = arrow + 3;
		if (!path)
			continue;
		snprintf(clean, sizeof(clean), "%.*s", (int)strcspn(path, " \t("), path);
		if (!words_has(paths, clean))
			words_add(paths, clean);
	}
	words_release(&line);
}

/* glibc loads libgcc_s by name when a thread is cancelled or exits: no list shows it. */
static void add_libgcc(struct words *paths)
{
	for (size_t i = 0; i < paths->nr; i++) {
		char copy[PATH_MAX], gcc[PATH_MAX + 16];

		if (!strstr(paths->item[i], "/libc.so."))
			continue;
		snprintf(copy, sizeof(copy), "%s", paths->item[i]);
		snprintf(gcc, sizeof(gcc), "%s/libgcc_s.so.1", dirname(copy));
		if (!access(gcc, R_OK) && !words_has(paths, gcc))
			words_add(paths, gcc);
		return;
	}
}

static int list_with(const char *interpreter, const char *program, struct words *paths,
		     struct error *e)
{
	struct words argv = { 0 };
	struct blob output = { 0 };
	int ret;

	words_add(&argv, interpreter);
	words_add(&argv, "--list");
	words_add(&argv, program);
	ret = command_run(&argv, NULL, -1, &output, e);
	if (!ret) {
		if (!words_has(paths, interpreter))
			words_add(paths, interpreter);
		initramfs_parse_list(output.size ? output.data : "", paths);
		add_libgcc(paths);
		ret = words_error(paths);
	}
	blob_release(&output);
	words_release(&argv);
	return ret;
}

int initramfs_libraries(const char *program, struct words *paths, struct error *e)
{
	struct blob image = { 0 };
	const char *interpreter;
	char path[PATH_MAX]; /* the loader looks for a bare name among the libraries */
	int ret;

	if (!realpath(program, path))
		return error_set(e, errno, "cannot read %s: %s", program, strerror(errno));
	ret = blob_read_file(&image, path);
	if (ret)
		ret = error_set(e, -ret, "cannot read %s: %s", path, strerror(-ret));
	else if ((interpreter = elf_interpreter(image.data, image.size)))
		ret = list_with(interpreter, path, paths, e);
	blob_release(&image);
	return ret;
}

static void add_busybox(struct cpio *cpio, const struct initramfs_content *content,
			struct error *e)
{
	struct words argv = { 0 }, applet = { 0 };
	struct blob output = { 0 };

	cpio_file(cpio, "/bin/busybox", content->busybox);
	words_add(&argv, content->applets);
	words_add(&argv, "--list-full");
	if (command_run(&argv, NULL, -1, &output, e))
		cpio_fail(cpio, -EIO);
	words_fields(&applet, output.size ? output.data : "", "\n");
	for (size_t i = 0; i < applet.nr; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "/%s", applet.item[i]);
		if (strcmp(path, "/bin/busybox"))
			cpio_symlink(cpio, path, "/bin/busybox");
	}
	blob_release(&output);
	words_release(&applet);
	words_release(&argv);
}

static void add_frame(struct cpio *cpio, const struct initramfs_content *content)
{
	static const char *const directories[] = {
		"/dev", "/proc", "/sys", "/run",     "/root",
		"/etc", "/var",	 "/mnt", "/scratch", "/tmp"
	};
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n";
	static const char group[] = "root:x:0:\n";

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		cpio_directory(cpio, directories[i]);
	cpio_character_device(cpio, "/dev/console", 0600, 5, 1);
	cpio_data(cpio, "/init", 0755, INIT_SCRIPT, sizeof(INIT_SCRIPT) - 1);
	cpio_data(cpio, "/etc/passwd", 0644, passwd, sizeof(passwd) - 1);
	cpio_data(cpio, "/etc/group", 0644, group, sizeof(group) - 1);
	cpio_symlink(cpio, "/etc/mtab", "/proc/mounts");
	if (!content->sysroot && !access("/etc/ld.so.cache", R_OK))
		cpio_file(cpio, "/etc/ld.so.cache", "/etc/ld.so.cache");
}

static void module_path(const struct modules *modules, const char *path, char *text,
			size_t size)
{
	snprintf(text, size, "/lib/modules/%s/%s", modules->kernel->release, path);
}

static void add_modules(struct cpio *cpio, const struct modules *modules)
{
	struct blob dep = { 0 };
	char path[PATH_MAX];

	for (size_t i = 0; i < modules->nr; i++) {
		const struct module *module = &modules->item[i];

		module_path(modules, module->path, path, sizeof(path));
		cpio_data(cpio, path, 0644, module->image.data, module->image.size);
		blob_append(&dep, module->path, strlen(module->path));
		blob_append(&dep, ":", 1);
		for (size_t j = 0; j < module->depends.nr; j++) {
			blob_append(&dep, " ", 1);
			blob_append(&dep, module->depends.item[j],
				    strlen(module->depends.item[j]));
		}
		blob_append(&dep, "\n", 1);
	}
	module_path(modules, "modules.dep", path, sizeof(path));
	cpio_data(cpio, path, 0644, dep.data, dep.size);
	blob_release(&dep);
}

static void add_words(struct cpio *cpio, const char *path, const struct words *words)
{
	struct blob text = { 0 };

	for (size_t i = 0; i < words->nr; i++)
		if (blob_append(&text, words->item[i], strlen(words->item[i]) + 1))
			cpio_fail(cpio, -ENOMEM);
	cpio_data(cpio, path, 0644, text.data, text.size);
	blob_release(&text);
}

static void add_spec(struct cpio *cpio, const struct initramfs_content *content)
{
	struct words loading = { 0 };
	char text[2 * PATH_MAX + 256];

	guest_spec_format(content->spec, text, sizeof(text));
	cpio_data(cpio, GUEST_SPEC_PATH, 0644, text, strlen(text));
	add_words(cpio, GUEST_ARGV_PATH, content->argv);
	add_words(cpio, GUEST_ENVIRON_PATH, content->environment);
	add_words(cpio, GUEST_COLLECT_PATH, content->collect);
	for (size_t i = 0; i < content->modules->nr; i++) {
		char path[PATH_MAX];

		module_path(content->modules, content->modules->item[i].path, path,
			    sizeof(path));
		words_add(&loading, path);
	}
	add_words(cpio, GUEST_MODULES_PATH, &loading);
	words_release(&loading);
	cpio_directory(cpio, content->spec->directory);
	cpio_directory(cpio, content->spec->results);
}

static int add_libraries_of(const struct initramfs_content *content, const char *program,
			    struct words *libraries, struct error *e)
{
	if (!content->sysroot)
		return initramfs_libraries(program, libraries, e);
	return sysroot_libraries(content->sysroot, content->arch, program, libraries, e);
}

static int add_program(struct cpio *cpio, const struct initramfs_content *content,
		       struct error *e)
{
	const char *sysroot = content->sysroot ? content->sysroot : "";
	struct words libraries = { 0 };
	int ret = add_libraries_of(content, content->program, &libraries, e);

	for (size_t i = 0; !ret && i < content->nr_files; i++) {
		struct stat status;

		if (!stat(content->file[i].host, &status) && S_ISREG(status.st_mode))
			ret = add_libraries_of(content, content->file[i].host, &libraries, e);
	}
	for (size_t i = 0; !ret && i < libraries.nr; i++) {
		char path[PATH_MAX];

		ret = path_format(path, "%s%s", sysroot, libraries.item[i]);
		if (!ret)
			ret = cpio_file(cpio, libraries.item[i], path);
	}
	if (!ret)
		ret = cpio_file(cpio, GUEST_PROGRAM_PATH, content->program);
	if (!ret && strcmp(content->this_program, GUEST_PROGRAM_PATH) != 0)
		ret = cpio_symlink(cpio, content->this_program, GUEST_PROGRAM_PATH);
	words_release(&libraries);
	return ret;
}

int initramfs_make(const struct initramfs_content *content, struct error *e)
{
	struct cpio cpio;
	int fd = memfd_create("initramfs", MFD_CLOEXEC);
	int ret;

	if (fd < 0)
		return error_set(e, errno, "memfd_create: %s", strerror(errno));
	cpio_init(&cpio, fd);
	add_frame(&cpio, content);
	add_busybox(&cpio, content, e);
	add_modules(&cpio, content->modules);
	add_program(&cpio, content, e);
	for (size_t i = 0; !cpio.error && i < content->nr_files; i++)
		if (cpio_tree(&cpio, content->file[i].guest, content->file[i].host))
			error_set(e, -cpio.error, "--file: cannot pack %s: %s",
				  content->file[i].host, strerror(-cpio.error));
	add_spec(&cpio, content);
	ret = cpio_finish(&cpio);
	if (!ret && e && e->text[0])
		ret = -EIO;
	cpio_release(&cpio);
	if (ret) {
		close(fd);
		return error_set(e, -ret, "cannot build the initramfs: %s", strerror(-ret));
	}
	return fd;
}
