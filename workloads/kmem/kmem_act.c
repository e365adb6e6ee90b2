// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker of kmem: opens before READY what holds the units, and takes them in run(). */
#include "workloads/kmem/kmem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/api/arith.h"

#define LOOK_EVERY 64 /* units between two looks at the stop flag */

struct kmem_state {
	char *map; /* of tables: count ranges */
	uint64_t map_bytes;
	int (*end)[2]; /* pipes: reader, writer; sockets: a pair */
	uint64_t nr_ends;
	char *buffer; /* one unit, present */
	pthread_t *thread;
	uint64_t nr_threads;
	sem_t leave;
	int directory; /* -1: none */
	char path[sizeof(((struct workload_env *)0)->scratch_dir) + 32];
	uint64_t object_bytes; /* of the dentry cache */
};

static int failed(struct worker *w, int ret, const char *what)
{
	return worker_fail(w, -ret, "cannot %s: %s", what, strerror(-ret));
}

/* ---- prepare ---- */

static int open_tables(struct worker *w)
{
	const struct kmem_params *p = w->params;
	struct kmem_state *s = w->state;
	const uint64_t reach = env_table_reach_bytes(w->env);

	s->map_bytes = p->count * reach;
	s->map = worker_map_measured(w, s->map_bytes, reach, false);
	return s->map ? 0 : -errno;
}

/* The limit on descriptors is raised as far as it may be. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_end(const struct worker *w, int end[2])
{
	const struct kmem_params *p = w->params;
	int capacity;

	if (p->kind == KIND_SOCKETS)
		return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
				  end)
			       ? -errno
			       : 0;
	if (pipe2(end, O_NONBLOCK | O_CLOEXEC))
		return -errno;
	capacity = fcntl(end[1], F_GETPIPE_SZ);
	if (capacity < 0)
		return -errno;
	return (uint64_t)capacity < KMEM_UNITS_EACH * w->env->page_bytes ? -EPERM : 0;
}

static int open_ends(struct worker *w)
{
	const struct kmem_params *p = w->params;
	struct kmem_state *s = w->state;
	const uint64_t nr = (p->count + KMEM_UNITS_EACH - 1) / KMEM_UNITS_EACH;
	int ret = 0;

	raise_descriptors();
	s->end = calloc(nr, sizeof(*s->end));
	s->buffer = malloc(max(w->env->page_bytes, KMEM_DATAGRAM_BYTES));
	if (!s->end || !s->buffer)
		return -ENOMEM;
	memset(s->buffer, 1, max(w->env->page_bytes, KMEM_DATAGRAM_BYTES));
	for (; s->nr_ends < nr && !ret; s->nr_ends += !ret)
		ret = open_end(w, s->end[s->nr_ends]);
	if (ret == -EPERM)
		return worker_fail(
			w, EPERM,
			"a pipe of this user holds fewer than 16 pages: raise fs.pipe-user-pages-soft or lower count");
	/*
	 * A table of descriptors that became too small is freed after a grace period of RCU
	 * (fs/file.c), up to ten pages in run(): membarrier(2) waits for one, and what was
	 * queued before it is freed within the next.
	 */
	for (int i = 0; i < 2; i++)
		(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	return ret ? failed(w, ret, "open pipes or sockets (is RLIMIT_NOFILE too low?)") : 0;
}

static int open_threads(struct worker *w)
{
	const struct kmem_params *p = w->params;
	struct kmem_state *s = w->state;

	sem_init(&s->leave, 0, 0);
	s->thread = calloc(p->count, sizeof(*s->thread));
	return s->thread ? 0 : -ENOMEM;
}

/* Of the dentry cache, with the pointer to the group that each object has beside. */
static int read_object_bytes(struct worker *w, uint64_t *bytes)
{
	FILE *f = fopen("/sys/kernel/slab/dentry/object_size", "re");
	char line[512];

	if (f) {
		if (fscanf(f, "%" SCNu64, bytes) != 1)
			*bytes = 0;
		fclose(f);
	}
	f = *bytes ? NULL : fopen("/proc/slabinfo", "re");
	while (f && !*bytes && fgets(line, sizeof(line), f))
		if (!strncmp(line, "dentry ", 7) &&
		    sscanf(line, "dentry %*u %*u %" SCNu64, bytes) != 1)
			*bytes = 0;
	if (f)
		fclose(f);
	return *bytes ? 0
		      : worker_fail(
				w, ENOENT,
				"the size of a dentry is in neither /sys/kernel/slab nor /proc/slabinfo, which root can read");
}

static int open_directory(struct worker *w)
{
	struct kmem_state *s = w->state;

	snprintf(s->path, sizeof(s->path), "%s/dentries-XXXXXX", w->env->scratch_dir);
	if (!mkdtemp(s->path)) {
		s->path[0] = 0;
		return failed(w, -errno, "make a directory for the names");
	}
	s->directory = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->directory < 0)
		return failed(w, -errno, "open the directory of the names");
	return read_object_bytes(w, &s->object_bytes);
}

int kmem_prepare(struct worker *w)
{
	static int (*const opens[NR_KINDS])(struct worker * w) = {
		[KIND_TABLES] = open_tables,	  [KIND_STACKS] = open_threads,
		[KIND_PIPES] = open_ends,	  [KIND_SOCKETS] = open_ends,
		[KIND_DENTRIES] = open_directory,
	};
	const struct kmem_params *p = w->params;
	struct kmem_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->directory = -1;
	return opens[p->kind](w);
}

/* ---- run: one unit each ---- */

static int take_table(struct worker *w, uint64_t i)
{
	const struct kmem_state *s = w->state;

	*(volatile char *)(s->map + i * env_table_reach_bytes(w->env)) = 1;
	return 0;
}

static void *wait_to_leave(void *arg)
{
	sem_t *leave = arg;

	while (sem_wait(leave) && errno == EINTR)
		;
	return NULL;
}

static int take_stack(struct worker *w, uint64_t i)
{
	struct kmem_state *s = w->state;
	pthread_attr_t attr;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, KMEM_USER_STACK_BYTES);
	ret = pthread_create(&s->thread[i], &attr, wait_to_leave, &s->leave);
	pthread_attr_destroy(&attr);
	s->nr_threads += !ret;
	return -ret;
}

static int take_page(struct worker *w, uint64_t i)
{
	const struct kmem_state *s = w->state;
	const size_t bytes = w->env->page_bytes;
	const ssize_t n = write(s->end[i / KMEM_UNITS_EACH][1], s->buffer, bytes);

	return n == (ssize_t)bytes ? 0 : n < 0 ? -errno : -EIO;
}

static int take_datagram(struct worker *w, uint64_t i)
{
	const struct kmem_state *s = w->state;
	const ssize_t n =
		send(s->end[i / KMEM_UNITS_EACH][1], s->buffer, KMEM_DATAGRAM_BYTES, 0);

	return n == KMEM_DATAGRAM_BYTES ? 0 : n < 0 ? -errno : -EIO;
}

/* Short enough to lie within the dentry (DNAME_INLINE_LEN). */
static int take_dentry(struct worker *w, uint64_t i)
{
	const struct kmem_state *s = w->state;
	char name[32];
	struct stat none;

	snprintf(name, sizeof(name), "absent-%" PRIu64, i);
	if (!fstatat(s->directory, name, &none, 0))
		return -EEXIST;
	return errno == ENOENT ? 0 : -errno;
}

int kmem_run(struct worker *w)
{
	static int (*const takes[NR_KINDS])(struct worker * w, uint64_t i) = {
		[KIND_TABLES] = take_table,    [KIND_STACKS] = take_stack,
		[KIND_PIPES] = take_page,      [KIND_SOCKETS] = take_datagram,
		[KIND_DENTRIES] = take_dentry,
	};
	const struct kmem_params *p = w->params;
	const struct kmem_state *s = w->state;
	/* Fault injection: the last units are left out. */
	const uint64_t due = p->count - min(w->ledger->shortfall_pages, p->count);
	const uint64_t start_ns = worker_now_ns();
	int ret = 0;

	for (uint64_t i = 0; i < due && !ret; i++) {
		if (!(i % LOOK_EVERY) && worker_should_stop(w))
			break;
		ret = takes[p->kind](w, i);
		worker_slot_add(w, SLOT_UNITS, !ret);
	}
	worker_slot_set(w, SLOT_TAKE_NS, worker_now_ns() - start_ns);
	worker_slot_set(w, SLOT_DENTRY_BYTES, p->count * s->object_bytes);
	return ret ? failed(w, ret, "take more kernel memory of this kind") : 0;
}

/* ---- afterwards ---- */

static uint64_t unit_bytes(const struct worker *w)
{
	const struct kmem_params *p = w->params;

	return p->kind == KIND_PIPES ? w->env->page_bytes : KMEM_DATAGRAM_BYTES;
}

/* FIONREAD is all bytes of a pipe and of a SOCK_SEQPACKET; of a SOCK_DGRAM the next datagram.
 */
int kmem_verify(struct worker *w)
{
	const struct kmem_state *s = w->state;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < s->nr_ends; i++) {
		int bytes;

		if (ioctl(s->end[i][0], FIONREAD, &bytes))
			return failed(w, -errno, "ask a pipe or socket for its bytes");
		sum += (uint64_t)bytes;
	}
	worker_slot_set(w, SLOT_UNREAD_UNITS, sum / unit_bytes(w));
	return 0;
}

static void stop_threads(struct kmem_state *s)
{
	for (uint64_t i = 0; i < s->nr_threads; i++)
		sem_post(&s->leave);
	for (uint64_t i = 0; i < s->nr_threads; i++)
		pthread_join(s->thread[i], NULL);
	free(s->thread);
}

/* Removing the directory frees the dentries of the names in it. */
void kmem_release(struct worker *w)
{
	struct kmem_state *s = w->state;

	if (!s)
		return;
	if (s->thread)
		stop_threads(s);
	if (s->map)
		munmap(s->map, s->map_bytes);
	for (uint64_t i = 0; i < s->nr_ends; i++) {
		close(s->end[i][0]);
		close(s->end[i][1]);
	}
	if (s->directory >= 0)
		close(s->directory);
	if (s->path[0])
		(void)rmdir(s->path);
	free(s->buffer);
	free(s->end);
	free(s);
	w->state = NULL;
}
