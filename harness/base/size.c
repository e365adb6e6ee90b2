// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Amounts from text, in integer arithmetic throughout: a size above 2^53 keeps its
 * last byte, and no locale changes what a point means.
 */
#include "harness/base/size.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "workloads/api/arith.h"

#define NSEC_PER_USEC 1000u
#define NSEC_PER_MSEC 1000000u
#define NSEC_PER_SEC  1000000000u

/* Percentages are cut to whole pages of this size: the smallest that Linux has. */
#define PERCENT_STEP_BYTES 4096u

struct unit_name {
	const char *name;
	uint64_t factor;
};

static const struct unit_name size_units[] = {
	{ "", 1 },	     { "B", 1 },
	{ "K", 1ULL << 10 }, { "KiB", 1ULL << 10 },
	{ "M", 1ULL << 20 }, { "MiB", 1ULL << 20 },
	{ "G", 1ULL << 30 }, { "GiB", 1ULL << 30 },
	{ "T", 1ULL << 40 }, { "TiB", 1ULL << 40 },
};

static const struct unit_name time_units[] = {
	{ "ns", 1 },
	{ "us", NSEC_PER_USEC },
	{ "ms", NSEC_PER_MSEC },
	{ "s", NSEC_PER_SEC },
	{ "m", 60ull * NSEC_PER_SEC },
	{ "h", 3600ull * NSEC_PER_SEC },
	{ "d", 86400ull * NSEC_PER_SEC },
};

/* 1.25 is value 125 with scale 100. */
struct decimal {
	uint64_t value, scale;
};

static int refuse(int code, char *reason, size_t reason_bytes, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int refuse(int code, char *reason, size_t reason_bytes, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, reason_bytes, format, args);
	va_end(args);
	return -code;
}

static int refuse_range(char *reason, size_t reason_bytes)
{
	return refuse(ERANGE, reason, reason_bytes, "is too large for 64 bits");
}

/* Digits with at most one point between them. *rest is what follows. */
static int decimal_parse(const char *text, struct decimal *out, const char **rest)
{
	struct decimal d = { 0, 1 };
	bool point = false;
	const char *p;

	for (p = text; *p; p++) {
		if (*p == '.' && !point && p > text && p[1] >= '0' && p[1] <= '9') {
			point = true;
			continue;
		}
		if (*p < '0' || *p > '9')
			break;
		if (__builtin_mul_overflow(d.value, 10u, &d.value) ||
		    __builtin_add_overflow(d.value, (uint64_t)(*p - '0'), &d.value))
			return -ERANGE;
		if (point && __builtin_mul_overflow(d.scale, 10u, &d.scale))
			return -ERANGE;
	}
	if (p == text)
		return -EINVAL;
	*out = d;
	*rest = p;
	return 0;
}

/* -EDOM when the product is not a whole number. */
static int decimal_times(const struct decimal *d, uint64_t factor, uint64_t *out)
{
	unsigned __int128 product = (unsigned __int128)d->value * factor;

	if (product % d->scale)
		return -EDOM;
	product /= d->scale;
	if (product > UINT64_MAX)
		return -ERANGE;
	*out = (uint64_t)product;
	return 0;
}

static const struct unit_name *unit_find(const struct unit_name *units, size_t nr,
					 const char *name, bool letters_of_any_case)
{
	for (size_t i = 0; i < nr; i++) {
		if (!strcmp(units[i].name, name))
			return &units[i];
		if (letters_of_any_case && !name[1] && !strcasecmp(units[i].name, name))
			return &units[i];
	}
	return NULL;
}

/* What a percentage of that name is a share of. */
static int base_bytes(const struct size_base *base, const char *name, uint64_t *bytes,
		      char *reason, size_t reason_bytes)
{
	uint64_t whole;

	if (!strcmp(name, "limit")) {
		whole = base ? base->limit_bytes : 0;
		if (!whole)
			return refuse(
				EINVAL, reason, reason_bytes,
				"is a share of the limit, but there is none: set memory.max");
	} else if (!strcmp(name, "available")) {
		whole = base ? base->available_bytes : 0;
		if (!whole)
			return refuse(
				EINVAL, reason, reason_bytes,
				"is a share of the available memory, which is not known here");
	} else {
		return refuse(EINVAL, reason, reason_bytes,
			      "is a percentage of what? Write 60%%limit or 60%%available");
	}
	*bytes = whole;
	return 0;
}

static int percent_of(const struct decimal *d, uint64_t whole, uint64_t *bytes)
{
	unsigned __int128 amount = (unsigned __int128)d->value * whole / d->scale / 100;

	amount -= amount % PERCENT_STEP_BYTES;
	if (amount > UINT64_MAX)
		return -ERANGE;
	*bytes = (uint64_t)amount;
	return 0;
}

static bool is_decimal_unit(const char *name)
{
	return strlen(name) == 2 && strchr("kKMGT", name[0]) && name[1] == 'B';
}

int size_parse(const char *text, const struct size_base *base, uint64_t *bytes, char *reason,
	       size_t reason_bytes)
{
	const struct unit_name *unit;
	struct decimal d;
	const char *rest;
	uint64_t whole = 0; /* gcc does not see that base_bytes() fills it */
	int ret;

	ret = decimal_parse(text, &d, &rest);
	if (ret == -ERANGE)
		return refuse_range(reason, reason_bytes);
	if (ret)
		return refuse(EINVAL, reason, reason_bytes,
			      "is not a size: write 65536, 64K, 64M, 1GiB or 60%%limit");
	if (*rest == '%') {
		ret = base_bytes(base, rest + 1, &whole, reason, reason_bytes);
		if (ret)
			return ret;
		return percent_of(&d, whole, bytes) ? refuse_range(reason, reason_bytes) : 0;
	}
	if (is_decimal_unit(rest))
		return refuse(EINVAL, reason, reason_bytes,
			      "is ambiguous: %s may be 1000 or 1024; write %c or %ciB for 1024",
			      rest, rest[0] == 'k' ? 'K' : rest[0],
			      rest[0] == 'k' ? 'K' : rest[0]);
	unit = unit_find(size_units, ARRAY_SIZE(size_units), rest, true);
	if (!unit)
		return refuse(
			EINVAL, reason, reason_bytes,
			"has no known unit of size: write 65536, 64K, 64M, 1GiB or 60%%limit");
	ret = decimal_times(&d, unit->factor, bytes);
	if (ret == -EDOM)
		return refuse(EINVAL, reason, reason_bytes, "is not a whole number of bytes");
	return ret ? refuse_range(reason, reason_bytes) : 0;
}

int rate_parse(const char *text, uint64_t *bytes_per_second, char *reason, size_t reason_bytes)
{
	size_t length = strlen(text);
	char amount[64];

	if (!strcmp(text, "0")) {
		*bytes_per_second = 0;
		return 0;
	}
	if (length < 3 || length >= sizeof(amount) || strcmp(text + length - 2, "/s"))
		return refuse(EINVAL, reason, reason_bytes,
			      "is not a rate: write 100M/s, or 0 for as fast as it goes");
	memcpy(amount, text, length - 2);
	amount[length - 2] = '\0';
	if (strchr(amount, '%'))
		return refuse(EINVAL, reason, reason_bytes,
			      "is not a rate: a percentage has no time; write 100M/s");
	return size_parse(amount, NULL, bytes_per_second, reason, reason_bytes);
}

int duration_parse(const char *text, uint64_t *ns, char *reason, size_t reason_bytes)
{
	const struct unit_name *unit;
	struct decimal d;
	const char *rest;
	int ret;

	if (!strcmp(text, "0")) {
		*ns = 0;
		return 0;
	}
	ret = decimal_parse(text, &d, &rest);
	if (ret == -ERANGE)
		return refuse_range(reason, reason_bytes);
	if (ret)
		return refuse(EINVAL, reason, reason_bytes,
			      "is not a duration: write 250ms, 10s, 2m or 1h");
	unit = unit_find(time_units, ARRAY_SIZE(time_units), rest, false);
	if (!unit)
		return refuse(EINVAL, reason, reason_bytes,
			      "has no known unit of time: write 250ms, 10s, 2m or 1h");
	ret = decimal_times(&d, unit->factor, ns);
	if (ret == -EDOM)
		return refuse(EINVAL, reason, reason_bytes, "is finer than a nanosecond");
	return ret ? refuse_range(reason, reason_bytes) : 0;
}

int ratio_parse(const char *text, double *ratio, char *reason, size_t reason_bytes)
{
	struct decimal d;
	const char *rest;
	int ret;

	ret = decimal_parse(text, &d, &rest);
	if (ret == -ERANGE)
		return refuse(ERANGE, reason, reason_bytes, "has too many digits");
	if (ret || (strcmp(rest, "") && strcmp(rest, "%")))
		return refuse(EINVAL, reason, reason_bytes,
			      "is not a ratio: write 0.75 or 75%%");
	*ratio = (double)d.value / (double)d.scale / (*rest ? 100.0 : 1.0);
	return 0;
}

int count_parse(const char *text, uint64_t *count, char *reason, size_t reason_bytes)
{
	struct decimal d;
	const char *rest;
	int ret;

	ret = decimal_parse(text, &d, &rest);
	if (ret == -ERANGE)
		return refuse_range(reason, reason_bytes);
	if (ret || *rest || d.scale != 1)
		return refuse(EINVAL, reason, reason_bytes,
			      "is not a count: write a whole number without a unit");
	*count = d.value;
	return 0;
}

int bool_parse(const char *text, bool *value, char *reason, size_t reason_bytes)
{
	static const char *const words[][2] = {
		{ "no", "yes" },
		{ "off", "on" },
		{ "false", "true" },
		{ "0", "1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (int truth = 0; truth < 2; truth++) {
			if (strcasecmp(text, words[i][truth]))
				continue;
			*value = truth;
			return 0;
		}
	}
	return refuse(EINVAL, reason, reason_bytes, "is neither yes nor no");
}

void size_format(uint64_t bytes, char *out, size_t out_bytes)
{
	static const char letters[] = "KMGT";
	int power = -1;

	while (bytes && !(bytes % 1024) && power < (int)sizeof(letters) - 2) {
		bytes /= 1024;
		power++;
	}
	if (power < 0)
		snprintf(out, out_bytes, "%" PRIu64, bytes);
	else
		snprintf(out, out_bytes, "%" PRIu64 "%c", bytes, letters[power]);
}

void size_human(uint64_t bytes, char *out, size_t out_bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double amount = (double)bytes;
	unsigned power = 0;
	char number[32];
	size_t length;

	while (amount >= 1024.0 && power + 1 < ARRAY_SIZE(units)) {
		amount /= 1024.0;
		power++;
	}
	length = (size_t)snprintf(number, sizeof(number), "%.1f", amount);
	if (length > 2 && !strcmp(number + length - 2, ".0"))
		number[length - 2] = '\0';
	snprintf(out, out_bytes, "%s %s", number, units[power]);
}

void duration_format(uint64_t ns, char *out, size_t out_bytes)
{
	for (size_t i = ARRAY_SIZE(time_units); i--;) {
		const struct unit_name *unit = &time_units[i];

		if (ns && ns % unit->factor == 0) {
			snprintf(out, out_bytes, "%" PRIu64 "%s", ns / unit->factor,
				 unit->name);
			return;
		}
	}
	snprintf(out, out_bytes, "0s");
}
