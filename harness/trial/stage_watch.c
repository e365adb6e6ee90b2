// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event loop of a play: reports, deaths, signals, samples and deadlines. Nothing is
 * captured here.
 */
#include "harness/trial/stage_part.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"

#define READY_BOUND_S 120u /* prepare() may write a file; a guest under emulation is slow */
#define LOOK_NS	      50000000u /* longest poll: deadlines and holds are looked at this often */

uint64_t stage_ms(const struct stage *stage)
{
	return stage->start_ns ? (clock_now_ns() - stage->start_ns) / 1000000u : 0;
}

void stage_say(struct stage *stage, const struct actor *actor, const char *name,
	       const char *detail)
{
	if (stage->event)
		stage->event(stage, actor, name, detail, stage->arg);
}

static void actor_died(struct stage *stage, struct actor *actor)
{
	char detail[64];
	int status;

	if (process_reap(&actor->process, 0))
		return;
	status = actor->process.wait_status;
	actor->state = ACTOR_DEAD;
	if (!actor->end_ns)
		actor->end_ns = clock_now_ns();
	if (WIFSIGNALED(status))
		snprintf(detail, sizeof(detail), "signal %d", WTERMSIG(status));
	else
		snprintf(detail, sizeof(detail), "status %d", WEXITSTATUS(status));
	stage_say(stage, actor, "exited", detail);
}

static void actor_reported(struct stage *stage, struct actor *actor)
{
	char report;

	if (process_receive(&actor->process, 0, &report))
		return;
	if (report == 'R') {
		actor->state = ACTOR_READY;
		stage_say(stage, actor, "ready", NULL);
	} else if (report == 'H') {
		actor->state = ACTOR_HELD;
		actor->held_ns = clock_now_ns();
		actor->end_ns = actor->process.ledger->end_ns;
		stage_say(stage, actor, "held", NULL);
	} else if (report == 'F') {
		actor->state = ACTOR_HELD;
		actor->failed = true;
		actor->end_ns = clock_now_ns();
		stage_say(stage, actor, "failed", actor->process.ledger->error);
	}
}

static void read_signal(struct stage *stage)
{
	struct signalfd_siginfo info;

	if (read(stage->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		stage->interrupted = (int)info.ssi_signo;
		stage_say(stage, NULL, "interrupted", strsignal(stage->interrupted));
	}
}

static const char *phase_name(const struct stage *stage)
{
	bool held = true;

	if (!stage->start_ns)
		return "ready";
	for (unsigned i = 0; i < stage->nr_actors; i++)
		held = held && stage->actor[i].state >= ACTOR_HELD;
	return held ? "held" : "running";
}

int stage_look(struct stage *stage, int other_fd, bool *readable)
{
	struct pollfd fds[2 + 2 * WORKERS_MAX + 1];
	const unsigned other = 2 + 2 * stage->nr_actors;
	uint64_t ticks;

	*readable = false;
	fds[0] = (struct pollfd){ .fd = stage->signal_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = stage->timer_fd, .events = POLLIN };
	fds[other] = (struct pollfd){ .fd = other_fd, .events = POLLIN };
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		const struct actor *actor = &stage->actor[i];
		bool dead = actor->state == ACTOR_DEAD;

		fds[2 + 2 * i] = (struct pollfd){ .fd = dead ? -1 : actor->process.report_fd,
						  .events = POLLIN };
		fds[3 + 2 * i] = (struct pollfd){ .fd = dead ? -1 : actor->process.pidfd,
						  .events = POLLIN };
	}
	if (poll(fds, other + 1, LOOK_NS / 1000000) < 0)
		return errno == EINTR ? 0 : -errno;
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		if (fds[2 + 2 * i].revents & POLLIN)
			actor_reported(stage, &stage->actor[i]);
		if (fds[3 + 2 * i].revents & POLLIN)
			actor_died(stage, &stage->actor[i]);
	}
	if (fds[1].revents & POLLIN && read(stage->timer_fd, &ticks, sizeof(ticks)) > 0 &&
	    stage->tick)
		stage->tick(stage, phase_name(stage), stage->arg);
	if (fds[0].revents & POLLIN)
		read_signal(stage);
	*readable = fds[other].revents;
	return stage->interrupted ? -EINTR : 0;
}

static int look(struct stage *stage)
{
	bool unused;

	return stage_look(stage, -1, &unused);
}

static bool all_past(const struct stage *stage, enum actor_state state)
{
	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (stage->actor[i].state < state)
			return false;
	return true;
}

int stage_wait_ready(struct stage *stage, struct error *e)
{
	const uint64_t deadline = clock_now_ns() + (uint64_t)READY_BOUND_S * STAGE_SECOND_NS;
	int err = 0;

	while (!err && !all_past(stage, ACTOR_READY)) {
		if (clock_now_ns() > deadline)
			return error_set(e, ETIMEDOUT,
					 "a worker is not ready after %u s; see events.csv",
					 READY_BOUND_S);
		err = look(stage);
	}
	return err;
}

static void send_go(struct stage *stage, struct actor *actor)
{
	if (actor->state != ACTOR_READY)
		return;
	actor->go_ns = clock_now_ns();
	if (!stage->start_ns)
		stage->start_ns = actor->go_ns;
	actor->went = true;
	actor->state = ACTOR_RUNNING;
	(void)process_send(&actor->process, 'G'); /* it died meanwhile: the pidfd will say so */
	stage_say(stage, actor, "go", NULL);
}

static void ask_to_stop(struct stage *stage, struct actor *actor, const char *why)
{
	if (actor->process.ledger->stop)
		return;
	actor->process.ledger->stop = 1;
	stage_say(stage, actor, "stopped", why);
}

static void kill_actor(struct stage *stage, struct actor *actor, const char *why)
{
	actor->killed = true;
	actor->killed_ns = clock_now_ns();
	process_kill(&actor->process);
	(void)group_kill(&actor->group, NULL); /* what survives has its own bound */
	stage_say(stage, actor, "killed", why);
}

/* One that waits for a device or is frozen takes no SIGKILL. */
static int bound_killed(const struct stage *stage, struct error *e)
{
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		const struct actor *actor = &stage->actor[i];

		if (actor->killed && actor->state != ACTOR_DEAD &&
		    clock_now_ns() > actor->killed_ns + STAGE_EXIT_BOUND_NS)
			return error_set(e, ETIMEDOUT,
					 "%s (process %d) does not end after SIGKILL: see "
					 "/proc/%d/stack",
					 actor->plan->name, actor->process.pid,
					 actor->process.pid);
	}
	return 0;
}

/* A running actor past its deadline is asked to stop, and past the grace killed. */
static void keep_deadline(struct stage *stage, struct actor *actor, uint64_t deadline)
{
	const uint64_t now = clock_now_ns();

	if (actor->state != ACTOR_RUNNING || now < deadline)
		return;
	if (!actor->timed_out && !actor->plan->request.background) {
		actor->timed_out = true;
		stage_say(stage, actor, "timeout", NULL);
	}
	ask_to_stop(stage, actor, "deadline");
	if (now > deadline + stage->plan->grace_ns && !actor->killed)
		kill_actor(stage, actor, "grace is over");
}

static bool foreground_done(const struct stage *stage)
{
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		const struct actor *actor = &stage->actor[i];

		if (actor->plan->request.background)
			continue;
		if (actor->state < ACTOR_HELD)
			return false;
		if (actor->state == ACTOR_HELD &&
		    clock_now_ns() < actor->held_ns + actor->plan->request.hold_ns)
			return false;
	}
	return true;
}

int stage_run_workers(struct stage *stage, struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (!stage->actor[i].plan->request.delay_ns)
			send_go(stage, &stage->actor[i]);
	if (!stage->start_ns)
		stage->start_ns = clock_now_ns(); /* all are delayed: delays count from here */
	while (!err && !foreground_done(stage)) {
		err = look(stage);
		for (unsigned i = 0; i < stage->nr_actors; i++) {
			struct actor *actor = &stage->actor[i];

			if (!actor->went &&
			    clock_now_ns() >= stage->start_ns + actor->plan->request.delay_ns)
				send_go(stage, actor);
			if (!actor->plan->request.background)
				keep_deadline(stage, actor,
					      actor->go_ns + actor->plan->request.timeout_ns);
		}
		err = err ? err : bound_killed(stage, e);
	}
	return err;
}

int stage_stop_background(struct stage *stage, struct error *e)
{
	const uint64_t asked = clock_now_ns();
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (stage->actor[i].state == ACTOR_RUNNING)
			ask_to_stop(stage, &stage->actor[i], "the others are done");
	while (!err) {
		bool running = false;

		for (unsigned i = 0; i < stage->nr_actors; i++) {
			keep_deadline(stage, &stage->actor[i], asked);
			running = running || stage->actor[i].state == ACTOR_RUNNING;
		}
		if (!running)
			break;
		err = look(stage);
		err = err ? err : bound_killed(stage, e);
	}
	return err;
}

int stage_say_goodbye(struct stage *stage, struct error *e)
{
	const uint64_t deadline = clock_now_ns() + STAGE_EXIT_BOUND_NS;
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (stage->actor[i].state != ACTOR_DEAD)
			(void)process_send(&stage->actor[i].process,
					   'B'); /* dead: pidfd says so */
	while (!err && !all_past(stage, ACTOR_DEAD)) {
		for (unsigned i = 0; i < stage->nr_actors; i++) {
			struct actor *actor = &stage->actor[i];

			if (actor->state == ACTOR_DEAD || actor->killed ||
			    clock_now_ns() <= deadline)
				continue;
			actor->lingered = true;
			kill_actor(stage, actor, "it did not leave after BYE");
		}
		err = look(stage);
		err = err ? err : bound_killed(stage, e);
	}
	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		err = group_kill(&stage->actor[i].group, e); /* children that outlived it */
	return err;
}
