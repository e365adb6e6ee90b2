// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of cmd_take_machine(): the exit status of `run` and `validate` that do not get the
 * machine's lock. The lock is on a directory of this process's own.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/cli/cmd.h"
#include "harness/machine/lock.h"

static char object[64];
static int holder = -1;	  /* has the lock */
static int raised_signal; /* comes within the first sleep; 0: none */

/* lock_take() sleeps between two tries: here it takes no time. */
int nanosleep(const struct timespec *duration, struct timespec *left)
{
	(void)duration;
	(void)left;
	if (raised_signal)
		raise(raised_signal);
	return 0;
}

static int hold_lock(void **state)
{
	(void)state;
	snprintf(object, sizeof(object), "/proc/%d/task", getpid());
	holder = open(object, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return holder < 0 || flock(holder, LOCK_EX | LOCK_NB);
}

static int drop_lock(void **state)
{
	(void)state;
	return close(holder);
}

static int status_after(unsigned wait_s, int signal)
{
	struct lock lock;
	struct error e = { "" };
	int fd = cmd_watch_signals(), status;

	assert_true(fd >= 0);
	lock_init(&lock);
	lock.object = object;
	lock.root_object = NULL;
	raised_signal = signal;
	status = cmd_take_machine(&lock, wait_s, fd, &e);
	assert_int_equal(lock.fd, -1);
	close(fd);
	return status;
}

static void a_signal_while_waiting_for_the_lock_is_128_and_its_number(void **state)
{
	(void)state;
	assert_int_equal(status_after(60, SIGINT), 130);
	assert_int_equal(status_after(60, SIGTERM), 143);
	assert_int_equal(status_after(60, SIGHUP), 129);
}

static void a_lock_that_another_run_holds_is_75(void **state)
{
	(void)state;
	assert_int_equal(status_after(0, 0), EXIT_LOCKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_while_waiting_for_the_lock_is_128_and_its_number),
		cmocka_unit_test(a_lock_that_another_run_holds_is_75),
	};

	return cmocka_run_group_tests(tests, hold_lock, drop_lock);
}
