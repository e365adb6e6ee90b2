// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest's root holds for a request: modules, programs, the environment of the command.
 */
#include "harness/lab/lab_part.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/lab/blob.h"
#include "harness/lab/command.h"
#include "harness/lab/elf.h"
#include "harness/lab/initramfs.h"
#include "harness/lab/modules.h"

static int add_modules(const struct lab_request *request, bool disk, struct modules *modules,
		       struct error *e)
{
	const struct {
		const char *name;
		bool wanted, required;
	} list[] = {
		{ "virtio_pci", true, true },
		{ "virtio_console", true, true },
		{ "virtio_blk", disk, true },
		/* ext4 asks for the checksum by its alias, where neither is built in */
		{ "crc32c_generic", disk, false },
		{ "ext4", disk, true },
		{ "loop", true, false },
		{ "lzo", true,
		  false }, /* zram's compressors: the kernel asks for them by alias */
		{ "lzo_rle", true, false },
		{ "lz4", true, false },
		{ "zstd", true, false },
		{ "zram", true, request->swap == GUEST_SWAP_ZRAM },
		{ "brd", request->swap == GUEST_SWAP_RAM, true },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int ret = 0;

		if (list[i].wanted)
			ret = modules_add(modules, list[i].name, list[i].required ? e : NULL);
		if (ret && list[i].required)
			return ret;
	}
	return 0;
}

static bool is_static(const char *program)
{
	struct blob image = { 0 };
	bool is = !blob_read_file(&image, program) && elf_is(image.data, image.size) &&
		  !elf_interpreter(image.data, image.size);

	blob_release(&image);
	return is;
}

int lab_find_busybox(char path[PATH_MAX], struct error *e)
{
	if (!command_find("busybox", path) && is_static(path))
		return 0;
	return error_set(
		e, ENOENT,
		"a statically linked busybox is not installed: apt-get install busybox-static");
}

static int make_environment(const struct lab_request *request, struct words *environment)
{
	static const char *const passed[] = { "NO_COLOR", "TERM", "LD_LIBRARY_PATH",
					      "ASAN_OPTIONS", "UBSAN_OPTIONS" };
	char text[512];

	words_add(environment,
		  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	words_add(environment, "HOME=/root");
	words_add(environment, "LC_ALL=C");
	words_addf(environment, "TMPDIR=%s",
		   lab_disk_bytes(request) ? GUEST_SCRATCH_PATH : "/tmp");
	lab_describe(request, text, sizeof(text));
	words_addf(environment, "PAGESTORM_LAB=%s", text);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if (getenv(passed[i]))
			words_addf(environment, "%s=%s", passed[i], getenv(passed[i]));
	return words_error(environment);
}

int lab_make_initramfs(const struct lab_request *request, bool disk, struct error *e)
{
	struct guest_spec spec = { .cgroup = request->cgroup,
				   .swap = request->swap,
				   .swap_bytes = request->swap_bytes,
				   .disk = disk,
				   .shell = request->shell };
	struct initramfs_content content = { .spec = &spec,
					     .argv = &request->argv,
					     .collect = &request->collect,
					     .file = request->file,
					     .nr_files = request->nr_files };
	struct modules modules = { 0 };
	struct words environment = { 0 };
	char busybox[PATH_MAX], program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	int ret;

	if (length < 0 || !getcwd(spec.directory, sizeof(spec.directory)))
		return error_set(e, errno, "cannot tell where this program is: %s",
				 strerror(errno));
	program[length] = '\0';
	snprintf(spec.results, sizeof(spec.results), "%s", request->collect.item[0]);
	content.modules = &modules;
	content.environment = &environment;
	content.program = program;
	content.busybox = busybox;
	ret = lab_find_busybox(busybox, e);
	if (!ret)
		ret = modules_open(&modules, &request->kernel, e);
	if (!ret)
		ret = add_modules(request, disk, &modules, e);
	if (!ret)
		ret = make_environment(request, &environment);
	if (!ret)
		ret = initramfs_make(&content, e);
	words_release(&environment);
	modules_release(&modules);
	return ret;
}
