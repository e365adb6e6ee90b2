// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A first touch takes the stated faults and makes the stated pages present, no more: on
 * private memory as this kernel maps it on a read, and on shared memory, where no kernel
 * has a zero page, so that every kernel shows both behaviours.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/kernel/kernel.h"
#include "workloads/probe/placement.h"
#include "workloads/act/touch.h"
#include "workloads/api/arith.h"

#define PAGES 300

#ifdef WITH_SANITIZERS
/* AddressSanitizer looks up one shadow byte for eight, in pages that fault as well. */
#define SHADOW_PAGES (PAGES / 8 + 2)
#else
#define SHADOW_PAGES 0
#endif

struct seen {
	int64_t faults;
	uint64_t present; /* pages in the page table */
};

/* Touches the first PAGES of PAGES + 1. */
static void touch_pages(enum touch_kind kind, const char *text, char *map, struct seen *seen)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct placement found;
	struct touch touch;
	struct fill fill;
	int fd = placement_open();

	assert_true(fd >= 0);
	assert_int_equal(fill_init(&fill, text, 1), 0);
	touch_init(&touch, kind, page, 0, &fill);
	/* Once elsewhere, so that code and data of the touch itself are there. */
	assert_int_equal(touch_range(&touch, map + PAGES * page, page, 0), 0);
	madvise(map + PAGES * page, page, MADV_REMOVE);
	madvise(map + PAGES * page, page, MADV_DONTNEED);
	seen->faults = kernel_minor_faults();
	assert_int_equal(touch_range(&touch, map, PAGES * page, 0), 0);
	seen->faults = kernel_minor_faults() - seen->faults;
	assert_int_equal(placement_count(fd, map, (PAGES + 1) * page, page, &found), 0);
	seen->present = found.present + found.swapped;
	close(fd);
}

struct row {
	enum touch_kind kind;
	const char *fill;
	unsigned faults_a_page; /* with a zero page; without, one */
};

static const struct row rows[] = {
	{ TOUCH_WRITE, "random", 1 },	   { TOUCH_READ, "random", 1 },
	{ TOUCH_READ_WRITE, "random", 2 }, { TOUCH_POPULATE, "random", 1 },
	{ TOUCH_POPULATE, "zero", 1 },	   { TOUCH_BYTES, "zero", 1 },
	{ TOUCH_BYTES, "50%", 1 },
};

static void expect_faults(const struct row *row, int sharing, bool zero_page)
{
	const int64_t expected = zero_page ? row->faults_a_page * PAGES : PAGES;
	struct kernel_watch watch = { 0 };
	struct seen seen;

	do {
		char *map = kernel_map(PAGES + 1, sharing);

		kernel_watch_start(&watch);
		touch_pages(row->kind, row->fill, map, &seen);
		kernel_unmap(map, PAGES + 1);
		assert_int_equal(seen.present, PAGES);
		assert_true(seen.faults >= expected);
	} while (seen.faults > expected + SHADOW_PAGES && kernel_may_retry(&watch));
	assert_in_range(seen.faults, expected, expected + SHADOW_PAGES);
}

static void each_touch_takes_its_faults_and_only_its_pages(void **state)
{
	const bool zero_page = kernel_has_zero_page();

	(void)state;
	print_message("# zero page: %s\n", zero_page ? "yes" : "no");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		expect_faults(&rows[i], MAP_PRIVATE, zero_page);
}

static void without_a_zero_page_a_read_takes_the_fault_of_the_write(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		expect_faults(&rows[i], MAP_SHARED, false);
}

static void bytes_and_populate_leave_the_same_content(void **state)
{
	const size_t bytes = PAGES * (size_t)sysconf(_SC_PAGESIZE);
	char *a = kernel_map(PAGES + 1, MAP_PRIVATE), *b = kernel_map(PAGES + 1, MAP_PRIVATE);
	struct seen seen;

	(void)state;
	touch_pages(TOUCH_BYTES, "random", a, &seen);
	touch_pages(TOUCH_POPULATE, "random", b, &seen);
	assert_memory_equal(a, b, bytes);
	kernel_unmap(a, PAGES + 1);
	kernel_unmap(b, PAGES + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_touch_takes_its_faults_and_only_its_pages),
		cmocka_unit_test(without_a_zero_page_a_read_takes_the_fault_of_the_write),
		cmocka_unit_test(bytes_and_populate_leave_the_same_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
