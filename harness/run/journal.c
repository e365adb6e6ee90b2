// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal's file: written ahead of each act, read to undo it. How a thing is
 * undone is undo.c's.
 */
#include "config.h"
#include "harness/run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/run/sysfile.h"
#include "harness/run/undo.h"

#define MAGIC	     "pagestorm-journal 1"
#define NAME	     "journal"
#define BYTES_MAX    (64u << 20)
#define HEADER_LINES 5

static const char *const kind_names[] = {
	[JOURNAL_SETTING] = "setting", [JOURNAL_GROUP] = "group", [JOURNAL_SWAP] = "swap",
	[JOURNAL_ZRAM] = "zram",       [JOURNAL_LOOP] = "loop",	  [JOURNAL_FILE] = "file",
	[JOURNAL_MOUNT] = "mount",
};

#define NR_KINDS (sizeof(kind_names) / sizeof(kind_names[0]))

struct entry {
	enum journal_kind kind;
	char *what, *before, *after; /* into the image's text */
	off_t end;		     /* just behind its line */
	bool undone, unclear;	     /* unclear: a line that cannot be understood */
	unsigned line;
};

/* A journal as read. Entries point into text. */
struct image {
	char *text;
	bool empty;    /* killed before its header was whole: nothing was done */
	bool rebooted; /* since it was written */
	bool made;     /* its directory was made for it */
	char run[128];
	int pid;
	unsigned long long start_ticks;
	size_t nr, capacity;
	struct entry *entry;
	off_t header_end;
};

/* ---- text ---- */

static void escape(FILE *out, const char *text)
{
	if (!text) {
		fputs("\\-", out);
		return;
	}
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f || *c == '\\')
			fprintf(out, "\\%03o", *c);
		else
			fputc(*c, out);
	}
}

static bool is_octal(const char *text)
{
	for (int i = 0; i < 3; i++)
		if (text[i] < '0' || text[i] > '7')
			return false;
	return true;
}

/* In place. False for an escape that nobody wrote. */
static bool unescape(char **field)
{
	char *out = *field;

	if (!strcmp(*field, "\\-")) {
		*field = NULL;
		return true;
	}
	for (const char *in = *field; *in; in++) {
		if (*in != '\\') {
			*out++ = *in;
		} else if (is_octal(in + 1)) {
			*out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 3;
		} else {
			return false;
		}
	}
	*out = '\0';
	return true;
}

/* Splits at tabs; returns how many fields there are, at most nr. */
static unsigned split(char *line, char **field, unsigned nr)
{
	unsigned n = 0;

	while (line && n < nr) {
		field[n++] = line;
		line = strchr(line, '\t');
		if (line)
			*line++ = '\0';
	}
	return line ? nr + 1 : n;
}

/* ---- reading ---- */

static void image_release(struct image *image)
{
	free(image->entry);
	free(image->text);
	*image = (struct image){ 0 };
}

static int add_entry(struct image *image, const struct entry *entry)
{
	if (image->nr == image->capacity) {
		const size_t capacity = image->capacity ? 2 * image->capacity : 32;
		struct entry *grown = realloc(image->entry, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		image->entry = grown;
		image->capacity = capacity;
	}
	image->entry[image->nr++] = *entry;
	return 0;
}

static bool parse_kind(const char *name, enum journal_kind *kind)
{
	for (size_t i = 0; i < NR_KINDS; i++) {
		if (!strcmp(name, kind_names[i])) {
			*kind = (enum journal_kind)i;
			return true;
		}
	}
	return false;
}

static bool parse_mark(struct image *image, const char *number)
{
	unsigned long long index;
	char *end;

	index = strtoull(number, &end, 10);
	if (!*number || *end || index >= image->nr)
		return false;
	image->entry[index].undone = true;
	return true;
}

static int parse_line(struct image *image, char *line, unsigned number, off_t end)
{
	struct entry entry = { .line = number, .end = end };
	char *field[4] = { NULL };
	const unsigned nr = split(line, field, 4);

	if (nr == 2 && !strcmp(field[0], "undone") && parse_mark(image, field[1]))
		return 0;
	if (nr != 4 || !parse_kind(field[0], &entry.kind) || !unescape(&field[1]) ||
	    !field[1] || !unescape(&field[2]) || !unescape(&field[3])) {
		entry.unclear = true;
	} else {
		entry.what = field[1];
		entry.before = field[2];
		entry.after = field[3];
	}
	return add_entry(image, &entry);
}

static bool parse_header(struct image *image, char *line[HEADER_LINES])
{
	char boot[64], *field[3], *end;

	if (strcmp(line[0], MAGIC) || split(line[1], field, 2) != 2 || strcmp(field[0], "boot"))
		return false;
	if (!sysfile_read("", "/proc/sys/kernel/random/boot_id", boot, sizeof(boot)))
		image->rebooted = strcmp(boot, field[1]);
	if (split(line[2], field, 2) != 2 || strcmp(field[0], "run") || !unescape(&field[1]))
		return false;
	snprintf(image->run, sizeof(image->run), "%s", field[1] ? field[1] : "");
	if (split(line[3], field, 3) != 3 || strcmp(field[0], "process"))
		return false;
	image->pid = (int)strtol(field[1], &end, 10);
	if (*end)
		return false;
	image->start_ticks = strtoull(field[2], &end, 10);
	if (*end || split(line[4], field, 2) != 2 || strcmp(field[0], "directory"))
		return false;
	image->made = !strcmp(field[1], "made");
	return true;
}

static int read_all(int fd, char **text, size_t *bytes)
{
	struct stat st;
	size_t done = 0;

	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > (off_t)BYTES_MAX)
		return -EFBIG;
	*text = malloc((size_t)st.st_size + 1);
	if (!*text)
		return -ENOMEM;
	while (done < (size_t)st.st_size) {
		const ssize_t n =
			pread(fd, *text + done, (size_t)st.st_size - done, (off_t)done);

		if (n <= 0) {
			const int rc = n ? -errno : -EIO;

			free(*text);
			return rc;
		}
		done += (size_t)n;
	}
	(*text)[done] = '\0';
	*bytes = done;
	return 0;
}

/* -EPROTO: not a journal of this version. */
static int image_read(struct image *image, int fd)
{
	char *line[HEADER_LINES], *at, *newline;
	unsigned number = 0;
	size_t bytes = 0;
	int rc;

	*image = (struct image){ 0 };
	rc = read_all(fd, &image->text, &bytes);
	if (rc)
		return rc;
	for (at = image->text; at < image->text + bytes; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(image->text + bytes - at));
		if (!newline)
			break;
		*newline = '\0';
		if (number < HEADER_LINES) {
			line[number++] = at;
			if (number == HEADER_LINES && !parse_header(image, line))
				return -EPROTO;
			image->header_end = newline + 1 - image->text;
			continue;
		}
		number++;
		/* A zero byte inside would hide the rest of the line. */
		if (strlen(at) != (size_t)(newline - at))
			*at = '\0';
		rc = parse_line(image, at, number, newline + 1 - image->text);
		if (rc)
			return rc;
	}
	image->empty = number < HEADER_LINES;
	if (image->empty && number && strncmp(line[0], "pagestorm-journal", 17))
		return -EPROTO;
	return 0;
}

static bool is_live(const struct entry *entry)
{
	return !entry->undone && !entry->unclear;
}

static size_t count_live(const struct image *image)
{
	size_t live = 0;

	for (size_t i = 0; i < image->nr; i++)
		live += is_live(&image->entry[i]);
	return live;
}

static size_t count_unclear(const struct image *image)
{
	size_t unclear = 0;

	for (size_t i = 0; i < image->nr; i++)
		unclear += image->entry[i].unclear;
	return unclear;
}

/* ---- where it is ---- */

static void state_directory(char *directory, size_t bytes)
{
	const char *chosen = getenv("PAGESTORM_STATE_DIR");
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (chosen && chosen[0])
		snprintf(directory, bytes, "%s", chosen);
	else if (geteuid() == 0)
		snprintf(directory, bytes, "/var/lib/pagestorm");
	else if (state && state[0] == '/')
		snprintf(directory, bytes, "%s/pagestorm", state);
	else
		snprintf(directory, bytes, "%s/.local/state/pagestorm", home ? home : "");
}

static void locate(struct journal *j)
{
	state_directory(j->directory, sizeof(j->directory));
	snprintf(j->path, sizeof(j->path), "%s/" NAME, j->directory);
}

static int make_directory(const char *directory, bool *made)
{
	char path[256];

	*made = false;
	snprintf(path, sizeof(path), "%s", directory);
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (!mkdir(path, 0700))
		*made = true;
	else if (errno != EEXIST)
		return -errno;
	return 0;
}

static int sync_directory(const char *directory)
{
	int fd, rc;

	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

/* Field 22 of /proc/PID/stat, behind the name in parentheses. 0: no such process. */
static unsigned long long start_ticks(int pid)
{
	char path[64], text[1024];
	unsigned long long ticks = 0;
	const char *behind;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file)) {
		behind = strrchr(text, ')');
		if (!behind || sscanf(behind + 1,
				      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u "
				      "%*d %*d %*d %*d "
				      "%*d %*d %llu",
				      &ticks) != 1)
			ticks = 0;
	}
	fclose(file);
	return ticks;
}

/* ---- writing ---- */

void journal_init(struct journal *j)
{
	*j = (struct journal){ .fd = -1, .root = "" };
}

bool journal_leftover(void)
{
	struct journal j;

	journal_init(&j);
	locate(&j);
	return !access(j.path, F_OK);
}

static int append(struct journal *j, const char *text, size_t bytes)
{
	const ssize_t n = write(j->fd, text, bytes);

	if (n < 0)
		return -errno;
	return (size_t)n == bytes ? 0 : -ENOSPC;
}

static int write_header(struct journal *j, const char *run, bool made)
{
	char boot[64] = "", *text = NULL;
	size_t bytes = 0;
	FILE *out;
	int rc;

	rc = sysfile_read("", "/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	if (rc)
		return rc;
	out = open_memstream(&text, &bytes);
	if (!out)
		return -ENOMEM;
	fprintf(out, MAGIC "\nboot\t%s\nrun\t", boot);
	escape(out, run);
	fprintf(out, "\nprocess\t%d\t%llu\ndirectory\t%s\n", (int)getpid(),
		start_ticks(getpid()), made ? "made" : "found");
	rc = fclose(out) ? -ENOMEM : append(j, text, bytes);
	free(text);
	if (!rc && fsync(j->fd))
		rc = -errno;
	return rc ? rc : sync_directory(j->directory);
}

int journal_open(struct journal *j, const char *run, struct error *e)
{
	bool made = false;
	int rc;

	locate(j);
	rc = make_directory(j->directory, &made);
	if (rc)
		return error_set(
			e, -rc,
			"cannot make %s for the journal: %s; set PAGESTORM_STATE_DIR to a "
			"directory of your own",
			j->directory, strerror(-rc));
	j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		     0600);
	if (j->fd < 0 && errno == EEXIST)
		return error_set(e, EEXIST,
				 "an earlier run was killed before it could clean up (%s): run "
				 "pagestorm restore first",
				 j->path);
	if (j->fd < 0)
		return error_set(e, errno, "cannot make the journal %s: %s", j->path,
				 strerror(errno));
	rc = write_header(j, run, made);
	if (!rc)
		return 0;
	close(j->fd);
	j->fd = -1;
	(void)unlink(j->path); /* nothing is in it */
	if (made)
		(void)rmdir(j->directory);
	return error_set(e, -rc, "cannot write the journal %s: %s", j->path, strerror(-rc));
}

int journal_note(struct journal *j, enum journal_kind kind, const char *what,
		 const char *before, const char *after, struct error *e)
{
	const struct undo undo = {
		.kind = kind, .what = what, .before = before, .after = after
	};
	const char *objection = undo_objection(&undo);
	char *text = NULL;
	size_t bytes = 0;
	FILE *out;
	off_t end;
	int rc;

	if (objection)
		return error_set(e, EPERM, "%s is not touched: %s", what, objection);
	end = lseek(j->fd, 0, SEEK_END);
	out = open_memstream(&text, &bytes);
	if (end < 0 || !out)
		return error_set(e, EIO, "cannot write the journal %s: it is not open",
				 j->path);
	fprintf(out, "%s\t", kind_names[kind]);
	escape(out, what);
	fputc('\t', out);
	escape(out, before);
	fputc('\t', out);
	escape(out, after);
	fputc('\n', out);
	rc = fclose(out) ? -ENOMEM : append(j, text, bytes);
	free(text);
	if (!rc && fdatasync(j->fd))
		rc = -errno;
	if (rc) {
		/* Half a line would swallow the next one. */
		(void)ftruncate(j->fd, end);
		return error_set(e, -rc, "cannot write the journal %s: %s; nothing was changed",
				 j->path, strerror(-rc));
	}
	return 0;
}

/*
 * Not synced: what kill -9 leaves is in the page cache, and after a power cut the
 * boot id makes all but files void, whose removal can be repeated.
 */
static int mark(struct journal *j, struct image *image, size_t index)
{
	char line[48];

	image->entry[index].undone = true;
	snprintf(line, sizeof(line), "undone\t%zu\n", index);
	return append(j, line, strlen(line));
}

/* Cuts off what lies behind the last live entry, where no mark there can be needed: to keep it
 * short. */
static void compact(struct journal *j)
{
	struct image image;
	size_t keep = 0;

	if (!image_read(&image, j->fd) && !image.empty && !count_unclear(&image)) {
		while (keep < image.nr && is_live(&image.entry[keep]))
			keep++;
		if (keep == count_live(&image))
			(void)ftruncate(j->fd,
					keep ? image.entry[keep - 1].end : image.header_end);
	}
	image_release(&image);
}

/* ---- undoing ---- */

static int undo_entry(struct journal *j, struct image *image, size_t index, struct error *e)
{
	const struct entry *entry = &image->entry[index];
	const struct undo undo = { .kind = entry->kind,
				   .what = entry->what,
				   .before = entry->before,
				   .after = entry->after,
				   .root = j->root,
				   .rebooted = image->rebooted,
				   .say = j->say,
				   .warn = j->warn };
	int rc;

	rc = undo_act(&undo, e);
	if (rc == -EBADMSG) {
		image->entry[index].unclear = true;
		if (j->warn && e)
			j->warn(e->text);
		return rc;
	}
	return rc ? rc : mark(j, image, index);
}

/* Index of the first entry that lies behind `keep` live ones. */
static size_t first_behind(const struct image *image, size_t keep)
{
	size_t i = 0;

	for (; keep && i < image->nr; i++)
		keep -= is_live(&image->entry[i]);
	return i;
}

static int read_own(struct journal *j, struct image *image, struct error *e)
{
	int rc = image_read(image, j->fd);

	if (rc) {
		image_release(image);
		return error_set(e, -rc, "cannot read the journal %s: %s", j->path,
				 rc == -EPROTO ? "it is not in the format of this pagestorm"
					       : strerror(-rc));
	}
	return 0;
}

/* All entries but the oldest `keep`; -EUCLEAN with the first failure in *e. */
static int undo_behind(struct journal *j, struct image *image, size_t keep, struct error *e)
{
	const size_t first = first_behind(image, keep);
	int rc = 0;

	for (size_t i = image->nr; i > first; i--) {
		struct error one = { "" };

		if (!is_live(&image->entry[i - 1]) || !undo_entry(j, image, i - 1, &one))
			continue;
		rc = error_set(e, EUCLEAN, "%s", one.text);
	}
	return rc;
}

int journal_undo(struct journal *j, size_t keep, struct error *e)
{
	struct image image;
	int rc;

	if (j->fd < 0)
		return 0;
	rc = read_own(j, &image, e);
	if (rc)
		return rc;
	rc = undo_behind(j, &image, keep, e);
	image_release(&image);
	compact(j);
	return rc;
}

/* Index of the newest live one, or image->nr. */
static size_t newest(const struct image *image, enum journal_kind kind, const char *what)
{
	for (size_t i = image->nr; i; i--) {
		const struct entry *entry = &image->entry[i - 1];

		if (is_live(entry) && entry->kind == kind && !strcmp(entry->what, what))
			return i - 1;
	}
	return image->nr;
}

int journal_undo_one(struct journal *j, enum journal_kind kind, const char *what,
		     struct error *e)
{
	struct image image;
	size_t index;
	int rc;

	if (j->fd < 0)
		return 0;
	rc = read_own(j, &image, e);
	if (rc)
		return rc;
	index = newest(&image, kind, what);
	if (index < image.nr)
		rc = undo_entry(j, &image, index, e);
	image_release(&image);
	compact(j);
	return rc ? -EUCLEAN : 0;
}

int journal_forget(struct journal *j, enum journal_kind kind, const char *what, struct error *e)
{
	struct image image;
	size_t index;
	int rc;

	rc = read_own(j, &image, e);
	if (rc)
		return rc;
	index = newest(&image, kind, what);
	if (index < image.nr)
		rc = mark(j, &image, index);
	image_release(&image);
	compact(j);
	if (rc)
		return error_set(e, -rc, "cannot write the journal %s: %s", j->path,
				 strerror(-rc));
	return 0;
}

size_t journal_length(const struct journal *j)
{
	struct image image;
	size_t live = 0;

	if (j->fd < 0)
		return 0;
	if (!image_read(&image, j->fd))
		live = count_live(&image);
	image_release(&image);
	return live;
}

/* ---- closing and recovering ---- */

static void shut(struct journal *j)
{
	close(j->fd);
	j->fd = -1;
}

static void remove_journal(struct journal *j, bool made)
{
	(void)unlink(j->path); /* its entries are all undone: a second restore finds nothing */
	(void)sync_directory(j->directory);
	if (made)
		(void)rmdir(j->directory); /* stays when somebody else put a file there */
	shut(j);
}

/* What nobody can undo is kept for a person, out of the way of the next run. */
static int set_aside(struct journal *j, struct error *e)
{
	char aside[sizeof(j->path) + 32];

	snprintf(aside, sizeof(aside), "%s.damaged-%lld", j->path, (long long)time(NULL));
	if (rename(j->path, aside))
		snprintf(aside, sizeof(aside), "%s", j->path);
	(void)sync_directory(j->directory);
	shut(j);
	return error_set(
		e, EUCLEAN,
		"lines of the journal could not be used; they are kept in %s: look at them, "
		"then delete that file",
		aside);
}

static void tell_unclear(const struct journal *j, const struct image *image)
{
	char sentence[512];

	for (size_t i = 0; j->warn && i < image->nr; i++) {
		if (!image->entry[i].unclear || image->entry[i].what)
			continue;
		snprintf(sentence, sizeof(sentence),
			 "line %u of %s cannot be understood: nothing was done for it",
			 image->entry[i].line, j->path);
		j->warn(sentence);
	}
}

int journal_close(struct journal *j, struct error *e)
{
	struct image image;
	int rc;

	if (j->fd < 0)
		return 0;
	rc = image_read(&image, j->fd);
	if (rc == -EPROTO) {
		image_release(&image);
		return set_aside(j, e);
	}
	if (rc) {
		image_release(&image);
		shut(j);
		return error_set(e, -rc, "cannot read the journal %s: %s", j->path,
				 strerror(-rc));
	}
	tell_unclear(j, &image);
	rc = undo_behind(j, &image, 0, e);
	if (count_live(&image)) {
		shut(j);
		rc = error_set(e, EUCLEAN, "something of the run could not be undone");
	} else if (count_unclear(&image)) {
		rc = set_aside(j, e);
	} else {
		remove_journal(j, image.made);
	}
	image_release(&image);
	return rc;
}

/* A journal that another user planted must not make root undo anything. */
static int check_owner(const struct journal *j, struct error *e)
{
	struct stat st;

	if (fstat(j->fd, &st))
		return error_set(e, errno, "cannot look at %s: %s", j->path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(
			e, EPERM,
			"%s is not a file that only this user can write: left alone; delete "
			"it if it is nobody's",
			j->path);
	return 0;
}

static int check_dead(const struct journal *j, struct error *e)
{
	struct image image;
	int rc = 0;

	if (!image_read(&image, j->fd) && !image.rebooted && image.pid != getpid() &&
	    image.start_ticks && image.start_ticks == start_ticks(image.pid))
		rc = error_set(e, EBUSY, "the run %s (process %d) is alive: stop that first",
			       image.run, image.pid);
	image_release(&image);
	return rc;
}

int journal_adopt(struct journal *j, struct error *e)
{
	int rc;

	locate(j);
	j->fd = open(j->path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (j->fd < 0)
		return error_set(e, errno, "cannot open the journal %s: %s", j->path,
				 strerror(errno));
	rc = check_owner(j, e);
	if (!rc)
		rc = check_dead(j, e);
	if (rc)
		shut(j);
	return rc;
}

int journal_recover(void (*say)(const char *sentence), struct error *e)
{
	struct journal j;
	int rc;

	if (!journal_leftover())
		return 0;
	journal_init(&j);
	j.say = say;
	j.warn = say;
	rc = journal_adopt(&j, e);
	return rc ? rc : journal_close(&j, e);
}
