// SPDX-License-Identifier: GPL-2.0-or-later
/* A worker's missing needs are reported by their bits, contradictions before them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/capabilities.h"
#include "workloads/api/arith.h"
#include "workloads/api/workload.h"

static struct workload_env env;
static unsigned params; /* enum need: what param_needs() answers */
static const char *wrong, *lack;

static int a_machine_that_has_all(void **state)
{
	(void)state;
	env = (struct workload_env){ .pmd_bytes = 2u << 20,
				     .capability = CAPABILITIES_6_18,
				     .nr_nodes = 2,
				     .thp = THP_ALWAYS,
				     .loop = true,
				     .hugetlb = true,
				     .can_lower_oom_score = true };
	params = 0;
	wrong = lack = NULL;
	return 0;
}

static void nothing_lacks_where_all_is_there(void **state)
{
	(void)state;
	assert_null(need_lacking(~0u, &env));
}

static void each_need_is_missed_by_its_bit_alone(void **state)
{
	static const struct {
		unsigned needs;
		const char *word; /* of its sentence */
		struct workload_env env;
	} rows[] = {
		{ NEED_NODES, "two NUMA nodes", { .nr_nodes = 1 } },
		{ NEED_HUGETLB, "hugetlb", { .nr_nodes = 2 } },
		{ NEED_THP, "has no transparent", { .thp = THP_ABSENT } },
		{ NEED_THP, "thp.enabled=madvise", { .thp = THP_NEVER } },
		{ NEED_FRAMES, "by root alone", { .no_frames = true, .thp = THP_NEVER } },
		{ NEED_LOOP, "loop device", { .thp = THP_NEVER } },
		{ NEED_LOW_SCORES, "CAP_SYS_RESOURCE", { .thp = THP_NEVER } },
		{ NEED_HUGE_FAULTS, "huge pages are off", { .thp = THP_ALWAYS } },
		{ NEED_HUGE_FAULTS,
		  "huge pages are off",
		  { .thp = THP_NEVER, .pmd_bytes = 2u << 20 } },
		{ NEED_POPULATE,
		  "Linux 5.14",
		  { .capability = { [CAPABILITY_POPULATE] = CAPABILITY_NO } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *reason = need_lacking(rows[i].needs, &rows[i].env);

		if (!reason || !strstr(reason, rows[i].word))
			fail_msg("row %zu: %s", i, reason ? reason : "nothing lacks");
		assert_null(need_lacking(0, &rows[i].env));
	}
}

/* Those of the profile: plan has checked them before. */
static void what_the_profile_gives_is_not_asked_of_the_machine(void **state)
{
	static const struct workload_env bare;

	(void)state;
	assert_null(need_lacking(NEED_LIMIT | NEED_SWAP | NEED_FILES, &bare));
}

static int check(const void *p, const struct workload_env *e, char *reason, size_t bytes)
{
	(void)p;
	(void)e;
	return check_answer(wrong, lack, reason, bytes);
}

static unsigned param_needs(const void *p, const struct workload_env *e)
{
	(void)e;
	return *(const unsigned *)p;
}

static void expect(int ret, const char *expected)
{
	static const struct workload w = { .check = check, .param_needs = param_needs };
	char reason[256] = "";

	assert_int_equal(workload_check(&w, &params, &env, reason, sizeof(reason)), ret);
	assert_string_equal(reason, expected);
}

static void what_contradicts_is_reported_before_what_lacks(void **state)
{
	(void)state;
	expect(0, "");
	lack = "a zone";
	expect(-ENODEV, "a zone");
	params = NEED_POPULATE;
	expect(-ENODEV, "a zone");
	env.capability[CAPABILITY_POPULATE] = CAPABILITY_UNKNOWN;
	expect(-ENODEV, need_lacking(NEED_POPULATE, &env));
	wrong = "too much";
	expect(-EINVAL, "too much");
}

static void a_workload_without_check_runs_anywhere(void **state)
{
	static const struct workload w = { .name = "w" };
	char reason[8] = "";

	(void)state;
	assert_int_equal(workload_check(&w, &params, &env, reason, sizeof(reason)), 0);
	assert_string_equal(reason, "");
}

static void a_group_holds_what_its_limits_let_it(void **state)
{
	(void)state;
	assert_true(env_fits(&env, UINT64_MAX));
	env.limit_bytes = 100;
	assert_true(env_fits(&env, 100));
	assert_false(env_fits(&env, 101));
	env.high_bytes = 50;
	assert_true(env_fits(&env, 50));
	assert_false(env_fits(&env, 51));
}

/* What `list` prints of a workload's needs, and what a skip gives as its reason. */
static void each_need_of_a_workload_has_a_name_and_a_sentence(void **state)
{
	unsigned named = 0, lacks = 0;

	(void)state;
	for (const struct need_known *n = needs_known; n->need; n++) {
		assert_int_equal(!n->name, !n->text);
		assert_int_equal(!n->met, !n->lack);
		assert_false(n->name && (named & n->need));
		named |= n->name ? n->need : 0;
		lacks |= n->met ? n->need : 0;
	}
	for (const struct workload *const *w = workloads; *w; w++)
		assert_int_equal((*w)->needs & ~named, 0);
	assert_int_equal(lacks & (NEED_LIMIT | NEED_SWAP | NEED_FILES), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, a_machine_that_has_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_lacks_where_all_is_there),
		TEST(each_need_is_missed_by_its_bit_alone),
		TEST(what_the_profile_gives_is_not_asked_of_the_machine),
		TEST(each_need_of_a_workload_has_a_name_and_a_sentence),
		TEST(what_contradicts_is_reported_before_what_lacks),
		TEST(a_workload_without_check_runs_anywhere),
		TEST(a_group_holds_what_its_limits_let_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
