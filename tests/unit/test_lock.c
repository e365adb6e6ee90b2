// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/run/lock.h. The lock is the machine's own, so each test waits
 * for a live run to end; a test that cannot get it is skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/run/lock.h"

#define WAIT_SECONDS 60

static struct lock take_or_skip(void)
{
	struct lock lock;

	lock_init(&lock);
	if (lock_take(&lock, WAIT_SECONDS, NULL)) {
		print_message("the machine's lock is held by a live run\n");
		skip();
	}
	return lock;
}

static void a_second_holder_is_refused_and_told_who_holds_it(void **state)
{
	struct lock first = take_or_skip(), second;
	struct error e = { "" };
	char pid[32];

	(void)state;
	lock_init(&second);
	assert_int_equal(lock_take(&second, 0, &e), -EBUSY);
	assert_int_equal(second.fd, -1);
	snprintf(pid, sizeof(pid), "process %d (test_lock)", getpid());
	assert_non_null(strstr(e.text, pid));
	assert_int_equal(lock_holder(), getpid());
	lock_release(&first);
	assert_int_equal(first.fd, -1);
	lock_release(&first);
}

static void a_wait_is_bounded(void **state)
{
	struct lock first = take_or_skip(), second;
	struct timespec before, after;

	(void)state;
	lock_init(&second);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(lock_take(&second, 1, NULL), -EBUSY);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range(after.tv_sec - before.tv_sec, 1, 5);
	lock_release(&first);
}

/* A run blocks signals and reads them from a descriptor, long after the wait. */
static void a_blocked_signal_ends_the_wait(void **state)
{
	struct lock first = take_or_skip(), second;
	struct timespec none = { 0 };
	sigset_t blocked;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGINT);
	lock_init(&second);
	assert_int_equal(lock_take(&second, WAIT_SECONDS, NULL), -EINTR);
	assert_int_equal(sigtimedwait(&blocked, NULL, &none), SIGINT);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	lock_release(&first);
}

static pid_t hold_in_child(int *ready)
{
	struct lock lock;
	int go[2];
	pid_t child;

	assert_int_equal(pipe(go), 0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		lock_init(&lock);
		_exit(lock_take(&lock, WAIT_SECONDS, NULL) || write(go[1], "", 1) != 1 ||
		      pause());
	}
	close(go[1]);
	*ready = go[0];
	return child;
}

static void the_lock_goes_with_a_killed_holder_and_a_waiter_gets_it(void **state)
{
	struct lock lock;
	int ready, status;
	pid_t child = hold_in_child(&ready), killer;
	char byte;

	(void)state;
	if (read(ready, &byte, 1) != 1)
		skip();
	killer = fork();
	if (!killer) {
		usleep(200000);
		_exit(kill(child, SIGKILL));
	}
	lock_init(&lock);
	assert_int_equal(lock_take(&lock, WAIT_SECONDS, NULL), 0);
	assert_int_equal(waitpid(killer, &status, 0), killer);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	lock_release(&lock);
	close(ready);
}

static void a_worker_does_not_keep_it(void **state)
{
	struct lock lock = take_or_skip(), again;
	pid_t worker;
	int status;

	(void)state;
	worker = fork();
	if (!worker) {
		execlp("sleep", "sleep", "30", NULL);
		_exit(127);
	}
	lock_release(&lock);
	lock_init(&again);
	assert_int_equal(lock_take(&again, WAIT_SECONDS, NULL), 0);
	assert_int_equal(waitpid(worker, &status, WNOHANG), 0);
	assert_true(fcntl(again.fd, F_GETFD) & FD_CLOEXEC);
	lock_release(&again);
	kill(worker, SIGKILL);
	waitpid(worker, &status, 0);
}

/* Between fork and exec a worker still has the descriptor. */
static void a_fork_that_has_not_execed_does_not_keep_it(void **state)
{
	struct lock lock = take_or_skip(), again;
	pid_t worker;

	(void)state;
	worker = fork();
	if (!worker) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(pause());
	}
	lock_release(&lock);
	lock_init(&again);
	assert_int_equal(lock_take(&again, WAIT_SECONDS, NULL), 0);
	assert_int_equal(waitpid(worker, NULL, WNOHANG), 0);
	lock_release(&again);
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_holder_is_refused_and_told_who_holds_it),
		cmocka_unit_test(a_wait_is_bounded),
		cmocka_unit_test(a_blocked_signal_ends_the_wait),
		cmocka_unit_test(the_lock_goes_with_a_killed_holder_and_a_waiter_gets_it),
		cmocka_unit_test(a_worker_does_not_keep_it),
		cmocka_unit_test(a_fork_that_has_not_execed_does_not_keep_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
