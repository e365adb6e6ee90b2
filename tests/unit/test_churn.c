// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What brk_churn and mmap_churn promise, by arithmetic alone, and that a duration is kept,
 * on the test's clock. The kernel's counts are tested in tests/kernel.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/drive.h"
#include "workloads/api/arith.h"

#define CYCLES 5
#define PAGES  300

extern const struct workload brk_churn_workload, mmap_churn_workload;

static const struct workload *const both[] = { &brk_churn_workload, &mmap_churn_workload };

static struct drive d;

/* Each reading of the clock is a millisecond later than the one before. */
#define READING_NS 1000000u

static uint64_t nr_readings;

int clock_gettime(clockid_t id, struct timespec *t)
{
	const uint64_t now_ns = ++nr_readings * READING_NS;

	(void)id;
	t->tv_sec = (time_t)(now_ns / 1000000000u);
	t->tv_nsec = (long)(now_ns % 1000000000u);
	return 0;
}

static void open_small(const struct workload *workload, const char *touch)
{
	drive_open(&d, workload);
	drive_set(&d, "size", PAGES * 4096);
	drive_set(&d, "cycles", CYCLES);
	drive_choose(&d, "touch", touch);
	drive_choose(&d, "pages", "4k");
}

static void each_touch_promises_its_faults_per_cycle(void **state)
{
	static const struct {
		const char *touch;
		int64_t faults;
	} rows[] = { { "write", PAGES },	  { "bytes", PAGES },	 { "read", PAGES },
		     { "read_write", 2 * PAGES }, { "populate", PAGES }, { "none", 0 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct claim *c;

		open_small(&brk_churn_workload, rows[i].touch);
		drive_claims(&d);
		c = drive_claim(&d, SPAN_WORK, "process", "minflt");
		assert_non_null(c);
		d.ledger->slot[0] = 7;
		assert_int_equal(drive_expected(&d, c), 7 * rows[i].faults);
		assert_int_equal(c->tolerance, 0);
		assert_int_equal(c->basis, BASIS_EXACT);
		c = drive_claim(&d, SPAN_WORK, "group", "pgfault");
		assert_int_equal(drive_expected(&d, c), 7 * rows[i].faults);
		drive_close(&d);
	}
}

static void huge_pages_fault_once_each_and_the_rest_by_page(void **state)
{
	(void)state;
	open_small(&mmap_churn_workload, "write");
	drive_set(&d, "size", 5u << 20);
	drive_choose(&d, "pages", "huge");
	drive_claims(&d);
	d.ledger->slot[0] = 1;
	assert_int_equal(drive_expected(&d, drive_claim(&d, SPAN_WORK, "process", "minflt")),
			 2 + 256);
	assert_int_equal(drive_claim(&d, SPAN_WORK, "ledger", "pages_present")->expected,
			 5 * 256);
	drive_close(&d);
}

static void nothing_is_promised_to_be_left(void **state)
{
	static const char *const still[] = { "Rss", "Anonymous", "VmSize", "VmData", "size" };

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		open_small(both[k], "write");
		drive_claims(&d);
		drive_assert_claims_are_sound(&d);
		for (unsigned i = 0; i < ARRAY_SIZE(still); i++) {
			const struct claim *c = drive_claim(&d, SPAN_WORK, "process", still[i]);

			assert_non_null(c);
			assert_int_equal(c->expected, 0);
			assert_int_equal(c->tolerance, 0);
			assert_int_equal(c->relation, RELATION_EQ);
		}
		assert_int_equal(drive_claim(&d, SPAN_WORK, "group", "anon")->expected, 0);
		assert_int_equal(drive_claim(&d, SPAN_RESIDUE, "group", "anon")->tolerance, 0);
		drive_close(&d);
	}
}

static void a_number_of_cycles_is_promised_unless_a_time_is_given(void **state)
{
	(void)state;
	open_small(&brk_churn_workload, "write");
	drive_claims(&d);
	assert_int_equal(drive_claim(&d, SPAN_WORK, "ledger", "cycles")->expected, CYCLES);
	drive_set(&d, "duration", 1000000000);
	drive_claims(&d);
	assert_null(drive_claim(&d, SPAN_WORK, "ledger", "cycles"));
	drive_close(&d);
}

static void a_duration_is_kept(void **state)
{
	(void)state;
	open_small(&mmap_churn_workload, "none");
	drive_set(&d, "duration", 50 * READING_NS);
	assert_int_equal(drive_begin(&d), 0);
	assert_int_equal(d.workload->run(&d.worker), 0);
	/* One reading ends a cycle and starts the next; before them comes the cycle with a
	 * look. */
	assert_int_equal(drive_slot(&d, "cycles"), 51);
	drive_end(&d);
	drive_close(&d);
}

static void what_cannot_be_kept_is_refused(void **state)
{
	char reason[256] = "";

	(void)state;
	open_small(&brk_churn_workload, "read");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	drive_choose(&d, "pages", "huge");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	drive_choose(&d, "touch", "write");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	d.env.thp = THP_NEVER;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	d.env.thp = THP_MADVISE;
	d.env.high_bytes = 1u << 20;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	d.env.high_bytes = 0;
	drive_choose(&d, "pages", "4k");
	drive_choose(&d, "touch", "populate");
	d.env.capability[CAPABILITY_POPULATE] = CAPABILITY_NO;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	drive_close(&d);
}

/* The plan asks for the duration of a worker that will be skipped too. */
static void a_kernel_without_huge_pages_is_refused_and_survived(void **state)
{
	char reason[256] = "";

	(void)state;
	open_small(&brk_churn_workload, "write");
	drive_choose(&d, "pages", "huge");
	d.env.thp = THP_ABSENT;
	d.env.pmd_bytes = 0;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	assert_true(brk_churn_workload.seconds(d.params, &d.env) > 0);
	drive_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_touch_promises_its_faults_per_cycle),
		cmocka_unit_test(huge_pages_fault_once_each_and_the_rest_by_page),
		cmocka_unit_test(nothing_is_promised_to_be_left),
		cmocka_unit_test(a_number_of_cycles_is_promised_unless_a_time_is_given),
		cmocka_unit_test(a_duration_is_kept),
		cmocka_unit_test(what_cannot_be_kept_is_refused),
		cmocka_unit_test(a_kernel_without_huge_pages_is_refused_and_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
