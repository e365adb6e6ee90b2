// SPDX-License-Identifier: GPL-2.0-or-later
/* Probing this machine changes nothing. tests/unit/test_host has saved machines. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "harness/machine/host.h"

static void probing_leaves_oom_score_adj_as_it_was(void **state)
{
	char before[16] = "", after[16] = "";
	struct error e = { "" };
	struct host host;
	FILE *f;

	(void)state;
	f = fopen("/proc/self/oom_score_adj", "r");
	assert_non_null(fgets(before, sizeof(before), f));
	fclose(f);
	assert_int_equal(host_probe(&host, "", &e), 0);
	assert_true(host.memory_bytes > host.available_bytes);
	f = fopen("/proc/self/oom_score_adj", "r");
	assert_non_null(fgets(after, sizeof(after), f));
	fclose(f);
	assert_string_equal(before, after);
	host_release(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probing_leaves_oom_score_adj_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
