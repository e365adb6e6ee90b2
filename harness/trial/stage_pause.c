// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A trial that stops at a barrier until its controller lets it go on. The event loop turns
 * meanwhile: signals end the run, deaths are noticed, samples are taken. No deadline runs:
 * at READY no worker has begun, at HELD each has ended its work.
 */
#include "harness/trial/stage_part.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const barrier_words[BARRIERS] = {
	[BARRIER_READY] = "ready", [BARRIER_HELD] = "held", [BARRIER_GONE] = "gone"
};

static bool is_wanted(const struct stage *stage, enum barrier barrier)
{
	const struct stage_pause *pause = stage->pause;

	return pause && !pause->abandoned && pause->barriers >> barrier & 1;
}

static void abandon(struct stage *stage, enum barrier barrier)
{
	struct stage_pause *pause = stage->pause;

	pause->abandoned = true;
	/* What does not arrive here is in events.csv. */
	(void)pause->report(stage, PAUSE_ABANDONED, barrier, NULL, pause->arg);
}

/* One byte at a time: what follows the line belongs to the next pause. */
static bool read_line_end(struct stage *stage, enum barrier barrier)
{
	char c;
	const ssize_t n = read(stage->pause->in_fd, &c, 1);

	if (n == 1)
		return c == '\n';
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	abandon(stage, barrier);
	return true;
}

static unsigned long dead(const struct stage *stage)
{
	unsigned long set = 0;

	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (stage->actor[i].state == ACTOR_DEAD)
			set |= 1ul << i;
	return set;
}

/* A line that cannot be written now is noticed when the controller is read from. */
static void report_deaths(const struct stage *stage, enum barrier barrier, unsigned long died)
{
	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (died >> i & 1)
			(void)stage->pause->report(stage, PAUSE_WORKER_DIED, barrier,
						   &stage->actor[i], stage->pause->arg);
}

static int wait_for_line(struct stage *stage, enum barrier barrier)
{
	bool readable, ended = false;
	int err = 0;

	while (!err && !ended) {
		const unsigned long before = dead(stage);

		err = stage_look(stage, stage->pause->in_fd, &readable);
		report_deaths(stage, barrier, dead(stage) & ~before);
		ended = !err && readable && read_line_end(stage, barrier);
	}
	return err;
}

int stage_pause_at(struct stage *stage, enum barrier barrier)
{
	const char *word = barrier_words[barrier];
	int err = 0;

	if (!is_wanted(stage, barrier))
		return 0;
	stage_say(stage, NULL, "paused", word);
	if (stage->pause->report(stage, PAUSE_BEGAN, barrier, NULL, stage->pause->arg))
		abandon(stage, barrier);
	else
		err = wait_for_line(stage, barrier);
	if (err)
		return err;
	stage_say(stage, NULL, stage->pause->abandoned ? "abandoned" : "continued", word);
	return 0;
}
