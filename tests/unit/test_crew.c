// SPDX-License-Identifier: GPL-2.0-or-later
/* A crew runs each member once, reports the first failure, and does not change affinities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "workloads/act/crew.h"

#define MEMBERS 5

struct seen {
	atomic_int runs[MEMBERS];
	cpu_set_t allowed[MEMBERS];
};

static int look(void *arg, unsigned index)
{
	struct seen *seen = arg;

	atomic_fetch_add(&seen->runs[index], 1);
	return sched_getaffinity(0, sizeof(cpu_set_t), &seen->allowed[index]) ? -errno : 0;
}

static int refuse(void *arg, unsigned index)
{
	(void)arg;
	return index == 3 ? -EDOM : 0;
}

static void each_member_runs_once_in_each_run(void **state)
{
	static struct crew crew;
	static struct seen seen;

	(void)state;
	assert_int_equal(crew_start(&crew, MEMBERS), 0);
	assert_int_equal(crew_run(&crew, look, &seen), 0);
	assert_int_equal(crew_run(&crew, look, &seen), 0);
	crew_stop(&crew);
	for (int i = 0; i < MEMBERS; i++)
		assert_int_equal(seen.runs[i], 2);
}

static void a_member_may_go_wherever_the_caller_may(void **state)
{
	static struct crew crew;
	static struct seen seen;
	cpu_set_t own;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(own), &own), 0);
	assert_int_equal(crew_start(&crew, MEMBERS), 0);
	assert_int_equal(crew_run(&crew, look, &seen), 0);
	crew_stop(&crew);
	for (int i = 0; i < MEMBERS; i++)
		assert_true(CPU_EQUAL(&seen.allowed[i], &own));
}

static void the_first_failure_comes_back(void **state)
{
	static struct crew crew;

	(void)state;
	assert_int_equal(crew_start(&crew, MEMBERS), 0);
	assert_int_equal(crew_run(&crew, refuse, NULL), -EDOM);
	crew_stop(&crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_runs_once_in_each_run),
		cmocka_unit_test(a_member_may_go_wherever_the_caller_may),
		cmocka_unit_test(the_first_failure_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
