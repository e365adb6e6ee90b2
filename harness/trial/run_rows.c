// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a trial to rows: counters judged, a row for each worker, also for one that was
 * never started.
 */
#include "harness/trial/run_part.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "harness/trial/expect.h"

struct row_place run_place(const struct run *run, const struct trial *trial,
			   const struct trial_worker *worker)
{
	return (struct row_place){ .cell = trial->cell->index,
				   .repeat = run->repeat,
				   .attempt = run->attempt,
				   .worker = worker ? worker->plan->name : "",
				   .workload = worker ? worker->plan->workload->name : "" };
}

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
	row->attempt = run->attempt;
	row->order = (unsigned)run->step;
	row->worker = worker->name;
	row->workload = worker->workload->name;
	row->params = worker->request.params_text;
	row->target_bytes = worker->prediction.target_bytes;
	row->expected_outcome = worker->prediction.expected;
	settings_text(cell, row->settings, sizeof(row->settings));
	gmtime_r(&now, &utc);
	strftime(row->started_utc, sizeof(row->started_utc), "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void note_row(struct run *run, const struct plan_worker *worker)
{
	const struct plan_cell *cell = &run->plan->cell[run->plan->step[run->step].cell];

	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (worker == &cell->worker[i])
			run->has_row |= 1u << i;
}

static unsigned count_verdict(const struct judgement *judgements, unsigned nr,
			      enum verdict verdict)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nr; i++)
		n += judgements[i].verdict == verdict;
	return n;
}

static unsigned count_failed(const struct judgement *judgements, unsigned nr)
{
	return count_verdict(judgements, nr, VERDICT_FAIL);
}

bool run_is_repeated(const struct run *run)
{
	return run->disturbed && !run->failed && run->attempt <= run->retries;
}

/* What failed without an explanation stays so, however often the trial is repeated. */
static void note_ending(struct run *run, const struct plan_worker *worker,
			const struct run_row *row)
{
	const enum ending ending = outcome_ending(row->outcome, worker->prediction.expected);

	run->disturbed |= ending == ENDING_DISTURBED;
	run->failed |=
		row->claims_failed || ending == ENDING_UNEXPECTED || ending == ENDING_INVALID;
}

static void end_row(struct run *run, const struct plan_worker *worker, struct run_row *row,
		    const struct judgement *judgements, unsigned nr)
{
	const struct row_place place = { .cell = row->cell,
					 .repeat = row->repeat,
					 .attempt = row->attempt,
					 .worker = row->worker,
					 .workload = row->workload };

	for (unsigned i = 0; i < nr; i++) {
		results_truth(&run->results, &place, &judgements[i]);
		tally_verdict(run->summary, judgements[i].verdict);
	}
	row->claims = nr;
	row->claims_failed = count_failed(judgements, nr);
	note_ending(run, worker, row);
	results_run(&run->results, row);
	tally_outcome(run->summary, worker, row->outcome, run->in_null);
	note_row(run, worker);
	if (run->options->row)
		run->options->row(row, judgements, nr, run->options->arg);
}

/* The run's own swap device under a scope of its own, so that a claim can name it. */
static int add_own_swap(const struct run *run, struct record *record)
{
	char scope[300];
	int ret = 0;

	if (!run->swap.on)
		return 0;
	snprintf(scope, sizeof(scope), "swap:%s", run->swap.path);
	for (size_t i = 0, nr = record->nr; i < nr && !ret; i++) {
		const struct counter c = record->counter[i];
		const struct counter_id id = { "own_swap", c.source, c.counter };
		const struct counter_type type = { c.kind, c.unit };

		if (strcmp(c.scope, scope))
			continue;
		if (c.has_before)
			ret = record_put(record, false, id, type, c.before);
		if (c.has_after && !ret)
			ret = record_put(record, true, id, type, c.after);
	}
	record_sort(record);
	return ret;
}

/* The truth slots as counters of scope ledger: 0 at READY, the worker's count after. */
static int add_ledger(const struct trial_worker *worker, struct record *record)
{
	const struct workload *workload = worker->plan->workload;
	int ret = 0;

	for (int i = 0; i < SLOTS_MAX && workload->slots[i].name && !ret; i++) {
		const struct counter_id id = { "ledger", "ledger", workload->slots[i].name };
		const struct counter_type type = { KIND_GAUGE, workload->slots[i].unit };
		const struct number zero = { 0 };
		const struct number after = { .value = (int64_t)worker->last->slot[i] };

		ret = record_put(record, false, id, type, zero);
		if (!ret)
			ret = record_put(record, true, id, type, after);
	}
	record_sort(record);
	return ret;
}

/* The records of the null trial before this one; empty in the null trial itself. */
static struct span_records noise_floor(const struct run *run)
{
	const struct trial_worker *null = &run->null_trial->worker[0];

	if (run->in_null || !run->null_trial->nr_workers)
		return (struct span_records){ NULL, NULL };
	return (struct span_records){ &null->work, &null->residue };
}

static unsigned judge_worker(const struct run *run, const struct trial_worker *worker,
			     struct judgement *out)
{
	const struct plan_worker *plan = worker->plan;
	uint64_t slot[SLOTS_MAX];
	const struct judge_facts facts = { .seen = { &worker->work, &worker->residue },
					   .null = noise_floor(run),
					   .slots = plan->workload->slots,
					   .slot = slot,
					   .page_bytes = run->plan->host->page_bytes };

	for (int i = 0; i < SLOTS_MAX; i++)
		slot[i] = worker->last->slot[i];
	for (unsigned i = 0; i < plan->prediction.nr_claims; i++) {
		judge_claim(&plan->prediction.claim[i], &facts, &out[i]);
		if (worker->stopped)
			judge_stopped(&out[i]);
	}
	return plan->prediction.nr_claims;
}

/*
 * The claims of a worker that did not get to its end are not judged, nor those of one
 * whose target the profile expects to be missed.
 */
static bool claims_apply(const struct plan_worker *worker, enum outcome outcome)
{
	if (outcome == OUTCOME_TARGET_MISSED && worker->prediction.expected == outcome)
		return false;
	if (outcome == OUTCOME_EXPECTED_OOM && !worker->workload->expects_oom)
		return false; /* killed midway, as the profile expects */
	return outcome == OUTCOME_OK || outcome == OUTCOME_EXPECTED_OOM ||
	       outcome == OUTCOME_MISSING_OOM || outcome == OUTCOME_TARGET_MISSED ||
	       outcome == OUTCOME_UNEXPECTED_OOM;
}

/* The run's own swap device and the ledger become counters of the worker's records. */
static int add_own_counters(const struct run *run, struct trial_worker *worker, struct error *e)
{
	int ret = add_own_swap(run, &worker->work);

	if (!ret)
		ret = add_own_swap(run, &worker->residue);
	if (!ret)
		ret = add_ledger(worker, &worker->work);
	return ret ? error_set(e, -ret, "cannot record a worker's counters: %s", strerror(-ret))
		   : 0;
}

/* Each worker's record has the machine's and the run's counters: the first one's are written.
 */
static void write_counters(struct run *run, const struct trial *trial,
			   const struct trial_worker *worker)
{
	const struct row_place place = run_place(run, trial, worker);
	const struct row_place shared = { .cell = place.cell,
					  .repeat = place.repeat,
					  .attempt = place.attempt,
					  .worker = "" };

	results_counters(&run->results, &place, SPAN_WORK, &worker->work, true);
	results_counters(&run->results, &place, SPAN_RESIDUE, &worker->residue, true);
	if (worker != &trial->worker[0])
		return;
	results_counters(&run->results, &shared, SPAN_WORK, &worker->work, false);
	results_counters(&run->results, &shared, SPAN_RESIDUE, &worker->residue, false);
}

/* The lines that were not understood, in the same way. */
static void write_losses(struct run *run, const struct trial *trial,
			 const struct trial_worker *worker)
{
	const struct row_place place = run_place(run, trial, worker);
	const struct row_place shared = run_place(run, trial, NULL);
	const uint64_t t_ms = trial_ms(trial);

	results_losses(&run->results, &place, t_ms, &worker->work, NULL);
	results_losses(&run->results, &place, t_ms, &worker->residue, &worker->work);
	if (worker != &trial->worker[0])
		return;
	results_losses(&run->results, &shared, t_ms, &worker->work, NULL);
	results_losses(&run->results, &shared, t_ms, &worker->residue, &worker->work);
}

/* After its claims are judged: they say which faults are its own. */
static void gather_evidence(const struct run *run, const struct trial_worker *worker,
			    unsigned nr, struct evidence_facts *facts)
{
	const struct evidence_context context = { .own = run->own,
						  .page_bytes = run->plan->host->page_bytes,
						  .major_faults = evidence_major_faults(
							  run->judgement, nr) };

	facts->page_bytes = context.page_bytes;
	evidence_gather(&worker->work, &context, &facts->span[SPAN_WORK]);
	evidence_gather(&worker->residue, &context, &facts->span[SPAN_RESIDUE]);
}

static void mark_disturbed(struct judgement *judgements, unsigned nr)
{
	for (unsigned i = 0; i < nr; i++)
		if (judgements[i].verdict == VERDICT_FAIL)
			judgements[i].verdict = VERDICT_DISTURBED;
}

static unsigned judge_expectations(const struct run *run, const struct trial_worker *worker,
				   const struct run_row *row, struct judgement *out)
{
	return run->in_null ? 0
			    : expect_judge(run->plan, worker->plan, row, &worker->work, out);
}

/*
 * The claims of a worker whose trial went to its end, then the profile's expectations, which
 * may name how many claims failed. Only where all of both is explained are they disturbed.
 */
static unsigned judge_all(struct run *run, const struct trial_worker *worker,
			  struct evidence_facts *facts, struct run_row *row)
{
	struct judgement *out = run->judgement;
	struct evidence_use use = run->use;
	unsigned nr = 0, expected;
	bool explained;

	if (claims_apply(worker->plan, worker->outcome))
		nr = judge_worker(run, worker, out);
	gather_evidence(run, worker, nr, facts);
	explained = evidence_explains(out, nr, facts, &use);
	row->claims = nr;
	row->claims_failed = explained ? 0 : count_failed(out, nr);
	expected = judge_expectations(run, worker, row, out + nr);
	if (explained && evidence_explains(out, nr + expected, facts, &run->use)) {
		mark_disturbed(out, nr + expected);
	} else if (explained) {
		row->claims_failed = count_failed(out, nr);
		expected = judge_expectations(run, worker, row, out + nr);
	}
	return nr + expected;
}

/* What could have moved something, and what did: of a worker with a claim that was missed. */
static void write_evidence(struct run *run, const struct trial *trial,
			   const struct row_place *place, const struct evidence_facts *facts,
			   unsigned nr)
{
	const struct judgement *judgements = run->judgement;
	char detail[256];

	if (!count_failed(judgements, nr) && !count_verdict(judgements, nr, VERDICT_DISTURBED))
		return;
	for (unsigned k = 0; k < NR_EVIDENCE; k++) {
		const uint64_t work = facts->span[SPAN_WORK].amount[k];
		const uint64_t residue = facts->span[SPAN_RESIDUE].amount[k];

		if (!work && !residue)
			continue;
		evidence_describe((enum evidence_kind)k, work > residue ? work : residue,
				  detail, sizeof(detail));
		results_event(&run->results, place, trial_ms(trial), "evidence", detail);
	}
	for (unsigned i = 0; i < nr; i++) {
		if (judgements[i].verdict != VERDICT_DISTURBED)
			continue;
		evidence_describe_claim(&judgements[i], facts, detail, sizeof(detail));
		results_event(&run->results, place, trial_ms(trial), "disturbed", detail);
	}
}

/* It did what was expected of it, but for what others moved. */
static void put_disturbed(const struct plan_worker *worker, const struct judgement *judgements,
			  unsigned nr, struct run_row *row)
{
	const unsigned disturbed = count_verdict(judgements, nr, VERDICT_DISTURBED);

	if (!disturbed ||
	    outcome_ending(row->outcome, worker->prediction.expected) != ENDING_EXPECTED)
		return;
	row->outcome = OUTCOME_DISTURBED;
	snprintf(row->reason, sizeof(row->reason),
		 "other processes moved what %u of %u claims are about; see events.csv",
		 disturbed, nr);
}

static void put_end(const struct trial_worker *worker, struct run_row *row)
{
	row->outcome = worker->outcome;
	snprintf(row->reason, sizeof(row->reason), "%s", worker->reason);
	if (worker->exited && WIFSIGNALED(worker->wait_status))
		row->exit_signal = (uint64_t)WTERMSIG(worker->wait_status);
	else if (worker->exited)
		row->exit_status = (uint64_t)WEXITSTATUS(worker->wait_status);
}

static int write_worker(struct run *run, const struct trial *trial, struct trial_worker *worker,
			bool complete, struct error *e)
{
	const struct row_place place = run_place(run, trial, worker);
	struct evidence_facts facts;
	struct run_row row;
	unsigned nr = 0;
	int ret = 0;

	start_row(run, trial->cell, worker->plan, &row);
	put_end(worker, &row);
	row_from_ledger(&row, worker->last, worker->end_ns);
	results_latency(&run->results, &place, &worker->last->latency);
	if (complete) {
		row_from_record(&row, &worker->work, run->plan->host->page_bytes);
		row.oom_kills = worker->oom_kills;
		write_counters(run, trial, worker);
		write_losses(run, trial, worker);
		ret = results_sites(&run->results, &place, worker->last, e);
		if (ret)
			return ret;
		nr = judge_all(run, worker, &facts, &row);
		write_evidence(run, trial, &place, &facts, nr);
		put_disturbed(worker->plan, run->judgement, nr, &row);
	}
	end_row(run, worker->plan, &row, run->judgement, nr);
	return 0;
}

/* Of all workers before one is judged: one's writeback is no evidence for another. */
static int complete_records(struct run *run, struct trial *trial, struct error *e)
{
	int ret = 0;

	for (unsigned i = 0; i < trial->nr_workers && !ret; i++) {
		struct trial_worker *worker = &trial->worker[i];

		ret = add_own_counters(run, worker, e);
		run->own |= evidence_own(worker->plan->workload, worker->plan->request.params,
					 worker->plan->env, &worker->work);
	}
	return ret;
}

int run_write_trial(struct run *run, struct trial *trial, bool complete, struct error *e)
{
	int ret;

	run->own = 0;
	run->use = (struct evidence_use){ 0 };
	ret = complete ? complete_records(run, trial, e) : 0;

	for (unsigned i = 0; i < trial->nr_workers && !ret; i++)
		ret = write_worker(run, trial, &trial->worker[i], complete, e);
	return ret;
}

/* A row for a worker that was never started. */
static void write_unstarted(struct run *run, const struct plan_cell *cell,
			    const struct plan_worker *worker, enum outcome outcome,
			    const char *reason)
{
	const struct row_place place = { .cell = cell->index,
					 .repeat = run->repeat,
					 .attempt = run->attempt,
					 .worker = worker->name };
	struct run_row row;

	start_row(run, cell, worker, &row);
	row.outcome = outcome;
	snprintf(row.reason, sizeof(row.reason), "%s", reason);
	results_event(&run->results, &place, 0, outcome_name(outcome), reason);
	end_row(run, worker, &row, NULL, 0);
}

void run_write_skipped(struct run *run, const struct plan_cell *cell)
{
	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (cell->worker[i].skip[0])
			write_unstarted(run, cell, &cell->worker[i], OUTCOME_SKIPPED,
					cell->worker[i].skip);
}

void run_write_cell_skipped(struct run *run, const struct plan_cell *cell, const char *reason)
{
	for (unsigned i = 0; i < cell->nr_workers; i++)
		write_unstarted(run, cell, &cell->worker[i], OUTCOME_SKIPPED,
				cell->worker[i].skip[0] ? cell->worker[i].skip : reason);
}

void run_write_broken(struct run *run, const struct plan_cell *cell, const char *reason)
{
	for (unsigned i = 0; i < cell->nr_workers; i++)
		if (!(run->has_row & 1u << i))
			write_unstarted(run, cell, &cell->worker[i], OUTCOME_BROKEN, reason);
}

void run_write_interrupted(struct run *run, const struct trial *trial)
{
	for (unsigned i = 0; i < trial->nr_workers; i++)
		write_unstarted(run, trial->cell, trial->planned[i], OUTCOME_INTERRUPTED,
				"interrupted before it began");
}
