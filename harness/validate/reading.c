// SPDX-License-Identifier: GPL-2.0-or-later
/* Picks one number from many lines, and decides when no match is a valid answer. */
#include "harness/validate/reading.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/plan/profile.h"

#define COLUMNS_MAX 64

static const char *const picks[] = { "first", "last", "sum", "max", "count", NULL };

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
	r->unit = amount_unit(text->unit ? text->unit : "count");
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
		return error_set(e, EINVAL, "times: '%s' must exceed 0", text->times);
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

struct tally {
	enum pick pick;
	size_t nr;
	struct amount amount;
};

static void tally_add(struct tally *t, struct amount amount)
{
	bool first = !t->nr++;

	switch (t->pick) {
	case PICK_FIRST:
		if (!first)
			return;
		break;
	case PICK_MAX:
		if (!first && amount.value <= t->amount.value)
			return;
		break;
	case PICK_SUM:
		amount.value += t->amount.value;
		amount.step += t->amount.step; /* each was rounded separately */
		break;
	case PICK_LAST:
	case PICK_COUNT:
		break;
	}
	t->amount = amount;
}

/* ---- by pattern ---- */

static int by_pattern(const struct reading *r, const char *text,
		      const struct pattern_name *names, struct tally *t, struct error *e)
{
	regmatch_t match[2];
	regex_t regex;
	int ret = pattern_compile(&regex, r->pattern, names, e);

	if (ret)
		return ret;
	for (const char *at = text;
	     !ret &&
	     !regexec(&regex, at, 2, match, at > text ? REG_NOTBOL * (at[-1] != '\n') : 0);) {
		struct amount amount = { 0, 0 };

		if (r->pick != PICK_COUNT)
			ret = amount_parse(&amount, at + match[1].rm_so,
					   (size_t)(match[1].rm_eo - match[1].rm_so), r->unit,
					   e);
		tally_add(t, amount);
		if (match[0].rm_eo == match[0].rm_so)
			break;
		at += match[0].rm_eo;
	}
	regfree(&regex);
	return ret;
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
	struct amount amount = { 0, 0 };
	int column, ret = 0;

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
		ret = amount_parse(&amount, f.word[table->column], f.length[table->column],
				   r->unit, e);
	if (!ret)
		tally_add(t, amount);
	return ret;
}

static int by_column(const struct reading *r, const char *text,
		     const struct pattern_name *names, struct tally *t, struct error *e)
{
	struct table table = { .column = -1 };
	char *lines = strdup(text), *rest = lines, *line;
	int ret = lines ? pattern_compile(&table.row, r->row, names, e) : -ENOMEM;

	if (ret) {
		free(lines);
		return ret;
	}
	if (r->header)
		ret = pattern_compile(&table.header, r->header, names, e);
	table.has_header = r->header && !ret;
	while (!ret && (line = strsep(&rest, "\n")))
		ret = table_line(r, &table, line, t, e);
	if (!ret && table.column < 0)
		ret = error_set(e, ENODATA, "no line has the column %s", r->column);
	regfree(&table.row);
	if (table.has_header)
		regfree(&table.header);
	free(lines);
	return ret;
}

/* Whether the tool wrote a report: then nothing to report is a valid answer. */
static bool says_zero(const struct reading *r, const char *text,
		      const struct pattern_name *names)
{
	struct error ignored = { "" };
	regex_t regex;
	bool found;

	if (!r->zero || pattern_compile(&regex, r->zero, names, &ignored))
		return false;
	found = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return found;
}

int reading_take(const struct reading *r, const char *text, const struct pattern_name *names,
		 struct amount *amount, struct error *e)
{
	struct tally t = { .pick = r->pick };
	int ret = r->pattern ? by_pattern(r, text, names, &t, e)
			     : by_column(r, text, names, &t, e);

	if (ret)
		return ret;
	if (r->pick == PICK_COUNT) {
		t.amount = (struct amount){ .value = (double)t.nr };
	} else if (!t.nr && !says_zero(r, text, names)) {
		return error_set(e, ENODATA, "nothing in its output matches '%s'",
				 r->pattern ? r->pattern : r->row);
	}
	amount->value = t.amount.value * r->times;
	amount->step = t.amount.step * r->times;
	return 0;
}
