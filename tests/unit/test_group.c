// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/machine/group.h that need no cgroup: the place of a group, the
 * text written for a limit, and what counts as kept. A plain directory stands for the group.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/machine/cgtree.h"
#include "harness/machine/group_part.h"
#include "harness/machine/groupmark.h"
#include "workloads/api/arith.h"

static char directory[] = "/tmp/pagestorm-test-group-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return !mkdtemp(directory);
}

static int remove_directory(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/limit", directory);
	(void)unlink(path);
	return rmdir(directory);
}

static void holds(const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/limit", directory);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void a_path_that_would_be_cut_makes_no_group(void **state)
{
	struct group parent = { .version = 1 }, child = { .name = "untouched" };
	struct error e = { "" };

	(void)state;
	memset(parent.path, 'x', sizeof(parent.path) - 4);
	parent.path[0] = '/';
	assert_int_equal(group_make(&child, &parent, "hog", NULL, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.text, "hog"));
	assert_string_equal(child.name, "untouched");
}

static void what_the_kernel_kept_is_compared_as_the_kernel_means_it(void **state)
{
	static const struct {
		const char *name, *written_text, *kept;
		int expected;
	} cases[] = {
		{ "memory.max", "67108864", "67108864\n", 0 },
		{ "memory.max", "67108865", "67108864\n", 0 }, /* cut to a page */
		{ "memory.max", "67108864", "67112960\n", -EIO },
		{ "memory.max", "67108864", "67104768\n", -EIO },
		{ "memory.max", "67108864", "max\n", -EIO },
		{ "memory.max", "max", "max\n", 0 },
		{ "memory.max", "max", "9223372036854771712\n", -EIO },
		{ "memory.max", "-1", "9223372036854771712\n", 0 },
		{ "memory.max", "-1", "67108864\n", -EIO },
		{ "memory.swappiness", "60", "60\n", 0 },
		{ "memory.swappiness", "60", "61\n", -EIO },
		{ "memory.oom.group", "1", "0\n", -EIO },
		{ "cpuset.mems", "0,1", "0-1\n", 0 },
		{ "cpuset.mems", "0-1", "0\n", -EIO },
		{ "cpuset.cpus", "0-2,5", "0,1,2,5\n", 0 },
		{ "cpuset.cpus", "0", "\n", -EIO },
	};
	struct group g = { .version = 2 };

	(void)state;
	snprintf(g.path, sizeof(g.path), "%s", directory);
	snprintf(g.cpuset_path, sizeof(g.cpuset_path), "%s", directory);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct limit written = { .name = "limit" };
		struct error e = { "" };

		print_message("%s = %s, kept %s", cases[i].name, cases[i].written_text,
			      cases[i].kept);
		holds(cases[i].kept);
		snprintf(written.value, sizeof(written.value), "%s", cases[i].written_text);
		assert_int_equal(limit_read_back(&g, limit_file(cases[i].name), &written, &e),
				 cases[i].expected);
		assert_int_equal(!e.text[0], !cases[i].expected);
	}
}

static void a_list_too_long_to_be_read_is_no_agreement(void **state)
{
	const struct limit written = { .name = "limit", .value = "0" };
	struct group g = { .version = 2 };
	char *text = calloc(1, 8192);

	(void)state;
	assert_non_null(text);
	memset(text, '0', 8191);
	holds(text);
	free(text);
	snprintf(g.cpuset_path, sizeof(g.cpuset_path), "%s", directory);
	assert_int_equal(limit_read_back(&g, limit_file("cpuset.cpus"), &written, NULL),
			 -EOVERFLOW);
}

static void limit_text_is(unsigned version, const struct limits *limits, unsigned i,
			  const char *expected)
{
	static const char *const v1[] = { "memory.limit_in_bytes",
					  "memory.memsw.limit_in_bytes" };
	const struct group g = { .version = version };
	struct limit text;

	assert_int_equal(limit_translate(&g, limits, &limits->limit[i], &text, NULL), 0);
	assert_string_equal(text.name, version == 1 ? v1[i] : limits->limit[i].name);
	assert_string_equal(text.value, expected);
}

static void memory_and_swap_are_one_limit_on_v1(void **state)
{
	struct limits limits = { .nr = 2,
				 .limit = { { "memory.max", "67108864", false },
					    { "memory.swap.max", "4096", false } } };

	(void)state;
	limit_text_is(2, &limits, 0, "67108864");
	limit_text_is(2, &limits, 1, "4096");
	limit_text_is(1, &limits, 0, "67108864");
	limit_text_is(1, &limits, 1, "67112960");
	strcpy(limits.limit[1].value, "max");
	limit_text_is(2, &limits, 1, "max");
	limit_text_is(1, &limits, 1, "-1");
	strcpy(limits.limit[0].value, "max");
	limit_text_is(2, &limits, 0, "max");
	limit_text_is(1, &limits, 0, "-1");
}

static void swap_alone_cannot_be_limited_on_v1(void **state)
{
	const struct limits limits = { .nr = 1,
				       .limit = { { "memory.swap.max", "0", false } } };
	const struct group g = { .version = 1 };
	struct error e = { "" };
	struct limit text = { .value = "untouched" };

	(void)state;
	assert_int_equal(limit_translate(&g, &limits, &limits.limit[0], &text, &e), -EINVAL);
	assert_non_null(strstr(e.text, "memory.max"));
	assert_string_equal(text.value, "untouched");
}

static void a_key_is_found_whole_or_not_at_all(void **state)
{
	struct group g = { .version = 1 };
	uint64_t value = 7;

	(void)state;
	snprintf(g.path, sizeof(g.path), "%s", directory);
	holds("oom_kill_disable 0\nunder_oom 1\noom_kill 3\n");
	assert_int_equal(group_read_key(&g, "limit", "oom_kill", &value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(group_read_key(&g, "limit", "oom", &value), -ENOENT);
	assert_int_equal(group_read_key(&g, "gone", "oom", &value), -ENOENT);
	assert_int_equal(value, 3);
	holds("max\n");
	assert_int_equal(group_read_number(&g, "limit", &value), -EINVAL);
	holds("18446744073709551615\n");
	assert_int_equal(group_read_number(&g, "limit", &value), 0);
	assert_true(value == UINT64_MAX);
}

/* An empty directory, which rmdir(2) would remove. */
static void a_group_is_removed_by_its_name_or_not_at_all(void **state)
{
	static const char *const foreign[] = { "docker", "pagestormy", "x-pagestorm-1" };
	struct error e = { "" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, foreign[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		e.text[0] = '\0';
		assert_int_equal(cgtree_remove(path, NULL, &e), -EPERM);
		assert_non_null(strstr(e.text, "not touching it"));
		assert_int_equal(rmdir(path), 0);
	}
	snprintf(path, sizeof(path), "%s/" CGTREE_PREFIX "-1", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(cgtree_remove(path, NULL, NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(cgtree_remove(path, NULL, NULL), 0);
}

/* What only its maker's end, in whatever PID namespace, gives to restore. */
static void a_group_of_a_moment_is_held_until_it_is_removed(void **state)
{
	int hold;

	(void)state;
	assert_false(groupmark_is_held(directory));
	hold = groupmark_label(directory);
	assert_true(hold >= 0);
	assert_true(groupmark_is_held(directory));
	assert_int_equal(close(hold), 0);
	assert_false(groupmark_is_held(directory));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_that_would_be_cut_makes_no_group),
		cmocka_unit_test(what_the_kernel_kept_is_compared_as_the_kernel_means_it),
		cmocka_unit_test(a_list_too_long_to_be_read_is_no_agreement),
		cmocka_unit_test(memory_and_swap_are_one_limit_on_v1),
		cmocka_unit_test(swap_alone_cannot_be_limited_on_v1),
		cmocka_unit_test(a_key_is_found_whole_or_not_at_all),
		cmocka_unit_test(a_group_of_a_moment_is_held_until_it_is_removed),
		cmocka_unit_test(a_group_is_removed_by_its_name_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
