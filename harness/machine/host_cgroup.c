// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the memory controller is, which group is ours, and what that group has left.
 */
#include "harness/machine/host_probe.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "harness/machine/host_file.h"
#include "workloads/api/arith.h"

struct mount {
	char at[PATH_MAX];   /* mount point */
	char from[PATH_MAX]; /* the part of the hierarchy that is mounted there */
};

struct mounts {
	const char *root;
	struct mount v1, v2, cpuset; /* at == "": none */
};

static bool list_has(const char *list, const char *separators, const char *word)
{
	size_t length = strlen(word);

	for (const char *p = list; *p; p += strspn(p, separators)) {
		size_t piece = strcspn(p, separators);

		if (piece == length && !strncmp(p, word, length))
			return true;
		p += piece;
	}
	return false;
}

/* mountinfo writes space, tab, newline and backslash as \ooo (man 5 proc). */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		unsigned byte;

		if (*in == '\\' && sscanf(in, "\\%3o", &byte) == 1) {
			*out++ = (char)byte;
			in += 3;
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
}

/* The first of its kind counts. */
static void take_mount(struct mount *mount, const char *text)
{
	if (mount->at[0])
		return;
	_Static_assert(PATH_MAX == 4096, "the format has its room");
	if (sscanf(text, "%*s %*s %*s %4095s %4095s", mount->from, mount->at) != 2)
		mount->at[0] = '\0';
	unescape(mount->from);
	unescape(mount->at);
}

static bool mountinfo_line(char *text, void *context)
{
	struct mounts *mounts = context;
	char type[32], options[512], *tail = strstr(text, " - ");

	if (!tail || sscanf(tail, " - %31s %*s %511s", type, options) != 2)
		return true;
	if (!strcmp(type, "cgroup2"))
		take_mount(&mounts->v2, text);
	if (!strcmp(type, "cgroup") && list_has(options, ",", "memory"))
		take_mount(&mounts->v1, text);
	if (!strcmp(type, "cgroup") && list_has(options, ",", "cpuset"))
		take_mount(&mounts->cpuset, text);
	return true;
}

struct membership {
	char v1[PATH_MAX], v2[PATH_MAX], cpuset[PATH_MAX];
};

static bool membership_line(char *text, void *context)
{
	struct membership *own = context;
	char *controllers = strchr(text, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return true;
	*path++ = '\0';
	controllers++;
	if (list_has(controllers, ",", "memory"))
		snprintf(own->v1, sizeof(own->v1), "%s", path);
	if (list_has(controllers, ",", "cpuset"))
		snprintf(own->cpuset, sizeof(own->cpuset), "%s", path);
	if (!*controllers)
		snprintf(own->v2, sizeof(own->v2), "%s", path);
	return true;
}

/*
 * A group's path below the mount point: a bind mount may show only a part of the tree.
 * *hidden: it is outside of that part, as "/.." also says, a group above a namespace's root.
 */
static const char *below_mount(const struct mount *mount, const char *path, bool *hidden)
{
	size_t length = strlen(mount->from);

	*hidden = !strcmp(path, "/..") || !strncmp(path, "/../", 4);
	if (length <= 1)
		return *path ? path : "/";
	if (strncmp(path, mount->from, length) || (path[length] && path[length] != '/')) {
		*hidden = true;
		return "/";
	}
	return path[length] ? path + length : "/";
}

/* A path that is cut short would be another group's. */
static int keep_place(struct host *host, unsigned version, const struct mount *mount,
		      const char *own, struct error *e)
{
	const char *path = below_mount(mount, own, &host->cgroup_hidden);

	if (strlen(mount->at) >= sizeof(host->cgroup_mount) ||
	    strlen(path) >= sizeof(host->cgroup_own))
		return error_set(
			e, ENAMETOOLONG,
			"the path of this process's control group is too long: %zu bytes at most below a mount point of %zu; start pagestorm in another group",
			sizeof(host->cgroup_own) - 1, sizeof(host->cgroup_mount) - 1);
	host->cgroup_version = version;
	snprintf(host->cgroup_mount, sizeof(host->cgroup_mount), "%s", mount->at);
	snprintf(host->cgroup_own, sizeof(host->cgroup_own), "%s", path);
	return 0;
}

/* One that does not fit is left out: the run then has no cpuset. */
static void keep_cpuset(struct host *host, const struct mount *mount, const char *own)
{
	bool hidden;
	const char *path = below_mount(mount, own, &hidden);

	if (!mount->at[0] || !own[0] || hidden || strlen(mount->at) >= HOST_MOUNT_BYTES ||
	    strlen(path) >= HOST_GROUP_BYTES)
		return;
	snprintf(host->cpuset_mount, sizeof(host->cpuset_mount), "%s", mount->at);
	snprintf(host->cpuset_own, sizeof(host->cpuset_own), "%s",
		 strcmp(path, "/") ? path : "");
}

/* The hierarchy with the memory controller decides: on a hybrid host that is v1. */
int host_probe_cgroup(struct host *host, const char *root, struct error *e)
{
	struct mounts mounts = { .root = root };
	struct membership own = { "", "", "" };
	char path[PATH_MAX + 32], controllers[256];

	(void)host_file_lines(root, "/proc/self/mountinfo", mountinfo_line, &mounts);
	(void)host_file_lines(root, "/proc/self/cgroup", membership_line, &own);
	keep_cpuset(host, &mounts.cpuset, own.cpuset);
	if (own.v1[0] && mounts.v1.at[0])
		return keep_place(host, 1, &mounts.v1, own.v1, e);
	snprintf(path, sizeof(path), "%s/cgroup.controllers", mounts.v2.at);
	if (!mounts.v2.at[0] || host_file_read(root, path, controllers, sizeof(controllers)) ||
	    !list_has(controllers, " ", "memory"))
		return 0;
	return keep_place(host, 2, &mounts.v2, own.v2, e);
}

/* The page cache that a group could give back: both LRU lists, its children's too. */
static bool cache_line(char *text, void *context)
{
	uint64_t bytes;

	if (sscanf(text, "total_inactive_file %" SCNu64, &bytes) == 1 ||
	    sscanf(text, "total_active_file %" SCNu64, &bytes) == 1 ||
	    sscanf(text, "inactive_file %" SCNu64, &bytes) == 1 ||
	    sscanf(text, "active_file %" SCNu64, &bytes) == 1)
		*(uint64_t *)context += bytes;
	return true;
}

/* v1 counts a group's own pages first and then, as total_*, with its children's. */
static bool own_cache_line(char *text, void *context)
{
	return strncmp(text, "total_", 6) ? true : cache_line(text, context);
}

/* What a group may still take; UINT64_MAX: it has no limit. */
static uint64_t group_left(const struct host *host, const char *root, const char *group)
{
	bool v1 = host->cgroup_version == 1;
	uint64_t limit, used, cache = 0;
	char path[HOST_PATH_BYTES], text[64];

	snprintf(path, sizeof(path), "%s%s/%s", host->cgroup_mount, group,
		 v1 ? "memory.limit_in_bytes" : "memory.max");
	/* the root of v2 has no such file; "max" is not a number */
	if (host_file_read(root, path, text, sizeof(text)) ||
	    sscanf(text, "%" SCNu64, &limit) != 1)
		return UINT64_MAX;
	snprintf(path, sizeof(path), "%s%s/%s", host->cgroup_mount, group,
		 v1 ? "memory.usage_in_bytes" : "memory.current");
	if (host_file_read(root, path, text, sizeof(text)) ||
	    sscanf(text, "%" SCNu64, &used) != 1)
		return UINT64_MAX;
	snprintf(path, sizeof(path), "%s%s/memory.stat", host->cgroup_mount, group);
	(void)host_file_lines(root, path, v1 ? own_cache_line : cache_line, &cache);
	used -= min(used, cache);
	return limit - min(limit, used);
}

/* In a container the group's limit is reached before the machine's. */
void host_clamp_available(struct host *host, const char *root)
{
	char group[sizeof(host->cgroup_own)];
	char *slash;

	if (!host->cgroup_version)
		return;
	snprintf(group, sizeof(group), "%s",
		 strcmp(host->cgroup_own, "/") ? host->cgroup_own : "");
	for (;;) {
		host->available_bytes =
			min(host->available_bytes, group_left(host, root, group));
		slash = strrchr(group, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}
