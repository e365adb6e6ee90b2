// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest's root holds for a request: modules, programs, the environment of the command.
 */
#include "harness/lab/lab_part.h"

#include <elf.h>
#include <errno.h>
#include <libgen.h>
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
#include "harness/lab/path.h"
#include "harness/lab/sysroot.h"
#include "workloads/api/arith.h"

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

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
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

/* Of another architecture: given, or beside this program where its build puts it. */
static int find_foreign(const struct lab_request *request, struct lab_programs *programs,
			struct error *e)
{
	const struct arch *arch = request->arch;
	struct blob image = { 0 };
	char here[PATH_MAX];
	uint16_t machine = EM_NONE;
	int ret = sysroot_find(arch, programs->sysroot, e);

	if (ret)
		return ret;
	snprintf(here, sizeof(here), "%s", programs->this_program);
	if (request->program)
		ret = path_format(programs->pagestorm, "%s", request->program);
	else
		ret = path_format(programs->pagestorm, "%s/build-%s/pagestorm", dirname(here),
				  arch->name);
	if (!ret)
		ret = path_format(programs->busybox, "%s/bin/busybox", programs->sysroot);
	if (!ret && access(programs->busybox, R_OK))
		ret = path_format(programs->busybox, "%s/usr/bin/busybox", programs->sysroot);
	if (ret)
		return error_set(e, -ret, "%s: the path is too long", programs->sysroot);
	if (!blob_read_file(&image, programs->pagestorm) && image.size)
		machine = elf_machine(image.data, image.size);
	blob_release(&image);
	if (machine == arch->elf_machine)
		return 0;
	return error_set(
		e, ENOENT,
		"--arch=%s: %s is not a pagestorm of that architecture; build one with contrib/cross %s, or name it with --program",
		arch->name, programs->pagestorm, arch->name);
}

int lab_find_programs(const struct lab_request *request, struct lab_programs *programs,
		      struct error *e)
{
	ssize_t length = readlink("/proc/self/exe", programs->this_program, PATH_MAX - 1);
	int ret = lab_find_busybox(programs->applets, e);

	if (ret)
		return ret;
	if (length < 0)
		return error_set(e, errno, "cannot resolve /proc/self/exe: %s",
				 strerror(errno));
	programs->this_program[length] = '\0';
	programs->sysroot[0] = '\0';
	if (request->arch != arch_here())
		return find_foreign(request, programs, e);
	memcpy(programs->busybox, programs->applets, PATH_MAX);
	snprintf(programs->pagestorm, PATH_MAX, "%s",
		 request->program ? request->program : programs->this_program);
	return 0;
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
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
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
	struct modules modules = { 0 };
	struct words environment = { 0 };
	struct lab_programs programs;
	struct initramfs_content content = { .spec = &spec,
					     .argv = &request->argv,
					     .collect = &request->collect,
					     .file = request->file,
					     .nr_files = request->nr_files,
					     .arch = request->arch,
					     .modules = &modules,
					     .environment = &environment,
					     .program = programs.pagestorm,
					     .this_program = programs.this_program,
					     .busybox = programs.busybox,
					     .applets = programs.applets };
	int ret = lab_find_programs(request, &programs, e);

	if (!ret && !getcwd(spec.directory, sizeof(spec.directory)))
		ret = error_set(e, errno, "cannot name the current directory: %s",
				strerror(errno));
	if (ret)
		return ret;
	snprintf(spec.results, sizeof(spec.results), "%s", request->collect.item[0]);
	if (programs.sysroot[0])
		content.sysroot = programs.sysroot;
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
