// SPDX-License-Identifier: GPL-2.0-or-later
/* The signals that end a run, taken as something to read beside its workers. */
#include "harness/cli/cmd.h"

#include <signal.h>
#include <sys/signalfd.h>

int cmd_watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* a dead worker's pipe and a closed stdout are errors, not death */
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
