// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/oom_cycle.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/engine.h"
#include "bench/loops.h"

#define RELEASED_BYTES (4u << 20) /* what a dead process may leave: tables, batches */
#define RELEASE_TRIES  10000	  /* of 100 us */

struct act {
	struct box *box;
	uint64_t limit_bytes;
	bool huge;
	const char *settings; /* NULL: the limit loop */
};

/* In the child: get ready, say so, wait for GO, grow; comes back only when no kill came. */
static int act(const struct act *a, int ready_fd, int go_fd)
{
	struct engine engine;
	struct workload_env env;
	char *map = NULL, c = 0;

	if (a->settings) {
		box_env(a->box, a->limit_bytes, &env);
		if (engine_prepare(&engine, "oom", a->settings, &env))
			return 1;
	} else {
		map = loop_map(2 * a->limit_bytes, a->huge);
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
	return group_attach(g, 0) ? 1 : act(a, ready_fd, go_fd);
}

static bool released(const struct group *g)
{
	const char *file = g->version == 2 ? "memory.current" : "memory.usage_in_bytes";
	uint64_t usage;

	for (int i = 0; i < RELEASE_TRIES; i++) {
		if (!group_read_number(g, file, &usage) && usage < RELEASED_BYTES)
			return true;
		usleep(100);
	}
	return false;
}

static uint64_t cycle(const struct act *a)
{
	int ready[2], go[2], status = 0, code;
	uint64_t start_ns = 0, ns = 0;
	struct group g = { 0 };
	struct error e = { "" };
	pid_t pid;
	char c = 0;

	code = box_group(a->box, a->limit_bytes, &g, &e);
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
		start_ns = loop_now_ns();
		if (write(go[1], &c, 1) != 1)
			start_ns = 0;
	}
	waitpid(pid, &status, 0);
	if (start_ns && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && released(&g))
		ns = loop_now_ns() - start_ns;
	close(ready[0]);
	close(go[1]);
	(void)group_remove(&g, &e); /* what stays goes with the box */
	if (!ns)
		errno = ECHILD;
	return ns;
}

uint64_t oom_cycle_limit(struct box *b, uint64_t limit_bytes, bool huge)
{
	return cycle(&(struct act){ .box = b, .limit_bytes = limit_bytes, .huge = huge });
}

uint64_t oom_cycle_workload(struct box *b, uint64_t limit_bytes, const char *settings)
{
	return cycle(
		&(struct act){ .box = b, .limit_bytes = limit_bytes, .settings = settings });
}
