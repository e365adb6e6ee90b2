// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/machine/lock.h, on a directory of this process instead of the
 * machine's, and on a simulated clock: nanosleep() and clock_gettime() are replaced
 * below, so that waiting takes no time and is counted.
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
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/machine/lock.h"

#define WAIT_SECONDS 60

/* Below /proc like the machine's: elsewhere (overlayfs) /proc/locks can name another inode
 * than stat().
 */
static char object[64];

/* ---- the clock ---- */

static uint64_t now_ns, slept_ns;
static void (*while_sleeping)(void); /* runs once, within the third sleep */
static unsigned nr_sleeps;

int clock_gettime(clockid_t id, struct timespec *t)
{
	(void)id;
	t->tv_sec = (time_t)(now_ns / 1000000000u);
	t->tv_nsec = (long)(now_ns % 1000000000u);
	return 0;
}

int nanosleep(const struct timespec *duration, struct timespec *left)
{
	const uint64_t ns = (uint64_t)duration->tv_sec * 1000000000u + duration->tv_nsec;

	(void)left;
	now_ns += ns;
	slept_ns += ns;
	if (++nr_sleeps == 3 && while_sleeping)
		while_sleeping();
	return 0;
}

/* ---- ---- */

static int name_object(void **state)
{
	(void)state;
	snprintf(object, sizeof(object), "/proc/%d/task", getpid());
	return 0;
}

static int reset_clock(void **state)
{
	(void)state;
	now_ns = 1000000000;
	slept_ns = 0;
	nr_sleeps = 0;
	while_sleeping = NULL;
	return 0;
}

static struct lock empty(void)
{
	struct lock lock;

	lock_init(&lock);
	lock.object = object;
	lock.root_object = NULL;
	return lock;
}

static struct lock taken(void)
{
	struct lock lock = empty();

	assert_int_equal(lock_take(&lock, 0, NULL), 0);
	return lock;
}

static void the_machine_has_one_object(void **state)
{
	struct lock lock;

	(void)state;
	lock_init(&lock);
	assert_int_equal(lock.fd, -1);
	assert_string_equal(lock.object, "/proc/sys/vm");
	assert_string_equal(lock.root_object, "/proc/vmallocinfo");
}

/* The holder is read from /proc/locks, which a sandbox can hide. */
static void a_second_holder_is_refused_and_the_first_named(void **state)
{
	struct lock first = taken(), second = empty();
	struct error e = { "" };
	char pid[32];

	(void)state;
	assert_int_equal(lock_take(&second, 0, &e), -EBUSY);
	assert_int_equal(second.fd, -1);
	assert_non_null(strstr(e.text, "another run holds the machine's lock"));
	assert_non_null(strstr(e.text, "--wait=SECONDS"));
	snprintf(pid, sizeof(pid), "process %d (test_lock)", getpid());
	if (access("/proc/locks", R_OK) || access("/proc/self/comm", R_OK)) {
		assert_non_null(strstr(e.text, object));
	} else {
		assert_non_null(strstr(e.text, pid));
		assert_int_equal(lock_holder_of(object), getpid());
	}
	lock_release(&first);
	assert_int_equal(first.fd, -1);
	lock_release(&first);
	assert_int_equal(lock_holder_of(object), 0);
}

static void an_object_that_cannot_be_opened_is_an_error_that_names_it(void **state)
{
	struct lock lock = empty();
	struct error e = { "" };

	(void)state;
	lock.object = "/nonexistent/object";
	assert_int_equal(lock_take(&lock, WAIT_SECONDS, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/object"));
	assert_int_equal(lock.fd, -1);
	assert_int_equal(nr_sleeps, 0);
}

static void a_wait_is_as_long_as_was_asked_for(void **state)
{
	struct lock first = taken(), second = empty();

	(void)state;
	assert_int_equal(lock_take(&second, 0, NULL), -EBUSY);
	assert_int_equal(slept_ns, 0);
	assert_int_equal(lock_take(&second, WAIT_SECONDS, NULL), -EBUSY);
	assert_in_range(slept_ns, WAIT_SECONDS * 1000000000ull,
			WAIT_SECONDS * 1000000000ull + 100000000u);
	lock_release(&first);
}

/* A run blocks signals and reads them from a descriptor, long after the wait. */
static void a_blocked_signal_ends_the_wait(void **state)
{
	struct lock first = taken(), second = empty();
	struct timespec none = { 0 };
	sigset_t blocked;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGINT);
	assert_int_equal(lock_take(&second, WAIT_SECONDS, NULL), -EINTR);
	assert_int_equal(nr_sleeps, 1);
	assert_int_equal(sigtimedwait(&blocked, NULL, &none), SIGINT);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	lock_release(&first);
}

static pid_t holder;

/* Returns once the child has the lock. */
static pid_t hold_in_child(uid_t uid)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		struct lock lock = empty();

		if (uid && setresuid(uid, uid, uid))
			_exit(2);
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* behind setresuid(2), which clears it */
		_exit(lock_take(&lock, 0, NULL) || write(ready[1], "", 1) != 1 || pause());
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void kill_holder(void)
{
	int status;

	kill(holder, SIGKILL);
	waitpid(holder, &status, 0);
	assert_true(WIFSIGNALED(status));
}

static void the_lock_goes_with_a_killed_holder_and_a_waiter_gets_it(void **state)
{
	struct lock lock = empty();

	(void)state;
	holder = hold_in_child(0);
	assert_int_equal(lock_take(&lock, 0, NULL), -EBUSY);
	while_sleeping = kill_holder;
	assert_int_equal(lock_take(&lock, WAIT_SECONDS, NULL), 0);
	assert_int_equal(nr_sleeps, 3);
	lock_release(&lock);
}

static struct lock as_root(void)
{
	static char root_object[64];
	struct lock lock = empty();

	snprintf(root_object, sizeof(root_object), "/proc/%d/fdinfo", getpid());
	lock.root_object = root_object;
	return lock;
}

/* Any user can lock the object; what root runs must not depend on that. */
static void root_does_not_wait_for_another_users_process_for_ever(void **state)
{
	struct lock lock = as_root(), second = as_root();
	struct error e = { "" };
	char pid[32];

	(void)state;
	if (geteuid())
		skip(); /* not root */
	holder = hold_in_child(65534);
	snprintf(pid, sizeof(pid), "(%d, test_lock)", holder);
	assert_int_equal(lock_take(&lock, WAIT_SECONDS, &e), 0);
	assert_in_range(slept_ns, WAIT_SECONDS * 1000000000ull,
			WAIT_SECONDS * 1000000000ull + 100000000u);
	assert_non_null(strstr(lock.note, pid));
	assert_int_equal(lock.fd, -1);
	/* Root's runs still exclude each other, once the other user has let go as well. */
	assert_int_equal(lock_take(&second, 0, &e), -EBUSY);
	kill_holder();
	assert_int_equal(lock_take(&second, 0, &e), -EBUSY);
	lock_release(&lock);
	assert_int_equal(lock_take(&second, 0, &e), 0);
	assert_string_equal(second.note, "");
	lock_release(&second);
}

static void root_waits_for_a_trusted_users_process(void **state)
{
	struct lock lock = as_root();

	(void)state;
	if (geteuid())
		skip(); /* not root */
	holder = hold_in_child(0);
	assert_int_equal(lock_take(&lock, 0, NULL), -EBUSY);
	assert_int_equal(lock.root_fd, -1);
	kill_holder();
}

static void a_worker_does_not_keep_it(void **state)
{
	struct lock lock = taken();

	(void)state;
	assert_true(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC);
	lock_release(&lock);
}

/* Between fork and exec a worker still has the descriptor. */
static void a_fork_that_has_not_execed_does_not_keep_it(void **state)
{
	struct lock lock = taken(), again = empty();
	pid_t worker;

	(void)state;
	worker = fork();
	assert_true(worker >= 0);
	if (!worker) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(pause());
	}
	lock_release(&lock);
	assert_int_equal(lock_take(&again, 0, NULL), 0);
	assert_int_equal(waitpid(worker, NULL, WNOHANG), 0);
	lock_release(&again);
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
}

#define test(function) cmocka_unit_test_setup(function, reset_clock)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_machine_has_one_object),
		test(a_second_holder_is_refused_and_the_first_named),
		test(an_object_that_cannot_be_opened_is_an_error_that_names_it),
		test(a_wait_is_as_long_as_was_asked_for),
		test(a_blocked_signal_ends_the_wait),
		test(the_lock_goes_with_a_killed_holder_and_a_waiter_gets_it),
		test(root_does_not_wait_for_another_users_process_for_ever),
		test(root_waits_for_a_trusted_users_process),
		test(a_worker_does_not_keep_it),
		test(a_fork_that_has_not_execed_does_not_keep_it),
	};

	return cmocka_run_group_tests(tests, name_object, NULL);
}
