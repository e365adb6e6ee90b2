// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pages that a touch and an access reach, their order, and the content left there. The
 * pages are protected, and a signal handler records each first read and first write,
 * so that nothing depends on how the kernel maps memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "workloads/act/crew.h"
#include "workloads/act/touch.h"

#define PAGES 300

static size_t page;
static char *map; /* PAGES and one more, which nothing may reach */

/* Pages in the order in which the handler was called for them. */
static unsigned reached[2 * PAGES + 2], nr_reached;

static void grant(int signal, siginfo_t *info, void *context)
{
	const size_t offset = (size_t)((char *)info->si_addr - map);
	const unsigned index = (unsigned)(offset / page);
	bool again = false;

	(void)signal;
	(void)context;
	if ((char *)info->si_addr < map || index >= PAGES || nr_reached >= 2 * PAGES)
		_exit(99);
	for (unsigned i = 0; i < nr_reached; i++)
		again = again || reached[i] == index;
	reached[nr_reached++] = index;
	if (mprotect(map + index * page, page, again ? PROT_READ | PROT_WRITE : PROT_READ))
		_exit(98);
}

static int map_pages(void **state)
{
	(void)state;
	page = (size_t)sysconf(_SC_PAGESIZE);
	map = mmap(NULL, (PAGES + 1) * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	nr_reached = 0;
	return map == MAP_FAILED;
}

static int unmap_pages(void **state)
{
	(void)state;
	return munmap(map, (PAGES + 1) * page);
}

/* cmocka installs a handler around each test and restores the previous one. */
static void protect(int protection)
{
	const struct sigaction action = { .sa_sigaction = grant, .sa_flags = SA_SIGINFO };

	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
	assert_int_equal(mprotect(map, (PAGES + 1) * page, protection), 0);
}

static void touch_pages(enum touch_kind kind, const char *text, char *start)
{
	struct touch touch;
	struct fill fill;

	assert_int_equal(fill_init(&fill, text, 1), 0);
	touch_init(&touch, kind, page, 0, &fill);
	assert_int_equal(touch_range(&touch, start, PAGES * page, 0), 0);
}

/* Each page is protected from reading, and after a read from writing. */
static void a_write_reaches_each_page_in_turn_and_no_other(void **state)
{
	static const enum touch_kind kinds[] = { TOUCH_WRITE, TOUCH_BYTES };

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		nr_reached = 0;
		protect(PROT_NONE);
		touch_pages(kinds[k], "random", map);
		assert_int_equal(nr_reached, 2 * PAGES);
		for (unsigned i = 0; i < nr_reached; i++)
			assert_int_equal(reached[i], i / 2);
	}
}

static void a_read_reaches_each_page_and_writes_none(void **state)
{
	(void)state;
	protect(PROT_NONE);
	touch_pages(TOUCH_READ, "random", map);
	assert_int_equal(nr_reached, PAGES);
	for (unsigned i = 0; i < nr_reached; i++)
		assert_int_equal(reached[i], i);
}

static void read_write_reads_all_pages_before_it_writes_them(void **state)
{
	(void)state;
	protect(PROT_NONE);
	touch_pages(TOUCH_READ_WRITE, "random", map);
	assert_int_equal(nr_reached, 2 * PAGES);
	for (unsigned i = 0; i < nr_reached; i++)
		assert_int_equal(reached[i], i % PAGES);
}

/* Of each page its first word; of bytes all of them. */
static void what_is_written_is_the_fill(void **state)
{
	char *bytes = malloc(PAGES * page);
	struct fill fill;

	(void)state;
	assert_non_null(bytes);
	touch_pages(TOUCH_BYTES, "random", bytes);
	touch_pages(TOUCH_WRITE, "random", map);
	assert_int_equal(fill_init(&fill, "random", 1), 0);
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t word = fill_word(&fill, i * page / FILL_BLOCK_BYTES);

		assert_memory_equal(bytes + i * page, &word, sizeof(word));
		assert_memory_equal(map + i * page, &word, sizeof(word));
		assert_int_equal(map[i * page + sizeof(word)], 0);
	}
	touch_pages(TOUCH_BYTES, "random", map);
	assert_memory_equal(map, bytes, PAGES * page);
	free(bytes);
}

static void open_access(struct access *a, double read_share, enum pattern_kind pattern)
{
	access_init(a, map, page, read_share, 5);
	pattern_init(&a->pattern, pattern, PAGES, 5);
}

static void accesses_have_their_share_of_writes_and_keep_the_content(void **state)
{
	char *copy = malloc(PAGES * page);
	struct histogram latency = { 0 };
	struct access a;
	uint64_t writes;

	(void)state;
	assert_non_null(copy);
	touch_pages(TOUCH_BYTES, "random", map);
	memcpy(copy, map, PAGES * page);
	open_access(&a, 0.75, PATTERN_RANDOM);
	writes = access_run(&a, 1000000, NULL);
	assert_in_range(writes, 247000, 253000);
	assert_memory_equal(copy, map, PAGES * page);
	access_run(&a, 1000, &latency);
	assert_int_equal(latency.count, 1000);
	free(copy);
}

static void a_write_access_really_stores_and_a_read_access_does_not(void **state)
{
	struct access a;

	(void)state;
	protect(PROT_NONE);
	open_access(&a, 1, PATTERN_SEQUENTIAL);
	assert_int_equal(access_run(&a, PAGES, NULL), 0);
	assert_int_equal(nr_reached, PAGES);
	open_access(&a, 0, PATTERN_SEQUENTIAL);
	assert_int_equal(access_run(&a, PAGES, NULL), PAGES);
	assert_int_equal(nr_reached, 2 * PAGES);
	for (unsigned i = 0; i < nr_reached; i++)
		assert_int_equal(reached[i], i % PAGES);
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

#define test(function) cmocka_unit_test_setup_teardown(function, map_pages, unmap_pages)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_write_reaches_each_page_in_turn_and_no_other),
		test(a_read_reaches_each_page_and_writes_none),
		test(read_write_reads_all_pages_before_it_writes_them),
		test(what_is_written_is_the_fill),
		test(accesses_have_their_share_of_writes_and_keep_the_content),
		test(a_write_access_really_stores_and_a_read_access_does_not),
		cmocka_unit_test(a_crew_runs_each_member_once_and_reports_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
