// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parsers: the bytes of one file into one side of a record. Pure; strict about
 * form, open about keys.
 */
#include "harness/record/counters.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES    96
#define SCOPE_BYTES  4200 /* "swap:" and a path */
#define DECIMALS_MAX 6
#define SUMS_MAX     160 /* keys of one mapping: smaps has about 30, numa_maps one per node */
#define QUOTE_CHARS  160

struct text {
	const char *at, *end;
};

struct parse {
	struct record *record;
	bool after;
	const struct source *source;
	const char *scope;
	struct error *e;
	struct text rest; /* what is not yet read */
	struct text line; /* without its newline */
	unsigned line_number;
};

static size_t text_length(struct text s)
{
	return (size_t)(s.end - s.at);
}

static bool text_is(struct text s, const char *text)
{
	return text_length(s) == strlen(text) && !memcmp(s.at, text, text_length(s));
}

static bool text_starts(struct text s, const char *text)
{
	return text_length(s) >= strlen(text) && !memcmp(s.at, text, strlen(text));
}

/* ---- errors ---- */

static int bad_line(struct parse *p, const char *reason)
{
	char quoted[QUOTE_CHARS + 1];
	size_t n = 0;

	for (const char *c = p->line.at; c < p->line.end && n < QUOTE_CHARS; c++)
		quoted[n++] = *c >= ' ' && *c <= '~' ? *c : '?';
	quoted[n] = '\0';
	return error_set(
		p->e, EBADMSG,
		"%s of %s, line %u: %s: \"%s\"; if this kernel writes the file in a new "
		"way, please report the line",
		p->source->name, p->scope, p->line_number, reason, quoted);
}

static int no_memory(struct parse *p)
{
	return error_set(p->e, ENOMEM, "%s of %s: out of memory", p->source->name, p->scope);
}

/* ---- lines, tokens, numbers ---- */

static bool next_line(struct parse *p)
{
	const char *newline;

	if (p->rest.at == p->rest.end)
		return false;
	newline = memchr(p->rest.at, '\n', text_length(p->rest));
	p->line = (struct text){ p->rest.at, newline };
	p->rest.at = newline + 1;
	p->line_number++;
	return true;
}

static void skip_blanks(struct text *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
		s->at++;
}

/* The next word of *s, which moves behind it; empty at the end. */
static struct text take_word(struct text *s)
{
	struct text word;

	skip_blanks(s);
	word = (struct text){ s->at, s->at };
	while (word.end < s->end && *word.end != ' ' && *word.end != '\t')
		word.end++;
	s->at = word.end;
	return word;
}

/* Splits *s at the first `mark`: what stands before it is returned, *s moves behind it. */
static bool take_until(struct text *s, char mark, struct text *before)
{
	const char *found = memchr(s->at, mark, text_length(*s));

	if (!found)
		return false;
	*before = (struct text){ s->at, found };
	s->at = found + 1;
	return true;
}

enum reading {
	READING_NUMBER,
	READING_NONE, /* "max", or too large to be anything but "no limit" */
	READING_TEXT,
};

static enum reading read_number(struct text s, struct number *n)
{
	bool minus = s.at < s.end && *s.at == '-', fits = true;
	struct number out = { 0 };

	if (text_is(s, "max"))
		return READING_NONE;
	s.at += minus;
	if (s.at == s.end || *s.at < '0' || *s.at > '9' ||
	    text_length(s) > 20 + 1 + DECIMALS_MAX)
		return READING_TEXT;
	for (bool point = false; s.at < s.end; s.at++) {
		if (*s.at == '.' && !point && s.at + 1 < s.end) {
			point = true;
			continue;
		}
		if (*s.at < '0' || *s.at > '9')
			return READING_TEXT;
		fits = fits && !__builtin_mul_overflow(out.value, 10, &out.value) &&
		       !__builtin_add_overflow(out.value, *s.at - '0', &out.value);
		out.decimals += point;
	}
	if (out.decimals > DECIMALS_MAX)
		return READING_TEXT;
	if (!fits)
		return READING_NONE;
	if (minus)
		out.value = -out.value;
	*n = out;
	return READING_NUMBER;
}

static bool read_hex(struct text s, uint64_t *value)
{
	uint64_t out = 0;

	if (s.at == s.end || text_length(s) > 16)
		return false;
	for (; s.at < s.end; s.at++) {
		unsigned digit;

		if (*s.at >= '0' && *s.at <= '9')
			digit = (unsigned)(*s.at - '0');
		else if (*s.at >= 'a' && *s.at <= 'f')
			digit = (unsigned)(*s.at - 'a') + 10;
		else
			return false;
		out = out << 4 | digit;
	}
	*value = out;
	return true;
}

/* ---- putting ---- */

static int put_as(struct parse *p, const char *scope, const char *key, enum kind kind,
		  enum unit unit, struct number n)
{
	int err = record_put(p->record, p->after, scope, p->source->name, key, kind, unit, n);

	if (err == -EEXIST) {
		char reason[KEY_BYTES + 32];

		snprintf(reason, sizeof(reason), "%s is there twice", key);
		return bad_line(p, reason);
	}
	return err ? no_memory(p) : 0;
}

/* Copies a key out of the line: printable, no blank, not too long. */
static bool keep_key(struct text s, char key[KEY_BYTES])
{
	size_t length = text_length(s);

	if (!length || length >= KEY_BYTES)
		return false;
	for (size_t i = 0; i < length; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	memcpy(key, s.at, length);
	key[length] = '\0';
	return true;
}

static int put_value(struct parse *p, const char *scope, const char *key, struct text value)
{
	struct number n;
	enum kind kind;
	enum unit unit;

	switch (read_number(value, &n)) {
	case READING_NUMBER:
		counters_classify(p->source, key, &kind, &unit);
		return put_as(p, scope, key, kind, unit, n);
	case READING_NONE:
		return 0;
	case READING_TEXT:
		break;
	}
	return bad_line(p, "no number");
}

/* Key and value where the line holds them; nothing may follow. */
static int put_pair(struct parse *p, const char *scope, struct text key_span, struct text rest)
{
	char key[KEY_BYTES];
	struct text value = take_word(&rest);

	skip_blanks(&rest);
	if (!keep_key(key_span, key))
		return bad_line(p, "no key");
	if (rest.at != rest.end)
		return bad_line(p, "more than one value");
	return put_value(p, scope, key, value);
}

/* prefix.name, or prefix.fieldN where the kernel has more columns than we have names. */
static int put_column(struct parse *p, const char *scope, struct text prefix,
		      const char *const *names, unsigned nr_names, unsigned column,
		      struct text value)
{
	char key[KEY_BYTES];
	int dot = text_length(prefix) > 0;

	if (text_length(prefix) > KEY_BYTES / 2)
		return bad_line(p, "no key");
	if (column < nr_names)
		snprintf(key, sizeof(key), "%.*s%s%s", (int)text_length(prefix), prefix.at,
			 dot ? "." : "", names[column]);
	else
		snprintf(key, sizeof(key), "%.*s%sfield%u", (int)text_length(prefix), prefix.at,
			 dot ? "." : "", column + 1);
	return put_value(p, scope, key, value);
}

/* "prefix" and "name=value": prefix.name */
static int put_assignment(struct parse *p, struct text prefix, struct text word)
{
	struct text name;
	char key[KEY_BYTES];

	if (!take_until(&word, '=', &name) || !text_length(name))
		return bad_line(p, "no name=value");
	if (!keep_key(prefix, key) || text_length(prefix) + text_length(name) + 2 > KEY_BYTES)
		return bad_line(p, "no key");
	key[text_length(prefix)] = '.';
	if (!keep_key(name, key + text_length(prefix) + 1))
		return bad_line(p, "no key");
	return put_value(p, p->scope, key, word);
}

/* ---- one parser per format ---- */

static int parse_key_value(struct parse *p)
{
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, key = take_word(&rest);

		err = put_pair(p, p->scope, key, rest);
	}
	return err;
}

static int parse_colon(struct parse *p)
{
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, key;

		if (!take_until(&rest, ':', &key))
			return bad_line(p, "no colon");
		err = put_pair(p, p->scope, key, rest);
	}
	return err;
}

static int parse_single(struct parse *p)
{
	struct text rest;

	next_line(p);
	if (p->rest.at != p->rest.end)
		return bad_line(p, "more than one line");
	rest = p->line;
	return put_pair(p, p->scope,
			(struct text){ p->source->name, strchr(p->source->name, 0) }, rest);
}

/* "123 kB" or "123" after the colon. The line's own kB overrules the table. */
static enum reading read_kb(struct parse *p, const char *key, struct text rest,
			    struct number *n, enum kind *kind, enum unit *unit)
{
	struct text value = take_word(&rest), suffix = take_word(&rest);

	skip_blanks(&rest);
	if (rest.at != rest.end || (text_length(suffix) && !text_is(suffix, "kB")))
		return READING_TEXT;
	counters_classify(p->source, key, kind, unit);
	if (text_length(suffix))
		*unit = UNIT_KB;
	else if (*unit == UNIT_KB)
		*unit = UNIT_COUNT;
	return read_number(value, n);
}

/* In status these look like numbers, or could, and are names, masks and lists. */
static bool is_text_key(const char *key)
{
	static const char *const prefixes[] = {
		"Name", "Umask", "State", "Uid",   "Gid",   "Groups",	  "NS",
		"Sig",	"Shd",	 "Cap",	  "Cpus_", "Mems_", "untag_mask", "x86_",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(key, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static int put_kb_line(struct parse *p, struct text rest)
{
	bool status = p->source->format == FORMAT_STATUS;
	struct text key_span;
	char key[KEY_BYTES];
	struct number n;
	enum kind kind;
	enum unit unit;

	if (!take_until(&rest, ':', &key_span))
		return bad_line(p, "no colon");
	if (!keep_key(key_span, key))
		return bad_line(p, "no key");
	if (status && is_text_key(key))
		return 0;
	switch (read_kb(p, key, rest, &n, &kind, &unit)) {
	case READING_NUMBER:
		return put_as(p, p->scope, key, kind, unit, n);
	case READING_NONE:
		return 0;
	case READING_TEXT:
		break;
	}
	return status && !counters_rule(p->source, key) ? 0 : bad_line(p, "no number");
}

static int parse_kb(struct parse *p)
{
	bool node = p->source->format == FORMAT_NODE_KB;
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line;

		if (node) {
			if (!text_is(take_word(&rest), "Node"))
				return bad_line(p, "no node");
			take_word(&rest);
			skip_blanks(&rest);
		}
		err = put_kb_line(p, rest);
	}
	return err;
}

struct zone {
	char node[24]; /* node0 */
	char zone[64]; /* node0:Normal */
};

/* "Node 0, zone   Normal …": what follows is left in *rest. */
static bool take_zone(struct text *rest, struct zone *zone)
{
	struct text number, name;
	struct number id;

	if (!text_is(take_word(rest), "Node"))
		return false;
	skip_blanks(rest);
	if (!take_until(rest, ',', &number) || read_number(number, &id) != READING_NUMBER ||
	    id.value < 0 || id.value > 65535 || !text_is(take_word(rest), "zone"))
		return false;
	name = take_word(rest);
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

	skip_blanks(&rest);
	if (rest.at == rest.end || *rest.at++ != '(' || !take_until(&rest, ')', &inner))
		return bad_line(p, "no list");
	for (unsigned i = 0; !err && inner.at < inner.end; i++) {
		char key[KEY_BYTES];

		skip_blanks(&inner);
		if (!take_until(&inner, ',', &value)) {
			value = inner;
			inner.at = inner.end;
		}
		snprintf(key, sizeof(key), "protection.%u", i);
		err = put_value(p, scope, key, value);
	}
	return err;
}

/* "count: 371" of one CPU's page set, added to the zone's sum. */
static int add_page_set(struct parse *p, struct text rest, struct number *sum)
{
	struct number n;

	if (!text_is(take_word(&rest), "count:"))
		return 0;
	if (read_number(take_word(&rest), &n) != READING_NUMBER)
		return bad_line(p, "no number");
	sum->value += n.value;
	return 0;
}

/* The zone that ends here: free pages on the lists of its CPUs, which `free` leaves out. */
static int put_page_sets(struct parse *p, const struct zone *zone, struct number *sum)
{
	int err = 0;

	if (zone->zone[0])
		err = put_as(p, zone->zone, "pagesets.count", KIND_GAUGE, UNIT_PAGES, *sum);
	sum->value = 0;
	return err;
}

/* Of the per-CPU page sets only the sum of their pages is kept: rows by CPU would be many. */
static int parse_zoneinfo(struct parse *p)
{
	struct zone zone = { 0 };
	struct number in_sets = { 0 };
	const char *scope = NULL;
	bool in_pagesets = false;
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, key;
		size_t indent;

		skip_blanks(&rest);
		indent = (size_t)(rest.at - p->line.at);
		if (rest.at == rest.end)
			continue;
		if (!indent) {
			err = put_page_sets(p, &zone, &in_sets);
			if (!err && !take_zone(&rest, &zone))
				return bad_line(p, "no zone");
			scope = zone.zone;
			in_pagesets = false;
			continue;
		}
		if (!scope)
			return bad_line(p, "no zone before it");
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
		key = take_word(&rest);
		if (text_is(key, "pages")) {
			scope = zone.zone;
			key = take_word(&rest);
		}
		if (text_is(key, "protection:")) {
			err = put_protection(p, scope, rest);
			continue;
		}
		if (text_length(key) && key.end[-1] == ':')
			key.end--;
		err = put_pair(p, scope, key, rest);
	}
	return err ? err : put_page_sets(p, &zone, &in_sets);
}

static int parse_buddyinfo(struct parse *p)
{
	struct zone zone;
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, value;

		if (!take_zone(&rest, &zone))
			return bad_line(p, "no zone");
		for (unsigned order = 0; !err; order++) {
			char key[KEY_BYTES];

			value = take_word(&rest);
			if (!text_length(value))
				break;
			snprintf(key, sizeof(key), "order%u", order);
			err = put_value(p, zone.zone, key, value);
		}
	}
	return err;
}

/* pressure: "some avg10=0.00 …"; numa_stat of version 2: "anon N0=1 …" */
static int parse_assignments(struct parse *p)
{
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, prefix = take_word(&rest), word;

		while (!err && text_length(word = take_word(&rest)))
			err = put_assignment(p, prefix, word);
	}
	return err;
}

/* Version 1: "total=4647 N0=4647" → total, total.N0. Version 2: "anon N0=1" → anon.N0. */
static int parse_numa_stat(struct parse *p)
{
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, first = take_word(&rest), prefix, word;

		if (take_until(&first, '=', &prefix))
			err = put_pair(p, p->scope, prefix, first);
		else
			prefix = first;
		while (!err && text_length(word = take_word(&rest)))
			err = put_assignment(p, prefix, word);
	}
	return err;
}

static int parse_cpu_stat(struct parse *p)
{
	static const char *const names[] = {
		"user", "nice",	   "system", "idle",  "iowait",
		"irq",	"softirq", "steal",  "guest", "guest_nice"
	};
	const unsigned nr_names = sizeof(names) / sizeof(names[0]);
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, key = take_word(&rest), value;

		if (text_is(key, "intr") || text_is(key, "softirq")) {
			/* the first number is the total; the others are per interrupt */
			err = put_pair(p, p->scope, key, take_word(&rest));
			continue;
		}
		if (!text_starts(key, "cpu")) {
			err = put_pair(p, p->scope, key, rest);
			continue;
		}
		for (unsigned i = 0; !err && text_length(value = take_word(&rest)); i++)
			err = put_column(p, p->scope, key, names, nr_names, i, value);
	}
	return err;
}

static int parse_swaps(struct parse *p)
{
	static const char *const names[] = { "Size", "Used", "Priority" };
	char scope[SCOPE_BYTES];
	int err = 0;

	next_line(p);
	if (!text_starts(p->line, "Filename"))
		return bad_line(p, "no heading");
	while (!err && next_line(p)) {
		struct text rest = p->line, path = take_word(&rest), value;

		take_word(&rest); /* partition, file */
		if (!text_length(path) || text_length(path) >= SCOPE_BYTES - sizeof("swap:"))
			return bad_line(p, "no path");
		snprintf(scope, sizeof(scope), "swap:%.*s", (int)text_length(path), path.at);
		for (unsigned i = 0; !err && i < 3; i++) {
			value = take_word(&rest);
			err = put_column(p, scope, (struct text){ 0 }, names, 3, i, value);
		}
		skip_blanks(&rest);
		if (!err && rest.at != rest.end)
			return bad_line(p, "more columns than the heading");
	}
	return err;
}

/* Names by Documentation/block/stat.rst, which has the same columns. */
static int parse_diskstats(struct parse *p)
{
	static const char *const names[] = {
		"read_ios",	  "read_merges",     "read_sectors",  "read_ticks",
		"write_ios",	  "write_merges",    "write_sectors", "write_ticks",
		"in_flight",	  "io_ticks",	     "time_in_queue", "discard_ios",
		"discard_merges", "discard_sectors", "discard_ticks", "flush_ios",
		"flush_ticks",
	};
	const unsigned nr_names = sizeof(names) / sizeof(names[0]);
	char scope[KEY_BYTES];
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, name, value;
		unsigned i;

		take_word(&rest); /* major */
		take_word(&rest); /* minor */
		name = take_word(&rest);
		if (!text_length(name) || text_length(name) > KEY_BYTES / 2)
			return bad_line(p, "no device");
		snprintf(scope, sizeof(scope), "disk:%.*s", (int)text_length(name), name.at);
		for (i = 0; !err && text_length(value = take_word(&rest)); i++)
			err = put_column(p, scope, (struct text){ 0 }, names, nr_names, i,
					 value);
		if (!err && i < 11)
			return bad_line(p, "fewer than 11 columns");
	}
	return err;
}

/*
 * Fields by their numbers in proc(5); those left out are text, addresses, identities or
 * obsolete. The name in parentheses may hold anything, a newline too, so the fields
 * count from the last parenthesis.
 */
static int parse_pid_stat(struct parse *p)
{
	/* clang-format off */
	static const char *const names[] = {
		[10] = "minflt", "cminflt", "majflt", "cmajflt",
		[14] = "utime", "stime", "cutime", "cstime",
		[18] = "priority", "nice", "num_threads",
		[22] = "starttime", "vsize", "rss", "rsslim",
		[39] = "processor", "rt_priority", "policy", "delayacct_blkio_ticks",
		[43] = "guest_time", "cguest_time",
	};
	/* clang-format on */
	const unsigned nr_names = sizeof(names) / sizeof(names[0]), state_field = 3,
		       rss_field = 24;
	struct text rest = { p->rest.at, p->rest.end - 1 }, value;
	const char *paren = NULL;
	unsigned field;
	int err = 0;

	p->line = rest;
	p->line_number = 1;
	for (const char *c = rest.at; c < rest.end; c++)
		if (*c == ')')
			paren = c;
	if (!paren)
		return bad_line(p, "no name");
	rest.at = paren + 1;
	for (field = state_field; !err && text_length(value = take_word(&rest)); field++)
		if (field < nr_names && names[field])
			err = put_value(p, p->scope, names[field], value);
	if (!err && field <= rss_field)
		return bad_line(p, "too few fields");
	return err;
}

static int parse_statm(struct parse *p)
{
	static const char *const names[] = { "size", "resident", "shared", "text",
					     "lib",  "data",	 "dt" };
	struct text rest, value;
	int err = 0;

	next_line(p);
	rest = p->line;
	for (unsigned i = 0; !err && i < 7; i++) {
		value = take_word(&rest);
		err = put_value(p, p->scope, names[i], value);
	}
	skip_blanks(&rest);
	if (!err && (rest.at != rest.end || p->rest.at != p->rest.end))
		return bad_line(p, "more than seven numbers");
	return err;
}

/* ---- mappings: the measured range may have been split into several entries ---- */

struct sum {
	char key[KEY_BYTES];
	enum kind kind;
	enum unit unit;
	struct number n;
	unsigned in_entry; /* the last entry that had it, from 1 */
};

struct sums {
	struct sum sum[SUMS_MAX];
	unsigned nr, entries, last;
};

/* Entries repeat their keys in the same order, so the search begins behind the last one. */
static struct sum *find_sum(struct sums *sums, const char *key)
{
	for (unsigned i = 0; i < sums->nr; i++) {
		unsigned at = (sums->last + 1 + i) % sums->nr;

		if (!strcmp(sums->sum[at].key, key)) {
			sums->last = at;
			return &sums->sum[at];
		}
	}
	return NULL;
}

/* A setting (a page size) stays the first entry's; everything else is added up. */
static int add_to_sum(struct parse *p, struct sums *sums, const char *key, enum kind kind,
		      enum unit unit, struct number n)
{
	struct sum *sum = find_sum(sums, key);

	if (n.decimals)
		return bad_line(p, "a fraction");
	if (sum && sum->in_entry == sums->entries)
		return bad_line(p, "a key is there twice");
	if (sum) {
		sum->in_entry = sums->entries;
		if (kind != KIND_INFO &&
		    __builtin_add_overflow(sum->n.value, n.value, &sum->n.value))
			return bad_line(p, "too large a sum");
		return 0;
	}
	if (sums->nr == SUMS_MAX)
		return bad_line(p, "more keys than a mapping has");
	sums->last = sums->nr++;
	sum = &sums->sum[sums->last];
	*sum = (struct sum){ .kind = kind, .unit = unit, .n = n, .in_entry = sums->entries };
	memcpy(sum->key, key, strlen(key) + 1);
	return 0;
}

static int put_sums(struct parse *p, const struct sums *sums)
{
	int err = 0;

	for (unsigned i = 0; !err && i < sums->nr; i++) {
		const struct sum *sum = &sums->sum[i];

		err = put_as(p, p->scope, sum->key, sum->kind, sum->unit, sum->n);
	}
	return err;
}

struct range {
	uint64_t start, bytes;
};

static bool range_has(struct range range, uint64_t address)
{
	return address >= range.start && address - range.start < range.bytes;
}

static int add_smaps_line(struct parse *p, struct sums *sums)
{
	struct text rest = p->line, key_text;
	char key[KEY_BYTES];
	struct number n;
	enum kind kind;
	enum unit unit;

	if (!take_until(&rest, ':', &key_text))
		return bad_line(p, "no colon");
	if (!keep_key(key_text, key))
		return bad_line(p, "no key");
	if (!strcmp(key, "VmFlags"))
		return 0;
	switch (read_kb(p, key, rest, &n, &kind, &unit)) {
	case READING_NUMBER:
		return add_to_sum(p, sums, key, kind, unit, n);
	case READING_NONE:
		return 0;
	case READING_TEXT:
		break;
	}
	return bad_line(p, "no number");
}

/* An entry's heading begins with a hexadecimal address, its lines with a capital. */
static int parse_smaps(struct parse *p, struct range range)
{
	struct sums sums = { .nr = 0 };
	bool within = false, heading_seen = false;
	struct text rest, start_text;
	uint64_t start;
	int err = 0;

	while (!err && next_line(p)) {
		if (p->line.at < p->line.end && *p->line.at >= 'A' && *p->line.at <= 'Z') {
			if (!heading_seen)
				return bad_line(p, "no mapping before it");
			if (within)
				err = add_smaps_line(p, &sums);
			continue;
		}
		rest = p->line;
		if (!take_until(&rest, '-', &start_text) || !read_hex(start_text, &start))
			return bad_line(p, "no address");
		heading_seen = true;
		within = range_has(range, start);
		sums.entries += within;
	}
	return err ? err : put_sums(p, &sums);
}

static bool is_one_of(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key))
		keys++;
	return *keys;
}

static bool has_word(struct text rest, const char *wanted)
{
	struct text word;

	while (text_length(word = take_word(&rest)))
		if (text_is(word, wanted))
			return true;
	return false;
}

static int add_numa_word(struct parse *p, struct sums *sums, struct text word, bool huge)
{
	struct text key_text;
	char key[KEY_BYTES];
	struct number n;
	enum kind kind;
	enum unit unit;

	if (text_starts(word, "file=") || !take_until(&word, '=', &key_text))
		return 0;
	if (!keep_key(key_text, key))
		return bad_line(p, "no key");
	if (read_number(word, &n) != READING_NUMBER)
		return bad_line(p, "no number");
	counters_classify(p->source, key, &kind, &unit);
	if (huge && unit == UNIT_PAGES)
		unit = UNIT_COUNT;
	return add_to_sum(p, sums, key, kind, unit, n);
}

/*
 * "7f46… bind:0 anon=5 dirty=5 active=0 N0=5 kernelpagesize_kB=4". The kernel leaves
 * out a key that is 0, or that equals another (show_numa_map(), fs/proc/task_mmu.c):
 * the former get their 0 here, the latter are given up when several entries are summed.
 * A hugetlb mapping counts its huge pages, not base pages.
 */
static int parse_numa_maps(struct parse *p, struct range range)
{
	static const char *const zero_keys[] = { "anon", "dirty", "swapcache", "writeback",
						 NULL };
	static const char *const partial_keys[] = { "mapped", "active", "mapmax", NULL };
	struct sums sums = { .nr = 0 }, whole = { .nr = 0 };
	bool huge = false;
	uint64_t start;
	int err = 0;

	while (!err && next_line(p)) {
		struct text rest = p->line, word = take_word(&rest);

		if (!read_hex(word, &start))
			return bad_line(p, "no address");
		if (!range_has(range, start))
			continue;
		sums.entries++;
		take_word(&rest); /* the policy, which may hold a '=' */
		huge = huge || has_word(rest, "huge");
		while (!err && text_length(word = take_word(&rest)))
			if (*word.at != '(') /* "prefer (many):0" */
				err = add_numa_word(p, &sums, word, huge);
	}
	if (err || !sums.entries)
		return err;
	for (unsigned i = 0; i < sums.nr; i++)
		if (sums.entries == 1 || !is_one_of(sums.sum[i].key, partial_keys))
			whole.sum[whole.nr++] = sums.sum[i];
	for (const char *const *key = zero_keys; !err && *key; key++)
		if (!find_sum(&whole, *key))
			err = put_as(p, p->scope, *key, KIND_GAUGE,
				     huge ? UNIT_COUNT : UNIT_PAGES, (struct number){ 0 });
	return err ? err : put_sums(p, &whole);
}

int counters_numa_zero(struct record *record, bool after, const char *scope,
		       const unsigned *nodes, unsigned nr)
{
	const struct counter *anon = record_find(record, scope, "numa_maps", "anon");
	enum unit unit;
	int err = 0;

	if (!anon || !(after ? anon->has_after : anon->has_before))
		return 0;
	unit = anon->unit;
	for (unsigned i = 0; !err && i < nr; i++) {
		char key[16];

		snprintf(key, sizeof(key), "N%u", nodes[i]);
		err = record_put(record, after, scope, "numa_maps", key, KIND_GAUGE, unit,
				 (struct number){ 0 });
		if (err == -EEXIST)
			err = 0;
	}
	return err;
}

int counters_parse(struct record *record, bool after, const struct source *source,
		   const char *scope, const char *bytes, size_t length, uint64_t map_start,
		   uint64_t map_bytes, struct error *e)
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
	struct range all = { 0, UINT64_MAX }, range = { map_start, map_bytes };
	struct parse p = {
		.record = record,
		.after = after,
		.source = source,
		.scope = scope,
		.e = e,
		.rest = { bytes, bytes + length },
		.line = { bytes, bytes + length },
	};

	if (!length)
		return 0;
	if (bytes[length - 1] != '\n')
		return bad_line(&p, "the file is cut short");
	if (source->place != PLACE_MAPPING)
		range = all;
	if (source->format == FORMAT_SMAPS)
		return parse_smaps(&p, range);
	if (source->format == FORMAT_NUMA_MAPS)
		return parse_numa_maps(&p, range);
	return parsers[source->format](&p);
}
