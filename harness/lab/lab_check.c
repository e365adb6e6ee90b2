// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be known before a boot: whether the request fits this machine, and what the lab
 * requires on it.
 */
#include "harness/lab/lab.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "harness/lab/blob.h"
#include "harness/lab/command.h"
#include "harness/lab/lab_part.h"

/* What qemu itself and the host's page cache for it take, measured 90 MiB, doubled. */
#define QEMU_OVERHEAD_BYTES ((uint64_t)192 << 20)
#define DISK_MIN_BYTES	    ((uint64_t)16 << 20)

uint64_t lab_disk_bytes(const struct lab_request *request)
{
	uint64_t swap = request->swap == GUEST_SWAP_FILE ? request->swap_bytes : 0;

	/* ext4's own tables: under 2 % at these sizes, and never less than a few MiB. */
	if (swap)
		swap += swap / 50 + DISK_MIN_BYTES;
	return request->disk_bytes + swap;
}

const char *lab_disk_directory(void)
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
	uint64_t needed = shape_memory_bytes(&request->shape) + QEMU_OVERHEAD_BYTES;
	uint64_t available;

	if (host_available_bytes(&available) || needed <= available)
		return 0;
	return error_set(e, EINVAL,
			 "--memory: the guest may use %" PRIu64
			 " MiB with qemu, but this machine has only %" PRIu64
			 " MiB available; ask for less",
			 needed >> 20, available >> 20);
}

static int check_host_disk(const struct lab_request *request, struct error *e)
{
	uint64_t needed = lab_disk_bytes(request);
	struct statvfs free_space;

	if (request->disk_bytes && request->disk_bytes < DISK_MIN_BYTES)
		return error_set(e, EINVAL,
				 "--disk: ext4 needs at least 16M, or 0 for no disk");
	if (!needed || statvfs(lab_disk_directory(), &free_space))
		return 0;
	if ((uint64_t)free_space.f_bavail * free_space.f_frsize >= needed)
		return 0;
	return error_set(e, EINVAL,
			 "--disk, --swap: %s has less than the %" PRIu64
			 " MiB that the guest may write; ask for less or set TMPDIR",
			 lab_disk_directory(), needed >> 20);
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
	if (guest_cgroup_is_v2(request->cgroup) || request->kernel.has_cgroup_v1)
		return 0;
	return error_set(
		e, EINVAL,
		"--cgroup=%s: kernel %s has no cgroup v1 memory controller (its config lacks CONFIG_MEMCG_V1); use --cgroup v2, or --kernel 6.1",
		guest_cgroup_names[request->cgroup], request->kernel.release);
}

/* Without them a guest would boot and find no disk, or no way to report. */
static int check_modules(const struct lab_request *request, struct error *e)
{
	const struct kernel *kernel = &request->kernel;

	if (kernel->modules[0])
		return 0;
	if (kernel_has_built_in(kernel, "VIRTIO_PCI") &&
	    kernel_has_built_in(kernel, "VIRTIO_CONSOLE") &&
	    (!lab_disk_bytes(request) || kernel_has_built_in(kernel, "VIRTIO_BLK")))
		return 0;
	return error_set(
		e, EINVAL,
		"--kernel: %s has no modules beside it (../lib/modules/%s or ../usr/lib/modules/%s), and no config-%s says that virtio is built in; unpack the package of its modules there, or give a version such as 6.1",
		kernel->image, kernel->release, kernel->release, kernel->release);
}

static int check_swap_pages(const struct lab_request *request, struct error *e)
{
	unsigned page_bytes = request->kernel.page_bytes;

	if (!page_bytes || request->swap_bytes % page_bytes == 0)
		return 0;
	return error_set(e, EINVAL, "--swap: kernel %s has pages of %uK; give whole ones",
			 request->kernel.release, page_bytes >> 10);
}

static int check_programs(const struct lab_request *request, struct error *e)
{
	struct lab_programs programs;

	if (request->arch == arch_here())
		return 0;
	if (request->kvm)
		return error_set(
			e, EINVAL,
			"--kvm: a guest of %s on this machine is emulated; leave it out",
			request->arch->name);
	return lab_find_programs(request, &programs, e);
}

int lab_check(const struct lab_request *request, struct error *e)
{
	int ret = check_cgroup(request, e);

	if (!ret)
		ret = check_swap_pages(request, e);
	if (!ret)
		ret = check_programs(request, e);

	if (!ret)
		ret = check_modules(request, e);
	if (!ret)
		ret = check_memory_devices(request, e);
	if (!ret)
		ret = check_host_memory(request, e);
	return ret ? ret : check_host_disk(request, e);
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
	line->found = !lab_find_busybox(path, NULL);
	if (line->found)
		snprintf(line->detail, sizeof(line->detail), "%.255s", path);
	else
		snprintf(line->fix, sizeof(line->fix), "apt-get install busybox-static");
}

static void require_kernel(struct lab_requirement *line, const struct arch *arch,
			   const char *name, const char *version)
{
	struct kernel kernel;

	line->name = name;
	line->found = !kernel_find(version, arch, &kernel, NULL);
	if (line->found)
		snprintf(line->detail, sizeof(line->detail), "%.255s", kernel.image);
	else if (arch == arch_here())
		snprintf(line->fix, sizeof(line->fix), "pagestorm lab --fetch %s", version);
	else
		snprintf(line->fix, sizeof(line->fix), "pagestorm lab --arch %s --fetch %s",
			 arch->name, version);
}

static void require_programs(struct lab_requirement *line, const struct arch *arch)
{
	const struct lab_request request = { .arch = arch };
	struct lab_programs programs;

	line->name = "pagestorm";
	line->found = !lab_find_programs(&request, &programs, NULL);
	if (line->found)
		snprintf(line->detail, sizeof(line->detail), "%.255s", programs.pagestorm);
	else
		snprintf(line->fix, sizeof(line->fix), "contrib/cross %s", arch->name);
}

size_t lab_requirements(const struct arch *arch,
			struct lab_requirement list[LAB_REQUIREMENTS_MAX])
{
	size_t nr = 6;

	memset(list, 0, LAB_REQUIREMENTS_MAX * sizeof(*list));
	require_program(&list[0], arch->qemu, arch->qemu_package);
	require_busybox(&list[1]);
	require_program(&list[2], "mkfs.ext4", "e2fsprogs");
	require_program(&list[3], "xz", "xz-utils");
	require_kernel(&list[4], arch, "kernel-6.1", "6.1");
	require_kernel(&list[5], arch, "kernel-6.12", "6.12");
	if (arch != arch_here())
		require_programs(&list[nr++], arch);
	return nr;
}
