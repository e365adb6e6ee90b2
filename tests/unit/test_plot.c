// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/report/plot.h about a gnuplot that misbehaves. A script takes its
 * place, and poll() is replaced below, so that a timeout passes without waiting for it.
 */
#include <errno.h>
#include <poll.h>
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

#include "harness/report/plot.h"

static char directory[] = "/tmp/pagestorm-plot-XXXXXX";
static char program[64];

/* The one wait for gnuplot's end: until it ends, or at once as if its timeout had passed. */
static bool time_is_up;
static int bound_ms;

int poll(struct pollfd *fds, nfds_t nr, int timeout_ms)
{
	bound_ms = timeout_ms;
	if (time_is_up)
		return 0;
	return (int)syscall(SYS_ppoll, fds, nr, NULL, NULL, 0);
}

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(program, sizeof(program), "%s/gnuplot", directory);
	return setenv("PATH", directory, 1);
}

static int remove_directory(void **state)
{
	(void)state;
	(void)unlink(program);
	return rmdir(directory);
}

static void gnuplot_is(const char *body)
{
	FILE *f = fopen(program, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", body);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(program, 0755), 0);
}

static int draw(char **svg, struct error *e)
{
	struct plot p;

	*svg = NULL;
	assert_int_equal(plot_begin(&p), 0);
	return plot_end(&p, svg, e);
}

static void a_gnuplot_that_hangs_is_killed_at_its_bound(void **state)
{
	struct error e = { "" };
	char *svg;

	(void)state;
	gnuplot_is("while :; do :; done");
	time_is_up = true;
	assert_int_equal(draw(&svg, &e), -ETIME);
	time_is_up = false;
	assert_int_equal(bound_ms, 10000);
	assert_non_null(strstr(e.text, "gnuplot did not end within 10 s and was killed"));
	assert_null(svg);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_gnuplot_that_fails_is_quoted(void **state)
{
	struct error e = { "" };
	char *svg;

	(void)state;
	gnuplot_is("echo no such terminal >&2; exit 3");
	assert_int_equal(draw(&svg, &e), -EIO);
	assert_non_null(strstr(e.text, "no such terminal"));
	assert_null(svg);
}

static void a_gnuplot_that_draws_nothing_is_an_error(void **state)
{
	struct error e = { "" };
	char *svg;

	(void)state;
	gnuplot_is("exit 0");
	assert_int_equal(draw(&svg, &e), -EIO);
	assert_non_null(strstr(e.text, "gnuplot drew nothing"));
}

static void a_gnuplot_that_is_not_there_is_told_apart(void **state)
{
	struct error e = { "" };
	char *svg;

	(void)state;
	(void)unlink(program);
	assert_false(plot_available());
	assert_int_equal(draw(&svg, &e), -ENOENT);
	gnuplot_is("exit 0");
	assert_true(plot_available());
}

static void the_inside_of_the_drawing_comes_back(void **state)
{
	struct error e = { "" };
	char *svg;

	(void)state;
	gnuplot_is("echo '<svg><defs></defs><path/></svg>'");
	assert_int_equal(draw(&svg, &e), 0);
	assert_string_equal(svg, "<g>\n<path/>");
	free(svg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gnuplot_that_hangs_is_killed_at_its_bound),
		cmocka_unit_test(a_gnuplot_that_fails_is_quoted),
		cmocka_unit_test(a_gnuplot_that_draws_nothing_is_an_error),
		cmocka_unit_test(a_gnuplot_that_is_not_there_is_told_apart),
		cmocka_unit_test(the_inside_of_the_drawing_comes_back),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
