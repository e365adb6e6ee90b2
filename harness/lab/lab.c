// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/lab/lab.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/lab/command.h"
#include "harness/lab/elf.h"
#include "harness/lab/modules.h"
#include "harness/lab/qemu.h"
#include "harness/lab/session.h"

/* What qemu itself and the host's page cache for it take, measured 90 MiB, doubled. */
#define QEMU_OVERHEAD_BYTES ((uint64_t)192 << 20)
#define SWAP_MIN_BYTES	    ((uint64_t)1 << 20)
#define DISK_MIN_BYTES	    ((uint64_t)16 << 20)

/* ---- options ---- */

int lab_parse_swap(const char *text, enum guest_swap *kind, uint64_t *bytes, struct error *e)
{
	const char *colon = strchr(text, ':');
	const char *size = colon ? colon + 1 : text;
	enum guest_swap found = GUEST_SWAP_FILE;
	char reason[128];
	uint64_t value = 0;

	if (!strcmp(text, "none")) {
		*kind = GUEST_SWAP_NONE;
		*bytes = 0;
		return 0;
	}
	if (colon) {
		size_t length = (size_t)(colon - text);
		int i;

		for (i = GUEST_SWAP_FILE; guest_swap_names[i]; i++)
			if (strlen(guest_swap_names[i]) == length &&
			    !strncmp(guest_swap_names[i], text, length))
				break;
		if (!guest_swap_names[i])
			return error_set(
				e, EINVAL,
				"--swap=%s: there is no such kind; write file:512M, zram:512M, ram:512M or none",
				text);
		found = (enum guest_swap)i;
	}
	if (size_parse(size, NULL, &value, reason, sizeof(reason)))
		return error_set(e, EINVAL, "--swap=%s: '%s' %s, as in zram:512M", text, size,
				 reason);
	if (value % 4096 || value < SWAP_MIN_BYTES)
		return error_set(
			e, EINVAL,
			"--swap=%s: swap is made of whole pages of 4K and at least 1M; write none for no swap",
			text);
	*kind = found;
	*bytes = value;
	return 0;
}

int lab_describe(const struct lab_request *request, char *text, size_t size)
{
	char shape[256], swap[32] = "none";

	shape_format(&request->shape, shape, sizeof(shape));
	if (request->swap != GUEST_SWAP_NONE)
		snprintf(swap, sizeof(swap), "%s:%" PRIu64, guest_swap_names[request->swap],
			 request->swap_bytes);
	return snprintf(text, size, "%s swap=%s kernel=%s cgroup=%s accel=%s", shape, swap,
			request->kernel.release, guest_cgroup_names[request->cgroup],
			request->kvm ? "kvm" : "tcg");
}

/* ---- before a boot ---- */

static uint64_t disk_total_bytes(const struct lab_request *request)
{
	uint64_t swap = request->swap == GUEST_SWAP_FILE ? request->swap_bytes : 0;

	/* ext4's own tables: under 2 % at these sizes, and never less than a few MiB. */
	if (swap)
		swap += swap / 50 + DISK_MIN_BYTES;
	return request->disk_bytes + swap;
}

static const char *disk_directory(void)
{
	const char *own = getenv("TMPDIR");

	return own && *own ? own : "/var/tmp";
}

static int host_available_bytes(uint64_t *bytes)
{
	struct blob text = { 0 };
	unsigned long long kib = 0;
	const char *line;
	int ret = blob_read_file(&text, "/proc/meminfo");

	line = ret ? NULL : strstr(text.data, "\nMemAvailable:");
	if (!line || sscanf(line, "\nMemAvailable: %llu kB", &kib) != 1)
		ret = ret ? ret : -ENODATA;
	else
		*bytes = (uint64_t)kib << 10;
	blob_release(&text);
	return ret;
}

static int check_host_memory(const struct lab_request *request, struct error *e)
{
	uint64_t wanted = shape_memory_bytes(&request->shape) + QEMU_OVERHEAD_BYTES;
	uint64_t available;

	if (host_available_bytes(&available) || wanted <= available)
		return 0;
	return error_set(e, EINVAL,
			 "--memory: the guest may use %" PRIu64
			 " MiB with qemu, but this machine has only %" PRIu64
			 " MiB available; ask for less",
			 wanted >> 20, available >> 20);
}

static int check_host_disk(const struct lab_request *request, struct error *e)
{
	uint64_t wanted = disk_total_bytes(request);
	struct statvfs free_space;

	if (request->disk_bytes && request->disk_bytes < DISK_MIN_BYTES)
		return error_set(e, EINVAL,
				 "--disk: ext4 needs at least 16M, or 0 for no disk");
	if (!wanted || statvfs(disk_directory(), &free_space))
		return 0;
	if ((uint64_t)free_space.f_bavail * free_space.f_frsize >= wanted)
		return 0;
	return error_set(e, EINVAL,
			 "--disk, --swap: %s has less than the %" PRIu64
			 " MiB that the guest may write; ask for less or set TMPDIR",
			 disk_directory(), wanted >> 20);
}

static int check_memory_devices(const struct lab_request *request, struct error *e)
{
	uint64_t memory = shape_memory_bytes(&request->shape);

	if (request->swap == GUEST_SWAP_RAM && request->swap_bytes > memory / 2)
		return error_set(e, EINVAL,
				 "--swap: a ram disk of %" PRIu64
				 " MiB does not fit into half of the guest's %" PRIu64
				 " MiB; ask for less, or use a file",
				 request->swap_bytes >> 20, memory >> 20);
	if (request->swap == GUEST_SWAP_ZRAM && request->swap_bytes > 4 * memory)
		return error_set(
			e, EINVAL,
			"--swap: zram of more than four times the guest's memory can never be filled; ask for less, or use a file");
	return 0;
}

static int check_cgroup(const struct lab_request *request, struct error *e)
{
	if (request->cgroup == GUEST_CGROUP_V2 || request->kernel.has_cgroup_v1)
		return 0;
	return error_set(
		e, EINVAL,
		"--cgroup=%s: kernel %s has no cgroup v1 memory controller (its config lacks CONFIG_MEMCG_V1); use --cgroup v2, or --kernel 6.1",
		guest_cgroup_names[request->cgroup], request->kernel.release);
}

int lab_check(const struct lab_request *request, struct error *e)
{
	int ret = check_cgroup(request, e);

	if (!ret)
		ret = check_memory_devices(request, e);
	if (!ret)
		ret = check_host_memory(request, e);
	return ret ? ret : check_host_disk(request, e);
}

/* ---- running ---- */

static int make_disk(const struct lab_request *request, int *disk_fd, struct error *e)
{
	uint64_t bytes = disk_total_bytes(request);
	char path[PATH_MAX];
	struct words argv = { 0 };
	struct blob output = { 0 };
	int fd, ret = 0;

	*disk_fd = -1;
	if (!bytes)
		return 0;
	snprintf(path, sizeof(path), "%s/pagestorm-disk-XXXXXX", disk_directory());
	fd = mkstemp(path);
	if (fd < 0)
		return error_set(e, errno, "cannot make a disk in %s: %s; set TMPDIR",
				 disk_directory(), strerror(errno));
	unlink(path);
	if (ftruncate(fd, (off_t)bytes))
		ret = error_set(e, errno, "cannot make a disk of %" PRIu64 " bytes in %s: %s",
				bytes, disk_directory(), strerror(errno));
	words_add(&argv, "mkfs.ext4");
	words_add(&argv, "-q");
	words_add(&argv, "-F");
	words_add(&argv, "-O"); /* no journal: nothing writes but the workload */
	words_add(&argv, "^has_journal");
	words_add(&argv, "-m"); /* no reserve: the size is the size */
	words_add(&argv, "0");
	words_addf(&argv, "/proc/self/fd/%d", fd);
	if (!ret)
		ret = command_run(&argv, NULL, fd, &output, e);
	blob_release(&output);
	words_release(&argv);
	if (ret)
		close(fd);
	else
		*disk_fd = fd;
	return ret;
}

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

static int find_busybox(char path[PATH_MAX], struct error *e)
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
		   disk_total_bytes(request) ? GUEST_SCRATCH_PATH : "/tmp");
	lab_describe(request, text, sizeof(text));
	words_addf(environment, "PAGESTORM_LAB=%s", text);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if (getenv(passed[i]))
			words_addf(environment, "%s=%s", passed[i], getenv(passed[i]));
	return words_error(environment);
}

static int make_initramfs(const struct lab_request *request, bool disk, struct error *e)
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
	ret = find_busybox(busybox, e);
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

/* Neither qemu nor the guest said a word: nothing of the request has happened. */
static bool never_began(const struct lab_result *result)
{
	return result->end == LAB_DIED && !result->console.size && !result->qemu_said.size;
}

/*
 * Under TCG a machine was once seen to end before its kernel had printed a line, in some
 * 250 boots of Linux 6.1.
 */
#define BOOTS_MAX 3

int lab_run(const struct lab_request *request, struct lab_result *result, struct error *e)
{
	int disk_fd = -1;
	int initramfs_fd = -1;
	int ret = make_disk(request, &disk_fd, e);

	if (!ret) {
		initramfs_fd = make_initramfs(request, disk_fd >= 0, e);
		ret = initramfs_fd < 0 ? initramfs_fd : 0;
	}
	while (!ret && result->nr_boots < BOOTS_MAX) {
		result->nr_boots++;
		ret = session_run(request, initramfs_fd, disk_fd, result, e);
		if (!never_began(result))
			break;
	}
	if (initramfs_fd >= 0)
		close(initramfs_fd);
	if (disk_fd >= 0)
		close(disk_fd);
	return ret;
}

void lab_result_release(struct lab_result *result)
{
	blob_release(&result->console);
	blob_release(&result->qemu_said);
}

/* ---- what the host must have ---- */

static void require_program(struct lab_requirement *line, const char *name, const char *package)
{
	char path[PATH_MAX];

	line->name = name;
	line->found = !command_find(name, path);
	if (line->found)
		snprintf(line->detail, sizeof(line->detail), "%.255s", path);
	else
		snprintf(line->fix, sizeof(line->fix), "apt-get install %s", package);
}

static void require_busybox(struct lab_requirement *line)
{
	char path[PATH_MAX];

	line->name = "busybox";
	line->found = !find_busybox(path, NULL);
	if (line->found)
		snprintf(line->detail, sizeof(line->detail), "%.255s", path);
	else
		snprintf(line->fix, sizeof(line->fix), "apt-get install busybox-static");
}

static void require_kernel(struct lab_requirement *line, const char *name, const char *version)
{
	struct kernel kernel;

	line->name = name;
	line->found = !kernel_find(version, &kernel, NULL);
	if (line->found)
		snprintf(line->detail, sizeof(line->detail), "%.255s", kernel.image);
	else
		snprintf(line->fix, sizeof(line->fix), "pagestorm lab --fetch %s", version);
}

size_t lab_requirements(struct lab_requirement list[LAB_REQUIREMENTS_MAX])
{
	memset(list, 0, LAB_REQUIREMENTS_MAX * sizeof(*list));
	require_program(&list[0], QEMU_PROGRAM, "qemu-system-x86");
	require_busybox(&list[1]);
	require_program(&list[2], "mkfs.ext4", "e2fsprogs");
	require_program(&list[3], "xz", "xz-utils");
	require_kernel(&list[4], "kernel-6.1", "6.1");
	require_kernel(&list[5], "kernel-6.12", "6.12");
	return 6;
}
