// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses the bytes of one file into one side of a record: the formats that are keys with
 * values, and the table of all formats. Pure; strict about form, open about keys. What is not
 * understood is lost alone: the parsers fail only when out of memory.
 */
#include "harness/record/parse.h"

#include <errno.h>
#include <string.h>

#include "workloads/api/arith.h"

static int parse_key_value(struct parse *p)
{
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, key = text_take_word(&rest);

		ret = parse_put_pair(p, p->scope, key, rest);
	}
	return ret;
}

static int parse_colon(struct parse *p)
{
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, key;

		if (text_take_until(&rest, ':', &key))
			ret = parse_put_pair(p, p->scope, key, rest);
		else
			ret = parse_lose_line(p, "no colon");
	}
	return ret;
}

/* Of two lines neither is known to be the number. */
static int parse_single(struct parse *p)
{
	struct text rest;

	if (!parse_next_line(p))
		return 0;
	if (p->rest.at != p->rest.end)
		return parse_lose_key(p, p->scope, p->source->name, "more than one line");
	rest = p->line;
	return parse_put_pair(p, p->scope,
			      (struct text){ p->source->name, strchr(p->source->name, 0) },
			      rest);
}

/* In status these look like numbers, or could, and are names, masks and lists. */
static bool is_text_key(const char *key)
{
	static const char *const prefixes[] = {
		"Name", "Umask", "State", "Uid",   "Gid",   "Groups",	  "NS",
		"Sig",	"Shd",	 "Cap",	  "Cpus_", "Mems_", "untag_mask", "x86_",
	};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(key, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static int put_kb_line(struct parse *p, struct text rest)
{
	const bool status = p->source->format == FORMAT_STATUS;
	struct text key_span;
	char key[KEY_BYTES];
	struct number n;
	struct counter_type type;
	enum reading reading;
	const char *why;

	if (!text_take_until(&rest, ':', &key_span))
		return parse_lose_line(p, "no colon");
	if (!parse_keep_key(key_span, key))
		return parse_lose_line(p, "no key");
	if (status && is_text_key(key))
		return 0;
	reading = parse_read_kb(p, key, rest, &n, &type);
	if (reading == READING_TEXT && status && !counters_rule(p->source, key))
		return 0;
	why = parse_why_unread(reading, type.kind);
	if (why)
		return parse_lose_key(p, p->scope, key, why);
	return reading == READING_NUMBER ? parse_put_as(p, p->scope, key, type, n) : 0;
}

/* "Node 0 MemFree: 123 kB" */
static int put_node_line(struct parse *p)
{
	struct text rest = p->line;

	if (!text_is(text_take_word(&rest), "Node"))
		return parse_lose_line(p, "no node");
	text_take_word(&rest);
	text_skip_blanks(&rest);
	return put_kb_line(p, rest);
}

static int parse_kb(struct parse *p)
{
	const bool node = p->source->format == FORMAT_NODE_KB;
	int ret = 0;

	while (!ret && parse_next_line(p))
		ret = node ? put_node_line(p) : put_kb_line(p, p->line);
	return ret;
}

/* The rest of a line: prefix.name for each word. */
static int put_assignments(struct parse *p, struct text prefix, struct text rest)
{
	struct text word = text_take_word(&rest);
	int ret = text_length(word) ? 0 : parse_lose_line(p, "no name=value");

	for (; !ret && text_length(word); word = text_take_word(&rest))
		ret = parse_put_assignment(p, prefix, word);
	return ret;
}

/* pressure: "some avg10=0.00 …" */
static int parse_assignments(struct parse *p)
{
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, prefix = text_take_word(&rest);

		ret = put_assignments(p, prefix, rest);
	}
	return ret;
}

/* Version 1: "total=4647 N0=4647" → total, total.N0. Version 2: "anon N0=1" → anon.N0. */
static int parse_numa_stat(struct parse *p)
{
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, first = text_take_word(&rest), prefix;

		if (text_take_until(&first, '=', &prefix))
			ret = parse_put_pair(p, p->scope, prefix, first);
		else
			prefix = first;
		if (!ret)
			ret = put_assignments(p, prefix, rest);
	}
	return ret;
}

/* A line without its newline: its last number may be only the beginning of one. */
static int lose_cut_line(struct parse *p)
{
	struct text whole = p->rest;
	unsigned lines = 1;

	while (p->rest.end > whole.at && p->rest.end[-1] != '\n')
		p->rest.end--;
	p->cut = (struct text){ p->rest.end, whole.end };
	if (!text_length(p->cut))
		return 0;
	for (const char *c = whole.at; c < p->rest.end; c++)
		lines += *c == '\n';
	p->line = p->cut;
	p->line_number = lines;
	if (parse_lose_line(p, "the line is cut short"))
		return -ENOMEM;
	p->line_number = 0;
	return 0;
}

int counters_parse(struct record *record, bool after, const struct source_text *text,
		   struct error *e)
{
	static int (*const parsers[])(struct parse *) = {
		[FORMAT_KEY_VALUE] = parse_key_value,
		[FORMAT_KEY_KB] = parse_kb,
		[FORMAT_STATUS] = parse_kb,
		[FORMAT_NODE_KB] = parse_kb,
		[FORMAT_IO] = parse_colon,
		[FORMAT_SINGLE] = parse_single,
		[FORMAT_ZONEINFO] = parse_zoneinfo,
		[FORMAT_BUDDYINFO] = parse_buddyinfo,
		[FORMAT_PRESSURE] = parse_assignments,
		[FORMAT_CPU_STAT] = parse_cpu_stat,
		[FORMAT_SWAPS] = parse_swaps,
		[FORMAT_DISKSTATS] = parse_diskstats,
		[FORMAT_PID_STAT] = parse_pid_stat,
		[FORMAT_STATM] = parse_statm,
		[FORMAT_NUMA_STAT] = parse_numa_stat,
	};
	static const struct range all = { 0, UINT64_MAX };
	const struct source *source = text->source;
	const struct range range = source->place == PLACE_MAPPING ? text->range : all;
	const struct text whole = { text->bytes, text->bytes + text->length };
	struct parse p = {
		.record = record,
		.after = after,
		.source = source,
		.scope = text->scope,
		.e = e,
		.rest = whole,
		.line = whole,
	};

	if (lose_cut_line(&p))
		return -ENOMEM;
	if (source->format == FORMAT_SMAPS)
		return parse_smaps(&p, range);
	if (source->format == FORMAT_NUMA_MAPS)
		return parse_numa_maps(&p, range);
	return parsers[source->format](&p);
}
