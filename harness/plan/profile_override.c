// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * key=value of the command line and of [sweep]: which section a key belongs to.
 */
#include "harness/plan/profile.h"

#include <errno.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/plan/profile_part.h"
#include "harness/machine/setting.h"
#include "workloads/api/workload.h"
#include "workloads/api/arith.h"

static int place(char *section, char *key, const char *in, const char *name, struct error *e)
{
	/* what a file could not hold as a key */
	if (!*name || strlen(name) > INIH_NAME_MAX || strpbrk(name, " \t\r\n;#[]:"))
		return error_set(e, EINVAL, "'%s' is not a key of %s", name, in);
	snprintf(section, 64, "%s", in);
	snprintf(key, 64, "%s", name);
	return 0;
}

static const char *const prefixes[] = { "profile", "cgroup", "swap", "sweep", "expect", NULL };

/* The section that a prefix names: a worker's or a fixed one's; NULL: neither. */
static const char *section_of_prefix(const struct profile *p, const char *name, size_t length)
{
	const char *section = NULL;

	while ((section = profile_next_worker(p, section))) {
		if (strlen(section) == length && !strncmp(section, name, length))
			return section;
	}
	for (const char *const *s = prefixes; *s; s++) {
		if (strlen(*s) == length && !strncmp(*s, name, length))
			return *s;
	}
	return NULL;
}

static bool takes(const struct workload *workload, const char *name)
{
	const struct workload_option *o = workload ? workload->options : NULL;

	while (o && o->name && strcmp(o->name, name))
		o++;
	return (o && o->name) || words_have(worker_keys, name);
}

/* One of several workers: which of them could be meant. */
static int whose(const struct profile *p, const char *name, struct error *e)
{
	const char *near = suggest(name, profile_keys, words_count(profile_keys));
	const char *worker = NULL;
	char list[256] = "";
	size_t length = 0;

	while ((worker = profile_next_worker(p, worker)) && length < sizeof(list))
		if (takes(workload_find(profile_get(p, worker, "type")->value), name))
			length +=
				(size_t)snprintf(list + length, sizeof(list) - length,
						 "%s%s.%s", length ? " or " : "", worker, name);
	if (length)
		return error_set(e, EINVAL, "%s: whose? Write %s", name, list);
	return error_set(e, EINVAL, "%s: no key of [profile] and of no worker%s%s%s", name,
			 near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int resolve_bare(const struct profile *p, const char *name, char *section, char *key,
			struct error *e)
{
	const char *first = profile_next_worker(p, NULL);
	const char *second = first ? profile_next_worker(p, first) : NULL;

	if (words_have(profile_keys, name))
		return place(section, key, "profile", name, e);
	if (!first)
		return profile_unknown_of(e, "key", name, profile_keys);
	name = profile_key_now(name);
	if (second)
		return whose(p, name, e);
	return place(section, key, first, name, e);
}

static const char *suggest_prefix(const struct profile *p, const char *name, size_t length)
{
	const char *names[64], *worker = NULL;
	char prefix[64];
	size_t nr = 0;

	for (const char *const *s = prefixes; *s; s++)
		names[nr++] = *s;
	while (nr < ARRAY_SIZE(names) && (worker = profile_next_worker(p, worker)))
		names[nr++] = worker;
	snprintf(prefix, sizeof(prefix), "%.*s", (int)length, name);
	return suggest(prefix, names, nr);
}

static int resolve_prefixed(const struct profile *p, const char *name, char *section, char *key,
			    struct error *e)
{
	size_t length = strcspn(name, ".");
	const char *in = section_of_prefix(p, name, length);
	const char *rest = name + length + 1, *near;

	if (in && !profile_section_is_fixed(in))
		return place(section, key, in, profile_key_now(rest), e);
	if (in)
		return profile_key_check(in, rest, e) ? -EINVAL
						      : place(section, key, in, rest, e);
	if (!strncmp(name, "memory.", 7) || !strncmp(name, "cpuset.", 7))
		return profile_unknown_of(e, "limit", name, cgroup_keys);
	if (setting_suggest(name) || setting_is_sysctl(name))
		return profile_unknown_setting(e, name);
	near = suggest_prefix(p, name, length);
	return error_set(e, EINVAL, "%.*s: no worker and no section has this name%s%s%s",
			 (int)length, name, near ? "; did you mean " : "", near ? near : "",
			 near ? "?" : "");
}

int profile_resolve(const struct profile *p, const char *name, char *section, char *key,
		    struct error *e)
{
	if (setting_find(name))
		return place(section, key, setting_is_sysctl(name) ? "sysctl" : "setting", name,
			     e);
	if (words_have(cgroup_keys, name))
		return place(section, key, "cgroup", name, e);
	if (strchr(name, '.'))
		return resolve_prefixed(p, name, section, key, e);
	return resolve_bare(p, name, section, key, e);
}

static int override(struct profile *p, const char *assignment, bool once, struct error *e)
{
	static const struct profile_entry at = { .file = profile_command_line };
	const struct profile_entry *before;
	const char *equals = strchr(assignment, '='), *defect;
	char name[128], section[64], key[64];
	struct error clause = { "" };
	size_t length;

	if (!equals || equals == assignment)
		return profile_error(&at, e, EINVAL, "'%s' is not key=value", assignment);
	length = (size_t)(equals - assignment);
	if (length >= sizeof(name))
		return profile_error(&at, e, EINVAL, "the key %.40s… is too long", assignment);
	snprintf(name, sizeof(name), "%.*s", (int)length, assignment);
	defect = profile_value_defect(equals + 1);
	if (!defect && strlen(equals + 1) > PROFILE_LINE_MAX - INIH_NAME_MAX - 4)
		defect = "is too long";
	if (defect)
		return profile_error(&at, e, EINVAL, "%s %s", name, defect);
	if (profile_resolve(p, name, section, key, &clause))
		return profile_error(&at, e, EINVAL, "%s", clause.text);
	profile_note_renamed(p, name);
	before = profile_get(p, section, key);
	if (once && before && before->file == profile_command_line)
		return profile_error(&at, e, EINVAL, "%s is given twice: %s and %s", name,
				     before->value, equals + 1);
	return profile_set(p, section, key, equals + 1, &at);
}

int profile_override(struct profile *p, const char *assignment, struct error *e)
{
	return override(p, assignment, false, e);
}

int profile_override_once(struct profile *p, const char *assignment, struct error *e)
{
	return override(p, assignment, true, e);
}
