// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of every workload's option table, and of harness/plan/option.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "harness/base/suggest.h"
#include "harness/plan/option.h"
#include "harness/plan/profile.h"
#include "workloads/api/arith.h"

static const struct size_base base = { .limit_bytes = 1 << 30, .available_bytes = 1ull << 34 };

static unsigned char params[PARAMS_BYTES_MAX] __attribute__((aligned(16)));

static void each_default_and_bound_goes_through_the_parser(void **state)
{
	(void)state;
	for (const struct workload *const *w = workloads; *w; w++) {
		assert_true((*w)->params_bytes <= sizeof(params));
		for (const struct workload_option *o = (*w)->options; o->name; o++) {
			const char *const texts[] = { o->fallback, o->min, o->max };

			for (int i = 0; i < 3; i++) {
				struct error clause = { "" };

				if (texts[i] &&
				    option_parse(o, texts[i], &base, params, &clause))
					fail_msg("%s %s: '%s' %s", (*w)->name, o->name,
						 texts[i], clause.text);
			}
		}
	}
}

static void no_option_takes_a_name_that_means_something_else(void **state)
{
	(void)state;
	for (const struct workload *const *w = workloads; *w; w++) {
		for (const struct workload_option *o = (*w)->options; o->name; o++) {
			if (words_have(worker_keys, o->name) ||
			    words_have(cgroup_keys, o->name) ||
			    words_have(profile_keys, o->name) || strchr(o->name, '.'))
				fail_msg("%s: the option %s", (*w)->name, o->name);
		}
	}
}

static void options_lie_within_their_params_and_apart(void **state)
{
	static const size_t bytes[] = {
		[OPTION_BYTES] = 8,   [OPTION_COUNT] = 8, [OPTION_RATE] = 8,
		[OPTION_SECONDS] = 8, [OPTION_RATIO] = 8, [OPTION_BOOL] = 1,
		[OPTION_CHOICE] = 4,
	};

	(void)state;
	for (const struct workload *const *w = workloads; *w; w++) {
		char used[4096] = "";

		for (const struct workload_option *o = (*w)->options; o->name; o++) {
			size_t length = o->type == OPTION_TEXT ? o->capacity : bytes[o->type];

			assert_true(length > 0);
			assert_true(o->offset + length <= (*w)->params_bytes);
			for (size_t i = 0; i < length; i++) {
				if (used[o->offset + i]++)
					fail_msg("%s: %s shares its bytes", (*w)->name,
						 o->name);
			}
		}
	}
}

static void what_is_formatted_parses_back_to_the_same(void **state)
{
	static const struct {
		enum option_type type;
		const char *text, *formatted;
	} cases[] = {
		{ OPTION_BYTES, "193M", "202375168" },
		{ OPTION_COUNT, "12", "12" },
		{ OPTION_RATE, "100M/s", "104857600/s" },
		{ OPTION_RATE, "0", "0" },
		{ OPTION_SECONDS, "1500ms", "1500ms" },
		{ OPTION_SECONDS, "1d", "1d" },
		{ OPTION_RATIO, "75%", "0.75" },
		{ OPTION_RATIO, "0.001", "0.001" },
		{ OPTION_BOOL, "on", "yes" },
		{ OPTION_CHOICE, "b", "b" },
		{ OPTION_TEXT, "x, y", "x, y" },
	};
	struct error clause = { "" };
	char text[64], again[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct workload_option o = {
			.name = "o", .type = cases[i].type, .choices = "a|b|c", .capacity = 16
		};

		assert_int_equal(option_parse(&o, cases[i].text, NULL, params, &clause), 0);
		option_format(&o, params, text, sizeof(text));
		assert_string_equal(text, cases[i].formatted);
		assert_int_equal(option_parse(&o, text, NULL, params, &clause), 0);
		option_format(&o, params, again, sizeof(again));
		assert_string_equal(again, text);
	}
}

static void a_refused_value_leaves_the_params(void **state)
{
	static const struct workload_option o = {
		.name = "o", .type = OPTION_COUNT, .min = "3", .max = "5"
	};
	struct error clause = { "" };

	(void)state;
	memset(params, 0x55, sizeof(params));
	assert_int_equal(option_parse(&o, "2", NULL, params, &clause), -ERANGE);
	assert_string_equal(clause.text, "is below the minimum, 3");
	assert_int_equal(option_parse(&o, "6", NULL, params, &clause), -ERANGE);
	assert_int_equal(option_parse(&o, "x", NULL, params, &clause), -EINVAL);
	for (size_t i = 0; i < sizeof(params); i++)
		assert_int_equal(params[i], 0x55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_default_and_bound_goes_through_the_parser),
		cmocka_unit_test(no_option_takes_a_name_that_means_something_else),
		cmocka_unit_test(options_lie_within_their_params_and_apart),
		cmocka_unit_test(what_is_formatted_parses_back_to_the_same),
		cmocka_unit_test(a_refused_value_leaves_the_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
