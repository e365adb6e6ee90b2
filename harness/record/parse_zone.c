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
		return parse_bad_line(p, "no list");
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

/* "count: 371" of one CPU's page set, added to the zone's sum. */
static int add_page_set(struct parse *p, struct text rest, struct number *sum)
{
	struct number n;

	if (!text_is(text_take_word(&rest), "count:"))
		return 0;
	if (text_number(text_take_word(&rest), &n) != READING_NUMBER)
		return parse_bad_line(p, "no number");
	if (n.decimals || __builtin_add_overflow(sum->value, n.value, &sum->value))
		return parse_bad_line(p, "no count");
	return 0;
}

/* The zone that ends here: free pages on the lists of its CPUs, which `free` leaves out. */
static int put_page_sets(struct parse *p, const struct zone *zone, struct number *sum)
{
	int ret = 0;

	if (zone->zone[0])
		ret = parse_put_as(p, zone->zone, "pagesets.count",
				   (struct counter_type){ KIND_GAUGE, UNIT_PAGES }, *sum);
	sum->value = 0;
	return ret;
}

/* The state of the parser. */
struct zone_state {
	struct zone zone;
	struct number in_sets; /* pages of the zone's per-CPU sets so far */
	const char *scope;     /* whose keys come; NULL before the first zone */
	bool in_pagesets;
};

static int begin_zone(struct parse *p, struct zone_state *s, struct text line)
{
	int ret = put_page_sets(p, &s->zone, &s->in_sets);

	if (ret)
		return ret;
	if (!take_zone(&line, &s->zone))
		return parse_bad_line(p, "no zone");
	s->scope = s->zone.zone;
	s->in_pagesets = false;
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

/* A line below a zone's heading, without its indent. */
static int take_zone_line(struct parse *p, struct zone_state *s, struct text line,
			  size_t indent)
{
	if (!s->scope)
		return parse_bad_line(p, "no zone before it");
	if (s->in_pagesets && (indent > 2 || text_starts(line, "vm stats threshold")))
		return add_page_set(p, line, &s->in_sets);
	s->in_pagesets = text_is(line, "pagesets");
	if (s->in_pagesets)
		return 0;
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
		ret = indent ? take_zone_line(p, &s, line, indent) : begin_zone(p, &s, line);
	}
	return ret ? ret : put_page_sets(p, &s.zone, &s.in_sets);
}

int parse_buddyinfo(struct parse *p)
{
	struct zone zone;
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, value;

		if (!take_zone(&rest, &zone))
			return parse_bad_line(p, "no zone");
		for (unsigned order = 0; !ret; order++) {
			char key[KEY_BYTES];

			value = text_take_word(&rest);
			if (!text_length(value))
				break;
			snprintf(key, sizeof(key), "order%u", order);
			ret = parse_put_value(p, zone.zone, key, value);
		}
	}
	return ret;
}
