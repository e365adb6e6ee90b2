// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether page tables are charged to a group: table_charge. A child enters a group of
 * its own, pagestorm-probe-PID, and both are gone again afterwards. Refuses to hand the
 * memory controller down where no parent does: on v2 that changes the machine.
 */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/machine/groupmark.h"

#define NR_TABLES   512		/* eight batches of charges */
#define LEAST_BYTES (64u << 20) /* available; the child takes 4 MiB with pages of 4 KiB */
#define REMOVE_TRIES                                                                           \
	1000 /* times REMOVE_NS: 1 s; a group is busy while its last member exits */
#define REMOVE_NS 1000000L

enum capability_state capability_table_charge(const struct capability_charge *c)
{
	const int64_t tables = (int64_t)c->tables, above = c->charged - (int64_t)c->pages;

	/* A quarter is two batches: one on the child's CPU before and one after. */
	if (tables < NR_TABLES || above < -tables / 4 || above > tables + tables / 4)
		return CAPABILITY_UNKNOWN;
	if (above >= tables - tables / 4)
		return CAPABILITY_YES;
	return above <= tables / 4 ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
}

/* ---- the child ---- */

/* What the child says, in one write. */
struct answer {
	int err;	  /* errno; 0: the rest counts */
	const char *what; /* it failed at; the parent's address as well */
	struct capability_charge seen;
};

struct charge_probe {
	const struct capability_machine *machine;
	char group[PATH_MAX]; /* the directory */
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

/* Enters the group, as the first to be killed should memory run out, and stays on one CPU. */
static int settle(const struct charge_probe *p)
{
	char path[PATH_MAX + 32];
	cpu_set_t one;

	(void)write_text("/proc/self/oom_score_adj", "1000"); /* only a precaution */
	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu() % CPU_SETSIZE, &one);
	(void)sched_setaffinity(0, sizeof(one), &one); /* refused: a batch on another CPU too */
	snprintf(path, sizeof(path), "%s/cgroup.procs", p->group);
	return write_text(path, "0");
}

static int usage_pages(int fd, uint64_t page, int64_t *pages)
{
	char text[32];
	const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return length ? -errno : -EIO;
	text[length] = '\0';
	*pages = strtoll(text, NULL, 10) / (int64_t)page;
	return 0;
}

/* Nothing but the touching lies between the two looks at the charge. */
static int measure(const struct charge_probe *p, int usage, char *map, uint64_t reach,
		   struct capability_charge *c)
{
	const uint64_t page = p->machine->page_bytes;
	uint64_t before_kb, after_kb;
	int64_t before, after;
	int ret = probe_own_kb("/proc/self/status", "VmPTE", &before_kb);

	if (!ret)
		ret = usage_pages(usage, page, &before);
	if (ret)
		return ret;
	for (uint64_t i = 0; i < NR_TABLES; i++)
		*(volatile char *)(map + i * reach) = 1;
	ret = usage_pages(usage, page, &after);
	if (!ret)
		ret = probe_own_kb("/proc/self/status", "VmPTE", &after_kb);
	if (ret)
		return ret;
	c->pages = NR_TABLES;
	c->tables = (after_kb - before_kb) * 1024 / page;
	c->charged = after - before;
	return 0;
}

static void try_charge(const struct charge_probe *p, struct answer *a)
{
	const bool v1 = p->machine->cgroup_version == 1;
	const uint64_t page = p->machine->page_bytes;
	const uint64_t reach = page / sizeof(uint64_t) * page; /* of one table */
	char path[PATH_MAX + 32];
	void *map;
	int usage;

	a->what = "enter the group";
	a->err = -settle(p);
	if (a->err)
		return;
	snprintf(path, sizeof(path), "%s/%s", p->group,
		 v1 ? "memory.usage_in_bytes" : "memory.current");
	a->what = "read the group's charge";
	usage = open(path, O_RDONLY | O_CLOEXEC);
	if (usage < 0) {
		a->err = errno;
		return;
	}
	a->what = "map addresses for the tables";
	map = mmap(NULL, NR_TABLES * reach, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		a->err = errno;
		return;
	}
	/* EINVAL: a kernel without transparent huge pages has only small ones. */
	(void)madvise(map, NR_TABLES * reach, MADV_NOHUGEPAGE);
	a->what = "read the group's charge and VmPTE";
	a->err = -measure(p, usage, map, reach, &a->seen);
}

static __attribute__((noreturn)) void child(const struct charge_probe *p, pid_t parent, int fd)
{
	struct answer a = { .err = 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		try_charge(p, &a);
	_exit(write(fd, &a, sizeof(a)) == (ssize_t)sizeof(a) ? 0 : 1);
}

/* ---- the parent ---- */

static void judge(const struct answer *a, struct capability_result *out)
{
	if (a->err)
		probe_unknown(out, "cannot %s: %s", a->what, strerror(a->err));
	else
		probe_found(out, capability_table_charge(&a->seen),
			    "%" PRIu64 " pages written and %" PRIu64
			    " pages of tables: the group is charged %" PRId64 " pages",
			    a->seen.pages, a->seen.tables, a->seen.charged);
}

static void run_child(const struct charge_probe *p, struct capability_result *out)
{
	const pid_t parent = getpid();
	struct answer a;
	int pipes[2];
	ssize_t got;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC)) {
		probe_unknown(out, "cannot make a pipe: %s", strerror(errno));
		return;
	}
	pid = fork();
	if (!pid)
		child(p, parent, pipes[1]);
	close(pipes[1]);
	if (pid < 0) {
		probe_unknown(out, "cannot fork: %s", strerror(errno));
	} else {
		do {
			got = read(pipes[0], &a, sizeof(a));
		} while (got < 0 && errno == EINTR);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		if (got == (ssize_t)sizeof(a))
			judge(&a, out);
		else
			probe_unknown(out, "the child that tries it was killed");
	}
	close(pipes[0]);
}

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

/* As for a run: below our own group, on v2 otherwise below the root. 0 or -errno. */
static int make_group(const struct capability_machine *m, char *group, size_t bytes)
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
		ret = mkdir(group, 0755) ? -errno : 0;
	}
	if (!ret)
		groupmark_label(group);
	return ret;
}

static int remove_group(const char *group)
{
	const struct timespec poll = { .tv_nsec = REMOVE_NS };
	unsigned tries = 0;

	while (rmdir(group)) {
		if (errno != EBUSY || ++tries == REMOVE_TRIES)
			return -errno;
		(void)nanosleep(&poll, NULL); /* cut short it only polls sooner */
	}
	return 0;
}

static void try_in_group(const struct capability_machine *machine,
			 struct capability_result *out)
{
	struct charge_probe p = { .machine = machine };
	int ret = make_group(machine, p.group, sizeof(p.group));

	if (ret) {
		probe_unknown(out, "cannot make a group to try it in: %s",
			      ret == -EBUSY ? "no parent hands the memory controller down"
					    : strerror(-ret));
		return;
	}
	run_child(&p, out);
	ret = remove_group(p.group);
	if (ret)
		probe_unknown(out, "cannot remove %.100s: %s", p.group, strerror(-ret));
}

/* A signal that ends the program waits until the group is gone: milliseconds. */
void probe_table_charge(const struct capability_machine *machine, struct capability_result *out)
{
	sigset_t all, before;

	if (!machine->cgroup_version) {
		probe_unknown(out, "no memory controller");
		return;
	}
	if (machine->available_bytes < LEAST_BYTES) {
		probe_unknown(out, "less than %u MiB are available", LEAST_BYTES >> 20);
		return;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	try_in_group(machine, out);
	sigprocmask(SIG_SETMASK, &before, NULL);
}
