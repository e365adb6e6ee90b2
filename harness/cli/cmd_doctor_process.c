// SPDX-License-Identifier: GPL-2.0-or-later
/* The doctor's checks of this process's rights, of other processes, and of leftovers. */
#include "harness/cli/cmd_doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/base/trust.h"
#include "harness/machine/journal.h"
#include "harness/machine/lock.h"
#include "harness/machine/orphan.h"
#include "harness/machine/sysfile.h"
#include "workloads/api/arith.h"

#define MLOCK_BYTES (1u << 20)
#define PFN_MASK    ((UINT64_C(1) << 55) - 1) /* Documentation/admin-guide/mm/pagemap.rst */

void doctor_user(const struct host *host, struct finding *finding)
{
	if (host->root_user)
		doctor_find(finding, DOCTOR_OK, NULL, "root%s%s",
			    host->lab[0] ? ", in the lab: " : "", host->lab);
	else
		doctor_find(finding, DOCTOR_LIMITED, "sudo",
			    "not root: settings and swap cannot be changed");
}

void doctor_oom_score(const struct host *host, struct finding *finding)
{
	if (host->can_lower_oom_score)
		doctor_find(finding, DOCTOR_OK, NULL, "can be lowered (tried and undone)");
	else
		doctor_find(finding, DOCTOR_LIMITED, "grant CAP_SYS_RESOURCE",
			    "cannot be lowered: oom_score_adj below 0 is refused");
}

/* Opened and not written. */
void doctor_drop_caches(const struct host *host, struct finding *finding)
{
	const int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	(void)host; /* opened, not probed */
	if (fd >= 0)
		close(fd);
	if (fd >= 0)
		doctor_find(finding, DOCTOR_OK, NULL, "writable (not written)");
	else
		doctor_find(finding, DOCTOR_LIMITED, "run as root",
			    "not writable: reset = drop_caches is refused");
}

void doctor_mlock(const struct host *host, struct finding *finding)
{
	void *memory;
	int ret;

	(void)host; /* tried, not probed */
	memory = mmap(NULL, MLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory == MAP_FAILED) {
		doctor_find(finding, DOCTOR_LIMITED, NULL, "no memory to try it");
		return;
	}
	ret = mlock(memory, MLOCK_BYTES) ? errno : 0;
	munmap(memory, MLOCK_BYTES);
	if (!ret)
		doctor_find(finding, DOCTOR_OK, NULL, "1 MiB was locked and unlocked");
	else
		doctor_find(finding, DOCTOR_LIMITED, "ulimit -l unlimited, or run as root",
			    "1 MiB cannot be locked: %s", strerror(ret));
}

static bool sees_frame(void)
{
	const long page = sysconf(_SC_PAGESIZE);
	uint64_t entry = 0;
	bool seen = false;
	char *memory;
	int fd;

	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	memory = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (memory != MAP_FAILED) {
		*(volatile char *)memory = 1;
		if (fd >= 0 && pread(fd, &entry, sizeof(entry),
				     (off_t)((uintptr_t)memory / (uintptr_t)page *
					     sizeof(entry))) == (ssize_t)sizeof(entry))
			seen = entry & PFN_MASK;
		munmap(memory, (size_t)page);
	}
	if (fd >= 0)
		close(fd);
	return seen;
}

void doctor_pagemap(const struct host *host, struct finding *finding)
{
	(void)host; /* tried, not probed */
	if (sees_frame())
		doctor_find(finding, DOCTOR_OK, NULL, "shows page frame numbers");
	else
		doctor_find(
			finding, DOCTOR_LIMITED, "grant CAP_SYS_ADMIN",
			"shows no page frame numbers: sharing and placement by frame are not checked");
}

/*
 * As /proc/PID/comm has them: cut at 15 characters. Any process may carry such a name, so
 * it is a guess and is worded as one.
 */
static bool is_oom_daemon(const char *comm)
{
	static const char *const names[] = {
		"earlyoom", "systemd-oomd",    "nohang",	 "nohang-desktop", "oomd",
		"bustd",    "low-memory-moni", "thrash-protect", "psi-notify"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(comm, names[i]))
			return true;
	return false;
}

void doctor_oom_daemons(const struct host *host, struct finding *finding)
{
	char path[320], comm[32], found[200] = "";
	struct dirent *entry;
	DIR *proc;

	(void)host; /* they come and go */
	proc = opendir("/proc");
	while (proc && (entry = readdir(proc))) {
		const size_t used = strlen(found);

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		if (!sysfile_read("", path, comm, sizeof(comm)) && is_oom_daemon(comm))
			snprintf(found + used, sizeof(found) - used, "%s%s (%.20s)",
				 used ? ", " : "", comm, entry->d_name);
	}
	if (proc)
		closedir(proc);
	if (found[0])
		doctor_find(
			finding, DOCTOR_LIMITED, "stop them during a run",
			"processes called %s: if they are OOM daemons, they kill before the kernel does, which a run reports as killed_by_other",
			found);
	else
		doctor_find(finding, DOCTOR_OK, NULL, "none of the known ones runs");
}

void doctor_lock(const struct host *host, struct finding *finding)
{
	const pid_t holder = lock_holder();

	(void)host; /* runs come and go */
	if (holder)
		doctor_find(finding, DOCTOR_LIMITED, "--wait=SECONDS",
			    "process %d holds it: another run waits for that one", (int)holder);
	else
		doctor_find(finding, DOCTOR_OK, NULL, "free");
}

struct leftovers {
	unsigned nr;
	unsigned nr_others; /* only named like ours, or of a live run: restore leaves them */
	char text[256];
};

static void add(struct leftovers *left, const char *what)
{
	const size_t used = strlen(left->text);

	if (strstr(left->text, what)) /* a zram device is swap and a device to be removed */
		return;
	snprintf(left->text + used, sizeof(left->text) - used, "%s%.120s", left->nr ? ", " : "",
		 what);
	left->nr++;
}

static int add_orphan(const struct orphan *orphan, void *context)
{
	struct leftovers *left = context;

	if (orphan->state == ORPHAN_OURS)
		add(left, orphan->undo.what);
	else
		left->nr_others++;
	return 0;
}

static unsigned count_unfinished(void)
{
	glob_t found;
	unsigned nr;

	if (glob("results/*.partial", 0, NULL, &found))
		return 0;
	nr = (unsigned)found.gl_pathc;
	globfree(&found);
	return nr;
}

void doctor_leftovers(const struct host *host, struct finding *finding)
{
	struct leftovers left = { .nr = 0 };
	const unsigned unfinished = count_unfinished();

	(void)host; /* they are looked for, not probed */
	if (lock_holder() || journal_is_held()) {
		doctor_find(finding, DOCTOR_OK, NULL, "not looked for while a run is alive");
		return;
	}
	if (journal_leftover())
		add(&left, "a killed run's journal");
	(void)orphans_each(add_orphan, &left); /* what cannot be read cannot be ours to see */
	if (left.nr)
		doctor_find(finding, DOCTOR_LIMITED, "pagestorm restore", "%u: %s", left.nr,
			    left.text);
	else if (left.nr_others)
		doctor_find(
			finding, DOCTOR_OK, NULL,
			"none, but %u named like pagestorm's without a proof: restore lists them and leaves them",
			left.nr_others);
	else if (unfinished)
		doctor_find(finding, DOCTOR_OK, NULL,
			    "none but %u unfinished results/*.partial", unfinished);
	else
		doctor_find(finding, DOCTOR_OK, NULL, "none");
}

void doctor_gnuplot(const struct host *host, struct finding *finding)
{
	char path[PATH_MAX];

	(void)host; /* it is a program */
	if (!trust_find_program("gnuplot", getenv("PATH"), path, sizeof(path)))
		doctor_find(finding, DOCTOR_OK, NULL, "installed");
	else
		doctor_find(finding, DOCTOR_LIMITED, "apt install gnuplot-nox",
			    "absent: reports have tables and no plots");
}
