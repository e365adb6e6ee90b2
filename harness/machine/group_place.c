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

#include "harness/machine/home.h"
#include "workloads/api/arith.h"

const char *group_remedy(const struct host *host)
{
	if (host->place_read_only)
		return "make it writable: mount -o remount,rw of the cgroup file system, as a privileged container may";
	if (host->cgroup_version == 1)
		return "run as root, or in a guest with pagestorm lab";
	return "run as root, or in a group of your own: systemd-run --user --scope -p Delegate=yes pagestorm …";
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

int group_permitted(const struct host *host, struct error *e)
{
	if (!host->cgroup_version)
		return error_set(
			e, ENODEV,
			"no memory controller here: boot with cgroup_enable=memory or use pagestorm lab");
	if (host->place == CGROUP_IN_PLACE)
		return error_set(e, EACCES,
				 "%s: workers run in place, claims on a group are absent; %s",
				 host->place_why, group_remedy(host));
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

/* A trial before this one in the same attempt may have done it already. */
static bool hands_down(const char *directory, bool cpuset)
{
	char words[256], *save = NULL;
	unsigned found = 0;

	if (group_read_file(directory, "cgroup.subtree_control", words, sizeof(words)))
		return false;
	for (char *word = strtok_r(words, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save))
		found |= !strcmp(word, "memory")	     ? 1
			 : cpuset && !strcmp(word, "cpuset") ? 2
							     : 0;
	return found == (cpuset ? 3 : 1);
}

int group_v2_parent(struct group *parent, const struct host *host, struct journal *j,
		    struct error *e)
{
	int ret = 0;

	snprintf(parent->name, sizeof(parent->name), "%s", host->cgroup_base);
	snprintf(parent->path, sizeof(parent->path), "%s%s", host->cgroup_mount,
		 host->cgroup_base);
	if (hands_down(parent->path, parent->has_cpuset))
		return 0;
	if (host->place == CGROUP_LEAF && !hands_down(parent->path, false))
		ret = home_leave(parent->path, j, e);
	if (ret)
		return ret;
	ret = v2_enable_journalled(parent->path, parent->has_cpuset, j);
	if (ret)
		return error_set(e, -ret,
				 "cannot enable the memory controller below %s: %s; %s",
				 parent->path, strerror(-ret), group_remedy(host));
	return 0;
}
