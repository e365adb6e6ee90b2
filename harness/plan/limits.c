// SPDX-License-Identifier: GPL-2.0-or-later
/* Brings the limits of one section to bytes and lists. Writes none: group.c does. */
#include "harness/plan/limits.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (!strcmp(versions[i].name, name))
			return version == 1 ? versions[i].v1 : versions[i].v2;
	}
	return true;
}

static int number_limit(struct limit *out, const struct profile_entry *entry, uint64_t most,
			struct error *e)
{
	char reason[128];
	uint64_t number;

	if (count_parse(entry->value, &number, reason, sizeof(reason)))
		return profile_error(entry, e, EINVAL, "%s: '%s' %s", entry->key, entry->value,
				     reason);
	if (number > most)
		return profile_error(entry, e, EINVAL, "%s: %s is above %" PRIu64, entry->key,
				     entry->value, most);
	snprintf(out->value, sizeof(out->value), "%" PRIu64, number);
	return 0;
}

static int memory_limit(struct limit *out, const struct profile_entry *entry,
			const struct host *host, const struct size_base *base, struct error *e)
{
	char reason[128];
	uint64_t bytes;

	if (size_parse(entry->value, base, &bytes, reason, sizeof(reason)))
		return profile_error(entry, e, EINVAL, "%s: '%s' %s", entry->key, entry->value,
				     reason);
	/* The kernel would cut it to pages, and what is read back would differ. */
	if (bytes % host->page_bytes)
		return profile_error(entry, e, EINVAL,
				     "%s: %s is not a whole number of pages of %" PRIu64
				     " bytes",
				     entry->key, entry->value, host->page_bytes);
	if (bytes > SIZE_MOST_BYTES)
		return profile_error(entry, e, EINVAL,
				     "%s: %s is above 128T, the most; `max` is without a limit",
				     entry->key, entry->value);
	if (!bytes && !strcmp(entry->key, "memory.max"))
		return profile_error(entry, e, EINVAL,
				     "memory.max: 0 leaves no memory to run in");
	snprintf(out->value, sizeof(out->value), "%" PRIu64, bytes);
	return 0;
}

static int cpuset_limit(struct limit *out, const struct profile_entry *entry,
			const struct host *host, char *skip, size_t skip_bytes, struct error *e)
{
	struct error clause = { "" };
	bool cpus = !strcmp(entry->key, "cpuset.cpus");
	int ret = (cpus ? host_pick_cpus : host_pick_nodes)(host, entry->value, -1, out->value,
							    sizeof(out->value), &clause);

	if (ret == -ENODEV)
		snprintf(skip, skip_bytes, "%s: %.200s", entry->key, clause.text);
	else if (ret)
		profile_error(entry, e, EINVAL, "%s: %s", entry->key, clause.text);
	return ret;
}

/* -EINVAL with the place in *e; -ENODEV with a clause in skip. */
static int limit_parse(struct limit *out, const struct profile_entry *entry,
		       const struct host *host, const struct size_base *base, char *skip,
		       size_t skip_bytes, struct error *e)
{
	struct limit limit = { .derived = false };
	bool yes, has_max = strcmp(entry->key, "memory.swappiness");
	char reason[128];
	int ret = 0;

	snprintf(limit.name, sizeof(limit.name), "%.39s", entry->key);
	if (host->cgroup_version && !version_has(entry->key, host->cgroup_version)) {
		snprintf(skip, skip_bytes, "cgroup v%u has no %s", host->cgroup_version,
			 entry->key);
		return -ENODEV;
	}
	if (!strncmp(entry->key, "cpuset.", 7)) {
		ret = cpuset_limit(&limit, entry, host, skip, skip_bytes, e);
	} else if (!strcmp(entry->key, "memory.oom.group")) {
		if (bool_parse(entry->value, &yes, reason, sizeof(reason)))
			return profile_error(entry, e, EINVAL, "%s: '%s' %s", entry->key,
					     entry->value, reason);
		snprintf(limit.value, sizeof(limit.value), "%d", yes);
	} else if (has_max && !strcmp(entry->value, "max")) {
		snprintf(limit.value, sizeof(limit.value), "max");
	} else if (!has_max) {
		ret = number_limit(&limit, entry, SWAPPINESS_MAX, e);
	} else {
		ret = memory_limit(&limit, entry, host, base, e);
	}
	if (!ret)
		*out = limit;
	return ret;
}

int limits_parse(struct limits *out, const struct profile *profile, const char *section,
		 const struct host *host, const struct size_base *base, char *skip,
		 size_t skip_bytes, struct error *e)
{
	const struct profile_entry *entry = profile_get(profile, section, "memory.max");
	struct size_base inner = *base;
	struct limits limits = { 0 };
	struct limit limit;
	uint64_t own;
	int ret;

	ret = entry ? limit_parse(&limit, entry, host, base, skip, skip_bytes, e) : 0;
	if (ret)
		return ret;
	if (entry)
		limits_set(&limits, &limit);
	own = limits_bytes(&limits, "memory.max");
	if (own && (!inner.limit_bytes || own < inner.limit_bytes))
		inner.limit_bytes = own;
	for (const char *const *key = cgroup_keys; *key; key++) {
		entry = profile_get(profile, section, *key);
		if (!entry || !strcmp(*key, "memory.max"))
			continue;
		ret = limit_parse(&limit, entry, host, &inner, skip, skip_bytes, e);
		if (ret == -EINVAL)
			return ret;
		if (!ret)
			limits_set(&limits, &limit);
	}
	*out = limits;
	return 0;
}
