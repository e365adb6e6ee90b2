// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes are due by the rate or the shape; no wake-up is late or needless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workloads/act/pace.h"
#include "workloads/api/arith.h"

#define MS 1000000ull
#define MB (1ull << 20)

static const struct pace paces[] = {
	{ .shape = PACE_LINEAR, .rate = 4096 },
	{ .shape = PACE_LINEAR, .rate = 100 * MB },
	{ .shape = PACE_LINEAR, .rate = 1000 * MB },
	{ .shape = PACE_STEPS, .chunk_bytes = 8 * MB, .interval_ns = 100 * MS },
	{ .shape = PACE_EXPONENTIAL, .chunk_bytes = 1 * MB, .interval_ns = 50 * MS },
};

static void each_shape_has_its_amounts(void **state)
{
	static const struct {
		unsigned pace;
		uint64_t at_ns, bytes;
	} due[] = {
		{ 0, 0, 0 },
		{ 0, 999999999, 4095 },
		{ 0, 1000000000, 4096 },
		{ 1, 500 * MS, 50 * MB },
		{ 3, 0, 8 * MB },
		{ 3, 99 * MS, 8 * MB },
		{ 3, 100 * MS, 16 * MB },
		{ 4, 49 * MS, 1 * MB },
		{ 4, 50 * MS, 2 * MB },
		{ 4, 160 * MS, 8 * MB },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(due); i++)
		assert_int_equal(pace_due(&paces[due[i].pace], due[i].at_ns), due[i].bytes);
}

static void unpaced_and_burst_are_unbounded_from_their_moment(void **state)
{
	const struct pace unpaced = { .shape = PACE_LINEAR };
	const struct pace burst = { .shape = PACE_BURST, .interval_ns = 7 * MS };

	(void)state;
	assert_true(pace_due(&unpaced, 0) == UINT64_MAX);
	assert_int_equal(pace_when(&unpaced, MB), 0);
	assert_int_equal(pace_due(&burst, 7 * MS - 1), 0);
	assert_true(pace_due(&burst, 7 * MS) == UINT64_MAX);
	assert_int_equal(pace_when(&burst, MB), 7 * MS);
}

static void amounts_saturate_and_do_not_wrap(void **state)
{
	(void)state;
	assert_true(pace_due(&paces[4], UINT64_MAX / 2) == UINT64_MAX);
	assert_true(pace_due(&paces[2], UINT64_MAX) == UINT64_MAX);
}

/* The earliest: due then, and not yet a nanosecond before. */
static void when_is_the_first_moment_at_which_due_is_reached(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(paces); i++)
		for (uint64_t bytes = 1; bytes < 700 * MB; bytes = bytes * 5 + 4095) {
			uint64_t when = pace_when(&paces[i], bytes);

			assert_true(pace_due(&paces[i], when) >= bytes);
			assert_true(!when || pace_due(&paces[i], when - 1) < bytes);
		}
}

/* Simulates a growth with exact wake-ups: lag below 5 ms, at most 500 wake-ups a second. */
static void a_paced_growth_ends_on_time_with_few_wakeups(void **state)
{
	const uint64_t page = 4096, total = 50 * MB;

	(void)state;
	for (unsigned i = 1; i < ARRAY_SIZE(paces); i++) {
		const struct pace *p = &paces[i];
		uint64_t now = 0, done = 0, wakes = 0;

		while (done < total) {
			uint64_t due = pace_due(p, now), next;

			due = due > total ? total : due / page * page;
			assert_true(pace_when(p, done + 1) + 5 * MS > now);
			done = due > done ? due : done;
			if (done == total)
				break;
			next = pace_wake(p, done, page, total, now);
			assert_true(next > now);
			now = next;
			wakes++;
		}
		assert_int_equal(now, pace_when(p, total));
		assert_true(wakes <= now / PACE_QUANTUM_NS + 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_has_its_amounts),
		cmocka_unit_test(unpaced_and_burst_are_unbounded_from_their_moment),
		cmocka_unit_test(amounts_saturate_and_do_not_wrap),
		cmocka_unit_test(when_is_the_first_moment_at_which_due_is_reached),
		cmocka_unit_test(a_paced_growth_ends_on_time_with_few_wakeups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
