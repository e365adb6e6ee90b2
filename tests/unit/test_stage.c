// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/trial/stage.h: within a file system and from /tmp to /dev/shm, where
 * they are two.
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

#include "harness/trial/stage.h"

struct place {
	char disk[64], shared[64], from[96], path[160];
};

static void put(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void assert_text(const char *directory, const char *name, const char *text)
{
	char path[256], found[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(found, sizeof(found), file));
	assert_string_equal(found, text);
	fclose(file);
}

/* shared_root: the file system that it is moved to. */
static struct place make_place(const char *shared_root)
{
	struct place p;
	char raw[128];

	snprintf(p.disk, sizeof(p.disk), "/tmp/pagestorm-test-stage-XXXXXX");
	snprintf(p.shared, sizeof(p.shared), "%s/pagestorm-test-stage-XXXXXX", shared_root);
	assert_non_null(mkdtemp(p.disk));
	assert_non_null(mkdtemp(p.shared));
	snprintf(p.from, sizeof(p.from), "%s/run", p.disk);
	assert_int_equal(mkdir(p.from, 0755), 0);
	snprintf(raw, sizeof(raw), "%s/raw", p.from);
	assert_int_equal(mkdir(raw, 0755), 0);
	put(p.from, "runs.csv", "run,outcome");
	put(raw, "meminfo", "MemTotal");
	return p;
}

static void remove_place(const struct place *p)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s %s", p->disk, p->shared);
	assert_int_equal(system(command), 0);
}

static void require_two_file_systems(void)
{
	struct stat disk, shared;

	if (stat("/tmp", &disk) || stat("/dev/shm", &shared) || access("/dev/shm", W_OK) ||
	    disk.st_dev == shared.st_dev) {
		print_message("# skipped: /tmp and /dev/shm are one file system\n");
		skip();
	}
}

static void test_renames_within_a_file_system(void **state)
{
	struct place p = make_place("/tmp");
	char parent[96];

	(void)state;
	snprintf(parent, sizeof(parent), "%s/jobs", p.shared);
	assert_int_equal(stage_move(p.from, parent, p.path, sizeof(p.path), NULL), 0);
	assert_text(p.path, "runs.csv", "run,outcome");
	assert_int_equal(access(p.from, F_OK), -1);
	remove_place(&p);
}

static void test_copies_between_two_and_removes_the_first(void **state)
{
	struct place p;
	char raw[192];

	(void)state;
	require_two_file_systems();
	p = make_place("/dev/shm");
	assert_int_equal(stage_move(p.from, p.shared, p.path, sizeof(p.path), NULL), 0);
	assert_text(p.path, "runs.csv", "run,outcome");
	snprintf(raw, sizeof(raw), "%s/raw", p.path);
	assert_text(raw, "meminfo", "MemTotal");
	assert_int_equal(access(p.from, F_OK), -1);
	remove_place(&p);
}

static void test_replaces_nothing(void **state)
{
	const char *roots[] = { "/tmp", "/dev/shm" };
	struct error e;

	(void)state;
	require_two_file_systems();
	for (int i = 0; i < 2; i++) {
		struct place p = make_place(roots[i]);
		char taken[128], partial[160];

		snprintf(taken, sizeof(taken), "%s/run", p.shared);
		snprintf(partial, sizeof(partial), "%s.partial", taken);
		assert_int_equal(mkdir(taken, 0755), 0);
		e.text[0] = '\0';
		assert_int_equal(stage_move(p.from, p.shared, p.path, sizeof(p.path), &e),
				 -EEXIST);
		assert_non_null(strstr(e.text, p.from));
		assert_text(p.from, "runs.csv", "run,outcome");
		assert_int_equal(access(partial, F_OK), -1);
		remove_place(&p);
	}
}

/* A link could lead the copy to a file that is not the run's. */
static void test_refuses_a_link_and_leaves_no_copy(void **state)
{
	struct error e = { "" };
	struct place p;
	char link[128], partial[160];

	(void)state;
	require_two_file_systems();
	p = make_place("/dev/shm");
	snprintf(link, sizeof(link), "%s/truth.csv", p.from);
	snprintf(partial, sizeof(partial), "%s/run.partial", p.shared);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(stage_move(p.from, p.shared, p.path, sizeof(p.path), &e),
			 -EMEDIUMTYPE);
	assert_non_null(strstr(e.text, "truth.csv: neither a file nor a directory"));
	assert_int_equal(access(p.path, F_OK), -1);
	assert_int_equal(access(partial, F_OK), -1);
	assert_text(p.from, "runs.csv", "run,outcome");
	remove_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_renames_within_a_file_system),
		cmocka_unit_test(test_copies_between_two_and_removes_the_first),
		cmocka_unit_test(test_replaces_nothing),
		cmocka_unit_test(test_refuses_a_link_and_leaves_no_copy),
	};

	return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
