// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan as JSON. Decides nothing: the plan has. */
#include "harness/cli/cmd_plan_json.h"

#include <stdio.h>

#include "harness/cli/cmd_plan_power.h"
#include "harness/plan/option.h"
#include "harness/record/counters.h"
#include "harness/record/judge.h"

#define PLAN_JSON_VERSION 1

static json_t *seconds_json(uint64_t ns)
{
	return json_real((double)ns / 1e9);
}

static json_t *bytes_json(uint64_t bytes)
{
	return bytes > INT64_MAX ? json_null() : json_integer((json_int_t)bytes);
}

static json_t *coarse_json(const struct claim *c)
{
	char reason[96];

	judge_coarse_reason(c, reason, sizeof(reason));
	return json_string(reason);
}

static json_t *claim_json(const struct claim *c)
{
	json_t *claim = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "quantity",
		c->quantity, "span", span_name(c->span), "scope", c->scope, "source", c->source,
		"counter", c->counter, "unit", unit_name(c->unit), "relation",
		relation_name(c->relation), "basis", basis_name(c->basis), "expected",
		(json_int_t)c->expected, "tolerance", (json_int_t)c->tolerance, "why", c->why);

	if (c->slot)
		json_object_set_new(claim, "plus_slot", json_string(c->slot));
	else if (judge_too_coarse(c))
		json_object_set_new(claim, "absent", coarse_json(c));
	return claim;
}

static json_t *limits_json(const struct limits *limits)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < limits->nr; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:b}", "name",
						     limits->limit[i].name, "value",
						     limits->limit[i].value, "derived",
						     limits->limit[i].derived));
	return all;
}

static json_t *params_json(const struct plan_worker *w)
{
	json_t *params = json_object();

	for (const struct workload_option *o = w->workload->options; o->name; o++) {
		char value[512];

		option_format(o, w->request.params, value, sizeof(value));
		json_object_set_new(params, o->name, json_string(value));
	}
	return params;
}

static const char *expected_outcome(const struct plan_worker *w)
{
	return outcome_name(w->skip[0] ? OUTCOME_SKIPPED : w->prediction.expected);
}

static json_t *worker_json(const struct plan_worker *w)
{
	json_t *claims = json_array(), *worker;

	for (unsigned i = 0; i < w->prediction.nr_claims; i++)
		json_array_append_new(claims, claim_json(&w->prediction.claim[i]));
	worker = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "name",
		w->name, "workload", w->workload->name, "params", params_json(w), "limits",
		limits_json(&w->request.limits), "footprint_bytes",
		bytes_json(w->prediction.footprint_bytes), "target_bytes",
		bytes_json(w->prediction.target_bytes), "limit_bytes",
		w->env->limit_bytes ? bytes_json(w->env->limit_bytes) : json_null(),
		"swap_max_bytes", bytes_json(w->env->swap_max_bytes), "expected_outcome",
		expected_outcome(w), "delay_seconds", seconds_json(w->request.delay_ns),
		"hold_seconds", seconds_json(w->request.hold_ns), "timeout_seconds",
		seconds_json(w->request.timeout_ns), "claims", claims);
	if (!worker)
		return NULL;
	json_object_set_new(worker, "background", json_boolean(w->request.background));
	json_object_set_new(worker, "prewarm_bytes", bytes_json(w->request.prewarm_bytes));
	json_object_set_new(worker, "cpus", json_string(w->request.cpus));
	if (w->request.oom_score_adj_set)
		json_object_set_new(worker, "oom_score_adj",
				    json_integer(w->request.oom_score_adj));
	if (w->request.shortfall_pages) {
		json_object_set_new(worker, "inject_shortfall_pages",
				    bytes_json(w->request.shortfall_pages));
		/* its name before, for one version more */
		json_object_set_new(worker, "sabotage_pages",
				    bytes_json(w->request.shortfall_pages));
	}
	if (w->skip[0])
		json_object_set_new(worker, "skip", json_string(w->skip));
	return worker;
}

static json_t *swap_json(const struct plan_swap *swap)
{
	static const char *const kinds[] = {
		[SWAP_NONE] = "none",
		[SWAP_FILE] = "file",
		[SWAP_ZRAM] = "zram",
	};

	return json_pack("{s:s, s:o, s:i, s:s, s:s}", "type", kinds[swap->kind], "size_bytes",
			 bytes_json(swap->size_bytes), "priority", swap->priority, "path",
			 swap->path, "algorithm", swap->algorithm);
}

static json_t *cell_json(const struct plan_cell *cell)
{
	json_t *settings = json_object(), *workers = json_array(), *out;

	for (unsigned i = 0; i < cell->nr_settings; i++)
		json_object_set_new(settings, cell->setting[i].name,
				    json_string(cell->setting[i].value));
	for (unsigned i = 0; i < cell->nr_workers; i++)
		json_array_append_new(workers, worker_json(&cell->worker[i]));
	out = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o}", "cell", (int)cell->index, "label",
			cell->label, "settings", settings, "swap", swap_json(&cell->swap),
			"limits", limits_json(&cell->limits), "workers", workers);
	if (out && cell->null_worker)
		json_object_set_new(out, "null_seconds",
				    seconds_json(cell->null_worker->request.hold_ns));
	return out;
}

static json_t *expectation_json(const struct expectation *x)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:i}", "worker", x->worker, "key",
				 x->key, "relation", relation_name(x->relation), "text",
				 x->text, "line", (int)x->line);

	if (json && x->cell[0])
		json_object_set_new(json, "cells", json_string(x->cell));
	return json;
}

static json_t *reset_json(unsigned reset)
{
	json_t *words = json_array();

	if (reset & RESET_DROP_CACHES)
		json_array_append_new(words, json_string("drop_caches"));
	if (reset & RESET_COMPACT)
		json_array_append_new(words, json_string("compact"));
	if (reset & RESET_SWAP)
		json_array_append_new(words, json_string("swap"));
	return words;
}

static void above_add(json_t *list, const char *name, const struct host_limit *limit)
{
	if (limit->set)
		json_array_append_new(list, json_pack("{s:s, s:o, s:s}", "name", name, "bytes",
						      bytes_json(limit->bytes), "group",
						      limit->group));
}

/* Limits of the groups that the run's are made below; group "": one that is not visible. */
static json_t *above_json(const struct host_around *around)
{
	json_t *list = json_array();

	above_add(list, "memory.max", &around->max);
	above_add(list, "memory.high", &around->high);
	above_add(list, "memory.swap.max", &around->swap);
	above_add(list, "memory and swap together", &around->total);
	return list;
}

json_t *plan_json(const struct plan *plan)
{
	json_t *cells = json_array(), *order = json_array(), *expect = json_array(), *out;

	for (unsigned i = 0; i < plan->nr_cells; i++)
		json_array_append_new(cells, cell_json(&plan->cell[i]));
	for (size_t i = 0; i < plan->nr_steps; i++)
		json_array_append_new(order,
				      json_pack("{s:i, s:i}", "cell", (int)plan->step[i].cell,
						"repeat", plan->step[i].repeat));
	for (unsigned i = 0; i < plan->nr_expectations; i++)
		json_array_append_new(expect, expectation_json(&plan->expectation[i]));
	out = json_pack("{s:i, s:s, s:s, s:s, s:s, s:f, s:o, s:o, s:i, s:i, s:o, s:o, s:o}",
			"version", PLAN_JSON_VERSION, "name", plan->name, "why", plan->why,
			"risk", risk_name(plan->risk), "risk_why", plan->risk_why, "seconds",
			plan->seconds, "peak_bytes", bytes_json(plan->peak_bytes),
			"available_bytes", bytes_json(plan->host->available_bytes), "repeats",
			(int)plan->repeats, "warmup", (int)plan->warmup, "seed",
			/* more than JSON's signed 64 bits: as text */
			plan->seed > INT64_MAX ? json_sprintf("%ju", (uintmax_t)plan->seed)
					       : bytes_json(plan->seed),
			"sample_seconds", seconds_json(plan->sample_ns), "timeout_seconds",
			seconds_json(plan->timeout_ns));
	if (!out)
		return NULL;
	json_object_set_new(out, "grace_seconds", seconds_json(plan->grace_ns));
	json_object_set_new(out, "retries", json_integer((json_int_t)plan->retries));
	json_object_set_new(out, "reset", reset_json(plan->reset));
	json_object_set_new(out, "keep_raw", json_boolean(plan->keep_raw));
	json_object_set_new(out, "noise", json_boolean(plan->noise));
	json_object_set_new(out, "mode", json_string(plan->zip ? "zip" : "cartesian"));
	json_object_set_new(out, "above", above_json(&plan->host->around));
	cmd_plan_power_json(plan, out);
	json_object_set_new(out, "cells", cells);
	json_object_set_new(out, "order", order);
	json_object_set_new(out, "expect", expect);
	return out;
}
