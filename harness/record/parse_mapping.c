// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * smaps and numa_maps, summed over the measured range, which the kernel may have split
 * into several entries.
 */
#include "harness/record/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SUMS_MAX 160 /* keys of one mapping: smaps has about 30, numa_maps one per node */

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
static int add_to_sum(struct parse *p, struct sums *sums, const char *key,
		      struct counter_type type, struct number n)
{
	struct sum *sum = find_sum(sums, key);

	if (n.decimals)
		return parse_bad_line(p, "a fraction");
	if (sum && sum->in_entry == sums->entries)
		return parse_bad_line(p, "a key is there twice");
	if (sum) {
		sum->in_entry = sums->entries;
		if (type.kind != KIND_INFO &&
		    __builtin_add_overflow(sum->n.value, n.value, &sum->n.value))
			return parse_bad_line(p, "too large a sum");
		return 0;
	}
	if (sums->nr == SUMS_MAX)
		return parse_bad_line(p, "more keys than a mapping has");
	sums->last = sums->nr++;
	sum = &sums->sum[sums->last];
	*sum = (struct sum){ .type = type, .n = n, .in_entry = sums->entries };
	memcpy(sum->key, key, strlen(key) + 1);
	return 0;
}

static int put_sums(struct parse *p, const struct sums *sums)
{
	int ret = 0;

	for (unsigned i = 0; !ret && i < sums->nr; i++) {
		const struct sum *sum = &sums->sum[i];

		ret = parse_put_as(p, p->scope, sum->key, sum->type, sum->n);
	}
	return ret;
}

static bool range_has(struct range range, uint64_t address)
{
	return address >= range.start && address - range.start < range.bytes;
}

static int add_smaps_line(struct parse *p, struct sums *sums)
{
	struct text rest = p->line, key_text;
	char key[KEY_BYTES];
	struct number n;
	struct counter_type type;

	if (!text_take_until(&rest, ':', &key_text))
		return parse_bad_line(p, "no colon");
	if (!parse_keep_key(key_text, key))
		return parse_bad_line(p, "no key");
	if (!strcmp(key, "VmFlags"))
		return 0;
	switch (parse_read_kb(p, key, rest, &n, &type)) {
	case READING_NUMBER:
		return add_to_sum(p, sums, key, type, n);
	case READING_NONE:
		return 0;
	case READING_TEXT:
		break;
	}
	return parse_bad_line(p, "no number");
}

/* An entry's heading begins with a hexadecimal address, its lines with a capital. */
int parse_smaps(struct parse *p, struct range range)
{
	struct sums sums = { .nr = 0 };
	bool within = false, heading_seen = false;
	struct text rest, start_text;
	uint64_t start;
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		if (p->line.at < p->line.end && *p->line.at >= 'A' && *p->line.at <= 'Z') {
			if (!heading_seen)
				return parse_bad_line(p, "no mapping before it");
			if (within)
				ret = add_smaps_line(p, &sums);
			continue;
		}
		rest = p->line;
		if (!text_take_until(&rest, '-', &start_text) || !read_hex(start_text, &start))
			return parse_bad_line(p, "no address");
		heading_seen = true;
		within = range_has(range, start);
		sums.entries += within;
	}
	return ret ? ret : put_sums(p, &sums);
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
	struct number n;
	struct counter_type type;

	if (text_starts(word, "file=") || !text_take_until(&word, '=', &key_text))
		return 0;
	if (!parse_keep_key(key_text, key))
		return parse_bad_line(p, "no key");
	if (text_number(word, &n) != READING_NUMBER)
		return parse_bad_line(p, "no number");
	type = counters_type(p->source, key);
	if (huge && type.unit == UNIT_PAGES)
		type.unit = UNIT_COUNT;
	return add_to_sum(p, sums, key, type, n);
}

/*
 * "7f46… bind:0 anon=5 dirty=5 active=0 N0=5 kernelpagesize_kB=4". The kernel leaves
 * out a key that is 0, or that equals another (show_numa_map(), fs/proc/task_mmu.c):
 * the former get their 0 here, the latter are given up when several entries are summed.
 * A hugetlb mapping counts its huge pages, not base pages.
 */
int parse_numa_maps(struct parse *p, struct range range)
{
	static const char *const zero_keys[] = { "anon", "dirty", "swapcache", "writeback",
						 NULL };
	static const char *const partial_keys[] = { "mapped", "active", "mapmax", NULL };
	struct sums sums = { .nr = 0 }, whole = { .nr = 0 };
	struct counter_type zero_type = { .kind = KIND_GAUGE };
	bool huge = false;
	uint64_t start;
	int ret = 0;

	while (!ret && parse_next_line(p)) {
		struct text rest = p->line, word = text_take_word(&rest);

		if (!read_hex(word, &start))
			return parse_bad_line(p, "no address");
		if (!range_has(range, start))
			continue;
		sums.entries++;
		text_take_word(&rest); /* the policy, which may hold a '=' */
		huge = huge || has_word(rest, "huge");
		while (!ret && text_length(word = text_take_word(&rest)))
			if (*word.at != '(') /* "prefer (many):0" */
				ret = add_numa_word(p, &sums, word, huge);
	}
	if (ret || !sums.entries)
		return ret;
	zero_type.unit = huge ? UNIT_COUNT : UNIT_PAGES;
	for (unsigned i = 0; i < sums.nr; i++)
		if (sums.entries == 1 || !is_one_of(sums.sum[i].key, partial_keys))
			whole.sum[whole.nr++] = sums.sum[i];
	for (const char *const *key = zero_keys; !ret && *key; key++)
		if (!find_sum(&whole, *key))
			ret = parse_put_as(p, p->scope, *key, zero_type, (struct number){ 0 });
	return ret ? ret : put_sums(p, &whole);
}

int counters_numa_zero(struct record *record, bool after, const char *scope,
		       const unsigned *nodes, unsigned nr)
{
	const struct counter *anon = record_find(record, scope, "numa_maps", "anon");
	struct counter_type type = { .kind = KIND_GAUGE };
	int ret = 0;

	if (!anon || !(after ? anon->has_after : anon->has_before))
		return 0;
	type.unit = anon->unit;
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
