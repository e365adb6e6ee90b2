// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The journal's file: written ahead of each act, undone from its end. How one act is undone is
 * in undo.c.
 */
#include "harness/machine/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/trust.h"
#include "harness/machine/journal_image.h"
#include "harness/machine/undo.h"

#define NAME "journal"

/* ---- where it is ---- */

/* Whether it, or what it would be made in, is ours to write and no other user's. */
static bool is_usable(const char *directory)
{
	char path[256];
	char *slash = path;

	snprintf(path, sizeof(path), "%s", directory);
	while (access(path, F_OK) && (slash = strrchr(path, '/')) && slash != path)
		*slash = '\0';
	return path[0] == '/' && slash != path && !access(path, W_OK) &&
	       !trust_path(path, NULL);
}

/*
 * A user without a home, as in a container that starts with any user's number, has a directory
 * in memory: what it lists is gone with a reboot as well.
 */
static void users_directory(char *directory, size_t bytes)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (state && state[0] == '/')
		snprintf(directory, bytes, "%s/pagestorm", state);
	else
		snprintf(directory, bytes, "%s/.local/state/pagestorm", home ? home : "");
	if (!is_usable(directory))
		snprintf(directory, bytes, "/dev/shm/pagestorm-%u", (unsigned)geteuid());
}

static void state_directory(char *directory, size_t bytes)
{
	const char *chosen = getenv("PAGESTORM_STATE_DIR");

	if (chosen && chosen[0])
		snprintf(directory, bytes, "%s", chosen);
	else if (geteuid() == 0)
		snprintf(directory, bytes, "/var/lib/pagestorm");
	else
		users_directory(directory, bytes);
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
	int fd, ret;

	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

/*
 * F_SETLK takes the lock, F_GETLK only looks. 0, -EAGAIN: another holds it; -errno. A lock of
 * the process, which no child inherits: one that outlives the run for a moment, not yet
 * killed, does not keep it alive. Nothing else here opens and closes the journal, which
 * would drop it.
 */
static int lock_journal(int fd, int command)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, command, &lock))
		return errno == EACCES ? -EAGAIN : -errno;
	return command == F_GETLK && lock.l_type != F_UNLCK ? -EAGAIN : 0;
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

bool journal_is_held(void)
{
	struct journal j;
	bool held = false;

	journal_init(&j);
	locate(&j);
	j.fd = open(j.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (j.fd >= 0) {
		held = lock_journal(j.fd, F_GETLK) == -EAGAIN;
		close(j.fd);
	}
	return held;
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
	struct maker self;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out;
	int ret;

	ret = maker_self(&self);
	if (ret)
		return ret;
	out = open_memstream(&text, &bytes);
	if (!out)
		return -ENOMEM;
	fprintf(out, JOURNAL_MAGIC "\nboot\t%s\nrun\t", self.boot);
	journal_escape(out, run);
	fprintf(out, "\nprocess\t%d\t%llu\t%llu\ndirectory\t%s\n", self.pid, self.start_ticks,
		self.pidns, made ? "made" : "found");
	ret = fclose(out) ? -ENOMEM : append(j, text, bytes);
	free(text);
	if (!ret && fsync(j->fd))
		ret = -errno;
	return ret ? ret : sync_directory(j->directory);
}

int journal_open(struct journal *j, const char *run, struct error *e)
{
	bool made = false;
	int ret;

	locate(j);
	ret = make_directory(j->directory, &made);
	if (ret)
		return error_set(
			e, -ret,
			"cannot make %s for the journal: %s; set PAGESTORM_STATE_DIR to a directory of your own",
			j->directory, strerror(-ret));
	ret = trust_path(j->directory, e);
	if (ret)
		return ret;
	j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		     0600);
	if (j->fd < 0 && errno == EEXIST)
		return error_set(
			e, EEXIST,
			"an earlier run was killed before it could clean up (%s): run pagestorm restore first",
			j->path);
	if (j->fd < 0) {
		ret = error_set(e, errno, "cannot make the journal %s: %s", j->path,
				strerror(errno));
		if (made)
			(void)rmdir(j->directory);
		return ret;
	}
	/* Without locks (-EINVAL, -ENOLCK) the recorded process alone shows whether it lives.
	 */
	ret = lock_journal(j->fd, F_SETLK);
	ret = ret == -EAGAIN ? ret : write_header(j, run, made);
	if (!ret)
		return 0;
	close(j->fd);
	j->fd = -1;
	(void)unlink(j->path); /* nothing is in it */
	if (made)
		(void)rmdir(j->directory);
	return error_set(e, -ret, "cannot write the journal %s: %s", j->path, strerror(-ret));
}

/* A whole line, or none: half a line would swallow the next one. */
static int append_line(struct journal *j, const char *text, size_t bytes)
{
	const off_t end = lseek(j->fd, 0, SEEK_END);
	int ret = end < 0 ? -errno : append(j, text, bytes);

	if (!ret && fdatasync(j->fd))
		ret = -errno;
	if (ret && end >= 0)
		(void)!ftruncate(j->fd, end);
	return ret;
}

static int print_act(const struct journal_act *act, char **text, size_t *bytes)
{
	FILE *out = open_memstream(text, bytes);

	if (!out)
		return -ENOMEM;
	fprintf(out, "%s\t", journal_kind_names[act->kind]);
	journal_escape(out, act->what);
	fputc('\t', out);
	journal_escape(out, act->before);
	fputc('\t', out);
	journal_escape(out, act->after);
	if (act->identity) {
		fputc('\t', out);
		journal_escape(out, act->identity);
	}
	fputc('\n', out);
	return fclose(out) ? -ENOMEM : 0;
}

int journal_note(struct journal *j, const struct journal_act *act, struct error *e)
{
	const struct undo undo = { .kind = act->kind,
				   .what = act->what,
				   .before = act->before,
				   .after = act->after,
				   .identity = act->identity };
	const char *objection = undo_objection(&undo);
	char *text = NULL;
	size_t bytes = 0;
	int ret;

	if (objection)
		return error_set(e, EPERM, "%s is not touched: %s", act->what, objection);
	if (j->fd < 0)
		return error_set(e, EBADF, "cannot write the journal %s: it is not open",
				 j->path);
	ret = print_act(act, &text, &bytes);
	if (!ret)
		ret = append_line(j, text, bytes);
	free(text);
	if (ret)
		return error_set(e, -ret,
				 "cannot write the journal %s: %s; nothing was changed",
				 j->path, strerror(-ret));
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

/* Keeps it short: cuts off what follows the last live entry, unless a mark in it is needed. */
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
				   .identity = entry->identity,
				   .root = j->root,
				   .rebooted = image->rebooted,
				   .say = j->say,
				   .warn = j->warn };
	int ret;

	ret = undo_act(&undo, e);
	if (ret == -EBADMSG) {
		image->entry[index].unclear = true;
		if (j->warn && e)
			j->warn(e->text);
		return ret;
	}
	if (!ret && (ret = mark(j, image, index)))
		(void)error_set(e, -ret, "cannot write the journal %s: %s", j->path,
				strerror(-ret));
	return ret;
}

static int read_own(struct journal *j, struct image *image, struct error *e)
{
	int ret = image_read(image, j->fd);

	if (ret) {
		image_release(image);
		return error_set(e, -ret, "cannot read the journal %s: %s", j->path,
				 ret == -EPROTO ? "it is not in the format of this pagestorm"
						: strerror(-ret));
	}
	return 0;
}

/* All entries but the oldest `keep`; -EUCLEAN with the first failure in *e. */
static int undo_behind(struct journal *j, struct image *image, size_t keep, struct error *e)
{
	const size_t first = image_first_behind(image, keep);
	int ret = 0;

	for (size_t i = image->nr; i > first; i--) {
		struct error one = { "" };

		if (!entry_is_live(&image->entry[i - 1]) || !undo_entry(j, image, i - 1, &one))
			continue;
		ret = error_set(e, EUCLEAN, "%s", one.text);
	}
	return ret;
}

int journal_undo(struct journal *j, size_t keep, struct error *e)
{
	struct image image;
	int ret;

	if (j->fd < 0)
		return 0;
	ret = read_own(j, &image, e);
	if (ret)
		return ret;
	ret = undo_behind(j, &image, keep, e);
	image_release(&image);
	compact(j);
	return ret;
}

int journal_undo_one(struct journal *j, enum journal_kind kind, const char *what,
		     struct error *e)
{
	struct image image;
	size_t index;
	int ret;

	if (j->fd < 0)
		return 0;
	ret = read_own(j, &image, e);
	if (ret)
		return ret;
	index = image_newest(&image, kind, what);
	if (index < image.nr)
		ret = undo_entry(j, &image, index, e);
	image_release(&image);
	compact(j);
	return ret ? -EUCLEAN : 0;
}

int journal_forget(struct journal *j, enum journal_kind kind, const char *what, struct error *e)
{
	struct image image;
	size_t index;
	int ret;

	ret = read_own(j, &image, e);
	if (ret)
		return ret;
	index = image_newest(&image, kind, what);
	if (index < image.nr)
		ret = mark(j, &image, index);
	image_release(&image);
	compact(j);
	if (ret)
		return error_set(e, -ret, "cannot write the journal %s: %s", j->path,
				 strerror(-ret));
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

static int remove_journal(struct journal *j, bool made, struct error *e)
{
	int ret = 0;

	if (unlink(j->path) && errno != ENOENT)
		ret = error_set(e, errno,
				"cannot remove the journal %s, of which all is undone: %s",
				j->path, strerror(errno));
	(void)sync_directory(j->directory);
	if (made)
		(void)rmdir(j->directory); /* stays when another process put a file there */
	shut(j);
	return ret;
}

/* Lines that cannot be undone are kept for a person, out of the way of the next run. */
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
		"lines of the journal cannot be undone; they are kept in %s: read them, then delete that file",
		aside);
}

static void report_unclear(const struct journal *j, const struct image *image)
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
	int ret;

	if (j->fd < 0)
		return 0;
	ret = image_read(&image, j->fd);
	if (ret == -EPROTO) {
		image_release(&image);
		return set_aside(j, e);
	}
	if (ret) {
		image_release(&image);
		shut(j);
		return error_set(e, -ret, "cannot read the journal %s: %s", j->path,
				 strerror(-ret));
	}
	report_unclear(j, &image);
	ret = undo_behind(j, &image, 0, e);
	if (image_count_live(&image)) {
		shut(j);
		ret = error_set(e, EUCLEAN, "not everything of the run could be undone");
	} else if (image_count_unclear(&image)) {
		ret = set_aside(j, e);
	} else {
		ret = remove_journal(j, image.made, e);
	}
	image_release(&image);
	return ret;
}

/* A journal that another user planted must not make root undo anything. */
static int check_owner(const struct journal *j, struct error *e)
{
	struct stat st;

	if (fstat(j->fd, &st))
		return error_set(e, errno, "cannot stat %s: %s", j->path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(
			e, EPERM,
			"%s is not a file that only this user can write; not touching it: delete it if it is no longer needed",
			j->path);
	return 0;
}

static int alive(const struct image *image, struct error *e)
{
	return error_set(e, EBUSY, "the run %s (process %d) is alive: stop that first",
			 image->run, image->maker.pid);
}

/* lock: the result of lock_journal(). Its own process may undo it; a fork of it may not. */
static int check_dead(const struct journal *j, int lock, struct error *e)
{
	struct image image;
	enum maker_state state;
	int ret = image_read(&image, j->fd);

	if (lock == -EAGAIN) {
		ret = ret || image.empty
			      ? error_set(e, EBUSY, "a live run holds the journal %s", j->path)
			      : alive(&image, e);
		image_release(&image);
		return ret;
	}
	state = ret || image.empty || image.rebooted ? MAKER_DEAD : maker_look(&image.maker);
	ret = 0;
	if (state == MAKER_ALIVE && image.maker.pid != getpid())
		ret = alive(&image, e);
	else if (state == MAKER_UNKNOWN && (lock || !image.locked))
		ret = error_set(
			e, EBUSY,
			"the run %s (process %d) may be alive in another PID namespace, which cannot be seen from here: run pagestorm restore in the initial one",
			image.run, image.maker.pid);
	image_release(&image);
	return ret;
}

/* Its run has ended, and removed it, between our opening it and our lock. */
static bool is_gone(const struct journal *j)
{
	struct stat st;

	return !fstat(j->fd, &st) && !st.st_nlink;
}

int journal_adopt(struct journal *j, struct error *e)
{
	int ret, lock;

	locate(j);
	if (!access(j->path, F_OK)) {
		ret = trust_path(j->directory, e);
		if (ret)
			return ret;
	}
	j->fd = open(j->path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (j->fd < 0)
		return error_set(e, errno, "cannot open the journal %s: %s", j->path,
				 strerror(errno));
	ret = check_owner(j, e);
	if (!ret) {
		lock = lock_journal(j->fd, F_SETLK);
		ret = check_dead(j, lock, e);
	}
	if (!ret && is_gone(j))
		ret = error_set(e, ENOENT, "the run of the journal %s has ended", j->path);
	if (ret)
		shut(j);
	return ret;
}

int journal_recover(void (*say)(const char *sentence), struct error *e)
{
	struct journal j;
	int ret;

	if (!journal_leftover())
		return 0;
	journal_init(&j);
	j.say = say;
	j.warn = say;
	ret = journal_adopt(&j, e);
	if (ret == -ENOENT) {
		if (e)
			e->text[0] = '\0';
		return 0; /* it ended by itself just now */
	}
	return ret ? ret : journal_close(&j, e);
}
