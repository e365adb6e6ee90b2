// SPDX-License-Identifier: GPL-2.0-or-later
/* brk_churn and mmap_churn take the faults they promise, and leave nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/drive.h"

#define CYCLES 5
#define PAGES  300

extern const struct workload brk_churn_workload, mmap_churn_workload;

static const struct workload *const both[] = { &brk_churn_workload, &mmap_churn_workload };

static struct drive d;

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
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
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
		for (unsigned i = 0; i < sizeof(still) / sizeof(still[0]); i++) {
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

/* Faults of a second run(), when all code and data of the first is there. */
static int64_t run_warm(uint64_t sabotage_pages)
{
	int64_t before;

	for (int warm = 0; warm < 2; warm++) {
		assert_int_equal(drive_begin(&d), 0);
		d.ledger->sabotage_pages = sabotage_pages;
		before = drive_minor_faults();
		assert_int_equal(d.workload->run(&d.worker), 0);
		before = drive_minor_faults() - before;
		drive_end(&d);
	}
	return before;
}

static void run_takes_the_promised_faults(void **state)
{
	static const char *const touches[] = { "write",	     "bytes",	 "read",
					       "read_write", "populate", "none" };

	(void)state;
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < sizeof(touches) / sizeof(touches[0]); i++) {
			void *top = sbrk(0);
			int64_t faults;

			open_small(both[k], touches[i]);
			drive_claims(&d);
			faults = run_warm(0);
			assert_int_equal(faults,
					 drive_expected(&d, drive_claim(&d, SPAN_WORK,
									"process", "minflt")));
			assert_int_equal(drive_slot(&d, "cycles"), CYCLES);
			assert_int_equal(drive_slot(&d, "pages_present"),
					 strcmp(touches[i], "none") ? PAGES : 0);
			assert_int_equal(drive_slot(&d, "pages_left"), 0);
			assert_int_equal(d.ledger->latency.count, CYCLES - 1);
			assert_true((char *)sbrk(0) - (char *)top < 2 << 20);
			drive_close(&d);
		}
}

static void a_page_fewer_is_seen(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		open_small(both[k], "write");
		drive_claims(&d);
		assert_int_equal(run_warm(1), CYCLES * (PAGES - 1));
		assert_int_equal(drive_slot(&d, "pages_present"), PAGES - 1);
		drive_close(&d);
	}
}

static void a_duration_is_kept(void **state)
{
	uint64_t start;

	(void)state;
	open_small(&mmap_churn_workload, "none");
	drive_set(&d, "duration", 50000000);
	assert_int_equal(drive_begin(&d), 0);
	start = worker_now_ns();
	assert_int_equal(d.workload->run(&d.worker), 0);
	start = worker_now_ns() - start;
	assert_true(start >= 50000000 && start < 2000000000);
	assert_true(drive_slot(&d, "cycles") > CYCLES);
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
	d.env.kernel = ENV_KERNEL(5, 10);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	drive_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_touch_promises_its_faults_per_cycle),
		cmocka_unit_test(huge_pages_fault_once_each_and_the_rest_by_page),
		cmocka_unit_test(nothing_is_promised_to_be_left),
		cmocka_unit_test(a_number_of_cycles_is_promised_unless_a_time_is_given),
		cmocka_unit_test(run_takes_the_promised_faults),
		cmocka_unit_test(a_page_fewer_is_seen),
		cmocka_unit_test(a_duration_is_kept),
		cmocka_unit_test(what_cannot_be_kept_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
