// SPDX-License-Identifier: GPL-2.0-or-later
/* Expands lists and ranges, and counts cells. Knows no setting by name. */
#include "harness/plan/sweep.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/size.h"

void sweep_release(struct sweep *sweep)
{
	for (unsigned k = 0; k < sweep->nr_keys; k++)
		free(sweep->key[k].value);
	memset(sweep, 0, sizeof(*sweep));
}

/*
 * Ranges are counted in millionths of whatever unit their terms share, so that
 * 0.1..0.9+0.2 ends where it says. Sizes in different units are brought to bytes.
 */
#define MILLION 1000000ull

struct term {
	uint64_t millionths;
	char unit[24]; /* "", "M", "%limit", "M/s" … */
};

struct range {
	struct term first, last, step;
	char sign; /* + or * */
	bool in_bytes;
};

/* "1.5G": up to six decimals and whatever follows. */
static int term_parse(const char *text, struct term *term)
{
	uint64_t value = 0, scale = 1;
	const char *p = text;

	for (bool point = false; isdigit((unsigned char)*p) || (*p == '.' && !point); p++) {
		point |= *p == '.';
		if (*p == '.')
			continue;
		scale *= point ? 10 : 1;
		if (scale > MILLION || __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -ERANGE;
	}
	if (p == text || strlen(p) >= sizeof(term->unit) ||
	    __builtin_mul_overflow(value, MILLION / scale, &term->millionths))
		return -EINVAL;
	snprintf(term->unit, sizeof(term->unit), "%s", p);
	return 0;
}

static int term_to_bytes(const char *text, struct term *term)
{
	char unused[128];
	uint64_t bytes;

	if (size_parse(text, NULL, &bytes, unused, sizeof(unused)) ||
	    __builtin_mul_overflow(bytes, MILLION, &term->millionths))
		return -EINVAL;
	term->unit[0] = '\0';
	return 0;
}

static int range_parse(const char *text, struct range *range)
{
	char copy[128], *dots, *sign;
	bool factor;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	snprintf(copy, sizeof(copy), "%s", text);
	dots = strstr(copy, "..");
	sign = strpbrk(copy, "+*");
	if (!sign || sign < dots)
		return -EINVAL;
	range->sign = *sign;
	factor = *sign == '*';
	*sign = *dots = '\0';
	if (term_parse(copy, &range->first) || term_parse(dots + 2, &range->last) ||
	    term_parse(sign + 1, &range->step) || (factor && range->step.unit[0]))
		return -EINVAL;
	range->in_bytes = strcmp(range->first.unit, range->last.unit) ||
			  (!factor && strcmp(range->first.unit, range->step.unit));
	if (!range->in_bytes)
		return 0;
	if (term_to_bytes(copy, &range->first) || term_to_bytes(dots + 2, &range->last))
		return -EINVAL;
	return factor ? 0 : term_to_bytes(sign + 1, &range->step);
}

static void term_format(const struct term *term, bool as_size, char *out, size_t out_bytes)
{
	uint64_t whole = term->millionths / MILLION, part = term->millionths % MILLION;
	char fraction[16] = "";

	if (as_size) {
		size_format(whole, out, out_bytes);
		return;
	}
	if (part) {
		unsigned digits = 6;

		for (; part % 10 == 0; part /= 10)
			digits--;
		snprintf(fraction, sizeof(fraction), ".%0*" PRIu64, (int)digits, part);
	}
	snprintf(out, out_bytes, "%" PRIu64 "%s%s", whole, fraction, term->unit);
}

/* A share of the available memory becomes bytes: a cell's label must mean the same later. */
static const char *settle(const char *value, const struct size_base *base, char *out,
			  size_t out_bytes)
{
	char unused[128];
	uint64_t bytes;

	if (!strstr(value, "%available") ||
	    size_parse(value, base, &bytes, unused, sizeof(unused)))
		return value;
	size_format(bytes, out, out_bytes);
	return out;
}

static int value_add(struct sweep_key *key, const char *value, const struct size_base *base,
		     struct error *e)
{
	char settled[64];

	if (key->nr == SWEEP_VALUES_MAX)
		return profile_error(key->entry, e, EINVAL, "%s takes more than %d values",
				     key->entry->key, SWEEP_VALUES_MAX);
	if (!*value)
		return profile_error(key->entry, e, EINVAL, "%s: a value is missing in '%s'",
				     key->entry->key, key->entry->value);
	if (strlen(value) >= sizeof(key->value[0]) || strpbrk(value, "\";"))
		return profile_error(key->entry, e, EINVAL, "%s: '%.64s' cannot be swept",
				     key->entry->key, value);
	value = settle(value, base, settled, sizeof(settled));
	snprintf(key->value[key->nr++], sizeof(key->value[0]), "%s", value);
	return 0;
}

static int range_next(struct range *range)
{
	unsigned __int128 next = range->first.millionths;

	if (range->sign == '+')
		next += range->step.millionths;
	else
		next = next * range->step.millionths / MILLION;
	if (next <= range->first.millionths || next > UINT64_MAX)
		return -ERANGE;
	range->first.millionths = (uint64_t)next;
	return 0;
}

static int range_expand(struct sweep_key *key, const char *text, const struct size_base *base,
			struct error *e)
{
	struct range range;
	char value[64];

	if (range_parse(text, &range) || range.first.millionths > range.last.millionths)
		goto bad;
	while (range.first.millionths <= range.last.millionths) {
		term_format(&range.first, range.in_bytes, value, sizeof(value));
		if (value_add(key, value, base, e))
			return -EINVAL;
		if (range_next(&range))
			goto bad;
	}
	return 0;
bad:
	return profile_error(key->entry, e, EINVAL,
			     "%s: '%s' is not a range: write 0..100+20 or 64M..1G*2",
			     key->entry->key, text);
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static int values_expand(struct sweep_key *key, const struct size_base *base, struct error *e)
{
	char *copy = strdup(key->entry->value), *rest = copy, *word;
	int ret = 0;

	key->value = calloc(SWEEP_VALUES_MAX, sizeof(*key->value));
	if (!copy || !key->value)
		ret = error_set(e, ENOMEM, "no memory for the sweep");
	while (!ret && (word = strsep(&rest, ","))) {
		word = trim(word);
		ret = strstr(word, "..") ? range_expand(key, word, base, e)
					 : value_add(key, word, base, e);
	}
	free(copy);
	return ret;
}

static int key_resolve(struct sweep_key *key, const struct profile *profile, struct error *e)
{
	struct error clause = { "" };
	const struct profile_entry *set;

	if (profile_resolve(profile, key->entry->key, key->section, key->key, &clause))
		return profile_error(key->entry, e, EINVAL, "%s", clause.text);
	if (!strcmp(key->section, "profile") || !strcmp(key->section, "sweep") ||
	    !strcmp(key->section, "expect") ||
	    (!strcmp(key->key, "type") && !profile_section_is_fixed(key->section)))
		return profile_error(key->entry, e, EINVAL, "%s cannot be swept",
				     key->entry->key);
	set = profile_get(profile, key->section, key->key);
	if (set && !set->line)
		return profile_error(set, e, EINVAL, "%s is swept: write sweep.%s=…",
				     key->entry->key, key->entry->key);
	if (set)
		return profile_error(key->entry, e, EINVAL,
				     "%s is swept here and set on line %u", key->entry->key,
				     set->line);
	return 0;
}

static int mode_parse(struct sweep *sweep, const struct profile_entry *entry, struct error *e)
{
	sweep->zip = !strcmp(entry->value, "zip");
	if (sweep->zip || !strcmp(entry->value, "cartesian"))
		return 0;
	return profile_error(entry, e, EINVAL, "mode is cartesian or zip, not '%s'",
			     entry->value);
}

static int cells_count(struct sweep *sweep, struct error *e)
{
	uint64_t nr = 1;

	for (unsigned k = 0; k < sweep->nr_keys; k++) {
		const struct sweep_key *key = &sweep->key[k];

		if (sweep->zip && key->nr != sweep->key[0].nr)
			return profile_error(key->entry, e, EINVAL,
					     "%s takes %u values and %s %u: zip needs as many",
					     key->entry->key, key->nr, sweep->key[0].entry->key,
					     sweep->key[0].nr);
		nr = sweep->zip ? key->nr : nr * key->nr;
		if (nr > SWEEP_CELLS_MAX)
			return profile_error(key->entry, e, EINVAL,
					     "the sweep has more than %d cells",
					     SWEEP_CELLS_MAX);
	}
	sweep->nr_cells = (unsigned)nr;
	return 0;
}

static int values_differ(const struct sweep_key *key, struct error *e)
{
	for (unsigned i = 1; i < key->nr; i++)
		for (unsigned j = 0; j < i; j++)
			if (!strcmp(key->value[i], key->value[j]))
				return profile_error(key->entry, e, EINVAL, "%s takes %s twice",
						     key->entry->key, key->value[i]);
	return 0;
}

static bool cells_equal(const struct sweep *sweep, unsigned i, unsigned j)
{
	for (unsigned k = 0; k < sweep->nr_keys; k++)
		if (strcmp(sweep->key[k].value[i], sweep->key[k].value[j]))
			return false;
	return true;
}

/* Zipped, a key may keep a value while another changes. */
static int cells_differ(const struct sweep *sweep, struct error *e)
{
	int ret = 0;

	for (unsigned k = 0; k < sweep->nr_keys && !sweep->zip && !ret; k++)
		ret = values_differ(&sweep->key[k], e);
	for (unsigned i = 1; i < sweep->nr_cells && sweep->zip; i++)
		for (unsigned j = 0; j < i; j++)
			if (cells_equal(sweep, i, j))
				return profile_error(
					sweep->key[0].entry, e, EINVAL,
					"cells %u and %u of the sweep are the same", j, i);
	return ret;
}

/* One entry of [sweep]. */
static int take_entry(struct sweep *sweep, const struct profile *profile,
		      const struct profile_entry *entry, const struct size_base *base,
		      struct error *e)
{
	struct sweep_key *key = &sweep->key[sweep->nr_keys];
	int ret;

	if (!strcmp(entry->key, "mode"))
		return mode_parse(sweep, entry, e);
	if (sweep->nr_keys == SWEEP_KEYS_MAX)
		return profile_error(entry, e, EINVAL, "more than %d keys are swept",
				     SWEEP_KEYS_MAX);
	key->entry = entry;
	sweep->nr_keys++; /* from here on sweep_release() frees its values */
	ret = key_resolve(key, profile, e);
	return ret ? ret : values_expand(key, base, e);
}

int sweep_make(struct sweep *out, const struct profile *profile, uint64_t available_bytes,
	       struct error *e)
{
	const struct size_base base = { .available_bytes = available_bytes };
	struct sweep sweep = { .nr_cells = 1 };
	int ret = 0;

	for (size_t i = 0; i < profile->nr && !ret; i++) {
		const struct profile_entry *entry = &profile->entry[i];

		if (!strcmp(entry->section, "sweep"))
			ret = take_entry(&sweep, profile, entry, &base, e);
	}
	if (!ret)
		ret = cells_count(&sweep, e);
	if (!ret)
		ret = cells_differ(&sweep, e);
	if (ret)
		sweep_release(&sweep);
	else
		*out = sweep;
	return ret;
}

const char *sweep_value(const struct sweep *sweep, unsigned cell, unsigned k)
{
	if (sweep->zip)
		return sweep->key[k].value[cell];
	for (unsigned i = sweep->nr_keys; --i > k;)
		cell /= sweep->key[i].nr;
	return sweep->key[k].value[cell % sweep->key[k].nr];
}
