// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * malloc does what its model says: known answers by hand, then the real malloc in
 * the worker's frame, held against /proc and mallinfo2.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/play.h"
#include "workloads/heap_model.h"
#include "workloads/prng.h"

#define KB 1024ull
#define MB (1024 * KB)

extern const struct workload malloc_churn_workload;

static struct drive d;

static struct heap_plan defaults(void)
{
	return (struct heap_plan){ .page_bytes = 4096,
				   .blocks = 1,
				   .touch = HEAP_TOUCH_WRITE,
				   .dynamic = true,
				   .mmap_threshold = 128 * KB,
				   .trim_threshold = 128 * KB,
				   .top_pad = 128 * KB };
}

static uint64_t faults(const struct heap_plan *plan, uint64_t cycles)
{
	struct heap_plan with = *plan;
	struct heap_outcome outcome;

	with.cycles = cycles;
	assert_int_equal(heap_model(&with, &outcome), 0);
	return outcome.faults;
}

/* Faults of each of the first four cycles and of the thousandth. */
static void thresholds_decide_which_cycles_fault(void **state)
{
	static const struct {
		uint64_t size, mmap_threshold, trim_threshold, top_pad; /* 0, 0, 0: dynamic */
		uint64_t each[3], later;
	} rows[] = {
		{ 64 * KB, 0, 0, 0, { 16, 0, 0 }, 0 },
		{ 100 * KB, 0, 0, 0, { 25, 0, 0 }, 0 },
		{ 200 * KB, 0, 0, 0, { 50, 50, 0 }, 0 },
		{ 1 * MB, 0, 0, 0, { 256, 256, 0 }, 0 },
		{ 31 * MB, 0, 0, 0, { 7936, 7936, 0 }, 0 },
		{ 33 * MB, 0, 0, 0, { 8448, 8448, 8448 }, 8448 },
		{ 200 * KB, 128 * KB, 128 * KB, 128 * KB, { 50, 50, 50 }, 50 },
		{ 1 * MB, 128 * KB, 128 * KB, 128 * KB, { 256, 256, 256 }, 256 },
		{ 64 * KB, 128 * KB, 0, 128 * KB, { 16, 0, 0 }, 0 },
		{ 64 * KB, 128 * KB, 0, 0, { 16, 16, 16 }, 16 },
		{ 1 * MB, 2 * MB, 0, 0, { 256, 256, 256 }, 256 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct heap_plan plan = defaults();
		uint64_t sum = 0;

		plan.block_bytes = rows[i].size;
		plan.dynamic = !rows[i].mmap_threshold;
		plan.mmap_threshold = rows[i].mmap_threshold;
		plan.trim_threshold = rows[i].trim_threshold;
		plan.top_pad = rows[i].top_pad;
		for (unsigned k = 0; k < 3; k++) {
			sum += rows[i].each[k];
			assert_int_equal(faults(&plan, k + 1), sum);
		}
		assert_int_equal(faults(&plan, 1000), sum + 997 * rows[i].later);
	}
}

static void a_kept_block_pins_the_heap_below_it(void **state)
{
	struct heap_plan plan = defaults();
	struct heap_outcome all, half;

	(void)state;
	plan.block_bytes = 4 * KB;
	plan.blocks = 1000;
	plan.cycles = 1;
	plan.trim = true;
	assert_int_equal(heap_model(&plan, &all), 0);
	plan.keep = 2;
	assert_int_equal(heap_model(&plan, &half), 0);
	assert_int_equal(all.heap_bytes, 0);
	assert_int_equal(all.resident_bytes, 0);
	assert_int_equal(half.in_use_bytes, 500 * heap_chunk_bytes(4 * KB));
	/* A hole of 4112 bytes has no whole page behind its links. */
	assert_true(half.resident_bytes >= 999 * 4096);
}

static void open_default(uint64_t size, uint64_t blocks, uint64_t cycles, const char *touch)
{
	drive_open(&d, &malloc_churn_workload);
	drive_set(&d, "size", size);
	drive_set(&d, "blocks", blocks);
	drive_set(&d, "cycles", cycles);
	drive_choose(&d, "touch", touch);
	drive_choose(&d, "order", "lifo");
	*(bool *)drive_option(&d, "dynamic") = true;
	drive_set(&d, "mmap_threshold", 128 * KB);
	drive_set(&d, "trim_threshold", 128 * KB);
	drive_set(&d, "top_pad", 128 * KB);
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

	play_need_glibc(&d);
	judged = play_judge(&d, 0, true, &failed);
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
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
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
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
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
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
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
		play_need_glibc(&d);
		assert_true(play_judge(&d, 1, false, &failed) > 0);
		assert_true(failed > 0);
		drive_close(&d);
	}
}

static void what_cannot_be_kept_is_refused(void **state)
{
	char reason[256] = "";

	(void)state;
	open_default(64 * KB, 1, 5, "write");
	drive_set(&d, "top_pad", 0);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "dynamic=no"));
	*(bool *)drive_option(&d, "dynamic") = false;
	d.env.limit_bytes = 64 * KB;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "memory.max"));
	drive_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_decide_which_cycles_fault),
		cmocka_unit_test(a_kept_block_pins_the_heap_below_it),
		cmocka_unit_test(malloc_keeps_the_promises_of_one_block),
		cmocka_unit_test(malloc_keeps_the_promises_of_fixed_thresholds),
		cmocka_unit_test(malloc_keeps_the_promises_of_fragmentation),
		cmocka_unit_test(malloc_keeps_the_promises_of_random_parameters),
		cmocka_unit_test(a_block_fewer_is_seen),
		cmocka_unit_test(what_cannot_be_kept_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
