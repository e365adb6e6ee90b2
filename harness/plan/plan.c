// SPDX-License-Identifier: GPL-2.0-or-later
/* From a profile and a host to all that a run will do, in order. Touches nothing. */
#include "harness/plan/plan.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plan/cell.h"
#include "harness/plan/expand.h"
#include "harness/plan/expectation.h"
#include "harness/plan/plan_worker.h"
#include "harness/base/size.h"
#include "harness/base/splitmix.h"
#include "harness/plan/sweep.h"
#include "workloads/api/arith.h"

#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_SEC  1000000000ull

#define REPEATS_MAX	  10000
#define RETRIES_MAX	  100
#define RETRIES_DEFAULT	  2
#define SEED_DEFAULT	  1
#define SAMPLE_DEFAULT_NS (100 * NSEC_PER_MSEC)
#define SAMPLE_MIN_NS	  NSEC_PER_MSEC
#define GRACE_DEFAULT_NS  (5 * NSEC_PER_SEC)

/* A run that takes this much longer than expected, and a minute, hangs: guests under
 * emulation are slower by no more than that. */
#define TIMEOUT_FACTOR	 10
#define TIMEOUT_EXTRA_NS (60 * NSEC_PER_SEC)

static const char *const risk_names[] = { "R0", "R1", "R2", "R3", NULL };

const char *risk_name(enum risk risk)
{
	return risk_names[risk];
}

void plan_release(struct plan *plan)
{
	for (unsigned i = 0; i < plan->nr_cells; i++)
		cell_release(&plan->cell[i]);
	free(plan->cell);
	free(plan->step);
	free(plan->profile_text);
	memset(plan, 0, sizeof(*plan));
}

/* ---- [profile] ---- */

static int bad_value(const struct profile_entry *entry, const char *reason, struct error *e)
{
	return profile_error(entry, e, EINVAL, "%s: '%s' %s", entry->key, entry->value, reason);
}

/* A key of [profile] with the bounds of its value. */
struct count_key {
	const char *name;
	uint64_t least, most;
};

struct duration_key {
	const char *name;
	uint64_t least_ns;
	bool zero; /* 0 is allowed as well: off */
};

static const struct count_key count_repeats = { "repeats", 1, REPEATS_MAX };
static const struct count_key count_retries = { "retries", 0, RETRIES_MAX };
static const struct count_key count_warmup = { "warmup", 0, REPEATS_MAX };
static const struct count_key count_seed = { "seed", 0, INT64_MAX };
static const struct duration_key duration_sample = { "sample", SAMPLE_MIN_NS, true };
static const struct duration_key duration_timeout = { "timeout", NSEC_PER_SEC, false };
static const struct duration_key duration_grace = { "grace", NSEC_PER_MSEC, false };

static int take_count(const struct profile *profile, const struct count_key *key,
		      uint64_t *value, struct error *e)
{
	const struct profile_entry *entry = profile_get(profile, "profile", key->name);
	char reason[128];

	if (!entry)
		return 0;
	if (count_parse(entry->value, value, reason, sizeof(reason)))
		return bad_value(entry, reason, e);
	if (*value >= key->least && *value <= key->most)
		return 0;
	snprintf(reason, sizeof(reason), "is not between %" PRIu64 " and %" PRIu64, key->least,
		 key->most);
	return bad_value(entry, reason, e);
}

static int take_duration(const struct profile *profile, const struct duration_key *key,
			 uint64_t *ns, struct error *e)
{
	const struct profile_entry *entry = profile_get(profile, "profile", key->name);
	char reason[128], least[32];

	if (!entry)
		return 0;
	if (duration_parse(entry->value, ns, reason, sizeof(reason)))
		return bad_value(entry, reason, e);
	if (*ns > DURATION_MOST_NS)
		return bad_value(entry, "exceeds the maximum, 366d", e);
	if (*ns >= key->least_ns || (key->zero && !*ns))
		return 0;
	duration_format(key->least_ns, least, sizeof(least));
	snprintf(reason, sizeof(reason), "is less than %s%s", least,
		 key->zero ? "; 0 switches it off" : "");
	return bad_value(entry, reason, e);
}

static int take_bool(const struct profile *profile, const char *key, bool *value,
		     struct error *e)
{
	const struct profile_entry *entry = profile_get(profile, "profile", key);
	char reason[128];

	if (entry && bool_parse(entry->value, value, reason, sizeof(reason)))
		return bad_value(entry, reason, e);
	return 0;
}

static int take_reset(const struct profile *profile, unsigned *reset, struct error *e)
{
	static const struct {
		const char *name;
		enum reset bit;
	} words[] = {
		{ "none", RESET_NONE },
		{ "drop_caches", RESET_DROP_CACHES },
		{ "compact", RESET_COMPACT },
		{ "swap", RESET_SWAP },
	};
	const struct profile_entry *entry = profile_get(profile, "profile", "reset");
	char copy[128], *save = NULL;

	if (!entry)
		return 0;
	snprintf(copy, sizeof(copy), "%s", entry->value);
	for (char *word = strtok_r(copy, ", ", &save); word;
	     word = strtok_r(NULL, ", ", &save)) {
		size_t i = 0;

		while (i < ARRAY_SIZE(words) && strcmp(words[i].name, word))
			i++;
		if (i == ARRAY_SIZE(words))
			return bad_value(entry, "is not made of drop_caches, compact and swap",
					 e);
		*reset |= words[i].bit;
	}
	return 0;
}

static int take_risk(const struct profile *profile, enum risk *risk, struct error *e)
{
	const struct profile_entry *entry = profile_get(profile, "profile", "risk");

	for (int i = 0; entry && risk_names[i]; i++) {
		if (strcmp(entry->value, risk_names[i]))
			continue;
		*risk = (enum risk)i;
		return 0;
	}
	return entry ? bad_value(entry, "is not one of R0, R1, R2, R3", e) : 0;
}

static int take_name(struct plan *plan, const struct profile *profile, struct error *e)
{
	const struct profile_entry *entry = profile_get(profile, "profile", "name");
	const struct profile_entry *why = profile_get(profile, "profile", "why");
	const char *name = entry ? entry->value : profile->name;

	if (why)
		snprintf(plan->why, sizeof(plan->why), "%s", why->value);
	if (why && strlen(why->value) >= sizeof(plan->why))
		return profile_error(why, e, EINVAL, "why: more than %zu bytes",
				     sizeof(plan->why) - 1);
	/* It becomes part of a directory's name and a cell of each CSV. */
	for (const char *c = name; entry && *c; c++) {
		if ((!isalnum((unsigned char)*c) && !strchr("_-.", *c)) || *name == '.')
			return bad_value(entry,
					 "is not made of letters, digits, _, - and points", e);
	}
	if (entry && strlen(name) >= sizeof(plan->name))
		return bad_value(entry, "is too long", e);
	snprintf(plan->name, sizeof(plan->name), "%s", name);
	for (char *c = plan->name; *c; c++)
		*c = isalnum((unsigned char)*c) || strchr("_-.", *c) ? *c : '_';
	return 0;
}

static int take_header(struct plan *plan, const struct profile *profile, struct error *e)
{
	uint64_t repeats = 1, warmup = 0, retries = RETRIES_DEFAULT;

	plan->seed = SEED_DEFAULT;
	plan->sample_ns = SAMPLE_DEFAULT_NS;
	plan->grace_ns = GRACE_DEFAULT_NS;
	plan->noise = true;
	if (take_name(plan, profile, e) || take_count(profile, &count_repeats, &repeats, e) ||
	    take_count(profile, &count_warmup, &warmup, e) ||
	    take_count(profile, &count_retries, &retries, e) ||
	    take_count(profile, &count_seed, &plan->seed, e) ||
	    take_duration(profile, &duration_sample, &plan->sample_ns, e) ||
	    take_duration(profile, &duration_timeout, &plan->timeout_ns, e) ||
	    take_duration(profile, &duration_grace, &plan->grace_ns, e) ||
	    take_bool(profile, "keep_raw", &plan->keep_raw, e) ||
	    take_bool(profile, "noise", &plan->noise, e) ||
	    primary_parse(&plan->primary, profile, e) || take_reset(profile, &plan->reset, e) ||
	    take_risk(profile, &plan->risk, e))
		return -EINVAL;
	plan->repeats = (unsigned)repeats;
	plan->warmup = (unsigned)warmup;
	plan->retries = (unsigned)retries;
	return 0;
}

static int take_expectations(struct plan *plan, const struct profile *profile, struct error *e)
{
	for (size_t i = 0; i < profile->nr; i++) {
		const struct profile_entry *entry = &profile->entry[i];

		if (strcmp(entry->section, "expect"))
			continue;
		if (expectation_add(plan, entry, profile, e))
			return -EINVAL;
	}
	return 0;
}

/* ---- cells ---- */

static int profile_with(struct profile *out, const struct profile *in,
			const struct sweep *sweep, unsigned cell)
{
	int ret = 0;

	profile_init(out);
	memcpy(out->name, in->name, sizeof(out->name));
	memcpy(out->path, in->path, sizeof(out->path));
	for (size_t i = 0; i < in->nr && !ret; i++) {
		const struct profile_entry *entry = &in->entry[i];

		ret = profile_set(out, entry->section, entry->key, entry->value, entry);
	}
	for (unsigned k = 0; k < sweep->nr_keys && !ret; k++) {
		const struct sweep_key *key = &sweep->key[k];

		ret = profile_set(out, key->section, key->key, sweep_value(sweep, cell, k),
				  key->entry);
	}
	return ret;
}

/* Cut, the labels of two cells could be the same. */
static int label_cell(struct plan_cell *cell, const struct sweep *sweep, struct error *e)
{
	size_t length = 0;

	cell->label[0] = '\0';
	for (unsigned k = 0; k < sweep->nr_keys && length < sizeof(cell->label); k++)
		length += (size_t)snprintf(cell->label + length, sizeof(cell->label) - length,
					   "%s%s=%s", k ? ";" : "", sweep->key[k].entry->key,
					   sweep_value(sweep, cell->index, k));
	if (length < sizeof(cell->label))
		return 0;
	return error_set(
		e, EINVAL,
		"[sweep]: the settings and values of cell %u exceed %zu bytes: sweep fewer settings, or shorter values",
		cell->index, sizeof(cell->label) - 1);
}

static int take_cells(struct plan *plan, const struct profile *profile,
		      const struct sweep *sweep, struct error *e)
{
	int ret = 0;

	plan->cell = calloc(sweep->nr_cells, sizeof(*plan->cell));
	if (!plan->cell)
		return error_set(e, ENOMEM, "no memory for the plan");
	for (unsigned i = 0; i < sweep->nr_cells && !ret; i++) {
		struct profile with;

		ret = profile_with(&with, profile, sweep, i);
		plan->cell[i].index = i;
		if (ret)
			error_set(e, ENOMEM, "no memory for the plan");
		else
			ret = label_cell(&plan->cell[i], sweep, e);
		if (!ret)
			ret = cell_make(&plan->cell[i], plan, &with, e);
		profile_release(&with);
		plan->nr_cells += !ret;
	}
	return ret ? ret : expectation_check_cells(plan, e);
}

/* ---- what the cells add up to ---- */

static void take_timeout(struct plan *plan)
{
	uint64_t longest_ns = 0, timeout_ns;

	for (unsigned i = 0; i < plan->nr_cells; i++) {
		for (unsigned j = 0; j < plan->cell[i].nr_workers; j++)
			longest_ns = max(longest_ns,
					 plan_worker_expected_ns(&plan->cell[i].worker[j]));
	}
	timeout_ns = TIMEOUT_EXTRA_NS + TIMEOUT_FACTOR * longest_ns;
	timeout_ns = (timeout_ns + NSEC_PER_SEC - 1) / NSEC_PER_SEC * NSEC_PER_SEC;
	if (!plan->timeout_ns)
		plan->timeout_ns = timeout_ns;
	for (unsigned i = 0; i < plan->nr_cells; i++) {
		struct plan_cell *cell = &plan->cell[i];

		for (unsigned j = 0; j < cell->nr_workers; j++) {
			if (!cell->worker[j].request.timeout_ns)
				cell->worker[j].request.timeout_ns = plan->timeout_ns;
		}
		if (cell->null_worker)
			cell->null_worker->request.timeout_ns = plan->timeout_ns;
	}
}

static void take_sums(struct plan *plan)
{
	enum risk declared = plan->risk;
	unsigned runs = plan->warmup + plan->repeats;

	snprintf(plan->risk_why, sizeof(plan->risk_why), "the profile says so");
	plan->risk = RISK_R0;
	for (unsigned i = 0; i < plan->nr_cells; i++) {
		char why[256];
		enum risk risk = cell_risk(&plan->cell[i], plan->host, why, sizeof(why));

		if (!i || risk > plan->risk) {
			plan->risk = risk;
			snprintf(plan->risk_why, sizeof(plan->risk_why), "%s", why);
		}
		plan->peak_bytes = max(plan->peak_bytes,
				       cell_peak_bytes(&plan->cell[i]) +
					       cell_pool_bytes(&plan->cell[i], plan->host));
		plan->seconds += cell_seconds(&plan->cell[i]) * runs;
	}
	if (plan->risk < RISK_R1 && plan->reset & ~(unsigned)RESET_SWAP) {
		plan->risk = RISK_R1;
		snprintf(plan->risk_why, sizeof(plan->risk_why),
			 "drops the machine's page cache or compacts its memory between runs");
	}
	if (declared > plan->risk) {
		plan->risk = declared;
		snprintf(plan->risk_why, sizeof(plan->risk_why), "the profile says so");
	}
}

/* From R2 on the machine is meant to be short of memory. */
static int machine_check(const struct plan *plan, const struct profile *profile,
			 struct error *e)
{
	const struct host *host = plan->host;
	uint64_t reserve = cell_reserve_bytes(host);
	char need[32], have[32], kept[32];

	if (plan->risk >= RISK_R2 || plan->peak_bytes + reserve <= host->available_bytes)
		return 0;
	size_human(plan->peak_bytes, need, sizeof(need));
	size_human(host->available_bytes, have, sizeof(have));
	size_human(reserve, kept, sizeof(kept));
	return error_set(
		e, ENOMEM,
		"%s: error: it needs %s at its peak; %s are available here and %s of them stay untouched",
		profile->path[0] ? profile->path : profile_command_line, need, have, kept);
}

/* ---- order ---- */

/* Evenly below n: what would make some numbers likelier is drawn again. */
static uint64_t random_below(uint64_t *state, uint64_t n)
{
	uint64_t x, unfair = -n % n;

	do
		x = splitmix_next(state);
	while (x < unfair);
	return x % n;
}

/* Fisher and Yates. */
static void shuffle(struct plan_step *step, unsigned nr, uint64_t *state)
{
	for (unsigned i = nr; i > 1; i--) {
		unsigned j = (unsigned)random_below(state, i);
		struct plan_step swap = step[i - 1];

		step[i - 1] = step[j];
		step[j] = swap;
	}
}

/* Warm-ups first, numbered up to 0; then a block of all cells for each repeat. */
static int take_steps(struct plan *plan, struct error *e)
{
	size_t blocks = (size_t)plan->warmup + plan->repeats;
	uint64_t state = plan->seed;

	plan->nr_steps = blocks * plan->nr_cells;
	plan->step = calloc(plan->nr_steps, sizeof(*plan->step));
	if (!plan->step)
		return error_set(e, ENOMEM, "no memory for the plan");
	for (size_t block = 0; block < blocks; block++) {
		struct plan_step *step = &plan->step[block * plan->nr_cells];

		for (unsigned i = 0; i < plan->nr_cells; i++) {
			step[i].cell = i;
			step[i].repeat = (int)block - (int)plan->warmup + 1;
		}
		shuffle(step, plan->nr_cells, &state);
	}
	return 0;
}

int plan_make(struct plan *out, const struct profile *profile, const struct host *host,
	      struct error *e)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct sweep sweep = { .nr_cells = 0 };
	int ret;

	if (!plan)
		return error_set(e, ENOMEM, "no memory for the plan");
	plan->host = host;
	ret = take_header(plan, profile, e);
	if (!ret)
		ret = take_expectations(plan, profile, e);
	if (!ret)
		ret = sweep_make(&sweep, profile, host->available_bytes, e);
	if (!ret)
		ret = take_cells(plan, profile, &sweep, e);
	if (ret)
		goto out;
	plan->zip = sweep.zip;
	take_timeout(plan);
	take_sums(plan);
	ret = machine_check(plan, profile, e);
	if (!ret)
		ret = take_steps(plan, e);
	if (!ret)
		ret = expand_profile(plan, profile, &sweep, &plan->profile_text, e);
	if (!ret) {
		*out = *plan;
		memset(plan, 0, sizeof(*plan));
	}
out:
	sweep_release(&sweep);
	plan_release(plan);
	free(plan);
	return ret;
}
