// SPDX-License-Identifier: GPL-2.0-or-later
/* A recursive descent parser of expressions; without a directory it only checks. */
#include "harness/validate/evidence.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/plainfile.h"
#include "harness/base/size.h"
#include "harness/plan/outcome.h"
#include "workloads/api/arith.h"

#define DEPTH_MAX 32

struct parser {
	const struct evidence *evidence; /* NULL: check only */
	const char *at;
	int depth;
	struct error *e;
	int ret;
};

void evidence_init(struct evidence *evidence)
{
	memset(evidence, 0, sizeof(*evidence));
}

void evidence_release(struct evidence *evidence)
{
	csv_release(&evidence->runs);
	csv_release(&evidence->counters);
	csv_release(&evidence->truth);
	csv_release(&evidence->sites);
	evidence_init(evidence);
}

int evidence_open(struct evidence *evidence, const char *path, struct error *e)
{
	struct {
		const char *name;
		struct csv_table *table;
	} files[] = {
		{ "runs.csv", &evidence->runs },
		{ "counters.csv", &evidence->counters },
		{ "truth.csv", &evidence->truth },
		{ "sites.csv", &evidence->sites },
	};
	char file[600];
	int ret = 0;

	snprintf(evidence->path, sizeof(evidence->path), "%s", path);
	for (size_t i = 0; i < ARRAY_SIZE(files) && !ret; i++) {
		struct error missing = { "" };

		snprintf(file, sizeof(file), "%s/%s", path, files[i].name);
		ret = csv_read(files[i].table, file, &missing);
		if (ret == -ENOENT)
			ret = 0;
		else if (ret)
			error_set(e, -ret, "%s", missing.text);
	}
	if (!ret && !evidence->runs.nr)
		ret = error_set(e, ENOENT, "%s holds no runs.csv with a row: it is not a run",
				path);
	return ret;
}

static double fail(struct parser *p, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static double fail(struct parser *p, int code, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!p->ret)
		p->ret = error_set(p->e, code, "%s", text);
	return NAN;
}

/* ---- rows ---- */

static const char *cell(const struct csv_table *t, size_t row, const char *column)
{
	return csv_cell(t, row, csv_column(t, column));
}

static bool is_selected(const struct evidence *v, const struct csv_table *t, size_t row)
{
	const char *worker = cell(t, row, "worker");

	return (!v->repeat || atoi(cell(t, row, "repeat")) == v->repeat) &&
	       strcmp(worker, "null");
}

static double run_column(struct parser *p, const char *column)
{
	const struct csv_table *t = &p->evidence->runs;
	double sum = 0;
	size_t found = 0;

	for (size_t i = 0; i < t->nr; i++) {
		const char *text = cell(t, i, column);

		if (!is_selected(p->evidence, t, i) || !*text)
			continue;
		sum += strtod(text, NULL);
		found++;
	}
	return found ? sum : fail(p, ENODATA, "runs.csv has no %s", column);
}

static double unit_scale(const char *unit)
{
	if (!strcmp(unit, "kB"))
		return 1024;
	return strcmp(unit, "sectors") ? 1 : 512;
}

static double counter(struct parser *p, const char *scope, const char *source, const char *name,
		      const char *side)
{
	const struct csv_table *t = &p->evidence->counters;
	double sum = 0;
	size_t found = 0;

	for (size_t i = 0; i < t->nr; i++) {
		const char *text = cell(t, i, side);

		if (!is_selected(p->evidence, t, i) || !*text ||
		    fnmatch(name, cell(t, i, "counter"), 0) ||
		    strcmp(cell(t, i, "source"), source) ||
		    (strcmp(scope, "any") && strcmp(cell(t, i, "scope"), scope)) ||
		    strcmp(cell(t, i, "span"), "work"))
			continue;
		sum += strtod(text, NULL) * unit_scale(cell(t, i, "unit"));
		found++;
	}
	return found ? sum
		     : fail(p, ENODATA, "counters.csv has no %s/%s/%s", scope, source, name);
}

/* The sum of the matching counters of a kept /proc/vmstat; pgpgin and pgpgout are in KiB. */
static int vmstat_sum(const char *path, const char *name, double *sum)
{
	char at[80];
	double value;
	int found = 0, ret;
	FILE *in = plainfile_stream(path, &ret, NULL); /* none: nothing is found */

	*sum = 0;
	while (in && fscanf(in, "%79s %lf", at, &value) == 2) {
		if (fnmatch(name, at, 0))
			continue;
		*sum += value * (strncmp(at, "pgpg", 4) ? 1 : 1024);
		found++;
	}
	if (in)
		fclose(in);
	return found;
}

static double beside(struct parser *p, const char *name)
{
	double before, after;

	if (!vmstat_sum(p->evidence->vmstat_before, name, &before) ||
	    !vmstat_sum(p->evidence->vmstat_after, name, &after))
		return fail(p, ENODATA, "no %s was kept beside what the tool printed", name);
	return after - before;
}

static double counter_path(struct parser *p, char *path)
{
	char *side = strchr(path, '@'), *source = strchr(path, '/');
	char *name = source ? strchr(source + 1, '/') : NULL;

	if (side)
		*side++ = '\0';
	if (!name || (side && strcmp(side, "before") && strcmp(side, "after")))
		return fail(p, EINVAL, "[%s] is not [scope/source/counter]", path);
	if (!p->evidence)
		return 1;
	*source++ = '\0';
	*name++ = '\0';
	if (!strcmp(path, "beside"))
		return beside(p, name);
	return counter(p, path, source, name, side ? side : "delta");
}

static double promise(struct parser *p, const char *quantity)
{
	const struct csv_table *t = &p->evidence->truth;

	for (size_t i = 0; i < t->nr; i++) {
		if (is_selected(p->evidence, t, i) &&
		    !strcmp(cell(t, i, "quantity"), quantity) &&
		    !strcmp(cell(t, i, "span"), "work"))
			return strtod(cell(t, i, "expected"), NULL);
	}
	return fail(p, ENODATA, "truth.csv has no promise of %s", quantity);
}

static double parameter(struct parser *p, const char *name)
{
	const struct csv_table *t = &p->evidence->runs;
	size_t length = strlen(name);

	for (size_t i = 0; i < t->nr; i++) {
		if (!is_selected(p->evidence, t, i))
			continue;
		for (const char *at = cell(t, i, "params"); at; at = strchr(at, ';')) {
			at += *at == ';';
			if (!strncmp(at, name, length) && at[length] == '=')
				return strtod(at + length + 1, NULL);
		}
	}
	return fail(p, ENODATA, "no worker has the parameter %s", name);
}

static double sites_sum(struct parser *p, const char *column)
{
	const struct csv_table *t = &p->evidence->sites;
	double sum = 0;

	if (!t->columns)
		return fail(p, ENODATA, "there is no sites.csv");
	for (size_t i = 0; i < t->nr; i++)
		sum += strtod(cell(t, i, column), NULL);
	return sum;
}

/* ---- the expression ---- */

static double named(struct parser *p, const char *name)
{
	static const struct {
		const char *name, *column;
	} columns[] = {
		{ "achieved", "achieved_bytes" },
		{ "target", "target_bytes" },
		{ "seconds", "seconds" },
	};
	static const struct {
		const char *prefix;
		double (*value)(struct parser *, const char *);
	} families[] = {
		{ "param.", parameter },
		{ "promise.", promise },
	};

	if (!strcmp(name, "page"))
		return (double)sysconf(_SC_PAGESIZE);
	if (!strcmp(name, "cpus"))
		return (double)sysconf(_SC_NPROCESSORS_ONLN);
	if (!strcmp(name, "sites.bytes") || !strcmp(name, "sites.blocks"))
		return p->evidence ? sites_sum(p, name[7] == 'y' ? "live_bytes" : "live_blocks")
				   : 1;
	if (!strncmp(name, "slot.", 5))
		return p->evidence ? counter(p, "ledger", "ledger", name + 5, "after") : 1;
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (!strcmp(name, columns[i].name))
			return p->evidence ? run_column(p, columns[i].column) : 1;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		size_t length = strlen(families[i].prefix);

		if (!strncmp(name, families[i].prefix, length))
			return p->evidence ? families[i].value(p, name + length) : 1;
	}
	return fail(p, EINVAL, "'%s' names nothing that a run records", name);
}

static void skip_space(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static double sum(struct parser *p);

static double number(struct parser *p, const char *word)
{
	char reason[160], *end;
	double value = strtod(word, &end);
	uint64_t bytes;

	if (!*end)
		return value;
	if (size_parse(word, &(struct size_base){ 0 }, &bytes, reason, sizeof(reason)))
		return fail(p, EINVAL, "'%s' %s", word, reason);
	return (double)bytes;
}

static double word(struct parser *p)
{
	char text[128];
	size_t nr = 0;

	while ((isalnum((unsigned char)*p->at) || *p->at == '.' || *p->at == '_') &&
	       nr + 1 < sizeof(text))
		text[nr++] = *p->at++;
	text[nr] = '\0';
	if (!nr)
		return fail(p, EINVAL, "a number or a name is missing at '%s'", p->at);
	return isdigit((unsigned char)text[0]) ? number(p, text) : named(p, text);
}

static double bracket(struct parser *p)
{
	char text[160];
	size_t length = strcspn(++p->at, "]");

	if (p->at[length] != ']' || length >= sizeof(text))
		return fail(p, EINVAL, "[%s has no ]", p->at);
	snprintf(text, sizeof(text), "%.*s", (int)length, p->at);
	p->at += length + 1;
	return counter_path(p, text);
}

static double factor(struct parser *p)
{
	double value;

	skip_space(p);
	if (p->ret || ++p->depth > DEPTH_MAX)
		return fail(p, EINVAL, "the expression is nested too deep");
	if (*p->at == '-') {
		p->at++;
		value = -factor(p);
	} else if (*p->at == '(') {
		p->at++;
		value = sum(p);
		skip_space(p);
		if (*p->at == ')')
			p->at++;
		else
			fail(p, EINVAL, "a ( has no )");
	} else {
		value = *p->at == '[' ? bracket(p) : word(p);
	}
	p->depth--;
	return value;
}

static double product(struct parser *p)
{
	double value = factor(p);

	for (skip_space(p); !p->ret && (*p->at == '*' || *p->at == '/'); skip_space(p)) {
		const char sign = *p->at++;
		double right = factor(p);

		value = sign == '*' ? value * right : value / right;
	}
	return value;
}

static double sum(struct parser *p)
{
	double value = product(p);

	for (skip_space(p); !p->ret && (*p->at == '+' || *p->at == '-'); skip_space(p)) {
		const char sign = *p->at++;
		double right = product(p);

		value += sign == '+' ? right : -right;
	}
	return value;
}

static int evaluate(const struct evidence *evidence, const char *expression, double *value,
		    struct error *e)
{
	struct parser p = { .evidence = evidence, .at = expression, .e = e };
	double result = sum(&p);

	if (!p.ret && *p.at)
		fail(&p, EINVAL, "'%s' is left over", p.at);
	if (!p.ret && evidence && !isfinite(result))
		fail(&p, ENODATA, "%s is not a number here", expression);
	if (!p.ret)
		*value = result;
	return p.ret;
}

int evidence_check(const char *expression, struct error *e)
{
	double ignored;

	return evaluate(NULL, expression, &ignored, e);
}

int evidence_value(const struct evidence *evidence, const char *expression, double *value,
		   struct error *e)
{
	return evaluate(evidence, expression, value, e);
}

const char *evidence_bad_outcome(const struct evidence *evidence)
{
	const struct csv_table *t = &evidence->runs;

	for (size_t i = 0; i < t->nr; i++) {
		const char *outcome = cell(t, i, "outcome");

		if (is_selected(evidence, t, i) &&
		    outcome_ending_of_row(outcome, cell(t, i, "expected_outcome")) !=
			    ENDING_EXPECTED)
			return outcome;
	}
	return NULL;
}
