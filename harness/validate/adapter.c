// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads and checks adapters. Runs none of their commands. */
#include "harness/validate/adapter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/base/suggest.h"
#include "harness/base/trust.h"
#include "harness/validate/command.h"
#include "harness/validate/evidence.h"
#include "harness/validate/score.h"
#include "workloads/api/arith.h"

#define SETTLE_S  0.5
#define TIMEOUT_S 60

static const char *const sections[] = { "tool", NULL };
static const char *const named[] = { "load", "quantity", NULL };

static const char *const tool_keys[] = {
	"attach", "command", "end",	"fails",   "needs", "package", "program", "repeats",
	"report", "settle",  "summary", "timeout", "user",  "version", "when",	  NULL,
};

static const char *const load_keys[] = {
	"attach", "command", "end",    "fails",	  "needs", "repeats",
	"report", "run",     "settle", "timeout", "when",  NULL,
};

static const char *const quantity_keys[] = {
	"bias",	    "bias_to", "bias_why", "column",	 "difference",
	"evidence", "frame",   "header",   "load",	 "others",
	"pattern",  "pick",    "record",   "resolution", "resolution_why",
	"row",	    "scope",   "shift",	   "sites",	 "times",
	"truth",    "unit",    "why",	   "zero",	 NULL,
};

static const char *const visits[] = { "held", "gone", "during", "wrap", NULL };
static const char *const attaches[] = { "time", "tracer", "output", NULL };
static const char *const site_scores[] = { "none", "precision", "recall", "bytes", NULL };
static const char *const scopes[] = { "worker", "machine", NULL };
static const char *const ends[] = { "interrupt", "itself", NULL };
static const char *const answers[] = { "no", "yes", NULL };

static const char *const *keys_of(const char *section)
{
	if (!strcmp(section, "tool"))
		return tool_keys;
	return strncmp(section, "load ", 5) ? quantity_keys : load_keys;
}

static int key_check(const char *section, const char *key, struct error *e)
{
	const char *const *keys = keys_of(section);
	const char *near;

	if (words_have(keys, key))
		return 0;
	near = suggest(key, keys, words_count(keys));
	return error_set(e, EINVAL, "%s: unknown key of [%s]%s%s%s", key, section,
			 near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static const struct profile_dialect dialect = { sections, named, key_check };

void adapter_init(struct adapter *a)
{
	memset(a, 0, sizeof(*a));
	profile_init(&a->text);
}

void adapter_release(struct adapter *a)
{
	for (unsigned i = 0; i < a->nr_quantities; i++) {
		reading_release(&a->quantity[i].reading);
		reading_sites_release(&a->quantity[i].record);
	}
	profile_release(&a->text);
	adapter_init(a);
}

static const struct profile_entry *entry_of(const struct adapter *a, const char *section,
					    const char *key)
{
	return profile_get(&a->text, section, key);
}

static const char *text_of(const struct adapter *a, const char *section, const char *key)
{
	const struct profile_entry *entry = entry_of(a, section, key);

	return entry ? entry->value : NULL;
}

/* A load's key, or [tool]'s, which holds for all loads. */
static const struct profile_entry *load_entry(const struct adapter *a, const char *section,
					      const char *key)
{
	const struct profile_entry *entry = entry_of(a, section, key);

	return entry ? entry : entry_of(a, "tool", key);
}

static int choose(const struct profile_entry *entry, const char *const *words, int *out,
		  struct error *e)
{
	const char *near;

	if (!entry)
		return 0;
	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], entry->value)) {
			*out = i;
			return 0;
		}
	}
	near = suggest(entry->value, words, words_count(words));
	return profile_error(entry, e, EINVAL, "%s: '%s' is not one of its words%s%s%s",
			     entry->key, entry->value, near ? "; did you mean " : "",
			     near ? near : "", near ? "?" : "");
}

static int seconds_of(const struct profile_entry *entry, double *out, struct error *e)
{
	char reason[200];
	uint64_t ns;

	if (!entry)
		return 0;
	if (duration_parse(entry->value, &ns, reason, sizeof(reason)))
		return profile_error(entry, e, EINVAL, "%s %s", entry->key, reason);
	*out = (double)ns / 1e9;
	return 0;
}

static int repeats_of(const struct profile_entry *entry, unsigned *out, struct error *e)
{
	char reason[200];
	uint64_t n;

	if (!entry)
		return 0;
	if (count_parse(entry->value, &n, reason, sizeof(reason)))
		return profile_error(entry, e, EINVAL, "%s %s", entry->key, reason);
	if (!n || n > SCORE_REPEATS_MAX)
		return profile_error(entry, e, ERANGE, "%s is not from 1 to %d", entry->key,
				     SCORE_REPEATS_MAX);
	*out = (unsigned)n;
	return 0;
}

static int expression_check(const struct profile_entry *entry, struct error *e)
{
	struct error clause = { "" };

	if (!entry || !evidence_check(entry->value, &clause))
		return 0;
	return profile_error(entry, e, EINVAL, "%s: %s", entry->key, clause.text);
}

static int missing(const struct adapter *a, const char *section, const char *key,
		   struct error *e)
{
	struct profile_entry at = { .file = a->text.path };

	for (size_t i = 0; i < a->text.nr && !at.line; i++)
		if (!strcmp(a->text.entry[i].section, section))
			at.line = a->text.entry[i].line;
	return profile_error(&at, e, EINVAL, "[%s] has no %s", section, key);
}

static int take_load(struct adapter *a, const char *section, struct error *e)
{
	struct load *load = &a->load[a->nr_loads];
	const struct profile_entry *command = load_entry(a, section, "command");
	const struct profile_entry *report = load_entry(a, section, "report");
	const struct profile_entry *needs = load_entry(a, section, "needs");
	int visit = VISIT_HELD, attach = ATTACH_TIME, fails = 0, end = 0, ret;

	*load = (struct load){ .name = section + 5,
			       .at = entry_of(a, section, "run"),
			       .command = command ? command->value : NULL,
			       .report = report ? report->value : NULL,
			       .needs = needs ? needs->value : "",
			       .user = a->user,
			       .settle_s = SETTLE_S,
			       .timeout_s = TIMEOUT_S };
	if (!load->at)
		return missing(a, section, "run", e);
	if (!load->command)
		return missing(a, section, "command", e);
	load->run = load->at->value;
	ret = choose(load_entry(a, section, "when"), visits, &visit, e);
	if (!ret)
		ret = choose(load_entry(a, section, "attach"), attaches, &attach, e);
	if (!ret)
		ret = choose(load_entry(a, section, "fails"), answers, &fails, e);
	if (!ret)
		ret = choose(load_entry(a, section, "end"), ends, &end, e);
	if (!ret)
		ret = seconds_of(load_entry(a, section, "settle"), &load->settle_s, e);
	if (!ret)
		ret = seconds_of(load_entry(a, section, "timeout"), &load->timeout_s, e);
	if (!ret)
		ret = repeats_of(load_entry(a, section, "repeats"), &load->repeats, e);
	if (!ret && visit == VISIT_WRAP && a->user[0])
		ret = profile_error(
			entry_of(a, "tool", "user"), e, EINVAL,
			"user: with when = wrap the worker runs under the command, and a worker runs as the harness does");
	load->visit = (enum visit)visit;
	load->attach = (enum attach)attach;
	load->fails = fails;
	load->ends_itself = end;
	a->nr_loads += !ret;
	return ret;
}

static const struct load *find_load(const struct adapter *a, const char *name)
{
	for (unsigned i = 0; i < a->nr_loads; i++)
		if (!name || !strcmp(a->load[i].name, name))
			return &a->load[i];
	return NULL;
}

static int take_reading(struct adapter *a, const char *section, struct quantity *q,
			struct error *e)
{
	const struct reading_text text = { .pattern = text_of(a, section, "pattern"),
					   .column = text_of(a, section, "column"),
					   .row = text_of(a, section, "row"),
					   .header = text_of(a, section, "header"),
					   .shift = text_of(a, section, "shift"),
					   .pick = text_of(a, section, "pick"),
					   .unit = text_of(a, section, "unit"),
					   .times = text_of(a, section, "times"),
					   .zero = text_of(a, section, "zero") };
	struct error clause = { "" };

	if (reading_make(&q->reading, &text, &clause))
		return profile_error(q->at, e, EINVAL, "[%s] %s", section, clause.text);
	return 0;
}

static int take_sites(struct adapter *a, const char *section, struct quantity *q,
		      struct error *e)
{
	struct error clause = { "" };

	if (reading_sites_make(&q->record, text_of(a, section, "record"),
			       text_of(a, section, "frame"), text_of(a, section, "unit"),
			       &clause))
		return profile_error(q->at, e, EINVAL, "[%s] %s", section, clause.text);
	return 0;
}

static int take_expressions(struct adapter *a, const char *section, struct quantity *q,
			    struct error *e)
{
	static const char *const keys[] = { "truth", "others", "resolution", "bias",
					    "bias_to" };
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys) && !ret; i++)
		ret = expression_check(entry_of(a, section, keys[i]), e);
	q->truth = text_of(a, section, "truth");
	q->evidence = text_of(a, section, "evidence");
	q->others = text_of(a, section, "others");
	q->resolution = text_of(a, section, "resolution");
	q->resolution_why = text_of(a, section, "resolution_why");
	q->bias = text_of(a, section, "bias");
	q->bias_to = text_of(a, section, "bias_to");
	q->bias_why = text_of(a, section, "bias_why");
	q->why = text_of(a, section, "why");
	if (!ret && q->sites == SITES_NONE && !q->truth)
		ret = missing(a, section, "truth", e);
	if (!ret && q->bias && !q->bias_why)
		ret = missing(a, section, "bias_why: a bias without its cause and source", e);
	if (!ret && q->resolution && !q->resolution_why)
		ret = missing(a, section, "resolution_why", e);
	return ret;
}

static int take_quantity(struct adapter *a, const char *section, struct error *e)
{
	struct quantity *q = &a->quantity[a->nr_quantities++];
	const struct profile_entry *load = entry_of(a, section, "load");
	int difference = 0, scope = 0, sites = SITES_NONE, ret;

	*q = (struct quantity){ .name = section + 9, .at = entry_of(a, section, "truth") };
	for (size_t i = 0; i < a->text.nr && !q->at; i++)
		if (!strcmp(a->text.entry[i].section, section))
			q->at = &a->text.entry[i];
	q->load = find_load(a, load ? load->value : NULL);
	if (!q->load)
		return profile_error(load ? load : q->at, e, EINVAL, "there is no [load %s]",
				     load ? load->value : "NAME");
	ret = choose(entry_of(a, section, "difference"), answers, &difference, e);
	if (!ret)
		ret = choose(entry_of(a, section, "scope"), scopes, &scope, e);
	if (!ret)
		ret = choose(entry_of(a, section, "sites"), site_scores, &sites, e);
	q->is_difference = difference;
	q->is_shared = scope;
	q->sites = (enum site_score)sites;
	if (!ret)
		ret = q->sites ? take_sites(a, section, q, e) : take_reading(a, section, q, e);
	return ret ? ret : take_expressions(a, section, q, e);
}

static int each_section(struct adapter *a, const char *word, unsigned most,
			int (*take)(struct adapter *, const char *, struct error *),
			struct error *e)
{
	const char *last = "";
	unsigned nr = 0;
	int ret = 0;

	for (size_t i = 0; i < a->text.nr && !ret; i++) {
		const struct profile_entry *entry = &a->text.entry[i];

		if (strncmp(entry->section, word, strlen(word)) ||
		    !strcmp(entry->section, last))
			continue;
		last = entry->section;
		ret = nr++ < most ? take(a, last, e)
				  : profile_error(entry, e, EINVAL, "more than %u of [%sNAME]",
						  most, word);
	}
	return ret;
}

static int take_tool(struct adapter *a, struct error *e)
{
	static const char *const required[] = { "summary", "package", "program" };
	const struct profile_entry *user = entry_of(a, "tool", "user");

	for (size_t i = 0; i < ARRAY_SIZE(required); i++)
		if (!text_of(a, "tool", required[i]))
			return missing(a, "tool", required[i], e);
	a->summary = text_of(a, "tool", "summary");
	a->package = text_of(a, "tool", "package");
	a->program = text_of(a, "tool", "program");
	a->version = text_of(a, "tool", "version");
	a->needs = text_of(a, "tool", "needs");
	a->user = user ? user->value : "";
	if (strlen(a->user) >= sizeof(((struct command *)NULL)->user))
		return profile_error(user, e, EINVAL, "user: the name is too long");
	return 0;
}

int adapter_read(struct adapter *a, const char *path, struct error *e)
{
	int ret = profile_read_dialect(&a->text, path, &dialect, e);

	snprintf(a->name, sizeof(a->name), "%s", a->text.name);
	if (!ret)
		ret = take_tool(a, e);
	if (!ret)
		ret = each_section(a, "load ", ADAPTER_LOADS_MAX, take_load, e);
	if (!ret)
		ret = each_section(a, "quantity ", ADAPTER_QUANTITIES_MAX, take_quantity, e);
	if (!ret && !a->nr_quantities)
		ret = missing(a, "tool", "[quantity NAME]", e);
	return ret;
}

bool adapter_is_path(const char *name)
{
	return strchr(name, '/') || strstr(name, ".ini");
}

int adapter_find(const char *name, char *path, size_t path_bytes, struct error *skipped)
{
	char directory[512];

	if (adapter_is_path(name)) {
		snprintf(path, path_bytes, "%s", name);
		if (access(path, R_OK))
			return -errno;
		return geteuid() ? 0 : trust_path(path, skipped);
	}
	for (unsigned i = 0; profile_directory(i, directory, sizeof(directory)); i++) {
		snprintf(path, path_bytes, "%s/tools/%s.ini", directory, name);
		if (!access(path, R_OK) && !trust_path(path, skipped))
			return 0;
	}
	return skipped->text[0] ? -EPERM : -ENOENT;
}

int adapter_directory(char *path, size_t path_bytes, struct error *e)
{
	struct error skipped = { "" };
	char directory[512];

	for (unsigned i = 0; profile_directory(i, directory, sizeof(directory)); i++) {
		snprintf(path, path_bytes, "%s/tools", directory);
		if (!access(path, R_OK) && !trust_path(path, &skipped))
			return 0;
	}
	if (skipped.text[0])
		return error_set(e, EPERM, "%s", skipped.text);
	return error_set(e, ENOENT,
			 "no adapters in ./profiles/tools, beside the program or in %s", path);
}
