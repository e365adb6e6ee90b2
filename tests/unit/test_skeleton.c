// SPDX-License-Identifier: GPL-2.0-or-later
/* skeleton.c, the manual of a workload, works from its options to its release. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "harness/plan/option.h"
#include "tests/unit/drive.h"

#define PAGES 1000 /* not a whole number of steps */

extern const struct workload skeleton_workload;

static struct drive d;

static int open_skeleton(void **state)
{
	static const struct size_base base;
	struct error reason = { "" };

	(void)state;
	drive_open(&d, &skeleton_workload);
	d.env.memory_bytes = 1ull << 30;
	for (const struct workload_option *o = skeleton_workload.options; o->name; o++)
		if (option_parse(o, o->fallback, &base, d.params, &reason))
			fail_msg("%s=%s: %s", o->name, o->fallback, reason.text);
	assert_int_equal(*(uint64_t *)drive_option(&d, "size"), 64u << 20);
	drive_set(&d, "size", PAGES * 4096 - 1);
	return 0;
}

static int close_skeleton(void **state)
{
	(void)state;
	drive_close(&d);
	return 0;
}

static void no_run_can_have_it(void **state)
{
	(void)state;
	assert_null(workload_find("skeleton"));
}

static void it_refuses_what_contradicts_and_what_the_machine_has_not(void **state)
{
	char reason[256] = "";

	(void)state;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	drive_set(&d, "size", 2ull << 30);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	d.env.limit_bytes = 1ull << 30;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	d.env.limit_bytes = 0;
	drive_set(&d, "size", 4096);
	drive_choose(&d, "touch", "populate");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	d.env.capability[CAPABILITY_POPULATE] = CAPABILITY_NO;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	strcpy(drive_option(&d, "fill"), "what");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
}

static void its_promises_are_whole_pages(void **state)
{
	(void)state;
	drive_claims(&d);
	drive_assert_claims_are_sound(&d);
	assert_int_equal(drive_claim(&d, SPAN_WORK, "process", "minflt")->expected, PAGES);
	assert_int_equal(drive_claim(&d, SPAN_WORK, "mapping", "Rss")->expected, PAGES * 4096);
	assert_int_equal(drive_claim(&d, SPAN_WORK, "group", "anon")->expected, PAGES * 4096);
	assert_int_equal(skeleton_workload.target(d.params, &d.env), PAGES * 4096);
	assert_true(skeleton_workload.footprint(d.params, &d.env) > PAGES * 4096);
	assert_true(skeleton_workload.seconds(d.params, &d.env) > 0);
	assert_non_null(drive_claim(&d, SPAN_RESIDUE, "group", "anon"));
}

/* The claim about the worker's own counter holds, to the page. */
static bool holds(const char *counter)
{
	const struct claim *c = drive_claim(&d, SPAN_WORK, "ledger", counter);

	return (int64_t)drive_slot(&d, counter) == drive_expected(&d, c);
}

static void act(uint64_t left_out, bool stop)
{
	drive_claims(&d);
	assert_int_equal(drive_begin(&d), 0);
	d.ledger->shortfall_pages = left_out;
	d.ledger->stop = stop;
	assert_int_equal(d.workload->run(&d.worker), 0);
	assert_int_equal(d.workload->verify(&d.worker), 0);
}

static void it_counts_what_it_does(void **state)
{
	(void)state;
	act(0, false);
	assert_int_equal(drive_slot(&d, "pages_touched"), PAGES);
	assert_int_equal(d.ledger->achieved_bytes, PAGES * 4096);
	assert_int_equal(d.ledger->process[0].map_bytes, PAGES * 4096);
	assert_true(holds("pages_touched") && holds("pages_filled"));
	drive_end(&d);
	assert_null(d.worker.state);
	drive_end(&d); /* nothing is left: nothing is released */
}

static void what_it_leaves_out_breaks_a_promise(void **state)
{
	(void)state;
	act(3, false);
	assert_false(holds("pages_touched"));
	assert_int_equal(drive_slot(&d, "pages_touched"), PAGES - 3);
	assert_true(holds("pages_filled"));
	drive_end(&d);
}

static void more_than_all_left_out_is_nothing_done(void **state)
{
	(void)state;
	act(PAGES + 1, false);
	assert_int_equal(drive_slot(&d, "pages_touched"), 0);
	drive_end(&d);
}

static void it_stops_when_it_is_asked_to(void **state)
{
	(void)state;
	drive_set(&d, "pause", 3600000000000);
	act(0, true);
	assert_int_equal(drive_slot(&d, "pages_touched"), 0);
	drive_end(&d);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_skeleton, close_skeleton)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_run_can_have_it),
		TEST(it_refuses_what_contradicts_and_what_the_machine_has_not),
		TEST(its_promises_are_whole_pages),
		TEST(it_counts_what_it_does),
		TEST(what_it_leaves_out_breaks_a_promise),
		TEST(more_than_all_left_out_is_nothing_done),
		TEST(it_stops_when_it_is_asked_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
