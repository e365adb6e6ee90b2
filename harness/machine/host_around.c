// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What applies to a run from above: the tightest limits of the groups that its own are made
 * below, and whose they are.
 */
#include "harness/machine/host_probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/machine/host_file.h"
#include "workloads/api/arith.h"

/* v1 has no word for it: PAGE_COUNTER_MAX pages (include/linux/page_counter.h). */
#define UNLIMITED_BYTES (1ull << 62)

static void take(struct host_limit *limit, uint64_t bytes, const struct host *host,
		 const char *group)
{
	if (bytes >= UNLIMITED_BYTES || (limit->set && limit->bytes <= bytes))
		return;
	limit->set = true;
	limit->bytes = bytes;
	snprintf(limit->group, sizeof(limit->group), "%s%s", host->cgroup_mount, group);
}

/* The root of v2 has no such file, and "max" is no number. */
static void take_file(struct host_limit *limit, const struct host *host, const char *root,
		      const char *group, const char *file)
{
	char path[HOST_PATH_BYTES], text[64];
	uint64_t bytes;

	snprintf(path, sizeof(path), "%s%s/%s", host->cgroup_mount, group, file);
	if (!host_file_read(root, path, text, sizeof(text)) &&
	    sscanf(text, "%" SCNu64, &bytes) == 1)
		take(limit, bytes, host, group);
}

static void take_group(struct host *host, const char *root, const char *group)
{
	struct host_around *around = &host->around;

	if (host->cgroup_version == 1) {
		take_file(&around->max, host, root, group, "memory.limit_in_bytes");
		take_file(&around->total, host, root, group, "memory.memsw.limit_in_bytes");
		return;
	}
	take_file(&around->max, host, root, group, "memory.max");
	take_file(&around->high, host, root, group, "memory.high");
	take_file(&around->swap, host, root, group, "memory.swap.max");
}

/* ---- what v1 says of the whole path, also of what cannot be seen ---- */

struct hierarchical {
	uint64_t max, total;
};

static bool hierarchical_line(char *text, void *context)
{
	struct hierarchical *all = context;
	uint64_t bytes;

	if (sscanf(text, "hierarchical_memory_limit %" SCNu64, &bytes) == 1)
		all->max = bytes;
	if (sscanf(text, "hierarchical_memsw_limit %" SCNu64, &bytes) == 1)
		all->total = bytes;
	return true;
}

static void take_unseen(struct host_limit *limit, uint64_t bytes)
{
	if (bytes >= UNLIMITED_BYTES || (limit->set && limit->bytes <= bytes))
		return;
	*limit = (struct host_limit){ .set = true, .bytes = bytes };
}

static void take_hierarchical(struct host *host, const char *root)
{
	struct hierarchical all = { UINT64_MAX, UINT64_MAX };
	char path[HOST_PATH_BYTES];

	snprintf(path, sizeof(path), "%s%s/memory.stat", host->cgroup_mount, host->cgroup_base);
	(void)host_file_lines(root, path, hierarchical_line, &all);
	take_unseen(&host->around.max, all.max);
	take_unseen(&host->around.total, all.total);
}

/* ---- CPUs and nodes ---- */

/* The nearest group that has the files: on v2 those without the controller lack them. */
static void take_cpuset(struct host *host, const char *root, const char *mount, char *group)
{
	const bool v1 = host->cgroup_version == 1;
	struct host_around *around = &host->around;
	char path[HOST_PATH_BYTES], *slash;

	for (;;) {
		snprintf(path, sizeof(path), "%s%s/%s", mount, group,
			 v1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective");
		if (!host_file_read(root, path, around->cpus, sizeof(around->cpus)))
			break;
		slash = strrchr(group, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
	snprintf(path, sizeof(path), "%s%s/%s", mount, group,
		 v1 ? "cpuset.effective_mems" : "cpuset.mems.effective");
	if (host_file_read(root, path, around->mems, sizeof(around->mems)))
		around->mems[0] = '\0';
	snprintf(around->cpuset_group, sizeof(around->cpuset_group), "%s%s", mount, group);
}

void host_probe_around(struct host *host, const char *root)
{
	const bool v1 = host->cgroup_version == 1;
	char group[HOST_GROUP_BYTES], *slash;

	if (!host->cgroup_version)
		return;
	snprintf(group, sizeof(group), "%s", v1 ? host->cpuset_own : host->cgroup_base);
	if (!v1 || host->cpuset_mount[0])
		take_cpuset(host, root, v1 ? host->cpuset_mount : host->cgroup_mount, group);
	snprintf(group, sizeof(group), "%s", host->cgroup_base);
	for (;;) {
		take_group(host, root, group);
		slash = strrchr(group, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	if (v1)
		take_hierarchical(host, root);
}
