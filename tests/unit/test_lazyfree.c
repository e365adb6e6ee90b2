// SPDX-License-Identifier: GPL-2.0-or-later
/* What lazyfree promises of each advice follows from N pages and the M written again. */
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

extern const struct workload lazyfree_workload;

static struct drive d;

static int open_drive(void **state)
{
	(void)state;
	drive_open(&d, &lazyfree_workload);
	drive_set(&d, "size", 64 * MB);
	*(double *)drive_option(&d, "rewrite") = 0.25;
	strcpy(drive_option(&d, "fill"), "random");
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

static void set_swap(bool on)
{
	d.env.swap = on ? SWAP_ZRAM : SWAP_NONE;
	d.env.swap_bytes = on ? 256 * MB : 0;
}

static void each_advice_frees_marks_or_keeps_what_is_not_written_again(void **state)
{
	static const struct {
		const char *advice;
		bool reclaim;
		int64_t rss, lazy, dirty, swapped, kept, zero;
	} rows[] = {
		{ "free", false, 0, 48 * MB, -48 * MB, 0, 16384, 0 },
		{ "free", true, -48 * MB, 0, -48 * MB, 0, 4096, 12288 },
		{ "dontneed", false, -48 * MB, 0, -48 * MB, 0, 4096, 12288 },
		{ "cold", false, 0, 0, 0, 0, 16384, 0 },
		{ "pageout", false, -48 * MB, 0, -48 * MB, 48 * MB, 16384, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char reason[256] = "";

		drive_choose(&d, "advice", rows[i].advice);
		*(bool *)drive_option(&d, "reclaim") = rows[i].reclaim;
		set_swap(rows[i].swapped);
		assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
		assert_int_equal(promised("mapping", "Rss"), rows[i].rss);
		assert_int_equal(promised("mapping", "LazyFree"), rows[i].lazy);
		assert_int_equal(promised("mapping", "Private_Clean"), rows[i].lazy);
		assert_int_equal(promised("mapping", "Private_Dirty"), rows[i].dirty);
		assert_int_equal(promised("mapping", "Swap"), rows[i].swapped);
		assert_int_equal(promised("group", "anon"), rows[i].rss);
		assert_int_equal(promised("ledger", "pages_kept"), rows[i].kept);
		assert_int_equal(promised("ledger", "pages_zero"), rows[i].zero);
	}
}

static void a_write_cancels_in_the_mapping_and_not_on_the_list(void **state)
{
	(void)state;
	drive_choose(&d, "advice", "free");
	*(double *)drive_option(&d, "rewrite") = 1;
	assert_int_equal(promised("mapping", "LazyFree"), 0);
	assert_int_equal(promised("group", "inactive_file"), 64 * MB);
	assert_int_equal(promised("group", "pglazyfree"), 16384);
	assert_int_equal(promised("group", "pglazyfreed"), 0);
	d.env.mglru = true;
	drive_claims(&d);
	assert_null(drive_claim(&d, SPAN_WORK, "group", "inactive_file"));
}

static void what_contradicts_is_refused_with_the_remedy(void **state)
{
	static const struct {
		const char *advice, *fill, *said;
		bool reclaim, swap;
	} rows[] = {
		{ "cold", "random", "reclaim=yes is for advice=free", true, false },
		{ "free", "random", "leave out [swap]", true, true },
		{ "pageout", "random", "add swap.size", false, false },
		{ "free", "zero", "use another fill", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char reason[256] = "";

		drive_choose(&d, "advice", rows[i].advice);
		strcpy(drive_option(&d, "fill"), rows[i].fill);
		*(bool *)drive_option(&d, "reclaim") = rows[i].reclaim;
		set_swap(rows[i].swap);
		assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
		assert_non_null(strstr(reason, rows[i].said));
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_drive, close_drive)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(each_advice_frees_marks_or_keeps_what_is_not_written_again),
		TEST(a_write_cancels_in_the_mapping_and_not_on_the_list),
		TEST(what_contradicts_is_refused_with_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
