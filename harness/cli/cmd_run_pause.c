// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of `run --pause`: parsed, checked and printed. The waiting is trial_pause.c's. */
#include "harness/cli/cmd_run_pause.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/api/arith.h"

static const struct {
	const char *word;
	enum barrier barrier;
} barriers[] = { { "ready", BARRIER_READY }, { "held", BARRIER_HELD } };

#define NR_BARRIERS (ARRAY_SIZE(barriers))

static const char *barrier_word(enum barrier barrier)
{
	for (size_t i = 0; i < NR_BARRIERS; i++)
		if (barriers[i].barrier == barrier)
			return barriers[i].word;
	return "";
}

int cmd_pause_barriers(struct cmd_pause *p, const char *list, struct error *e)
{
	const char *word = list;
	unsigned set = 0;

	for (;;) {
		const size_t length = strcspn(word, ",");
		size_t i = 0;

		while (i < NR_BARRIERS && (strlen(barriers[i].word) != length ||
					   strncmp(barriers[i].word, word, length)))
			i++;
		if (i == NR_BARRIERS)
			return error_set(
				e, EINVAL,
				"--pause: no barrier '%.*s'; it is ready, held or ready,held",
				(int)length, word);
		set |= 1u << barriers[i].barrier;
		if (!word[length])
			break;
		word += length + 1;
	}
	p->trial.barriers = set;
	return 0;
}

/* A descriptor's number, ended by `end`; where it ends, or NULL. */
static const char *read_descriptor(const char *text, char end, int *fd)
{
	char *rest;
	const long n = strtol(text, &rest, 10);

	if (*text < '0' || *text > '9' || *rest != end || n > INT_MAX)
		return NULL;
	*fd = (int)n;
	return rest;
}

int cmd_pause_descriptors(struct cmd_pause *p, const char *text, struct error *e)
{
	const char *comma;
	int out_fd, in_fd;

	comma = read_descriptor(text, ',', &out_fd);
	if (!comma || !read_descriptor(comma + 1, 0, &in_fd))
		return error_set(
			e, EINVAL,
			"--pause-fd: '%s' is not OUT,IN, two numbers of open descriptors",
			text);
	p->out_fd = out_fd;
	p->trial.in_fd = in_fd;
	return 0;
}

/* poll(2) reports a file at its end as readable: there would be no wait. */
static bool can_wait(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
}

static int check_descriptor(int fd, int refused, const char *use, struct error *e)
{
	const int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_ACCMODE) == refused || flags & O_PATH)
		return error_set(e, EINVAL, "--pause-fd: descriptor %d is not open for %s", fd,
				 use);
	if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC))
		return error_set(e, EINVAL, "--pause-fd: descriptor %d: %s", fd,
				 strerror(errno));
	return 0;
}

int cmd_pause_check(const struct cmd_pause *p, struct error *e)
{
	const int in_fd = p->trial.in_fd;
	int ret;

	if (!p->trial.barriers)
		return 0;
	if (p->out_fd < 0) {
		if (!can_wait(in_fd))
			return error_set(
				e, EINVAL,
				"--pause: stdin is neither a terminal, a pipe nor a socket, so nothing can end the pause; give it one, or --pause-fd=OUT,IN");
		return 0;
	}
	ret = check_descriptor(p->out_fd, O_RDONLY, "writing", e);
	if (!ret)
		ret = check_descriptor(in_fd, O_WRONLY, "reading", e);
	if (!ret && !can_wait(in_fd))
		ret = error_set(
			e, EINVAL,
			"--pause-fd: descriptor %d is neither a terminal, a pipe nor a socket, so nothing can end the pause",
			in_fd);
	return ret;
}

/* ---- what is printed ---- */

static const char *const state_words[] = { [WORKER_STARTING] = "starting",
					   [WORKER_READY] = "ready",
					   [WORKER_RUNNING] = "running",
					   [WORKER_HELD] = "held",
					   [WORKER_DEAD] = "dead" };

static void print_began(FILE *out, const struct trial *trial, enum barrier barrier)
{
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		const struct trial_worker *worker = &trial->worker[i];

		fprintf(out, "worker name=%s pid=%d state=%s group=%s\n", worker->plan->name,
			worker->process.pid, state_words[worker->state], worker->group.path);
	}
	fprintf(out, "paused barrier=%s cell=%u repeat=%d workers=%u\n", barrier_word(barrier),
		trial->cell->index, trial->repeat, trial->nr_workers);
}

/* A controller that does not read must not stop the run for ever. */
static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		struct pollfd room = { .fd = fd, .events = POLLOUT };
		ssize_t n;

		if (poll(&room, 1, 0) < 1 || !(room.revents & POLLOUT))
			return -EPIPE;
		n = write(fd, text, length < PIPE_BUF ? length : PIPE_BUF);
		if (n < 0)
			return -errno;
		text += n;
		length -= (size_t)n;
	}
	return 0;
}

static int write_news(const struct cmd_pause *p, const char *text, size_t length, bool began)
{
	if (p->out_fd >= 0)
		return write_all(p->out_fd, text, length);
	p->make_room(p->arg);
	fwrite(text, 1, length, stderr);
	if (began)
		fputs("pagestorm: paused; press Enter (a line on stdin) to continue, Ctrl-C to end the run\n",
		      stderr);
	return 0;
}

static int report(const struct trial *trial, enum pause_news news, enum barrier barrier,
		  const struct trial_worker *worker, void *arg)
{
	const struct cmd_pause *p = arg;
	char *text = NULL;
	size_t length = 0;
	FILE *out;
	int ret;

	if (news == PAUSE_ABANDONED) {
		p->make_room(p->arg);
		fprintf(stderr,
			"pagestorm: the controller of --pause is gone: continuing from %s without further pauses\n",
			barrier_word(barrier));
		return 0;
	}
	out = open_memstream(&text, &length);
	if (!out)
		return -errno;
	if (news == PAUSE_BEGAN)
		print_began(out, trial, barrier);
	else
		fprintf(out, "died barrier=%s name=%s pid=%d\n", barrier_word(barrier),
			worker->plan->name, worker->process.pid);
	ret = fclose(out) ? -ENOMEM : write_news(p, text, length, news == PAUSE_BEGAN);
	free(text);
	return ret;
}

static void no_room(void *arg)
{
	(void)arg; /* nothing is in the way */
}

void cmd_pause_init(struct cmd_pause *p)
{
	*p = (struct cmd_pause){
		.trial = { .in_fd = STDIN_FILENO, .report = report, .arg = p },
		.out_fd = -1,
		.make_room = no_room,
	};
}
