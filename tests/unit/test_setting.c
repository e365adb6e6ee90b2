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

static const struct {
	const char *name, *value, *text;
} range_cases[] = {
	{ "vm.swappiness", "0", "" },
	{ "vm.swappiness", "200", "" },
	{ "vm.swappiness", "201", "vm.swappiness takes 0 to 200, not 201" },
	{ "vm.swappiness", "-1", "vm.swappiness takes 0 to 200, not -1" },
	{ "vm.swappiness", "60%", "vm.swappiness takes a whole number, not '60%'" },
	{ "vm.swappiness", " 60", "vm.swappiness takes a whole number, not ' 60'" },
	{ "vm.swappiness", "", "vm.swappiness takes a whole number, not ''" },
	{ "vm.min_free_kbytes", "1023",
	  "vm.min_free_kbytes takes a number from 1024 on, not 1023" },
	{ "vm.min_free_kbytes", "99999999999999999999",
	  "vm.min_free_kbytes takes 1024 to 2147483647, not 99999999999999999999" },
	{ "vm.min_free_kbytes", "2147483648",
	  "vm.min_free_kbytes takes 1024 to 2147483647, not 2147483648" },
	{ "vm.max_map_count", "0", "vm.max_map_count takes a number from 4096 on, not 0" },
	{ "vm.max_map_count", "4096", "" },
	{ "vm.page-cluster", "31", "vm.page-cluster takes 0 to 10, not 31" },
	{ "vm.dirty_bytes", "4096", "vm.dirty_bytes takes a number from 8192 on, not 4096" },
	{ "vm.dirty_bytes", "99999999999999999999",
	  "vm.dirty_bytes: 99999999999999999999 is too large for 64 bits" },
	{ "thp.enabled", "madvise", "" },
	{ "thp.enabled", "sometimes",
	  "thp.enabled takes always|madvise|never, not 'sometimes'" },
	{ "thp.enabled", "mad", "thp.enabled takes always|madvise|never, not 'mad'" },
	{ "thp.enabled", "", "thp.enabled takes always|madvise|never, not ''" },
	{ "thp.defrag", "defer+madvise", "" },
	{ "vm.swapiness", "60", "vm.swapiness: unknown setting; did you mean vm.swappiness?" },
	{ "vm.../../kernel/core_pattern", "x",
	  "vm.../../kernel/core_pattern: not a setting that pagestorm changes; "
	  "`pagestorm list settings` shows them" },
	{ "vm.panic_on_oom", "1",
	  "vm.panic_on_oom: not a setting that pagestorm changes; "
	  "`pagestorm list settings` shows them" },
};

static void a_value_outside_its_range_is_refused_with_the_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(range_cases); i++) {
		struct error e = { "" };
		int ret = setting_check(range_cases[i].name, range_cases[i].value, &e);

		assert_string_equal(e.text, range_cases[i].text);
		assert_int_equal(ret, *range_cases[i].text ? -EINVAL : 0);
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

static void a_value_that_stops_floods_or_cannot_be_undone_is_r2(void **state)
{
	static const struct {
		const char *name, *value;
		bool r2;
	} cases[] = {
		{ "vm.max_map_count", "65529", true },
		{ "vm.max_map_count", "65530", false },
		{ "ksm.run", "2", true },
		{ "ksm.run", "1", false },
		{ "vm.page-cluster", "6", true },
		{ "vm.page-cluster", "5", false },
		{ "vm.dirty_bytes", "8192", true },
		{ "vm.dirty_bytes", "8388608", false },
		{ "vm.dirty_ratio", "0", true },
		{ "vm.dirty_ratio", "1", false },
		{ "vm.oom_kill_allocating_task", "1", true },
		{ "vm.oom_kill_allocating_task", "0", false },
		{ "vm.numa_stat", "0", true },
		{ "vm.numa_stat", "1", false },
		{ "vm.vfs_cache_pressure", "0", true },
		{ "vm.vfs_cache_pressure", "1", false },
		{ "vm.vfs_cache_pressure_denom", "10001", true },
		{ "vm.compaction_proactiveness", "100", true },
		{ "vm.compaction_proactiveness", "20", false },
		{ "zswap.max_pool_percent", "100", true },
		{ "zswap.max_pool_percent", "50", false },
		{ "vm.admin_reserve_kbytes", "0", true },
		{ "vm.user_reserve_kbytes", "0", true },
		{ "thp.enabled", "always", false },
		{ "vm.swappiness", "0", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(setting_check(cases[i].name, cases[i].value, NULL), 0);
		if (setting_is_r2(setting_find(cases[i].name), cases[i].value) != cases[i].r2)
			fail_msg("%s=%s", cases[i].name, cases[i].value);
	}
	for (const struct setting_known *s = settings_known; s->name; s++)
		if ((s->r2_below && s->r2_below <= s->min) || s->r2_from > s->max)
			fail_msg("%s: no value is below or from there on", s->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_path_leaves_the_few_known_directories),
		cmocka_unit_test(each_setting_is_whole_and_found_by_its_name),
		cmocka_unit_test(a_value_outside_its_range_is_refused_with_the_range),
		cmocka_unit_test(what_squeezes_the_machine_is_marked),
		cmocka_unit_test(a_value_that_stops_floods_or_cannot_be_undone_is_r2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
