// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses leak reports record by record. */
#include "harness/validate/reading_sites.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/validate/pattern.h"

int reading_sites_make(struct reading_sites *r, const char *record, const char *frame,
		       const char *unit, struct error *e)
{
	if (!record || !frame)
		return error_set(e, EINVAL, "needs record and frame");
	if (pattern_check(record, true, e) || pattern_check(frame, true, e))
		return -EINVAL;
	r->unit = amount_unit(unit ? unit : "B");
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

/* State of the parser of a report. */
struct scan {
	regex_t record, frame;
	const struct amount_unit *unit;
	struct amount open; /* the record under way; NaN: none, or it has its symbol */
	struct site_list *out;
};

static int scan_line(struct scan *scan, const char *line, struct error *e)
{
	char symbol[sizeof(((struct site *)0)->symbol)];
	regmatch_t match[2];
	double bytes;

	if (!regexec(&scan->record, line, 2, match, 0))
		return amount_parse(&scan->open, line + match[1].rm_so,
				    (size_t)(match[1].rm_eo - match[1].rm_so), scan->unit, e);
	if (isnan(scan->open.value) || regexec(&scan->frame, line, 2, match, 0))
		return 0;
	snprintf(symbol, sizeof(symbol), "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
		 line + match[1].rm_so);
	bytes = scan->open.value;
	scan->open.value = NAN;
	return site_list_add(scan->out, symbol, bytes);
}

static int scan_lines(struct scan *scan, const char *text, struct error *e)
{
	char *lines = strdup(text), *rest = lines, *line;
	int ret = lines ? 0 : -ENOMEM;

	while (!ret && (line = strsep(&rest, "\n")))
		ret = scan_line(scan, line, e);
	free(lines);
	return ret;
}

int reading_sites_take(const struct reading_sites *r, const char *text, struct site_list *out,
		       struct error *e)
{
	struct scan scan = { .unit = r->unit, .open = { NAN, 0 }, .out = out };
	int ret = pattern_compile(&scan.record, r->record, NULL, e);

	if (ret)
		return ret;
	ret = pattern_compile(&scan.frame, r->frame, NULL, e);
	if (!ret) {
		ret = scan_lines(&scan, text, e);
		regfree(&scan.frame);
	}
	regfree(&scan.record);
	return ret;
}
