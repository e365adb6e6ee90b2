// SPDX-License-Identifier: GPL-2.0-or-later
/* brk_churn and mmap_churn take the promised faults and leave no memory behind. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/kernel/kernel.h"
#include "tests/unit/drive.h"
#include "workloads/api/arith.h"

#define CYCLES 5
#define PAGES  300

extern const struct workload brk_churn_workload, mmap_churn_workload;

static const struct workload *const both[] = { &brk_churn_workload, &mmap_churn_workload };

static struct drive d;

static void open_small(const struct workload *workload, const char *touch)
{
	drive_open(&d, workload);
	kernel_describe(&d.env);
	drive_set(&d, "size", PAGES * d.env.page_bytes);
	drive_set(&d, "cycles", CYCLES);
	drive_choose(&d, "touch", touch);
	drive_choose(&d, "pages", "4k");
}

/* Faults of a second run(), when all code and data of the first is there. */
static int64_t run_warm(uint64_t shortfall_pages)
{
	int64_t before;

	for (int warm = 0; warm < 2; warm++) {
		assert_int_equal(drive_begin(&d), 0);
		d.ledger->shortfall_pages = shortfall_pages;
		before = kernel_minor_faults();
		assert_int_equal(d.workload->run(&d.worker), 0);
		before = kernel_minor_faults() - before;
		drive_end(&d);
	}
	return before;
}

/* A count that the kernel alone can have raised is taken again, and says so. */
static void expect_faults(int64_t expected, uint64_t shortfall_pages)
{
	struct kernel_watch watch = { 0 };
	int64_t faults;

	do {
		kernel_watch_start(&watch);
		faults = run_warm(shortfall_pages);
	} while (faults > expected && kernel_may_retry(&watch));
	assert_int_equal(faults, expected);
}

static void run_takes_the_promised_faults(void **state)
{
	static const struct {
		const char *touch;
		unsigned faults_a_page; /* with a zero page; without, one at most */
	} rows[] = { { "write", 1 },	  { "bytes", 1 },    { "read", 1 },
		     { "read_write", 2 }, { "populate", 1 }, { "none", 0 } };
	const unsigned most = kernel_has_zero_page() ? 2 : 1;

	(void)state;
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
			const unsigned each = rows[i].faults_a_page;
			const int64_t expected = (each < most ? each : most) * CYCLES * PAGES;
			void *top = sbrk(0);

			open_small(both[k], rows[i].touch);
			drive_claims(&d);
			expect_faults(expected, 0);
			assert_int_equal(drive_expected(&d, drive_claim(&d, SPAN_WORK,
									"process", "minflt")),
					 expected);
			assert_int_equal(drive_slot(&d, "cycles"), CYCLES);
			assert_int_equal(drive_slot(&d, "pages_present"), each ? PAGES : 0);
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
		expect_faults(CYCLES * (PAGES - 1), 1);
		assert_int_equal(drive_slot(&d, "pages_present"), PAGES - 1);
		drive_close(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_takes_the_promised_faults),
		cmocka_unit_test(a_page_fewer_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
