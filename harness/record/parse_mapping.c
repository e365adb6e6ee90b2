// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * smaps and numa_maps, summed over the measured range, which the kernel may have split
 * into several entries.
 */
#include "harness/record/parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

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

struct sum {
	char key[KEY_BYTES];
	struct counter_type type;
	struct number n;
	unsigned in_entry; /* the last entry that had it, from 1 */
	unsigned entries;  /* how many had it */
	bool lost;
};

struct sums {
	struct sum *sum; /* smaps has about 30, numa_maps one for each node */
	unsigned nr, capacity, entries, last;
	bool lost; /* a line that may have been one of the range's: none of them is known */
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

/* The key's sum, 0 when new; NULL when out of memory. */
static struct sum *find_or_add(struct sums *sums, const char *key, struct counter_type type)
{
	struct sum *sum = find_sum(sums, key), *all;

	if (sum)
		return sum;
	if (sums->nr == sums->capacity) {
		unsigned capacity = sums->capacity ? 2 * sums->capacity : 64;

		all = reallocarray(sums->sum, capacity, sizeof(*all));
		if (!all)
			return NULL;
		sums->sum = all;
		sums->capacity = capacity;
	}
	sums->last = sums->nr++;
	sum = &sums->sum[sums->last];
	*sum = (struct sum){ .type = type };
	memcpy(sum->key, key, strlen(key) + 1);
	return sum;
}

/* A setting (a page size) stays the first entry's; everything else is added up. */
static const char *add_number(struct sum *sum, unsigned entry, struct number n)
{
	if (n.decimals)
		return "a fraction";
	if (sum->in_entry == entry)
		return "a key that is there twice";
	sum->in_entry = entry;
	if (sum->entries++ && sum->type.kind == KIND_INFO)
		return NULL;
	return __builtin_add_overflow(sum->n.value, n.value, &sum->n.value) ? "too large a sum"
									    : NULL;
}

/* One key of an entry, as it was read. */
struct item {
	const char *key;
	struct counter_type type;
	enum reading reading;
	struct number n; /* if reading is READING_NUMBER */
};

static int add_to_sum(struct parse *p, struct sums *sums, const struct item *item)
{
	const char *why = parse_why_unread(item->reading, item->type.kind);
	struct sum *sum;

	if (!why && item->reading != READING_NUMBER)
		return 0;
	sum = find_or_add(sums, item->key, item->type);
	if (!sum)
		return error_set(p->e, ENOMEM, "%s of %s: out of memory", p->source->name,
				 p->scope);
	if (!why)
		why = add_number(sum, sums->entries, item->n);
	sum->lost = sum->lost || why;
	return why ? parse_lose_line(p, why) : 0;
}

/* A sum that lacks an entry's part is not the range's where a line of the file was lost. */
static int put_sum(struct parse *p, const struct sums *sums, const struct sum *sum)
{
	const bool partial = p->source->format == FORMAT_SMAPS && p->line_lost &&
			     sum->entries < sums->entries;
	const struct counter_id id = { p->scope, p->source->name, sum->key };

	if (!sum->lost && !partial)
		return parse_put_as(p, p->scope, sum->key, sum->type, sum->n);
	return record_lose(p->record, p->after, id, sum->type);
}

static int put_sums(struct parse *p, const struct sums *sums)
{
	int ret = 0;

	for (unsigned i = 0; !ret && i < sums->nr; i++)
		ret = put_sum(p, sums, &sums->sum[i]);
	return ret;
}

static bool range_has(struct range range, uint64_t address)
{
	return address >= range.start && address - range.start < range.bytes;
}

/* Mappings come by ascending address: behind one of these there is none of the range. */
static bool is_behind(struct range range, uint64_t address)
{
	return address >= range.start && address - range.start >= range.bytes;
}

/* Where in smaps the parser is. */
struct smaps {
	struct sums sums;
	struct range range;
	uint64_t start;	  /* of the entry */
	bool within;	  /* the entry is of the range */
	bool has_heading; /* there was one */
	bool has_key;	  /* of this entry */
	bool doubtful;	  /* a line before this one may have been a heading */
};

static int add_smaps_line(struct parse *p, struct sums *sums, struct text rest,
			  struct text key_text)
{
	char key[KEY_BYTES];
	struct item item = { .key = key };

	if (!parse_keep_key(key_text, key))
		return parse_lose_line(p, "no key");
	if (!strcmp(key, "VmFlags"))
		return 0;
	item.reading = parse_read_kb(p, key, rest, &item.n, &item.type);
	return add_to_sum(p, sums, &item);
}

/*
 * Each entry begins with its Size (show_smap(), fs/proc/task_mmu.c): where one comes behind
 * a line that is not understood, that line was a heading, and what follows may be of the range.
 */
static int take_smaps_key(struct parse *p, struct smaps *s)
{
	struct text rest = p->line, key;

	if (!s->has_heading)
		return parse_lose_line(p, "no mapping before it");
	if (!text_take_until(&rest, ':', &key))
		return parse_lose_line(p, "no colon");
	if (s->doubtful && s->has_key && text_is(key, "Size"))
		s->sums.lost = true;
	s->doubtful = false;
	s->has_key = true;
	return s->within ? add_smaps_line(p, &s->sums, rest, key) : 0;
}

static bool is_key_line(struct text line)
{
	return line.at < line.end && *line.at >= 'A' && *line.at <= 'Z';
}

/* "7f46…-7f47… rw-p …": the start of the mapping. */
static bool read_start(struct text line, uint64_t *start)
{
	struct text start_text;

	return text_take_until(&line, '-', &start_text) && read_hex(start_text, start);
}

/* An entry's heading begins with a hexadecimal address, its lines with a capital. */
static int take_smaps_line(struct parse *p, struct smaps *s)
{
	uint64_t start;

	if (is_key_line(p->line))
		return take_smaps_key(p, s);
	if (!read_start(p->line, &start)) {
		s->doubtful = true;
		return parse_lose_line(p, "no address");
	}
	if (s->has_heading && start == s->start)
		return parse_lose_line(p, "a mapping that is there twice");
	s->start = start;
	s->has_heading = true;
	s->has_key = s->doubtful = false;
	s->within = range_has(s->range, start);
	s->sums.entries += s->within;
	return 0;
}

int parse_smaps(struct parse *p, struct range range)
{
	struct smaps s = { .range = range };
	int ret = 0;

	while (!ret && parse_next_line(p))
		ret = take_smaps_line(p, &s);
	/* smaps_rollup, whose range is everything, is one entry: it has the keys that it has */
	if (text_length(p->cut) && range.bytes != UINT64_MAX && !is_behind(range, s.start))
		s.sums.lost = true;
	if (!ret && !s.sums.lost)
		ret = put_sums(p, &s.sums);
	free(s.sums.sum);
	return ret;
}

static bool is_one_of(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key))
		keys++;
	return *keys;
}

static bool has_word(struct text rest, const char *name)
{
	struct text word;

	while (text_length(word = text_take_word(&rest)))
		if (text_is(word, name))
			return true;
	return false;
}

static int add_numa_word(struct parse *p, struct sums *sums, struct text word, bool huge)
{
	struct text key_text;
	char key[KEY_BYTES];
	struct item item = { .key = key };

	if (text_starts(word, "file=") || !text_take_until(&word, '=', &key_text))
		return 0;
	if (!parse_keep_key(key_text, key))
		return parse_lose_line(p, "no key");
	item.type = counters_type(p->source, key);
	if (huge && item.type.unit == UNIT_PAGES)
		item.type.unit = UNIT_COUNT;
	item.reading = text_number(word, &item.n);
	return add_to_sum(p, sums, &item);
}

/* Where in numa_maps the parser is. */
struct numa_maps {
	struct sums sums;
	struct range range;
	uint64_t start; /* of the last entry */
	bool huge;
};

static int take_numa_line(struct parse *p, struct numa_maps *m)
{
	struct text rest = p->line, word = text_take_word(&rest);
	uint64_t start;
	int ret = 0;

	if (!read_hex(word, &start))
		return parse_lose_line(p, "no address");
	if (!range_has(m->range, start)) {
		m->start = start;
		return 0;
	}
	if (m->sums.entries++ && start == m->start) {
		m->sums.lost = true;
		return parse_lose_line(p, "a mapping that is there twice");
	}
	m->start = start;
	text_take_word(&rest); /* the policy, which may hold a '=' */
	m->huge = m->huge || has_word(rest, "huge");
	while (!ret && text_length(word = text_take_word(&rest)))
		if (*word.at != '(') /* "prefer (many):0" */
			ret = add_numa_word(p, &m->sums, word, m->huge);
	return ret;
}

/*
 * The kernel leaves out a key that is 0, or that equals another (show_numa_map(),
 * fs/proc/task_mmu.c): the former get their 0 here, the latter are given up when several
 * entries are summed.
 */
static int put_numa_sums(struct parse *p, struct numa_maps *m)
{
	static const char *const zero_keys[] = { "anon", "dirty", "swapcache", "writeback",
						 NULL };
	static const char *const partial_keys[] = { "mapped", "active", "mapmax", NULL };
	const struct counter_type zero = { KIND_GAUGE, m->huge ? UNIT_COUNT : UNIT_PAGES };
	int ret = 0;

	for (const char *const *key = zero_keys; !ret && *key; key++)
		if (!find_sum(&m->sums, *key))
			ret = parse_put_as(p, p->scope, *key, zero, (struct number){ 0 });
	for (unsigned i = 0; !ret && i < m->sums.nr; i++)
		if (m->sums.entries == 1 || !is_one_of(m->sums.sum[i].key, partial_keys))
			ret = put_sum(p, &m->sums, &m->sums.sum[i]);
	return ret;
}

/*
 * "7f46… bind:0 anon=5 dirty=5 active=0 N0=5 kernelpagesize_kB=4". A hugetlb mapping
 * counts its huge pages, not base pages.
 */
int parse_numa_maps(struct parse *p, struct range range)
{
	struct numa_maps m = { .range = range };
	int ret = 0;

	while (!ret && parse_next_line(p))
		ret = take_numa_line(p, &m);
	if (text_length(p->cut) && !is_behind(range, m.start))
		m.sums.lost = true;
	if (!ret && !m.sums.lost && m.sums.entries)
		ret = put_numa_sums(p, &m);
	free(m.sums.sum);
	return ret;
}

/* On this side of the record: a counter that each mapping has, if it is not lost. */
static const struct counter *find_numa_counter(const struct record *record, bool after,
					       const char *scope)
{
	static const char *const keys[] = { "anon", "dirty", "swapcache", "writeback" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct counter *c = record_find(record, scope, "numa_maps", keys[i]);

		if (c && (after ? c->has_after : c->has_before))
			return c;
	}
	return NULL;
}

int counters_numa_zero(struct record *record, bool after, const char *scope,
		       const unsigned *nodes, unsigned nr)
{
	const struct counter *like = find_numa_counter(record, after, scope);
	struct counter_type type = { .kind = KIND_GAUGE };
	int ret = 0;

	if (!like)
		return 0;
	type.unit = like->unit;
	for (unsigned i = 0; !ret && i < nr; i++) {
		char key[16];

		snprintf(key, sizeof(key), "N%u", nodes[i]);
		ret = record_put(record, after, (struct counter_id){ scope, "numa_maps", key },
				 type, (struct number){ 0 });
		if (ret == -EEXIST)
			ret = 0;
	}
	return ret;
}
