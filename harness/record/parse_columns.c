// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files of columns that have no names in the file: stat, swaps, diskstats, a process's
 * stat and statm.
 */
#include "harness/record/parse.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "workloads/api/arith.h"

/* "swap:" and a path, of which each byte may be escaped as \ooo (swap_show(), mm/swapfile.c) */
#define SCOPE_BYTES (8 + 4 * PATH_MAX)

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
		return parse_lose_line(p, "no key");
	if (column < line->nr_names)
		snprintf(key, sizeof(key), "%.*s%s%s", (int)text_length(prefix), prefix.at, dot,
			 line->names[column]);
	else
		snprintf(key, sizeof(key), "%.*s%sfield%u", (int)text_length(prefix), prefix.at,
			 dot, column + 1);
	return parse_put_value(p, line->scope, key, value);
}

/* The line's words from here on, a column each. */
static int put_columns(struct parse *p, const struct column_line *line, struct text rest)
{
	struct text value;
	int ret = 0;

	for (unsigned i = 0; !ret && text_length(value = text_take_word(&rest)); i++)
		ret = put_column(p, line, i, value);
	return ret;
}

static unsigned count_words(struct text rest)
{
	unsigned nr = 0;

	while (text_length(text_take_word(&rest)))
		nr++;
	return nr;
}

int parse_cpu_stat(struct parse *p)
{
	static const char *const names[] = {
		"user", "nice",	   "system", "idle",  "iowait",
		"irq",	"softirq", "steal",  "guest", "guest_nice"
	};
	struct column_line line = { .scope = p->scope,
				    .names = names,
				    .nr_names = ARRAY_SIZE(names) };
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line;

		line.prefix = text_take_word(&rest);
		if (text_starts(line.prefix, "cpu"))
			ret = put_columns(p, &line, rest);
		else if (text_is(line.prefix, "intr") || text_is(line.prefix, "softirq"))
			/* the first number is the total; the others are per interrupt */
			ret = parse_put_pair(p, p->scope, line.prefix, text_take_word(&rest));
		else
			ret = parse_put_pair(p, p->scope, line.prefix, rest);
	}
	return ret;
}

static bool is_swaps_heading(struct text line)
{
	static const char *const words[] = { "Filename", "Type", "Size", "Used", "Priority" };
	bool is = true;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		is = is && text_is(text_take_word(&line), words[i]);
	return is;
}

static int put_swap(struct parse *p)
{
	static const char *const names[] = { "Size", "Used", "Priority" };
	char scope[SCOPE_BYTES];
	const struct column_line line = { .scope = scope, .names = names, .nr_names = 3 };
	struct text rest = p->line, path = text_take_word(&rest);
	int ret = 0;

	text_take_word(&rest); /* partition, file */
	if (!text_length(path) || text_length(path) >= SCOPE_BYTES - sizeof("swap:") ||
	    !count_words(rest))
		return parse_lose_line(p, "no swap device");
	snprintf(scope, sizeof(scope), "swap:%.*s", (int)text_length(path), path.at);
	for (unsigned i = 0; !ret && i < 3; i++)
		ret = put_column(p, &line, i, text_take_word(&rest));
	if (!ret && count_words(rest))
		ret = parse_lose_line(p, "more columns than the heading");
	return ret;
}

/* The heading names the columns: without it none is read. */
int parse_swaps(struct parse *p)
{
	bool has_heading = false;
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		if (!has_heading && is_swaps_heading(p->line))
			has_heading = true;
		else
			ret = has_heading ? put_swap(p) : parse_lose_line(p, "no heading");
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
					  .nr_names = ARRAY_SIZE(names) };
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, name;

		text_take_word(&rest); /* major */
		text_take_word(&rest); /* minor */
		name = text_take_word(&rest);
		snprintf(scope, sizeof(scope), "disk:%.*s", (int)text_length(name), name.at);
		if (!text_length(name) || text_length(name) > KEY_BYTES / 2)
			ret = parse_lose_line(p, "no device");
		else if (count_words(rest) < 11) /* an old kernel's partition has four others */
			ret = parse_lose_line(p, "fewer than 11 columns");
		else
			ret = put_columns(p, &line, rest);
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
	const unsigned nr_names = ARRAY_SIZE(names), state_field = 3, rss_field = 24;
	struct text rest = p->rest, value;
	const char *paren = NULL, *newline;
	int ret = 0;

	if (p->rest.at == p->rest.end || text_length(p->cut))
		return 0;
	rest.end--;
	p->line = rest;
	p->line_number = 1;
	for (const char *c = rest.at; c < rest.end; c++)
		if (*c == ')')
			paren = c;
	if (!paren)
		return parse_lose_line(p, "no name");
	rest.at = paren + 1;
	newline = memchr(rest.at, '\n', text_length(rest));
	if (newline) {
		ret = parse_lose_line(p, "more than one line");
		rest.end = newline;
	}
	if (ret)
		return ret;
	if (count_words(rest) <= rss_field - state_field)
		return parse_lose_line(p, "too few fields");
	for (unsigned field = state_field; !ret && text_length(value = text_take_word(&rest));
	     field++)
		if (field < nr_names && names[field])
			ret = parse_put_value(p, p->scope, names[field], value);
	return ret;
}

int parse_statm(struct parse *p)
{
	static const char *const names[] = { "size", "resident", "shared", "text",
					     "lib",  "data",	 "dt" };
	struct text rest;
	int ret = 0;

	if (!parse_next_line(p))
		return 0;
	rest = p->line;
	for (unsigned i = 0; !ret && i < ARRAY_SIZE(names); i++)
		ret = parse_put_value(p, p->scope, names[i], text_take_word(&rest));
	if (!ret && count_words(rest))
		ret = parse_lose_line(p, "more than seven numbers");
	if (!ret && parse_next_line(p))
		ret = parse_lose_line(p, "more than one line");
	return ret;
}
