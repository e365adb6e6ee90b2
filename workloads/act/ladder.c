// SPDX-License-Identifier: GPL-2.0-or-later
/* Idle processes of known size beside one that grows, and whom the kernel will choose. */
#include "workloads/act/ladder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READY_BOUND_MS 30000 /* for one victim to fill its memory */

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

int ladder_parse(const char *victims, int own_adj, struct ladder *l)
{
	const char *at = victims;

	memset(l, 0, sizeof(*l));
	l->nr = 1;
	l->adj[0] = own_adj;
	for (at += strspn(at, ", +"); *at; at += strspn(at, ", +")) {
		if (l->nr > LADDER_VICTIMS_MAX || parse_bytes(at, &at, &l->bytes[l->nr]))
			return -EINVAL;
		if (*at == ':' && parse_adj(at + 1, &at, &l->adj[l->nr]))
			return -EINVAL;
		if (*at && !strchr(", +", *at))
			return -EINVAL;
		l->nr++;
	}
	return 0;
}

uint64_t ladder_others(const struct ladder *l)
{
	uint64_t sum = 0;

	for (unsigned i = 1; i < l->nr; i++)
		sum += l->bytes[i];
	return sum;
}

/* In bytes; -1000 is never killed. */
static int64_t points(uint64_t bytes, int adj, uint64_t total_bytes, uint64_t page_bytes)
{
	uint64_t total_pages = total_bytes / page_bytes;

	if (adj == -1000)
		return INT64_MIN;
	return (int64_t)bytes + adj * (int64_t)(total_pages / 1000 * page_bytes);
}

unsigned ladder_victim(const struct ladder *l, uint64_t own_bytes, uint64_t total_bytes,
		       uint64_t page_bytes, int64_t *lead)
{
	int64_t best = points(own_bytes, l->adj[0], total_bytes, page_bytes);
	int64_t second = INT64_MIN;
	unsigned victim = 0;

	for (unsigned i = 1; i < l->nr; i++) {
		int64_t mine = points(l->bytes[i], l->adj[i], total_bytes, page_bytes);

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

bool ladder_lowers(const struct ladder *l)
{
	for (unsigned i = 0; i < l->nr; i++)
		if (l->adj[i] < 0)
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

/* A victim: fills its memory, says so and idles until it is killed. */
static int victim_body(struct worker *w, unsigned i, void *arg)
{
	struct ladder_crew *crew = arg;
	uint64_t bytes = crew->ladder.bytes[i];
	void *map = worker_map_anon(bytes, w->env->page_bytes, false);
	char done = 1;

	if (!map || write_adj(crew->ladder.adj[i]) || madvise(map, bytes, MADV_POPULATE_WRITE))
		return errno;
	worker_mapping(w, i, map, bytes);
	if (write(crew->ready_pipe[1], &done, 1) != 1)
		return errno;
	for (;;)
		pause();
}

static int start_victim(struct worker *w, struct ladder_crew *crew, unsigned i)
{
	struct pollfd ready = { .fd = crew->ready_pipe[0], .events = POLLIN };
	int pid = worker_fork(w, i, victim_body, crew);
	char done;

	if (pid < 0)
		return worker_fail(w, -pid, "cannot fork victim %u: %s", i, strerror(-pid));
	crew->victim[i - 1].events = POLLIN;
	crew->victim[i - 1].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	crew->nr_victims = i;
	if (crew->victim[i - 1].fd < 0)
		return worker_fail(w, errno, "cannot open a pidfd: %s", strerror(errno));
	if (poll(&ready, 1, READY_BOUND_MS) != 1 || read(crew->ready_pipe[0], &done, 1) != 1)
		return worker_fail(w, ETIMEDOUT,
				   "victim %u did not fill its memory within %d s", i,
				   READY_BOUND_MS / 1000);
	return 0;
}

int ladder_start(struct worker *w, struct ladder_crew *crew)
{
	int ret = 0;

	if (crew->ladder.nr > 1 && pipe2(crew->ready_pipe, O_CLOEXEC))
		return worker_fail(w, errno, "cannot make a pipe: %s", strerror(errno));
	for (unsigned i = 1; i < crew->ladder.nr && !ret; i++)
		ret = start_victim(w, crew, i);
	if (ret)
		return ret;
	ret = write_adj(crew->ladder.adj[0]);
	if (ret)
		return worker_fail(w, -ret, "cannot set oom_score_adj to %d: %s",
				   crew->ladder.adj[0], strerror(-ret));
	return 0;
}

unsigned ladder_died(struct ladder_crew *crew, int wait_ms)
{
	if (!crew->nr_victims || poll(crew->victim, crew->nr_victims, wait_ms) <= 0)
		return 0;
	for (unsigned i = 0; i < crew->nr_victims; i++)
		if (crew->victim[i].revents)
			return i + 1;
	return 0;
}

void ladder_release(struct ladder_crew *crew)
{
	for (unsigned i = 0; i < crew->nr_victims; i++)
		if (crew->victim[i].fd >= 0)
			close(crew->victim[i].fd);
	if (crew->ready_pipe[1]) {
		close(crew->ready_pipe[0]);
		close(crew->ready_pipe[1]);
	}
}
