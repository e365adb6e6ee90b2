// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the primary metrics of a profile. Tests nothing. */
#include "harness/plan/primary.h"

#include <errno.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/tables/column.h"
#include "workloads/api/arith.h"

static const char *suggest_metric(const char *name)
{
	const char *names[COLUMNS_MAX];
	size_t nr = 0;

	for (unsigned i = 0; i < runs_csv.nr; i++)
		if (runs_csv.column[i].metric.label)
			names[nr++] = runs_csv.column[i].name;
	return suggest(name, names, nr);
}

static bool has_worker(const struct profile *profile, const char *name)
{
	for (const char *w = NULL; (w = profile_next_worker(profile, w));)
		if (!strcmp(w, name))
			return true;
	return false;
}

static int parse_one(struct primary *p, const char *word, const struct profile_entry *entry,
		     const struct profile *profile, struct error *e)
{
	const char *dot = strrchr(word, '.'), *name = dot ? dot + 1 : word, *near;

	*p = (struct primary){ .metric = column_find(&runs_csv, name) };
	if (dot)
		snprintf(p->worker, sizeof(p->worker), "%.*s", (int)(dot - word), word);
	if (dot && !has_worker(profile, p->worker))
		return profile_error(entry, e, EINVAL, "primary: there is no worker %s",
				     p->worker);
	if (p->metric && p->metric->metric.label)
		return 0;
	near = suggest_metric(name);
	return profile_error(entry, e, EINVAL, "primary: no metric is called %s%s%s%s", name,
			     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

int primary_parse(struct primaries *out, const struct profile *profile, struct error *e)
{
	const struct profile_entry *entry = profile_get(profile, "profile", "primary");
	char copy[PROFILE_LINE_MAX + 1], *save = NULL;
	struct primaries all = { .nr = 0 };

	if (!entry)
		return 0;
	snprintf(copy, sizeof(copy), "%s", entry->value);
	for (char *word = strtok_r(copy, ", ", &save); word;
	     word = strtok_r(NULL, ", ", &save)) {
		if (all.nr == PRIMARY_MAX)
			return profile_error(entry, e, EINVAL, "primary: more than %d metrics",
					     PRIMARY_MAX);
		if (parse_one(&all.item[all.nr++], word, entry, profile, e))
			return -EINVAL;
	}
	*out = all;
	return 0;
}

void primary_format(const struct primary *p, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes, "%s%s%s", p->worker, p->worker[0] ? "." : "",
		 p->metric->name);
}
