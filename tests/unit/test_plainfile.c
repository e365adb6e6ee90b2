// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/base/plainfile.h, and of those who read a results directory with it. */
#include <errno.h>
#include <fcntl.h>
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

#include "harness/base/plainfile.h"
#include "harness/plan/profile.h"
#include "harness/tables/csv.h"
#include "workloads/api/arith.h"

static char root[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/pagestorm-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	return chdir(root) || mkdir("directory", 0755) || mkfifo("fifo", 0600) ||
	       symlink("plain", "link") || symlink("nowhere", "dangling");
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return chdir("/") || system(command);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static bool holds(const char *path, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	(void)!fread(found, 1, sizeof(found) - 1, file); /* an empty file has no bytes */
	fclose(file);
	return !strcmp(found, text);
}

/* None of these waits: the test would hang. */
static void opens_regular_files_alone(void **state)
{
	static const struct {
		const char *path;
		int flags, expected;
		const char *says;
	} rows[] = {
		{ "plain", O_RDONLY, 0, "" },
		{ "plain", O_RDWR, 0, "" },
		{ "link", O_RDONLY, -ELOOP, "link is a symbolic link; not following it" },
		{ "dangling", O_RDWR, -ELOOP, "dangling is a symbolic link; not following it" },
		{ "fifo", O_RDONLY, -EMEDIUMTYPE,
		  "fifo is not a regular file; not opening it" },
		{ "fifo", O_RDWR, -EMEDIUMTYPE, "fifo is not a regular file; not opening it" },
		{ "directory", O_RDONLY, -EMEDIUMTYPE,
		  "directory is not a regular file; not opening it" },
		{ "/dev/zero", O_RDONLY, -EMEDIUMTYPE,
		  "/dev/zero is not a regular file; not opening it" },
		{ "none", O_RDONLY, -ENOENT, "none: No such file or directory" },
	};

	(void)state;
	put("plain", "x");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error e = { "" };
		const int fd = plainfile_open(AT_FDCWD, rows[i].path, rows[i].flags, &e);

		assert_string_equal(e.text, rows[i].says);
		assert_int_equal(fd < 0 ? fd : 0, rows[i].expected);
		if (fd >= 0)
			close(fd);
	}
}

static void another_name_of_the_file_is_read_and_not_written(void **state)
{
	struct error e = { "" };
	int fd;

	(void)state;
	put("plain", "x");
	assert_int_equal(link("plain", "second"), 0);
	fd = plainfile_open(AT_FDCWD, "second", O_RDONLY, &e);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(plainfile_open(AT_FDCWD, "second", O_RDWR, &e), -EMLINK);
	assert_non_null(strstr(e.text, "hard link"));
}

static void making_replaces_a_link_and_not_its_target(void **state)
{
	int fd;

	(void)state;
	put("plain", "precious");
	fd = plainfile_make(AT_FDCWD, "link");
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "new", 3), 3);
	close(fd);
	assert_true(holds("plain", "precious"));
	assert_true(holds("link", "new"));
	assert_int_equal(plainfile_make(AT_FDCWD, "directory"), -EISDIR);
}

static void renaming_replaces_nothing(void **state)
{
	(void)state;
	assert_int_equal(mkdir("taken", 0755), 0);
	assert_int_equal(plainfile_rename("directory", "taken"), -EEXIST);
	assert_int_equal(access("directory", F_OK), 0);
	assert_int_equal(plainfile_rename("directory", "free"), 0);
	assert_int_equal(access("free", F_OK), 0);
}

static void a_table_is_not_read_through_a_link_or_from_a_fifo(void **state)
{
	struct csv_table t = { 0 };
	struct csv_writer w;

	(void)state;
	put("plain", "a,b\n");
	assert_int_equal(csv_read(&t, "link", NULL), -ELOOP);
	assert_int_equal(csv_read(&t, "fifo", NULL), -EMEDIUMTYPE);
	assert_int_equal(csv_append(&w, AT_FDCWD, "link", "a,b", NULL), -ELOOP);
}

static void a_profile_is_not_waited_for_at_a_fifo(void **state)
{
	struct error e = { "" };
	struct profile p;

	(void)state;
	profile_init(&p);
	assert_int_equal(profile_read(&p, "fifo", &e), -EINVAL);
	assert_string_equal(e.text, "fifo is a FIFO that no process writes to");
	profile_release(&p);
}

static void a_profile_from_a_pipe_is_waited_for(void **state)
{
	struct error e = { "" };
	struct profile p;
	int pipes[2];
	char path[32];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write(pipes[1], "[profile]\nwhy = x\n", 18), 18);
	close(pipes[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", pipes[0]);
	profile_init(&p);
	assert_int_equal(profile_read(&p, path, &e), 0);
	profile_release(&p);
	close(pipes[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_regular_files_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			another_name_of_the_file_is_read_and_not_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(making_replaces_a_link_and_not_its_target,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(renaming_replaces_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_table_is_not_read_through_a_link_or_from_a_fifo, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_profile_is_not_waited_for_at_a_fifo, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_profile_from_a_pipe_is_waited_for, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
