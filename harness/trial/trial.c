// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One trial, from its groups to its last capture. trial_run(), at the end, takes the steps of
 * steps[] in order and cleans up; the functions before it are those steps. The waits between
 * the barriers are in trial_watch.c, a worker's outcome in trial_outcome.c.
 */
#include "harness/trial/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/trial/trial_part.h"
#include "workloads/act/grace.h"
#include "workloads/api/arith.h"

/* ---- groups ---- */

static bool has_cpuset(const struct limits *limits)
{
	for (unsigned i = 0; i < limits->nr; i++)
		if (!strncmp(limits->limit[i].name, "cpuset.", 7))
			return true;
	return false;
}

static bool needs_cpuset(const struct trial *trial)
{
	bool needed = has_cpuset(&trial->cell->limits);

	for (unsigned i = 0; i < trial->nr_workers; i++)
		needed = needed || has_cpuset(&trial->planned[i]->request.limits);
	return needed;
}

/* On cgroup v1 the setting does not reach the groups by itself: see group_set_swappiness(). */
static int set_swappiness(const struct trial *trial, struct error *e)
{
	for (unsigned i = 0; i < trial->cell->nr_settings; i++)
		if (!strcmp(trial->cell->setting[i].name, "vm.swappiness"))
			return group_set_swappiness(&trial->top, trial->cell->setting[i].value,
						    e);
	return 0;
}

static bool in_place(const struct trial *trial)
{
	return trial->plan->host->place == CGROUP_IN_PLACE;
}

/* top, journalled and without limits; run below it with the cell's; in it one per worker. */
static int make_groups(struct trial *trial, struct error *e)
{
	int ret;

	blame_begin(&trial->blame, trial->plan->host);
	if (in_place(trial))
		return 0; /* all groups stay unmade: version 0 */
	ret = group_make_top(&trial->top, trial->plan->host, needs_cpuset(trial),
			     trial->journal, e);
	if (!ret)
		ret = set_swappiness(trial, e);
	if (!ret)
		ret = group_make_inner(&trial->run, &trial->top, "run", &trial->cell->limits,
				       e);
	for (unsigned i = 0; i < trial->nr_workers && !ret; i++) {
		struct trial_worker *worker = &trial->worker[i];

		ret = group_make(&worker->group, &trial->run, worker->plan->name,
				 &worker->plan->request.limits, e);
	}
	return ret;
}

/* ---- ledgers and workers ---- */

static int write_ledger(const struct trial *trial, struct trial_worker *worker, struct error *e)
{
	const struct plan_worker *plan = worker->plan;
	struct ledger *ledger;
	int ret = process_make_ledger(&worker->process, e);

	if (ret)
		return ret;
	ledger = worker->process.ledger;
	snprintf(ledger->workload, sizeof(ledger->workload), "%s", plan->workload->name);
	snprintf(ledger->worker, sizeof(ledger->worker), "%s", plan->name);
	ledger->seed = trial->plan->seed;
	ledger->prewarm_bytes = plan->request.prewarm_bytes;
	ledger->shortfall_pages = plan->request.shortfall_pages;
	ledger->env = *plan->env;
	snprintf(ledger->env.scratch_dir, sizeof(ledger->env.scratch_dir), "%s",
		 trial->scratch_dir ? trial->scratch_dir : "");
	if (trial->swap && trial->swap->on)
		snprintf(ledger->env.swap_path, sizeof(ledger->env.swap_path), "%s",
			 trial->swap->path);
	_Static_assert(sizeof(ledger->params) == sizeof(plan->request.params),
		       "copied as a whole");
	memcpy(ledger->params, plan->request.params, sizeof(ledger->params));
	return 0;
}

static int make_ledgers(struct trial *trial, struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < trial->nr_workers && !ret; i++)
		ret = write_ledger(trial, &trial->worker[i], e);
	return ret;
}

static int start_worker(struct trial *trial, unsigned i, struct error *e)
{
	struct trial_worker *worker = &trial->worker[i];
	const struct process_setup setup = { .argument = "--worker",
					     .group = &worker->group,
					     .oom_score_adj_set =
						     worker->plan->request.oom_score_adj_set,
					     .oom_score_adj =
						     worker->plan->request.oom_score_adj,
					     .cpus = worker->plan->request.cpus,
					     .wrapper = i ? NULL : trial->wrapper };
	int ret = process_start(&worker->process, &setup, e);

	if (!ret)
		trial_note(trial, worker, "started", NULL);
	return ret;
}

static int start_workers(struct trial *trial, struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < trial->nr_workers && !ret; i++)
		ret = start_worker(trial, i, e);
	return ret;
}

/* ---- captures ---- */

static int start_flush(struct trial *trial, struct error *e)
{
	if (in_place(trial))
		return 0;
	return flush_start(&trial->flush, &trial->top, trial->plan->host, e);
}

/* No group of ours, no memory.stat to make exact. */
static int flush_groups(struct trial *trial, struct error *e)
{
	return in_place(trial) ? 0 : flush_now(&trial->flush, &trial->top, e);
}

static int open_captures(struct trial *trial, struct error *e)
{
	int ret = capture_open_system(&trial->capture, trial->plan->host, e);

	if (in_place(trial))
		return ret;
	if (!ret)
		ret = capture_open_group(&trial->capture, &trial->run, OWNER_RUN, e);
	for (unsigned i = 0; i < trial->nr_workers && !ret; i++)
		ret = capture_open_group(&trial->capture, &trial->worker[i].group, (int)i, e);
	return ret;
}

static int open_processes(struct trial *trial, struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < trial->nr_workers && !ret; i++)
		if (trial->worker[i].state != WORKER_DEAD)
			ret = capture_open_processes(
				&trial->capture, trial->worker[i].process.ledger, (int)i, e);
	return ret;
}

static void take_system(struct trial *trial, enum barrier barrier)
{
	trial->taken_ns[barrier] = clock_now_ns();
	capture_take(&trial->capture, barrier, PART_SYSTEM);
}

/*
 * The flush touches pages of its own. The groups and processes of the workers do not see
 * them; the system files would. So it comes before they are read at READY and after they are
 * read at HELD, and the span between the two has none of it.
 */
static int capture_ready(struct trial *trial, struct error *e)
{
	int ret = open_processes(trial, e);

	capture_take(&trial->capture, BARRIER_READY, PART_AROUND);
	if (!ret)
		ret = flush_groups(trial, e);
	if (ret)
		return ret;
	capture_take(&trial->capture, BARRIER_READY, PART_GROUPS);
	capture_take(&trial->capture, BARRIER_READY, PART_PROCESSES);
	take_system(trial, BARRIER_READY);
	return 0;
}

/* While its groups are there: whose limit its kills were at. */
static void find_blamed(struct trial *trial, struct trial_worker *worker)
{
	const struct group *const own[] = { &worker->group, &trial->run };

	if (worker->oom_kills)
		worker->blamed =
			blame_find(&trial->blame, own, ARRAY_SIZE(own), worker->blamed_group);
}

/* The groups are new: each OOM kill that they count is of this trial. */
static int count_kills(struct trial *trial, struct error *e)
{
	for (unsigned i = 0; i < trial->nr_workers && !in_place(trial); i++) {
		struct trial_worker *worker = &trial->worker[i];
		int ret = group_oom_kills(&worker->group, &worker->oom_kills);

		if (ret)
			return error_set(e, -ret, "cannot read the OOM kills of %s: %s",
					 worker->group.path, strerror(-ret));
		find_blamed(trial, worker);
	}
	return 0;
}

static int capture_held(struct trial *trial, struct error *e)
{
	int ret;

	take_system(trial, BARRIER_HELD);
	ret = open_processes(trial, e); /* children that run() made */
	if (ret)
		return ret;
	capture_take(&trial->capture, BARRIER_HELD, PART_PROCESSES);
	ret = flush_groups(trial, e);
	if (ret)
		return ret;
	capture_take(&trial->capture, BARRIER_HELD, PART_GROUPS);
	capture_take(&trial->capture, BARRIER_HELD, PART_AROUND);
	for (unsigned i = 0; i < trial->nr_workers; i++)
		memcpy((void *)trial->worker[i].last, (void *)trial->worker[i].process.ledger,
		       LEDGER_BYTES);
	return count_kills(trial, e);
}

/* The slots that release() counted, after HELD's copy of the ledger was made. */
static void take_late_slots(struct trial_worker *worker)
{
	const uint64_t late = worker->plan->workload->late_slots;
	const struct ledger *ledger = worker->process.ledger;

	for (unsigned i = 0; i < SLOTS_MAX && ledger->phase == PHASE_RELEASED; i++)
		if (late >> i & 1)
			worker->last->slot[i] = ledger->slot[i];
}

static int capture_gone(struct trial *trial, struct error *e)
{
	int ret;

	grace_wait(); /* the kernel frees page tables late: see grace.h */
	take_system(trial, BARRIER_GONE);
	for (unsigned i = 0; i < trial->nr_workers; i++)
		take_late_slots(&trial->worker[i]);
	ret = flush_groups(trial, e);
	if (ret)
		return ret;
	capture_take(&trial->capture, BARRIER_GONE, PART_GROUPS);
	capture_take(&trial->capture, BARRIER_GONE, PART_AROUND);
	return count_kills(trial, e); /* also one that was killed in release() */
}

static int parse(struct trial *trial, struct error *e)
{
	const uint64_t *taken = trial->taken_ns;
	int ret = 0;

	for (unsigned i = 0; i < trial->nr_workers && !ret; i++) {
		struct trial_worker *worker = &trial->worker[i];

		ret = capture_parse(&trial->capture, (int)i, SPAN_WORK, &worker->work, e);
		if (!ret)
			ret = capture_parse(&trial->capture, (int)i, SPAN_RESIDUE,
					    &worker->residue, e);
		worker->work.span_ns = taken[BARRIER_HELD] - taken[BARRIER_READY];
		worker->residue.span_ns = taken[BARRIER_GONE] - taken[BARRIER_READY];
	}
	return ret;
}

/* ---- samples, hooks and pauses ---- */

static int start_timer(struct trial *trial, struct error *e)
{
	const uint64_t ns = trial->plan->sample_ns;
	const struct itimerspec every = {
		.it_interval = { .tv_sec = (time_t)(ns / TRIAL_SECOND_NS),
				 .tv_nsec = (long)(ns % TRIAL_SECOND_NS) },
		.it_value = { .tv_sec = (time_t)(ns / TRIAL_SECOND_NS),
			      .tv_nsec = (long)(ns % TRIAL_SECOND_NS) }
	};

	if (!ns)
		return 0;
	trial->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (trial->timer_fd < 0 || timerfd_settime(trial->timer_fd, 0, &every, NULL))
		return error_set(e, errno, "cannot start the sampling timer: %s",
				 strerror(errno));
	return 0;
}

static int hook_ready(struct trial *trial, struct error *e)
{
	return trial->hook ? trial->hook(trial, BARRIER_READY, trial->arg, e) : 0;
}

static int pause_ready(struct trial *trial, struct error *e)
{
	return trial_pause_at(trial, BARRIER_READY, e);
}

static int pause_held(struct trial *trial, struct error *e)
{
	return trial_pause_at(trial, BARRIER_HELD, e);
}

static int hook_held(struct trial *trial, struct error *e)
{
	if (trial->tick)
		trial->tick(trial, "held", trial->arg);
	return trial->hook ? trial->hook(trial, BARRIER_HELD, trial->arg, e) : 0;
}

static int hook_gone(struct trial *trial, struct error *e)
{
	return trial->hook ? trial->hook(trial, BARRIER_GONE, trial->arg, e) : 0;
}

static int keep_raw(struct trial *trial, struct error *e)
{
	if (trial->raw_dirfd < 0)
		return 0;
	return capture_keep(&trial->capture, trial->raw_dirfd, trial->raw_prefix, e);
}

/* ---- the trial ---- */

/* A trial is these steps in this order, up to the first that fails. */
static int (*const steps[])(struct trial *trial, struct error *e) = {
	make_groups,   /* each limit is read back */
	start_flush,   /* the pump that keeps memory.stat exact: flush.h */
	make_ledgers,  /* by the harness, so that they are charged to it */
	open_captures, /* system and group files: at a barrier bytes are copied, no more */
	start_workers, /* fork, join the group, oom_score_adj, exec */

	trial_wait_ready, /* READY: prepared, nothing measured is touched */
	capture_ready,
	hook_ready, /* hooks: validate runs its tools */
	pause_ready,

	start_timer,	       /* of samples */
	trial_run_workers,     /* GO: until each foreground worker is HELD or dead */
	trial_stop_background, /* then background workers are asked to stop */

	capture_held, /* HELD: memory still mapped, workers blocked */
	hook_held,
	pause_held,

	trial_bye,    /* BYE: release, exit, reap */
	capture_gone, /* GONE: what was left behind */
	hook_gone,

	keep_raw, /* before parsing, so that bytes that do not parse are kept */
	parse,
};

static int run_steps(struct trial *trial, struct error *e)
{
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps) && !ret; i++)
		ret = steps[i](trial, e);
	return ret;
}

/* After the last step or a failed one: takes down what was made. *e keeps the first error. */
static int clean_up(struct trial *trial, struct error *e)
{
	int ret;

	for (unsigned i = 0; i < trial->nr_workers; i++) {
		struct trial_worker *worker = &trial->worker[i];

		if (worker->process.ledger && worker->last && !worker->last->magic)
			memcpy((void *)worker->last, (void *)worker->process.ledger,
			       LEDGER_BYTES);
		if (worker->process.pid && !worker->process.reaped) {
			process_kill(&worker->process);
			(void)process_reap(&worker->process, TRIAL_EXIT_BOUND_NS);
		}
	}
	flush_stop(&trial->flush);
	capture_release(&trial->capture);
	(void)count_kills(trial, NULL); /* also one that was killed before READY */
	ret = group_remove(&trial->top, e);
	if (trial->timer_fd >= 0)
		close(trial->timer_fd);
	trial->timer_fd = -1;
	return ret;
}

static int init(struct trial *trial, struct error *e)
{
	int ret = 0;

	trial->timer_fd = -1;
	trial->interrupted = 0;
	trial->start_ns = 0;
	flush_init(&trial->flush);
	capture_init(&trial->capture);
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		struct trial_worker *worker = &trial->worker[i];

		*worker = (struct trial_worker){ .plan = trial->planned[i] };
		process_init(&worker->process);
		record_init(&worker->work);
		record_init(&worker->residue);
		worker->last = calloc(1, LEDGER_BYTES);
		if (!worker->last)
			ret = error_set(e, ENOMEM, "out of memory for a copy of the ledger");
	}
	return ret;
}

static void decide_outcomes(struct trial *trial)
{
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		struct trial_worker *worker = &trial->worker[i];

		worker->exited = worker->process.reaped;
		worker->wait_status = worker->process.wait_status;
		if (in_place(trial) && worker->exited && WIFSIGNALED(worker->wait_status))
			worker->blamed =
				blame_find(&trial->blame, NULL, 0, worker->blamed_group);
		if (worker->last)
			trial_worker_decide(worker, trial->interrupted);
		process_release(&worker->process);
	}
}

int trial_run(struct trial *trial, struct error *e)
{
	int ret = init(trial, e), ret_clean_up;

	if (!ret)
		ret = run_steps(trial, e);
	ret_clean_up = clean_up(trial, e);
	decide_outcomes(trial);
	return ret ? ret : ret_clean_up;
}

void trial_release(struct trial *trial)
{
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		record_release(&trial->worker[i].work);
		record_release(&trial->worker[i].residue);
		free(trial->worker[i].last);
		trial->worker[i].last = NULL;
	}
}
