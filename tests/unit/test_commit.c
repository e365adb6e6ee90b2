// SPDX-License-Identifier: GPL-2.0-or-later
/* What commit promises of each author of ENOMEM, and which of them a machine has. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drive.h"
#include "workloads/api/arith.h"

#define MB (1ll << 20)

extern const struct workload commit_workload;

static struct drive d;

static int open_drive(void **state)
{
	(void)state;
	drive_open(&d, &commit_workload);
	drive_set(&d, "limit", 100 * MB);
	d.env.memory_bytes = 1024 * MB;
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

static void a_limit_of_the_process_is_exact_and_rounded_down(void **state)
{
	static const char *const kinds[] = { "as", "data" };

	(void)state;
	drive_set(&d, "limit", 5000001);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		drive_choose(&d, "by", kinds[i]);
		assert_int_equal(promised("ledger", "largest_bytes")->expected, 1220 * 4096);
		assert_int_equal(promised("ledger", "largest_bytes")->tolerance, 0);
		assert_string_equal(promised("process", "VmSize")->slot, "largest_bytes");
	}
}

static void strict_overcommit_is_a_bound_and_holds_nothing(void **state)
{
	(void)state;
	drive_choose(&d, "by", "strict");
	assert_string_equal(promised("ledger", "largest_bytes")->slot, "predicted_bytes");
	assert_int_equal(promised("ledger", "largest_bytes")->tolerance, 8 * MB);
	assert_null(promised("process", "VmSize")->slot);
	drive_choose(&d, "by", "heuristic");
	assert_int_equal(promised("ledger", "largest_bytes")->tolerance, 0);
}

static void what_the_machines_mode_does_not_have_is_skipped(void **state)
{
	static const struct {
		const char *by;
		unsigned mode;
		uint64_t limit;
		int ret;
	} rows[] = {
		{ "heuristic", 0, 0, 0 },  { "heuristic", 1, 0, -ENODEV },
		{ "strict", 2, 0, 0 },	   { "strict", 0, 0, -ENODEV },
		{ "as", 0, 1024 * MB, 0 }, { "as", 0, 1025 * MB, -ENODEV },
		{ "as", 1, 1025 * MB, 0 }, { "data", 2, 300 * MB, -ENODEV },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char reason[256] = "";

		drive_choose(&d, "by", rows[i].by);
		drive_set(&d, "limit", rows[i].limit);
		d.env.overcommit_memory = rows[i].mode;
		assert_int_equal(drive_check(&d, reason, sizeof(reason)), rows[i].ret);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_drive, close_drive)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_limit_of_the_process_is_exact_and_rounded_down),
		TEST(strict_overcommit_is_a_bound_and_holds_nothing),
		TEST(what_the_machines_mode_does_not_have_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
