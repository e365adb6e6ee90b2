// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a recorded process is alive. Signals none. */
#include "harness/machine/maker.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIDNS_INITIAL 0xEFFFFFFCull /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

/* Field 22 of /proc/PID/stat, behind the name in parentheses. 0: no such process. */
static unsigned long long start_ticks(const char *process)
{
	char path[64], text[1024];
	unsigned long long ticks = 0;
	const char *behind;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", process);
	file = fopen(path, "re");
	if (!file)
		return 0;
	behind = fgets(text, sizeof(text), file) ? strrchr(text, ')') : NULL;
	if (!behind ||
	    sscanf(behind + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &ticks) != 1)
		ticks = 0;
	fclose(file);
	return ticks;
}

static int read_boot_id(char boot[MAKER_BOOT_BYTES])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	int ret = 0;

	if (!file)
		return -errno;
	if (fscanf(file, "%39s", boot) != 1)
		ret = -EIO;
	fclose(file);
	return ret;
}

int maker_self(struct maker *m)
{
	struct maker self = { .pid = getpid(), .start_ticks = start_ticks("self") };
	struct stat st;
	int ret = read_boot_id(self.boot);

	if (ret)
		return ret;
	if (stat("/proc/self/ns/pid", &st))
		return -errno;
	self.pidns = st.st_ino;
	*m = self;
	return 0;
}

void maker_print(const struct maker *m, char *text, size_t bytes)
{
	snprintf(text, bytes, "%s %llu %d %llu", m->boot, m->pidns, m->pid, m->start_ticks);
}

bool maker_parse(const char *text, struct maker *m)
{
	struct maker read = { .pid = 0 };

	if (sscanf(text, "%39s %llu %d %llu", read.boot, &read.pidns, &read.pid,
		   &read.start_ticks) != 4 ||
	    read.pid <= 0)
		return false;
	*m = read;
	return true;
}

/* Whether the line "NSpid: 4711 12 1" holds the id: as the namespaces from ours down see it. */
static bool has_pid(const char *process, int pid)
{
	char path[64], line[1024];
	bool has = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.20s/status", process);
	file = fopen(path, "re");
	while (file && !has && fgets(line, sizeof(line), file)) {
		char *save = NULL;

		if (strncmp(line, "NSpid:", 6))
			continue;
		for (char *word = strtok_r(line + 6, " \t\n", &save); word && !has;
		     word = strtok_r(NULL, " \t\n", &save))
			has = atoi(word) == pid;
		break;
	}
	if (file)
		fclose(file);
	return has;
}

static bool is_seen(const struct maker *m)
{
	struct dirent *entry;
	bool seen = false;
	DIR *proc = opendir("/proc");

	while (proc && !seen && (entry = readdir(proc)))
		seen = atoi(entry->d_name) > 0 && has_pid(entry->d_name, m->pid) &&
		       start_ticks(entry->d_name) == m->start_ticks;
	if (proc)
		closedir(proc);
	return seen;
}

/* Not so after unshare(1) without --mount-proc. */
static bool proc_is_own(void)
{
	char self[32];
	const ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	return atoi(self) == getpid();
}

enum maker_state maker_look(const struct maker *m)
{
	struct maker self;
	char process[16];

	if (maker_self(&self))
		return MAKER_UNKNOWN;
	if (m->boot[0] && strcmp(m->boot, self.boot))
		return MAKER_DEAD;
	if (m->pidns == self.pidns && proc_is_own()) {
		snprintf(process, sizeof(process), "%d", m->pid);
		return m->start_ticks && start_ticks(process) == m->start_ticks ? MAKER_ALIVE
										: MAKER_DEAD;
	}
	if (is_seen(m))
		return MAKER_ALIVE;
	return self.pidns == PIDNS_INITIAL && proc_is_own() ? MAKER_DEAD : MAKER_UNKNOWN;
}
