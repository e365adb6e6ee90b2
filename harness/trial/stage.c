// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One repeat from its groups to its last capture. What ends a worker is stage_watch.c's,
 * what its end means stage_outcome.c's.
 */
#include "harness/trial/stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/trial/stage_part.h"
#include "workloads/act/grace.h"

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
		wanted = wanted || wants_cpuset(&stage->worker[i]->request.limits);
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
	int err = group_make_top(&stage->top, stage->plan->host, any_cpuset(stage),
				 stage->journal, e);

	if (!err)
		err = pass_swappiness_on(stage, e);
	if (!err)
		err = group_make_inner(&stage->run, &stage->top, "run", &stage->cell->limits,
				       e);
	for (unsigned i = 0; i < stage->nr_actors && !err; i++) {
		struct actor *actor = &stage->actor[i];

		err = group_make(&actor->group, &stage->run, actor->plan->name,
				 &actor->plan->request.limits, e);
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
	ledger->prewarm_bytes = plan->request.prewarm_bytes;
	ledger->sabotage_pages = plan->request.sabotage_pages;
	ledger->env = *plan->env;
	snprintf(ledger->env.scratch_dir, sizeof(ledger->env.scratch_dir), "%s",
		 stage->scratch_dir ? stage->scratch_dir : "");
	if (stage->swap && stage->swap->on)
		snprintf(ledger->env.swap_path, sizeof(ledger->env.swap_path), "%s",
			 stage->swap->path);
	_Static_assert(sizeof(ledger->params) == sizeof(plan->request.params),
		       "copied as a whole");
	memcpy(ledger->params, plan->request.params, sizeof(ledger->params));
	return 0;
}

static int make_ledgers(struct stage *stage, struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		err = write_ledger(stage, &stage->actor[i], e);
	return err;
}

static int start_worker(struct stage *stage, unsigned i, struct error *e)
{
	struct actor *actor = &stage->actor[i];
	const struct process_setup setup = { .argument = "--worker",
					     .group = &actor->group,
					     .oom_score_adj_set =
						     actor->plan->request.oom_score_adj_set,
					     .oom_score_adj =
						     actor->plan->request.oom_score_adj,
					     .cpus = actor->plan->request.cpus,
					     .wrapper = i ? NULL : stage->wrapper };
	int err = process_start(&actor->process, &setup, e);

	if (!err)
		stage_say(stage, actor, "started", NULL);
	return err;
}

static int start_workers(struct stage *stage, struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		err = start_worker(stage, i, e);
	return err;
}

/* ---- barriers ---- */

static int start_flush(struct stage *stage, struct error *e)
{
	return flush_start(&stage->flush, &stage->top, stage->plan->host->cpus, e);
}

static int open_captures(struct stage *stage, struct error *e)
{
	int err = capture_open_system(&stage->capture, stage->plan->host, e);

	if (!err)
		err = capture_open_group(&stage->capture, &stage->run, OWNER_RUN, e);
	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		err = capture_open_group(&stage->capture, &stage->actor[i].group, (int)i, e);
	return err;
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

static void take_system(struct stage *stage, enum barrier barrier)
{
	stage->taken_ns[barrier] = clock_now_ns();
	capture_take(&stage->capture, barrier, PART_SYSTEM);
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
	take_system(stage, BARRIER_READY);
	return 0;
}

/* Groups are new: all that they count is the worker's. */
static int count_kills(struct stage *stage, struct error *e)
{
	for (unsigned i = 0; i < stage->nr_actors; i++) {
		struct actor *actor = &stage->actor[i];
		int err = group_oom_kills(&actor->group, &actor->oom_kills);

		if (err)
			return error_set(e, -err, "cannot read the OOM kills of %s: %s",
					 actor->group.path, strerror(-err));
	}
	return 0;
}

static int capture_held(struct stage *stage, struct error *e)
{
	int err;

	take_system(stage, BARRIER_HELD);
	err = open_processes(stage, e);
	if (err)
		return err;
	capture_take(&stage->capture, BARRIER_HELD, PART_PROCESSES);
	err = flush_now(&stage->flush, &stage->top, e);
	if (err)
		return err;
	capture_take(&stage->capture, BARRIER_HELD, PART_GROUPS);
	for (unsigned i = 0; i < stage->nr_actors; i++)
		memcpy((void *)stage->actor[i].last, (void *)stage->actor[i].process.ledger,
		       LEDGER_BYTES);
	return count_kills(stage, e);
}

static void take_late_slots(struct actor *actor)
{
	const uint64_t late = actor->plan->workload->late_slots;
	const struct ledger *ledger = actor->process.ledger;

	for (unsigned i = 0; i < SLOTS_MAX && ledger->phase == PHASE_RELEASED; i++)
		if (late >> i & 1)
			actor->last->slot[i] = ledger->slot[i];
}

static int capture_gone(struct stage *stage, struct error *e)
{
	int err;

	grace_wait(); /* until the page tables of the workers are gone as well */
	take_system(stage, BARRIER_GONE);
	for (unsigned i = 0; i < stage->nr_actors; i++)
		take_late_slots(&stage->actor[i]);
	err = flush_now(&stage->flush, &stage->top, e);
	if (err)
		return err;
	capture_take(&stage->capture, BARRIER_GONE, PART_GROUPS);
	return count_kills(stage, e); /* one that was killed while it released, too */
}

static int parse(struct stage *stage, struct error *e)
{
	const uint64_t *taken = stage->taken_ns;
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors && !err; i++) {
		struct actor *actor = &stage->actor[i];

		err = capture_parse(&stage->capture, (int)i, SPAN_WORK, &actor->work, e);
		if (!err)
			err = capture_parse(&stage->capture, (int)i, SPAN_RESIDUE,
					    &actor->residue, e);
		actor->work.span_ns = taken[BARRIER_HELD] - taken[BARRIER_READY];
		actor->residue.span_ns = taken[BARRIER_GONE] - taken[BARRIER_READY];
	}
	return err;
}

/* ---- the play ---- */

static int start_timer(struct stage *stage, struct error *e)
{
	const uint64_t ns = stage->plan->sample_ns;
	const struct itimerspec every = {
		.it_interval = { .tv_sec = (time_t)(ns / STAGE_SECOND_NS),
				 .tv_nsec = (long)(ns % STAGE_SECOND_NS) },
		.it_value = { .tv_sec = (time_t)(ns / STAGE_SECOND_NS),
			      .tv_nsec = (long)(ns % STAGE_SECOND_NS) }
	};

	if (!ns)
		return 0;
	stage->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (stage->timer_fd < 0 || timerfd_settime(stage->timer_fd, 0, &every, NULL))
		return error_set(e, errno, "cannot start the sampling timer: %s",
				 strerror(errno));
	return 0;
}

static int show_ready(struct stage *stage, struct error *e)
{
	return stage->hook ? stage->hook(stage, BARRIER_READY, stage->arg, e) : 0;
}

static int pause_ready(struct stage *stage, struct error *e)
{
	(void)e; /* a signal has no sentence */
	return stage_pause_at(stage, BARRIER_READY);
}

static int pause_held(struct stage *stage, struct error *e)
{
	(void)e; /* as above */
	return stage_pause_at(stage, BARRIER_HELD);
}

static int show_held(struct stage *stage, struct error *e)
{
	if (stage->tick)
		stage->tick(stage, "held", stage->arg);
	return stage->hook ? stage->hook(stage, BARRIER_HELD, stage->arg, e) : 0;
}

static int show_gone(struct stage *stage, struct error *e)
{
	return stage->hook ? stage->hook(stage, BARRIER_GONE, stage->arg, e) : 0;
}

static int keep_raw(struct stage *stage, struct error *e)
{
	if (stage->raw_dirfd < 0)
		return 0;
	return capture_keep(&stage->capture, stage->raw_dirfd, stage->raw_prefix, e);
}

/* What a repeat is, in this order, up to the first that fails. */
static int (*const acts[])(struct stage *stage, struct error *e) = {
	make_groups, /* limited, each limit read back */
	start_flush,
	make_ledgers,  /* by the harness, so that they are charged to it */
	open_captures, /* all files: at a barrier only bytes are taken */
	start_workers,
	stage_wait_ready, /* READY: prepared, nothing measured touched */
	capture_ready,
	show_ready,
	pause_ready,
	start_timer,
	stage_run_workers, /* GO, samples, deadlines */
	stage_stop_background,
	capture_held, /* HELD: memory still mapped */
	show_held,
	pause_held,
	stage_say_goodbye, /* BYE: released, exited, reaped */
	capture_gone,	   /* GONE: what was left behind */
	show_gone,
	keep_raw, /* before parsing: what does not parse is what one wants */
	parse,
};

static int play(struct stage *stage, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]) && !err; i++)
		err = acts[i](stage, e);
	return err;
}

/* In reverse order, and whatever had been made. The first error stays. */
static int clear(struct stage *stage, struct error *e)
{
	struct error unseen;
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors; i++) {
		struct actor *actor = &stage->actor[i];

		if (actor->process.ledger && actor->last && !actor->last->magic)
			memcpy((void *)actor->last, (void *)actor->process.ledger,
			       LEDGER_BYTES);
		if (actor->process.pid && !actor->process.reaped) {
			process_kill(&actor->process);
			(void)process_reap(&actor->process, STAGE_EXIT_BOUND_NS);
		}
	}
	flush_stop(&stage->flush);
	capture_release(&stage->capture);
	(void)count_kills(stage, &unseen); /* one that was killed before it was READY, too */
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
		if (actor->last)
			actor_decide(actor, stage->interrupted);
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
