// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/machine/ownfile.h, identity.h and maker.h: existing files are
 * neither used nor removed, and a run's own are recognised.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/machine/identity.h"
#include "harness/machine/maker.h"
#include "harness/machine/ownfile.h"
#include "workloads/api/arith.h"

struct place {
	char root[64];
	char path[128];
	struct journal j;
	struct error e;
};

/* In libc's place, for lack of a file system without O_TMPFILE or RENAME_NOREPLACE. */
static bool plain_file_system;

int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (plain_file_system && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, dirfd, path, flags, mode);
}

int renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags)
{
	if (plain_file_system && flags) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_dirfd, from, to_dirfd, to, flags);
}

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char state_directory[80];

	snprintf(p->root, sizeof(p->root), "/tmp/pagestorm-test-XXXXXX");
	assert_non_null(mkdtemp(p->root));
	snprintf(state_directory, sizeof(state_directory), "%s/state", p->root);
	setenv("PAGESTORM_STATE_DIR", state_directory, 1);
	snprintf(p->path, sizeof(p->path), "%s/thing", p->root);
	journal_init(&p->j);
	assert_int_equal(journal_open(&p->j, "a run", &p->e), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char command[128];

	plain_file_system = false;
	snprintf(command, sizeof(command), "rm -r '%s'", p->root);
	free(p);
	return system(command);
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void expect_text(const char *path, const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	assert_string_equal(text, expected);
}

/* Things in the directory beside the state directory. */
static unsigned count(const struct place *p)
{
	char command[160];
	unsigned nr = 99;
	FILE *out;

	snprintf(command, sizeof(command), "ls -A '%s' | grep -cvx state", p->root);
	out = popen(command, "r");
	assert_non_null(out);
	assert_int_equal(fscanf(out, "%u", &nr), 1);
	pclose(out);
	return nr;
}

/* Another process undoes the journal, as after kill -9. */
static void die_and_recover(struct place *p)
{
	close(p->j.fd);
	p->j.fd = -1;
	assert_int_equal(journal_adopt(&p->j, &p->e), 0);
	assert_int_equal(journal_close(&p->j, &p->e), 0);
}

static void make_file(struct place *p)
{
	struct ownfile f;

	assert_int_equal(ownfile_begin(&f, p->path, &p->j, &p->e), 0);
	assert_int_equal(write(f.fd, "ours", 4), 4);
	assert_int_equal(access(p->path, F_OK), -1);
	assert_int_equal(ownfile_publish(&f, &p->j, &p->e), 0);
	ownfile_close(&f, &p->j);
}

static void a_file_appears_whole_and_is_undone(void **state)
{
	struct place *p = *state;

	make_file(p);
	expect_text(p->path, "ours");
	assert_int_equal(journal_length(&p->j), 1);
	die_and_recover(p);
	assert_int_equal(count(p), 0);
}

static void a_file_that_is_there_is_refused_at_once(void **state)
{
	struct place *p = *state;
	struct ownfile f;

	put(p->path, "theirs");
	assert_int_equal(ownfile_begin(&f, p->path, &p->j, &p->e), -EEXIST);
	assert_non_null(strstr(p->e.text, p->path));
	ownfile_close(&f, &p->j);
	die_and_recover(p);
	expect_text(p->path, "theirs");
}

static void a_file_that_appears_meanwhile_is_neither_replaced_nor_removed(void **state)
{
	struct place *p = *state;
	struct ownfile f;

	assert_int_equal(ownfile_begin(&f, p->path, &p->j, &p->e), 0);
	put(p->path, "theirs");
	assert_int_equal(ownfile_publish(&f, &p->j, &p->e), -EEXIST);
	ownfile_close(&f, &p->j);
	assert_int_equal(journal_length(&p->j), 0);
	die_and_recover(p);
	expect_text(p->path, "theirs");
	assert_int_equal(count(p), 1);
}

static void killed_before_it_has_its_name_nothing_is_left(void **state)
{
	struct place *p = *state;
	struct ownfile f;

	assert_int_equal(ownfile_begin(&f, p->path, &p->j, &p->e), 0);
	assert_int_equal(count(p), plain_file_system);
	put(p->path, "theirs");
	die_and_recover(p);
	expect_text(p->path, "theirs");
	assert_int_equal(count(p), 1);
	close(f.fd);
	close(f.dirfd);
}

static void a_file_that_took_the_place_of_ours_stays(void **state)
{
	struct place *p = *state;
	char other[160];

	make_file(p);
	snprintf(other, sizeof(other), "%s/other", p->root);
	put(other, "theirs");
	assert_int_equal(rename(other, p->path), 0);
	die_and_recover(p);
	expect_text(p->path, "theirs");
}

static void a_directory_is_made_and_undone(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_int_equal(ownfile_directory(p->path, &p->j, &p->e), 0);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(count(p), 1);
	assert_int_equal(journal_length(&p->j), 1);
	die_and_recover(p);
	assert_int_equal(count(p), 0);
}

static void a_directory_that_is_there_stays_even_when_it_is_empty(void **state)
{
	struct place *p = *state;

	assert_int_equal(mkdir(p->path, 0755), 0);
	assert_int_equal(ownfile_directory(p->path, &p->j, &p->e), -EEXIST);
	assert_non_null(strstr(p->e.text, "not touching it"));
	assert_int_equal(journal_length(&p->j), 0);
	die_and_recover(p);
	assert_int_equal(access(p->path, F_OK), 0);
	assert_int_equal(count(p), 1);
}

static int set_up_plain(void **state)
{
	plain_file_system = true;
	return set_up(state);
}

static void after_a_reboot_the_birth_decides_and_not_the_device(void **state)
{
	static const struct {
		const char *a, *b;
		bool same, same_rebooted;
	} rows[] = {
		{ "8:1:12:100.000000001", "8:1:12:100.000000001", true, true },
		{ "8:1:12:100.000000001", "8:2:12:100.000000001", false, true },
		{ "8:1:12:100.000000001", "8:1:12:100.000000002", false, false },
		{ "8:1:12:100.000000001", "8:1:13:100.000000001", false, false },
		{ "8:1:12:0.000000000", "8:1:12:0.000000000", true, false },
		{ "8:1:12", "8:1:12", false, false },
		{ "", "", false, false },
		{ "8:1:12:100.000000001x", "8:1:12:100.000000001x", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(identity_same(rows[i].a, rows[i].b, false), rows[i].same);
		assert_int_equal(identity_same(rows[i].a, rows[i].b, true),
				 rows[i].same_rebooted);
	}
}

static void tokens_differ_and_are_known(void **state)
{
	char one[TOKEN_BYTES], two[TOKEN_BYTES];

	(void)state;
	assert_int_equal(token_make(one), 0);
	assert_int_equal(token_make(two), 0);
	assert_true(token_is(one));
	assert_string_not_equal(one, two);
	assert_false(token_is("pagestorm"));
	assert_false(token_is("0123456789abcdef0123456789abcdeg"));
}

static void a_maker_is_dead_only_when_it_is_proved(void **state)
{
	struct maker self, other;
	char text[MAKER_BYTES];
	pid_t child = fork();

	(void)state;
	if (!child)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(maker_self(&self), 0);
	assert_int_equal(maker_look(&self), MAKER_ALIVE);
	maker_print(&self, text, sizeof(text));
	assert_true(maker_parse(text, &other));
	assert_memory_equal(&self, &other, sizeof(self));

	other.pid = child;
	assert_int_equal(maker_look(&other), MAKER_DEAD);
	other = self;
	other.start_ticks++; /* its number is another's now */
	assert_int_equal(maker_look(&other), MAKER_DEAD);
	other = self;
	other.boot[0] = other.boot[0] == '0' ? '1' : '0';
	assert_int_equal(maker_look(&other), MAKER_DEAD);
	other = self;
	other.pidns = 1; /* a namespace that is not here, but the process is seen */
	assert_int_equal(maker_look(&other), MAKER_ALIVE);
	other.pid = child; /* only the initial namespace sees all that there is */
	assert_int_equal(maker_look(&other),
			 self.pidns == 0xEFFFFFFCu ? MAKER_DEAD : MAKER_UNKNOWN);
	assert_false(maker_parse("another", &other));
	assert_false(maker_parse("", &other));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define PLAIN(name)                                                                            \
	{                                                                                      \
		"plain: " #name, name, set_up_plain, tear_down, NULL                           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_file_appears_whole_and_is_undone),
		T(a_file_that_is_there_is_refused_at_once),
		T(a_file_that_appears_meanwhile_is_neither_replaced_nor_removed),
		T(killed_before_it_has_its_name_nothing_is_left),
		T(a_file_that_took_the_place_of_ours_stays),
		T(a_directory_is_made_and_undone),
		T(a_directory_that_is_there_stays_even_when_it_is_empty),
		PLAIN(a_file_appears_whole_and_is_undone),
		PLAIN(a_file_that_is_there_is_refused_at_once),
		PLAIN(a_file_that_appears_meanwhile_is_neither_replaced_nor_removed),
		PLAIN(killed_before_it_has_its_name_nothing_is_left),
		PLAIN(a_file_that_took_the_place_of_ours_stays),
		PLAIN(a_directory_is_made_and_undone),
		PLAIN(a_directory_that_is_there_stays_even_when_it_is_empty),
		cmocka_unit_test(after_a_reboot_the_birth_decides_and_not_the_device),
		cmocka_unit_test(tokens_differ_and_are_known),
		cmocka_unit_test(a_maker_is_dead_only_when_it_is_proved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
