// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Empties and removes our own cgroups, and finds them. It makes none.
 */
#include "harness/machine/cgtree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EMPTY_POLLS  10000 /* times POLL_NS: 10 s; an OOM-killed GiB exits in well under one */
#define POLL_NS	     1000000L
#define REMOVE_TRIES 2000
#define DEPTH_MAX    16

bool cgtree_has_our_name(const char *directory)
{
	const size_t prefix = strlen(CGTREE_PREFIX);
	const char *name;

	if (directory[0] != '/' || strstr(directory, "/.."))
		return false;
	name = strrchr(directory, '/') + 1;
	return !strncmp(name, CGTREE_PREFIX, prefix) &&
	       (name[prefix] == '\0' || name[prefix] == '-');
}

static void pause_poll(void)
{
	const struct timespec poll = { .tv_nsec = POLL_NS };

	/* A signal only shortens the pause. */
	(void)nanosleep(&poll, NULL);
}

static bool is_group(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") &&
	       strcmp(entry->d_name, "..");
}

/* Calls act() for every group below, the deepest first, then for the group itself. */
static int walk(const char *directory, unsigned depth, int (*act)(const char *, void *),
		void *context)
{
	char child[PATH_MAX];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	dir = opendir(directory);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (entry = readdir(dir))) {
		if (!is_group(entry))
			continue;
		if (snprintf(child, sizeof(child), "%s/%s", directory, entry->d_name) >=
		    (int)sizeof(child))
			ret = -ENAMETOOLONG;
		else
			ret = walk(child, depth + 1, act, context);
	}
	closedir(dir);
	return ret ? ret : act(directory, context);
}

struct members {
	unsigned seen;
	unsigned unreachable; /* of another PID namespace: shown as 0 */
};

/*
 * Calls act() for each process that is in the group itself, the last failure counts; 0 is a
 * process of another PID namespace. No process when the group is gone.
 */
static int each_member(const char *directory, int (*act)(pid_t pid, void *context),
		       void *context)
{
	char path[PATH_MAX];
	FILE *procs;
	int pid, ret = 0;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	procs = fopen(path, "re");
	if (!procs)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	while (fscanf(procs, "%d", &pid) == 1) {
		int failed = act(pid, context);

		ret = failed ? failed : ret;
	}
	fclose(procs);
	return ret;
}

static int kill_one(pid_t pid, void *context)
{
	struct members *members = context;

	members->seen++;
	if (pid <= 0)
		members->unreachable++;
	else if (pid != getpid() && kill(pid, SIGKILL) && errno != ESRCH)
		return -errno;
	return 0;
}

static int kill_members(const char *directory, void *context)
{
	return each_member(directory, kill_one, context);
}

/* True when the kernel took the order; it then kills forks that race with it as well. */
static bool kill_by_kernel(const char *directory)
{
	char path[PATH_MAX];
	bool done;
	int fd;

	if (snprintf(path, sizeof(path), "%s/cgroup.kill", directory) >= (int)sizeof(path))
		return false;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, "1", 1) == 1;
	close(fd);
	return done;
}

static int count_one(pid_t pid, void *context)
{
	unsigned *members = context;

	(void)pid;
	++*members;
	return 0;
}

static int count_members(const char *directory, void *context)
{
	return each_member(directory, count_one, context);
}

int cgtree_count(const char *directory, unsigned *members)
{
	unsigned seen = 0;
	int ret = walk(directory, 0, count_members, &seen);

	if (!ret)
		*members = seen;
	return ret;
}

static int note_caller(pid_t pid, void *context)
{
	bool *self = context;

	*self |= pid == getpid();
	return 0;
}

/* What cannot be read is reported by the kill. */
static int holds_caller(const char *directory, void *context)
{
	int ret = each_member(directory, note_caller, context);

	return ret == -ENAMETOOLONG ? ret : 0;
}

int cgtree_kill(const char *directory, unsigned *killed, struct error *e)
{
	struct members members = { 0 };
	bool self = false;
	int ret;

	ret = walk(directory, 0, holds_caller, &self);
	if (!ret && self)
		return error_set(e, EPERM, "%s holds this process: leave the group first",
				 directory);
	for (unsigned poll = 0; !ret && poll < EMPTY_POLLS; poll++) {
		if (poll == 0)
			(void)kill_by_kernel(directory); /* absent on v1: the walk does it */
		else
			pause_poll();
		members = (struct members){ 0 };
		ret = walk(directory, 0, kill_members, &members);
		if (killed && poll == 0)
			*killed = members.seen;
		if (!ret && !members.seen)
			return 0;
	}
	if (ret)
		return error_set(e, -ret, "cannot empty the group %s: %s", directory,
				 strerror(-ret));
	return error_set(
		e, EBUSY,
		"%u processes in %s do not end after SIGKILL (%u of another PID namespace)",
		members.seen, directory, members.unreachable);
}

/* A group stays busy for a moment after its last member was reaped. */
static int remove_one(const char *directory, void *context)
{
	(void)context;
	for (unsigned try = 0; try < REMOVE_TRIES; try++) {
		if (!rmdir(directory) || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return -errno;
		pause_poll();
	}
	return -EBUSY;
}

int cgtree_rmdir(const char *directory, struct error *e)
{
	int ret = walk(directory, 0, remove_one, NULL);

	if (ret)
		return error_set(e, -ret,
				 "cannot remove the group %s: %s; try pagestorm restore",
				 directory, strerror(-ret));
	return 0;
}

int cgtree_remove(const char *directory, unsigned *killed, struct error *e)
{
	int ret;

	if (!cgtree_has_our_name(directory))
		return error_set(e, EPERM, "%s is not a group of pagestorm; not touching it",
				 directory);
	ret = cgtree_kill(directory, killed, e);
	return ret ? ret : cgtree_rmdir(directory, e);
}

static int find_ours(const char *directory, unsigned depth,
		     int (*found)(const char *directory, void *context), void *context)
{
	char child[PATH_MAX];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = depth > DEPTH_MAX ? NULL : opendir(directory);
	if (!dir)
		return 0;
	while (!ret && (entry = readdir(dir))) {
		if (!is_group(entry))
			continue;
		if (snprintf(child, sizeof(child), "%s/%s", directory, entry->d_name) >=
		    (int)sizeof(child))
			continue;
		ret = cgtree_has_our_name(child) ? found(child, context) : CGTREE_DESCEND;
		if (ret == CGTREE_DESCEND)
			ret = find_ours(child, depth + 1, found, context);
	}
	closedir(dir);
	return ret;
}

/* A blank in a mount point is \040 in mountinfo; no cgroup mount of ours has one. */
int cgtree_each(int (*found)(const char *directory, void *context), void *context)
{
	char line[4 * PATH_MAX], mount[PATH_MAX], type[64];
	FILE *mounts;
	int ret = 0;

	mounts = fopen("/proc/self/mountinfo", "re");
	if (!mounts)
		return -errno;
	while (!ret && fgets(line, sizeof(line), mounts)) {
		const char *tail = strstr(line, " - ");

		if (!tail || sscanf(tail, " - %63s", type) != 1 ||
		    sscanf(line, "%*s %*s %*s %*s %4095s", mount) != 1)
			continue;
		if (!strcmp(type, "cgroup") || !strcmp(type, "cgroup2"))
			ret = find_ours(mount, 0, found, context);
	}
	fclose(mounts);
	return ret;
}
