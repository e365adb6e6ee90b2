// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a run may make its groups. Looks and changes nothing: home.c moves processes.
 */
#include "harness/machine/host_probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "harness/machine/host_file.h"

#define ANCESTORS_MAX 64

static void path_of(const struct host *host, const char *group, const char *file, char *out)
{
	snprintf(out, HOST_PATH_BYTES, "%s%s%s%s", host->cgroup_mount, group, *file ? "/" : "",
		 file);
}

/* A saved machine says what there was, not what its reader may write. */
static int writable(const struct host *host, const char *root, const char *group,
		    const char *file)
{
	char path[HOST_PATH_BYTES];

	path_of(host, group, file, path);
	if (*root)
		return host_file_exists(root, path) ? 0 : -ENOENT;
	return access(path, W_OK) ? -errno : 0;
}

static bool lists_memory(const struct host *host, const char *root, const char *group,
			 const char *file)
{
	char path[HOST_PATH_BYTES], words[512], *save = NULL;

	path_of(host, group, file, path);
	if (host_file_read(root, path, words, sizeof(words)))
		return false;
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!strcmp(word, "memory"))
			return true;
	return false;
}

/* Only that one has no cgroup.type (Documentation/admin-guide/cgroup-v2.rst). */
bool host_is_v2_root(const struct host *host, const char *root, const char *group)
{
	char path[HOST_PATH_BYTES];

	path_of(host, group, "cgroup.type", path);
	return !*group && !host_file_exists(root, path);
}

/* ---- whose processes would move ---- */

struct members {
	pid_t ancestor[ANCESTORS_MAX]; /* this process, its parent … */
	unsigned nr_ancestors;
	pid_t session; /* of this process; -1: not known */
	unsigned nr;
	bool strangers;	  /* neither among them nor of our session */
	bool unreachable; /* of another PID namespace */
};

static bool parent_line(char *text, void *context)
{
	return sscanf(text, "PPid: %d", (pid_t *)context) != 1;
}

static void find_ancestors(struct members *m, const char *root)
{
	pid_t pid = getpid();

	while (!*root && pid > 0 && m->nr_ancestors < ANCESTORS_MAX) {
		char path[64];
		pid_t parent = 0;

		m->ancestor[m->nr_ancestors++] = pid;
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		(void)host_file_lines(root, path, parent_line, &parent);
		pid = parent;
	}
}

static bool member_line(char *text, void *context)
{
	struct members *m = context;
	const pid_t pid = atoi(text);
	bool ancestor = false;

	m->nr++;
	m->unreachable |= pid <= 0;
	for (unsigned i = 0; i < m->nr_ancestors; i++)
		ancestor |= m->ancestor[i] == pid;
	m->strangers |= !ancestor && (m->session < 0 || getsid(pid) != m->session);
	return true;
}

/* systemd marks a group that it leaves to its owner (Delegate=yes). */
static bool is_delegated(const struct host *host, const char *root, const char *group)
{
	static const char *const marks[] = { "user.delegate", "trusted.delegate" };
	char path[HOST_PATH_BYTES], value[4] = "";

	path_of(host, group, "", path);
	for (unsigned i = 0; i < 2 && !*root; i++)
		if (getxattr(path, marks[i], value, sizeof(value) - 1) > 0 && value[0] == '1')
			return true;
	return false;
}

/*
 * Whether all that is in our own group may be moved into a leaf. Alone there it is ours to
 * move; other processes follow where the group was left to us: a namespace's root, or marked
 * so, or where they are what started us, or of our session as in a pipeline, and no other place
 * is open to us.
 */
static bool may_move(const struct host *host, const char *root, const char *own)
{
	struct members m = { .session = *root ? -1 : getsid(0) };
	char path[HOST_PATH_BYTES];

	find_ancestors(&m, root);
	path_of(host, own, "cgroup.procs", path);
	if (host_file_lines(root, path, member_line, &m) || m.unreachable)
		return false;
	if (m.nr <= 1 || !*own || is_delegated(host, root, own))
		return true;
	return !host->root_user && !m.strangers;
}

/* ---- the place ---- */

static int open_v1(const struct host *host, const char *root, const char *own)
{
	return writable(host, root, own, "");
}

/* Our own group, not the root, whose processes make way. */
static int open_leaf(const struct host *host, const char *root, const char *own)
{
	static const char *const files[] = { "", "cgroup.procs", "cgroup.subtree_control" };
	int ret = 0;

	for (unsigned i = 0; i < 3 && !ret; i++)
		ret = writable(host, root, own, files[i]);
	if (ret)
		return ret;
	if (!lists_memory(host, root, own, "cgroup.controllers"))
		return -EOPNOTSUPP;
	return may_move(host, root, own) ? 0 : -EBUSY;
}

static int open_root(const struct host *host, const char *root)
{
	int ret;

	if (!host_is_v2_root(host, root, ""))
		return -EBUSY;
	if (*root) /* not all of it was saved */
		return 0;
	ret = writable(host, root, "", "");
	if (!ret && !lists_memory(host, root, "", "cgroup.subtree_control"))
		ret = writable(host, root, "", "cgroup.subtree_control");
	return ret;
}

static void in_place(struct host *host, const char *own, int ret)
{
	const char *why = strerror(-ret);

	if (ret == -EOPNOTSUPP)
		why = "the group above hands it no memory controller";
	if (ret == -EBUSY)
		why = "it holds other processes";
	host->place = CGROUP_IN_PLACE;
	host->place_read_only = ret == -EROFS;
	if (host->cgroup_hidden)
		snprintf(host->place_why, sizeof(host->place_why),
			 "our own control group is not visible below %.200s",
			 host->cgroup_mount);
	else
		snprintf(host->place_why, sizeof(host->place_why),
			 "no control group can be made in %.80s%.80s: %.60s",
			 host->cgroup_mount, own, why);
}

void host_probe_place(struct host *host, const char *root)
{
	const char *own = strcmp(host->cgroup_own, "/") ? host->cgroup_own : "";
	int ret = -ENOENT;

	if (!host->cgroup_version)
		return;
	snprintf(host->cgroup_base, sizeof(host->cgroup_base), "%s", own);
	if (!host->cgroup_hidden && host->cgroup_version == 1)
		ret = *root ? 0 : open_v1(host, root, own);
	else if (!host->cgroup_hidden && !host_is_v2_root(host, root, own))
		ret = open_leaf(host, root, own);
	if (!ret) {
		host->place = host->cgroup_version == 1 ? CGROUP_BELOW : CGROUP_LEAF;
		return;
	}
	if (host->cgroup_version == 2 && !open_root(host, root)) {
		host->cgroup_base[0] = '\0';
		return;
	}
	if (host_is_v2_root(host, root, own) && host->cgroup_version == 2)
		ret = open_root(host, root);
	in_place(host, own, ret);
}
