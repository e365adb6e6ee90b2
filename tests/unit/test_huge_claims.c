// SPDX-License-Identifier: GPL-2.0-or-later
/* The promises of thp and hugetlb follow from the allowed sizes and the pool's pages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drive.h"
#include "workloads/api/arith.h"

#define MB (1ull << 20)

#define ORDER_16K (1u << 2)
#define ORDER_64K (1u << 4)
#define ORDER_2M  (1u << 9)

extern const struct workload thp_workload, hugetlb_workload, shm_workload;

static struct drive d;

static int open_thp(void **state)
{
	(void)state;
	drive_open(&d, &thp_workload);
	drive_set(&d, "size", 64 * MB);
	drive_set(&d, "drop", 1);
	strcpy(drive_option(&d, "fill"), "random");
	return 0;
}

static int open_hugetlb(void **state)
{
	(void)state;
	drive_open(&d, &hugetlb_workload);
	drive_set(&d, "size", 64 * MB);
	strcpy(drive_option(&d, "fill"), "random");
	return 0;
}

static int open_shm(void **state)
{
	(void)state;
	drive_open(&d, &shm_workload);
	drive_set(&d, "size", 64 * MB);
	drive_set(&d, "procs", 2);
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

static void a_fault_takes_the_largest_folio_that_fits(void **state)
{
	static const struct {
		uint32_t orders;
		uint64_t size, offset;
		int64_t faults, huge, folios;
	} rows[] = {
		{ ORDER_2M, 64 * MB, 0, 32, 32, 32 },
		{ ORDER_2M, 64 * MB, 12288, 543, 31, 31 },
		{ ORDER_64K, 64 * MB, 0, 1024, 0, 1024 },
		/* 13 pages to 64 KiB, 31 folios to 2 MiB, 31 huge pages, 3 pages */
		{ ORDER_2M | ORDER_64K, 64 * MB, 12288, 13 + 31 + 31 + 3, 31, 62 },
		/* a page, 3 folios of 16 KiB, 31 of 64 KiB, 31 huge pages, 3 pages */
		{ ORDER_2M | ORDER_64K | ORDER_16K, 64 * MB, 12288, 1 + 3 + 31 + 31 + 3, 31,
		  65 },
		/* a tail of 1 MiB and a page */
		{ ORDER_2M, 3 * MB + 4096, 0, 1 + 257, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		d.env.thp_orders_madvise = rows[i].orders;
		drive_set(&d, "size", rows[i].size);
		drive_set(&d, "offset", rows[i].offset);
		assert_int_equal(promised("process", "minflt"), rows[i].faults);
		assert_int_equal(promised("mapping", "AnonHugePages"),
				 rows[i].huge * (int64_t)(2 * MB));
		assert_int_equal(promised("ledger", "large_folios"), rows[i].folios);
	}
}

static void what_a_huge_page_loses_stays_charged_until_it_is_split(void **state)
{
	(void)state;
	drive_set(&d, "drop", 256);
	drive_choose(&d, "mode", "dontneed");
	assert_int_equal(promised("group", "anon"), -(int64_t)(32 * MB));
	assert_int_equal(promised("group", "memory.current"), 0);
	assert_int_equal(promised("ledger", "large_folios"), 32);
	drive_choose(&d, "mode", "split");
	assert_int_equal(promised("group", "anon"), -(int64_t)(32 * MB));
	assert_int_equal(promised("group", "memory.current"), -(int64_t)(32 * MB));
	assert_int_equal(promised("ledger", "large_folios"), 0);
}

static void a_size_that_is_off_is_named(void **state)
{
	char reason[256] = "";

	(void)state;
	d.env.thp_orders_madvise = ORDER_64K;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	drive_choose(&d, "mode", "split");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	assert_non_null(strstr(reason, "thp.enabled=madvise"));
	drive_choose(&d, "mode", "always");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	assert_non_null(strstr(reason, "thp.enabled=always"));
}

static void only_a_quiet_guest_makes_the_machines_counters_exact(void **state)
{
	(void)state;
	assert_int_equal(promised("system", "thp_fault_alloc"), 32);
	assert_int_equal(drive_claim(&d, SPAN_WORK, "system", "thp_fault_alloc")->relation,
			 RELATION_GE);
	d.env.in_lab = true;
	assert_int_equal(promised("system", "thp_split_page"), 0);
	assert_int_equal(drive_claim(&d, SPAN_WORK, "system", "thp_fault_alloc")->relation,
			 RELATION_EQ);
}

static void a_pool_that_lacks_pages_is_told_with_the_setting_that_helps(void **state)
{
	char reason[256] = "";

	(void)state;
	d.env.hugetlb_2m = 31;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	assert_non_null(strstr(reason, "hugepages.2048kB=32"));
	d.env.hugetlb_2m = 32;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	drive_choose(&d, "page", "1G");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	assert_non_null(strstr(reason, "hugepages.1048576kB=1"));
}

static void a_fault_makes_a_promise_good_and_a_reservation_makes_one(void **state)
{
	(void)state;
	assert_int_equal(promised("system", "HugePages_Free"), -32);
	assert_int_equal(promised("system", "HugePages_Rsvd"), -32);
	assert_int_equal(promised("process", "HugetlbPages"), 64 * MB);
	assert_int_equal(promised("mapping", "Rss"), 0);
	drive_choose(&d, "mode", "reserve");
	assert_int_equal(promised("system", "HugePages_Rsvd"), 32);
	assert_int_equal(promised("process", "minflt"), 0);
	assert_int_equal(promised("process", "HugetlbPages"), 0);
}

/* Pages of 16 KiB: the default is 32 MiB, and 2 MiB has a pool of its own. */
static void meminfo_is_promised_of_the_default_size_alone(void **state)
{
	(void)state;
	d.env.hugetlb_default_bytes = 32 * MB;
	drive_claims(&d);
	for (unsigned i = 0; i < d.claims.nr; i++)
		assert_null(strstr(d.claims.claim[i].counter, "HugePages_"));
	assert_int_equal(promised("ledger", "pool_taken"), 32);
	d.env.hugetlb_default_bytes = 2 * MB;
	assert_int_equal(promised("system", "HugePages_Free"), -32);
}

/* Where the group has swap, the harness lets it exceed its limit. */
static void a_mapping_beyond_the_limit_is_refused(void **state)
{
	char reason[256];

	(void)state;
	d.env.limit_bytes = 128 * MB;
	assert_int_equal(workload_check(d.workload, d.params, &d.env, reason, sizeof(reason)),
			 0);
	d.env.limit_bytes = 60 * MB;
	assert_int_equal(workload_check(d.workload, d.params, &d.env, reason, sizeof(reason)),
			 -EINVAL);
	assert_non_null(strstr(reason, "memory.max"));
}

/* One that reserves hides another one's fault: both move HugePages_Rsvd of the machine. */
static void two_workers_of_one_pool_promise_nothing_of_the_pool(void **state)
{
	(void)state;
	assert_int_equal(promised("system", "HugePages_Rsvd"), -32);
	d.env.alike = true;
	drive_claims(&d);
	assert_null(drive_claim(&d, SPAN_WORK, "system", "HugePages_Rsvd"));
	assert_null(drive_claim(&d, SPAN_WORK, "system", "HugePages_Free"));
	assert_null(drive_claim(&d, SPAN_WORK, "ledger", "pool_taken"));
	assert_int_equal(promised("process", "HugetlbPages"), 64 * MB);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fault_takes_the_largest_folio_that_fits,
						open_thp, close_drive),
		cmocka_unit_test_setup_teardown(
			what_a_huge_page_loses_stays_charged_until_it_is_split, open_thp,
			close_drive),
		cmocka_unit_test_setup_teardown(a_size_that_is_off_is_named, open_thp,
						close_drive),
		cmocka_unit_test_setup_teardown(
			only_a_quiet_guest_makes_the_machines_counters_exact, open_thp,
			close_drive),
		cmocka_unit_test_setup_teardown(
			a_pool_that_lacks_pages_is_told_with_the_setting_that_helps,
			open_hugetlb, close_drive),
		cmocka_unit_test_setup_teardown(
			a_fault_makes_a_promise_good_and_a_reservation_makes_one, open_hugetlb,
			close_drive),
		cmocka_unit_test_setup_teardown(meminfo_is_promised_of_the_default_size_alone,
						open_hugetlb, close_drive),
		cmocka_unit_test_setup_teardown(
			two_workers_of_one_pool_promise_nothing_of_the_pool, open_hugetlb,
			close_drive),
		cmocka_unit_test_setup_teardown(a_mapping_beyond_the_limit_is_refused, open_thp,
						close_drive),
		cmocka_unit_test_setup_teardown(a_mapping_beyond_the_limit_is_refused, open_shm,
						close_drive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
