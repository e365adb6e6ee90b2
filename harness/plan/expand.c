// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes the profile out with every default, for profile.ini. Changes no value. */
#include "harness/plan/expand.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/plan/limits.h"
#include "harness/plan/option.h"
#include "harness/base/size.h"

struct expander {
	const struct plan *plan;
	const struct profile *in;
	const struct sweep *sweep;
	struct profile out;
	int ret; /* of the first failure; later calls do nothing */
};

static void put(struct expander *x, const char *section, const char *key, const char *value)
{
	static const struct profile_entry at = {
		.file = ""
	}; /* it goes to a file of its own */

	if (!x->ret && *value)
		x->ret = profile_set(&x->out, section, key, value, &at);
}

static void put_uint(struct expander *x, const char *section, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put(x, section, key, text);
}

static void put_duration(struct expander *x, const char *section, const char *key, uint64_t ns)
{
	char text[32];

	duration_format(ns, text, sizeof(text));
	put(x, section, key, text);
}

static bool is_swept(const struct expander *x, const char *section, const char *key)
{
	for (unsigned k = 0; k < x->sweep->nr_keys; k++) {
		if (!strcmp(x->sweep->key[k].section, section) &&
		    !strcmp(x->sweep->key[k].key, key))
			return true;
	}
	return false;
}

/* "60%available" in bytes; anything else as it is. */
static const char *settle(const struct expander *x, const char *text, char *out,
			  size_t out_bytes)
{
	struct size_base base = { .available_bytes = x->plan->host->available_bytes };
	char unused[128];
	uint64_t bytes;

	if (!strstr(text, "%available") ||
	    size_parse(text, &base, &bytes, unused, sizeof(unused)))
		return text;
	size_format(bytes, out, out_bytes);
	return out;
}

static void copy_section(struct expander *x, const char *section)
{
	char text[64];

	for (size_t i = 0; i < x->in->nr; i++) {
		const struct profile_entry *entry = &x->in->entry[i];

		if (!strcmp(entry->section, section))
			put(x, section, entry->key,
			    settle(x, entry->value, text, sizeof(text)));
	}
}

static void put_primary(struct expander *x)
{
	const struct profile_entry *entry = profile_get(x->in, "profile", "primary");

	if (entry)
		put(x, "profile", "primary", entry->value);
}

static void put_profile(struct expander *x)
{
	const struct plan *plan = x->plan;
	char reset[64] = "";

	if (plan->reset & RESET_DROP_CACHES)
		strcat(reset, " drop_caches");
	if (plan->reset & RESET_COMPACT)
		strcat(reset, " compact");
	if (plan->reset & RESET_SWAP)
		strcat(reset, " swap");
	put(x, "profile", "name", plan->name);
	put(x, "profile", "why", plan->why);
	put_primary(x);
	put_uint(x, "profile", "repeats", plan->repeats);
	put_uint(x, "profile", "warmup", plan->warmup);
	put_uint(x, "profile", "retries", plan->retries);
	put_uint(x, "profile", "seed", plan->seed);
	put_duration(x, "profile", "sample", plan->sample_ns);
	put_duration(x, "profile", "timeout", plan->timeout_ns);
	put_duration(x, "profile", "grace", plan->grace_ns);
	put(x, "profile", "reset", reset[0] ? reset + 1 : "none");
	put(x, "profile", "keep_raw", plan->keep_raw ? "yes" : "no");
	put(x, "profile", "noise", plan->noise ? "yes" : "no");
	put(x, "profile", "risk", risk_name(plan->risk));
}

static void put_swap(struct expander *x)
{
	const struct plan_swap *swap = &x->plan->cell[0].swap;
	bool swept = false;

	copy_section(x, "swap");
	for (unsigned k = 0; k < x->sweep->nr_keys; k++)
		swept |= !strcmp(x->sweep->key[k].section, "swap");
	if (!profile_get(x->in, "swap", "type") && !swept)
		put(x, "swap", "type", "none");
	if (swap->kind == SWAP_NONE || is_swept(x, "swap", "priority") ||
	    profile_get(x->in, "swap", "priority"))
		return;
	put(x, "swap", "priority", "-1");
}

/* As it was written, for a long range would not fit a line; shares of what is here settled. */
static void put_values(struct expander *x, const struct sweep_key *key)
{
	char *list = NULL;
	size_t bytes;
	FILE *out;

	if (!strstr(key->entry->value, "%available")) {
		put(x, "sweep", key->entry->key, key->entry->value);
		return;
	}
	out = open_memstream(&list, &bytes);
	for (unsigned i = 0; i < key->nr && out; i++)
		fprintf(out, "%s%s", i ? ", " : "", key->value[i]);
	if (!out || fclose(out))
		x->ret = -ENOMEM;
	else
		put(x, "sweep", key->entry->key, list);
	free(list);
}

static void put_sweep(struct expander *x)
{
	for (unsigned k = 0; k < x->sweep->nr_keys; k++)
		put_values(x, &x->sweep->key[k]);
	if (x->sweep->nr_keys)
		put(x, "sweep", "mode", x->sweep->zip ? "zip" : "cartesian");
}

static void put_options(struct expander *x, const struct plan_worker *w)
{
	for (const struct workload_option *o = w->workload->options; o->name; o++) {
		const struct profile_entry *entry = profile_get(x->in, w->name, o->name);
		const char *given = entry ? entry->value : o->fallback;
		char value[512];

		if (is_swept(x, w->name, o->name))
			continue;
		if (strstr(given, "%limit")) {
			put(x, w->name, o->name, given);
			continue;
		}
		option_format(o, w->request.params, value, sizeof(value));
		put(x, w->name, o->name, value);
	}
}

static void put_common(struct expander *x, const struct plan_worker *w)
{
	const struct limit *swap_max = limits_find(&w->request.limits, "memory.swap.max");
	struct profile *out = &x->out;

	if (!is_swept(x, w->name, "delay"))
		put_duration(x, w->name, "delay", w->request.delay_ns);
	if (!is_swept(x, w->name, "hold"))
		put_duration(x, w->name, "hold", w->request.hold_ns);
	if (!is_swept(x, w->name, "timeout"))
		put_duration(x, w->name, "timeout", w->request.timeout_ns);
	if (!is_swept(x, w->name, "background"))
		put(x, w->name, "background", w->request.background ? "yes" : "no");
	if (!is_swept(x, w->name, "inject_shortfall"))
		put_uint(x, w->name, "inject_shortfall", w->request.shortfall_pages);
	if (!is_swept(x, w->name, "prewarm") && !profile_get(out, w->name, "prewarm"))
		put(x, w->name, "prewarm", w->workload->rate_metric ? "yes" : "no");
	/* The default, where it does not follow from a value that is swept. */
	if (!x->sweep->nr_keys && swap_max && !profile_get(x->in, "cgroup", "memory.swap.max"))
		put(x, w->name, "memory.swap.max", swap_max->value);
}

static void put_workers(struct expander *x)
{
	const struct plan_cell *cell = &x->plan->cell[0];

	for (unsigned i = 0; i < cell->nr_workers; i++) {
		const struct plan_worker *w = &cell->worker[i];

		copy_section(x, w->name);
		put_options(x, w);
		put_common(x, w);
	}
}

int expand_profile(const struct plan *plan, const struct profile *profile,
		   const struct sweep *sweep, char **text, struct error *e)
{
	struct expander x = { .plan = plan, .in = profile, .sweep = sweep };

	profile_init(&x.out);
	put_profile(&x);
	copy_section(&x, "cgroup");
	copy_section(&x, "sysctl");
	copy_section(&x, "setting");
	put_swap(&x);
	put_workers(&x);
	put_sweep(&x);
	copy_section(&x, "expect");
	if (!x.ret)
		x.ret = profile_format(&x.out, text);
	profile_release(&x.out);
	return x.ret ? error_set(e, -x.ret, "no memory for the expanded profile") : 0;
}
