// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/validate/reading.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/plan/profile.h"

#define COLUMNS_MAX 64

static const struct reading_unit units[] = {
	{ "B", 1, 0, "bytes" },
	{ "KiB", 1024, 0, "bytes" },
	{ "MiB", 1024 * 1024, 0, "bytes" },
	{ "GiB", 1024.0 * 1024 * 1024, 0, "bytes" },
	{ "kB", 1000, 0, "bytes" },
	{ "iec", 1, 1024, "bytes" },
	{ "si", 1, 1000, "bytes" },
	{ "iec-KiB", 1024, 1024, "bytes" },
	{ "pages", 1, 0, "pages" },
	{ "count", 1, 0, "count" },
	{ "percent", 1, 0, "percent" },
	{ "s", 1, 0, "seconds" },
	{ "KiB/s", 1024, 0, "bytes/s" },
	{ "per-second", 1, 0, "per second" },
};

static const char *const picks[] = { "first", "last", "sum", "max", "count", NULL };

static const struct reading_unit *unit_find(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

static const struct reading_name *name_at(const struct reading_name *names, const char *text)
{
	for (; names && names->name; names++) {
		size_t length = strlen(names->name);

		if (!strncmp(text + 1, names->name, length) && text[length + 1] == '}')
			return names;
	}
	return NULL;
}

/* A value stands for itself: what a regular expression would read as more is quoted. */
static void put_value(FILE *out, const char *value)
{
	for (; *value; value++)
		fprintf(out, strchr(".[]*+?(){}|^$\\", *value) ? "\\%c" : "%c", *value);
}

/* Puts in the names; malloc'd. */
static char *expanded(const char *pattern, const struct reading_name *names)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	while (*pattern) {
		const struct reading_name *n = *pattern == '{' ? name_at(names, pattern) : NULL;

		if (!n) {
			fputc(*pattern++, out);
			continue;
		}
		put_value(out, n->value);
		pattern += strlen(n->name) + 2;
	}
	return fclose(out) ? NULL : text;
}

static int compile(regex_t *regex, const char *pattern, const struct reading_name *names,
		   struct error *e)
{
	char *text = expanded(pattern, names), reason[160];
	int code;

	if (!text)
		return -ENOMEM;
	code = regcomp(regex, text, REG_EXTENDED | REG_NEWLINE);
	if (code) {
		regerror(code, regex, reason, sizeof(reason));
		error_set(e, EINVAL, "'%s' is not a regular expression: %s", text, reason);
	}
	free(text);
	return code ? -EINVAL : 0;
}

/* Stand-ins, so that a pattern can be checked before there is a worker. */
static const struct reading_name no_names[] = {
	{ "pid", "1" },	 { "group", "g" }, { "start", "0" },
	{ "file", "f" }, { "swap", "s" },  { NULL, NULL },
};

static int pattern_check(const char *pattern, bool wants_group, struct error *e)
{
	regex_t regex;
	int err;

	if (!pattern)
		return 0;
	err = compile(&regex, pattern, no_names, e);
	if (err)
		return err;
	if (wants_group && !regex.re_nsub)
		err = error_set(e, EINVAL, "'%s' has no group for the number", pattern);
	regfree(&regex);
	return err;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

int reading_make(struct reading *r, const struct reading_text *text, struct error *e)
{
	bool counts = text->pick && !strcmp(text->pick, "count");

	if (!text->pattern == !text->column)
		return error_set(e, EINVAL, "needs either a pattern or a column");
	if (text->column && !text->row)
		return error_set(e, EINVAL, "has a column but no row");
	if (pattern_check(text->pattern, !counts, e) || pattern_check(text->row, false, e) ||
	    pattern_check(text->header, false, e) || pattern_check(text->zero, false, e))
		return -EINVAL;
	r->unit = unit_find(text->unit ? text->unit : "count");
	if (!r->unit)
		return error_set(e, EINVAL, "unit: '%s' is not a unit", text->unit);
	if (text->pick && !words_have(picks, text->pick))
		return error_set(e, EINVAL, "pick: '%s' is not first, last, sum, max or count",
				 text->pick);
	for (int i = 0; text->pick && picks[i]; i++)
		if (!strcmp(picks[i], text->pick))
			r->pick = (enum pick)i;
	r->times = text->times ? atof(text->times) : 1;
	if (r->times <= 0)
		return error_set(e, EINVAL, "times: '%s' is not above 0", text->times);
	r->shift = text->shift ? atoi(text->shift) : 0;
	r->pattern = copy(text->pattern);
	r->column = copy(text->column);
	r->row = copy(text->row);
	r->header = copy(text->header);
	r->zero = copy(text->zero);
	return 0;
}

void reading_release(struct reading *r)
{
	free(r->pattern);
	free(r->column);
	free(r->row);
	free(r->header);
	free(r->zero);
	memset(r, 0, sizeof(*r));
}

int reading_sites_make(struct reading_sites *r, const char *record, const char *frame,
		       const char *unit, struct error *e)
{
	if (!record || !frame)
		return error_set(e, EINVAL, "needs record and frame");
	if (pattern_check(record, true, e) || pattern_check(frame, true, e))
		return -EINVAL;
	r->unit = unit_find(unit ? unit : "B");
	if (!r->unit)
		return error_set(e, EINVAL, "unit: '%s' is not a unit", unit);
	r->record = strdup(record);
	r->frame = strdup(frame);
	return r->record && r->frame ? 0 : -ENOMEM;
}

void reading_sites_release(struct reading_sites *r)
{
	free(r->record);
	free(r->frame);
	memset(r, 0, sizeof(*r));
}

/* ---- numbers ---- */

/* Of "40.96K": a suffix says it all; without one it is the unit's own. */
static double scale_of(const struct reading_unit *unit, const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *at = *suffix ? strchr(letters, toupper((unsigned char)*suffix)) : NULL;

	return unit->factor > 0 && at ? pow(unit->factor, (double)(at - letters + 1))
				      : unit->scale;
}

/* "1,234.5" and, where the unit has suffixes, "40.96K". */
static int number_parse(const char *text, size_t length, const struct reading_unit *unit,
			double *value, double *step, struct error *e)
{
	char plain[64], *end, *dot;
	size_t nr = 0;
	double scale;

	for (size_t i = 0; i < length && nr + 1 < sizeof(plain); i++)
		if (text[i] != ',' && !isspace((unsigned char)text[i]))
			plain[nr++] = text[i];
	plain[nr] = '\0';
	*value = strtod(plain, &end);
	if (end == plain)
		return error_set(e, EINVAL, "'%s' is not a number", plain);
	scale = scale_of(unit, end);
	*end = '\0';
	dot = strchr(plain, '.');
	/* what is printed one by one is not rounded */
	*step = scale > 1 || dot ? scale * pow(10, dot ? -(double)strlen(dot + 1) : 0) : 0;
	*value *= scale;
	return 0;
}

struct tally {
	enum pick pick;
	size_t nr;
	double value, step;
};

static void tally_add(struct tally *t, double value, double step)
{
	bool first = !t->nr++;

	switch (t->pick) {
	case PICK_FIRST:
		if (first) {
			t->value = value;
			t->step = step;
		}
		return;
	case PICK_MAX:
		if (!first && value <= t->value)
			return;
		break;
	case PICK_SUM:
		value += t->value;
		step += t->step; /* each was rounded for itself */
		break;
	case PICK_LAST:
	case PICK_COUNT:
		break;
	}
	t->value = value;
	t->step = step;
}

/* ---- by pattern ---- */

static int by_pattern(const struct reading *r, const char *text,
		      const struct reading_name *names, struct tally *t, struct error *e)
{
	regmatch_t match[2];
	regex_t regex;
	int err = compile(&regex, r->pattern, names, e);

	if (err)
		return err;
	for (const char *at = text;
	     !err &&
	     !regexec(&regex, at, 2, match, at > text ? REG_NOTBOL * (at[-1] != '\n') : 0);) {
		double value = 0, step = 0;

		if (r->pick != PICK_COUNT)
			err = number_parse(at + match[1].rm_so,
					   (size_t)(match[1].rm_eo - match[1].rm_so), r->unit,
					   &value, &step, e);
		tally_add(t, value, step);
		if (match[0].rm_eo == match[0].rm_so)
			break;
		at += match[0].rm_eo;
	}
	regfree(&regex);
	return err;
}

/* ---- by column ---- */

struct fields {
	const char *word[COLUMNS_MAX];
	size_t length[COLUMNS_MAX];
	int nr;
};

static void fields_split(struct fields *f, const char *line)
{
	f->nr = 0;
	while (f->nr < COLUMNS_MAX) {
		line += strspn(line, " \t");
		if (!*line)
			return;
		f->word[f->nr] = line;
		f->length[f->nr] = strcspn(line, " \t");
		line += f->length[f->nr++];
	}
}

static int fields_find(const struct fields *f, const char *word)
{
	for (int i = 0; i < f->nr; i++)
		if (strlen(word) == f->length[i] && !strncmp(f->word[i], word, f->length[i]))
			return i;
	return -1;
}

struct table {
	regex_t row, header;
	bool has_header;
	int column; /* -1: no header has been seen */
};

static int table_line(const struct reading *r, struct table *table, const char *line,
		      struct tally *t, struct error *e)
{
	struct fields f;
	double value = 0, step = 0;
	int column, err = 0;

	fields_split(&f, line);
	column = fields_find(&f, r->column);
	if (column >= 0 && (!table->has_header || !regexec(&table->header, line, 0, NULL, 0))) {
		table->column = column + r->shift;
		return 0;
	}
	if (table->column < 0 || table->column >= f.nr ||
	    regexec(&table->row, line, 0, NULL, 0))
		return 0;
	if (r->pick != PICK_COUNT)
		err = number_parse(f.word[table->column], f.length[table->column], r->unit,
				   &value, &step, e);
	if (!err)
		tally_add(t, value, step);
	return err;
}

static int by_column(const struct reading *r, const char *text,
		     const struct reading_name *names, struct tally *t, struct error *e)
{
	struct table table = { .column = -1 };
	char *lines = strdup(text), *rest = lines, *line;
	int err = lines ? compile(&table.row, r->row, names, e) : -ENOMEM;

	if (err) {
		free(lines);
		return err;
	}
	if (r->header)
		err = compile(&table.header, r->header, names, e);
	table.has_header = r->header && !err;
	while (!err && (line = strsep(&rest, "\n")))
		err = table_line(r, &table, line, t, e);
	if (!err && table.column < 0)
		err = error_set(e, ENODATA, "no line has the column %s", r->column);
	regfree(&table.row);
	if (table.has_header)
		regfree(&table.header);
	free(lines);
	return err;
}

/* Whether it reported, so that having nothing to report is an answer. */
static bool says_zero(const struct reading *r, const char *text,
		      const struct reading_name *names)
{
	struct error ignored = { "" };
	regex_t regex;
	bool found;

	if (!r->zero || compile(&regex, r->zero, names, &ignored))
		return false;
	found = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return found;
}

int reading_take_of(const struct reading *r, const char *text, const struct reading_name *names,
		    double *value, double *step, struct error *e)
{
	struct tally t = { .pick = r->pick };
	int err = r->pattern ? by_pattern(r, text, names, &t, e)
			     : by_column(r, text, names, &t, e);

	if (err)
		return err;
	if (r->pick == PICK_COUNT) {
		t.value = (double)t.nr;
		t.step = 0;
	} else if (!t.nr && !says_zero(r, text, names)) {
		return error_set(e, ENODATA, "nothing in its output matches '%s'",
				 r->pattern ? r->pattern : r->row);
	}
	*value = t.value * r->times;
	*step = t.step * r->times;
	return 0;
}

int reading_take(const struct reading *r, const char *text, double *value, double *step,
		 struct error *e)
{
	return reading_take_of(r, text, NULL, value, step, e);
}

/* ---- places that leak ---- */

int site_list_add(struct site_list *list, const char *symbol, double bytes)
{
	struct site *grown;

	for (size_t i = 0; i < list->nr; i++) {
		if (!strcmp(list->site[i].symbol, symbol)) {
			list->site[i].bytes += bytes;
			return 0;
		}
	}
	if (list->nr == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 32;

		grown = reallocarray(list->site, capacity, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		list->site = grown;
		list->capacity = capacity;
	}
	grown = &list->site[list->nr++];
	snprintf(grown->symbol, sizeof(grown->symbol), "%s", symbol);
	grown->bytes = bytes;
	return 0;
}

void site_list_release(struct site_list *list)
{
	free(list->site);
	memset(list, 0, sizeof(*list));
}

static int site_line(const struct reading_sites *r, const regex_t *record, const regex_t *frame,
		     const char *line, double *open_bytes, struct site_list *out,
		     struct error *e)
{
	char symbol[48];
	regmatch_t match[2];
	double step;
	int err;

	if (!regexec(record, line, 2, match, 0))
		return number_parse(line + match[1].rm_so,
				    (size_t)(match[1].rm_eo - match[1].rm_so), r->unit,
				    open_bytes, &step, e);
	if (isnan(*open_bytes) || regexec(frame, line, 2, match, 0))
		return 0;
	snprintf(symbol, sizeof(symbol), "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
		 line + match[1].rm_so);
	err = site_list_add(out, symbol, *open_bytes);
	*open_bytes = NAN;
	return err;
}

int reading_sites_take(const struct reading_sites *r, const char *text, struct site_list *out,
		       struct error *e)
{
	char *lines = strdup(text), *rest = lines, *line;
	double open_bytes = NAN;
	regex_t record, frame;
	int err = lines ? compile(&record, r->record, NULL, e) : -ENOMEM;

	if (err) {
		free(lines);
		return err;
	}
	err = compile(&frame, r->frame, NULL, e);
	while (!err && (line = strsep(&rest, "\n")))
		err = site_line(r, &record, &frame, line, &open_bytes, out, e);
	regfree(&record);
	regfree(&frame);
	free(lines);
	return err;
}
