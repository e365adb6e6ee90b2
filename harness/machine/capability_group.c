// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The group that probes share, pagestorm-probe-PID, and the children that try things in it.
 * Refuses to hand the memory controller down where no parent does: on v2 that changes the
 * machine.
 */
#include "harness/machine/capability_probe.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/machine/groupmark.h"

#define LEAST_PAGES  16384 /* available; a child takes 1024 and as many of tables */
#define REMOVE_TRIES 1000  /* times REMOVE_NS: 1 s */
#define REMOVE_NS    1000000L

_Static_assert(PROBE_GROUP_BYTES == PATH_MAX, "a group is a path");

/* ---- the directory ---- */

static bool hands_memory_down(const char *directory)
{
	char path[PATH_MAX + 32], words[256] = "";
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", directory);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (fgets(words, sizeof(words), f))
		for (char *save, *word = strtok_r(words, " \n", &save); word && !found;
		     word = strtok_r(NULL, " \n", &save))
			found = !strcmp(word, "memory");
	fclose(f);
	return found;
}

int probe_group_make(const struct capability_machine *m, char *group, size_t bytes, int *hold)
{
	const char *const own = strcmp(m->cgroup_own, "/") ? m->cgroup_own : "";
	const char *const tries[2] = { own, "" };
	char parent[PATH_MAX];
	int ret = -EBUSY;

	for (unsigned i = 0; i < 2 && ret; i++) {
		snprintf(parent, sizeof(parent), "%s%s", m->cgroup_mount, tries[i]);
		if (m->cgroup_version == 2 && !hands_memory_down(parent))
			continue;
		if (m->cgroup_version == 1 && i)
			break;
		snprintf(group, bytes, "%.3900s/pagestorm-probe-%d", parent, (int)getpid());
		ret = groupmark_make_probe(group);
	}
	if (!ret)
		*hold = groupmark_label(group);
	return ret;
}

int probe_group_remove(const char *group, int hold)
{
	const struct timespec poll = { .tv_nsec = REMOVE_NS };
	unsigned tries = 0;

	int ret = 0;

	while (rmdir(group)) {
		ret = -errno;
		if (ret != -EBUSY || ++tries == REMOVE_TRIES)
			break;
		ret = 0;
		(void)nanosleep(&poll, NULL); /* cut short it only polls sooner */
	}
	if (hold >= 0)
		close(hold);
	return ret;
}

/* ---- a child ---- */

/* What the child says, in one write. */
struct answer {
	int err;	  /* errno; 0: the rest counts */
	const char *what; /* it failed at; the parent's address as well */
	_Alignas(16) unsigned char seen[PROBE_SEEN_BYTES];
};

static int write_text(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const size_t length = strlen(text);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, length) != (ssize_t)length)
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}

static int settle(const char *group)
{
	char path[PATH_MAX + 32];
	cpu_set_t one;

	(void)write_text("/proc/self/oom_score_adj", "1000"); /* only a precaution */
	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu() % CPU_SETSIZE, &one);
	(void)sched_setaffinity(0, sizeof(one), &one); /* refused: a batch on another CPU too */
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	return write_text(path, "0");
}

static __attribute__((noreturn)) void be_child(const struct capability_machine *machine,
					       const struct probe_child *child, pid_t parent,
					       int fd)
{
	struct answer a = { .what = "enter the group" };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		a.err = -settle(machine->group);
	if (!a.err)
		a.err = -child->try(machine, a.seen, &a.what);
	_exit(write(fd, &a, sizeof(a)) == (ssize_t)sizeof(a) ? 0 : 1);
}

/* Whether the child answered, and *a is its answer. */
static bool hear(pid_t pid, int fd, struct answer *a)
{
	ssize_t got;

	do {
		got = read(fd, a, sizeof(*a));
	} while (got < 0 && errno == EINTR);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return got == (ssize_t)sizeof(*a);
}

static bool run_child(const struct capability_machine *machine, const struct probe_child *child,
		      struct answer *a, struct capability_result *out)
{
	const pid_t parent = getpid();
	bool answered = false;
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC)) {
		probe_unknown(out, "cannot make a pipe: %s", strerror(errno));
		return false;
	}
	pid = fork();
	if (!pid)
		be_child(machine, child, parent, pipes[1]);
	close(pipes[1]);
	if (pid < 0)
		probe_unknown(out, "cannot fork: %s", strerror(errno));
	else if (!hear(pid, pipes[0], a))
		probe_unknown(out, "the child that tries it was killed");
	else if (a->err)
		probe_unknown(out, "cannot %s: %s", a->what, strerror(a->err));
	else
		answered = true;
	close(pipes[0]);
	return answered;
}

bool probe_in_group(const struct capability_machine *machine, const struct probe_child *child,
		    void *seen, struct capability_result *out)
{
	struct answer a;

	assert(child->seen_bytes <= PROBE_SEEN_BYTES);
	if (!machine->group) {
		probe_unknown(out, "%s", machine->no_group);
		return false;
	}
	if (machine->available_bytes / machine->page_bytes < LEAST_PAGES) {
		probe_unknown(out, "too little memory: fewer than %u pages are available",
			      LEAST_PAGES);
		return false;
	}
	if (!run_child(machine, child, &a, out))
		return false;
	memcpy(seen, a.seen, child->seen_bytes);
	return true;
}
