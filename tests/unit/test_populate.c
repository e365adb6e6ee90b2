// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages are made present on a kernel that does not know MADV_POPULATE_READ and _WRITE, and
 * what another kernel refuses is left alone. madvise() is the test's own here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "workloads/act/populate.h"
#include "workloads/api/arith.h"

#define PAGES 5

static bool known;
static int refusal; /* of a range that is not empty */
static unsigned asked;

int madvise(void *start, size_t bytes, int advice)
{
	(void)start;
	(void)advice;
	asked += bytes > 0;
	errno = known ? refusal : EINVAL;
	return !known || (bytes && refusal) ? -1 : 0;
}

static char *map_pages(int protection)
{
	char *map = mmap(NULL, PAGES * (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	if (protection & PROT_WRITE)
		return map;
	assert_int_equal(mprotect(map, PAGES * (size_t)sysconf(_SC_PAGESIZE), protection), 0);
	return map;
}

static unsigned present(char *map)
{
	unsigned char resident[PAGES];
	unsigned sum = 0;

	assert_int_equal(mincore(map, PAGES * (size_t)sysconf(_SC_PAGESIZE), resident), 0);
	for (unsigned i = 0; i < PAGES; i++)
		sum += resident[i] & 1;
	return sum;
}

static int start(void **state)
{
	(void)state;
	known = false;
	refusal = 0;
	asked = 0;
	return 0;
}

static void a_kernel_that_does_not_know_it_has_each_page_touched(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map = map_pages(PROT_READ | PROT_WRITE);

	(void)state;
	map[2 * page] = 7;
	assert_int_equal(present(map), 1);
	assert_int_equal(populate_pages(map, PAGES * page, true), 0);
	assert_int_equal(present(map), PAGES);
	assert_int_equal(map[2 * page], 7);
	assert_int_equal(map[3 * page], 0);
	munmap(map, PAGES * page);
}

/* A write would be killed. */
static void what_is_only_read_is_not_written(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map = map_pages(PROT_READ);

	(void)state;
	assert_int_equal(populate_pages(map, PAGES * page, false), 0);
	assert_int_equal(present(map), PAGES);
	munmap(map, PAGES * page);
}

/* A touch of what was refused would be a signal. */
static void what_a_kernel_that_knows_it_refuses_is_left_alone(void **state)
{
	static const int refusals[] = { EINVAL, EFAULT, ENOMEM, EPERM };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *map = map_pages(PROT_NONE);

	(void)state;
	known = true;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		refusal = refusals[i];
		assert_int_equal(populate_pages(map, PAGES * page, true), -refusal);
	}
	refusal = 0;
	assert_int_equal(populate_pages(map, PAGES * page, true), 0);
	assert_int_equal(asked, 5);
	munmap(map, PAGES * page);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_kernel_that_does_not_know_it_has_each_page_touched,
				       start),
		cmocka_unit_test_setup(what_is_only_read_is_not_written, start),
		cmocka_unit_test_setup(what_a_kernel_that_knows_it_refuses_is_left_alone,
				       start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
