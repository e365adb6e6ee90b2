/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the parsers: walks a text word by word and counts its lines, so that a line that is
 * not understood can be quoted. Such a line costs the counters that it has, and the next one is
 * read. For parse*.c alone; counters.h has the public functions.
 */
#ifndef PAGESTORM_PARSE_H
#define PAGESTORM_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/record/counters.h"

#define KEY_BYTES    96
#define DECIMALS_MAX 6

struct text {
	const char *at, *end;
};

struct parse {
	struct record *record;
	bool after;
	const struct source *source;
	const char *scope;
	struct error *e;
	struct text rest; /* what is not yet read; each line has its newline */
	struct text line; /* without its newline */
	struct text cut;  /* after the last newline */
	unsigned line_number;
	unsigned line_lost; /* the last one, by number; 0: none */
};

size_t text_length(struct text s);
bool text_is(struct text s, const char *text);
bool text_starts(struct text s, const char *text);
void text_skip_blanks(struct text *s);

/* The next word of *s, which moves behind it; empty at the end. */
struct text text_take_word(struct text *s);

/* Splits *s at the first `mark`: *before is what stands before it, *s moves behind it. */
bool text_take_until(struct text *s, char mark, struct text *before);

enum reading {
	READING_NUMBER,
	READING_NONE,  /* "max" */
	READING_LARGE, /* 63 bits or more */
	READING_TEXT,
};

enum reading text_number(struct text s, struct number *n);

/* Why a counter of that kind has no number; NULL: it has one, or the file says "no limit". */
const char *parse_why_unread(enum reading reading, enum kind kind);

/*
 * The line is not understood: the record keeps its source, number and text with the reason.
 * _key: and one counter of it has no number on this side. 0 or -ENOMEM.
 */
int parse_lose_line(struct parse *p, const char *reason);
int parse_lose_key(struct parse *p, const char *scope, const char *key, const char *reason);

/* False at the end. */
bool parse_next_line(struct parse *p);

/* Copies a key out of the line; false unless it is printable, without blanks, not too long. */
bool parse_keep_key(struct text s, char key[KEY_BYTES]);

/*
 * Into the record: 0 or -ENOMEM. A value that says "no limit" puts nothing; one that is no
 * number, or a key that is there twice, loses the counter. _value: the key's type is the
 * source's. _pair: key and value where the line holds them; nothing may follow. _assignment:
 * "prefix" and "name=value" are prefix.name.
 */
int parse_put_as(struct parse *p, const char *scope, const char *key, struct counter_type type,
		 struct number n);
int parse_put_value(struct parse *p, const char *scope, const char *key, struct text value);
int parse_put_pair(struct parse *p, const char *scope, struct text key_span, struct text rest);
int parse_put_assignment(struct parse *p, struct text prefix, struct text word);

/* "123 kB" or "123", what follows a colon. The line's own kB overrules the table. */
enum reading parse_read_kb(struct parse *p, const char *key, struct text rest, struct number *n,
			   struct counter_type *type);

/* Formats that have a file of their own. */
int parse_zoneinfo(struct parse *p);
int parse_buddyinfo(struct parse *p);
int parse_cpu_stat(struct parse *p);
int parse_swaps(struct parse *p);
int parse_diskstats(struct parse *p);
int parse_pid_stat(struct parse *p);
int parse_statm(struct parse *p);
int parse_smaps(struct parse *p, struct range range);
int parse_numa_maps(struct parse *p, struct range range);

#endif
