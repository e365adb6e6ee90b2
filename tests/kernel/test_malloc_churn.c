// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * malloc behaves like its model: the real malloc in the worker's frame, compared with
 * /proc and mallinfo2.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/kernel/trial.h"
#include "tests/unit/setup.h"
#include "workloads/act/prng.h"
#include "workloads/api/arith.h"

#define KB 1024ull
#define MB (1024 * KB)

extern const struct workload malloc_churn_workload;

static struct drive d;

static void open_default(uint64_t size, uint64_t blocks, uint64_t cycles, const char *touch)
{
	trial_open(&d, &malloc_churn_workload);
	setup_malloc_churn(&d, size, blocks, cycles, touch);
}

static void fix_thresholds(uint64_t mmap_threshold, uint64_t trim_threshold, uint64_t top_pad)
{
	*(bool *)drive_option(&d, "dynamic") = false;
	drive_set(&d, "mmap_threshold", mmap_threshold);
	drive_set(&d, "trim_threshold", trim_threshold);
	drive_set(&d, "top_pad", top_pad);
}

static void expect_all_claims_hold(void)
{
	unsigned failed, judged;

	trial_need_glibc(&d);
	judged = trial_judge(&d, 0, true, &failed);
	if (failed)
		print_message("size %llu blocks %llu\n",
			      *(unsigned long long *)drive_option(&d, "size"),
			      *(unsigned long long *)drive_option(&d, "blocks"));
	assert_int_equal(failed, 0);
	assert_true(judged >= 15);
	drive_close(&d);
}

static void malloc_keeps_the_promises_of_one_block(void **state)
{
	static const uint64_t sizes[] = { 2 * KB,   4 * KB,	   5000,     64 * KB,
					  100 * KB, 128 * KB - 24, 128 * KB, 200 * KB,
					  1 * MB,   31 * MB,	   33 * MB };
	static const char *const touches[] = { "none", "write", "bytes" };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		for (unsigned t = 0; t < 3; t++) {
			open_default(sizes[i], 1, 5, touches[t]);
			expect_all_claims_hold();
		}
}

static void malloc_keeps_the_promises_of_fixed_thresholds(void **state)
{
	static const struct {
		uint64_t size, mmap_threshold, trim_threshold, top_pad;
	} rows[] = {
		{ 200 * KB, 128 * KB, 128 * KB, 128 * KB },
		{ 64 * KB, 128 * KB, 0, 128 * KB },
		{ 64 * KB, 128 * KB, 0, 0 },
		{ 1 * MB, 32 * MB, 0, 0 },
		{ 1 * MB, 32 * MB, 256 * MB, 1 * MB },
		{ 300 * KB, 1 * MB, 700 * KB, 12345 },
		{ 6000, 4 * KB, 0, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned blocks = 1; blocks <= 9; blocks += 4) {
			open_default(rows[i].size, blocks, 4, "write");
			fix_thresholds(rows[i].mmap_threshold, rows[i].trim_threshold,
				       rows[i].top_pad);
			expect_all_claims_hold();
		}
}

static void malloc_keeps_the_promises_of_fragmentation(void **state)
{
	static const uint64_t sizes[] = { 2 * KB, 4 * KB, 10000, 40 * KB, 200 * KB };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		for (unsigned bits = 0; bits < 8; bits++) {
			open_default(sizes[i], 257, 3, bits & 4 ? "none" : "bytes");
			drive_choose(&d, "order", bits & 1 ? "fifo" : "lifo");
			drive_set(&d, "keep", bits & 2 ? 8 : 2);
			*(bool *)drive_option(&d, "trim") = bits & 1;
			expect_all_claims_hold();
		}
}

static uint64_t between(uint64_t *rng, uint64_t low, uint64_t high)
{
	return low + prng_below(rng, high - low + 1);
}

static void malloc_keeps_the_promises_of_random_parameters(void **state)
{
	static const char *const touches[] = { "none", "write", "bytes" };
	uint64_t rng = 1;

	(void)state;
	for (unsigned i = 0; i < 150; i++) {
		uint64_t size = 2048 + between(&rng, 0, 1ull << between(&rng, 4, 21));
		uint64_t blocks = between(&rng, 1, size < 64 * KB ? 800 : 40);

		open_default(size, blocks, between(&rng, 1, 6), touches[between(&rng, 0, 2)]);
		drive_choose(&d, "order", between(&rng, 0, 1) ? "lifo" : "fifo");
		drive_set(&d, "keep", between(&rng, 0, 9));
		*(bool *)drive_option(&d, "trim") = between(&rng, 0, 1);
		if (between(&rng, 0, 1))
			fix_thresholds(between(&rng, 4 * KB, 4 * MB), between(&rng, 0, 8 * MB),
				       between(&rng, 0, 2 * MB));
		expect_all_claims_hold();
	}
}

static void a_block_fewer_is_seen(void **state)
{
	static const char *const touches[] = { "none", "write", "bytes" };
	unsigned failed;

	(void)state;
	for (unsigned t = 0; t < 3; t++) {
		open_default(64 * KB, 3, 5, touches[t]);
		trial_need_glibc(&d);
		assert_true(trial_judge(&d, 1, false, &failed) > 0);
		assert_true(failed > 0);
		drive_close(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malloc_keeps_the_promises_of_one_block),
		cmocka_unit_test(malloc_keeps_the_promises_of_fixed_thresholds),
		cmocka_unit_test(malloc_keeps_the_promises_of_fragmentation),
		cmocka_unit_test(malloc_keeps_the_promises_of_random_parameters),
		cmocka_unit_test(a_block_fewer_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
