// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zoneinfo and buddyinfo: what is told zone by zone.
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
	int err = 0;

	text_skip_blanks(&rest);
	if (rest.at == rest.end || *rest.at++ != '(' || !text_take_until(&rest, ')', &inner))
		return parse_bad_line(p, "no list");
	for (unsigned i = 0; !err && inner.at < inner.end; i++) {
		char key[KEY_BYTES];

		text_skip_blanks(&inner);
		if (!text_take_until(&inner, ',', &value)) {
			value = inner;
			inner.at = inner.end;
		}
		snprintf(key, sizeof(key), "protection.%u", i);
		err = parse_put_value(p, scope, key, value);
	}
	return err;
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
	int err = 0;

	if (zone->zone[0])
		err = parse_put_as(p, zone->zone, "pagesets.count", KIND_GAUGE, UNIT_PAGES,
				   *sum);
	sum->value = 0;
	return err;
}

/* Of the per-CPU page sets only the sum of their pages is kept: rows by CPU would be many. */
int parse_zoneinfo(struct parse *p)
{
	struct zone zone = { 0 };
	struct number in_sets = { 0 };
	const char *scope = NULL;
	bool in_pagesets = false;
	int err = 0;

	while (!err && parse_next_line(p)) {
		struct text rest = p->line, key;
		size_t indent;

		text_skip_blanks(&rest);
		indent = (size_t)(rest.at - p->line.at);
		if (rest.at == rest.end)
			continue;
		if (!indent) {
			err = put_page_sets(p, &zone, &in_sets);
			if (!err && !take_zone(&rest, &zone))
				return parse_bad_line(p, "no zone");
			scope = zone.zone;
			in_pagesets = false;
			continue;
		}
		if (!scope)
			return parse_bad_line(p, "no zone before it");
		if (in_pagesets && (indent > 2 || text_starts(rest, "vm stats threshold"))) {
			err = add_page_set(p, rest, &in_sets);
			continue;
		}
		in_pagesets = text_is(rest, "pagesets");
		if (in_pagesets)
			continue;
		if (text_is(rest, "per-node stats")) {
			scope = zone.node;
			continue;
		}
		key = text_take_word(&rest);
		if (text_is(key, "pages")) {
			scope = zone.zone;
			key = text_take_word(&rest);
		}
		if (text_is(key, "protection:")) {
			err = put_protection(p, scope, rest);
			continue;
		}
		if (text_length(key) && key.end[-1] == ':')
			key.end--;
		err = parse_put_pair(p, scope, key, rest);
	}
	return err ? err : put_page_sets(p, &zone, &in_sets);
}

int parse_buddyinfo(struct parse *p)
{
	struct zone zone;
	int err = 0;

	while (!err && parse_next_line(p)) {
		struct text rest = p->line, value;

		if (!take_zone(&rest, &zone))
			return parse_bad_line(p, "no zone");
		for (unsigned order = 0; !err; order++) {
			char key[KEY_BYTES];

			value = text_take_word(&rest);
			if (!text_length(value))
				break;
			snprintf(key, sizeof(key), "order%u", order);
			err = parse_put_value(p, zone.zone, key, value);
		}
	}
	return err;
}
