// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine-wide lock of a live run, and which process holds it.
 */
#include "harness/machine/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"

#define LOCK_OBJECT  "/proc/sys/vm"
#define LOCK_POLL_NS 20000000L

void lock_init(struct lock *l)
{
	l->fd = -1;
	l->object = LOCK_OBJECT;
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
		unsigned dev_major, dev_minor;
		unsigned long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK ADVISORY WRITE %d %x:%x:%lu", &pid, &dev_major,
			   &dev_minor, &inode) == 4 &&
		    makedev(dev_major, dev_minor) == object.st_dev && inode == object.st_ino)
			holder = pid;
	}
	fclose(locks);
	return holder;
}

pid_t lock_holder(void)
{
	return lock_holder_of(LOCK_OBJECT);
}

static int busy(const struct lock *l, struct error *e)
{
	const pid_t holder = lock_holder_of(l->object);
	char path[64], comm[32] = "";
	FILE *file;

	if (!holder)
		return error_set(
			e, EBUSY,
			"another run holds the machine's lock (flock on %s); wait for it with --wait=SECONDS",
			l->object);
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)holder);
	file = fopen(path, "re");
	if (file) {
		if (fgets(comm, sizeof(comm), file))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(file);
	}
	return error_set(
		e, EBUSY,
		"another run holds the machine's lock: process %d (%s); wait for it with --wait=SECONDS",
		(int)holder, comm[0] ? comm : "ending");
}

/* Also one that is blocked, to be read from a signalfd later. */
static bool is_signalled(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
		sigismember(&pending, SIGHUP));
}

int lock_take(struct lock *l, unsigned wait_seconds, struct error *e)
{
	const uint64_t deadline_ns = clock_now_ns() + wait_seconds * 1000000000ull;
	const struct timespec pause = { .tv_nsec = LOCK_POLL_NS };
	int ret = 0, fd;

	fd = open(l->object, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set(e, errno, "cannot open %s to lock it: %s", l->object,
				 strerror(errno));
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			ret = error_set(e, errno, "cannot lock %s: %s", l->object,
					strerror(errno));
		else if (clock_now_ns() >= deadline_ns)
			ret = busy(l, e);
		else if (nanosleep(&pause, NULL) || is_signalled())
			ret = error_set(e, EINTR,
					"interrupted while waiting for the machine's lock");
		if (ret)
			break;
	}
	if (ret) {
		close(fd);
		return ret;
	}
	l->fd = fd;
	return 0;
}

void lock_release(struct lock *l)
{
	if (l->fd >= 0) {
		/* Not close() alone: a child between fork and exec still has the descriptor. */
		(void)flock(l->fd, LOCK_UN);
		close(l->fd);
	}
	l->fd = -1;
}
