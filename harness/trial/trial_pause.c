// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A trial that stops at a barrier until its controller continues it. The event loop runs
 * meanwhile: signals end the run, exits are noticed, samples are taken. No deadline runs:
 * at READY no worker has begun, at HELD each has done its work.
 */
#include "harness/trial/trial_part.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const barrier_words[BARRIERS] = {
	[BARRIER_READY] = "ready", [BARRIER_HELD] = "held", [BARRIER_GONE] = "gone"
};

static bool pauses_at(const struct trial *trial, enum barrier barrier)
{
	const struct trial_pause *pause = trial->pause;

	return pause && !pause->abandoned && pause->barriers >> barrier & 1;
}

static void abandon(struct trial *trial, enum barrier barrier)
{
	struct trial_pause *pause = trial->pause;

	pause->abandoned = true;
	/* What does not arrive here is in events.csv. */
	(void)pause->report(trial, PAUSE_ABANDONED, barrier, NULL, pause->arg);
}

/* One byte at a time: what follows the line belongs to the next pause. */
static bool read_line_end(struct trial *trial, enum barrier barrier)
{
	char c;
	const ssize_t n = read(trial->pause->in_fd, &c, 1);

	if (n == 1)
		return c == '\n';
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	abandon(trial, barrier);
	return true;
}

static unsigned long dead(const struct trial *trial)
{
	unsigned long set = 0;

	for (unsigned i = 0; i < trial->nr_workers; i++)
		if (trial->worker[i].state == WORKER_DEAD)
			set |= 1ul << i;
	return set;
}

/* A line that cannot be written now is noticed when the controller is read from. */
static void report_deaths(const struct trial *trial, enum barrier barrier, unsigned long died)
{
	for (unsigned i = 0; i < trial->nr_workers; i++)
		if (died >> i & 1)
			(void)trial->pause->report(trial, PAUSE_WORKER_DIED, barrier,
						   &trial->worker[i], trial->pause->arg);
}

static int wait_for_line(struct trial *trial, enum barrier barrier, struct error *e)
{
	bool readable, ended = false;
	int ret = 0;

	while (!ret && !ended) {
		const unsigned long before = dead(trial);

		ret = trial_look(trial, trial->pause->in_fd, &readable, e);
		report_deaths(trial, barrier, dead(trial) & ~before);
		ended = !ret && readable && read_line_end(trial, barrier);
	}
	return ret;
}

int trial_pause_at(struct trial *trial, enum barrier barrier, struct error *e)
{
	const char *word = barrier_words[barrier];
	int ret = 0;

	if (!pauses_at(trial, barrier))
		return 0;
	trial_note(trial, NULL, "paused", word);
	if (trial->pause->report(trial, PAUSE_BEGAN, barrier, NULL, trial->pause->arg))
		abandon(trial, barrier);
	else
		ret = wait_for_line(trial, barrier, e);
	if (ret)
		return ret;
	trial_note(trial, NULL, trial->pause->abandoned ? "abandoned" : "continued", word);
	return 0;
}
