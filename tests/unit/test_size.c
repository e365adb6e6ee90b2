// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/base/size.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "harness/base/size.h"
#include "workloads/api/arith.h"

#define K 1024ull
#define M (1024ull * K)
#define G (1024ull * M)

static const struct size_base base = { .limit_bytes = 100 * M, .available_bytes = 8 * G };

static void sizes_are_binary_and_exact(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "1B", 1 },
		{ "64K", 64 * K },
		{ "64k", 64 * K },
		{ "64KiB", 64 * K },
		{ "193M", 193 * M },
		{ "1GiB", G },
		{ "1.5G", 3 * G / 2 },
		{ "0.5K", 512 },
		{ "2T", 2048 * G },
		{ "10000000000", 10000000000ull },
		{ "9007199254740993", 9007199254740993ull },
		{ "18446744073709551615", UINT64_MAX },
		{ "50%limit", 50 * M },
		{ "140%limit", 140 * M },
		{ "12.5%available", G },
		{ "33.3%limit", 34914304 } /* whole pages of 34917580.8 */,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char reason[128] = "";
		uint64_t bytes = 1;

		if (size_parse(good[i].text, &base, &bytes, reason, sizeof(reason)) ||
		    bytes != good[i].bytes)
			fail_msg("%s: %llu %s", good[i].text, (unsigned long long)bytes,
				 reason);
	}
}

static void bad_sizes_say_why_and_leave_the_result(void **state)
{
	static const struct {
		const char *text;
		int ret;
		const char *reason;
	} bad[] = {
		{ "", -EINVAL, "is not a size: write 65536, 64K, 64M, 1GiB or 60%limit" },
		{ "M", -EINVAL, "is not a size: write 65536, 64K, 64M, 1GiB or 60%limit" },
		{ "-1M", -EINVAL, "is not a size: write 65536, 64K, 64M, 1GiB or 60%limit" },
		{ ".5M", -EINVAL, "is not a size: write 65536, 64K, 64M, 1GiB or 60%limit" },
		{ "64MB", -EINVAL,
		  "is ambiguous: MB may be 1000 or 1024; write M or MiB for 1024" },
		{ "64kB", -EINVAL,
		  "is ambiguous: kB may be 1000 or 1024; write K or KiB for 1024" },
		{ "64 M", -EINVAL,
		  "has no known unit of size: write 65536, 64K, 64M, 1GiB or 60%limit" },
		{ "64Mb", -EINVAL,
		  "has no known unit of size: write 65536, 64K, 64M, 1GiB or 60%limit" },
		{ "1.", -EINVAL,
		  "has no known unit of size: write 65536, 64K, 64M, 1GiB or 60%limit" },
		{ "1.3K", -EINVAL, "is not a whole number of bytes" },
		{ "60%", -EINVAL, "is a percentage of what? Write 60%limit or 60%available" },
		{ "60%free", -EINVAL,
		  "is a percentage of what? Write 60%limit or 60%available" },
		{ "18446744073709551616", -ERANGE, "is too large for 64 bits" },
		{ "99999999999T", -ERANGE, "is too large for 64 bits" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char reason[128] = "";
		uint64_t bytes = 77;

		if (size_parse(bad[i].text, &base, &bytes, reason, sizeof(reason)) !=
			    bad[i].ret ||
		    strcmp(reason, bad[i].reason))
			fail_msg("'%s': %s", bad[i].text, reason);
		assert_int_equal(bytes, 77);
	}
}

static void a_percentage_without_its_base_is_refused(void **state)
{
	static const struct size_base none;
	char reason[128];
	uint64_t bytes = 77;

	(void)state;
	assert_int_equal(size_parse("60%limit", &none, &bytes, reason, sizeof(reason)),
			 -EINVAL);
	assert_string_equal(reason,
			    "is a share of the limit, but there is none: set memory.max");
	assert_int_equal(size_parse("60%available", NULL, &bytes, reason, sizeof(reason)),
			 -EINVAL);
	assert_int_equal(bytes, 77);
}

static void rates_and_durations(void **state)
{
	char reason[128];
	uint64_t n;

	(void)state;
	assert_int_equal(rate_parse("100M/s", &n, reason, sizeof(reason)), 0);
	assert_int_equal(n, 100 * M);
	assert_int_equal(rate_parse("0", &n, reason, sizeof(reason)), 0);
	assert_int_equal(n, 0);
	assert_int_equal(rate_parse("100M", &n, reason, sizeof(reason)), -EINVAL);
	assert_int_equal(rate_parse("10%limit/s", &n, reason, sizeof(reason)), -EINVAL);

	assert_int_equal(duration_parse("250ms", &n, reason, sizeof(reason)), 0);
	assert_int_equal(n, 250000000);
	assert_int_equal(duration_parse("1.5s", &n, reason, sizeof(reason)), 0);
	assert_int_equal(n, 1500000000);
	assert_int_equal(duration_parse("2m", &n, reason, sizeof(reason)), 0);
	assert_int_equal(n, 120000000000);
	assert_int_equal(duration_parse("1h", &n, reason, sizeof(reason)), 0);
	assert_int_equal(n, 3600000000000);
	assert_int_equal(duration_parse("10", &n, reason, sizeof(reason)), -EINVAL);
	assert_int_equal(duration_parse("10 s", &n, reason, sizeof(reason)), -EINVAL);
	assert_int_equal(duration_parse("0.5ns", &n, reason, sizeof(reason)), -EINVAL);
	assert_int_equal(duration_parse("9999999999h", &n, reason, sizeof(reason)), -ERANGE);
}

static void ratios_counts_and_bools(void **state)
{
	char reason[128];
	uint64_t n;
	double ratio;
	bool b;

	(void)state;
	assert_int_equal(ratio_parse("0.75", &ratio, reason, sizeof(reason)), 0);
	assert_true(ratio == 0.75);
	assert_int_equal(ratio_parse("75%", &ratio, reason, sizeof(reason)), 0);
	assert_true(ratio == 0.75);
	assert_int_equal(ratio_parse("75%limit", &ratio, reason, sizeof(reason)), -EINVAL);
	assert_int_equal(ratio_parse("half", &ratio, reason, sizeof(reason)), -EINVAL);

	assert_int_equal(count_parse("12", &n, reason, sizeof(reason)), 0);
	assert_int_equal(n, 12);
	assert_int_equal(count_parse("12K", &n, reason, sizeof(reason)), -EINVAL);
	assert_int_equal(count_parse("1.5", &n, reason, sizeof(reason)), -EINVAL);
	assert_int_equal(count_parse("-1", &n, reason, sizeof(reason)), -EINVAL);

	assert_int_equal(bool_parse("Yes", &b, reason, sizeof(reason)), 0);
	assert_true(b);
	assert_int_equal(bool_parse("off", &b, reason, sizeof(reason)), 0);
	assert_false(b);
	assert_int_equal(bool_parse("maybe", &b, reason, sizeof(reason)), -EINVAL);
	assert_string_equal(reason, "is neither yes nor no");
}

static void formats_parse_back_to_the_same(void **state)
{
	static const uint64_t amounts[] = {
		0, 1, 1023, 1024, 4097, 193 * M, G - 1, 10000000000ull, 5 * 1024 * G, UINT64_MAX
	};
	char text[64], reason[128];
	uint64_t back;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
		size_format(amounts[i], text, sizeof(text));
		assert_int_equal(size_parse(text, NULL, &back, reason, sizeof(reason)), 0);
		assert_true(back == amounts[i]);
		duration_format(amounts[i], text, sizeof(text));
		assert_int_equal(duration_parse(text, &back, reason, sizeof(reason)), 0);
		assert_true(back == amounts[i]);
	}
	size_format(193 * M, text, sizeof(text));
	assert_string_equal(text, "193M");
	duration_format(90ull * 1000000000, text, sizeof(text));
	assert_string_equal(text, "90s");
}

static void people_read_one_decimal_at_most(void **state)
{
	char text[64];

	(void)state;
	size_human(193 * M, text, sizeof(text));
	assert_string_equal(text, "193 MiB");
	size_human(3 * G / 2, text, sizeof(text));
	assert_string_equal(text, "1.5 GiB");
	size_human(512, text, sizeof(text));
	assert_string_equal(text, "512 B");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_binary_and_exact),
		cmocka_unit_test(bad_sizes_say_why_and_leave_the_result),
		cmocka_unit_test(a_percentage_without_its_base_is_refused),
		cmocka_unit_test(rates_and_durations),
		cmocka_unit_test(ratios_counts_and_bools),
		cmocka_unit_test(formats_parse_back_to_the_same),
		cmocka_unit_test(people_read_one_decimal_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
