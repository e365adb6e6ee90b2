// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/machine/setting.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "harness/machine/setting.h"
#include "workloads/api/arith.h"

static void no_path_leaves_the_few_known_directories(void **state)
{
	static const char *const below[] = {
		"/proc/sys/vm/",
		"/proc/sys/kernel/numa_balancing",
		"/sys/kernel/mm/",
		"/sys/module/zswap/parameters/",
		"/sys/devices/system/node/node",
	};

	(void)state;
	for (const struct setting_known *s = settings_known; s->name; s++) {
		bool inside = false;

		for (size_t i = 0; i < ARRAY_SIZE(below); i++)
			inside |= !strncmp(s->path, below[i], strlen(below[i]));
		if (!inside || strstr(s->path, ".."))
			fail_msg("%s: %s", s->name, s->path);
	}
}

static void each_setting_is_whole_and_found_by_its_name(void **state)
{
	(void)state;
	for (const struct setting_known *s = settings_known; s->name; s++) {
		assert_ptr_equal(setting_find(s->name), s);
		assert_true((s->min <= s->max) == !s->choices);
		assert_non_null(s->help);
		if (!s->twin)
			continue;
		assert_non_null(setting_find(s->twin));
		assert_string_equal(setting_find(s->twin)->twin, s->name);
	}
}

static void a_value_outside_its_range_is_refused_with_the_range(void **state)
{
	static const struct {
		const char *name, *value, *text;
	} cases[] = {
		{ "vm.swappiness", "0", "" },
		{ "vm.swappiness", "200", "" },
		{ "vm.swappiness", "201", "vm.swappiness takes 0 to 200, not 201" },
		{ "vm.swappiness", "-1", "vm.swappiness takes 0 to 200, not -1" },
		{ "vm.swappiness", "60%", "vm.swappiness takes a whole number, not '60%'" },
		{ "vm.swappiness", " 60", "vm.swappiness takes a whole number, not ' 60'" },
		{ "vm.swappiness", "", "vm.swappiness takes a whole number, not ''" },
		{ "vm.min_free_kbytes", "0",
		  "vm.min_free_kbytes takes a number from 1 on, not 0" },
		{ "vm.min_free_kbytes", "99999999999999999999",
		  "vm.min_free_kbytes takes 1 to 2147483647, not 99999999999999999999" },
		{ "vm.min_free_kbytes", "2147483648",
		  "vm.min_free_kbytes takes 1 to 2147483647, not 2147483648" },
		{ "vm.dirty_bytes", "99999999999999999999",
		  "vm.dirty_bytes: 99999999999999999999 is too large for 64 bits" },
		{ "thp.enabled", "madvise", "" },
		{ "thp.enabled", "sometimes",
		  "thp.enabled takes always|madvise|never, not 'sometimes'" },
		{ "thp.enabled", "mad", "thp.enabled takes always|madvise|never, not 'mad'" },
		{ "thp.enabled", "", "thp.enabled takes always|madvise|never, not ''" },
		{ "thp.defrag", "defer+madvise", "" },
		{ "vm.swapiness", "60",
		  "vm.swapiness: unknown setting; did you mean vm.swappiness?" },
		{ "vm.../../kernel/core_pattern", "x",
		  "vm.../../kernel/core_pattern: not a setting that pagestorm changes; "
		  "`pagestorm list settings` shows them" },
		{ "vm.panic_on_oom", "1",
		  "vm.panic_on_oom: not a setting that pagestorm changes; "
		  "`pagestorm list settings` shows them" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error e = { "" };
		int ret = setting_check(cases[i].name, cases[i].value, &e);

		assert_string_equal(e.text, cases[i].text);
		assert_int_equal(ret, *cases[i].text ? -EINVAL : 0);
	}
}

static void what_squeezes_the_machine_is_marked(void **state)
{
	static const char *const wide[] = { "vm.min_free_kbytes", "vm.watermark_scale_factor",
					    "vm.watermark_boost_factor",
					    "vm.overcommit_memory" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
		assert_true(setting_find(wide[i])->system_wide_pressure);
	assert_false(setting_find("vm.swappiness")->system_wide_pressure);
	assert_true(setting_is_sysctl("kernel.numa_balancing"));
	assert_false(setting_is_sysctl("thp.enabled"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_path_leaves_the_few_known_directories),
		cmocka_unit_test(each_setting_is_whole_and_found_by_its_name),
		cmocka_unit_test(a_value_outside_its_range_is_refused_with_the_range),
		cmocka_unit_test(what_squeezes_the_machine_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
