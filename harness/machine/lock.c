// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine-wide lock of a live run, and which process holds it.
 */
#include "harness/machine/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/trust.h"

#define LOCK_OBJECT  "/proc/sys/vm"
#define ROOT_OBJECT  "/proc/vmallocinfo" /* of mode 0400 since Linux 2.6.28 */
#define LOCK_POLL_NS 20000000L

void lock_init(struct lock *l)
{
	*l = (struct lock){
		.fd = -1, .root_fd = -1, .object = LOCK_OBJECT, .root_object = ROOT_OBJECT
	};
}

/* "FLOCK ADVISORY WRITE 17112 00:15:1658 0 EOF"; 0: of another object. */
static pid_t holder_in(const char *text, const struct stat *object)
{
	unsigned dev_major, dev_minor;
	unsigned long inode;
	int pid;

	if (sscanf(text, " FLOCK ADVISORY WRITE %d %x:%x:%lu", &pid, &dev_major, &dev_minor,
		   &inode) == 4 &&
	    makedev(dev_major, dev_minor) == object->st_dev && inode == object->st_ino)
		return pid;
	return 0;
}

/* A line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 17112 00:15:1658 0 EOF"; waiters have "->".
 */
pid_t lock_holder_of(const char *object_path)
{
	struct stat object;
	char line[256];
	pid_t holder = 0;
	FILE *locks;

	if (stat(object_path, &object))
		return 0;
	locks = fopen("/proc/locks", "re");
	if (!locks)
		return 0;
	while (!holder && fgets(line, sizeof(line), locks)) {
		const char *colon = strchr(line, ':');

		holder = colon ? holder_in(colon + 1, &object) : 0;
	}
	fclose(locks);
	return holder;
}

pid_t lock_holder(void)
{
	return lock_holder_of(LOCK_OBJECT);
}

static void name_process(pid_t pid, char comm[32])
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	snprintf(comm, 32, "ending");
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(comm, 32, file))
		comm[strcspn(comm, "\n")] = '\0';
	fclose(file);
}

static int busy(const char *object, struct error *e)
{
	const pid_t holder = lock_holder_of(object);
	char comm[32];

	if (!holder)
		return error_set(
			e, EBUSY,
			"another run holds the machine's lock (flock on %s); wait for it with --wait=SECONDS",
			object);
	name_process(holder, comm);
	return error_set(
		e, EBUSY,
		"another run holds the machine's lock: process %d (%s); wait for it with --wait=SECONDS",
		(int)holder, comm);
}

/* Also one that is blocked, to be read from a signalfd later. */
static bool is_signalled(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
		sigismember(&pending, SIGHUP));
}

/* 0, and *fd is an open and locked descriptor; -EBUSY without a sentence. */
static int take_one(const char *object, uint64_t deadline_ns, int *locked, struct error *e)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_NS };
	int ret = 0, fd;

	fd = open(object, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return error_set(e, errno, "cannot open %s to lock it: %s", object,
				 strerror(errno));
	while (!ret && flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			ret = error_set(e, errno, "cannot lock %s: %s", object,
					strerror(errno));
		else if (clock_now_ns() >= deadline_ns)
			ret = -EBUSY;
		else if (nanosleep(&pause, NULL) || is_signalled())
			ret = error_set(e, EINTR,
					"interrupted while waiting for the machine's lock");
	}
	if (ret)
		close(fd);
	else
		*locked = fd;
	return ret;
}

/* ---- a lock that another user holds ---- */

/* All four ids of "Uid:": a setuid program that was given the descriptor is its caller's. */
static bool is_trusted_process(const char *pid)
{
	unsigned uid[4] = { UINT_MAX, UINT_MAX, UINT_MAX, UINT_MAX };
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Uid: %u %u %u %u", &uid[0], &uid[1], &uid[2], &uid[3]) == 4)
			break;
	if (file)
		fclose(file);
	return trust_user(uid[0]) && trust_user(uid[1]) && trust_user(uid[2]) &&
	       trust_user(uid[3]);
}

static bool shows_lock(int dirfd, const char *name, const struct stat *object)
{
	const int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	bool shown = false;
	char line[256];

	while (file && !shown && fgets(line, sizeof(line), file)) {
		const char *number = strncmp(line, "lock:", 5) ? NULL : strchr(line + 5, ':');

		shown = number && holder_in(number + 1, object);
	}
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	return shown;
}

/* Whether a descriptor of the process has the lock. Where they cannot be seen: it took it. */
static bool has_lock(const char *pid, const struct stat *object, pid_t taker)
{
	struct dirent *entry;
	char path[64];
	bool holds = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return atoi(pid) == taker;
	while (!holds && (entry = readdir(dir)))
		holds = shows_lock(dirfd(dir), entry->d_name, object);
	closedir(dir);
	return holds;
}

/*
 * The process that took a lock, which /proc/locks names, may have passed it on and ended. So
 * the descriptors of each trusted user's process are looked at; a lock that none of them has is
 * not theirs.
 */
static bool is_held_by_trusted(const char *path)
{
	const pid_t taker = lock_holder_of(path);
	struct dirent *entry;
	struct stat object;
	bool held = false;
	DIR *proc = opendir("/proc");

	if (!proc || stat(path, &object))
		held = true;
	while (!held && (entry = readdir(proc)))
		held = atoi(entry->d_name) > 0 && is_trusted_process(entry->d_name) &&
		       has_lock(entry->d_name, &object, taker);
	if (proc)
		closedir(proc);
	return held;
}

static int go_on_without(struct lock *l, struct error *e)
{
	const pid_t holder = lock_holder_of(l->object);
	char comm[32];

	if (l->root_fd < 0 || is_held_by_trusted(l->object))
		return busy(l->object, e);
	name_process(holder, comm);
	snprintf(
		l->note, sizeof(l->note),
		"the machine's lock is held by another user's process (%d, %s): root does not wait for it, and what it does is noise here",
		(int)holder, comm);
	return 0;
}

int lock_take(struct lock *l, unsigned wait_seconds, struct error *e)
{
	const uint64_t deadline_ns = clock_now_ns() + wait_seconds * 1000000000ull;
	int ret = 0;

	if (!geteuid() && l->root_object && !access(l->root_object, F_OK)) {
		ret = take_one(l->root_object, deadline_ns, &l->root_fd, e);
		if (ret == -EBUSY)
			ret = busy(l->root_object, e);
	}
	if (!ret) {
		ret = take_one(l->object, deadline_ns, &l->fd, e);
		if (ret == -EBUSY)
			ret = go_on_without(l, e);
	}
	if (ret)
		lock_release(l);
	return ret;
}

static void release_one(int *fd)
{
	if (*fd >= 0) {
		/* Not close() alone: a child between fork and exec still has the descriptor. */
		(void)flock(*fd, LOCK_UN);
		close(*fd);
	}
	*fd = -1;
}

void lock_release(struct lock *l)
{
	release_one(&l->fd);
	release_one(&l->root_fd);
}
