// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/cli/cmd_parse.h: a row says where a value goes, and it goes there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "harness/cli/cmd.h"
#include "harness/cli/cmd_parse.h"
#include "harness/lab/words.h"
#include "workloads/api/arith.h"

struct values {
	bool flag;
	const char *text, *directory;
	unsigned number;
	int index;
	struct words list;
	struct cmd_words words;
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "flag", .letter = 'f', .take = cmd_take_flag,
	  .offset = offsetof(struct values, flag) },
	{ .name = "text", .arg = "TEXT", .take = cmd_take_text,
	  .offset = offsetof(struct values, text) },
	{ .name = "directory", .letter = 'd', .arg = "DIR", .take = cmd_take_directory,
	  .offset = offsetof(struct values, directory) },
	{ .name = "number", .letter = 'n', .arg = "N", .take = cmd_take_number,
	  .offset = offsetof(struct values, number), .least = 1, .most = 10 },
	{ .name = "index", .arg = "K", .take = cmd_take_index,
	  .offset = offsetof(struct values, index), .most = 10 },
	{ .name = "list", .arg = "WORD", .take = cmd_take_list,
	  .offset = offsetof(struct values, list), .most = 2 },
	{ 0 }
};
/* clang-format on */

static struct cmd_syntax syntax = {
	.name = "pagestorm test",
	.words = "WORD...",
	.doc = "",
	.options = options,
	.words_offset = offsetof(struct values, words),
};

static int parse(const char *const *words, struct values *request)
{
	static char *argv[32];
	int argc = 0;

	argv[argc++] = "test";
	for (; *words; words++)
		argv[argc++] = (char *)*words;
	argv[argc] = NULL;
	*request = (struct values){ .index = -1 };
	return cmd_parse(&syntax, argc, argv, request);
}

#define PARSE(request, ...) parse((const char *const[]){ __VA_ARGS__, NULL }, request)

static const struct cmd_option *row(const char *name)
{
	const struct cmd_option *o = options;

	while (strcmp(o->name, name))
		o++;
	return o;
}

static void each_value_goes_where_its_row_says(void **state)
{
	struct values r;

	(void)state;
	assert_int_equal(PARSE(&r, "-f", "--text=", "-d", "a", "--number=10", "--index", "0",
			       "--list=x", "--list", "y"),
			 0);
	assert_true(r.flag);
	assert_string_equal(r.text, "");
	assert_string_equal(r.directory, "a");
	assert_int_equal(r.number, 10);
	assert_int_equal(r.index, 0);
	assert_int_equal(r.list.nr, 2);
	assert_string_equal(r.list.item[1], "y");
	words_release(&r.list);
}

static void what_is_not_given_keeps_its_default(void **state)
{
	struct values r;

	(void)state;
	assert_int_equal(PARSE(&r, "word"), 0);
	assert_false(r.flag);
	assert_null(r.text);
	assert_int_equal(r.index, -1);
	assert_int_equal(r.list.nr, 0);
}

static void the_last_of_two_values_counts(void **state)
{
	struct values r;

	(void)state;
	assert_int_equal(PARSE(&r, "-n3", "--num=4"), 0);
	assert_int_equal(r.number, 4);
}

static void words_are_what_is_left(void **state)
{
	struct values r;

	(void)state;
	assert_int_equal(PARSE(&r, "one", "-n", "2", "two", "--", "-f"), 0);
	assert_int_equal(r.words.nr, 3);
	assert_string_equal(r.words.word[0], "one");
	assert_string_equal(r.words.word[2], "-f");
	assert_null(r.words.word[3]);
	assert_false(r.flag);
}

static void in_order_the_first_word_ends_the_options(void **state)
{
	struct values r;

	(void)state;
	syntax.in_order = true;
	assert_int_equal(PARSE(&r, "-n", "2", "one", "-f", "--nosuch"), 0);
	syntax.in_order = false;
	assert_int_equal(r.number, 2);
	assert_int_equal(r.words.nr, 3);
	assert_false(r.flag);
}

static void an_unknown_option_is_usage_and_the_value_of_another_is_none(void **state)
{
	struct values r;

	(void)state;
	assert_int_equal(PARSE(&r, "--nubmer=3"), EXIT_USAGE);
	assert_int_equal(PARSE(&r, "--text", "--nosuch"), 0);
	assert_string_equal(r.text, "--nosuch");
}

static void a_number_is_whole_and_within_its_bounds(void **state)
{
	static const char *const bad[] = {
		"", "0", "11", "-1", "+3", " 3", "3x", "x", "18446744073709551617", "3.0"
	};
	unsigned number = 7;
	int index = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error e = { "" };

		assert_int_equal(cmd_take_number(row("number"), bad[i], &number, &e), -EINVAL);
		assert_non_null(strstr(e.text, "--number: '"));
		assert_non_null(strstr(e.text, "from 1 to 10"));
	}
	assert_int_equal(number, 7);
	assert_int_equal(cmd_take_index(row("index"), "11", &index, NULL), -EINVAL);
	assert_int_equal(index, -1);
}

static void a_directory_has_a_name(void **state)
{
	const char *directory = "before";
	struct error e = { "" };

	(void)state;
	assert_int_equal(cmd_take_directory(row("directory"), "", &directory, &e), -EINVAL);
	assert_string_equal(e.text, "--directory: the directory has no name");
	assert_string_equal(directory, "before");
}

static void a_list_is_no_longer_than_its_most(void **state)
{
	struct words list = { 0 };
	struct error e = { "" };

	(void)state;
	assert_int_equal(cmd_take_list(row("list"), "a", &list, &e), 0);
	assert_int_equal(cmd_take_list(row("list"), "b", &list, &e), 0);
	assert_int_equal(cmd_take_list(row("list"), "c", &list, &e), -EINVAL);
	assert_string_equal(e.text, "at most 2 times the same option");
	assert_int_equal(list.nr, 2);
	words_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_value_goes_where_its_row_says),
		cmocka_unit_test(what_is_not_given_keeps_its_default),
		cmocka_unit_test(the_last_of_two_values_counts),
		cmocka_unit_test(words_are_what_is_left),
		cmocka_unit_test(in_order_the_first_word_ends_the_options),
		cmocka_unit_test(an_unknown_option_is_usage_and_the_value_of_another_is_none),
		cmocka_unit_test(a_number_is_whole_and_within_its_bounds),
		cmocka_unit_test(a_directory_has_a_name),
		cmocka_unit_test(a_list_is_no_longer_than_its_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
