// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of workloads/act/advise.h, with a madvise() and a clock of the test's own: advice
 * that is refused for a moment is repeated, and for no longer than its bound.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <cmocka.h>

#include "workloads/act/advise.h"
#include "workloads/api/arith.h"

static int refusal;	  /* errno of the calls that are refused */
static unsigned refusals; /* so many of them */
static unsigned calls;	  /* of madvise() */
static uint64_t fake_ns;  /* the time */

/* In place of libc's. */
int madvise(void *start, size_t bytes, int advice)
{
	(void)start;
	(void)bytes;
	(void)advice;
	if (calls++ >= refusals)
		return 0;
	errno = refusal;
	return -1;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	(void)clock;
	*t = (struct timespec){ .tv_sec = (time_t)(fake_ns / 1000000000u),
				.tv_nsec = (long)(fake_ns % 1000000000u) };
	return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
		    struct timespec *left)
{
	(void)clock;
	(void)flags;
	(void)left;
	fake_ns = (uint64_t)until->tv_sec * 1000000000u + (uint64_t)until->tv_nsec;
	return 0;
}

static int advise(struct ledger *ledger, int code, unsigned times, int advice)
{
	struct worker w = { .ledger = ledger };

	refusal = code;
	refusals = times;
	calls = 0;
	fake_ns = 1;
	return advise_pages(&w, NULL, 4096, advice, "MADV_TEST");
}

static int make_ledger(void **state)
{
	*state = calloc(1, sizeof(struct ledger));
	return !*state;
}

static int free_ledger(void **state)
{
	free(*state);
	return 0;
}

static void what_is_refused_for_a_moment_is_repeated(void **state)
{
	struct ledger *ledger = *state;

	assert_int_equal(advise(ledger, 0, 0, MADV_COLLAPSE), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(advise(ledger, EAGAIN, 7, MADV_COLLAPSE), 0);
	assert_int_equal(calls, 8);
	assert_int_equal(advise(ledger, EINVAL, 7, MADV_COLLAPSE), 0); /* under migration */
	assert_int_equal(calls, 8);
	assert_int_equal(advise(ledger, EAGAIN, 7, MADV_COLD), 0);
	assert_int_equal(calls, 8);
	assert_string_equal(ledger->error, "");
}

static void what_is_refused_for_good_fails_at_once(void **state)
{
	static const struct {
		int code, advice;
	} cases[] = {
		{ EINVAL, MADV_COLD },
		{ ENOMEM, MADV_COLLAPSE },
		{ EBUSY, MADV_COLLAPSE },
		{ ENOMEM, MADV_DONTNEED },
	};
	struct ledger *ledger = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(advise(ledger, cases[i].code, 1000000, cases[i].advice),
				 -cases[i].code);
		assert_int_equal(calls, 1);
		assert_non_null(strstr(ledger->error, "MADV_TEST"));
	}
}

static void it_gives_up_after_its_bound_and_says_so(void **state)
{
	struct ledger *ledger = *state;

	assert_int_equal(advise(ledger, EAGAIN, 1000000, MADV_COLLAPSE), -EAGAIN);
	assert_true(fake_ns >= ADVISE_BOUND_NS);
	assert_true(fake_ns < ADVISE_BOUND_NS + 100000000u);
	assert_non_null(strstr(ledger->error, "for 2 s"));
}

static void a_stop_ends_it(void **state)
{
	struct ledger *ledger = *state;

	atomic_store(&ledger->stop, 1);
	assert_int_equal(advise(ledger, EAGAIN, 1000000, MADV_COLLAPSE), 0);
	assert_int_equal(calls, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_refused_for_a_moment_is_repeated,
						make_ledger, free_ledger),
		cmocka_unit_test_setup_teardown(what_is_refused_for_good_fails_at_once,
						make_ledger, free_ledger),
		cmocka_unit_test_setup_teardown(it_gives_up_after_its_bound_and_says_so,
						make_ledger, free_ledger),
		cmocka_unit_test_setup_teardown(a_stop_ends_it, make_ledger, free_ledger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
