// SPDX-License-Identifier: GPL-2.0-or-later
/* The doctor's checks of what the kernel offers and how it is set. They change nothing. */
#include "harness/cli/cmd_doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness/machine/settings.h"
#include "harness/machine/swaps.h"
#include "harness/machine/sysfile.h"

#define MIB (1024.0 * 1024.0)
#define THP "/sys/kernel/mm/transparent_hugepage"

static const char lab_fix[] = "pagestorm lab has a kernel with it";

void doctor_memory(const struct host *host, struct finding *finding)
{
	doctor_find(finding, DOCTOR_OK, NULL,
		    "%.0f MiB, %.0f MiB available, %u CPUs, page of %llu",
		    (double)host->memory_bytes / MIB, (double)host->available_bytes / MIB,
		    host->cpus, (unsigned long long)host->page_bytes);
}

void doctor_nodes(const struct host *host, struct finding *finding)
{
	unsigned with_memory = 0;

	for (unsigned i = 0; i < host->nr_nodes; i++)
		with_memory += host->node[i].memory_bytes > 0;
	if (with_memory > 1)
		doctor_find(finding, DOCTOR_OK, NULL, "%u NUMA nodes, %u with memory",
			    host->nr_nodes, with_memory);
	else
		doctor_find(finding, DOCTOR_LIMITED, "pagestorm lab --nodes 2",
			    "one node with memory: NUMA workloads are skipped");
}

struct swaps {
	char text[200];
	unsigned nr;
	double bytes;
	int highest;
};

static int add_swap(const struct swap_entry *swap, void *context)
{
	struct swaps *swaps = context;
	const size_t used = strlen(swaps->text);

	snprintf(swaps->text + used, sizeof(swaps->text) - used,
		 "%s%.60s (%.0f MiB, priority %d)", swaps->nr ? ", " : "", swap->path,
		 (double)swap->bytes / MIB, swap->priority);
	if (!swaps->nr++ || swap->priority > swaps->highest)
		swaps->highest = swap->priority;
	return 0;
}

/* The kernel fills the device of the highest priority first, ours or not. */
void doctor_swap(const struct host *host, struct finding *finding)
{
	struct swaps swaps = { .nr = 0 };
	char fix[160];

	(void)host; /* swap may have come since it was probed */
	if (access("/proc/swaps", R_OK)) {
		doctor_find(finding, DOCTOR_MISSING, lab_fix,
			    "this kernel is built without swap");
		return;
	}
	if (swaps_each(add_swap, &swaps) < 0) {
		doctor_find(finding, DOCTOR_MISSING, NULL, "/proc/swaps cannot be read");
		return;
	}
	if (!swaps.nr) {
		doctor_find(finding, DOCTOR_OK, NULL,
			    "none in use: a run brings its own ([swap] type = zram or file)");
		return;
	}
	snprintf(fix, sizeof(fix),
		 "let a run's own swap be used first: [swap] priority = %d, or swapoff",
		 swaps.highest < 0 ? 10 : swaps.highest + 1);
	doctor_find(finding, DOCTOR_LIMITED, fix, "swap of others is in use: %s", swaps.text);
}

void doctor_zram(const struct host *host, struct finding *finding)
{
	if (!access("/sys/class/zram-control/hot_add", R_OK))
		doctor_find(finding, DOCTOR_OK, NULL, "devices can be added");
	else if (!access("/sys/class/zram-control", F_OK))
		doctor_find(finding, DOCTOR_LIMITED, "run as root",
			    "devices can be added by root");
	else if (host->zram)
		doctor_find(finding, DOCTOR_OK, NULL, "a module that the first run loads");
	else
		doctor_find(finding, DOCTOR_MISSING,
			    "use [swap] type = file, or a kernel with CONFIG_ZRAM", "no zram");
}

void doctor_loop(const struct host *host, struct finding *finding)
{
	if (!access("/dev/loop-control", R_OK | W_OK))
		doctor_find(finding, DOCTOR_OK, NULL, "devices can be added");
	else if (host->loop)
		doctor_find(finding, DOCTOR_LIMITED, "run as root; modprobe loop",
			    "not usable now: workloads on a loop device are skipped");
	else
		doctor_find(finding, DOCTOR_MISSING, "a kernel with CONFIG_BLK_DEV_LOOP",
			    "no loop devices: workloads on one are skipped");
}

void doctor_thp(const struct host *host, struct finding *finding)
{
	char enabled[64] = "", defrag[64] = "";

	if (host->thp == THP_ABSENT) {
		doctor_find(finding, DOCTOR_MISSING, lab_fix, "no transparent huge pages");
		return;
	}
	(void)sysfile_read("", THP "/enabled", enabled, sizeof(enabled));
	(void)sysfile_read("", THP "/defrag", defrag, sizeof(defrag));
	if (host->thp == THP_NEVER)
		doctor_find(finding, DOCTOR_LIMITED, "[setting] thp.enabled = madvise",
			    "switched off: huge page workloads are skipped");
	else
		doctor_find(finding, DOCTOR_OK, NULL, "%s, defrag %s, of %.0f MiB", enabled,
			    defrag, (double)host->pmd_bytes / MIB);
}

static int is_size(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "hugepages-", 10);
}

/* Calls put() with SIZE of each hugepages-SIZE below the directory, the smallest first. */
static unsigned each_size(const char *directory,
			  void (*put)(const char *size, struct finding *finding),
			  struct finding *finding)
{
	struct dirent **entries;
	int nr;

	nr = scandir(directory, &entries, is_size, versionsort);
	for (int i = 0; i < nr; i++) {
		put(entries[i]->d_name + 10, finding);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
	return nr < 0 ? 0 : (unsigned)nr;
}

static void append(struct finding *finding, const char *text)
{
	const size_t used = strlen(finding->text);

	snprintf(finding->text + used, sizeof(finding->text) - used, "%s%s", used ? ", " : "",
		 text);
}

static void put_mthp(const char *size, struct finding *finding)
{
	char path[160], value[32], text[80];

	snprintf(path, sizeof(path), THP "/hugepages-%.32s/enabled", size);
	if (sysfile_read("", path, value, sizeof(value)))
		return;
	snprintf(text, sizeof(text), "%.32s %.31s", size, value);
	append(finding, text);
}

void doctor_mthp(const struct host *host, struct finding *finding)
{
	(void)host; /* it is in /sys alone */
	if (!each_size(THP, put_mthp, finding))
		doctor_find(finding, DOCTOR_LIMITED, NULL,
			    "no sizes between a page and a huge page (Linux 6.8 has them)");
}

static void put_pool(const char *size, struct finding *finding)
{
	char path[160], total[32] = "", free_pages[32] = "", text[128];

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%.32s/nr_hugepages",
		 size);
	(void)sysfile_read("", path, total, sizeof(total));
	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%.32s/free_hugepages",
		 size);
	(void)sysfile_read("", path, free_pages, sizeof(free_pages));
	snprintf(text, sizeof(text), "%.32s: %.31s in the pool, %.31s free", size, total,
		 free_pages);
	append(finding, text);
}

void doctor_hugetlb(const struct host *host, struct finding *finding)
{
	(void)host; /* the pools may have changed since it was probed */
	if (!each_size("/sys/kernel/mm/hugepages", put_pool, finding))
		doctor_find(finding, DOCTOR_MISSING, lab_fix,
			    "no hugetlb: workloads on its pools are skipped");
}

void doctor_psi(const struct host *host, struct finding *finding)
{
	if (host->psi)
		doctor_find(finding, DOCTOR_OK, NULL, "/proc/pressure/memory");
	else
		doctor_find(finding, DOCTOR_LIMITED, "boot with psi=1",
			    "no pressure stall information: its columns stay empty");
}

static void show_setting(const char *name, const char *absent, struct finding *finding)
{
	char value[64];

	if (setting_read(name, value, sizeof(value), NULL))
		doctor_find(finding, DOCTOR_LIMITED, lab_fix, "%s", absent);
	else
		doctor_find(finding, DOCTOR_OK, NULL, "%s = %s", name, value);
}

void doctor_mglru(const struct host *host, struct finding *finding)
{
	(void)host; /* the value is shown, not only whether it is on */
	show_setting("lru_gen.enabled", "no multi-generational LRU: reclaim is the older one",
		     finding);
}

void doctor_zswap(const struct host *host, struct finding *finding)
{
	char value[64];

	(void)host; /* the value is shown, not only whether it is there */
	if (setting_read("zswap.enabled", value, sizeof(value), NULL))
		doctor_find(finding, DOCTOR_LIMITED, NULL, "no zswap: it cannot be a setting");
	else if (sysfile_same(value, "Y"))
		doctor_find(finding, DOCTOR_LIMITED, "[setting] zswap.enabled = N",
			    "on: pages that leave a group may stay in memory, compressed");
	else
		doctor_find(finding, DOCTOR_OK, NULL, "off");
}

void doctor_ksm(const struct host *host, struct finding *finding)
{
	char value[64];

	(void)host; /* it is in /sys alone */
	if (setting_read("ksm.run", value, sizeof(value), NULL))
		doctor_find(finding, DOCTOR_LIMITED, lab_fix, "no KSM: it cannot be a setting");
	else if (!strcmp(value, "1"))
		doctor_find(finding, DOCTOR_LIMITED, "[setting] ksm.run = 0",
			    "merging: same pages that were madvised may become one");
	else
		doctor_find(finding, DOCTOR_OK, NULL, "ksm.run = %s", value);
}

void doctor_overcommit(const struct host *host, struct finding *finding)
{
	char mode[32], ratio[32] = "";

	(void)host; /* it is in /proc alone */
	if (setting_read("vm.overcommit_memory", mode, sizeof(mode), NULL)) {
		doctor_find(finding, DOCTOR_LIMITED, NULL,
			    "vm.overcommit_memory cannot be read");
		return;
	}
	(void)setting_read("vm.overcommit_ratio", ratio, sizeof(ratio), NULL);
	if (!strcmp(mode, "2"))
		doctor_find(finding, DOCTOR_LIMITED, "[sysctl] vm.overcommit_memory = 0",
			    "strict (ratio %s): large mappings fail before the group's limit",
			    ratio);
	else
		doctor_find(finding, DOCTOR_OK, NULL, "vm.overcommit_memory = %s", mode);
}

/* Feature bits of the balloon: include/uapi/linux/virtio_balloon.h. */
static bool balloon_feature(unsigned bit)
{
	char path[320], features[160];
	struct dirent *entry;
	bool set = false;
	DIR *dir;

	dir = opendir("/sys/bus/virtio/drivers/virtio_balloon");
	if (!dir)
		return false;
	while (!set && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/bus/virtio/devices/%.200s/features",
			 entry->d_name);
		if (!strncmp(entry->d_name, "virtio", 6) &&
		    !sysfile_read("", path, features, sizeof(features)))
			set = strlen(features) > bit && features[bit] == '1';
	}
	closedir(dir);
	return set;
}

void doctor_page_reporting(const struct host *host, struct finding *finding)
{
	const bool deflates = balloon_feature(2);

	if (host->capability[CAPABILITY_PAGE_REPORTING].state == CAPABILITY_YES)
		doctor_find(
			finding, DOCTOR_LIMITED, "keep prewarm on for rates",
			"free pages go back to the hypervisor%s: first touches are slower than memory is",
			deflates ? ", and the balloon deflates on OOM" : "");
	else if (deflates)
		doctor_find(finding, DOCTOR_LIMITED, NULL,
			    "the balloon deflates on OOM: a system-wide OOM comes late");
	else
		doctor_find(finding, DOCTOR_OK, NULL, "free pages stay");
}

void doctor_kvm(const struct host *host, struct finding *finding)
{
	int fd, version;

	(void)host; /* opened, not probed */
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		doctor_find(finding, DOCTOR_LIMITED,
			    errno == EACCES ? "join the group kvm" : NULL,
			    "no /dev/kvm (%s): guests are emulated, some ten times slower",
			    strerror(errno));
		return;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	close(fd);
	if (version == KVM_API_VERSION)
		doctor_find(finding, DOCTOR_OK, NULL,
			    "/dev/kvm answers; guests use it when asked to");
	else
		doctor_find(finding, DOCTOR_LIMITED, NULL, "/dev/kvm has version %d, not %d",
			    version, KVM_API_VERSION);
}
