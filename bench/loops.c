// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/loops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HUGE_BYTES  (2ull << 20)
#define STEP_BYTES  (256ull << 10)
#define PAGE_BYTES  4096
#define BLOCK_BYTES (1ull << 20)
#define LINE_BYTES  64
#define DEPTH_MAX   64

enum { PROCESSES_MAX = 8 };

uint64_t loop_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void *loop_map(uint64_t bytes, bool huge)
{
	uint64_t room = bytes + HUGE_BYTES, head;
	char *map = mmap(NULL, room, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	head = -(uintptr_t)map & (HUGE_BYTES - 1);
	if (head)
		munmap(map, head);
	munmap(map + head + bytes, HUGE_BYTES - head);
	/* Refused where huge pages are not built in: then all pages are base pages anyway. */
	(void)madvise(map + head, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return map + head;
}

/* Keeps the compiler from dropping stores that nothing reads. */
static void keep(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

static int populate_all(char *map, uint64_t bytes, bool huge)
{
	(void)huge; /* one call, whatever the pages */
	return madvise(map, bytes, MADV_POPULATE_WRITE);
}

static int populate_memset_all(char *map, uint64_t bytes, bool huge)
{
	uint64_t step = huge ? HUGE_BYTES : STEP_BYTES;

	for (uint64_t at = 0; at < bytes; at += step) {
		if (madvise(map + at, step, MADV_POPULATE_WRITE))
			return -1;
		memset(map + at, 0x5a, step);
		keep(map);
	}
	return 0;
}

static int write_all_words(char *map, uint64_t bytes, bool huge)
{
	(void)huge; /* a store per base page in either case */
	for (uint64_t at = 0; at < bytes; at += PAGE_BYTES)
		*(volatile uint64_t *)(map + at) = at + 1;
	return 0;
}

static int memset_all(char *map, uint64_t bytes, bool huge)
{
	(void)huge; /* a memset, whatever the pages */
	memset(map, 0x5a, bytes);
	keep(map);
	return 0;
}

static uint64_t timed(uint64_t bytes, bool huge, int (*touch)(char *, uint64_t, bool))
{
	char *map = loop_map(bytes, huge);
	uint64_t start_ns, ns;

	if (!map)
		return 0;
	start_ns = loop_now_ns();
	ns = touch(map, bytes, huge) ? 0 : loop_now_ns() - start_ns;
	munmap(map, bytes);
	return ns;
}

uint64_t loop_populate(uint64_t bytes, bool huge)
{
	return timed(bytes, huge, populate_all);
}

uint64_t loop_populate_memset(uint64_t bytes, bool huge)
{
	return timed(bytes, huge, populate_memset_all);
}

uint64_t loop_write_words(uint64_t bytes, bool huge)
{
	return timed(bytes, huge, write_all_words);
}

uint64_t loop_memset(uint64_t bytes, bool huge)
{
	return timed(bytes, huge, memset_all);
}

struct start {
	atomic_uint there;
	_Atomic uint64_t ns[PROCESSES_MAX];
};

static void populate_apart(struct start *start, unsigned i, unsigned nr, uint64_t bytes)
{
	char *map = loop_map(bytes, false);
	cpu_set_t own;

	CPU_ZERO(&own);
	CPU_SET(i % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &own);
	(void)sched_setaffinity(0, sizeof(own), &own); /* refused: where the kernel puts it */
	atomic_fetch_add(&start->there, 1);
	while (atomic_load(&start->there) < nr)
		;
	uint64_t start_ns = loop_now_ns();

	if (map && !madvise(map, bytes, MADV_POPULATE_WRITE))
		start->ns[i] = loop_now_ns() - start_ns;
	_exit(0);
}

uint64_t loop_populate_processes(uint64_t bytes, unsigned nr)
{
	struct start *start = mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t slowest = 0;
	pid_t pid[PROCESSES_MAX];

	if (start == MAP_FAILED || nr > PROCESSES_MAX)
		return 0;
	for (unsigned i = 0; i < nr; i++) {
		pid[i] = fork();
		if (!pid[i])
			populate_apart(start, i, nr, bytes / nr);
	}
	for (unsigned i = 0; i < nr; i++)
		waitpid(pid[i], NULL, 0);
	for (unsigned i = 0; i < nr; i++)
		slowest = start->ns[i] > slowest ? start->ns[i] : slowest;
	munmap(start, sizeof(*start));
	return slowest;
}

uint64_t loop_hugetlb(uint64_t bytes, bool every_byte)
{
	char *map =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 21 << MAP_HUGE_SHIFT, -1, 0);
	uint64_t start_ns = loop_now_ns(), ns;

	if (map == MAP_FAILED)
		return 0;
	for (uint64_t at = 0; at < bytes; at += HUGE_BYTES)
		if (every_byte)
			memset(map + at, 0x5a, HUGE_BYTES);
		else
			*(volatile uint64_t *)(map + at) = at + 1;
	keep(map);
	ns = loop_now_ns() - start_ns;
	munmap(map, bytes);
	return ns;
}

uint64_t loop_page_out(void *map, uint64_t bytes)
{
	uint64_t start_ns = loop_now_ns();

	return madvise(map, bytes, MADV_PAGEOUT) ? 0 : loop_now_ns() - start_ns;
}

uint64_t loop_swap_in(void *map, uint64_t bytes)
{
	uint64_t start_ns = loop_now_ns();

	if (madvise(map, bytes, MADV_WILLNEED))
		return 0;
	for (uint64_t at = 0; at < bytes; at += PAGE_BYTES)
		(void)*((volatile char *)map + at);
	return loop_now_ns() - start_ns;
}

uint64_t loop_load_lines(const void *map, uint64_t bytes)
{
	uint64_t start_ns = loop_now_ns();

	for (const char *at = map; at < (const char *)map + bytes; at += 4 * LINE_BYTES) {
		(void)*(const volatile uint64_t *)at;
		(void)*(const volatile uint64_t *)(at + LINE_BYTES);
		(void)*(const volatile uint64_t *)(at + 2 * LINE_BYTES);
		(void)*(const volatile uint64_t *)(at + 3 * LINE_BYTES);
	}
	return loop_now_ns() - start_ns;
}

uint64_t loop_page_fault1(uint64_t bytes)
{
	uint64_t start_ns = loop_now_ns();
	char *map =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return 0;
	(void)madvise(map, bytes, MADV_NOHUGEPAGE); /* as in loop_map() */
	for (uint64_t at = 0; at < bytes; at += PAGE_BYTES)
		*(volatile char *)(map + at) = 1;
	munmap(map, bytes);
	return loop_now_ns() - start_ns;
}

uint64_t loop_map_populate(uint64_t bytes)
{
	uint64_t start_ns = loop_now_ns();
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (map == MAP_FAILED)
		return 0;
	munmap(map, bytes);
	return loop_now_ns() - start_ns;
}

uint64_t loop_brk(uint64_t cycles)
{
	uint64_t start_ns = loop_now_ns();

	for (uint64_t i = 0; i < cycles; i++)
		if (sbrk(PAGE_BYTES) == (void *)-1 || sbrk(-PAGE_BYTES) == (void *)-1)
			return 0;
	return loop_now_ns() - start_ns;
}

uint64_t loop_mmap_munmap(uint64_t cycles)
{
	uint64_t start_ns = loop_now_ns();

	for (uint64_t i = 0; i < cycles; i++) {
		void *map = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (map == MAP_FAILED || munmap(map, PAGE_BYTES))
			return 0;
	}
	return loop_now_ns() - start_ns;
}

uint64_t loop_pread(int fd, uint64_t bytes)
{
	char *buffer = aligned_alloc(PAGE_BYTES, BLOCK_BYTES);
	uint64_t start_ns, ns = 0;

	if (!buffer)
		return 0;
	memset(buffer, 1, BLOCK_BYTES);
	start_ns = loop_now_ns();
	for (uint64_t at = 0; at < bytes; at += BLOCK_BYTES)
		if (pread(fd, buffer, BLOCK_BYTES, (off_t)at) <= 0)
			goto out;
	ns = loop_now_ns() - start_ns;
out:
	free(buffer);
	return ns;
}

struct direct {
	int fd;
	uint64_t bytes;
	_Atomic uint64_t next;
	atomic_bool failed;
};

static void *direct_reader(void *arg)
{
	struct direct *d = arg;
	char *buffer = aligned_alloc(PAGE_BYTES, BLOCK_BYTES);
	uint64_t at;

	while (buffer && (at = atomic_fetch_add(&d->next, BLOCK_BYTES)) < d->bytes)
		if (pread(d->fd, buffer, BLOCK_BYTES, (off_t)at) <= 0)
			break;
	if (!buffer || atomic_load(&d->next) < d->bytes)
		atomic_store(&d->failed, true);
	free(buffer);
	return NULL;
}

uint64_t loop_direct(const char *path, uint64_t bytes, unsigned depth)
{
	struct direct d = { .fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC), .bytes = bytes };
	pthread_t thread[DEPTH_MAX];
	unsigned started = 0;
	uint64_t start_ns = loop_now_ns();

	if (d.fd < 0)
		return 0;
	while (started < depth && started < DEPTH_MAX &&
	       !pthread_create(&thread[started], NULL, direct_reader, &d))
		started++;
	for (unsigned i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	close(d.fd);
	return started && !d.failed ? loop_now_ns() - start_ns : 0;
}
