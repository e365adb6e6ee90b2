// SPDX-License-Identifier: GPL-2.0-or-later
/* A failed read is an error, unless its process has exited or the file was empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/trial/capture.h"
#include "workloads/api/arith.h"

static const struct source *source_of(const char *name, enum place place)
{
	for (const struct source *s = sources; s->name; s++)
		if (s->place == place && !strcmp(s->name, name))
			return s;
	fail_msg("no source %s", name);
	return NULL;
}

/* The one file of *c, as if it had been opened; capture_release() closes and frees it. */
static void put_file(struct capture *c, const struct source *source, const char *path)
{
	capture_init(c);
	c->file = calloc(1, sizeof(*c->file));
	assert_non_null(c->file);
	c->nr = c->capacity = 1;
	c->file[0] = (struct capture_file){ .source = source,
					    .owner = 0,
					    .fd = open(path, O_RDONLY | O_CLOEXEC) };
	assert_true(c->file[0].fd >= 0);
	snprintf(c->file[0].scope, sizeof(c->file[0].scope), "group");
}

static int take_and_parse(struct capture *c, struct record *record, struct error *e)
{
	record_init(record);
	capture_take(c, BARRIER_READY, PART_GROUPS | PART_PROCESSES);
	capture_take(c, BARRIER_HELD, PART_GROUPS | PART_PROCESSES);
	return capture_parse(c, 0, SPAN_WORK, record, e);
}

static void a_file_that_stops_being_readable_is_an_error(void **state)
{
	struct error e = { "" };
	struct record record;
	struct capture c;

	(void)state;
	put_file(&c, source_of("memory.stat", PLACE_GROUP), "/"); /* read(2): EISDIR */
	assert_int_equal(take_and_parse(&c, &record, &e), -EISDIR);
	assert_non_null(strstr(e.text, "cannot read memory.stat of group at ready"));
	record_release(&record);
	capture_release(&c);
}

static void a_process_that_died_is_none(void **state)
{
	static const char *const names[] = { "stat", "smaps_rollup", "io" };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct error e = { "" };
		struct record record;
		struct capture c;
		char path[64];
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (!pid) {
			pause();
			_exit(0);
		}
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, names[i]);
		put_file(&c, source_of(names[i], PLACE_PROCESS), path);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(take_and_parse(&c, &record, &e), 0);
		assert_int_equal(record.nr, 0);
		record_release(&record);
		capture_release(&c);
	}
}

static void what_was_never_readable_is_left_out(void **state)
{
	struct group group = { .version = 2 };
	char top[] = "/tmp/test_capture.XXXXXX", path[128];
	struct error e = { "" };
	struct capture c;

	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(group.path, sizeof(group.path), "%s", top);
	snprintf(path, sizeof(path), "%s/memory.stat", top);
	assert_int_equal(mkdir(path, 0700), 0); /* opens, and cannot be read */
	capture_init(&c);
	assert_int_equal(capture_open_group(&c, &group, 0, &e), 0);
	assert_int_equal(c.nr, 0);
	capture_release(&c);
	rmdir(path);
	rmdir(top);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_stops_being_readable_is_an_error),
		cmocka_unit_test(a_process_that_died_is_none),
		cmocka_unit_test(what_was_never_readable_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
