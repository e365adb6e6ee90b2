// SPDX-License-Identifier: GPL-2.0-or-later
/* What mlock promises: what is locked, what of it is in memory, and where the limit refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drive.h"
#include "workloads/api/arith.h"

#define MB (1ll << 20)

extern const struct workload mlock_workload;

static struct drive d;

static int open_drive(void **state)
{
	(void)state;
	drive_open(&d, &mlock_workload);
	drive_set(&d, "size", 64 * MB);
	*(double *)drive_option(&d, "touched") = 0.25;
	return 0;
}

static int close_drive(void **state)
{
	(void)state;
	drive_close(&d);
	return 0;
}

static int64_t promised(const char *scope, const char *counter)
{
	const struct claim *c;

	drive_claims(&d);
	drive_assert_claims_are_sound(&d);
	c = drive_claim(&d, SPAN_WORK, scope, counter);
	if (!c)
		fail_msg("nothing said of %s/%s", scope, counter);
	return c->expected;
}

static void what_is_locked_is_not_what_is_in_memory(void **state)
{
	static const struct {
		const char *how;
		int64_t limit, locked, pinned, rss, faults, refused;
	} rows[] = {
		{ "mlock", 0, 64 * MB, 64 * MB, 64 * MB, 16384, 0 },
		{ "onfault", 0, 64 * MB, 16 * MB, 16 * MB, 4096, 0 },
		{ "unlock", 0, -64 * MB, -64 * MB, 0, 0, 0 },
		{ "mlock", 8 * MB, 8 * MB, 8 * MB, 8 * MB, 2048, 1 },
		{ "mlock", 8 * MB + 4095, 8 * MB, 8 * MB, 8 * MB, 2048, 1 },
		{ "mlock", 64 * MB, 64 * MB, 64 * MB, 64 * MB, 16384, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		drive_choose(&d, "how", rows[i].how);
		drive_set(&d, "limit", (uint64_t)rows[i].limit);
		assert_int_equal(promised("process", "VmLck"), rows[i].locked);
		assert_int_equal(promised("mapping", "Locked"), rows[i].pinned);
		assert_int_equal(promised("group", "unevictable"), rows[i].pinned);
		assert_int_equal(promised("mapping", "Rss"), rows[i].rss);
		assert_int_equal(promised("process", "minflt"), rows[i].faults);
		assert_int_equal(promised("ledger", "locks_refused"), rows[i].refused);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_drive, close_drive)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_locked_is_not_what_is_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
