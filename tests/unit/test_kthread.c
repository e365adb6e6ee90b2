// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/trial/kthread.h, on saved text of /proc/PID/stat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "harness/trial/kthread.h"
#include "workloads/api/arith.h"

#define TAIL " 0 0 0 0 0 0 0 20 0 1 0 29 0 0 18446744073709551615"

static void kernel_threads_are_known_by_their_flag_alone(void **state)
{
	static const struct {
		const char *stat, *name;
	} rows[] = {
		{ "47 (kswapd0) S 2 0 0 0 -1 10487872" TAIL, "kswapd0" },
		{ "46 (kcompactd0) S 2 0 0 0 -1 2129984" TAIL, "kcompactd0" },
		{ "99 (kworker/0:1-mm) I 2 0 0 0 -1 69238880" TAIL, "kworker/0:1-mm" },
		{ "4711 (kswapd0) S 1 4711 1 0 -1 4194304" TAIL, NULL },
		{ "4711 (a) S 2 0 0 0 -1 10487872 (b) S 1 1 1 0 -1 4194304" TAIL, NULL },
		{ "4711 (kswapd0)) S 1 4711 1 0 -1 4194304" TAIL, NULL },
		{ "4711 (kswapd0) S 1 4711", NULL },
		{ ") S 2 0 0 0 -1 10487872 (", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[32] = "untouched";

		assert_int_equal(kthread_name(rows[i].stat, name, sizeof(name)),
				 rows[i].name != NULL);
		assert_string_equal(name, rows[i].name ? rows[i].name : "untouched");
	}
}

static void a_name_that_does_not_fit_is_none(void **state)
{
	char name[4] = "";

	(void)state;
	assert_false(kthread_name("47 (kswapd0) S 2 0 0 0 -1 10487872" TAIL, name, 4));
	assert_string_equal(name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_threads_are_known_by_their_flag_alone),
		cmocka_unit_test(a_name_that_does_not_fit_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
