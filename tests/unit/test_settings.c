// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/machine/settings.h and sysfile.h, on a machine of plain files. */
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

#include "harness/machine/settings.h"
#include "harness/machine/sysfile.h"
#include "workloads/api/arith.h"

#define THP	 "/sys/kernel/mm/transparent_hugepage/enabled"
#define MIN_FREE "/proc/sys/vm/min_free_kbytes"

struct machine {
	char root[64];
	struct journal j;
	struct error e;
};

static void put(const struct machine *m, const char *path, const char *text)
{
	char full[256];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", m->root, path);
	for (char *slash = full + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

static const char *get(const struct machine *m, const char *path)
{
	static char text[256];

	assert_int_equal(sysfile_read(m->root, path, text, sizeof(text)), 0);
	return text;
}

static int set_up(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));
	char directory[80];

	snprintf(m->root, sizeof(m->root), "/tmp/pagestorm-test-XXXXXX");
	assert_non_null(mkdtemp(m->root));
	snprintf(directory, sizeof(directory), "%s/state", m->root);
	setenv("PAGESTORM_STATE_DIR", directory, 1);
	journal_init(&m->j);
	m->j.root = m->root;
	assert_int_equal(journal_open(&m->j, "test", &m->e), 0);
	put(m, "/proc/sys/vm/swappiness", "60");
	put(m, MIN_FREE, "67584");
	put(m, THP, "always [madvise] never");
	put(m, "/proc/sys/vm/dirty_ratio", "20");
	put(m, "/proc/sys/vm/dirty_bytes", "0");
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	struct machine *m = *state;
	char command[128];

	(void)journal_close(&m->j, NULL);
	snprintf(command, sizeof(command), "rm -r '%s'", m->root);
	free(m);
	return system(command);
}

static void a_value_is_read_as_it_must_be_written(void **state)
{
	static const struct {
		const char *file, *value;
	} rows[] = {
		{ "60", "60" },
		{ "always [madvise] never", "madvise" },
		{ "always defer defer+madvise [madvise] never", "madvise" },
		{ "[always] inherit madvise never", "always" },
		{ "256\t256\t32\t0", "256 256 32 0" },
		{ "0x0007", "0x0007" },
		{ "  spaced  ", "spaced" },
		{ "", "" },
	};
	struct machine *m = *state;
	char value[64], long_text[5000] = "";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(m, "/file", rows[i].file);
		assert_int_equal(sysfile_read(m->root, "/file", value, sizeof(value)), 0);
		assert_string_equal(value, rows[i].value);
	}
	assert_int_equal(sysfile_read(m->root, "/none", value, sizeof(value)), -ENOENT);
	put(m, "/file", "0123456789");
	assert_int_equal(sysfile_read(m->root, "/file", value, 10), -EOVERFLOW);
	memset(long_text, ' ', sizeof(long_text) - 1);
	long_text[0] = '7';
	put(m, "/file", long_text); /* what follows could be anything */
	assert_int_equal(sysfile_read(m->root, "/file", value, sizeof(value)), -EOVERFLOW);
}

static void the_same_value_may_be_spelt_differently(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "7", "0x0007", true },
		{ "Y", "1", true },
		{ "n", "N", true },
		{ "0", "N", true },
		{ "Y", "N", false },
		{ "10", "60", false },
		{ "1 2", "1\t2", true },
		{ "lz4", "lz4", true },
		{ "lzo", "lzo-rle", false },
		{ "18446744073709551615", "18446744073709551614", false },
		{ "always", "madvise", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(sysfile_same(rows[i].a, rows[i].b), rows[i].same);
		assert_int_equal(sysfile_same(rows[i].b, rows[i].a), rows[i].same);
	}
}

static void a_setting_is_applied_and_undone(void **state)
{
	struct machine *m = *state;

	assert_int_equal(setting_apply(&m->j, "vm.swappiness", "10", &m->e), 0);
	assert_string_equal(get(m, "/proc/sys/vm/swappiness"), "10");
	assert_int_equal(journal_undo(&m->j, 0, &m->e), 0);
	assert_string_equal(get(m, "/proc/sys/vm/swappiness"), "60");
}

static void an_unknown_or_absent_setting_changes_nothing(void **state)
{
	struct machine *m = *state;

	assert_int_equal(setting_apply(&m->j, "vm.drop_caches", "3", &m->e), -EINVAL);
	assert_int_equal(setting_apply(&m->j, "vm.page-cluster", "0", &m->e), -ENOENT);
	assert_int_equal(journal_length(&m->j), 0);
}

/* A kernel file with a list of choices shows the whole list; here it reads as it was
 * written. */
static void what_the_kernel_does_not_keep_is_an_error_and_taken_back(void **state)
{
	struct machine *m = *state;
	char path[160];

	/* /dev/full refuses, as a kernel that returns an error does */
	snprintf(path, sizeof(path), "%s/proc/sys/vm/swappiness", m->root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_true(setting_apply(&m->j, "vm.swappiness", "10", &m->e) < 0);
	assert_int_equal(journal_length(&m->j), 0);

	/* /dev/null takes everything and keeps nothing */
	m->e.text[0] = '\0';
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(setting_apply(&m->j, "vm.swappiness", "10", &m->e), -EIO);
	assert_non_null(strstr(m->e.text, "vm.swappiness"));
	assert_int_equal(journal_length(&m->j), 0);
}

static void a_pool_that_does_not_grow_is_out_of_memory(void **state)
{
	static const char pool[] = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
	struct machine *m = *state;
	char path[160];

	put(m, pool, "0");
	snprintf(path, sizeof(path), "%s%s", m->root, pool);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(setting_apply(&m->j, "hugepages.2048kB", "64", &m->e), -ENOMEM);
	assert_non_null(strstr(m->e.text, "asked for 64"));
	assert_int_equal(journal_length(&m->j), 0);
}

/* The kernel zeroes the twin; here the test does. */
static void a_twin_that_the_kernel_zeroes_is_written_back_and_the_zero_is_not(void **state)
{
	struct machine *m = *state;

	assert_int_equal(setting_apply(&m->j, "vm.dirty_bytes", "1048576", &m->e), 0);
	assert_int_equal(journal_length(&m->j), 2);
	put(m, "/proc/sys/vm/dirty_ratio", "0");
	assert_int_equal(journal_undo(&m->j, 1, &m->e), 0);
	assert_string_equal(get(m, "/proc/sys/vm/dirty_ratio"), "20");
	assert_string_equal(get(m, "/proc/sys/vm/dirty_bytes"), "1048576");
	put(m, "/proc/sys/vm/dirty_bytes", "0");
	assert_int_equal(journal_undo(&m->j, 0, &m->e), 0);
	assert_string_equal(get(m, "/proc/sys/vm/dirty_ratio"), "20");
	assert_string_equal(get(m, "/proc/sys/vm/dirty_bytes"), "0");
}

static void min_free_kbytes_comes_back_after_huge_pages_moved_it(void **state)
{
	struct machine *m = *state;

	assert_int_equal(setting_apply(&m->j, "thp.enabled", "never", &m->e), 0);
	put(m, MIN_FREE, "11111");
	assert_int_equal(journal_undo(&m->j, 0, &m->e), 0);
	assert_string_equal(get(m, THP), "madvise");
	assert_string_equal(get(m, MIN_FREE), "67584");
}

static void settings_that_move_others_come_first(void **state)
{
	static const struct setting asked[] = {
		{ "vm.min_free_kbytes", "100000" },
		{ "vm.swappiness", "100" },
		{ "thp.enabled", "always" },
	};
	struct machine *m = *state;
	char path[96], text[4096];
	FILE *journal;
	size_t n;

	assert_int_equal(settings_apply(&m->j, asked, 3, &m->e), 0);
	snprintf(path, sizeof(path), "%s/state/journal", m->root);
	journal = fopen(path, "r");
	assert_non_null(journal);
	n = fread(text, 1, sizeof(text) - 1, journal);
	text[n] = '\0';
	fclose(journal);
	assert_true(strstr(text, THP "\t") < strstr(text, "swappiness\t"));
	assert_true(strstr(text, "swappiness\t") < strstr(text, MIN_FREE "\t67584\t100000"));
	assert_int_equal(journal_undo(&m->j, 0, &m->e), 0);
	assert_string_equal(get(m, MIN_FREE), "67584");
	assert_string_equal(get(m, "/proc/sys/vm/swappiness"), "60");
}

static void two_settings_that_exclude_each_other_are_an_error(void **state)
{
	static const struct setting asked[] = {
		{ "vm.swappiness", "100" },
		{ "vm.swappiness", "10" },
	};
	struct machine *m = *state;

	assert_int_equal(settings_apply(&m->j, asked, 2, &m->e), -EIO);
	assert_non_null(strstr(m->e.text, "another of the settings"));
	assert_int_equal(journal_undo(&m->j, 0, NULL), 0);
	assert_string_equal(get(m, "/proc/sys/vm/swappiness"), "60");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_value_is_read_as_it_must_be_written),
		T(the_same_value_may_be_spelt_differently),
		T(a_setting_is_applied_and_undone),
		T(an_unknown_or_absent_setting_changes_nothing),
		T(what_the_kernel_does_not_keep_is_an_error_and_taken_back),
		T(a_pool_that_does_not_grow_is_out_of_memory),
		T(a_twin_that_the_kernel_zeroes_is_written_back_and_the_zero_is_not),
		T(min_free_kbytes_comes_back_after_huge_pages_moved_it),
		T(settings_that_move_others_come_first),
		T(two_settings_that_exclude_each_other_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
