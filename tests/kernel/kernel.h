/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the tests of kernel behaviour: this kernel's behaviour on a first read, and the
 * distinction between a count that the kernel raised by itself and a wrong one.
 *
 * A count of faults is exact, with one exception: the kernel can unmap a page of the test,
 * to move it (compaction, NUMA balancing), to make a huge page of it or to reclaim it, and
 * the next access faults once more. A count is therefore repeated only if it is too high
 * and /proc/vmstat shows such an event, each time with a line on the TAP stream that names
 * it, and at most KERNEL_ATTEMPTS times. A count that is too low, or too high without such an
 * event, is wrong at once.
 */
#ifndef PAGESTORM_TESTS_KERNEL_H
#define PAGESTORM_TESTS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "workloads/api/workload.h"
#include "workloads/api/arith.h"

#define KERNEL_ATTEMPTS	   5
#define KERNEL_PROBE_PAGES 16
#define KERNEL_STACK_BYTES (64 * 1024)

static inline int64_t kernel_minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Fresh memory in base pages; MAP_PRIVATE, or MAP_SHARED, which no kernel has a zero page for.
 */
static inline char *kernel_map(uint64_t pages, int sharing)
{
	const size_t bytes = pages * (size_t)sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	madvise(map, bytes, MADV_NOHUGEPAGE);
	return map;
}

static inline void kernel_unmap(char *map, uint64_t pages)
{
	munmap(map, pages * (size_t)sysconf(_SC_PAGESIZE));
}

/*
 * Whether a read of fresh private memory maps the shared zero page, which a later write
 * replaces at the price of a second fault. Half of the probe's pages decides: a fault more
 * or less than that is the kernel's.
 */
static inline bool kernel_has_zero_page(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map = kernel_map(KERNEL_PROBE_PAGES, MAP_PRIVATE);
	int64_t faults;

	for (unsigned i = 0; i < KERNEL_PROBE_PAGES; i++)
		(void)*(volatile char *)(map + i * page);
	faults = kernel_minor_faults();
	for (unsigned i = 0; i < KERNEL_PROBE_PAGES; i++)
		*(volatile char *)(map + i * page) = 1;
	faults = kernel_minor_faults() - faults;
	kernel_unmap(map, KERNEL_PROBE_PAGES);
	return faults > KERNEL_PROBE_PAGES / 2;
}

/* The capabilities that claims depend on; drive_open() has constructed ones. */
static inline void kernel_describe(struct workload_env *env)
{
	env->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	env->capability[CAPABILITY_ZERO_PAGE] =
		kernel_has_zero_page() ? CAPABILITY_YES : CAPABILITY_NO;
}

/* Events that unmap a page in use, as /proc/vmstat counts them for the whole machine. */
static const char *const kernel_causes[] = {
	"pgmigrate_success ", "numa_pte_updates ", "thp_collapse_alloc ",
	"thp_split_page ",    "pgsteal_anon ",	   "pgsteal_file ",
};

#define KERNEL_NR_CAUSES (ARRAY_SIZE(kernel_causes))

struct kernel_watch {
	uint64_t count[KERNEL_NR_CAUSES];
	unsigned attempts;
};

static inline void kernel_look(uint64_t *count)
{
	FILE *f = fopen("/proc/vmstat", "r");
	char line[128];

	memset(count, 0, KERNEL_NR_CAUSES * sizeof(*count));
	while (f && fgets(line, sizeof(line), f))
		for (unsigned i = 0; i < KERNEL_NR_CAUSES; i++)
			if (!strncmp(line, kernel_causes[i], strlen(kernel_causes[i])))
				count[i] = strtoull(strchr(line, ' '), NULL, 10);
	if (f)
		fclose(f);
}

/*
 * The stack that a measured call may need, as a worker has it: one that grows meanwhile is a
 * fault more, on whatever page of it the kernel's random start makes the next.
 */
static __attribute__((noinline, unused)) void kernel_prefault_stack(void)
{
	volatile char ahead[KERNEL_STACK_BYTES];

	for (size_t i = 0; i < sizeof(ahead); i += 1024)
		ahead[i] = 0;
}

static inline void kernel_watch_start(struct kernel_watch *w)
{
	kernel_prefault_stack();
	kernel_look(w->count);
}

/* Each retry is a line of its own, which the suite counts. */
static inline void kernel_retried(const char *cause)
{
	fflush(stdout);
	printf("# retried: %s\n", cause);
	fflush(stdout);
}

/*
 * Whether a count that came out too high since kernel_watch_start() is to be taken again:
 * there is a cause to name, and an attempt left.
 */
static inline bool kernel_may_retry(struct kernel_watch *w)
{
	uint64_t now[KERNEL_NR_CAUSES];

	if (++w->attempts >= KERNEL_ATTEMPTS)
		return false;
	kernel_look(now);
	for (unsigned i = 0; i < KERNEL_NR_CAUSES; i++) {
		char cause[128];

		if (now[i] == w->count[i])
			continue;
		snprintf(cause, sizeof(cause),
			 "the kernel unmapped pages meanwhile (%srose by %llu)",
			 kernel_causes[i], (unsigned long long)(now[i] - w->count[i]));
		kernel_retried(cause);
		return true;
	}
	return false;
}

#endif
