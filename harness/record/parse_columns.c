// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of columns that have no names in the file: stat, swaps, diskstats, a process's
 * stat and statm.
 */
#include "harness/record/parse.h"

#include <stdio.h>
#include <string.h>

#define SCOPE_BYTES 4200 /* "swap:" and a path */

/* A line of numbers that have no names in the file. */
struct column_line {
	const char *scope;
	struct text prefix; /* of the names; may be empty */
	const char *const *names;
	unsigned nr_names; /* the kernel may have more columns: fieldN */
};

/* Puts prefix.name, or the name alone. */
static int put_column(struct parse *p, const struct column_line *line, unsigned column,
		      struct text value)
{
	const struct text prefix = line->prefix;
	const char *dot = text_length(prefix) ? "." : "";
	char key[KEY_BYTES];

	if (text_length(prefix) > KEY_BYTES / 2)
		return parse_bad_line(p, "no key");
	if (column < line->nr_names)
		snprintf(key, sizeof(key), "%.*s%s%s", (int)text_length(prefix), prefix.at, dot,
			 line->names[column]);
	else
		snprintf(key, sizeof(key), "%.*s%sfield%u", (int)text_length(prefix), prefix.at,
			 dot, column + 1);
	return parse_put_value(p, line->scope, key, value);
}

int parse_cpu_stat(struct parse *p)
{
	static const char *const names[] = {
		"user", "nice",	   "system", "idle",  "iowait",
		"irq",	"softirq", "steal",  "guest", "guest_nice"
	};
	struct column_line line = { .scope = p->scope,
				    .names = names,
				    .nr_names = sizeof(names) / sizeof(names[0]) };
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, key = text_take_word(&rest), value;

		if (text_is(key, "intr") || text_is(key, "softirq")) {
			/* the first number is the total; the others are per interrupt */
			ret = parse_put_pair(p, p->scope, key, text_take_word(&rest));
			continue;
		}
		if (!text_starts(key, "cpu")) {
			ret = parse_put_pair(p, p->scope, key, rest);
			continue;
		}
		line.prefix = key;
		for (unsigned i = 0; !ret && text_length(value = text_take_word(&rest)); i++)
			ret = put_column(p, &line, i, value);
	}
	return ret;
}

int parse_swaps(struct parse *p)
{
	static const char *const names[] = { "Size", "Used", "Priority" };
	char scope[SCOPE_BYTES];
	const struct column_line line = { .scope = scope, .names = names, .nr_names = 3 };
	int ret = 0;

	parse_next_line(p);
	if (!text_starts(p->line, "Filename"))
		return parse_bad_line(p, "no heading");
	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, path = text_take_word(&rest), value;

		text_take_word(&rest); /* partition, file */
		if (!text_length(path) || text_length(path) >= SCOPE_BYTES - sizeof("swap:"))
			return parse_bad_line(p, "no path");
		snprintf(scope, sizeof(scope), "swap:%.*s", (int)text_length(path), path.at);
		for (unsigned i = 0; !ret && i < 3; i++) {
			value = text_take_word(&rest);
			ret = put_column(p, &line, i, value);
		}
		text_skip_blanks(&rest);
		if (!ret && rest.at != rest.end)
			return parse_bad_line(p, "more columns than the heading");
	}
	return ret;
}

/* Names by Documentation/block/stat.rst, which has the same columns. */
int parse_diskstats(struct parse *p)
{
	static const char *const names[] = {
		"read_ios",	  "read_merges",     "read_sectors",  "read_ticks",
		"write_ios",	  "write_merges",    "write_sectors", "write_ticks",
		"in_flight",	  "io_ticks",	     "time_in_queue", "discard_ios",
		"discard_merges", "discard_sectors", "discard_ticks", "flush_ios",
		"flush_ticks",
	};
	char scope[KEY_BYTES];
	const struct column_line line = { .scope = scope,
					  .names = names,
					  .nr_names = sizeof(names) / sizeof(names[0]) };
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, name, value;
		unsigned i;

		text_take_word(&rest); /* major */
		text_take_word(&rest); /* minor */
		name = text_take_word(&rest);
		if (!text_length(name) || text_length(name) > KEY_BYTES / 2)
			return parse_bad_line(p, "no device");
		snprintf(scope, sizeof(scope), "disk:%.*s", (int)text_length(name), name.at);
		for (i = 0; !ret && text_length(value = text_take_word(&rest)); i++)
			ret = put_column(p, &line, i, value);
		if (!ret && i < 11)
			return parse_bad_line(p, "fewer than 11 columns");
	}
	return ret;
}

/*
 * Fields by their numbers in proc(5); those left out are text, addresses, identities or
 * obsolete. The name in parentheses may hold anything, a newline too, so the fields
 * count from the last parenthesis.
 */
int parse_pid_stat(struct parse *p)
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
	int ret = 0;

	p->line = rest;
	p->line_number = 1;
	for (const char *c = rest.at; c < rest.end; c++)
		if (*c == ')')
			paren = c;
	if (!paren)
		return parse_bad_line(p, "no name");
	rest.at = paren + 1;
	for (field = state_field; !ret && text_length(value = text_take_word(&rest)); field++)
		if (field < nr_names && names[field])
			ret = parse_put_value(p, p->scope, names[field], value);
	if (!ret && field <= rss_field)
		return parse_bad_line(p, "too few fields");
	return ret;
}

int parse_statm(struct parse *p)
{
	static const char *const names[] = { "size", "resident", "shared", "text",
					     "lib",  "data",	 "dt" };
	struct text rest, value;
	int ret = 0;

	parse_next_line(p);
	rest = p->line;
	for (unsigned i = 0; !ret && i < 7; i++) {
		value = text_take_word(&rest);
		ret = parse_put_value(p, p->scope, names[i], value);
	}
	text_skip_blanks(&rest);
	if (!ret && (rest.at != rest.end || p->rest.at != p->rest.end))
		return parse_bad_line(p, "more than seven numbers");
	return ret;
}
