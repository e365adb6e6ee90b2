// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The model of malloc: answers computed manually. tests/kernel tests that the real malloc
 * behaves like the model.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/setup.h"
#include "workloads/act/heap_model.h"
#include "workloads/api/arith.h"

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
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
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
	setup_malloc_churn(&d, size, blocks, cycles, touch);
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
		cmocka_unit_test(what_cannot_be_kept_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
