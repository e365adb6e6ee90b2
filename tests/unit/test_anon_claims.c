// SPDX-License-Identifier: GPL-2.0-or-later
/* What anon promises follows from page arithmetic, on either cgroup version and any page kind.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/capabilities.h"
#include "workloads/api/workload.h"
#include "workloads/api/arith.h"

#define MB (1ll << 20)

extern const struct workload anon_workload;

/* The choices by their index in the option table. */
enum { PAGES_4K, PAGES_HUGE };
enum { WRITE, READ, READ_WRITE, POPULATE, BYTES };

static _Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
static struct workload_env env;
static struct claims claims;

static void *member(const char *name)
{
	for (const struct workload_option *o = anon_workload.options; o->name; o++)
		if (!strcmp(o->name, name))
			return params + o->offset;
	fail_msg("no option %s", name);
	return NULL;
}

static int defaults(void **state)
{
	(void)state;
	memset(params, 0, sizeof(params));
	env = (struct workload_env){ .page_bytes = 4096,
				     .pmd_bytes = 2 * MB,
				     .cgroup_version = 2,
				     .cpus = 2,
				     .nr_nodes = 1,
				     .capability = CAPABILITIES_6_18,
				     .thp = THP_ALWAYS };
	*(uint64_t *)member("size") = 193 * MB;
	*(uint64_t *)member("threads") = 1;
	*(int *)member("touch") = BYTES;
	*(double *)member("reads") = 0.5;
	strcpy(member("fill"), "random");
	return 0;
}

static const struct claim *find(enum span span, const char *scope, const char *counter)
{
	for (unsigned i = 0; i < claims.nr; i++)
		if (claims.claim[i].span == span && !strcmp(claims.claim[i].scope, scope) &&
		    !strcmp(claims.claim[i].counter, counter))
			return &claims.claim[i];
	return NULL;
}

static void make(void)
{
	claims.nr = 0;
	anon_workload.claims(params, &env, &claims);
}

static void expect_exact(const char *scope, const char *counter, int64_t expected)
{
	const struct claim *c = find(SPAN_WORK, scope, counter);

	assert_non_null(c);
	assert_int_equal(c->expected, expected);
	assert_int_equal(c->tolerance, 0);
	assert_int_equal(c->relation, RELATION_EQ);
	assert_int_equal(c->basis, BASIS_EXACT);
}

static void base_pages_fault_once_each(void **state)
{
	(void)state;
	make();
	expect_exact("process", "minflt", 193 * 256);
	expect_exact("process", "majflt", 0);
	expect_exact("group", "pgfault", 193 * 256);
	expect_exact("mapping", "Rss", 193 * MB);
	expect_exact("mapping", "Private_Dirty", 193 * MB);
	expect_exact("mapping", "AnonHugePages", 0);
	expect_exact("group", "anon", 193 * MB);
	expect_exact("process", "VmRSS", 193 * MB);
}

static void a_size_is_rounded_up_to_pages(void **state)
{
	(void)state;
	*(uint64_t *)member("size") = 4097;
	make();
	expect_exact("process", "minflt", 2);
	expect_exact("group", "anon", 8192);
	assert_int_equal(anon_workload.target(params, &env), 8192);
}

static void huge_pages_fault_once_each_and_the_tail_by_page(void **state)
{
	(void)state;
	*(int *)member("pages") = PAGES_HUGE;
	make();
	expect_exact("process", "minflt", 96 + 256);
	expect_exact("mapping", "AnonHugePages", 192 * MB);
	expect_exact("group", "anon_thp", 192 * MB);
	expect_exact("group", "anon", 193 * MB);
}

static void reading_faults_without_memory(void **state)
{
	(void)state;
	*(int *)member("touch") = READ;
	make();
	expect_exact("process", "minflt", 193 * 256);
	expect_exact("mapping", "Rss", 0);
	expect_exact("group", "anon", 0);
	assert_int_equal(anon_workload.target(params, &env), 0);
}

static void reading_before_writing_faults_twice(void **state)
{
	(void)state;
	*(int *)member("touch") = READ_WRITE;
	make();
	expect_exact("process", "minflt", 2 * 193 * 256);
	expect_exact("group", "anon", 193 * MB);
}

static void cgroup_v1_names_its_own_counters(void **state)
{
	(void)state;
	env.cgroup_version = 1;
	make();
	expect_exact("group", "rss", 193 * MB);
	expect_exact("group", "rss_huge", 0);
	assert_non_null(find(SPAN_WORK, "group", "memory.usage_in_bytes"));
	assert_null(find(SPAN_WORK, "group", "anon"));
	assert_null(find(SPAN_WORK, "group", "pagetables"));
}

static void vmrss_has_the_slack_of_how_it_is_summed(void **state)
{
	static const struct {
		enum capability_state exact, task;
		int64_t tolerance;
	} rows[] = {
		{ CAPABILITY_NO, CAPABILITY_YES, 3 * 64 * 4096 },    /* Linux 6.1 */
		{ CAPABILITY_NO, CAPABILITY_NO, 2 * 31 * 2 * 4096 }, /* both ends of two CPUs */
		{ CAPABILITY_YES, CAPABILITY_NO, 0 },		     /* Linux 6.18 */
		{ CAPABILITY_UNKNOWN, CAPABILITY_NO, 2 * 31 * 2 * 4096 },
		{ CAPABILITY_UNKNOWN, CAPABILITY_UNKNOWN, 3 * 64 * 4096 },
		{ CAPABILITY_NO, CAPABILITY_UNKNOWN, 3 * 64 * 4096 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		env.capability[CAPABILITY_EXACT_STATUS] = rows[i].exact;
		env.capability[CAPABILITY_TASK_RSS] = rows[i].task;
		make();
		assert_int_equal(find(SPAN_WORK, "process", "VmRSS")->tolerance,
				 rows[i].tolerance);
		assert_int_equal(find(SPAN_WORK, "process", "VmRSS")->basis,
				 rows[i].tolerance ? BASIS_BOUNDED : BASIS_EXACT);
	}
}

static void usage_allows_tables_and_batches_only(void **state)
{
	const struct claim *c;

	(void)state;
	*(uint64_t *)member("size") = 192 * MB;
	make();
	c = find(SPAN_WORK, "group", "memory.current");
	assert_non_null(c);
	assert_int_equal(c->relation, RELATION_BETWEEN);
	assert_int_equal(c->expected, 192 * MB + 96 * 4096 - 2 * 64 * 4096);
	assert_int_equal(c->tolerance, 4 * 4096 + 96 * 8 + 2 * (2 * 64 * 4096));
	assert_int_equal(c->basis, BASIS_BOUNDED);
}

static void what_does_not_fit_is_not_promised_to_be_resident(void **state)
{
	(void)state;
	env.limit_bytes = 100 * MB;
	make();
	assert_null(find(SPAN_WORK, "mapping", "Rss"));
	assert_null(find(SPAN_WORK, "process", "VmRSS"));
	assert_int_equal(find(SPAN_WORK, "mapping", "Swap")->expected, 93 * MB);
	assert_int_equal(find(SPAN_WORK, "mapping", "Swap")->relation, RELATION_GE);
	assert_int_equal(find(SPAN_WORK, "group", "anon")->relation, RELATION_LE);
}

static void nothing_is_left_behind(void **state)
{
	const struct claim *c;

	(void)state;
	make();
	c = find(SPAN_RESIDUE, "group", "anon");
	assert_non_null(c);
	assert_int_equal(c->relation, RELATION_LE);
	assert_int_equal(c->expected, 0);
	assert_int_equal(c->tolerance, 0);
}

static void each_promise_is_made_once_and_says_why(void **state)
{
	(void)state;
	make();
	for (unsigned i = 0; i < claims.nr; i++) {
		const struct claim *a = &claims.claim[i];

		assert_true(strlen(a->why) > 10);
		for (unsigned k = 0; k < i; k++) {
			const struct claim *b = &claims.claim[k];

			assert_false(a->span == b->span && !strcmp(a->scope, b->scope) &&
				     !strcmp(a->source, b->source) &&
				     !strcmp(a->counter, b->counter));
		}
	}
}

static void footprint_covers_what_is_held(void **state)
{
	(void)state;
	assert_true(anon_workload.footprint(params, &env) > 193 * MB + 97 * 4096);
	assert_true(anon_workload.footprint(params, &env) < 196 * MB);
}

static void a_kernel_without_huge_pages_is_refused_and_survived(void **state)
{
	static const int touches[] = { WRITE, READ, READ_WRITE, POPULATE, BYTES };
	char reason[256];

	(void)state;
	env.thp = THP_ABSENT;
	env.pmd_bytes = 0;
	env.swap = SWAP_ZRAM;
	env.capability[CAPABILITY_HUGE_ZERO_PAGE] = CAPABILITY_NO;
	*(int *)member("pages") = PAGES_HUGE;
	*(uint64_t *)member("access") = 1;
	for (unsigned i = 0; i < ARRAY_SIZE(touches); i++) {
		*(int *)member("touch") = touches[i];
		assert_true(workload_check(&anon_workload, params, &env, reason,
					   sizeof(reason)) < 0);
		assert_true(anon_workload.footprint(params, &env) > 0);
		assert_true(anon_workload.seconds(params, &env) > 0);
	}
}

static void contradictions_and_lacks_are_told_apart(void **state)
{
	char reason[256] = "";

	(void)state;
	assert_int_equal(workload_check(&anon_workload, params, &env, reason, sizeof(reason)),
			 0);
	strcpy(member("fill"), "ones");
	assert_int_equal(workload_check(&anon_workload, params, &env, reason, sizeof(reason)),
			 -EINVAL);
	strcpy(member("fill"), "50%");
	*(int *)member("touch") = READ;
	*(uint64_t *)member("access") = 1;
	assert_int_equal(workload_check(&anon_workload, params, &env, reason, sizeof(reason)),
			 -EINVAL);
	*(int *)member("touch") = POPULATE;
	assert_int_equal(workload_check(&anon_workload, params, &env, reason, sizeof(reason)),
			 0);
	env.capability[CAPABILITY_POPULATE] = CAPABILITY_NO;
	assert_int_equal(workload_check(&anon_workload, params, &env, reason, sizeof(reason)),
			 -ENODEV);
	env.capability[CAPABILITY_POPULATE] = CAPABILITY_YES;
	*(int *)member("pages") = PAGES_HUGE;
	env.thp = THP_NEVER;
	assert_int_equal(workload_check(&anon_workload, params, &env, reason, sizeof(reason)),
			 -ENODEV);
	assert_non_null(strstr(reason, "transparent_hugepage"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(base_pages_fault_once_each, defaults),
		cmocka_unit_test_setup(a_size_is_rounded_up_to_pages, defaults),
		cmocka_unit_test_setup(huge_pages_fault_once_each_and_the_tail_by_page,
				       defaults),
		cmocka_unit_test_setup(reading_faults_without_memory, defaults),
		cmocka_unit_test_setup(reading_before_writing_faults_twice, defaults),
		cmocka_unit_test_setup(cgroup_v1_names_its_own_counters, defaults),
		cmocka_unit_test_setup(vmrss_has_the_slack_of_how_it_is_summed, defaults),
		cmocka_unit_test_setup(usage_allows_tables_and_batches_only, defaults),
		cmocka_unit_test_setup(what_does_not_fit_is_not_promised_to_be_resident,
				       defaults),
		cmocka_unit_test_setup(nothing_is_left_behind, defaults),
		cmocka_unit_test_setup(each_promise_is_made_once_and_says_why, defaults),
		cmocka_unit_test_setup(footprint_covers_what_is_held, defaults),
		cmocka_unit_test_setup(a_kernel_without_huge_pages_is_refused_and_survived,
				       defaults),
		cmocka_unit_test_setup(contradictions_and_lacks_are_told_apart, defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
