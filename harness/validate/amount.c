// SPDX-License-Identifier: GPL-2.0-or-later
/* Units, and the value of the last printed digit. Pure. */
#include "harness/validate/amount.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

static const struct amount_unit units[] = {
	{ "B", 1, 0, "bytes" },
	{ "KiB", 1024, 0, "bytes" },
	{ "MiB", 1024 * 1024, 0, "bytes" },
	{ "GiB", 1024.0 * 1024 * 1024, 0, "bytes" },
	{ "kB", 1000, 0, "bytes" },
	{ "iec", 1, 1024, "bytes" },
	{ "si", 1, 1000, "bytes" },
	{ "iec-KiB", 1024, 1024, "bytes" },
	{ "pages", 1, 0, "pages" },
	{ "count", 1, 0, "count" },
	{ "percent", 1, 0, "percent" },
	{ "s", 1, 0, "seconds" },
	{ "KiB/s", 1024, 0, "bytes/s" },
	{ "per-second", 1, 0, "per second" },
};

const struct amount_unit *amount_unit(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (!strcmp(units[i].name, name))
			return &units[i];
	return NULL;
}

/* The factor of a suffix, as in "40.96K"; without one, that of the unit. */
static double scale_of(const struct amount_unit *unit, const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *at = *suffix ? strchr(letters, toupper((unsigned char)*suffix)) : NULL;

	return unit->factor > 0 && at ? pow(unit->factor, (double)(at - letters + 1))
				      : unit->scale;
}

/* "1,234.5" and, where the unit has suffixes, "40.96K". */
int amount_parse(struct amount *amount, const char *text, size_t length,
		 const struct amount_unit *unit, struct error *e)
{
	char plain[64], *end, *dot;
	size_t nr = 0;
	double scale, value;

	for (size_t i = 0; i < length && nr + 1 < sizeof(plain); i++)
		if (text[i] != ',' && !isspace((unsigned char)text[i]))
			plain[nr++] = text[i];
	plain[nr] = '\0';
	value = strtod(plain, &end);
	if (end == plain)
		return error_set(e, EINVAL, "'%s' is not a number", plain);
	scale = scale_of(unit, end);
	*end = '\0';
	dot = strchr(plain, '.');
	/* a count in base units is not rounded */
	amount->step =
		scale > 1 || dot ? scale * pow(10, dot ? -(double)strlen(dot + 1) : 0) : 0;
	amount->value = value * scale;
	return 0;
}
