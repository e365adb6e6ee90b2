// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes before anything runs on the machine: its lock, and undoing a killed run. */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "harness/machine/journal.h"
#include "harness/machine/lock.h"

/* The signal that is waiting to be read; SIGTERM when it cannot be read. */
static int signal_number(int signal_fd)
{
	struct signalfd_siginfo info;

	return read(signal_fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo
								    : SIGTERM;
}

static int status_of_lock(int ret, int signal_fd)
{
	if (ret == -EINTR)
		return 128 + signal_number(signal_fd);
	return ret == -EBUSY ? EXIT_LOCKED : EXIT_HARNESS;
}

int cmd_take_machine(struct lock *lock, unsigned wait_s, int signal_fd, struct error *e)
{
	int ret = lock_take(lock, wait_s, e);

	if (ret) {
		cmd_complain(e);
		return status_of_lock(ret, signal_fd);
	}
	if (lock->note[0])
		fprintf(stderr, "pagestorm: note: %s\n", lock->note);
	ret = journal_leftover() ? journal_recover(cmd_say, e) : 0;
	if (!ret)
		return EXIT_MET;
	cmd_complain(e);
	return ret == -EBUSY ? EXIT_LOCKED : EXIT_NOT_RESTORED;
}
