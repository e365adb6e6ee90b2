// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/run/stage.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/run/clock.h"

#define SECOND_NS     1000000000u
#define READY_BOUND_S 120u /* prepare() may write a file; a guest under emulation is slow */
#define EXIT_BOUND_NS 30000000000u
#define LOOK_NS	      50000000u /* longest poll: deadlines and holds are looked at this often */

uint64_t stage_ms(const struct stage *stage)
{
	return stage->start_ns ? (clock_now_ns() - stage->start_ns) / 1000000u : 0;
}

static void event(struct stage *stage, const struct actor *actor, const char *name,
		  const char *detail)
{
	if (stage->event)
		stage->event(stage, actor, name, detail, stage->arg);
}

/* ---- groups and workers ---- */

static bool wants_cpuset(const struct limits *limits)
{
	for (unsigned i = 0; i < limits->nr; i++)
		if (!strncmp(limits->limit[i].name, "cpuset.", 7))
			return true;
	return false;
}

static bool any_cpuset(const struct stage *stage)
{
	bool wanted = wants_cpuset(&stage->cell->limits);

	for (unsigned i = 0; i < stage->nr_actors; i++)
		wanted = wanted || wants_cpuset(&stage->worker[i]->limits);
	return wanted;
}

static int pass_swappiness_on(const struct stage *stage, struct error *e)
{
	for (unsigned i = 0; i < stage->cell->nr_settings; i++)
		if (!strcmp(stage->cell->setting[i].name, "vm.swappiness"))
			return group_set_swappiness(&stage->top, stage->cell->setting[i].value,
						    e);
	return 0;
}

static int make_groups(struct stage *stage, struct error *e)
{
	int err = group_make_top(&stage->top, &stage->plan->host, any_cpuset(stage),
				 stage->journal, e);

	if (!err)
		err = pass_swappiness_on(stage, e);
	if (!err)
		err = group_make(&stage->run, &stage->top, "run", &stage->cell->limits, true,
				 e);
	for (unsigned i = 0; i < stage->nr_actors && !err; i++) {
		struct actor *actor = &stage->actor[i];

		err = group_make(&actor->group, &stage->run, actor->plan->name,
				 &actor->plan->limits, false, e);
	}
	return err;
}

static int write_ledger(const struct stage *stage, struct actor *actor, struct error *e)
{
	const struct plan_worker *plan = actor->plan;
	struct ledger *ledger;
	int err = process_make_ledger(&actor->process, e);

	if (err)
		return err;
	ledger = actor->process.ledger;
	snprintf(ledger->workload, sizeof(ledger->workload), "%s", plan->workload->name);
	snprintf(ledger->worker, sizeof(ledger->worker), "%s", plan->name);
	ledger->seed = stage->plan->seed;
	ledger->prewarm_bytes = plan->prewarm_bytes;
	ledger->sabotage_pages = plan->sabotage_pages;
	ledger->env = plan->env;
	snprintf(ledger->env.scratch_dir, sizeof(ledger->env.scratch_dir), "%s",
		 stage->scratch_dir ? stage->scratch_dir : "");
	if (stage->swap && stage->swap->on)
		snprintf(ledger->env.swap_path, sizeof(ledger->env.swap_path), "%s",
			 stage->swap->path);
	memcpy(ledger->params, plan->params, sizeof(ledger->params));
	return 0;
}

static int start_worker(struct stage *stage, unsigned i, struct error *e)
{
	struct actor *actor = &stage->actor[i];
	const struct process_setup setup = { .argument = "--worker",
					     .group = &actor->group,
					     .oom_score_adj_set =
						     actor->plan->oom_score_adj_set,
					     .oom_score_adj = actor->plan->oom_score_adj,
					     .cpus = actor->plan->cpus,
					     .wrapper = i ? NULL : stage->wrapper };
	int err = write_ledger(stage, actor, e);

	if (!err)
		err = process_start(&actor->process, &setup, e);
	if (!err)
		event(stage, actor, "started", NULL);
	return err;
}

/* ---- the event loop ---- */

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
	event(stage, actor, "exited", detail);
}

static void actor_reported(struct stage *stage, struct actor *actor)
{
	char report;

	if (process_receive(&actor->process, 0, &report))
		return;
	if (report == 'R') {
		actor->state = ACTOR_READY;
		event(stage, actor, "ready", NULL);
	} else if (report == 'H') {
		actor->state = ACTOR_HELD;
		actor->held_ns = clock_now_ns();
		actor->end_ns = actor->process.ledger->end_ns;
		event(stage, actor, "held", NULL);
	} else if (report == 'F') {
		actor->state = ACTOR_HELD;
		actor->failed = true;
		actor->end_ns = clock_now_ns();
		event(stage, actor, "failed", actor->process.ledger->error);
	}
}

static void read_signal(struct stage *stage)
{
	struct signalfd_siginfo info;

	if (read(stage->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		stage->interrupted = (int)info.ssi_signo;
		event(stage, NULL, "interrupted", strsignal(stage->interrupted));
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

/* One poll of everything that can happen, for at most LOOK_NS. -EINTR after a signal. */
static int look(struct stage *stage)
{
	struct pollfd fds[2 + 2 * WORKERS_MAX];
	uint64_t ticks;

	fds[0] = (struct pollfd){ .fd = stage->signal_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = stage->timer_fd, .events = POLLIN };
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		const struct actor *actor = &stage->actor[i];
		bool dead = actor->state == ACTOR_DEAD;

		fds[2 + 2 * i] = (struct pollfd){ .fd = dead ? -1 : actor->process.report_fd,
						  .events = POLLIN };
		fds[3 + 2 * i] = (struct pollfd){ .fd = dead ? -1 : actor->process.pidfd,
						  .events = POLLIN };
	}
	if (poll(fds, 2 + 2 * stage->nr_actors, LOOK_NS / 1000000) < 0)
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
	return stage->interrupted ? -EINTR : 0;
}

static bool all_past(const struct stage *stage, enum actor_state state)
{
	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (stage->actor[i].state < state)
			return false;
	return true;
}

static int wait_ready(struct stage *stage, struct error *e)
{
	const uint64_t deadline = clock_now_ns() + (uint64_t)READY_BOUND_S * SECOND_NS;
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
	event(stage, actor, "go", NULL);
}

static void ask_to_stop(struct stage *stage, struct actor *actor, const char *why)
{
	if (actor->process.ledger->stop)
		return;
	actor->process.ledger->stop = 1;
	event(stage, actor, "stopped", why);
}

static void kill_actor(struct stage *stage, struct actor *actor)
{
	actor->killed = true;
	process_kill(&actor->process);
	(void)group_kill(&actor->group,
			 NULL); /* what survives is told when the group is removed */
	event(stage, actor, "killed", "grace is over");
}

/* A running actor past its deadline is asked to stop, and past the grace killed. */
static void keep_deadline(struct stage *stage, struct actor *actor, uint64_t deadline)
{
	const uint64_t now = clock_now_ns();

	if (actor->state != ACTOR_RUNNING || now < deadline)
		return;
	if (!actor->timed_out && !actor->plan->background) {
		actor->timed_out = true;
		event(stage, actor, "timeout", NULL);
	}
	ask_to_stop(stage, actor, "deadline");
	if (now > deadline + stage->plan->grace_ns && !actor->killed)
		kill_actor(stage, actor);
}

static bool foreground_done(const struct stage *stage)
{
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		const struct actor *actor = &stage->actor[i];

		if (actor->plan->background)
			continue;
		if (actor->state < ACTOR_HELD)
			return false;
		if (actor->state == ACTOR_HELD &&
		    clock_now_ns() < actor->held_ns + actor->plan->hold_ns)
			return false;
	}
	return true;
}

static int run_workers(struct stage *stage)
{
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (!stage->actor[i].plan->delay_ns)
			send_go(stage, &stage->actor[i]);
	if (!stage->start_ns)
		stage->start_ns = clock_now_ns(); /* all are delayed: delays count from here */
	while (!err && !foreground_done(stage)) {
		err = look(stage);
		for (unsigned i = 0; i < stage->nr_actors; i++) {
			struct actor *actor = &stage->actor[i];

			if (!actor->went &&
			    clock_now_ns() >= stage->start_ns + actor->plan->delay_ns)
				send_go(stage, actor);
			if (!actor->plan->background)
				keep_deadline(stage, actor,
					      actor->go_ns + actor->plan->timeout_ns);
		}
	}
	return err;
}

/* Antagonists run until the others are done. */
static int stop_background(struct stage *stage)
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
	}
	return err;
}

/* ---- barriers ---- */

static int call_hook(struct stage *stage, enum barrier barrier, struct error *e)
{
	return stage->hook ? stage->hook(stage, barrier, stage->arg, e) : 0;
}

static int open_processes(struct stage *stage, struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		if (stage->actor[i].state != ACTOR_DEAD)
			err = capture_open_processes(&stage->capture,
						     stage->actor[i].process.ledger, (int)i, e);
	return err;
}

/* The pump's pages and faults are kept out of the machine's span: before READY's, after HELD's.
 */
static int capture_ready(struct stage *stage, struct error *e)
{
	int err = open_processes(stage, e);

	if (!err)
		err = flush_now(&stage->flush, &stage->top, e);
	if (err)
		return err;
	capture_take(&stage->capture, BARRIER_READY, PART_GROUPS);
	capture_take(&stage->capture, BARRIER_READY, PART_PROCESSES);
	capture_take(&stage->capture, BARRIER_READY, PART_SYSTEM);
	for (unsigned i = 0; i < stage->nr_actors; i++)
		(void)group_oom_kills(&stage->actor[i].group, &stage->actor[i].kills_before);
	return 0;
}

static int capture_held(struct stage *stage, struct error *e)
{
	int err;

	capture_take(&stage->capture, BARRIER_HELD, PART_SYSTEM);
	err = open_processes(stage, e);
	if (err)
		return err;
	capture_take(&stage->capture, BARRIER_HELD, PART_PROCESSES);
	err = flush_now(&stage->flush, &stage->top, e);
	if (err)
		return err;
	capture_take(&stage->capture, BARRIER_HELD, PART_GROUPS);
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		struct actor *actor = &stage->actor[i];
		uint64_t kills;

		if (!group_oom_kills(&actor->group, &kills))
			actor->oom_kills = kills - actor->kills_before;
		memcpy((void *)actor->last, (void *)actor->process.ledger, LEDGER_BYTES);
	}
	return 0;
}

static int say_goodbye(struct stage *stage, struct error *e)
{
	const uint64_t deadline = clock_now_ns() + EXIT_BOUND_NS;
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors; i++)
		if (stage->actor[i].state != ACTOR_DEAD)
			(void)process_send(&stage->actor[i].process,
					   'B'); /* dead: pidfd says so */
	while (!err && !all_past(stage, ACTOR_DEAD)) {
		for (unsigned i = 0; i < stage->nr_actors; i++)
			if (stage->actor[i].state != ACTOR_DEAD && clock_now_ns() > deadline)
				kill_actor(stage, &stage->actor[i]);
		err = look(stage);
	}
	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		err = group_kill(&stage->actor[i].group, e); /* children that outlived it */
	return err;
}

static int capture_gone(struct stage *stage, struct error *e)
{
	int err;

	capture_take(&stage->capture, BARRIER_GONE, PART_SYSTEM);
	err = flush_now(&stage->flush, &stage->top, e);
	if (!err)
		capture_take(&stage->capture, BARRIER_GONE, PART_GROUPS);
	return err;
}

/* ---- outcome ---- */

static void decide(const struct stage *stage, struct actor *actor)
{
	const struct plan_worker *plan = actor->plan;
	const struct ledger *ledger = actor->last;
	const int status = actor->wait_status;
	char *reason = actor->reason;
	const size_t room = sizeof(actor->reason);

	if (actor->failed) {
		actor->outcome = OUTCOME_FAILED;
		snprintf(reason, room, "%s", ledger->error);
	} else if (actor->oom_kills && plan->expects_oom) {
		actor->outcome = OUTCOME_EXPECTED_OOM;
	} else if (actor->oom_kills) {
		actor->outcome = OUTCOME_UNEXPECTED_OOM;
		snprintf(reason, room,
			 "the kernel OOM-killed in its group and nothing expected it");
	} else if (stage->interrupted) {
		actor->outcome = OUTCOME_INTERRUPTED;
		snprintf(reason, room, "%s", strsignal(stage->interrupted));
	} else if (actor->timed_out || actor->killed) {
		actor->outcome = OUTCOME_TIMEOUT;
		snprintf(reason, room, "still running after its timeout of %.1f s%s",
			 (double)plan->timeout_ns / 1e9,
			 actor->killed ? " and killed when the grace was over" : "");
	} else if (actor->exited && WIFSIGNALED(status)) {
		actor->outcome = OUTCOME_BROKEN;
		snprintf(reason, room,
			 "the worker died of signal %d without an OOM kill in its group",
			 WTERMSIG(status));
	} else if (actor->exited && WEXITSTATUS(status)) {
		actor->outcome = OUTCOME_BROKEN;
		snprintf(reason, room, "the worker left with status %d: %.400s",
			 WEXITSTATUS(status),
			 ledger->error[0] ? ledger->error : "it gave no reason");
	} else if (plan->expects_oom) {
		actor->outcome = OUTCOME_MISSING_OOM;
		snprintf(reason, room, "an OOM kill was expected and did not come");
	} else if (ledger->achieved_bytes < plan->target_bytes) {
		actor->outcome = OUTCOME_TARGET_MISSED;
		snprintf(reason, room, "it held %lu of %lu bytes",
			 (unsigned long)ledger->achieved_bytes,
			 (unsigned long)plan->target_bytes);
	} else {
		actor->outcome = OUTCOME_OK;
	}
}

static int parse(struct stage *stage, struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors && !err; i++) {
		struct actor *actor = &stage->actor[i];

		err = capture_parse(&stage->capture, (int)i, true, BARRIER_READY, BARRIER_HELD,
				    &actor->work, e);
		if (!err)
			err = capture_parse(&stage->capture, (int)i, true, BARRIER_READY,
					    BARRIER_GONE, &actor->residue, e);
	}
	return err;
}

/* ---- the play ---- */

static int start_timer(struct stage *stage, struct error *e)
{
	const uint64_t ns = stage->plan->sample_ns;
	const struct itimerspec every = { .it_interval = { .tv_sec = (time_t)(ns / SECOND_NS),
							   .tv_nsec = (long)(ns % SECOND_NS) },
					  .it_value = { .tv_sec = (time_t)(ns / SECOND_NS),
							.tv_nsec = (long)(ns % SECOND_NS) } };

	if (!ns)
		return 0;
	stage->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (stage->timer_fd < 0 || timerfd_settime(stage->timer_fd, 0, &every, NULL))
		return error_set(e, errno, "cannot start the sampling timer: %s",
				 strerror(errno));
	return 0;
}

static int prepare(struct stage *stage, struct error *e)
{
	int err = make_groups(stage, e);

	if (!err)
		err = flush_start(&stage->flush, &stage->top, stage->plan->host.cpus, e);
	if (!err)
		err = capture_open_system(&stage->capture, &stage->plan->host, e);
	if (!err)
		err = capture_open_group(&stage->capture, &stage->run, OWNER_RUN, e);
	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		err = capture_open_group(&stage->capture, &stage->actor[i].group, (int)i, e);
	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		err = start_worker(stage, i, e);
	return err;
}

static int play(struct stage *stage, struct error *e)
{
	int err = prepare(stage, e);

	if (!err)
		err = wait_ready(stage, e);
	if (!err)
		err = capture_ready(stage, e);
	if (!err)
		err = call_hook(stage, BARRIER_READY, e);
	if (!err)
		err = start_timer(stage, e);
	if (!err)
		err = run_workers(stage);
	if (!err)
		err = stop_background(stage);
	if (!err)
		err = capture_held(stage, e);
	if (!err && stage->tick)
		stage->tick(stage, "held", stage->arg);
	if (!err)
		err = call_hook(stage, BARRIER_HELD, e);
	if (!err)
		err = say_goodbye(stage, e);
	if (!err)
		err = capture_gone(stage, e);
	if (!err)
		err = call_hook(stage, BARRIER_GONE, e);
	if (!err &&
	    stage->raw_dirfd >= 0) /* before parsing: what does not parse is what one wants */
		err = capture_keep(&stage->capture, stage->raw_dirfd, stage->raw_prefix, e);
	return err ? err : parse(stage, e);
}

/* In reverse order of prepare(), and whatever had been made. The first error stays. */
static int clear(struct stage *stage, struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors; i++) {
		struct actor *actor = &stage->actor[i];

		if (actor->process.ledger && actor->last && !actor->last->magic)
			memcpy((void *)actor->last, (void *)actor->process.ledger,
			       LEDGER_BYTES);
		if (actor->process.pid && !actor->process.reaped) {
			process_kill(&actor->process);
			(void)process_reap(&actor->process, EXIT_BOUND_NS);
		}
	}
	flush_stop(&stage->flush);
	capture_release(&stage->capture);
	err = group_remove(&stage->top, e);
	if (stage->timer_fd >= 0)
		close(stage->timer_fd);
	stage->timer_fd = -1;
	return err;
}

int stage_play(struct stage *stage, struct error *e)
{
	int err = 0, err_clear;

	stage->timer_fd = -1;
	stage->interrupted = 0;
	stage->start_ns = 0;
	flush_init(&stage->flush);
	capture_init(&stage->capture);
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		struct actor *actor = &stage->actor[i];

		*actor = (struct actor){ .plan = stage->worker[i] };
		process_init(&actor->process);
		record_init(&actor->work);
		record_init(&actor->residue);
		actor->last = calloc(1, LEDGER_BYTES);
		if (!actor->last)
			err = error_set(e, ENOMEM, "out of memory for a copy of the ledger");
	}
	if (!err)
		err = play(stage, e);
	err_clear = clear(stage, e);
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		struct actor *actor = &stage->actor[i];

		actor->exited = actor->process.reaped;
		actor->wait_status = actor->process.wait_status;
		decide(stage, actor);
		process_release(&actor->process);
	}
	if (err == -EINTR && !err_clear)
		return -EINTR;
	return err ? err : err_clear;
}

void stage_release(struct stage *stage)
{
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		record_release(&stage->actor[i].work);
		record_release(&stage->actor[i].residue);
		free(stage->actor[i].last);
		stage->actor[i].last = NULL;
	}
}
