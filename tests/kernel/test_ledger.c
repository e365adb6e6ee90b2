// SPDX-License-Identifier: GPL-2.0-or-later
/* The real worker accepts a ledger of its own build, and no other. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/kernel/trial.h"

extern const struct workload null_workload;

static struct drive d;

/* What the worker reports first: 'R', ready, or nothing. */
static char first_report(uint64_t magic, uint64_t bytes)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC), status;
	struct trial trial;
	char report;

	if (access(trial_program(), X_OK)) {
		print_message("there is no program %s\n", trial_program());
		skip();
	}
	trial_open(&d, &null_workload);
	trial_make_ledger(&trial, &d, fd);
	trial.ledger->magic = magic;
	trial.ledger->bytes = bytes;
	trial_fork(&trial, fd);
	report = trial_read(&trial);
	close(trial.command);
	close(trial.report);
	waitpid(trial.pid, &status, 0);
	munmap(trial.ledger, LEDGER_BYTES);
	drive_close(&d);
	return report;
}

static void a_ledger_of_another_build_is_refused(void **state)
{
	(void)state;
	assert_int_equal(first_report(LEDGER_MAGIC, sizeof(struct ledger)), 'R');
	assert_int_equal(first_report(LEDGER_MAGIC, sizeof(struct ledger) + 64), 0);
	assert_int_equal(first_report(LEDGER_MAGIC, LEDGER_BYTES), 0);
	assert_int_equal(first_report(LEDGER_MAGIC + 1, sizeof(struct ledger)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ledger_of_another_build_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
