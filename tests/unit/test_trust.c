// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/base/trust.h, as far as one user can test them; trust.bats has the
 * others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/base/trust.h"
#include "workloads/api/arith.h"

static char root[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/pagestorm-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	return chdir(root) || mkdir("a", 0755) || mkdir("a/b", 0755);
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return chdir("/") || system(command);
}

static void put(const char *path, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void each_part_of_the_way_counts(void **state)
{
	static const struct {
		const char *part;
		mode_t mode;
		int expected;
	} rows[] = {
		{ "a/b/x.ini", 0644, 0 }, { "a/b/x.ini", 0646, -EPERM },
		{ "a/b/x.ini", 0600, 0 }, { "a/b", 0757, -EPERM },
		{ "a", 0757, -EPERM },	  { "a", 01777, 0 },
		{ "a/b", 01757, 0 },
	};

	(void)state;
	put("a/b/x.ini", 0644);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error e = { "" };
		struct stat st;

		assert_int_equal(stat(rows[i].part, &st), 0);
		assert_int_equal(chmod(rows[i].part, rows[i].mode), 0);
		assert_int_equal(trust_path("a/b/x.ini", &e), rows[i].expected);
		assert_int_equal(trust_path("./a//b/../b/x.ini", NULL), rows[i].expected);
		if (rows[i].expected) {
			assert_non_null(strstr(e.text, rows[i].part));
			assert_non_null(strstr(e.text, "can be written by everyone"));
		}
		assert_int_equal(chmod(rows[i].part, st.st_mode & 07777), 0);
	}
}

static void a_link_leads_to_where_it_leads(void **state)
{
	struct error e = { "" };

	(void)state;
	put("a/b/x.ini", 0644);
	assert_int_equal(mkdir("open", 0755), 0);
	put("open/y.ini", 0644);
	assert_int_equal(symlink("b/x.ini", "a/link"), 0);
	assert_int_equal(symlink("../open/y.ini", "a/out"), 0);
	assert_int_equal(symlink("loop", "a/loop"), 0);
	assert_int_equal(trust_path("a/link", NULL), 0);
	assert_int_equal(trust_path("a/out", NULL), 0);
	assert_int_equal(chmod("open", 0777), 0);
	assert_int_equal(trust_path("a/out", &e), -EPERM);
	assert_non_null(strstr(e.text, "/open can be"));
	assert_int_equal(trust_path("a/loop", NULL), -ELOOP);
	assert_int_equal(trust_path("a/none", NULL), -ENOENT);
}

static void a_program_is_never_found_where_one_happens_to_be(void **state)
{
	static const char *const searches[] = { "", ":", ".", "::.:bin", "bin:./bin" };
	char path[256], absolute[128];

	(void)state;
	assert_int_equal(mkdir("bin", 0755), 0);
	put("pagestorm-test-program", 0755);
	put("bin/pagestorm-test-program", 0755);
	for (size_t i = 0; i < ARRAY_SIZE(searches); i++)
		assert_int_equal(trust_find_program("pagestorm-test-program", searches[i], path,
						    sizeof(path)),
				 -ENOENT);
	snprintf(absolute, sizeof(absolute), ":.:%s/bin", root);
	assert_int_equal(
		trust_find_program("pagestorm-test-program", absolute, path, sizeof(path)), 0);
	assert_int_equal(strncmp(path, root, strlen(root)), 0);
	assert_int_equal(trust_find_program("sh", NULL, path, sizeof(path)), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_part_of_the_way_counts),
		T(a_link_leads_to_where_it_leads),
		T(a_program_is_never_found_where_one_happens_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
