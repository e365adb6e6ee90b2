// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * valgrind, run around the worker, detects what leak promises to leave: as many bytes, in
 * the requested state, and below the call site.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "tests/kernel/trial.h"
#include "workloads/api/arith.h"

extern const struct workload leak_workload;

static struct drive d;
static char script[128], log_path[128], directory[64];

static void remove_files(void)
{
	unlink(script);
	unlink(log_path);
	rmdir(directory);
}

/* Puts a script in the program's place that starts it under valgrind. */
static int wrap(void **state)
{
	static const char *const places[] = { "/usr/bin/valgrind", "/usr/local/bin/valgrind" };
	const char *valgrind = !access(places[0], X_OK) ? places[0] : places[1];
	char program[512];
	FILE *f;

	(void)state;
#ifdef WITH_SANITIZERS
	print_message("valgrind cannot run a program with AddressSanitizer\n");
	return 0;
#endif
	if (access(valgrind, X_OK) || !realpath(trial_program(), program)) {
		print_message("no valgrind, or no program %s\n", trial_program());
		return 0;
	}
	snprintf(directory, sizeof(directory), "/tmp/pagestorm-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(script, sizeof(script), "%s/wrapped", directory);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	f = fopen(script, "w");
	if (!f)
		return -1;
	fprintf(f,
		"#!/bin/sh\nexec %s --leak-check=full --show-leak-kinds=all --num-callers=30 "
		"--log-file=%s %s \"$@\"\n",
		valgrind, log_path, program);
	fclose(f);
	chmod(script, 0755);
	setenv("PAGESTORM", script, 1);
	return 0;
}

static int unwrap(void **state)
{
	(void)state;
	if (script[0])
		remove_files();
	return 0;
}

static void read_log(char *text, size_t bytes)
{
	FILE *f = fopen(log_path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, bytes - 1, f);
	text[n] = 0;
	fclose(f);
}

/* "definitely lost: 40,960 bytes": the number, or 0 when nothing is lost at all. */
static uint64_t bytes_of(const char *text, const char *kind)
{
	const char *p = strstr(text, kind);
	uint64_t sum = 0;

	if (!p)
		return 0;
	for (p += strlen(kind); *p == ' ' || *p == ',' || (*p >= '0' && *p <= '9'); p++)
		if (*p >= '0')
			sum = sum * 10 + (uint64_t)(*p - '0');
		else if (*p == ' ' && sum)
			break;
	return sum;
}

static unsigned count(const char *text, const char *word)
{
	unsigned nr = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		nr++;
	return nr;
}

static void leak(const char *allocator, const char *reach, uint64_t threads, char *text,
		 size_t bytes)
{
	struct trial trial;

	if (!script[0])
		skip();
	trial_open(&d, &leak_workload);
	drive_set(&d, "size", 8192);
	drive_set(&d, "blocks", 5);
	drive_set(&d, "threads", threads);
	drive_set(&d, "sites", 1);
	drive_set(&d, "depth", 6);
	drive_set(&d, "align", 64);
	drive_set(&d, "chunk", 1u << 20);
	drive_set(&d, "interval", 1000000);
	drive_choose(&d, "allocator", allocator);
	drive_choose(&d, "reach", reach);
	drive_choose(&d, "shape", "linear");
	drive_choose(&d, "touch", "bytes");
	trial_start(&trial, &d, 0);
	trial_go(&trial);
	assert_int_equal(trial_end(&trial), 0);
	drive_close(&d);
	read_log(text, bytes);
}

static void each_way_to_be_reached_is_told_apart(void **state)
{
	static const struct {
		const char *reach;
		uint64_t definite, indirect, possible, reachable;
	} rows[] = {
		{ "lost", 40960, 0, 0, 0 },	{ "global", 0, 0, 0, 40960 },
		{ "interior", 0, 0, 40960, 0 }, { "chain", 8192, 32768, 0, 0 },
		{ "stack", 0, 0, 0, 40960 },	{ "freed", 0, 0, 0, 0 },
	};
	static char text[1 << 16];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t possible;

		leak("malloc", rows[i].reach, 1, text, sizeof(text));
		assert_non_null(strstr(text, "HEAP SUMMARY"));
		assert_int_equal(bytes_of(text, "definitely lost:"), rows[i].definite);
		assert_int_equal(bytes_of(text, "indirectly lost:"), rows[i].indirect);
		assert_int_equal(bytes_of(text, "still reachable:"), rows[i].reachable);
		possible = bytes_of(text, "possibly lost:");
		if (!strcmp(rows[i].reach, "stack")) /* the living thread's TLS block */
			assert_in_range(possible, 1, 1024);
		else
			assert_int_equal(possible, rows[i].possible);
		assert_non_null(strstr(text, "ERROR SUMMARY"));
		assert_null(strstr(text, "Invalid write"));
	}
}

static void each_allocator_is_seen_below_its_site(void **state)
{
	static const char *const allocators[] = { "calloc", "realloc", "aligned_alloc" };
	static char text[1 << 16];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		leak(allocators[i], "lost", i % 2, text, sizeof(text));
		assert_int_equal(bytes_of(text, "definitely lost:"), 40960);
		assert_int_equal(count(text, "leak_site_00"), 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_be_reached_is_told_apart),
		cmocka_unit_test(each_allocator_is_seen_below_its_site),
	};

	return cmocka_run_group_tests(tests, wrap, unwrap);
}
