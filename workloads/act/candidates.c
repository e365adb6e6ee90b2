// SPDX-License-Identifier: GPL-2.0-or-later
/* Candidates of an OOM kill: which one the kernel selects, and the idle ones as processes. */
#include "workloads/act/candidates.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/act/populate.h"

#define READY_BOUND_MS 30000 /* for one idle process to fill its memory */

static int parse_adj(const char *text, const char **end, int *adj)
{
	char *after;
	long value = strtol(text, &after, 10);

	if (after == text || value < -1000 || value > 1000)
		return -EINVAL;
	*adj = (int)value;
	*end = after;
	return 0;
}

static int parse_bytes(const char *text, const char **end, uint64_t *bytes)
{
	static const char suffixes[] = "KMG";
	char *after;
	unsigned long long value = strtoull(text, &after, 10);
	const char *suffix = *after ? strchr(suffixes, *after) : NULL;

	if (after == text || !suffix || *text == '-' || !value || value > 1 << 20)
		return -EINVAL;
	*bytes = value << (10 * (suffix - suffixes + 1));
	*end = after + 1;
	return 0;
}

int candidates_parse(const char *victims, int own_adj, struct candidates *c)
{
	const char *at = victims;

	memset(c, 0, sizeof(*c));
	c->nr = 1;
	c->adj[0] = own_adj;
	for (at += strspn(at, ", +"); *at; at += strspn(at, ", +")) {
		if (c->nr > CANDIDATES_IDLE_MAX || parse_bytes(at, &at, &c->bytes[c->nr]))
			return -EINVAL;
		if (*at == ':' && parse_adj(at + 1, &at, &c->adj[c->nr]))
			return -EINVAL;
		if (*at && !strchr(", +", *at))
			return -EINVAL;
		c->nr++;
	}
	return 0;
}

uint64_t candidates_idle_bytes(const struct candidates *c)
{
	uint64_t sum = 0;

	for (unsigned i = 1; i < c->nr; i++)
		sum += c->bytes[i];
	return sum;
}

/* oom_badness() in bytes, without page tables; -1000 is never killed. */
static int64_t badness(uint64_t bytes, int adj, uint64_t total_bytes, uint64_t page_bytes)
{
	uint64_t total_pages = total_bytes / page_bytes;

	if (adj == -1000)
		return INT64_MIN;
	return (int64_t)bytes + adj * (int64_t)(total_pages / 1000 * page_bytes);
}

unsigned candidates_victim(const struct candidates *c, uint64_t own_bytes, uint64_t total_bytes,
			   uint64_t page_bytes, int64_t *lead)
{
	int64_t best = badness(own_bytes, c->adj[0], total_bytes, page_bytes);
	int64_t second = INT64_MIN;
	unsigned victim = 0;

	for (unsigned i = 1; i < c->nr; i++) {
		int64_t mine = badness(c->bytes[i], c->adj[i], total_bytes, page_bytes);

		if (mine > best) {
			second = best;
			best = mine;
			victim = i;
		} else if (mine > second) {
			second = mine;
		}
	}
	if (best == INT64_MIN)
		*lead = 0;
	else
		*lead = second == INT64_MIN ? INT64_MAX : best - second + 1;
	return victim;
}

bool candidates_lower_scores(const struct candidates *c)
{
	for (unsigned i = 0; i < c->nr; i++)
		if (c->adj[i] < 0)
			return true;
	return false;
}

/* ---- in the worker ---- */

static int write_adj(int adj)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", adj);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)length) != length)
		ret = -errno;
	close(fd);
	return ret;
}

/* Fills its memory, reports that and sleeps until it is killed. */
static int idle_body(struct worker *w, unsigned i, void *arg)
{
	struct idle_candidates *idle = arg;
	uint64_t bytes = idle->candidates.bytes[i];
	void *map = worker_map_anon(bytes, w->env->page_bytes, false);
	char done = 1;
	int ret = map ? write_adj(idle->candidates.adj[i]) : -errno;

	if (!ret)
		ret = populate_pages(map, bytes, true);
	if (ret)
		return -ret;
	worker_mapping(w, i, map, bytes);
	if (write(idle->ready_pipe[1], &done, 1) != 1)
		return errno;
	for (;;)
		pause();
}

static int start_one(struct worker *w, struct idle_candidates *idle, unsigned i)
{
	struct pollfd ready = { .fd = idle->ready_pipe[0], .events = POLLIN };
	int pid = worker_fork(w, i, idle_body, idle);
	char done;

	if (pid < 0)
		return worker_fail(w, -pid, "cannot fork victim %u: %s", i, strerror(-pid));
	idle->process[i - 1].events = POLLIN;
	idle->process[i - 1].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	idle->nr = i;
	if (idle->process[i - 1].fd < 0)
		return worker_fail(w, errno, "cannot open a pidfd: %s", strerror(errno));
	if (poll(&ready, 1, READY_BOUND_MS) != 1 || read(idle->ready_pipe[0], &done, 1) != 1)
		return worker_fail(w, ETIMEDOUT,
				   "victim %u did not fill its memory within %d s", i,
				   READY_BOUND_MS / 1000);
	return 0;
}

int candidates_start(struct worker *w, struct idle_candidates *idle)
{
	int ret = 0;

	if (idle->candidates.nr > 1 && pipe2(idle->ready_pipe, O_CLOEXEC))
		return worker_fail(w, errno, "cannot make a pipe: %s", strerror(errno));
	for (unsigned i = 1; i < idle->candidates.nr && !ret; i++)
		ret = start_one(w, idle, i);
	if (ret)
		return ret;
	ret = write_adj(idle->candidates.adj[0]);
	if (ret)
		return worker_fail(w, -ret, "cannot set oom_score_adj to %d: %s",
				   idle->candidates.adj[0], strerror(-ret));
	return 0;
}

unsigned candidates_died(struct idle_candidates *idle, int wait_ms)
{
	if (!idle->nr || poll(idle->process, idle->nr, wait_ms) <= 0)
		return 0;
	for (unsigned i = 0; i < idle->nr; i++)
		if (idle->process[i].revents)
			return i + 1;
	return 0;
}

void candidates_release(struct idle_candidates *idle)
{
	for (unsigned i = 0; i < idle->nr; i++)
		if (idle->process[i].fd >= 0)
			close(idle->process[i].fd);
	if (idle->ready_pipe[1]) {
		close(idle->ready_pipe[0]);
		close(idle->ready_pipe[1]);
	}
}
