// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a run's tree may be made, and what the kernel requires of a group before it takes
 * children or processes.
 */
#include "harness/machine/group_part.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "workloads/api/arith.h"

static bool is_listed(const char *list, const char *word)
{
	const size_t length = strlen(word);

	for (const char *at = list; *at; at += strspn(at, ",")) {
		const size_t piece = strcspn(at, ",");

		if (piece == length && !strncmp(at, word, length))
			return true;
		at += piece;
	}
	return false;
}

static int v1_mount(const char *controller, char *mount, size_t bytes)
{
	char line[1024], options[256], point[512];
	FILE *f = fopen("/proc/self/mounts", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*s %511s cgroup %255s", point, options) == 2 &&
			is_listed(options, controller);
	if (f)
		fclose(f);
	if (found)
		snprintf(mount, bytes, "%s", point);
	return found ? 0 : -ENODEV;
}

/* "4:memory,hugetlb:/path" */
static int v1_own(const char *controller, char *own, size_t bytes)
{
	char line[1024], controllers[256], path[768];
	FILE *f = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%*d:%255[^:]:%767[^\n]", controllers, path) == 2 &&
			is_listed(controllers, controller);
	if (f)
		fclose(f);
	if (found)
		snprintf(own, bytes, "%s", strcmp(path, "/") ? path : "");
	return found ? 0 : -ENODEV;
}

int group_v1_hierarchy(const char *controller, char *mount, char *own, size_t bytes)
{
	int ret = v1_mount(controller, mount, bytes);

	return ret ? ret : v1_own(controller, own, bytes);
}

int group_v1_cpuset_inherit(const struct group *g)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char text[6 * HOST_CPU_IDS], parent[GROUP_PATH_BYTES + 8]; /* every other CPU */
		int ret;

		if (!group_read_file(g->cpuset_path, files[i], text, sizeof(text)) && text[0] &&
		    text[0] != '\n')
			continue;
		snprintf(parent, sizeof(parent), "%s/..", g->cpuset_path);
		ret = group_read_file(parent, files[i], text, sizeof(text));
		if (!ret)
			ret = group_write_file(g->cpuset_path, files[i], text);
		if (ret)
			return ret;
	}
	return 0;
}

int group_v2_enable(const char *directory, bool cpuset)
{
	int ret = group_write_file(directory, "cgroup.subtree_control", "+memory");

	if (!ret && cpuset)
		ret = group_write_file(directory, "cgroup.subtree_control", "+cpuset");
	return ret;
}

static int permitted_below(const struct host *host, const char *own, char *path, size_t bytes)
{
	char file[GROUP_PATH_BYTES + 32];

	snprintf(path, bytes, "%s%s", host->cgroup_mount, own);
	if (access(path, W_OK))
		return -errno;
	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", path);
	return host->cgroup_version == 2 && access(file, W_OK) ? -errno : 0;
}

int group_permitted(const struct host *host, struct error *e)
{
	const char *own = strcmp(host->cgroup_own, "/") ? host->cgroup_own : "";
	char path[GROUP_PATH_BYTES], root[GROUP_PATH_BYTES];
	int ret;

	if (!host->cgroup_version)
		return error_set(
			e, ENODEV,
			"no memory controller here: boot with cgroup_enable=memory or use pagestorm lab");
	ret = permitted_below(host, own, path, sizeof(path));
	if (ret && host->cgroup_version == 2)
		ret = permitted_below(host, "", root, sizeof(root)) ? ret : 0;
	if (ret)
		return error_set(
			e, -ret,
			"cannot make a control group in %s: %s; run as root, or in a scope of your own: systemd-run --user --scope -p Delegate=yes pagestorm …",
			path, strerror(-ret));
	return 0;
}

/* Controllers that were not enabled before are disabled again at the end of the run. */
static int v2_enable_journalled(const char *directory, bool cpuset, struct journal *j)
{
	char file[GROUP_PATH_BYTES + 32], before[256];
	const struct journal_act act = { .kind = JOURNAL_SETTING,
					 .what = file,
					 .before = before,
					 .after = cpuset ? "memory cpuset" : "memory" };
	int ret;

	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", directory);
	ret = group_read_file(directory, "cgroup.subtree_control", before, sizeof(before));
	if (ret)
		return ret;
	before[strcspn(before, "\n")] = 0;
	ret = journal_note(j, &act, NULL);
	if (ret)
		return ret;
	ret = group_v2_enable(directory, cpuset);
	if (ret)
		(void)journal_undo_one(j, JOURNAL_SETTING, file,
				       NULL); /* ret is the first error */
	return ret;
}

int group_v2_parent(struct group *parent, const struct host *host, struct journal *j,
		    struct error *e)
{
	const char *const tries[2] = { strcmp(host->cgroup_own, "/") ? host->cgroup_own : "",
				       "" };
	int ret = 0;

	for (int i = 0; i < 2; i++) {
		snprintf(parent->name, sizeof(parent->name), "%s", tries[i]);
		snprintf(parent->path, sizeof(parent->path), "%s%s", host->cgroup_mount,
			 tries[i]);
		ret = v2_enable_journalled(parent->path, parent->has_cpuset, j);
		if (!ret)
			return 0;
	}
	return error_set(
		e, -ret,
		"cannot enable the memory controller below %s: %s; run in a delegated scope (systemd-run --scope -p Delegate=yes pagestorm …)",
		parent->path, strerror(-ret));
}
