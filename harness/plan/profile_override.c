// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * key=value of the command line and of [sweep]: which section a key belongs to.
 */
#include "harness/plan/profile.h"

#include <errno.h>
#include <string.h>

#include "harness/plan/profile_part.h"
#include "harness/plan/setting.h"

static int place(char *section, char *key, const char *in, const char *name, struct error *e)
{
	/* what a file could not hold as a key */
	if (!*name || strlen(name) > INIH_NAME_MAX || strpbrk(name, " \t\r\n;#[]:"))
		return error_set(e, EINVAL, "'%s' is not a key of %s", name, in);
	snprintf(section, 64, "%s", in);
	snprintf(key, 64, "%s", name);
	return 0;
}

/* The section that a prefix names: a worker's or a fixed one's; NULL: neither. */
static const char *section_of_prefix(const struct profile *p, const char *name, size_t length)
{
	static const char *const prefixes[] = { "profile", "cgroup", "swap",
						"sweep",   "expect", NULL };
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

static int resolve_bare(const struct profile *p, const char *name, char *section, char *key,
			struct error *e)
{
	const char *first = profile_next_worker(p, NULL);
	const char *second = first ? profile_next_worker(p, first) : NULL;

	if (words_have(profile_keys, name))
		return place(section, key, "profile", name, e);
	if (!first)
		return profile_unknown_of(e, "key", name, profile_keys);
	if (second)
		return error_set(e, EINVAL, "%s: whose? Write %s.%s or %s.%s", name, first,
				 name, second, name);
	return place(section, key, first, name, e);
}

static int resolve_prefixed(const struct profile *p, const char *name, char *section, char *key,
			    struct error *e)
{
	size_t length = strcspn(name, ".");
	const char *in = section_of_prefix(p, name, length);
	const char *rest = name + length + 1;

	if (in) {
		if (profile_section_is_fixed(in) && profile_key_check(in, rest, e))
			return -EINVAL;
		return place(section, key, in, rest, e);
	}
	if (!strncmp(name, "memory.", 7) || !strncmp(name, "cpuset.", 7) ||
	    !strncmp(name, "pids.", 5))
		return profile_unknown_of(e, "limit", name, cgroup_keys);
	if (setting_suggest(name) || setting_is_sysctl(name))
		return profile_unknown(e, "setting", name, setting_suggest(name));
	return error_set(e, EINVAL, "%.*s: no worker and no section has this name", (int)length,
			 name);
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

int profile_override(struct profile *p, const char *assignment, struct error *e)
{
	static const struct profile_entry at = { .file = profile_command_line };
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
	return profile_set(p, section, key, equals + 1, profile_command_line, 0);
}
