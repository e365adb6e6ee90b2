// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libinih splits lines into keys and values; what it would let pass is refused here,
 * line by line, before it sees it: lines and names that it cuts in silence, sections
 * without a bracket, text after a bracket, a colon taken for the equals sign.
 */
#include "harness/plan/profile.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/plan/setting.h"
#include "workloads/workload.h"

#ifndef PAGESTORM_PROFILES_DIR
#define PAGESTORM_PROFILES_DIR "/usr/local/share/pagestorm/profiles"
#endif

/* inih 55 cuts section names and keys to 49 bytes (MAX_SECTION, MAX_NAME in ini.c). */
#define INIH_NAME_MAX 49
/* A worker's name becomes part of a cgroup's path and a cell of each CSV. */
#define WORKER_NAME_MAX 40

const char profile_command_line[] = "command line";

const char *const profile_keys[] = {
	"grace",  "keep_raw", "name",	 "noise",  "repeats", "reset", "risk",
	"sample", "seed",     "timeout", "warmup", "why",     NULL,
};

const char *const cgroup_keys[] = {
	"cpuset.cpus",	   "cpuset.mems",	"memory.high",	    "memory.low",
	"memory.max",	   "memory.min",	"memory.oom.group", "memory.swap.high",
	"memory.swap.max", "memory.swappiness", "pids.max",	    NULL,
};

const char *const swap_keys[] = { "algorithm", "path", "priority", "size", "type", NULL };

const char *const worker_keys[] = {
	"background", "cpus",	  "delay",   "hold", "mems", "oom_score_adj",
	"prewarm",    "sabotage", "timeout", "type", NULL,
};

static const char *const sections[] = {
	"profile", "cgroup", "sysctl", "setting", "swap", "sweep", "expect", NULL,
};

/* Names that mean something else in results, in [expect] or on the command line. */
static const char *const reserved[] = {
	"cpuset", "group",   "kernel", "ledger", "mapping", "memory",	"null", "own_swap",
	"pids",	  "process", "run",    "system", "vm",	    "workload", NULL,
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
	return words_have(sections, section);
}

static struct profile_entry *entry_find(const struct profile *p, const char *section,
					const char *key)
{
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
		const char *file, unsigned line)
{
	struct profile_entry *entry = entry_find(p, section, key);
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

static int unknown(struct error *e, const char *what, const char *name, const char *near)
{
	if (near)
		return error_set(e, EINVAL, "%s: unknown %s; did you mean %s?", name, what,
				 near);
	return error_set(e, EINVAL, "%s: unknown %s", name, what);
}

static int unknown_of(struct error *e, const char *what, const char *name,
		      const char *const *known)
{
	return unknown(e, what, name, suggest(name, known, words_count(known)));
}

/* Names only; values are the plan's to check. */
static int key_check(const char *section, const char *key, struct error *e)
{
	bool sysctl = !strcmp(section, "sysctl");

	if (!strcmp(section, "profile") && !words_have(profile_keys, key))
		return unknown_of(e, "key of [profile]", key, profile_keys);
	if (!strcmp(section, "cgroup") && !words_have(cgroup_keys, key))
		return unknown_of(e, "limit", key, cgroup_keys);
	if (!strcmp(section, "swap") && !words_have(swap_keys, key))
		return unknown_of(e, "key of [swap]", key, swap_keys);
	if (!sysctl && strcmp(section, "setting"))
		return 0;
	if (!setting_find(key))
		return unknown(e, "setting", key, setting_suggest(key));
	if (sysctl != setting_is_sysctl(key))
		return error_set(e, EINVAL, "%s belongs in [%s]", key,
				 sysctl ? "setting" : "sysctl");
	return 0;
}

/* ---- reading ---- */

struct reader {
	struct profile *p;
	FILE *stream;
	const char *path;
	const struct profile_dialect *dialect; /* NULL: a profile */
	unsigned line;
	char section[64]; /* "": none yet */
	struct {
		char name[64];
		unsigned line;
	} seen[64];
	unsigned nr_seen;
	struct error *e;
	int ret;
};

static int reader_error(struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int reader_error(struct reader *r, const char *format, ...)
{
	struct profile_entry at = { .file = r->path, .line = r->line };
	char text[800];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	r->ret = profile_error(&at, r->e, EINVAL, "%s", text);
	return r->ret;
}

static bool is_comment(const char *start, const char *at)
{
	return *at == ';' && (at == start || isspace((unsigned char)at[-1]));
}

/* First of `wanted` before an inline comment, or NULL; as inih looks for it. */
static const char *find_before_comment(const char *text, const char *wanted)
{
	for (const char *p = text; *p; p++) {
		if (p > text && is_comment(text, p))
			return NULL;
		if (strchr(wanted, *p))
			return p;
	}
	return NULL;
}

static bool worker_name_is_plain(const char *name)
{
	if (!isalpha((unsigned char)*name))
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr("_-", *name))
			return false;
	}
	return true;
}

static int worker_name_check(struct reader *r, const char *name)
{
	if (!worker_name_is_plain(name))
		return reader_error(r,
				    "'%s' cannot name a worker: letters, digits, _ and - "
				    "after a letter",
				    name);
	if (strlen(name) > WORKER_NAME_MAX)
		return reader_error(r, "a worker's name has at most %d bytes", WORKER_NAME_MAX);
	if (words_have(sections, name) || words_have(reserved, name))
		return reader_error(r, "'%s' cannot name a worker: the name is taken", name);
	return 0;
}

static int section_unknown(struct reader *r, const char *name)
{
	const char *near = suggest(name, sections, words_count(sections));

	if (near)
		return reader_error(r, "[%s]: unknown section; did you mean [%s]?", name, near);
	return reader_error(r, "[%s]: unknown section; a worker is [workload NAME]", name);
}

static int section_enter(struct reader *r, const char *name)
{
	for (unsigned i = 0; i < r->nr_seen; i++) {
		if (!strcmp(r->seen[i].name, name))
			return reader_error(
				r, "section [%s%s] again; it began on line %u",
				r->dialect || profile_section_is_fixed(name) ? "" : "workload ",
				name, r->seen[i].line);
	}
	if (r->nr_seen == sizeof(r->seen) / sizeof(*r->seen))
		return reader_error(r, "more than %u sections", r->nr_seen);
	snprintf(r->seen[r->nr_seen].name, sizeof(r->seen->name), "%s", name);
	r->seen[r->nr_seen++].line = r->line;
	snprintf(r->section, sizeof(r->section), "%s", name);
	return 0;
}

static int dialect_section_check(struct reader *r, const char *name)
{
	const char *space = strchr(name, ' '), *near;
	char word[INIH_NAME_MAX + 1];

	snprintf(word, sizeof(word), "%.*s", space ? (int)(space - name) : INIH_NAME_MAX, name);
	if (space && words_have(r->dialect->named, word))
		return worker_name_is_plain(space + 1)
			       ? section_enter(r, name)
			       : reader_error(r, "[%s]: a name is letters, digits, _ and -",
					      name);
	if (words_have(r->dialect->sections, name))
		return section_enter(r, name);
	near = suggest(word, r->dialect->named, words_count(r->dialect->named));
	if (!near)
		near = suggest(word, r->dialect->sections, words_count(r->dialect->sections));
	return reader_error(r, "[%s]: unknown section%s%s%s", name,
			    near ? "; did you mean [" : "", near ? near : "", near ? "]?" : "");
}

static int section_check(struct reader *r, const char *start)
{
	const char *end = find_before_comment(start + 1, "]"), *rest;
	char name[INIH_NAME_MAX + 1];
	size_t length;

	if (!end)
		return reader_error(r, "the section has no ]");
	for (rest = end + 1; isspace((unsigned char)*rest); rest++)
		;
	if (*rest && !is_comment(end + 1, rest))
		return reader_error(r, "text after the section's ]");
	length = (size_t)(end - start - 1);
	if (length > INIH_NAME_MAX)
		return reader_error(r, "the section's name has more than %d bytes",
				    INIH_NAME_MAX);
	memcpy(name, start + 1, length);
	name[length] = '\0';
	if (r->dialect)
		return dialect_section_check(r, name);
	if (words_have(sections, name))
		return section_enter(r, name);
	if (strncmp(name, "workload ", 9) && strcmp(name, "workload"))
		return section_unknown(r, name);
	if (length <= 9)
		return reader_error(r, "a worker needs a name: [workload NAME]");
	return worker_name_check(r, name + 9) ? r->ret : section_enter(r, name + 9);
}

static int assignment_check(struct reader *r, const char *start)
{
	const char *equals = find_before_comment(start, "=:"), *end;
	size_t length;

	if (!equals)
		return reader_error(r, "no = in '%.*s'; write key = value",
				    (int)strcspn(start, "\r\n"), start);
	if (*equals == ':')
		return reader_error(r, "a colon before the =; write key = value");
	for (end = equals; end > start && isspace((unsigned char)end[-1]); end--)
		;
	length = (size_t)(end - start);
	if (!length)
		return reader_error(r, "no key before the =");
	if (length > INIH_NAME_MAX)
		return reader_error(r, "the key has more than %d bytes", INIH_NAME_MAX);
	if (!r->section[0])
		return reader_error(r, "%.*s stands outside any section", (int)length, start);
	return 0;
}

static int line_check(struct reader *r, const char *line, size_t length)
{
	const char *start = line;

	for (size_t i = 0; i < length; i++) {
		if (iscntrl((unsigned char)line[i]) &&
		    !strchr("\t\r\n", line[i] ? line[i] : 'x'))
			return reader_error(r, "byte 0x%02x is not text",
					    (unsigned char)line[i]);
	}
	if (r->line == 1 && !strncmp(start, "\xef\xbb\xbf", 3))
		start += 3;
	while (isspace((unsigned char)*start))
		start++;
	if (!*start || strchr(";#", *start))
		return 0;
	return *start == '[' ? section_check(r, start) : assignment_check(r, start);
}

/* inih calls this once for each physical line: the only place where lines are counted. */
static char *read_line(char *buffer, int capacity, void *context)
{
	struct reader *r = context;
	size_t length = 0;
	int c = 0;

	if (r->ret)
		return NULL;
	while (c != '\n' && (c = getc(r->stream)) != EOF) {
		if ((length == PROFILE_LINE_MAX && c != '\n') ||
		    length + 2 > (size_t)capacity) {
			r->line++;
			reader_error(r, "the line has more than %d bytes", PROFILE_LINE_MAX);
			return NULL;
		}
		buffer[length++] = (char)c;
	}
	if (!length)
		return NULL;
	buffer[length] = '\0';
	r->line++;
	return line_check(r, buffer, length) ? NULL : buffer;
}

/*
 * What would not read back as it is: inih takes `key =;x` for a value and `key = ;x`
 * for a comment, and a word of the command line may hold anything.
 */
static const char *value_defect(const char *value)
{
	if (!*value)
		return "has no value";
	if (isspace((unsigned char)*value) || isspace((unsigned char)value[strlen(value) - 1]))
		return "begins or ends with a space";
	for (const char *c = value; *c; c++) {
		if (iscntrl((unsigned char)*c))
			return "has a byte that is not text";
		if (is_comment(value, c))
			return "has a ; that begins a comment";
	}
	return NULL;
}

static int take_entry(void *context, const char *section, const char *key, const char *value)
{
	struct reader *r = context;
	const struct profile_entry *first = profile_get(r->p, r->section, key);
	const char *defect = value_defect(value);
	struct error e = { "" };

	(void)section; /* read_line() keeps the worker's bare name */
	if (first)
		reader_error(r, "%s again; it was set on line %u", key, first->line);
	else if (defect)
		reader_error(r, "%s %s", key, defect);
	else if (r->dialect ? r->dialect->key_check(r->section, key, &e)
			    : key_check(r->section, key, &e))
		reader_error(r, "%s", e.text);
	else
		r->ret = profile_set(r->p, r->section, key, value, r->path, r->line);
	return !r->ret;
}

/* A worker without a type would be a section that nothing speaks of: say so here. */
static int types_check(struct reader *r)
{
	for (unsigned i = 0; i < r->nr_seen; i++) {
		if (profile_section_is_fixed(r->seen[i].name) ||
		    profile_get(r->p, r->seen[i].name, "type"))
			continue;
		r->line = r->seen[i].line;
		return reader_error(r, "[workload %s] has no type; `pagestorm list` shows them",
				    r->seen[i].name);
	}
	return 0;
}

static void name_from_path(struct profile *p, const char *path)
{
	const char *base = strrchr(path, '/');
	size_t length;

	base = base ? base + 1 : path;
	length = strlen(base);
	if (length > 4 && !strcmp(base + length - 4, ".ini"))
		length -= 4;
	snprintf(p->name, sizeof(p->name), "%.*s", (int)length, base);
}

static int read_stream(struct profile *p, FILE *stream, const char *path,
		       const struct profile_dialect *dialect, struct error *e)
{
	struct reader r = {
		.p = p, .stream = stream, .path = p->path, .dialect = dialect, .e = e
	};
	int line;

	snprintf(p->path, sizeof(p->path), "%s", path);
	name_from_path(p, path);
	/* Process-wide in inih: set each time rather than relied on. */
	ini_max_line = PROFILE_LINE_MAX + 3;
	ini_allow_multiline = false;
	ini_allow_inline_comments = true;
	ini_stop_on_first_error = true;

	line = ini_parse_stream(read_line, &r, take_entry, &r);
	if (r.ret)
		return r.ret;
	if (ferror(stream))
		return error_set(e, errno ? errno : EIO, "cannot read %s: %s", path,
				 strerror(errno ? errno : EIO));
	if (line)
		return reader_error(&r, "the line cannot be read");
	return dialect ? 0 : types_check(&r);
}

int profile_read_stream(struct profile *p, FILE *stream, const char *path, struct error *e)
{
	return read_stream(p, stream, path, NULL, e);
}

int profile_read(struct profile *p, const char *path, struct error *e)
{
	return profile_read_dialect(p, path, NULL, e);
}

int profile_read_dialect(struct profile *p, const char *path,
			 const struct profile_dialect *dialect, struct error *e)
{
	FILE *stream = NULL;
	struct stat st;
	int ret;

	if (strlen(path) >= sizeof(p->path))
		return error_set(e, ENAMETOOLONG, "the path %.60s… is too long", path);
	if (stat(path, &st) || !(stream = fopen(path, "re")))
		return error_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode))
		ret = read_stream(p, stream, path, dialect, e);
	else
		ret = error_set(e, EINVAL, "%s is not a file", path);
	fclose(stream);
	return ret;
}

/* ---- finding ---- */

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

int profile_find(const char *name, char *path, size_t path_bytes)
{
	static const char *const places[][2] = {
		{ "", "" },
		{ "", ".ini" },
		{ "profiles/", ".ini" },
		{ PAGESTORM_PROFILES_DIR "/", ".ini" },
	};
	char candidate[512];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int length = snprintf(candidate, sizeof(candidate), "%s%s%s", places[i][0],
				      name, places[i][1]);

		if (length < 0 || (size_t)length >= sizeof(candidate) || !is_file(candidate))
			continue;
		if ((size_t)length >= path_bytes)
			return -ENAMETOOLONG;
		memcpy(path, candidate, (size_t)length + 1);
		return 0;
	}
	return -ENOENT;
}

static const char *suggest_workload(const char *name)
{
	const char *names[256];
	size_t nr = 0;

	while (workloads[nr] && nr < sizeof(names) / sizeof(*names)) {
		names[nr] = workloads[nr]->name;
		nr++;
	}
	return suggest(name, names, nr);
}

int profile_of_workload(struct profile *p, const char *workload, struct error *e)
{
	const char *near = suggest_workload(workload);
	/* `null` as a worker means the noise floor's run in every result; [swap] is a section.
	 */
	const char *worker = !strcmp(workload, "null")	 ? "nothing"
			     : !strcmp(workload, "swap") ? "swapper"
							 : workload;

	if (!workload_find(workload))
		return error_set(e, ENOENT, "%s: unknown workload%s%s%s", workload,
				 near ? "; did you mean " : "", near ? near : "",
				 near ? "?" : "");
	snprintf(p->name, sizeof(p->name), "%s", workload);
	p->path[0] = '\0';
	return profile_set(p, worker, "type", workload, profile_command_line, 0);
}

static bool is_path(const char *argument)
{
	size_t length = strlen(argument);

	return strchr(argument, '/') || (length > 4 && !strcmp(argument + length - 4, ".ini"));
}

int profile_load(struct profile *p, const char *argument, struct error *e)
{
	const char *near = suggest_workload(argument);
	char path[512];

	if (is_path(argument))
		return profile_read(p, argument, e);
	if (workload_find(argument))
		return profile_of_workload(p, argument, e);
	if (!profile_find(argument, path, sizeof(path)))
		return profile_read(p, path, e);
	if (near)
		return error_set(e, ENOENT, "%s: no workload and no profile; did you mean %s?",
				 argument, near);
	return error_set(
		e, ENOENT,
		"%s: no workload (`pagestorm list`) and no profile in ., ./profiles or "
		"%s",
		argument, PAGESTORM_PROFILES_DIR);
}

/* ---- the command line ---- */

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
		return unknown_of(e, "key", name, profile_keys);
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
		if (profile_section_is_fixed(in) && key_check(in, rest, e))
			return -EINVAL;
		return place(section, key, in, rest, e);
	}
	if (!strncmp(name, "memory.", 7) || !strncmp(name, "cpuset.", 7) ||
	    !strncmp(name, "pids.", 5))
		return unknown_of(e, "limit", name, cgroup_keys);
	if (setting_suggest(name) || setting_is_sysctl(name))
		return unknown(e, "setting", name, setting_suggest(name));
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
	defect = value_defect(equals + 1);
	if (!defect && strlen(equals + 1) > PROFILE_LINE_MAX - INIH_NAME_MAX - 4)
		defect = "is too long";
	if (defect)
		return profile_error(&at, e, EINVAL, "%s %s", name, defect);
	if (profile_resolve(p, name, section, key, &clause))
		return profile_error(&at, e, EINVAL, "%s", clause.text);
	return profile_set(p, section, key, equals + 1, profile_command_line, 0);
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
	for (const char *const *s = sections; strcmp(*s, "sweep"); s++)
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
