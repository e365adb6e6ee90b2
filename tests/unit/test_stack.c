// SPDX-License-Identifier: GPL-2.0-or-later
/* What stack promises: where a stack ends, and what threads reserve and use. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drive.h"
#include "workloads/api/arith.h"

#define KB 1024ll
#define MB (1024 * KB)

extern const struct workload stack_workload;

static struct drive d;

static int open_drive(void **state)
{
	(void)state;
	drive_open(&d, &stack_workload);
	drive_set(&d, "limit", 8 * MB);
	drive_set(&d, "threads", 100);
	drive_set(&d, "size", 8 * MB);
	drive_set(&d, "touched", 64 * KB);
	return 0;
}

static int close_drive(void **state)
{
	(void)state;
	drive_close(&d);
	return 0;
}

static const struct claim *promised(const char *scope, const char *counter)
{
	const struct claim *c;

	drive_claims(&d);
	drive_assert_claims_are_sound(&d);
	c = drive_claim(&d, SPAN_WORK, scope, counter);
	if (!c)
		fail_msg("nothing said of %s/%s", scope, counter);
	return c;
}

static void a_stack_ends_at_the_limit_rounded_down(void **state)
{
	static const uint64_t pages[] = { 4096, 16384, 65536 };

	(void)state;
	drive_set(&d, "limit", 8 * MB + 5000);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		const int64_t page = (int64_t)pages[i];
		const int64_t limit = (8 * MB + 5000) / page * page;

		d.env.page_bytes = pages[i];
		assert_int_equal(promised("ledger", "stack_bytes")->expected, limit);
		assert_int_equal(promised("ledger", "refused_bytes")->expected, limit + page);
		assert_int_equal(promised("process", "minflt")->slot_div, page);
	}
}

static void threads_reserve_all_and_hold_what_they_touched(void **state)
{
	(void)state;
	drive_choose(&d, "mode", "threads");
	assert_int_equal(promised("process", "VmSize")->expected, 100 * (8 * MB + 4096));
	assert_int_equal(promised("process", "Rss")->expected, 100 * 64 * KB);
	assert_int_equal(promised("process", "Threads")->expected, 100);
	assert_int_equal(promised("process", "VmStk")->expected, 0);
}

static void a_thread_keeps_room_for_itself(void **state)
{
	char reason[256] = "";

	(void)state;
	drive_choose(&d, "mode", "threads");
	drive_set(&d, "size", 1 * MB);
	drive_set(&d, "touched", 1 * MB - 64 * KB);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	drive_set(&d, "touched", 1 * MB - 60 * KB);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "lower touched"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_drive, close_drive)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_stack_ends_at_the_limit_rounded_down),
		TEST(threads_reserve_all_and_hold_what_they_touched),
		TEST(a_thread_keeps_room_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
