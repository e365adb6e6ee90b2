// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A run from its first step to its last: run_plan(), at the end, begins it, runs the steps and
 * ends it. Groups and processes are trial.c's, rows run_rows.c's.
 */
#include "harness/trial/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/trust.h"
#include "harness/base/clock.h"
#include "harness/machine/ownfile.h"
#include "harness/trial/run_part.h"
#include "harness/machine/settings.h"

/* A call of the harness can fail with EINTR too, and no signal came. */
static bool is_interrupted(const struct run *run, int ret)
{
	return ret == -EINTR && run->summary->interrupted;
}

static void progress(struct run *run, const struct trial *trial, const char *phase)
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
		.trial = trial
	};

	if (run->options->progress)
		run->options->progress(&now, run->options->arg);
}

static void on_tick(struct trial *trial, const char *phase, void *arg)
{
	struct run *run = arg;

	if (!run->in_null)
		sample_take(trial, phase, run->repeat, &run->base, &run->results);
	progress(run, trial, phase);
}

static void on_event(struct trial *trial, const struct trial_worker *worker, const char *event,
		     const char *detail, void *arg)
{
	struct run *run = arg;
	const struct row_place place = run_place(run, trial, worker);

	results_event(&run->results, &place, trial_ms(trial), event, detail);
	progress(run, trial, event);
}

static int on_barrier(struct trial *trial, enum barrier barrier, void *arg, struct error *e)
{
	struct run *run = arg;

	if (run->in_null || !run->options->hook)
		return 0;
	return run->options->hook(trial, barrier, run->options->hook_arg, e);
}

/* ---- the machine, set up before a step and restored after it ---- */

static int write_trigger(const char *path, const char *text, struct error *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ret = error_set(e, errno, "cannot write %s to %s: %s", text, path,
				strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

static int reset_machine(const struct plan *plan, struct error *e)
{
	int ret = 0;

	if (plan->reset & RESET_DROP_CACHES) {
		sync(); /* dirty pages cannot be dropped */
		ret = write_trigger("/proc/sys/vm/drop_caches", "3", e);
	}
	if (!ret && plan->reset & RESET_COMPACT)
		ret = write_trigger("/proc/sys/vm/compact_memory", "1", e);
	return ret;
}

/* Others must not read swapped memory, which they could where they can replace the file. */
static int check_swap_place(const char *path, struct error *e)
{
	char directory[704];
	struct stat st;

	snprintf(directory, sizeof(directory), "%s", path);
	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		char *slash = strrchr(directory, '/'); /* the plan takes absolute paths only */

		slash[slash == directory] = '\0';
	}
	return trust_path(directory, e);
}

static int make_swap(struct run *run, const struct plan_cell *cell, struct error *e)
{
	char path[704];
	const struct swap_request request = { .kind = cell->swap.kind,
					      .path = path,
					      .algorithm = cell->swap.algorithm,
					      .bytes = cell->swap.size_bytes,
					      .priority = cell->swap.priority };

	if (cell->swap.kind == SWAP_NONE)
		return 0;
	snprintf(path, sizeof(path), "%s", cell->swap.path);
	if (cell->swap.kind == SWAP_FILE && !path[0])
		snprintf(path, sizeof(path), "%s/pagestorm-%d.swap", run->scratch, getpid());
	if (path[0] && check_swap_place(path, e))
		return -EPERM;
	return swapdev_make(&run->swap, &run->journal, &request, e);
}

/* Settings, swap, then drop_caches and compaction. */
static int set_up(struct run *run, const struct plan_cell *cell, struct error *e)
{
	const struct row_place place = { .cell = cell->index,
					 .repeat = run->repeat,
					 .worker = "",
					 .attempt = run->attempt };
	int ret = settings_apply(&run->journal, cell->setting, cell->nr_settings, e);

	for (unsigned i = 0; i < cell->nr_settings && !ret; i++) {
		char detail[256];

		snprintf(detail, sizeof(detail), "%s=%s", cell->setting[i].name,
			 cell->setting[i].value);
		results_event(&run->results, &place, 0, "setting", detail);
	}
	if (!ret)
		ret = make_swap(run, cell, e);
	if (!ret)
		ret = reset_machine(run->plan, e);
	return ret;
}

/* Undoes what the journal has noted since the mark. */
static int tear_down(struct run *run, size_t mark, struct error *e)
{
	int ret = swapdev_remove(&run->swap, &run->journal, e);
	int ret_undo = journal_undo(&run->journal, mark, e);

	if (ret || ret_undo)
		run->summary->not_restored = true;
	return ret ? ret : ret_undo;
}

/* ---- one step of the plan ---- */

static void set_trial(struct run *run, struct trial *trial, const struct plan_cell *cell)
{
	*trial = (struct trial){ .plan = run->plan,
				 .cell = cell,
				 .repeat = run->repeat,
				 .attempt = run->attempt,
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
	/* Only a resumed run has made one already. */
	if (mkdirat(run->results.dirfd, "raw", 0755) &&
	    !(errno == EEXIST && run->options->resume))
		return error_set(e, errno, "cannot make %s/raw: %s", run->results.path,
				 strerror(errno));
	run->raw_dirfd = openat(run->results.dirfd, "raw",
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (run->raw_dirfd < 0)
		return error_set(e, errno, "cannot open %s/raw: %s", run->results.path,
				 strerror(errno));
	return 0;
}

/* A trial and its rows; of a trial that a signal ended only the outcomes. */
static int run_trial(struct run *run, struct trial *trial, struct error *e)
{
	int ret, ret_write;

	snprintf(run->raw_prefix, sizeof(run->raw_prefix), "cell%u-repeat%d%s",
		 trial->cell->index, run->repeat, run->in_null ? "-null" : "");
	ret = trial_run(trial, e);

	run->flush_waits += trial->flush.waits;
	if (trial->interrupted)
		run->summary->interrupted = trial->interrupted;
	if (ret && !is_interrupted(run, ret))
		return ret;
	ret_write = run_write_trial(run, trial, !ret, e);
	return ret ? ret : ret_write;
}

/* The null workload beside the trial: what its counters move by is the noise floor. */
static int run_null(struct run *run, const struct plan_cell *cell, struct error *e)
{
	int ret;

	set_trial(run, run->null_trial, cell);
	if (!cell->null_worker)
		return 0;
	run->null_trial->planned[0] = cell->null_worker;
	run->null_trial->nr_workers = 1;
	run->in_null = true;
	ret = run_trial(run, run->null_trial, e);
	run->in_null = false;
	return ret;
}

/* One repeat of a cell: rows of its skipped workers, the null trial, the trial. */
static int run_cell(struct run *run, const struct plan_cell *cell, struct error *e)
{
	struct trial *trial = run->trial;
	int ret = 0;

	run_write_skipped(run, cell);
	set_trial(run, trial, cell);
	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (!cell->worker[i].skip[0])
			trial->planned[trial->nr_workers++] = &cell->worker[i];
	if (!trial->nr_workers)
		return 0;
	ret = run_null(run, cell, e);
	if (is_interrupted(run, ret))
		run_write_interrupted(run, trial);
	run->base.known = false;
	trial->wrapper = run->options->wrapper;
	trial->pause = run->options->pause;
	if (!ret && !run_is_repeated(run))
		ret = run_trial(run, trial, e);
	else
		trial->nr_workers = 0; /* it was not begun: nothing to release */
	trial_release(trial);
	trial_release(run->null_trial);
	return ret;
}

/* The machine set up, one repeat of the cell, or a row that says what broke. */
static int run_attempt(struct run *run, const struct plan_cell *cell, struct error *why)
{
	int ret;

	run->has_row = 0;
	run->disturbed = run->failed = false;
	ret = set_up(run, cell, why);
	if (!ret)
		ret = run_cell(run, cell, why);
	if (ret && !is_interrupted(run, ret))
		run_write_broken(run, cell, why->text);
	return ret;
}

/* Its rows stay, under their attempt's number, and nothing of them counts. */
static void take_back(struct run *run, const struct run_summary *before)
{
	const struct plan_step *step = &run->plan->step[run->step];
	const struct row_place place = { .cell = step->cell,
					 .repeat = step->repeat,
					 .worker = "",
					 .attempt = run->attempt };
	char detail[64];

	snprintf(detail, sizeof(detail), "attempt %u of %u was disturbed", run->attempt,
		 run->retries + 1);
	results_event(&run->results, &place, 0, "repeated", detail);
	*run->summary = *before;
	run->summary->repeated++;
}

/* Each attempt finds the machine as the first one did, and it is restored after each. */
static int run_attempts(struct run *run, const struct plan_cell *cell, int *ret_down,
			struct error *why)
{
	const size_t mark = journal_length(&run->journal);
	int ret;

	for (run->attempt = 1;; run->attempt++) {
		const struct run_summary before = *run->summary;

		ret = run_attempt(run, cell, why);
		*ret_down = tear_down(run, mark, why);
		if (ret || *ret_down || !run_is_repeated(run))
			return ret;
		take_back(run, &before);
	}
}

/* One step: the attempts at one repeat of its cell. */
static int run_step(struct run *run, struct error *e)
{
	const struct plan_step *step = &run->plan->step[run->step];
	const struct plan_cell *cell = &run->plan->cell[step->cell];
	struct error why = { "" }; /* the step's own: an error keeps its first sentence */
	int ret, ret_down, ret_flush;

	run->repeat = step->repeat;
	run->attempt = 1;
	if (settings_permitted(run->journal.root, cell->setting, cell->nr_settings, &why)) {
		run_write_cell_skipped(run, cell, why.text);
		run->good++;
		return results_flush(&run->results, e);
	}
	ret = run_attempts(run, cell, &ret_down, &why);
	run->good += !ret;
	/* The next steps may succeed; with a hook its caller's work ends here. */
	if (ret && !is_interrupted(run, ret) && !ret_down && !run->options->hook) {
		if (!run->broken)
			run->broken = error_set(&run->broken_why, -ret, "%s", why.text);
		ret = 0;
	}
	if (!ret)
		ret = ret_down;
	if (ret)
		(void)error_set(e, -ret, "%s", why.text); /* which returns ret */
	ret_flush = results_flush(&run->results, e);
	return ret ? ret : ret_flush;
}

/* ---- the run ---- */

/* Writes run.json; ret is how the run ends, 0 while it goes on. */
static int describe(struct run *run, int ret, struct error *e)
{
	const struct run_summary *s = run->summary;
	json_t *end = json_pack(
		"{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:i, s:i, s:i, s:i, s:f}",
		"status",
		is_interrupted(run, ret) ? "interrupted"
		: ret			 ? "failed"
					 : "complete",
		"signal", s->interrupted, "rows", (int)s->rows, "claims", (int)s->claims,
		"claims_failed", (int)s->claims_failed, "claims_absent", (int)s->claims_absent,
		"unexpected", (int)s->unexpected, "invalid", (int)s->invalid,
		"claims_disturbed", (int)s->claims_disturbed, "disturbed", (int)s->disturbed,
		"floors_disturbed", (int)s->floors_disturbed, "repeated", (int)s->repeated,
		"skipped", (int)s->skipped, "restored", !s->not_restored,
		"periodic_flush_waits", (int)run->flush_waits, "only_cell",
		run->options->only_cell, "more_cells", (int)run->options->more_cells,
		"steps_resumed", (int)s->resumed, "seconds",
		(double)(clock_now_ns() - run->start_ns) / 1e9);
	int ret_json;

	if (end && run->options->looks) {
		json_object_set_new(end, "looks", json_integer(run->options->looks));
		json_object_set_new(end, "repeats_done", json_integer(run->repeats_done));
	}
	ret_json = results_describe(&run->results, run->plan, end, e);

	json_decref(end);
	return ret_json;
}

/* Where workers make their private files. */
static int make_scratch(struct run *run, struct error *e)
{
	char *absolute = realpath(run->results.path, NULL);
	int length;

	if (!absolute)
		return error_set(e, errno, "cannot find %s: %s", run->results.path,
				 strerror(errno));
	length = snprintf(run->scratch, sizeof(run->scratch), "%s/scratch", absolute);
	free(absolute);
	if ((size_t)length >= sizeof(run->scratch))
		return error_set(
			e, ENAMETOOLONG,
			"the path of %s is longer than %zu bytes with /scratch: choose another directory with -o",
			run->results.path, sizeof(run->scratch) - 1);
	return ownfile_directory(run->scratch, &run->journal, e);
}

static bool is_to_run(const struct run *run)
{
	const int only = run->options->only_cell;
	const unsigned cell = run->plan->step[run->step].cell;

	if (run->resume.done && run->resume.done[run->step])
		return false;
	return only < 0 ||
	       (cell >= (unsigned)only && cell - (unsigned)only <= run->options->more_cells);
}

/* Whether a repeat of all cells ended with this step, and its caller needs no more. */
static bool is_enough(struct run *run)
{
	const struct run_options *how = run->options;
	const struct plan *plan = run->plan;
	const int repeat = plan->step[run->step].repeat;

	if (!how->enough || repeat < 1 ||
	    (run->step + 1 < plan->nr_steps && plan->step[run->step + 1].repeat == repeat))
		return false;
	run->repeats_done = (unsigned)repeat;
	return how->enough(run->results.path, run->repeats_done, how->enough_arg);
}

static int run_steps(struct run *run, struct error *e)
{
	int ret = describe(run, 0, e);

	for (run->step = 0; run->step < run->plan->nr_steps && !ret; run->step++)
		if (is_to_run(run)) {
			ret = run_step(run, e);
			if (!ret && is_enough(run))
				break;
		}
	if (ret || run->good || !run->broken)
		return ret;
	return error_set(e, -run->broken, "%s", run->broken_why.text);
}

static int open_results(struct run *run, struct error *e)
{
	const char *cut = run->options->resume;
	int ret;

	if (!cut)
		return results_open(&run->results, run->options->results_dir, run->plan, e);
	ret = resume_load(&run->resume, cut, run->plan, e);
	if (!ret)
		ret = results_reopen(&run->results, cut, run->plan, e);
	if (!ret) {
		tally_resumed(run->summary, run->plan, &run->resume);
		run->good = run->summary->resumed;
	}
	return ret;
}

static int begin(struct run *run, struct error *e)
{
	int ret;

	results_init(&run->results);
	if (run->options->name_cell)
		run->results.named_cell = run->options->only_cell;
	journal_init(&run->journal);
	run->start_ns = clock_now_ns();
	/* Who looks at a barrier has looked at that trial and not at another. */
	if (!run->options->hook && !(run->options->pause && run->options->pause->barriers))
		run->retries = run->plan->retries;
	run->trial = calloc(1, sizeof(*run->trial));
	run->null_trial = calloc(1, sizeof(*run->null_trial));
	run->judgement = calloc(CLAIMS_MAX + EXPECTATIONS_MAX, sizeof(*run->judgement));
	run->base.seen = calloc(WORKERS_MAX, sizeof(*run->base.seen));
	if (!run->trial || !run->null_trial || !run->judgement || !run->base.seen)
		return error_set(e, ENOMEM, "out of memory");
	ret = open_results(run, e);
	if (!ret)
		ret = journal_open(&run->journal, run->results.run, e);
	if (!ret)
		ret = make_scratch(run, e);
	return ret ? ret : open_raw(run, e);
}

/* Restores what is left to restore and completes the results. ret: how the run went. */
static int end(struct run *run, int ret, struct error *e)
{
	int ret_end;

	if (run->results.dirfd >= 0 && run->journal.fd >= 0) {
		if (journal_close(&run->journal, e))
			run->summary->not_restored = true;
		ret_end = describe(run, ret, e);
		ret = ret ? ret : ret_end;
	}
	/* The journal names things of the run by their path below .partial. */
	ret_end = results_close(&run->results, !ret && !run->summary->not_restored, e);
	snprintf(run->summary->path, sizeof(run->summary->path), "%s", run->results.path);
	if (run->raw_dirfd >= 0)
		close(run->raw_dirfd);
	resume_release(&run->resume);
	free(run->trial);
	free(run->null_trial);
	free(run->judgement);
	free(run->base.seen);
	return ret ? ret : ret_end;
}

int run_plan(const struct plan *plan, const struct run_options *options,
	     struct run_summary *summary, struct error *e)
{
	struct run run = {
		.plan = plan, .options = options, .summary = summary, .raw_dirfd = -1
	};
	int ret;

	*summary = (struct run_summary){ 0 };
	ret = begin(&run, e);
	if (!ret)
		ret = run_steps(&run, e);
	return end(&run, ret, e);
}
