// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define HUGE_BYTES  (2ull << 20)
#define STEP_BYTES  (256ull << 10)
#define PAGE_BYTES  4096
#define BLOCK_BYTES (1ull << 20)
#define DEPTH_MAX   64

uint64_t limit_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void *limit_map(uint64_t bytes, bool huge)
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
	char *map = limit_map(bytes, huge);
	uint64_t start_ns, ns;

	if (!map)
		return 0;
	start_ns = limit_now_ns();
	ns = touch(map, bytes, huge) ? 0 : limit_now_ns() - start_ns;
	munmap(map, bytes);
	return ns;
}

uint64_t limit_populate(uint64_t bytes, bool huge)
{
	return timed(bytes, huge, populate_all);
}

uint64_t limit_populate_memset(uint64_t bytes, bool huge)
{
	return timed(bytes, huge, populate_memset_all);
}

uint64_t limit_write_words(uint64_t bytes, bool huge)
{
	return timed(bytes, huge, write_all_words);
}

uint64_t limit_memset(uint64_t bytes, bool huge)
{
	return timed(bytes, huge, memset_all);
}

uint64_t limit_page_fault1(uint64_t bytes)
{
	uint64_t start_ns = limit_now_ns();
	char *map =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return 0;
	(void)madvise(map, bytes, MADV_NOHUGEPAGE); /* as in limit_map() */
	for (uint64_t at = 0; at < bytes; at += PAGE_BYTES)
		*(volatile char *)(map + at) = 1;
	munmap(map, bytes);
	return limit_now_ns() - start_ns;
}

uint64_t limit_map_populate(uint64_t bytes)
{
	uint64_t start_ns = limit_now_ns();
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (map == MAP_FAILED)
		return 0;
	munmap(map, bytes);
	return limit_now_ns() - start_ns;
}

uint64_t limit_brk(uint64_t cycles)
{
	uint64_t start_ns = limit_now_ns();

	for (uint64_t i = 0; i < cycles; i++)
		if (sbrk(PAGE_BYTES) == (void *)-1 || sbrk(-PAGE_BYTES) == (void *)-1)
			return 0;
	return limit_now_ns() - start_ns;
}

uint64_t limit_mmap_munmap(uint64_t cycles)
{
	uint64_t start_ns = limit_now_ns();

	for (uint64_t i = 0; i < cycles; i++) {
		void *map = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (map == MAP_FAILED || munmap(map, PAGE_BYTES))
			return 0;
	}
	return limit_now_ns() - start_ns;
}

uint64_t limit_pread(int fd, uint64_t bytes)
{
	char *buffer = aligned_alloc(PAGE_BYTES, BLOCK_BYTES);
	uint64_t start_ns, ns = 0;

	if (!buffer)
		return 0;
	memset(buffer, 1, BLOCK_BYTES);
	start_ns = limit_now_ns();
	for (uint64_t at = 0; at < bytes; at += BLOCK_BYTES)
		if (pread(fd, buffer, BLOCK_BYTES, (off_t)at) <= 0)
			goto out;
	ns = limit_now_ns() - start_ns;
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

uint64_t limit_direct(const char *path, uint64_t bytes, unsigned depth)
{
	struct direct d = { .fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC), .bytes = bytes };
	pthread_t thread[DEPTH_MAX];
	unsigned started = 0;
	uint64_t start_ns = limit_now_ns();

	if (d.fd < 0)
		return 0;
	while (started < depth && started < DEPTH_MAX &&
	       !pthread_create(&thread[started], NULL, direct_reader, &d))
		started++;
	for (unsigned i = 0; i < started; i++)
		pthread_join(thread[i], NULL);
	close(d.fd);
	return started && !d.failed ? limit_now_ns() - start_ns : 0;
}
