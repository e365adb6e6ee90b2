// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What leak promises and refuses, by arithmetic alone. tests/kernel tests that it holds.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/setup.h"
#include "workloads/api/arith.h"

#define KB 1024ull
#define MB (1024 * KB)

extern const struct workload leak_workload;

static struct drive d;

static void open_leak(const char *allocator, uint64_t threads, uint64_t blocks, uint64_t size)
{
	drive_open(&d, &leak_workload);
	setup_leak(&d, allocator, threads, blocks, size);
}

static void the_rate_decides_when_it_ends(void **state)
{
	const struct claim *c;

	(void)state;
	open_leak("malloc", 1, 1000, 8192);
	drive_claims(&d);
	drive_assert_claims_are_sound(&d);
	assert_null(drive_claim(&d, SPAN_WORK, "ledger", "leak_ns"));
	drive_set(&d, "rate", 819200);
	drive_claims(&d);
	c = drive_claim(&d, SPAN_WORK, "ledger", "leak_ns");
	assert_non_null(c);
	assert_int_equal(c->expected, 10000000000);
	assert_int_equal(c->relation, RELATION_GE);
	assert_int_equal(c->tolerance, 0);
	c++; /* the other side of it */
	assert_string_equal(c->counter, "leak_ns");
	assert_int_equal(c->expected, 10000000000);
	assert_int_equal(c->relation, RELATION_LE);
	assert_int_equal(c->tolerance, 100000000);
	assert_string_equal(c->slot, "delay_ns");
	drive_close(&d);
}

static void contradictions_are_refused(void **state)
{
	static const struct {
		const char *allocator;
		uint64_t threads;
		const char *reach, *touch;
		int ret;
	} rows[] = {
		{ "brk", 1, "lost", "write", 0 },
		{ "brk", 2, "lost", "write", -EINVAL },
		{ "malloc", 0, "stack", "write", -EINVAL },
		{ "malloc", 1, "stack", "write", 0 },
		{ "malloc", 1, "chain", "none", -EINVAL },
		{ "mmap", 1, "lost", "none", 0 },
		{ "malloc", 1, "lost", "none", -EINVAL },
		{ "malloc", 0, "lost", "none", 0 },
		{ "calloc", 0, "lost", "none", -EINVAL },
	};
	char reason[256];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		open_leak(rows[i].allocator, rows[i].threads, 10, 8192);
		drive_choose(&d, "reach", rows[i].reach);
		drive_choose(&d, "touch", rows[i].touch);
		if (drive_check(&d, reason, sizeof(reason)) != -ENODEV)
			assert_int_equal(drive_check(&d, reason, sizeof(reason)), rows[i].ret);
		drive_close(&d);
	}
	open_leak("aligned_alloc", 1, 10, 8192);
	drive_set(&d, "align", 96);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	drive_set(&d, "align", 64);
	d.env.limit_bytes = 64 * KB;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	drive_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rate_decides_when_it_ends),
		cmocka_unit_test(contradictions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
