// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal's file: written ahead of each act, worked off backwards. How a thing is
 * undone is undo.c's.
 */
#include "harness/run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/run/journal_image.h"
#include "harness/run/sysfile.h"
#include "harness/run/undo.h"

#define NAME "journal"

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
	fprintf(out, JOURNAL_MAGIC "\nboot\t%s\nrun\t", boot);
	journal_escape(out, run);
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
	if (end < 0)
		return error_set(e, errno, "cannot write the journal %s: it is not open",
				 j->path);
	out = open_memstream(&text, &bytes);
	if (!out)
		return error_set(e, ENOMEM, "out of memory for the journal");
	fprintf(out, "%s\t", journal_kind_names[kind]);
	journal_escape(out, what);
	fputc('\t', out);
	journal_escape(out, before);
	fputc('\t', out);
	journal_escape(out, after);
	fputc('\n', out);
	rc = fclose(out) ? -ENOMEM : append(j, text, bytes);
	free(text);
	if (!rc && fdatasync(j->fd))
		rc = -errno;
	if (rc) {
		/* Half a line would swallow the next one. */
		(void)!ftruncate(j->fd, end);
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

	if (!image_read(&image, j->fd) && !image.empty && !image_count_unclear(&image)) {
		while (keep < image.nr && entry_is_live(&image.entry[keep]))
			keep++;
		if (keep == image_count_live(&image))
			(void)!ftruncate(j->fd,
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
	if (!rc && (rc = mark(j, image, index)))
		(void)error_set(e, -rc, "cannot write the journal %s: %s", j->path,
				strerror(-rc));
	return rc;
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
	const size_t first = image_first_behind(image, keep);
	int rc = 0;

	for (size_t i = image->nr; i > first; i--) {
		struct error one = { "" };

		if (!entry_is_live(&image->entry[i - 1]) || !undo_entry(j, image, i - 1, &one))
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
	index = image_newest(&image, kind, what);
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
	index = image_newest(&image, kind, what);
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
		live = image_count_live(&image);
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
	if (image_count_live(&image)) {
		shut(j);
		rc = error_set(e, EUCLEAN, "something of the run could not be undone");
	} else if (image_count_unclear(&image)) {
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
