// SPDX-License-Identifier: GPL-2.0-or-later
/* A first touch takes the stated faults and makes the stated pages present, no more. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "workloads/crew.h"
#include "workloads/placement.h"
#include "workloads/touch.h"

#define PAGES 300

#ifdef WITH_SANITIZERS
/* AddressSanitizer looks up one shadow byte for eight, in pages that fault as well. */
#define SHADOW_PAGES (PAGES / 8 + 2)
#else
#define SHADOW_PAGES 0
#endif

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

static char *map_pages(unsigned pages)
{
	const size_t bytes = pages * (size_t)sysconf(_SC_PAGESIZE);
	char *map =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	madvise(map, bytes, MADV_NOHUGEPAGE);
	return map;
}

/* Touches the first PAGES of PAGES + 1 and returns the faults; *present: in the page table. */
static long touch_pages(enum touch_kind kind, const char *text, char *map, uint64_t *present)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct placement found;
	struct touch touch;
	struct fill fill;
	int fd = placement_open();
	long before;

	assert_true(fd >= 0);
	assert_int_equal(fill_init(&fill, text, 1), 0);
	touch_init(&touch, kind, page, 0, &fill);
	/* Once elsewhere, so that code and data of the touch itself are there. */
	assert_int_equal(touch_range(&touch, map + PAGES * page, page, 0), 0);
	madvise(map + PAGES * page, page, MADV_DONTNEED);
	before = minor_faults();
	assert_int_equal(touch_range(&touch, map, PAGES * page, 0), 0);
	before = minor_faults() - before;
	assert_int_equal(placement_count(fd, map, (PAGES + 1) * page, page, &found), 0);
	assert_int_equal(found.swapped, 0);
	*present = found.present;
	close(fd);
	return before;
}

/* The kernel may move a page of ours meanwhile, which then faults once more (compaction, a
 * huge page of program text); it can only add, and does not do so each time. */
static long fewest_faults(enum touch_kind kind, const char *text)
{
	long fewest = LONG_MAX;

	for (int i = 0; i < 5; i++) {
		char *map = map_pages(PAGES + 1);
		uint64_t present;
		long faults = touch_pages(kind, text, map, &present);

		assert_int_equal(present, PAGES);
		fewest = faults < fewest ? faults : fewest;
		munmap(map, (PAGES + 1) * (size_t)sysconf(_SC_PAGESIZE));
	}
	return fewest;
}

static void each_touch_takes_its_faults_and_only_its_pages(void **state)
{
	static const struct {
		enum touch_kind kind;
		const char *fill;
		long faults;
	} rows[] = {
		{ TOUCH_WRITE, "random", PAGES },
		{ TOUCH_READ, "random", PAGES },
		{ TOUCH_READ_WRITE, "random", 2 * PAGES },
		{ TOUCH_POPULATE, "random", PAGES },
		{ TOUCH_POPULATE, "zero", PAGES },
		{ TOUCH_BYTES, "zero", PAGES },
		{ TOUCH_BYTES, "50%", PAGES },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_in_range(fewest_faults(rows[i].kind, rows[i].fill), rows[i].faults,
				rows[i].faults + SHADOW_PAGES);
}

static void bytes_and_populate_leave_the_same_content(void **state)
{
	const size_t bytes = PAGES * (size_t)sysconf(_SC_PAGESIZE);
	char *a = map_pages(PAGES + 1), *b = map_pages(PAGES + 1);
	uint64_t present;

	(void)state;
	touch_pages(TOUCH_BYTES, "random", a, &present);
	touch_pages(TOUCH_POPULATE, "random", b, &present);
	assert_memory_equal(a, b, bytes);
	munmap(a, bytes);
	munmap(b, bytes);
}

static void accesses_have_their_share_of_writes_and_keep_the_content(void **state)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), bytes = PAGES * page;
	char *map = map_pages(PAGES + 1), *copy = malloc(bytes);
	uint64_t present, writes;
	struct histogram latency = { 0 };
	struct access a;

	(void)state;
	assert_non_null(copy);
	touch_pages(TOUCH_BYTES, "random", map, &present);
	memcpy(copy, map, bytes);
	access_init(&a, map, page, 0.75, 5);
	pattern_init(&a.pattern, PATTERN_RANDOM, PAGES, 5);
	writes = access_run(&a, 1000000, NULL);
	assert_true(writes > 247000 && writes < 253000);
	assert_memory_equal(copy, map, bytes);
	access_run(&a, 1000, &latency);
	assert_int_equal(latency.count, 1000);
	free(copy);
	munmap(map, (PAGES + 1) * page);
}

/* The zero page is replaced, at the price of a fault, only when something is stored. */
static void a_write_access_really_stores(void **state)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	char *map = map_pages(PAGES + 1);
	struct access a;
	long before;

	(void)state;
	for (unsigned i = 0; i < PAGES; i++)
		(void)*(volatile char *)(map + i * page);
	access_init(&a, map, page, 0, 5);
	pattern_init(&a.pattern, PATTERN_SEQUENTIAL, PAGES, 5);
	before = minor_faults();
	assert_int_equal(access_run(&a, PAGES, NULL), PAGES);
	assert_int_equal(minor_faults() - before, PAGES);
	munmap(map, (PAGES + 1) * page);
}

static int add_index(void *arg, unsigned index)
{
	atomic_fetch_add((atomic_uint *)arg, 1u << index);
	return index == 2 ? -EIO : 0;
}

static void a_crew_runs_each_member_once_and_reports_a_failure(void **state)
{
	static struct crew crew;
	atomic_uint seen = 0;

	(void)state;
	assert_int_equal(crew_start(&crew, 4), 0);
	assert_int_equal(crew_run(&crew, add_index, &seen), -EIO);
	assert_int_equal(seen, 15);
	assert_int_equal(crew_run(&crew, add_index, &seen), -EIO);
	assert_int_equal(seen, 30);
	crew_stop(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_touch_takes_its_faults_and_only_its_pages),
		cmocka_unit_test(bytes_and_populate_leave_the_same_content),
		cmocka_unit_test(accesses_have_their_share_of_writes_and_keep_the_content),
		cmocka_unit_test(a_write_access_really_stores),
		cmocka_unit_test(a_crew_runs_each_member_once_and_reports_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
