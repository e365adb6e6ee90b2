// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The doctor's checks of control groups. What cannot be read is tried in a group of its
 * own, pagestorm-doctor-PID: made, limited, read back and removed with plain file calls, so
 * that a failure of libcgroup is not taken for the machine's.
 */
#include "harness/cli/cmd_doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/machine/cgtree.h"
#include "harness/machine/group.h"
#include "harness/machine/groupmark.h"
#include "harness/machine/sysfile.h"

#define TRIED_BYTES "67108864"

static bool lists(const char *words, const char *word)
{
	const size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

void doctor_cgroup(const struct host *host, struct finding *finding)
{
	char memory[512];

	if (!host->cgroup_version) {
		doctor_find(
			finding, DOCTOR_MISSING,
			"boot with cgroup_enable=memory, mount a cgroup hierarchy, or use pagestorm lab",
			"no memory controller");
		return;
	}
	/* A hybrid host has an empty v2 hierarchy beside the v1 ones. */
	snprintf(memory, sizeof(memory), "/sys/fs/cgroup/unified/cgroup.procs");
	doctor_find(finding, DOCTOR_OK, NULL, "v%u%s, memory at %.200s, own group %.100s",
		    host->cgroup_version,
		    host->cgroup_version == 1 && !access(memory, F_OK) ? " (hybrid)" : "",
		    host->cgroup_mount, host->cgroup_own);
}

/* Whether groups in the directory have the memory controller: on v2 it says so. */
static bool hands_down(const struct host *host, const char *directory)
{
	char path[PATH_MAX], words[256];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", directory);
	return host->cgroup_version == 1 ||
	       (!sysfile_read("", path, words, sizeof(words)) && lists(words, "memory"));
}

/* The directory below which a group can be tried; "": none. *later: a run would switch it on.
 */
static void find_parent(const struct host *host, char *parent, size_t bytes, bool *later)
{
	snprintf(parent, bytes, "%s%s", host->cgroup_mount, host->cgroup_base);
	*later = host->place != CGROUP_IN_PLACE && !hands_down(host, parent);
	if (*later || host->place == CGROUP_IN_PLACE)
		parent[0] = '\0';
}

static const char *limit_file(const struct host *host)
{
	return host->cgroup_version == 1 ? "memory.limit_in_bytes" : "memory.max";
}

static const char *swap_limit_file(const struct host *host)
{
	return host->cgroup_version == 1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max";
}

/* Makes the group, and holds it until close(*hold); "" in made when it cannot. */
static int make(const char *parent, char *made, size_t bytes, int *hold)
{
	char path[PATH_MAX];

	made[0] = '\0';
	snprintf(path, sizeof(path), "%.1000s/" CGTREE_PREFIX "-doctor-%d", parent,
		 (int)getpid());
	if (mkdir(path, 0755))
		return -errno;
	*hold = groupmark_label(path);
	snprintf(made, bytes, "%.*s", (int)bytes - 1, path);
	return 0;
}

static int write_and_read(const char *group, const char *file, const char *value, char *kept,
			  size_t kept_bytes)
{
	char path[PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%.*s/%s", PATH_MAX - 64, group, file);
	ret = sysfile_write("", path, value);
	return ret ? ret : sysfile_read("", path, kept, kept_bytes);
}

static void try_limit(const struct host *host, const char *group, struct finding *finding)
{
	char kept[64];
	int ret;

	ret = write_and_read(group, limit_file(host), TRIED_BYTES, kept, sizeof(kept));
	if (ret)
		doctor_find(finding, DOCTOR_MISSING, group_remedy(host), "%s cannot be set: %s",
			    limit_file(host), strerror(-ret));
	else if (strcmp(kept, TRIED_BYTES))
		doctor_find(finding, DOCTOR_MISSING, NULL,
			    "%s kept %s where " TRIED_BYTES " was written", limit_file(host),
			    kept);
	else
		doctor_find(finding, DOCTOR_OK, NULL,
			    "made, limited to 64M, read back and removed: %s works",
			    limit_file(host));
}

void doctor_group(const struct host *host, struct finding *finding)
{
	char parent[1024], group[PATH_MAX];
	struct error e = { "" };
	bool later;
	int ret, hold;

	if (!host->cgroup_version) {
		doctor_find(finding, DOCTOR_MISSING, "see cgroup", "no group can be limited");
		return;
	}
	find_parent(host, parent, sizeof(parent), &later);
	if (!parent[0] && later) {
		doctor_find(
			finding, DOCTOR_OK, NULL,
			"not tried: a run will first %sswitch the memory controller on for its groups (cgroup.subtree_control)",
			host->place == CGROUP_LEAF
				? "move the processes of our own group into a leaf of it and "
				: "");
		return;
	}
	if (!parent[0]) {
		doctor_find(finding, DOCTOR_LIMITED, group_remedy(host),
			    "%s: workers run in place, claims on a group are absent",
			    host->place_why);
		return;
	}
	ret = make(parent, group, sizeof(group), &hold);
	if (ret) {
		doctor_find(finding, DOCTOR_MISSING, group_remedy(host),
			    "cannot make a group in %.200s: %s", parent, strerror(-ret));
		return;
	}
	try_limit(host, group, finding);
	if (cgtree_remove(group, NULL, &e))
		doctor_find(finding, DOCTOR_LIMITED, "pagestorm restore", "%.300s", e.text);
	if (hold >= 0)
		close(hold);
}

static size_t describe_limit(char *text, size_t bytes, const char *name,
			     const struct host_limit *limit)
{
	char size[32];
	const char *group = limit->group;

	if (!limit->set)
		return 0;
	size_human(limit->bytes, size, sizeof(size));
	return (size_t)snprintf(text, bytes, ", %s %s of %.100s", name, size,
				*group ? group : "a group above what is visible");
}

void doctor_limits(const struct host *host, struct finding *finding)
{
	const struct host_around *around = &host->around;
	const struct {
		const char *name;
		const struct host_limit *limit;
	} rows[] = { { "memory.max", &around->max },
		     { "memory.high", &around->high },
		     { "memory.swap.max", &around->swap },
		     { "memory and swap together", &around->total } };
	char text[640] = "";
	size_t length = 0;

	for (unsigned i = 0; i < 4 && length < sizeof(text); i++)
		length += describe_limit(text + length, sizeof(text) - length, rows[i].name,
					 rows[i].limit);
	if (length)
		doctor_find(finding, DOCTOR_LIMITED, "run it in a group without them",
			    "from above: %.280s", text + 2);
	else
		doctor_find(finding, DOCTOR_OK, NULL, "none from the groups above a run's");
}

void doctor_group_swap(const struct host *host, struct finding *finding)
{
	char parent[1024], group[PATH_MAX], path[PATH_MAX + 64];
	bool later, there;
	int hold;

	find_parent(host, parent, sizeof(parent), &later);
	if (!parent[0] || make(parent, group, sizeof(group), &hold)) {
		doctor_find(finding, later ? DOCTOR_OK : DOCTOR_MISSING, NULL,
			    "not tried, see group");
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", group, swap_limit_file(host));
	there = !access(path, F_OK);
	(void)rmdir(group); /* doctor_leftovers reports it next time if it stayed */
	if (hold >= 0)
		close(hold);
	if (there)
		doctor_find(finding, DOCTOR_OK, NULL, "a group's swap is limited with %s",
			    swap_limit_file(host));
	else
		doctor_find(
			finding, DOCTOR_LIMITED, "boot with swapaccount=1",
			"no %s: with swap on, a group at its limit swaps and is not OOM-killed",
			swap_limit_file(host));
}

void doctor_cpuset(const struct host *host, struct finding *finding)
{
	char path[1024], words[256];

	if (host->cgroup_version == 2) {
		snprintf(path, sizeof(path), "%.300s/cgroup.controllers", host->cgroup_mount);
		if (!sysfile_read("", path, words, sizeof(words)) && lists(words, "cpuset"))
			doctor_find(finding, DOCTOR_OK, NULL, "in the same hierarchy");
		else
			doctor_find(finding, DOCTOR_LIMITED,
				    "build the kernel with CONFIG_CPUSETS",
				    "absent: cpuset.cpus and cpuset.mems cannot be set");
		return;
	}
	snprintf(path, sizeof(path), "%s%s/cgroup.procs", host->cpuset_mount, host->cpuset_own);
	if (host->cpuset_mount[0] && !access(path, W_OK))
		doctor_find(finding, DOCTOR_OK, NULL, "%s%.200s", host->cpuset_mount,
			    host->cpuset_own);
	else
		doctor_find(
			finding, DOCTOR_LIMITED, "mount the cpuset hierarchy, run as root",
			"no writable cpuset hierarchy: cpuset.cpus and cpuset.mems cannot be set");
}
