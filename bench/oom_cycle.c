// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/oom_cycle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/engine.h"
#include "bench/limits.h"

#define RELEASED_BYTES (4u << 20) /* what a dead process may leave: tables, batches */
#define RELEASE_TRIES  10000	  /* of 100 us */

struct group {
	char path[512];
	bool v2;
};

static int write_text(const struct group *g, const char *file, const char *text)
{
	char path[640];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static uint64_t read_number(const struct group *g, const char *file)
{
	char path[640], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	if (fd >= 0)
		close(fd);
	return strtoull(text, NULL, 10);
}

/* The caller's own memory group, at the usual mount points. */
static int own_group(struct group *g)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[400];
	int ret = -ENODEV;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		char *memory = strstr(line, ":memory:");

		line[strcspn(line, "\n")] = 0;
		g->v2 = !memory && !strncmp(line, "0::", 3);
		if (!memory && !(g->v2 && ret))
			continue;
		snprintf(g->path, sizeof(g->path), "%s%s",
			 memory ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup",
			 memory ? memory + 8 : line + 3);
		ret = 0;
		if (memory)
			break;
	}
	fclose(file);
	return ret;
}

static int group_open(struct group *g, uint64_t limit_bytes)
{
	char limit[32];
	size_t length;
	int ret = own_group(g);

	if (ret)
		return ret;
	length = strlen(g->path);
	snprintf(g->path + length, sizeof(g->path) - length, "/pagestorm-bench-%d", getpid());
	if (mkdir(g->path, 0755))
		return -errno;
	snprintf(limit, sizeof(limit), "%llu", (unsigned long long)limit_bytes);
	ret = write_text(g, g->v2 ? "memory.max" : "memory.limit_in_bytes", limit);
	/* Without swap accounting there is no such file, and then no swap is assumed. */
	(void)write_text(g, g->v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
			 g->v2 ? "0" : limit);
	if (ret)
		rmdir(g->path);
	return ret;
}

static void group_close(struct group *g)
{
	for (int i = 0; i < 100 && rmdir(g->path) && errno == EBUSY; i++)
		usleep(1000);
}

struct act {
	uint64_t limit_bytes;
	bool huge;
	const char *settings; /* NULL: the limit loop */
};

/* In the child: get ready, say so, wait for GO, grow; comes back only when no kill came. */
static int act(const struct act *a, int ready_fd, int go_fd)
{
	struct engine engine;
	char *map = NULL, c = 0;

	if (a->settings) {
		if (engine_prepare(&engine, "oom", a->settings, a->limit_bytes))
			return 1;
	} else {
		map = limit_map(2 * a->limit_bytes, a->huge);
		if (!map)
			return 1;
	}
	if (write(ready_fd, &c, 1) != 1 || read(go_fd, &c, 1) != 1)
		return 1;
	if (a->settings)
		return engine_run(&engine);
	return madvise(map, 2 * a->limit_bytes, MADV_POPULATE_WRITE);
}

static int enter_and_act(const struct group *g, const struct act *a, int ready_fd, int go_fd)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	return write_text(g, "cgroup.procs", pid) ? 1 : act(a, ready_fd, go_fd);
}

static bool released(const struct group *g)
{
	const char *usage = g->v2 ? "memory.current" : "memory.usage_in_bytes";

	for (int i = 0; i < RELEASE_TRIES; i++) {
		if (read_number(g, usage) < RELEASED_BYTES)
			return true;
		usleep(100);
	}
	return false;
}

static uint64_t cycle(const struct act *a)
{
	int ready[2], go[2], status = 0, code;
	uint64_t start_ns = 0, ns = 0;
	struct group g;
	pid_t pid;
	char c = 0;

	code = group_open(&g, a->limit_bytes);
	if (code) {
		errno = -code;
		return 0;
	}
	if (pipe2(ready, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return 0;
	pid = fork();
	if (!pid)
		_exit(enter_and_act(&g, a, ready[1], go[0]));
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &c, 1) == 1) {
		start_ns = limit_now_ns();
		if (write(go[1], &c, 1) != 1)
			start_ns = 0;
	}
	waitpid(pid, &status, 0);
	if (start_ns && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && released(&g))
		ns = limit_now_ns() - start_ns;
	close(ready[0]);
	close(go[1]);
	group_close(&g);
	if (!ns)
		errno = ECHILD;
	return ns;
}

uint64_t oom_cycle_limit(uint64_t limit_bytes, bool huge)
{
	return cycle(&(struct act){ .limit_bytes = limit_bytes, .huge = huge });
}

uint64_t oom_cycle_workload(uint64_t limit_bytes, const char *settings)
{
	return cycle(&(struct act){ .limit_bytes = limit_bytes, .settings = settings });
}
