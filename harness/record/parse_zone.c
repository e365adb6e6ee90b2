// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zoneinfo and buddyinfo: the files with a section per zone.
 */
#include "harness/record/parse.h"

#include <stdio.h>
#include <string.h>

struct zone {
	char node[24]; /* node0 */
	char zone[64]; /* node0:Normal */
};

/* "Node 0, zone   Normal …": what follows is left in *rest. */
static bool take_zone(struct text *rest, struct zone *zone)
{
	struct text number, name;
	struct number id;

	if (!text_is(text_take_word(rest), "Node"))
		return false;
	text_skip_blanks(rest);
	if (!text_take_until(rest, ',', &number) ||
	    text_number(number, &id) != READING_NUMBER || id.value < 0 || id.value > 65535 ||
	    !text_is(text_take_word(rest), "zone"))
		return false;
	name = text_take_word(rest);
	if (!text_length(name) || text_length(name) > 32)
		return false;
	snprintf(zone->node, sizeof(zone->node), "node%u", (unsigned)id.value);
	snprintf(zone->zone, sizeof(zone->zone), "%s:%.*s", zone->node, (int)text_length(name),
		 name.at);
	return true;
}

/* "protection: (0, 3019, 4299)": lowmem_reserve against allocations for zone i */
static int put_protection(struct parse *p, const char *scope, struct text rest)
{
	struct text inner, value;
	int ret = 0;

	text_skip_blanks(&rest);
	if (rest.at == rest.end || *rest.at++ != '(' || !text_take_until(&rest, ')', &inner))
		return parse_lose_line(p, "no list");
	for (unsigned i = 0; !ret && inner.at < inner.end; i++) {
		char key[KEY_BYTES];

		text_skip_blanks(&inner);
		if (!text_take_until(&inner, ',', &value)) {
			value = inner;
			inner.at = inner.end;
		}
		snprintf(key, sizeof(key), "protection.%u", i);
		ret = parse_put_value(p, scope, key, value);
	}
	return ret;
}

#define PAGE_SETS "pagesets.count"

/* The state of the parser. */
struct zone_state {
	struct zone zone;
	struct number in_sets; /* pages of the zone's per-CPU sets so far */
	const char *scope;     /* of the next keys; NULL: unknown zone */
	bool has_sets, in_sets_now;
	bool counted; /* this CPU's set */
};

/*
 * "cpu: 0", "count: 371", "high: 378" … of one CPU's page set, of which the count is added
 * to the zone's sum.
 */
static int add_page_set(struct parse *p, struct zone_state *s, struct text rest)
{
	struct text key = text_take_word(&rest);
	struct number n;

	if (text_is(key, "cpu:"))
		s->counted = false;
	if (!text_is(key, "count:"))
		return 0;
	if (s->counted)
		return parse_lose_key(p, s->zone.zone, PAGE_SETS,
				      "a count that is there twice");
	s->counted = true;
	if (text_number(text_take_word(&rest), &n) != READING_NUMBER || n.decimals)
		return parse_lose_key(p, s->zone.zone, PAGE_SETS, "no number");
	if (__builtin_add_overflow(s->in_sets.value, n.value, &s->in_sets.value))
		return parse_lose_key(p, s->zone.zone, PAGE_SETS, "too large a sum");
	return 0;
}

/* The zone that ends here: free pages on the lists of its CPUs, which `free` leaves out. */
static int put_page_sets(struct parse *p, struct zone_state *s)
{
	const struct counter_type type = { KIND_GAUGE, UNIT_PAGES };
	const bool is_last = p->rest.at == p->rest.end && text_length(p->cut);
	const bool is_cut = is_last && (!s->has_sets || s->in_sets_now);
	int ret = 0;

	if (s->zone.zone[0] && is_cut)
		ret = parse_lose_key(p, s->zone.zone, PAGE_SETS, "the file is cut short");
	else if (s->zone.zone[0])
		ret = parse_put_as(p, s->zone.zone, PAGE_SETS, type, s->in_sets);
	s->in_sets.value = 0;
	return ret;
}

/* The lines after a heading that is not understood belong to an unknown zone. */
static int begin_zone(struct parse *p, struct zone_state *s, struct text line)
{
	int ret = put_page_sets(p, s);

	s->has_sets = s->in_sets_now = false;
	s->scope = NULL;
	s->zone.zone[0] = '\0';
	if (ret)
		return ret;
	if (!take_zone(&line, &s->zone))
		return parse_lose_line(p, "no zone");
	s->scope = s->zone.zone;
	return 0;
}

/* "nr_free_pages 3977", "pages free 3977", "start_pfn: 1", "protection: (0, 3019)" */
static int put_zone_key(struct parse *p, struct zone_state *s, struct text line)
{
	struct text key = text_take_word(&line);

	if (text_is(key, "pages")) {
		s->scope = s->zone.zone;
		key = text_take_word(&line);
	}
	if (text_is(key, "protection:"))
		return put_protection(p, s->scope, line);
	if (text_length(key) && key.end[-1] == ':')
		key.end--;
	return parse_put_pair(p, s->scope, key, line);
}

/*
 * "pagesets", the deeper lines below it, whose keys end in a colon as else protection's alone
 * does, and the line at their end (zoneinfo_show_print(), mm/vmstat.c).
 */
static bool is_of_page_sets(struct text line, size_t indent)
{
	struct text rest = line, key = text_take_word(&rest);

	if (text_is(line, "pagesets") || text_starts(line, "vm stats threshold"))
		return true;
	return indent > 2 && key.end[-1] == ':' && !text_is(key, "protection:");
}

/* A line below a zone's heading, without its indent. */
static int take_zone_line(struct parse *p, struct zone_state *s, struct text line,
			  size_t indent)
{
	if (!s->scope)
		return parse_lose_line(p, "no zone before it");
	s->in_sets_now = is_of_page_sets(line, indent);
	s->has_sets = s->has_sets || s->in_sets_now;
	if (s->in_sets_now)
		return add_page_set(p, s, line);
	if (text_is(line, "per-node stats")) {
		s->scope = s->zone.node;
		return 0;
	}
	return put_zone_key(p, s, line);
}

/* Of the per-CPU page sets only the sum of their pages is kept: rows by CPU would be many. */
int parse_zoneinfo(struct parse *p)
{
	struct zone_state s = { .scope = NULL };
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text line = p->line;
		size_t indent;

		text_skip_blanks(&line);
		indent = (size_t)(line.at - p->line.at);
		if (line.at == line.end)
			continue;
		if (indent)
			ret = take_zone_line(p, &s, line, indent);
		else if (text_starts(line, "Node"))
			ret = begin_zone(p, &s, line);
		else
			ret = parse_lose_line(p, "no zone");
	}
	return ret ? ret : put_page_sets(p, &s);
}

static int put_orders(struct parse *p)
{
	struct text rest = p->line, value;
	struct zone zone;
	int ret = 0;

	if (!take_zone(&rest, &zone))
		return parse_lose_line(p, "no zone");
	for (unsigned order = 0; !ret && text_length(value = text_take_word(&rest)); order++) {
		char key[KEY_BYTES];

		snprintf(key, sizeof(key), "order%u", order);
		ret = parse_put_value(p, zone.zone, key, value);
	}
	return ret;
}

int parse_buddyinfo(struct parse *p)
{
	int ret = 0;

	while (!ret && parse_next_line(p))
		ret = put_orders(p);
	return ret;
}
