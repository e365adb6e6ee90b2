// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a profile's file. libinih splits lines into keys and values; what it accepts and should
 * not is refused here, line by line, before it sees it: lines and names that it cuts
 * silently, sections without a bracket, text after a bracket, a colon taken for the
 * equals sign.
 */
#include "harness/plan/profile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "harness/base/suggest.h"
#include "harness/plan/profile_part.h"
#include "workloads/api/arith.h"

/* A worker's name becomes part of a cgroup's path and a cell of each CSV. */
#define WORKER_NAME_MAX 40

#define FIFO_WAIT_MS 2000 /* its writer may take a moment to begin */

/* Names that mean something else in results, in [expect] or on the command line. */
static const char *const reserved[] = {
	"cpuset", "group",   "kernel", "ledger", "mapping", "memory",	"null", "own_swap",
	"pids",	  "process", "run",    "system", "vm",	    "workload", NULL,
};

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

/* First of these characters before an inline comment, or NULL; as inih looks for it. */
static const char *find_before_comment(const char *text, const char *characters)
{
	for (const char *p = text; *p; p++) {
		if (p > text && profile_is_comment(text, p))
			return NULL;
		if (strchr(characters, *p))
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
		return reader_error(
			r, "'%s' cannot name a worker: letters, digits, _ and - after a letter",
			name);
	if (strlen(name) > WORKER_NAME_MAX)
		return reader_error(r, "a worker's name has at most %d bytes", WORKER_NAME_MAX);
	if (words_have(profile_sections, name) || words_have(reserved, name))
		return reader_error(r, "'%s' cannot name a worker: the name is taken", name);
	return 0;
}

static int section_unknown(struct reader *r, const char *name)
{
	const char *near = suggest(name, profile_sections, words_count(profile_sections));

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
	if (r->nr_seen == ARRAY_SIZE(r->seen))
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
	if (*rest && !profile_is_comment(end + 1, rest))
		return reader_error(r, "text after the section's ]");
	length = (size_t)(end - start - 1);
	if (length > INIH_NAME_MAX)
		return reader_error(r, "the section's name has more than %d bytes",
				    INIH_NAME_MAX);
	memcpy(name, start + 1, length);
	name[length] = '\0';
	if (r->dialect)
		return dialect_section_check(r, name);
	if (words_have(profile_sections, name))
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
	const char *start = line, *bad = profile_not_utf8(line, length);

	if (bad)
		return reader_error(r, "byte 0x%02x is not UTF-8", (unsigned char)*bad);
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

static int take_entry(void *context, const char *section, const char *key, const char *value)
{
	struct reader *r = context;
	const struct profile_entry *first = profile_get(r->p, r->section, key);
	const char *defect = profile_value_defect(value);
	const struct profile_entry at = { .file = r->path, .line = r->line };
	struct error e = { "" };

	(void)section; /* read_line() keeps the worker's bare name */
	if (first)
		reader_error(r, "%s again; it was set on line %u", key, first->line);
	else if (defect)
		reader_error(r, "%s %s", key, defect);
	else if (r->dialect ? r->dialect->key_check(r->section, key, &e)
			    : profile_key_check(r->section, key, &e))
		reader_error(r, "%s", e.text);
	else
		r->ret = profile_set(r->p, r->section, key, value, &at);
	if (!r->ret)
		profile_note_renamed(r->p, key);
	return !r->ret;
}

/* A worker without a type would be a section that is silently ignored. */
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

/* A pipe has a writer. Of a FIFO that nothing writes to, a read would wait without end. */
static bool is_silent(int fd)
{
	struct pollfd look = { .fd = fd, .events = POLLIN };
	struct statfs fs;

	return (fstatfs(fd, &fs) || fs.f_type != PIPEFS_MAGIC) &&
	       poll(&look, 1, FIFO_WAIT_MS) <= 0;
}

/* A regular file or a pipe. What is open is judged, not what its name means now. */
static int open_file(const char *path, struct error *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), ret = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || fcntl(fd, F_SETFL, O_RDONLY))
		ret = error_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		ret = error_set(e, EINVAL, "%s is not a file", path);
	else if (S_ISFIFO(st.st_mode) && is_silent(fd))
		ret = error_set(e, EINVAL, "%s is a FIFO that no process writes to", path);
	if (ret && fd >= 0)
		close(fd);
	return ret ? ret : fd;
}

static int open_stream(const char *path, FILE **stream, struct error *e)
{
	const int fd = open_file(path, e);
	int ret;

	if (fd < 0)
		return fd;
	*stream = fdopen(fd, "r");
	if (*stream)
		return 0;
	ret = error_set(e, errno, "cannot open %s: %s", path, strerror(errno));
	close(fd);
	return ret;
}

int profile_read_dialect(struct profile *p, const char *path,
			 const struct profile_dialect *dialect, struct error *e)
{
	FILE *stream;
	int ret;

	if (strlen(path) >= sizeof(p->path))
		return error_set(e, ENAMETOOLONG, "the path %.60s… is too long", path);
	ret = open_stream(path, &stream, e);
	if (ret)
		return ret;
	ret = read_stream(p, stream, path, dialect, e);
	fclose(stream);
	return ret;
}
