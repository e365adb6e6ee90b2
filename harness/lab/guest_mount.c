// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file systems of a guest: the kernel's, the cgroup hierarchies, the scratch disk.
 * A file system that the specification does not ask for may be missing from the kernel.
 */
#include "harness/lab/guest_part.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/blob.h"
#include "workloads/api/arith.h"

static int mount_at(const char *source, const char *target, const char *type,
		    const char *options, struct error *e)
{
	(void)mkdir(target, 0755); /* EEXIST is fine, and what else fails shows in mount */
	if (mount(source, target, type, 0, options))
		return error_set(e, errno, "cannot mount %s at %s: %s", type, target,
				 strerror(errno));
	return 0;
}

int guest_mount_kernel(struct error *e)
{
	static const struct {
		const char *type, *target;
		bool optional;
	} mounts[] = {
		{ "proc", "/proc", false },
		{ "sysfs", "/sys", false },
		{ "devtmpfs", "/dev", false },
		{ "devpts", "/dev/pts", false },
		{ "tmpfs", "/dev/shm", false },
		{ "tmpfs", "/run", false },
		{ "hugetlbfs", "/dev/hugepages", true },
		{ "debugfs", "/sys/kernel/debug", true },
		{ "tracefs", "/sys/kernel/tracing", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		int ret = mount_at("none", mounts[i].target, mounts[i].type, NULL,
				   mounts[i].optional ? NULL : e);

		if (ret && !mounts[i].optional)
			return ret;
	}
	(void)!symlink("/proc/self/fd", "/dev/fd"); /* used by shells only */
	return 0;
}

/* As systemd mounts it: what an ancestor protects is protected for all below it. */
static int mount_cgroup_v2(const char *target, enum guest_cgroup kind, struct error *e)
{
	static const char hugetlb[] = "memory_recursiveprot,memory_hugetlb_accounting";

	if (kind != GUEST_CGROUP_V2_HUGETLB) /* the option came with Linux 5.7 */
		return mount_at("none", target, "cgroup2", "memory_recursiveprot", NULL)
			       ? mount_at("none", target, "cgroup2", NULL, e)
			       : 0;
	if (!mount_at("none", target, "cgroup2", hugetlb, NULL))
		return 0;
	return error_set(
		e, EINVAL,
		"--cgroup=v2-hugetlb: cannot mount cgroup2 with memory_hugetlb_accounting, which Linux has since 6.6: %s",
		strerror(errno));
}

static int enable_controllers(const char *target, struct error *e)
{
	char path[128];
	struct blob controllers = { 0 };
	struct words name = { 0 };
	int ret;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", target);
	ret = blob_read_file(&controllers, path);
	if (ret)
		ret = error_set(e, -ret, "%s: %s", path, strerror(-ret));
	else
		words_fields(&name, controllers.data, " \n");
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", target);
	for (size_t i = 0; i < name.nr; i++) {
		char text[64];

		snprintf(text, sizeof(text), "+%.60s", name.item[i]);
		/* cpu fails beside real-time tasks; what is required is checked below */
		(void)guest_write_text(path, text);
	}
	if (!ret && (!words_has(&name, "memory") || !words_has(&name, "cpuset")))
		ret = error_set(e, ENODEV, "this kernel's cgroup v2 lacks memory or cpuset");
	words_release(&name);
	blob_release(&controllers);
	return ret;
}

static int mount_cgroup_v1(struct error *e)
{
	static const char *const controllers[] = { "memory",  "cpuset",	 "cpu,cpuacct", "blkio",
						   "hugetlb", "freezer", "pids" };
	int ret = mount_at("none", "/sys/fs/cgroup", "tmpfs", NULL, e);

	for (size_t i = 0; !ret && i < ARRAY_SIZE(controllers); i++) {
		char target[64];
		int failed;

		snprintf(target, sizeof(target), "/sys/fs/cgroup/%s", controllers[i]);
		failed = mount_at("none", target, "cgroup", controllers[i], NULL);
		if (i < 2 && failed)
			ret = error_set(
				e, ENODEV,
				"this kernel has no cgroup v1 %s controller; use --cgroup v2",
				controllers[i]);
	}
	return ret;
}

/* The kernel patches its own allocator (static key cpusets_enabled) whenever the first
 * cpuset comes or the last one goes, which each run's groups would be. qemu 7.2's threads
 * can miss such a patch and go on with the breakpoint that stood there meanwhile: "Oops:
 * int3" in __alloc_pages. A group that stays leaves nothing to patch. */
static int keep_cpuset(const char *hierarchy, struct error *e)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/lab-keeps-cpusets-on", hierarchy);
	return mkdir(path, 0755)
		       ? error_set(e, errno, "cannot make %s: %s", path, strerror(errno))
		       : 0;
}

int guest_mount_cgroups(enum guest_cgroup kind, struct error *e)
{
	static const char root[] = "/sys/fs/cgroup";
	int ret;

	if (guest_cgroup_is_v2(kind)) {
		ret = mount_cgroup_v2(root, kind, e);
		if (!ret)
			ret = enable_controllers(root, e);
		return ret ? ret : keep_cpuset(root, e);
	}
	ret = mount_cgroup_v1(e);
	if (!ret)
		ret = keep_cpuset("/sys/fs/cgroup/cpuset", e);
	if (!ret && kind == GUEST_CGROUP_HYBRID)
		ret = mount_cgroup_v2("/sys/fs/cgroup/unified", kind, e);
	return ret;
}

static int bind_results(const char *results, struct error *e)
{
	static const char place[] = GUEST_SCRATCH_PATH "/results";

	if (mkdir(place, 0755) || mount(place, results, NULL, MS_BIND, NULL))
		return error_set(e, errno, "cannot put %s on the disk: %s", results,
				 strerror(errno));
	return 0;
}

int guest_mount_disk(const struct guest_spec *spec, struct error *e)
{
	int ret, fd;

	if (!spec->disk)
		return 0;
	fd = guest_open_device("/dev/vda", O_RDONLY, e);
	if (fd < 0)
		return fd;
	close(fd);
	/* Nothing writes to the disk behind a measurement's back. */
	ret = mount_at("/dev/vda", GUEST_SCRATCH_PATH, "ext4", "noinit_itable", e);
	return ret ? ret : bind_results(spec->results, e);
}
