/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a workload in the real worker's frame, `pagestorm --worker`, without the
 * harness and without a group, and holds its claims against what /proc says of the
 * process and what the ledger says. Needs no privilege.
 */
#ifndef PAGESTORM_TESTS_PLAY_H
#define PAGESTORM_TESTS_PLAY_H

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/drive.h"

struct play {
	pid_t pid;
	int command, report;
	struct ledger *ledger;
};

enum play_side { PLAY_BEFORE, PLAY_AFTER, PLAY_SIDES };

static inline const char *play_program(void)
{
	const char *path = getenv("PAGESTORM");

	return path ? path : "./pagestorm";
}

/* Skips where the program, or glibc's own malloc in it, is missing. */
static inline void play_need_glibc(struct drive *d)
{
	char reason[256];

#ifdef WITH_SANITIZERS
	print_message(
		"AddressSanitizer's malloc is not glibc's, and it takes a leak for a bug\n");
	skip();
#endif
	if (access(play_program(), X_OK)) {
		print_message("there is no program %s\n", play_program());
		skip();
	}
	if (drive_check(d, reason, sizeof(reason)) == -ENODEV) {
		print_message("%s\n", reason);
		skip();
	}
}

static inline void play_exec(int ledger, int command, int report)
{
	static char *const arguments[] = { (char *)"pagestorm", (char *)"--worker", NULL };
	static char *const environment[] = { NULL };
	int from[3], to[3] = { WORKER_LEDGER_FD, WORKER_COMMAND_FD, WORKER_REPORT_FD };

	from[0] = fcntl(ledger, F_DUPFD, 16);
	from[1] = fcntl(command, F_DUPFD, 16);
	from[2] = fcntl(report, F_DUPFD, 16);
	for (int i = 0; i < 3; i++)
		dup2(from[i], to[i]);
	for (int fd = WORKER_REPORT_FD + 1; fd < 64; fd++)
		close(fd);
	execve(play_program(), arguments, environment);
	_exit(127);
}

/* A report of the worker, within a minute; 0: none, or it has gone. */
static inline char play_read(const struct play *play)
{
	struct pollfd fd = { .fd = play->report, .events = POLLIN };
	char c = 0;

	if (poll(&fd, 1, 60000) == 1 && read(play->report, &c, 1) == 1)
		return c;
	kill(play->pid, SIGKILL);
	return 0;
}

/* Starts the worker and waits until it is ready. */
static inline void play_start(struct play *play, struct drive *d, uint64_t sabotage_pages)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC), command[2], report[2];

	assert_true(fd >= 0 && !ftruncate(fd, LEDGER_BYTES));
	assert_true(!pipe2(command, O_CLOEXEC) && !pipe2(report, O_CLOEXEC));
	play->ledger = mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(play->ledger != MAP_FAILED);
	play->ledger->magic = LEDGER_MAGIC;
	play->ledger->bytes = LEDGER_BYTES;
	play->ledger->env = d->env;
	play->ledger->seed = 1;
	play->ledger->sabotage_pages = sabotage_pages;
	snprintf(play->ledger->workload, sizeof(play->ledger->workload), "%s",
		 d->workload->name);
	memcpy(play->ledger->params, d->params, sizeof(d->params));
	play->pid = fork();
	assert_true(play->pid >= 0);
	if (!play->pid)
		play_exec(fd, command[0], report[1]);
	close(fd);
	close(command[0]);
	close(report[1]);
	play->command = command[1];
	play->report = report[0];
	if (play_read(play) != 'R')
		fail_msg("not ready: %s", play->ledger->error);
}

static inline void play_go(struct play *play)
{
	assert_int_equal(write(play->command, "G", 1), 1);
	if (play_read(play) != 'H')
		fail_msg("not held: %s", play->ledger->error);
}

/* Lets the worker leave and returns its wait status. */
static inline int play_end(struct play *play)
{
	int status = -1;

	assert_int_equal(write(play->command, "B", 1), 1);
	waitpid(play->pid, &status, 0);
	close(play->command);
	close(play->report);
	munmap(play->ledger, LEDGER_BYTES);
	return status;
}

static inline int64_t play_from_stat(const char *text, const char *counter)
{
	unsigned field = !strcmp(counter, "minflt") ? 10 : !strcmp(counter, "majflt") ? 12 : 0;
	const char *p = strrchr(text, ')');

	if (!field)
		return -1;
	for (unsigned i = 2; i < field; i++)
		p = strchr(p, ' ') + 1;
	return strtoll(p, NULL, 10);
}

/* One of the counters that claims name, in the claim's own unit; -1: not one of these. */
static inline int64_t play_counter(const struct play *play, const struct claim *c)
{
	char path[64], text[8192] = "", key[48];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%.31s", play->pid, c->source);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	if (!strcmp(c->source, "stat"))
		return play_from_stat(text, c->counter);
	snprintf(key, sizeof(key), "\n%.40s:", c->counter);
	at = strstr(text, key);
	return at ? strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

static inline bool play_holds(const struct claim *c, int64_t expected, int64_t observed)
{
	int64_t low = c->relation == RELATION_BETWEEN ? expected : expected - c->tolerance;
	int64_t high = expected + c->tolerance;

	return (c->relation == RELATION_LE || observed >= low) &&
	       (c->relation == RELATION_GE || observed <= high);
}

/*
 * The whole of it: returns how many claims about the process and the ledger were
 * judged, and how many failed in *failed; prints those when told to.
 */
static inline unsigned play_judge(struct drive *d, uint64_t sabotage_pages, bool tell,
				  unsigned *failed)
{
	int64_t value[PLAY_SIDES][CLAIMS_MAX];
	unsigned judged = 0;
	struct play play;

	*failed = 0;
	drive_claims(d);
	play_start(&play, d, sabotage_pages);
	for (unsigned i = 0; i < d->claims.nr; i++)
		value[PLAY_BEFORE][i] = play_counter(&play, &d->claims.claim[i]);
	play_go(&play);
	for (unsigned i = 0; i < d->claims.nr; i++)
		value[PLAY_AFTER][i] = play_counter(&play, &d->claims.claim[i]);
	memcpy((void *)d->ledger, (void *)play.ledger, LEDGER_BYTES);
	assert_int_equal(play_end(&play), 0);
	for (unsigned i = 0; i < d->claims.nr; i++) {
		const struct claim *c = &d->claims.claim[i];
		int64_t expected = drive_expected(d, c), observed;

		if (c->span != SPAN_WORK)
			continue;
		if (!strcmp(c->scope, "ledger"))
			observed = (int64_t)drive_slot(d, c->counter);
		else if (!strcmp(c->scope, "process") && value[PLAY_BEFORE][i] >= 0)
			observed = value[PLAY_AFTER][i] - value[PLAY_BEFORE][i];
		else
			continue;
		judged++;
		if (play_holds(c, expected, observed))
			continue;
		++*failed;
		if (tell)
			print_message("%s %s/%s: %lld promised, %lld seen\n", c->scope,
				      c->source, c->counter, (long long)expected,
				      (long long)observed);
	}
	return judged;
}

#endif
