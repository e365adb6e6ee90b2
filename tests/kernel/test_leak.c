// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A leak holds what it promises, for each allocator, shape and way to be reached:
 * run in the worker's frame and compared with /proc.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/kernel/trial.h"
#include "tests/unit/setup.h"
#include "workloads/leak/leak_sites.h"
#include "workloads/act/prng.h"
#include "workloads/api/arith.h"

#define KB 1024ull
#define MB (1024 * KB)

extern const struct workload leak_workload;

static const char *const allocators[] = { "malloc",	   "calloc", "realloc",
					  "aligned_alloc", "mmap",   "brk" };

static struct drive d;

static void open_leak(const char *allocator, uint64_t threads, uint64_t blocks, uint64_t size)
{
	trial_open(&d, &leak_workload);
	setup_leak(&d, allocator, threads, blocks, size);
}

static void tell(void)
{
	print_message("allocator %d threads %d size %d blocks %d reach %d shape %d\n",
		      *(int *)drive_option(&d, "allocator"),
		      (int)*(uint64_t *)drive_option(&d, "threads"),
		      (int)*(uint64_t *)drive_option(&d, "size"),
		      (int)*(uint64_t *)drive_option(&d, "blocks"),
		      *(int *)drive_option(&d, "reach"), *(int *)drive_option(&d, "shape"));
}

static void expect_all_claims_hold(void)
{
	unsigned failed, judged;
	char reason[256] = "";

	trial_need_glibc(&d);
	if (drive_check(&d, reason, sizeof(reason)))
		fail_msg("%s", reason);
	judged = trial_judge(&d, 0, true, &failed);
	if (failed)
		tell();
	assert_int_equal(failed, 0);
	assert_true(judged >= 9);
	drive_close(&d);
}

static void each_allocator_leaks_what_it_promises(void **state)
{
	static const uint64_t sizes[] = { 16, 100, 1000, 8192, 100 * KB, 128 * KB, 1 * MB };

	(void)state;
	for (unsigned a = 0; a < 6; a++)
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
			for (uint64_t threads = 0; threads < 3; threads++) {
				uint64_t blocks = sizes[i] < 100 * KB ? 1003 : 17;

				if (a == 5 && threads > 1)
					continue;
				open_leak(allocators[a], threads, blocks, sizes[i]);
				expect_all_claims_hold();
			}
}

static void each_shape_ends_with_what_it_promises(void **state)
{
	static const char *const shapes[] = { "linear", "steps", "exponential", "burst",
					      "sawtooth" };

	(void)state;
	for (unsigned a = 0; a < 6; a++)
		for (unsigned i = 0; i < 5; i++) {
			open_leak(allocators[a], a != 0, 300, 8192);
			drive_choose(&d, "shape", shapes[i]);
			drive_set(&d, "chunk", 512 * KB);
			drive_set(&d, "interval", 5000000);
			drive_set(&d, "rate", 40 * MB);
			expect_all_claims_hold();
		}
}

static void each_way_to_be_reached_keeps_the_promises(void **state)
{
	static const char *const ways[] = { "lost",  "global", "interior",
					    "chain", "stack",  "freed" };

	(void)state;
	for (unsigned a = 0; a < 6; a++)
		for (unsigned i = 0; i < 6; i++) {
			open_leak(allocators[a], 1, 500, 4096);
			drive_choose(&d, "reach", ways[i]);
			expect_all_claims_hold();
		}
}

static void untouched_blocks_take_few_pages(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 6; a++) {
		if (a == 1 || a == 2 || a == 3)
			continue;
		open_leak(allocators[a], 0, 100, 20000);
		drive_choose(&d, "touch", "none");
		expect_all_claims_hold();
	}
}

static void many_threads_share_few_arenas_within_the_bounds(void **state)
{
	(void)state;
	for (uint64_t arenas = 0; arenas < 3; arenas++) {
		open_leak("malloc", 24, 5000, 3000);
		drive_set(&d, "arenas", arenas);
		expect_all_claims_hold();
	}
}

static void an_arena_grows_beyond_its_first_reservation(void **state)
{
	(void)state;
	open_leak("malloc", 1, 2000, 100 * KB);
	drive_choose(&d, "touch", "write");
	expect_all_claims_hold();
}

static void sites_take_turns_and_are_told_apart(void **state)
{
	unsigned failed;

	(void)state;
	open_leak("malloc", 2, 101, 1000);
	drive_set(&d, "sites", 7);
	drive_set(&d, "depth", 30);
	trial_need_glibc(&d);
	(void)trial_judge(&d, 0, true, &failed);
	assert_int_equal(failed, 0);
	for (unsigned i = 0; i < LEDGER_SITES; i++) {
		const struct ledger_site *site = &d.ledger->site[i];
		uint64_t blocks = 101 / 7 + (i < 101 % 7);

		assert_int_equal(!site->symbol[0], i >= 7);
		if (i >= 7)
			continue;
		assert_string_equal(site->symbol, leak_sites[i].symbol);
		assert_int_equal(site->live_blocks, blocks);
		assert_int_equal(site->live_bytes, blocks * 1000);
		assert_int_equal(site->allocations, blocks);
		assert_int_equal(site->frees, 0);
		assert_int_equal(site->depth, 30);
		assert_in_range(site->offset, 1, 63);
	}
	drive_close(&d);
}

static void teeth_are_freed_at_their_sites(void **state)
{
	uint64_t live = 0, taken = 0, freed = 0;
	unsigned failed;

	(void)state;
	open_leak("malloc", 1, 101, 4096);
	drive_choose(&d, "shape", "sawtooth");
	drive_set(&d, "chunk", 10 * 4096);
	drive_set(&d, "sites", 3);
	trial_need_glibc(&d);
	(void)trial_judge(&d, 0, true, &failed);
	assert_int_equal(failed, 0);
	assert_int_equal(d.ledger->site[100 % 3].live_blocks, 1);
	for (unsigned i = 0; i < 3; i++) {
		live += d.ledger->site[i].live_blocks;
		taken += d.ledger->site[i].allocations;
		freed += d.ledger->site[i].frees;
	}
	assert_int_equal(live, 1);
	assert_int_equal(taken, 101);
	assert_int_equal(freed, 100);
	drive_close(&d);
}

static uint64_t between(uint64_t *rng, uint64_t low, uint64_t high)
{
	return low + prng_below(rng, high - low + 1);
}

static void random_parameters_keep_the_promises(void **state)
{
	static const char *const ways[] = { "lost",  "global", "interior",
					    "chain", "stack",  "freed" };
	static const char *const touches[] = { "none", "write", "bytes" };
	unsigned judged = 0;
	uint64_t rng = 1;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		uint64_t size = 16 + between(&rng, 0, 1ull << between(&rng, 4, 21));
		uint64_t blocks = between(&rng, 1, size < 64 * KB ? 1200 : 60);
		char reason[256];

		open_leak(allocators[between(&rng, 0, 5)], between(&rng, 0, 9), blocks, size);
		drive_choose(&d, "reach", ways[between(&rng, 0, 5)]);
		drive_choose(&d, "touch", touches[between(&rng, 0, 2)]);
		drive_choose(&d, "shape", between(&rng, 0, 1) ? "linear" : "sawtooth");
		drive_set(&d, "chunk", size * between(&rng, 1, 20));
		drive_set(&d, "arenas", between(&rng, 0, 1) * between(&rng, 0, 3));
		drive_set(&d, "align", 1ull << between(&rng, 4, 13));
		trial_need_glibc(&d);
		if (drive_check(&d, reason, sizeof(reason)) == -EINVAL) {
			drive_close(&d);
			continue;
		}
		judged++;
		expect_all_claims_hold();
	}
	assert_true(judged > 60);
}

static void a_page_fewer_is_seen(void **state)
{
	unsigned failed;

	(void)state;
	for (unsigned a = 0; a < 6; a++) {
		open_leak(allocators[a], 1, 1000, 8192);
		trial_need_glibc(&d);
		assert_true(trial_judge(&d, 1, false, &failed) > 0);
		assert_true(failed > 0);
		drive_close(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocator_leaks_what_it_promises),
		cmocka_unit_test(each_shape_ends_with_what_it_promises),
		cmocka_unit_test(each_way_to_be_reached_keeps_the_promises),
		cmocka_unit_test(untouched_blocks_take_few_pages),
		cmocka_unit_test(many_threads_share_few_arenas_within_the_bounds),
		cmocka_unit_test(an_arena_grows_beyond_its_first_reservation),
		cmocka_unit_test(sites_take_turns_and_are_told_apart),
		cmocka_unit_test(teeth_are_freed_at_their_sites),
		cmocka_unit_test(random_parameters_keep_the_promises),
		cmocka_unit_test(a_page_fewer_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
