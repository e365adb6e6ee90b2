// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * null: does nothing, so that whatever moves is the harness's own.
 *
 * Exact: no fault, no page and no byte between READY and HELD.
 * Moves: nothing of the process or of its group.
 * Unchanged: minflt, majflt, Rss, the group's anon, file and pgfault.
 * Caveats: system-wide counters move with the rest of the machine. Those movements are
 *   the noise floor beside every other verdict.
 */
#include "workloads/api/promise.h"
#include "workloads/act/worker.h"

struct null_params {
	uint64_t sleep_ns;
};

static const struct workload_option options[] = {
	{ .name = "sleep",
	  .type = OPTION_SECONDS,
	  .fallback = "0s",
	  .max = "1h",
	  .help = "stay in run() this long",
	  .offset = offsetof(struct null_params, sleep_ns) },
	{ .name = NULL },
};

static uint64_t null_footprint(const void *params, const struct workload_env *env)
{
	(void)params; /* holds nothing */
	(void)env;
	return 0;
}

static double null_seconds(const void *params, const struct workload_env *env)
{
	(void)env; /* the same on every machine */
	return (double)((const struct null_params *)params)->sleep_ns / 1e9;
}

static void null_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const char *why = "the null workload touches nothing";
	/* clang-format off */
	const struct promise still[] = {
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt",
		  .why = why },
		{ .quantity = "major_faults", .scope = "process",
		  .source = "stat", .counter = "majflt",
		  .why = why },
		{ .quantity = "resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "anonymous_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "swap_bytes", .scope = "process",
		  .source = "status", .counter = "VmSwap", .unit = UNIT_BYTES,
		  .why = why },
		{ .quantity = "group_faults", .scope = "group",
		  .source = "memory.stat", .counter = "pgfault",
		  .why = why },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .why = "the null workload allocates nothing" },
	};
	/* clang-format on */

	(void)params; /* nothing moves, however long it sleeps */
	PROMISE_ROWS(out, SPAN_WORK, still);
	promise_no_files(out, env);
}

static int null_run(struct worker *w)
{
	const struct null_params *params = w->params;

	if (params->sleep_ns)
		worker_sleep_until(w, worker_now_ns() + params->sleep_ns);
	return 0;
}

const struct workload null_workload = {
	.name = "null",
	.summary = "does nothing: measures the harness and the noise floor",
	.truth = "No counter of the process or of its group moves between READY and HELD.",
	.options = options,
	.params_bytes = sizeof(struct null_params),
	.footprint = null_footprint,
	.seconds = null_seconds,
	.claims = null_claims,
	.run = null_run,
};
