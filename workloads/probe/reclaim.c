// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/probe/reclaim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 1024

bool reclaim_offered(const struct workload_env *env)
{
	return env_has(env, CAPABILITY_GROUP_RECLAIM);
}

static bool has_word(char *list, const char *word)
{
	char *save;

	for (char *w = strtok_r(list, ",", &save); w; w = strtok_r(NULL, ",", &save))
		if (!strcmp(w, word))
			return true;
	return false;
}

/* Calls found() with each line, without its newline, until it returns true. 0 or -ENOENT. */
static int search(const char *path, bool (*found)(char *line, unsigned version, char *out),
		  unsigned version, char *out)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0;
	int ret = -ENOENT;

	if (!f)
		return -errno;
	while (ret && getline(&line, &capacity, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (found(line, version, out))
			ret = 0;
	}
	free(line);
	fclose(f);
	return ret;
}

/* man 7 cgroups: "4:memory:/a/b", and "0::/a/b" on version 2. */
static bool own_group(char *line, unsigned version, char *out)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return false;
	*path++ = 0;
	snprintf(out, PATH_BYTES, "%s", path);
	return version == 1 ? has_word(controllers + 1, "memory") : !controllers[1];
}

/* The hierarchy's mount from a line of mountinfo: "ROOT MOUNTPOINT". */
static bool mounted_at(char *line, unsigned version, char *out)
{
	char root[PATH_BYTES / 2], at[PATH_BYTES / 2], type[32], options[256];
	char *tail = strstr(line, " - ");

	if (!tail || sscanf(tail, " - %31s %*s %255s", type, options) != 2 ||
	    sscanf(line, "%*s %*s %*s %511s %511s", root, at) != 2)
		return false;
	if (version == 1 ? strcmp(type, "cgroup") || !has_word(options, "memory")
			 : strcmp(type, "cgroup2"))
		return false;
	snprintf(out, PATH_BYTES, "%s %s", root, at);
	return true;
}

int reclaim_open(const struct workload_env *env)
{
	char group[PATH_BYTES], mount[PATH_BYTES], path[2 * PATH_BYTES + 32], *at;
	const char *below = group;
	int ret = search("/proc/self/cgroup", own_group, env->cgroup_version, group);
	size_t root_length;
	int fd;

	if (!ret)
		ret = search("/proc/self/mountinfo", mounted_at, env->cgroup_version, mount);
	if (ret)
		return ret;
	at = strchr(mount, ' ');
	*at++ = 0;
	root_length = strlen(mount);
	if (root_length > 1 && !strncmp(group, mount, root_length))
		below += root_length;
	snprintf(path, sizeof(path), "%s%s/%s", at, below,
		 env->cgroup_version == 1 ? "memory.force_empty" : "memory.reclaim");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int reclaim_now(const struct workload_env *env, int fd, uint64_t bytes)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%" PRIu64, bytes);
	ssize_t n;

	if (env->cgroup_version == 1)
		length = snprintf(text, sizeof(text), "0");
	do {
		n = pwrite(fd, text, (size_t)length, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno != EAGAIN && errno != EBUSY ? -errno : 0;
}
