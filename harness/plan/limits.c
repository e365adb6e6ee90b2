// SPDX-License-Identifier: GPL-2.0-or-later
/* Brings the limits of one section to bytes and lists. Writes none: group.c does. */
#include "harness/plan/limits.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/api/arith.h"

#define SWAPPINESS_MAX 200

/* Which cgroup version has which limit; where both have it under two names, group.c maps. */
static const struct {
	const char *name;
	bool v1, v2;
} versions[] = {
	{ "memory.high", false, true },	     { "memory.low", false, true },
	{ "memory.min", false, true },	     { "memory.oom.group", false, true },
	{ "memory.swap.high", false, true }, { "memory.swappiness", true, false },
};

const struct limit *limits_find(const struct limits *limits, const char *name)
{
	for (unsigned i = 0; i < limits->nr; i++) {
		if (!strcmp(limits->limit[i].name, name))
			return &limits->limit[i];
	}
	return NULL;
}

void limits_drop(struct limits *limits, const char *name)
{
	const struct limit *limit = limits_find(limits, name);
	size_t at;

	if (!limit)
		return;
	at = (size_t)(limit - limits->limit);
	limits->nr--;
	memmove(&limits->limit[at], &limits->limit[at + 1], (limits->nr - at) * sizeof(*limit));
	memset(&limits->limit[limits->nr], 0, sizeof(*limit));
}

void limits_set(struct limits *limits, const struct limit *limit)
{
	struct limit copy = *limit;
	unsigned at = 0;

	limits_drop(limits, copy.name);
	assert(limits->nr < LIMITS_MAX);
	while (at < limits->nr && strcmp(limits->limit[at].name, copy.name) < 0)
		at++;
	memmove(&limits->limit[at + 1], &limits->limit[at], (limits->nr - at) * sizeof(copy));
	limits->limit[at] = copy;
	limits->nr++;
}

uint64_t limits_bytes(const struct limits *limits, const char *name)
{
	const struct limit *limit = limits_find(limits, name);

	return limit ? strtoull(limit->value, NULL, 10) : 0;
}

bool limits_is_max(const struct limits *limits, const char *name)
{
	const struct limit *limit = limits_find(limits, name);

	return limit && !strcmp(limit->value, "max");
}

static bool version_has(const char *name, unsigned version)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		if (!strcmp(versions[i].name, name))
			return version == 1 ? versions[i].v1 : versions[i].v2;
	}
	return true;
}

/* ---- one limit ---- */

static int refuse(const struct limits_reader *r, const struct profile_entry *entry,
		  const char *reason)
{
	return profile_error(entry, r->e, EINVAL, "%s: '%s' %s", entry->key, entry->value,
			     reason);
}

static int read_swappiness(const struct limits_reader *r, const struct profile_entry *entry,
			   struct limit *out)
{
	char reason[128];
	uint64_t number;

	if (count_parse(entry->value, &number, reason, sizeof(reason)))
		return refuse(r, entry, reason);
	if (number > SWAPPINESS_MAX)
		return profile_error(entry, r->e, EINVAL, "%s: %s exceeds the maximum, %d",
				     entry->key, entry->value, SWAPPINESS_MAX);
	snprintf(out->value, sizeof(out->value), "%" PRIu64, number);
	return 0;
}

static int read_bool(const struct limits_reader *r, const struct profile_entry *entry,
		     struct limit *out)
{
	char reason[128];
	bool yes;

	if (bool_parse(entry->value, &yes, reason, sizeof(reason)))
		return refuse(r, entry, reason);
	snprintf(out->value, sizeof(out->value), "%d", yes);
	return 0;
}

static int read_bytes(const struct limits_reader *r, const struct profile_entry *entry,
		      struct limit *out)
{
	const uint64_t page_bytes = r->host->page_bytes;
	char reason[128];
	uint64_t bytes;

	if (!strcmp(entry->value, "max")) {
		snprintf(out->value, sizeof(out->value), "max");
		return 0;
	}
	if (size_parse(entry->value, &r->base, &bytes, reason, sizeof(reason)))
		return refuse(r, entry, reason);
	/* The kernel would cut it to pages, and what is read back would differ. */
	if (bytes % page_bytes)
		return profile_error(entry, r->e, EINVAL,
				     "%s: %s is not a whole number of pages of %" PRIu64
				     " bytes",
				     entry->key, entry->value, page_bytes);
	if (bytes > SIZE_MOST_BYTES)
		return profile_error(
			entry, r->e, EINVAL,
			"%s: %s exceeds the maximum, 128T; `max` is without a limit",
			entry->key, entry->value);
	if (!bytes && !strcmp(entry->key, "memory.max"))
		return profile_error(entry, r->e, EINVAL,
				     "memory.max: 0 leaves no memory to run in");
	snprintf(out->value, sizeof(out->value), "%" PRIu64, bytes);
	return 0;
}

static int read_cpuset(const struct limits_reader *r, const struct profile_entry *entry,
		       struct limit *out)
{
	const struct host_pick pick = { .host = r->host,
					.cpus = !strcmp(entry->key, "cpuset.cpus"),
					.from_node = -1 };
	struct error clause = { "" };
	int ret = host_pick(&pick, entry->value, out->value, sizeof(out->value), &clause);

	if (ret == -ENODEV)
		snprintf(r->skip, r->skip_bytes, "%s: %.200s", entry->key, clause.text);
	else if (ret)
		profile_error(entry, r->e, EINVAL, "%s: %s", entry->key, clause.text);
	return ret;
}

/* -EINVAL with the place in *e; -ENODEV with a clause in skip. */
static int read_limit(const struct limits_reader *r, const struct profile_entry *entry,
		      struct limit *out)
{
	const unsigned version = r->host->cgroup_version;

	*out = (struct limit){ .derived = false };
	snprintf(out->name, sizeof(out->name), "%.39s", entry->key);
	if (version && !version_has(entry->key, version)) {
		snprintf(r->skip, r->skip_bytes, "cgroup v%u has no %s", version, entry->key);
		return -ENODEV;
	}
	if (!strncmp(entry->key, "cpuset.", 7))
		return read_cpuset(r, entry, out);
	if (!strcmp(entry->key, "memory.oom.group"))
		return read_bool(r, entry, out);
	if (!strcmp(entry->key, "memory.swappiness"))
		return read_swappiness(r, entry, out);
	return read_bytes(r, entry, out);
}

/* ---- a section of them ---- */

int limits_read(const struct limits_reader *reader, const struct profile *profile,
		const char *section, struct limits *out)
{
	const struct profile_entry *entry = profile_get(profile, section, "memory.max");
	struct limits_reader inner = *reader;
	struct limits limits = { 0 };
	struct limit limit;
	uint64_t own;
	int ret;

	ret = entry ? read_limit(reader, entry, &limit) : 0;
	if (ret)
		return ret;
	if (entry)
		limits_set(&limits, &limit);
	own = limits_bytes(&limits, "memory.max");
	if (own && (!inner.base.limit_bytes || own < inner.base.limit_bytes))
		inner.base.limit_bytes = own;
	for (const char *const *key = cgroup_keys; *key; key++) {
		entry = profile_get(profile, section, *key);
		if (!entry || !strcmp(*key, "memory.max"))
			continue;
		ret = read_limit(&inner, entry, &limit);
		if (ret == -EINVAL)
			return ret;
		if (!ret)
			limits_set(&limits, &limit);
	}
	*out = limits;
	return 0;
}
