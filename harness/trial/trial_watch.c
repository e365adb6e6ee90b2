// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event loop of a trial: reports, exits, signals, samples and deadlines. Nothing is
 * captured here.
 */
#include "harness/trial/trial_part.h"

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

uint64_t trial_ms(const struct trial *trial)
{
	return trial->start_ns ? (clock_now_ns() - trial->start_ns) / 1000000u : 0;
}

void trial_note(struct trial *trial, const struct trial_worker *worker, const char *name,
		const char *detail)
{
	if (trial->event)
		trial->event(trial, worker, name, detail, trial->arg);
}

static void worker_died(struct trial *trial, struct trial_worker *worker)
{
	char detail[64];
	int status;

	if (process_reap(&worker->process, 0))
		return;
	status = worker->process.wait_status;
	worker->state = WORKER_DEAD;
	if (!worker->end_ns)
		worker->end_ns = clock_now_ns();
	if (WIFSIGNALED(status))
		snprintf(detail, sizeof(detail), "signal %d", WTERMSIG(status));
	else
		snprintf(detail, sizeof(detail), "status %d", WEXITSTATUS(status));
	trial_note(trial, worker, "exited", detail);
}

static void worker_reported(struct trial *trial, struct trial_worker *worker)
{
	char report;

	if (process_receive(&worker->process, 0, &report))
		return;
	if (report == 'R') {
		worker->state = WORKER_READY;
		trial_note(trial, worker, "ready", NULL);
	} else if (report == 'H') {
		worker->state = WORKER_HELD;
		worker->held_ns = clock_now_ns();
		worker->end_ns = worker->process.ledger->end_ns;
		trial_note(trial, worker, "held", NULL);
	} else if (report == 'F') {
		worker->state = WORKER_HELD;
		worker->failed = true;
		worker->end_ns = clock_now_ns();
		trial_note(trial, worker, "failed", worker->process.ledger->error);
	}
}

static void read_signal(struct trial *trial)
{
	struct signalfd_siginfo info;

	if (read(trial->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		trial->interrupted = (int)info.ssi_signo;
		trial_note(trial, NULL, "interrupted", strsignal(trial->interrupted));
	}
}

static const char *phase_name(const struct trial *trial)
{
	bool held = true;

	if (!trial->start_ns)
		return "ready";
	for (unsigned i = 0; i < trial->nr_workers; i++)
		held = held && trial->worker[i].state >= WORKER_HELD;
	return held ? "held" : "running";
}

int trial_look(struct trial *trial, int other_fd, bool *readable, struct error *e)
{
	struct pollfd fds[2 + 2 * WORKERS_MAX + 1];
	const unsigned other = 2 + 2 * trial->nr_workers;
	uint64_t ticks;

	*readable = false;
	fds[0] = (struct pollfd){ .fd = trial->signal_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = trial->timer_fd, .events = POLLIN };
	fds[other] = (struct pollfd){ .fd = other_fd, .events = POLLIN };
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		const struct trial_worker *worker = &trial->worker[i];
		bool dead = worker->state == WORKER_DEAD;

		fds[2 + 2 * i] = (struct pollfd){ .fd = dead ? -1 : worker->process.report_fd,
						  .events = POLLIN };
		fds[3 + 2 * i] = (struct pollfd){ .fd = dead ? -1 : worker->process.pidfd,
						  .events = POLLIN };
	}
	if (poll(fds, other + 1, LOOK_NS / 1000000) < 0)
		return errno == EINTR ? 0
				      : error_set(e, errno, "cannot wait for the workers: %s",
						  strerror(errno));
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		if (fds[2 + 2 * i].revents & POLLIN)
			worker_reported(trial, &trial->worker[i]);
		if (fds[3 + 2 * i].revents & POLLIN)
			worker_died(trial, &trial->worker[i]);
	}
	if (fds[1].revents & POLLIN && read(trial->timer_fd, &ticks, sizeof(ticks)) > 0 &&
	    trial->tick)
		trial->tick(trial, phase_name(trial), trial->arg);
	if (fds[0].revents & POLLIN)
		read_signal(trial);
	*readable = fds[other].revents;
	return trial->interrupted ? -EINTR : 0;
}

static int look(struct trial *trial, struct error *e)
{
	bool unused;

	return trial_look(trial, -1, &unused, e);
}

static bool all_past(const struct trial *trial, enum worker_state state)
{
	for (unsigned i = 0; i < trial->nr_workers; i++)
		if (trial->worker[i].state < state)
			return false;
	return true;
}

int trial_wait_ready(struct trial *trial, struct error *e)
{
	const uint64_t deadline = clock_now_ns() + (uint64_t)READY_BOUND_S * TRIAL_SECOND_NS;
	int ret = 0;

	while (!ret && !all_past(trial, WORKER_READY)) {
		if (clock_now_ns() > deadline)
			return error_set(e, ETIMEDOUT,
					 "a worker is not ready after %u s; see events.csv",
					 READY_BOUND_S);
		ret = look(trial, e);
	}
	return ret;
}

static void send_go(struct trial *trial, struct trial_worker *worker)
{
	if (worker->state != WORKER_READY)
		return;
	worker->go_ns = clock_now_ns();
	if (!trial->start_ns)
		trial->start_ns = worker->go_ns;
	worker->went = true;
	worker->state = WORKER_RUNNING;
	(void)process_send(&worker->process,
			   'G'); /* fails if it died: its pidfd reports that */
	trial_note(trial, worker, "go", NULL);
}

static void ask_to_stop(struct trial *trial, struct trial_worker *worker, const char *why)
{
	if (worker->process.ledger->stop)
		return;
	worker->process.ledger->stop = 1;
	trial_note(trial, worker, "stopped", why);
}

static void kill_worker(struct trial *trial, struct trial_worker *worker, const char *why)
{
	worker->killed = true;
	worker->killed_ns = clock_now_ns();
	process_kill(&worker->process);
	(void)group_kill(&worker->group, NULL); /* what survives has its own bound */
	trial_note(trial, worker, "killed", why);
}

/* A worker in uninterruptible sleep, or in a frozen group, does not act on SIGKILL. */
static int bound_killed(const struct trial *trial, struct error *e)
{
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		const struct trial_worker *worker = &trial->worker[i];

		if (worker->killed && worker->state != WORKER_DEAD &&
		    clock_now_ns() > worker->killed_ns + TRIAL_EXIT_BOUND_NS)
			return error_set(
				e, ETIMEDOUT,
				"%s (process %d) does not end after SIGKILL: see /proc/%d/stack",
				worker->plan->name, worker->process.pid, worker->process.pid);
	}
	return 0;
}

/* A running worker past its deadline is asked to stop, and past the grace killed. */
static void keep_deadline(struct trial *trial, struct trial_worker *worker, uint64_t deadline)
{
	const uint64_t now = clock_now_ns();

	if (worker->state != WORKER_RUNNING || now < deadline)
		return;
	if (!worker->timed_out && !worker->plan->request.background) {
		worker->timed_out = true;
		trial_note(trial, worker, "timeout", NULL);
	}
	ask_to_stop(trial, worker, "deadline");
	if (now > deadline + trial->plan->grace_ns && !worker->killed)
		kill_worker(trial, worker, "grace is over");
}

static bool foreground_done(const struct trial *trial)
{
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		const struct trial_worker *worker = &trial->worker[i];

		if (worker->plan->request.background)
			continue;
		if (worker->state < WORKER_HELD)
			return false;
		if (worker->state == WORKER_HELD &&
		    clock_now_ns() < worker->held_ns + worker->plan->request.hold_ns)
			return false;
	}
	return true;
}

int trial_run_workers(struct trial *trial, struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < trial->nr_workers; i++)
		if (!trial->worker[i].plan->request.delay_ns)
			send_go(trial, &trial->worker[i]);
	if (!trial->start_ns)
		trial->start_ns = clock_now_ns(); /* all are delayed: delays count from here */
	while (!ret && !foreground_done(trial)) {
		ret = look(trial, e);
		for (unsigned i = 0; i < trial->nr_workers; i++) {
			struct trial_worker *worker = &trial->worker[i];

			if (!worker->went &&
			    clock_now_ns() >= trial->start_ns + worker->plan->request.delay_ns)
				send_go(trial, worker);
			if (!worker->plan->request.background)
				keep_deadline(trial, worker,
					      worker->go_ns + worker->plan->request.timeout_ns);
		}
		ret = ret ? ret : bound_killed(trial, e);
	}
	return ret;
}

int trial_stop_background(struct trial *trial, struct error *e)
{
	const uint64_t asked = clock_now_ns();
	int ret = 0;

	for (unsigned i = 0; i < trial->nr_workers; i++)
		if (trial->worker[i].state <= WORKER_RUNNING) {
			trial->worker[i].stopped = true; /* or its delay is not over */
			ask_to_stop(trial, &trial->worker[i], "the others are done");
		}
	while (!ret) {
		bool running = false;

		for (unsigned i = 0; i < trial->nr_workers; i++) {
			keep_deadline(trial, &trial->worker[i], asked);
			running = running || trial->worker[i].state == WORKER_RUNNING;
		}
		if (!running)
			break;
		ret = look(trial, e);
		ret = ret ? ret : bound_killed(trial, e);
	}
	return ret;
}

int trial_bye(struct trial *trial, struct error *e)
{
	const uint64_t deadline = clock_now_ns() + TRIAL_EXIT_BOUND_NS;
	int ret = 0;

	for (unsigned i = 0; i < trial->nr_workers; i++)
		if (trial->worker[i].state != WORKER_DEAD)
			/* fails if it died meanwhile: its pidfd reports that */
			(void)process_send(&trial->worker[i].process, 'B');
	while (!ret && !all_past(trial, WORKER_DEAD)) {
		for (unsigned i = 0; i < trial->nr_workers; i++) {
			struct trial_worker *worker = &trial->worker[i];

			if (worker->state == WORKER_DEAD || worker->killed ||
			    clock_now_ns() <= deadline)
				continue;
			worker->lingered = true;
			kill_worker(trial, worker, "it did not leave after BYE");
		}
		ret = look(trial, e);
		ret = ret ? ret : bound_killed(trial, e);
	}
	for (unsigned i = 0; i < trial->nr_workers && !ret; i++)
		ret = group_kill(&trial->worker[i].group, e); /* children that outlived it */
	return ret;
}
