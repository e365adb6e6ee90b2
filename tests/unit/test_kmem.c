// SPDX-License-Identifier: GPL-2.0-or-later
/* What kmem promises of each kind, by page size and by what the kernel charges. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drive.h"
#include "workloads/api/arith.h"

#define KB 1024ll

extern const struct workload kmem_workload;

static struct drive d;

static int open_drive(void **state)
{
	(void)state;
	drive_open(&d, &kmem_workload);
	drive_set(&d, "count", 1000);
	return 0;
}

static int close_drive(void **state)
{
	(void)state;
	drive_close(&d);
	return 0;
}

static const struct claim *promised(const char *scope, const char *counter)
{
	const struct claim *c;

	drive_claims(&d);
	drive_assert_claims_are_sound(&d);
	c = drive_claim(&d, SPAN_WORK, scope, counter);
	if (!c)
		fail_msg("nothing said of %s/%s", scope, counter);
	return c;
}

/* The amount, less the pages that two CPUs keep. */
static void assert_least(const struct claim *c, int64_t bytes)
{
	const int64_t kept = 2 * 2 * (int64_t)d.env.page_bytes;

	assert_int_equal(c->relation == RELATION_EQ ? c->expected : c->expected + kept, bytes);
}

static void each_kind_has_its_least(void **state)
{
	static const struct {
		uint64_t page_bytes;
		const char *kind;
		int64_t least;
	} rows[] = {
		{ 4 * KB, "tables", 4000 * KB },   { 4 * KB, "stacks", (1000 - 4) * 16 * KB },
		{ 4 * KB, "pipes", 4000 * KB },	   { 4 * KB, "sockets", 4000 * KB },
		{ 64 * KB, "tables", 64000 * KB }, { 64 * KB, "stacks", (1000 - 4) * 64 * KB },
		{ 64 * KB, "pipes", 64000 * KB },  { 64 * KB, "sockets", 4000 * KB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		d.env.page_bytes = rows[i].page_bytes;
		drive_choose(&d, "kind", rows[i].kind);
		assert_least(promised("group", "kernel"), rows[i].least);
	}
}

static void nothing_moves_where_nothing_is_charged(void **state)
{
	static const char *const kinds[] = { "tables", "stacks", "pipes", "sockets",
					     "dentries" };

	(void)state;
	d.env.capability[CAPABILITY_KERNEL_CHARGE] = CAPABILITY_NO;
	d.env.capability[CAPABILITY_TABLE_CHARGE] = CAPABILITY_NO;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct claim *c;

		drive_choose(&d, "kind", kinds[i]);
		c = promised("group", "kernel");
		assert_int_equal(c->relation, RELATION_EQ);
		assert_int_equal(c->expected, 0);
	}
	d.env.cgroup_version = 1;
	assert_int_equal(promised("group", "memory.kmem.usage_in_bytes")->expected, 0);
}

static void too_many_threads_and_pipes_are_refused(void **state)
{
	char reason[256] = "";

	(void)state;
	drive_choose(&d, "kind", "stacks");
	drive_set(&d, "count", 4001);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "at most 4000 threads"));
	drive_choose(&d, "kind", "pipes");
	drive_set(&d, "count", 128001);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	drive_set(&d, "count", 128000);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_drive, close_drive)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(each_kind_has_its_least),
		TEST(nothing_moves_where_nothing_is_charged),
		TEST(too_many_threads_and_pipes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
