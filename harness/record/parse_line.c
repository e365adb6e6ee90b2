// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines, words and numbers of a captured file, and putting them into a record. Knows no format.
 */
#include "harness/record/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define QUOTE_CHARS 160

size_t text_length(struct text s)
{
	return (size_t)(s.end - s.at);
}

bool text_is(struct text s, const char *text)
{
	return text_length(s) == strlen(text) && !memcmp(s.at, text, text_length(s));
}

bool text_starts(struct text s, const char *text)
{
	return text_length(s) >= strlen(text) && !memcmp(s.at, text, strlen(text));
}

/* ---- losses ---- */

static int no_memory(struct parse *p)
{
	return error_set(p->e, ENOMEM, "%s of %s: out of memory", p->source->name, p->scope);
}

/* Their lines name scopes of their own: which of them a lost line had cannot be known. */
static bool has_own_scopes(enum format format)
{
	return format == FORMAT_ZONEINFO || format == FORMAT_BUDDYINFO ||
	       format == FORMAT_SWAPS || format == FORMAT_DISKSTATS;
}

int parse_lose_line(struct parse *p, const char *reason)
{
	const char *scope = has_own_scopes(p->source->format) ? "" : p->scope;
	char quoted[QUOTE_CHARS + 1];
	struct error why = { "" };
	size_t n = 0;

	if (p->line_lost == p->line_number)
		return 0;
	p->line_lost = p->line_number;
	for (const char *c = p->line.at; c < p->line.end && n < QUOTE_CHARS; c++)
		quoted[n++] = *c >= ' ' && *c <= '~' ? *c : '?';
	quoted[n] = '\0';
	error_set(
		&why, EBADMSG,
		"%s of %s, line %u: %s: \"%s\"; if this kernel writes the file in a new way, please report the line",
		p->source->name, p->scope, p->line_number, reason, quoted);
	return record_add_loss(p->record, scope, p->source->name, why.text) ? no_memory(p) : 0;
}

int parse_lose_key(struct parse *p, const char *scope, const char *key, const char *reason)
{
	const struct counter_id id = { scope, p->source->name, key };

	if (record_lose(p->record, p->after, id, counters_type(p->source, key)))
		return no_memory(p);
	return parse_lose_line(p, reason);
}

/* ---- lines, tokens, numbers ---- */

bool parse_next_line(struct parse *p)
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

void text_skip_blanks(struct text *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t'))
		s->at++;
}

struct text text_take_word(struct text *s)
{
	struct text word;

	text_skip_blanks(s);
	word = (struct text){ s->at, s->at };
	while (word.end < s->end && *word.end != ' ' && *word.end != '\t')
		word.end++;
	s->at = word.end;
	return word;
}

bool text_take_until(struct text *s, char mark, struct text *before)
{
	const char *found = memchr(s->at, mark, text_length(*s));

	if (!found)
		return false;
	*before = (struct text){ s->at, found };
	s->at = found + 1;
	return true;
}

enum reading text_number(struct text s, struct number *n)
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
		return READING_LARGE;
	if (minus)
		out.value = -out.value;
	*n = out;
	return READING_NUMBER;
}

/* ---- putting ---- */

int parse_put_as(struct parse *p, const char *scope, const char *key, struct counter_type type,
		 struct number n)
{
	const struct counter_id id = { scope, p->source->name, key };
	int ret = record_put(p->record, p->after, id, type, n);

	if (ret == -EEXIST)
		return parse_lose_key(p, scope, key, "a key that is there twice");
	return ret ? no_memory(p) : 0;
}

bool parse_keep_key(struct text s, char key[KEY_BYTES])
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

/* Only a limit may be too large for a number. */
const char *parse_why_unread(enum reading reading, enum kind kind)
{
	if (reading == READING_TEXT)
		return "no number";
	return reading == READING_LARGE && kind != KIND_INFO ? "more than 63 bits" : NULL;
}

int parse_put_value(struct parse *p, const char *scope, const char *key, struct text value)
{
	const struct counter_type type = counters_type(p->source, key);
	struct number n;
	enum reading reading = text_number(value, &n);
	const char *why = parse_why_unread(reading, type.kind);

	if (why)
		return parse_lose_key(p, scope, key, why);
	return reading == READING_NUMBER ? parse_put_as(p, scope, key, type, n) : 0;
}

int parse_put_pair(struct parse *p, const char *scope, struct text key_span, struct text rest)
{
	char key[KEY_BYTES];
	struct text value = text_take_word(&rest);

	text_skip_blanks(&rest);
	if (!parse_keep_key(key_span, key))
		return parse_lose_line(p, "no key");
	if (rest.at != rest.end)
		return parse_lose_key(p, scope, key, "more than one value");
	return parse_put_value(p, scope, key, value);
}

int parse_put_assignment(struct parse *p, struct text prefix, struct text word)
{
	struct text name;
	char key[KEY_BYTES];

	if (!text_take_until(&word, '=', &name) || !text_length(name))
		return parse_lose_line(p, "no name=value");
	if (!parse_keep_key(prefix, key) ||
	    text_length(prefix) + text_length(name) + 2 > KEY_BYTES)
		return parse_lose_line(p, "no key");
	key[text_length(prefix)] = '.';
	if (!parse_keep_key(name, key + text_length(prefix) + 1))
		return parse_lose_line(p, "no key");
	return parse_put_value(p, p->scope, key, word);
}

enum reading parse_read_kb(struct parse *p, const char *key, struct text rest, struct number *n,
			   struct counter_type *type)
{
	struct text value = text_take_word(&rest), suffix = text_take_word(&rest);

	text_skip_blanks(&rest);
	*type = counters_type(p->source, key);
	if (rest.at != rest.end || (text_length(suffix) && !text_is(suffix, "kB")))
		return READING_TEXT;
	if (text_length(suffix))
		type->unit = UNIT_KB;
	else if (type->unit == UNIT_KB)
		type->unit = UNIT_COUNT;
	return text_number(value, n);
}
