// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sections, keys and values of a profile, each with its place, and their way back to
 * text. It reads no file and interprets no value.
 */
#include "harness/plan/profile.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/suggest.h"
#include "harness/plan/profile_part.h"
#include "harness/machine/setting.h"
#include "workloads/api/arith.h"

const char profile_command_line[] = "command line";

const char *const profile_keys[] = {
	"grace", "keep_raw", "name", "noise",	"primary", "repeats", "reset", "retries",
	"risk",	 "sample",   "seed", "timeout", "warmup",  "why",     NULL,
};

const char *const cgroup_keys[] = {
	"cpuset.cpus",
	"cpuset.mems",
	"memory.high",
	"memory.low",
	"memory.max",
	"memory.min",
	"memory.oom.group",
	"memory.swap.high",
	"memory.swap.max",
	"memory.swappiness",
	NULL,
};

static const char *const swap_keys[] = {
	"algorithm", "path", "priority", "size", "type", NULL
};

const char *const worker_keys[] = {
	"background", "cpus",	 "delay", "hold", "inject_shortfall", "mems", "oom_score_adj",
	"prewarm",    "timeout", "type",  NULL,
};

/* Keys of workers that had another name in the version before this one. */
static const struct {
	const char *old, *now, *note;
} renamed_keys[] = {
	{ "sabotage", "inject_shortfall",
	  "sabotage= is now inject_shortfall=; the next version does not accept the old name" },
};

const char *const profile_sections[] = {
	"profile", "cgroup", "sysctl", "setting", "swap", "sweep", "expect", NULL,
};

void profile_init(struct profile *p)
{
	memset(p, 0, sizeof(*p));
}

void profile_release(struct profile *p)
{
	for (size_t i = 0; i < p->nr; i++)
		free(p->entry[i].value);
	free(p->entry);
	profile_init(p);
}

bool profile_section_is_fixed(const char *section)
{
	return words_have(profile_sections, section);
}

const char *profile_key_now(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(renamed_keys); i++)
		if (!strcmp(renamed_keys[i].old, key))
			return renamed_keys[i].now;
	return key;
}

void profile_note_renamed(struct profile *p, const char *key)
{
	const char *point = strrchr(key, '.'), *bare = point ? point + 1 : key;

	for (size_t i = 0; i < ARRAY_SIZE(renamed_keys); i++)
		if (!strcmp(renamed_keys[i].old, bare))
			p->renamed = renamed_keys[i].note;
}

static struct profile_entry *entry_find(const struct profile *p, const char *section,
					const char *key)
{
	if (!profile_section_is_fixed(section))
		key = profile_key_now(key);
	for (size_t i = 0; i < p->nr; i++) {
		if (!strcmp(p->entry[i].section, section) && !strcmp(p->entry[i].key, key))
			return &p->entry[i];
	}
	return NULL;
}

const struct profile_entry *profile_get(const struct profile *p, const char *section,
					const char *key)
{
	return entry_find(p, section, key);
}

const char *profile_next_worker(const struct profile *p, const char *previous)
{
	bool passed = !previous;

	for (size_t i = 0; i < p->nr; i++) {
		const struct profile_entry *entry = &p->entry[i];

		if (profile_section_is_fixed(entry->section) || strcmp(entry->key, "type"))
			continue;
		if (passed)
			return entry->section;
		passed = !strcmp(entry->section, previous);
	}
	return NULL;
}

int profile_error(const struct profile_entry *at, struct error *e, int code, const char *format,
		  ...)
{
	char text[sizeof(e->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!at->line)
		return error_set(e, code, "%s: error: %.900s", at->file, text);
	return error_set(e, code, "%s:%u: error: %.900s", at->file, at->line, text);
}

int profile_set(struct profile *p, const char *section, const char *key, const char *value,
		const struct profile_entry *at)
{
	struct profile_entry *entry = entry_find(p, section, key);
	const char *file = at->file; /* at may be an entry of p, which moves */
	const unsigned line = at->line;
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	if (!entry && p->nr == p->capacity) {
		size_t capacity = p->capacity ? 2 * p->capacity : 32;

		entry = reallocarray(p->entry, capacity, sizeof(*entry));
		if (!entry) {
			free(copy);
			return -ENOMEM;
		}
		p->entry = entry;
		p->capacity = capacity;
		entry = NULL;
	}
	if (!entry) {
		if (!profile_section_is_fixed(section))
			key = profile_key_now(key);
		entry = &p->entry[p->nr++];
		memset(entry, 0, sizeof(*entry));
		snprintf(entry->section, sizeof(entry->section), "%s", section);
		snprintf(entry->key, sizeof(entry->key), "%s", key);
	}
	free(entry->value);
	entry->value = copy;
	entry->file = file;
	entry->line = line;
	return 0;
}

/* ---- what may stand where ---- */

bool profile_is_comment(const char *start, const char *at)
{
	return *at == ';' && (at == start || isspace((unsigned char)at[-1]));
}

/* Bytes of the character that begins at p; 0: none does. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	const size_t length = p[0] < 0x80		    ? 1
			      : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
			      : (p[0] & 0xf0) == 0xe0	    ? 3
			      : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
							    : 0;

	if (!length || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	/* longer than need be, a surrogate, or beyond U+10FFFF */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}

const char *profile_not_utf8(const char *text, size_t length)
{
	for (size_t at = 0, step; at < length; at += step) {
		step = utf8_length((const unsigned char *)text + at, length - at);
		if (!step)
			return text + at;
	}
	return NULL;
}

const char *profile_value_defect(const char *value)
{
	if (!*value)
		return "has no value";
	if (profile_not_utf8(value, strlen(value)))
		return "is not UTF-8";
	if (isspace((unsigned char)*value) || isspace((unsigned char)value[strlen(value) - 1]))
		return "begins or ends with a space";
	for (const char *c = value; *c; c++) {
		if (iscntrl((unsigned char)*c))
			return "has a byte that is not text";
		if (profile_is_comment(value, c))
			return "has a ; that begins a comment";
	}
	return NULL;
}

int profile_unknown(struct error *e, const char *what, const char *name, const char *near)
{
	if (near)
		return error_set(e, EINVAL, "%s: unknown %s; did you mean %s?", name, what,
				 near);
	return error_set(e, EINVAL, "%s: unknown %s", name, what);
}

int profile_unknown_of(struct error *e, const char *what, const char *name,
		       const char *const *known)
{
	return profile_unknown(e, what, name, suggest(name, known, words_count(known)));
}

int profile_unknown_setting(struct error *e, const char *name)
{
	const char *near = setting_suggest(name);

	if (near)
		return profile_unknown(e, "setting", name, near);
	return error_set(e, EINVAL, "%s: unknown setting; `pagestorm list settings` shows them",
			 name);
}

int profile_key_check(const char *section, const char *key, struct error *e)
{
	bool sysctl = !strcmp(section, "sysctl");

	if (!strcmp(section, "profile") && !words_have(profile_keys, key))
		return profile_unknown_of(e, "key of [profile]", key, profile_keys);
	if (!strcmp(section, "cgroup") && !words_have(cgroup_keys, key))
		return profile_unknown_of(e, "limit", key, cgroup_keys);
	if (!strcmp(section, "swap") && !words_have(swap_keys, key))
		return profile_unknown_of(e, "key of [swap]", key, swap_keys);
	if (!sysctl && strcmp(section, "setting"))
		return 0;
	if (!setting_find(key))
		return profile_unknown_setting(e, key);
	if (sysctl != setting_is_sysctl(key))
		return error_set(e, EINVAL, "%s belongs in [%s]", key,
				 sysctl ? "setting" : "sysctl");
	return 0;
}

/* ---- writing ---- */

static void format_section(const struct profile *p, const char *section, bool *first, FILE *out)
{
	bool open = false;

	for (size_t i = 0; i < p->nr; i++) {
		const struct profile_entry *entry = &p->entry[i];

		if (strcmp(entry->section, section))
			continue;
		if (!open)
			fprintf(out, "%s[%s%s]\n", *first ? "" : "\n",
				profile_section_is_fixed(section) ? "" : "workload ", section);
		open = true;
		*first = false;
		/* a line that was full without spaces must still be read */
		fprintf(out,
			strlen(entry->key) + strlen(entry->value) + 4 > PROFILE_LINE_MAX
				? "%s=%s\n"
				: "%s = %s\n",
			entry->key, entry->value);
	}
}

int profile_format(const struct profile *p, char **text)
{
	const char *worker = NULL;
	char *buffer = NULL;
	bool first = true;
	size_t bytes;
	FILE *out = open_memstream(&buffer, &bytes);

	if (!out)
		return -ENOMEM;
	for (const char *const *s = profile_sections; strcmp(*s, "sweep"); s++)
		format_section(p, *s, &first, out);
	while ((worker = profile_next_worker(p, worker)))
		format_section(p, worker, &first, out);
	format_section(p, "sweep", &first, out);
	format_section(p, "expect", &first, out);
	if (fclose(out)) {
		free(buffer);
		return -ENOMEM;
	}
	*text = buffer;
	return 0;
}
