// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/run/clock.h"
#include "harness/run/expect.h"
#include "harness/run/resume.h"
#include "harness/run/sample.h"
#include "harness/run/settings.h"

struct run {
	const struct plan *plan;
	const struct run_options *options;
	struct run_summary *summary;
	struct results results;
	struct journal journal;
	struct swapdev swap;
	/* Large, and on the heap: static data of this program would be the worker's as well. */
	struct stage *stage, *null_stage;
	struct judgement *judgement; /* CLAIMS_MAX + EXPECTATIONS_MAX */
	struct sample_base base;
	struct resume resume;
	size_t step; /* from 0 */
	int broken;  /* the error of the first step that the harness failed in */
	struct error broken_why;
	unsigned good;	  /* steps played without an error of the harness */
	uint32_t has_row; /* bit n: worker n of the step's cell */
	int repeat;
	bool in_null;
	uint64_t start_ns;
	unsigned flush_waits;
	char scratch[640];
	int raw_dirfd; /* -1 unless the profile has keep_raw */
	char raw_prefix[64];
};

/* ---- what the stage tells while it plays ---- */

static struct row_place place_of(const struct run *run, const struct stage *stage,
				 const struct actor *actor)
{
	return (struct row_place){ .cell = stage->cell->index,
				   .repeat = run->repeat,
				   .worker = actor ? actor->plan->name : "",
				   .workload = actor ? actor->plan->workload->name : "" };
}

static void progress(struct run *run, const struct stage *stage, const char *phase)
{
	const struct plan *plan = run->plan;
	const struct plan_step *step = &plan->step[run->step];
	const struct run_progress now = {
		.step = run->step + 1,
		.steps = plan->nr_steps,
		.cell_label = plan->cell[step->cell].label,
		.repeat = step->repeat,
		.phase = run->in_null ? "null" : phase,
		.elapsed_s = (double)(clock_now_ns() - run->start_ns) / 1e9,
		.expected_s = plan->seconds,
		.stage = stage
	};

	if (run->options->progress)
		run->options->progress(&now, run->options->arg);
}

static void on_tick(struct stage *stage, const char *phase, void *arg)
{
	struct run *run = arg;

	if (!run->in_null)
		sample_take(stage, phase, run->repeat, &run->base, &run->results);
	progress(run, stage, phase);
}

static void on_event(struct stage *stage, const struct actor *actor, const char *event,
		     const char *detail, void *arg)
{
	struct run *run = arg;
	const struct row_place place = place_of(run, stage, actor);

	results_event(&run->results, &place, stage_ms(stage), event, detail);
	progress(run, stage, event);
}

static int on_barrier(struct stage *stage, enum barrier barrier, void *arg, struct error *e)
{
	struct run *run = arg;

	if (run->in_null || !run->options->hook)
		return 0;
	return run->options->hook(stage, barrier, run->options->hook_arg, e);
}

/* ---- settings and swap of a cell ---- */

static int write_trigger(const char *path, const char *text, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err = error_set(e, errno, "cannot write %s to %s: %s", text, path,
				strerror(errno));
	if (fd >= 0)
		close(fd);
	return err;
}

static int reset_machine(const struct plan *plan, struct error *e)
{
	int err = 0;

	if (plan->reset & RESET_DROP_CACHES) {
		sync(); /* dirty pages cannot be dropped */
		err = write_trigger("/proc/sys/vm/drop_caches", "3", e);
	}
	if (!err && plan->reset & RESET_COMPACT)
		err = write_trigger("/proc/sys/vm/compact_memory", "1", e);
	return err;
}

static int make_swap(struct run *run, const struct plan_cell *cell, struct error *e)
{
	char path[704];

	if (cell->swap.kind == SWAP_NONE)
		return 0;
	snprintf(path, sizeof(path), "%s", cell->swap.path);
	if (cell->swap.kind == SWAP_FILE && !path[0])
		snprintf(path, sizeof(path), "%s/pagestorm-%d.swap", run->scratch, getpid());
	return swapdev_make(&run->swap, &run->journal, cell->swap.kind, path,
			    cell->swap.size_bytes, cell->swap.priority, cell->swap.algorithm,
			    e);
}

static int set_up(struct run *run, const struct plan_cell *cell, struct error *e)
{
	const struct row_place place = { .cell = cell->index,
					 .repeat = run->repeat,
					 .worker = "" };
	int err = settings_apply(&run->journal, cell->setting, cell->nr_settings, e);

	for (unsigned i = 0; i < cell->nr_settings && !err; i++) {
		char detail[256];

		snprintf(detail, sizeof(detail), "%s=%s", cell->setting[i].name,
			 cell->setting[i].value);
		results_event(&run->results, &place, 0, "setting", detail);
	}
	if (!err)
		err = make_swap(run, cell, e);
	if (!err)
		err = reset_machine(run->plan, e);
	return err;
}

static int tear_down(struct run *run, size_t mark, struct error *e)
{
	int err = swapdev_remove(&run->swap, &run->journal, e);
	int err_undo = journal_undo(&run->journal, mark, e);

	if (err || err_undo)
		run->summary->not_restored = true;
	return err ? err : err_undo;
}

/* ---- rows ---- */

static void settings_text(const struct plan_cell *cell, char *text, size_t bytes)
{
	size_t length = 0;

	text[0] = 0;
	for (unsigned i = 0; i < cell->nr_settings && length < bytes; i++)
		length +=
			(size_t)snprintf(text + length, bytes - length, "%s%s=%s", i ? ";" : "",
					 cell->setting[i].name, cell->setting[i].value);
}

static void start_row(const struct run *run, const struct plan_cell *cell,
		      const struct plan_worker *worker, struct run_row *row)
{
	time_t now = time(NULL);
	struct tm utc;

	row_init(row);
	row->run = run->results.run;
	row->profile = run->plan->name;
	row->cell = cell->index;
	row->cell_label = cell->label;
	row->repeat = run->repeat;
	row->order = (unsigned)run->step;
	row->worker = worker->name;
	row->workload = worker->workload->name;
	row->params = worker->params_text;
	row->target_bytes = worker->target_bytes;
	settings_text(cell, row->settings, sizeof(row->settings));
	gmtime_r(&now, &utc);
	strftime(row->started_utc, sizeof(row->started_utc), "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* A skip is counted by itself, whatever was expected. */
static bool as_expected(const struct plan_worker *worker, enum outcome outcome)
{
	return outcome == worker->expected || outcome == OUTCOME_SKIPPED;
}

static void count_outcome(struct run_summary *s, const struct plan_worker *worker,
			  enum outcome outcome)
{
	s->rows++;
	if (outcome == OUTCOME_SKIPPED)
		s->skipped++;
	else if (as_expected(worker, outcome))
		return;
	else if (outcome == OUTCOME_FAILED || outcome == OUTCOME_BROKEN)
		s->invalid++;
	else
		s->unexpected++;
}

static void count_verdict(struct run_summary *s, enum verdict verdict)
{
	s->claims++;
	s->claims_failed += verdict == VERDICT_FAIL;
	s->claims_absent += verdict == VERDICT_ABSENT;
	s->claims_noise += verdict == VERDICT_NOISE;
}

static void note_row(struct run *run, const struct plan_worker *worker)
{
	const struct plan_cell *cell = &run->plan->cell[run->plan->step[run->step].cell];

	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (worker == &cell->worker[i])
			run->has_row |= 1u << i;
}

static unsigned count_failed(const struct judgement *judgements, unsigned nr)
{
	unsigned failed = 0;

	for (unsigned i = 0; i < nr; i++)
		failed += judgements[i].verdict == VERDICT_FAIL;
	return failed;
}

static void end_row(struct run *run, const struct plan_worker *worker, struct run_row *row,
		    const struct judgement *judgements, unsigned nr)
{
	const struct row_place place = { .cell = row->cell,
					 .repeat = row->repeat,
					 .worker = row->worker,
					 .workload = row->workload };

	for (unsigned i = 0; i < nr; i++) {
		results_truth(&run->results, &place, &judgements[i]);
		count_verdict(run->summary, judgements[i].verdict);
	}
	row->claims = nr;
	row->claims_failed = count_failed(judgements, nr);
	row_write(row, &run->results.runs);
	count_outcome(run->summary, worker, row->outcome);
	note_row(run, worker);
	if (run->options->row)
		run->options->row(row, judgements, nr, run->options->arg);
}

/* The run's own swap device under a scope of its own, so that a claim can name it. */
static int add_own_swap(const struct run *run, struct record *record)
{
	char scope[300];
	int err = 0;

	if (!run->swap.on)
		return 0;
	snprintf(scope, sizeof(scope), "swap:%s", run->swap.path);
	for (size_t i = 0, nr = record->nr; i < nr && !err; i++) {
		const struct counter c = record->counter[i];

		if (strcmp(c.scope, scope))
			continue;
		if (c.has_before)
			err = record_put(record, false, "own_swap", c.source, c.counter, c.kind,
					 c.unit, c.before);
		if (c.has_after && !err)
			err = record_put(record, true, "own_swap", c.source, c.counter, c.kind,
					 c.unit, c.after);
	}
	record_sort(record);
	return err;
}

/* The truth slots as counters of scope ledger: 0 at READY, the worker's count after. */
static int add_ledger(const struct actor *actor, struct record *record)
{
	const struct workload *workload = actor->plan->workload;
	int err = 0;

	for (int i = 0; i < SLOTS_MAX && workload->slots[i].name && !err; i++) {
		const struct number zero = { 0 };
		const struct number after = { .value = (int64_t)actor->last->slot[i] };

		err = record_put(record, false, "ledger", "ledger", workload->slots[i].name,
				 KIND_GAUGE, workload->slots[i].unit, zero);
		if (!err)
			err = record_put(record, true, "ledger", "ledger",
					 workload->slots[i].name, KIND_GAUGE,
					 workload->slots[i].unit, after);
	}
	record_sort(record);
	return err;
}

static unsigned judge_actor(const struct run *run, const struct actor *actor,
			    const struct actor *null_actor, struct judgement *out)
{
	const struct plan_worker *plan = actor->plan;
	uint64_t slot[SLOTS_MAX];

	for (int i = 0; i < SLOTS_MAX; i++)
		slot[i] = actor->last->slot[i];
	for (unsigned i = 0; i < plan->claims.nr; i++)
		judge_claim(&plan->claims.claim[i], &actor->work, &actor->residue,
			    null_actor ? &null_actor->work : NULL,
			    null_actor ? &null_actor->residue : NULL, plan->workload->slots,
			    slot, run->plan->host.page_bytes, &out[i]);
	return plan->claims.nr;
}

/*
 * What a worker that did not get to its end promised is not held against it, nor an
 * amount that the profile expects to be missed.
 */
static bool judged(const struct plan_worker *worker, enum outcome outcome)
{
	if (outcome == OUTCOME_TARGET_MISSED && worker->expected == outcome)
		return false;
	return outcome == OUTCOME_OK || outcome == OUTCOME_EXPECTED_OOM ||
	       outcome == OUTCOME_MISSING_OOM || outcome == OUTCOME_TARGET_MISSED ||
	       outcome == OUTCOME_UNEXPECTED_OOM;
}

static int write_actor(struct run *run, struct stage *stage, struct actor *actor,
		       const struct actor *null_actor, bool first, bool played, struct error *e)
{
	struct judgement *judgements = run->judgement;
	struct row_place place = place_of(run, stage, actor);
	const struct row_place shared = { .cell = place.cell,
					  .repeat = place.repeat,
					  .worker = "" };
	struct run_row row;
	unsigned nr = 0;
	int err = 0;

	start_row(run, stage->cell, actor->plan, &row);
	row.outcome = actor->outcome;
	snprintf(row.reason, sizeof(row.reason), "%s", actor->reason);
	row_from_ledger(&row, actor->last, actor->end_ns);
	results_latency(&run->results, &place, &actor->last->latency);
	if (played) {
		row_from_record(&row, &actor->work, run->plan->host.page_bytes);
		err = add_own_swap(run, &actor->work);
		if (!err)
			err = add_own_swap(run, &actor->residue);
		if (!err)
			err = add_ledger(actor, &actor->work);
		if (err)
			return error_set(e, -err, "cannot record a worker's counters: %s",
					 strerror(-err));
		results_counters(&run->results, &place, SPAN_WORK, &actor->work, true);
		results_counters(&run->results, &place, SPAN_RESIDUE, &actor->residue, true);
		if (first) {
			results_counters(&run->results, &shared, SPAN_WORK, &actor->work,
					 false);
			results_counters(&run->results, &shared, SPAN_RESIDUE, &actor->residue,
					 false);
		}
		err = results_sites(&run->results, &place, actor->last, e);
		if (err)
			return err;
		row.oom_kills = actor->oom_kills;
		if (judged(actor->plan, actor->outcome))
			nr = judge_actor(run, actor, null_actor, judgements);
		row.claims = nr; /* the workload's own: an expectation may name them */
		row.claims_failed = count_failed(judgements, nr);
	}
	if (actor->exited && WIFSIGNALED(actor->wait_status))
		row.exit_signal = (uint64_t)WTERMSIG(actor->wait_status);
	else if (actor->exited)
		row.exit_status = (uint64_t)WEXITSTATUS(actor->wait_status);
	if (played && !run->in_null)
		nr += expect_judge(run->plan, actor->plan, &row, &actor->work, judgements + nr);
	end_row(run, actor->plan, &row, judgements, nr);
	return 0;
}

static int write_stage(struct run *run, struct stage *stage, const struct stage *null_stage,
		       bool played, struct error *e)
{
	int err = 0;

	for (unsigned i = 0; i < stage->nr_actors && !err; i++)
		err = write_actor(run, stage, &stage->actor[i],
				  null_stage && null_stage->nr_actors ? &null_stage->actor[0]
								      : NULL,
				  i == 0, played, e);
	return err;
}

/* A row for a worker that never came on stage. */
static void write_unplayed(struct run *run, const struct plan_cell *cell,
			   const struct plan_worker *worker, enum outcome outcome,
			   const char *reason)
{
	const struct row_place place = { .cell = cell->index,
					 .repeat = run->repeat,
					 .worker = worker->name };
	struct run_row row;

	start_row(run, cell, worker, &row);
	row.outcome = outcome;
	snprintf(row.reason, sizeof(row.reason), "%s", reason);
	results_event(&run->results, &place, 0, outcome_name(outcome), reason);
	end_row(run, worker, &row, NULL, 0);
}

static void write_skipped(struct run *run, const struct plan_cell *cell)
{
	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (cell->worker[i].skip[0])
			write_unplayed(run, cell, &cell->worker[i], OUTCOME_SKIPPED,
				       cell->worker[i].skip);
}

/* The harness failed: its step has a row for each worker all the same. */
static void write_broken(struct run *run, const struct plan_cell *cell, const char *reason)
{
	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (!(run->has_row & 1u << i))
			write_unplayed(run, cell, &cell->worker[i], OUTCOME_BROKEN, reason);
}

/* The signal came during the null run: the workers that were to follow are told too. */
static void write_interrupted(struct run *run, const struct stage *stage)
{
	for (unsigned i = 0; i < stage->nr_actors; i++)
		write_unplayed(run, stage->cell, stage->worker[i], OUTCOME_INTERRUPTED,
			       "interrupted before it began");
}

/* ---- steps ---- */

static void set_stage(struct run *run, struct stage *stage, const struct plan_cell *cell)
{
	*stage = (struct stage){ .plan = run->plan,
				 .cell = cell,
				 .journal = &run->journal,
				 .swap = run->swap.on ? &run->swap : NULL,
				 .signal_fd = run->options->signal_fd,
				 .scratch_dir = run->scratch,
				 .raw_dirfd = run->raw_dirfd,
				 .raw_prefix = run->raw_prefix,
				 .hook = on_barrier,
				 .tick = on_tick,
				 .event = on_event,
				 .arg = run };
}

static int open_raw(struct run *run, struct error *e)
{
	if (!run->plan->keep_raw)
		return 0;
	if (mkdirat(run->results.dirfd, "raw", 0755) && errno != EEXIST)
		return error_set(e, errno, "cannot make %s/raw: %s", run->results.path,
				 strerror(errno));
	run->raw_dirfd = openat(run->results.dirfd, "raw", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->raw_dirfd < 0)
		return error_set(e, errno, "cannot open %s/raw: %s", run->results.path,
				 strerror(errno));
	return 0;
}

static int play(struct run *run, struct stage *stage, const struct stage *null_stage,
		struct error *e)
{
	int err, err_write;

	snprintf(run->raw_prefix, sizeof(run->raw_prefix), "cell%u-repeat%d%s",
		 stage->cell->index, run->repeat, run->in_null ? "-null" : "");
	err = stage_play(stage, e);

	run->flush_waits += stage->flush.waits;
	if (stage->interrupted)
		run->summary->interrupted = stage->interrupted;
	if (err && err != -EINTR)
		return err;
	err_write = write_stage(run, stage, null_stage, !err, e);
	return err ? err : err_write;
}

static int play_null(struct run *run, const struct plan_cell *cell, struct error *e)
{
	int err;

	set_stage(run, run->null_stage, cell);
	if (!cell->null_worker)
		return 0;
	run->null_stage->worker[0] = cell->null_worker;
	run->null_stage->nr_actors = 1;
	run->in_null = true;
	err = play(run, run->null_stage, NULL, e);
	run->in_null = false;
	return err;
}

static int play_cell(struct run *run, const struct plan_cell *cell, struct error *e)
{
	struct stage *stage = run->stage;
	int err = 0;

	write_skipped(run, cell);
	set_stage(run, stage, cell);
	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (!cell->worker[i].skip[0])
			stage->worker[stage->nr_actors++] = &cell->worker[i];
	if (!stage->nr_actors)
		return 0;
	err = play_null(run, cell, e);
	if (err == -EINTR)
		write_interrupted(run, stage);
	run->base.known = false;
	stage->wrapper = run->options->wrapper;
	if (!err)
		err = play(run, stage, run->null_stage, e);
	else
		stage->nr_actors = 0;
	stage_release(stage);
	stage_release(run->null_stage);
	return err;
}

static int run_step(struct run *run, struct error *e)
{
	const struct plan_step *step = &run->plan->step[run->step];
	const struct plan_cell *cell = &run->plan->cell[step->cell];
	const size_t mark = journal_length(&run->journal);
	struct error why = { "" }; /* the step's own: an error keeps its first sentence */
	int err, err_down;

	run->repeat = step->repeat;
	run->has_row = 0;
	err = set_up(run, cell, &why);
	if (!err)
		err = play_cell(run, cell, &why);
	if (err && err != -EINTR)
		write_broken(run, cell, why.text);
	err_down = tear_down(run, mark, &why);
	run->good += !err;
	/* A hook is somebody else's work, which ends with its first error. */
	if (err && err != -EINTR && !err_down && !run->options->hook) {
		if (!run->broken)
			run->broken = error_set(&run->broken_why, -err, "%s", why.text);
		err = 0;
	}
	if (!err)
		err = err_down;
	if (err)
		(void)error_set(e, -err, "%s", why.text); /* err is what it returns */
	err_down = results_flush(&run->results, e);
	return err ? err : err_down;
}

static int describe(struct run *run, int err, struct error *e)
{
	const struct run_summary *s = run->summary;
	json_t *end = json_pack(
		"{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:i, s:i, s:i, s:f}", "status",
		err == -EINTR ? "interrupted"
		: err	      ? "failed"
			      : "complete",
		"signal", s->interrupted, "rows", (int)s->rows, "claims", (int)s->claims,
		"claims_failed", (int)s->claims_failed, "unexpected", (int)s->unexpected,
		"invalid", (int)s->invalid, "skipped", (int)s->skipped, "restored",
		!s->not_restored, "periodic_flush_waits", (int)run->flush_waits, "only_cell",
		run->options->only_cell, "steps_resumed", (int)s->resumed, "seconds",
		(double)(clock_now_ns() - run->start_ns) / 1e9);
	int err_json = results_describe(&run->results, run->plan, end, e);

	json_decref(end);
	return err_json;
}

static int make_scratch(struct run *run, struct error *e)
{
	char absolute[512];

	if (!realpath(run->results.path, absolute))
		return error_set(e, errno, "cannot find %s: %s", run->results.path,
				 strerror(errno));
	snprintf(run->scratch, sizeof(run->scratch), "%s/scratch", absolute);
	if (journal_note(&run->journal, JOURNAL_FILE, run->scratch, NULL, NULL, e))
		return -EIO;
	if (mkdir(run->scratch, 0700))
		return error_set(e, errno, "cannot make %s: %s", run->scratch, strerror(errno));
	return 0;
}

static bool is_to_play(const struct run *run)
{
	const int only = run->options->only_cell;

	if (run->resume.done && run->resume.done[run->step])
		return false;
	return only < 0 || run->plan->step[run->step].cell == (unsigned)only;
}

static enum outcome outcome_of(const char *text)
{
	int outcome = OUTCOME_OK;

	while (outcome < OUTCOME_BROKEN && strcmp(outcome_name((enum outcome)outcome), text))
		outcome++;
	return (enum outcome)outcome;
}

static enum verdict verdict_of(const char *text)
{
	int verdict = VERDICT_PASS;

	while (verdict < VERDICT_NOISE && strcmp(verdict_name((enum verdict)verdict), text))
		verdict++;
	return (enum verdict)verdict;
}

/* Of the cell, or its null worker. */
static const struct plan_worker *worker_named(const struct plan_cell *cell, const char *name)
{
	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (!strcmp(cell->worker[i].name, name))
			return &cell->worker[i];
	return cell->null_worker ? cell->null_worker : &cell->worker[0];
}

static int run_steps(struct run *run, struct error *e)
{
	int err = describe(run, 0, e);

	for (run->step = 0; run->step < run->plan->nr_steps && !err; run->step++)
		if (is_to_play(run))
			err = run_step(run, e);
	if (err || run->good || !run->broken)
		return err;
	return error_set(e, -run->broken, "%s", run->broken_why.text);
}

/* What the cut run had counted, so that the end speaks of all. */
static void count_resumed(struct run *run)
{
	const struct csv_table *runs = &run->resume.runs, *truth = &run->resume.truth;
	struct run_summary *s = run->summary;

	s->resumed = (unsigned)run->resume.nr_done;
	run->good = s->resumed;
	for (size_t i = 0; i < truth->nr; i++)
		count_verdict(s, verdict_of(csv_cell(truth, i, csv_column(truth, "verdict"))));
	for (size_t i = 0; i < runs->nr; i++) {
		const char *name = csv_cell(runs, i, csv_column(runs, "worker"));
		const unsigned long cell =
			strtoul(csv_cell(runs, i, csv_column(runs, "cell")), NULL, 10);

		count_outcome(s, worker_named(&run->plan->cell[cell], name),
			      outcome_of(csv_cell(runs, i, csv_column(runs, "outcome"))));
	}
}

static int open_results(struct run *run, struct error *e)
{
	const char *cut = run->options->resume;
	int err;

	if (!cut)
		return results_open(&run->results, run->options->results_dir, run->plan, e);
	err = resume_load(&run->resume, cut, run->plan, e);
	if (!err)
		err = results_reopen(&run->results, cut, run->plan, e);
	if (!err)
		count_resumed(run);
	return err;
}

int run_plan(const struct plan *plan, const struct run_options *options,
	     struct run_summary *summary, struct error *e)
{
	struct run run = {
		.plan = plan, .options = options, .summary = summary, .raw_dirfd = -1
	};
	int err, err_end;

	*summary = (struct run_summary){ 0 };
	run.start_ns = clock_now_ns();
	results_init(&run.results);
	journal_init(&run.journal);
	run.stage = calloc(1, sizeof(*run.stage));
	run.null_stage = calloc(1, sizeof(*run.null_stage));
	run.judgement = calloc(CLAIMS_MAX + EXPECTATIONS_MAX, sizeof(*run.judgement));
	err = run.stage && run.null_stage && run.judgement
		      ? 0
		      : error_set(e, ENOMEM, "out of memory");
	if (!err)
		err = open_results(&run, e);
	if (!err)
		err = journal_open(&run.journal, run.results.run, e);
	if (!err)
		err = make_scratch(&run, e);
	if (!err)
		err = open_raw(&run, e);
	if (!err)
		err = run_steps(&run, e);
	if (run.results.dirfd >= 0 && run.journal.fd >= 0) {
		err_end = journal_close(&run.journal, e);
		summary->not_restored = summary->not_restored || err_end;
		err_end = describe(&run, err, e);
		err = err ? err : err_end;
	}
	err_end = results_close(&run.results, !err, e);
	err = err ? err : err_end;
	snprintf(summary->path, sizeof(summary->path), "%s", run.results.path);
	if (run.raw_dirfd >= 0)
		close(run.raw_dirfd);
	resume_release(&run.resume);
	free(run.stage);
	free(run.null_stage);
	free(run.judgement);
	return err;
}
