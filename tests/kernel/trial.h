/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a workload in the real worker's frame, `pagestorm --worker`, without the
 * harness and without a group, and compares its claims with /proc of the process and
 * with the ledger. Requires no privilege.
 */
#ifndef PAGESTORM_TESTS_TRIAL_H
#define PAGESTORM_TESTS_TRIAL_H

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kernel/kernel.h"
#include "tests/unit/drive.h"

struct trial {
	pid_t pid;
	int command, report;
	struct ledger *ledger;
};

/* Of the claims about the process and the ledger. */
struct trial_result {
	unsigned judged, failed;
	bool too_many_faults; /* each that failed is a count of faults that came out too high */
};

enum trial_side { TRIAL_BEFORE, TRIAL_AFTER, TRIAL_SIDES };

static inline const char *trial_program(void)
{
	const char *path = getenv("PAGESTORM");

	return path ? path : "./pagestorm";
}

/* The claims are those for this kernel. */
static inline void trial_open(struct drive *d, const struct workload *workload)
{
	drive_open(d, workload);
	kernel_describe(&d->env);
}

/* Skips if the program, or glibc's malloc in it, is missing. */
static inline void trial_need_glibc(struct drive *d)
{
	char reason[256];

#ifdef WITH_SANITIZERS
	print_message(
		"AddressSanitizer's malloc is not glibc's, and it takes a leak for a bug\n");
	skip();
#endif
	if (access(trial_program(), X_OK)) {
		print_message("there is no program %s\n", trial_program());
		skip();
	}
	if (drive_check(d, reason, sizeof(reason)) == -ENODEV) {
		print_message("%s\n", reason);
		skip();
	}
}

static inline void trial_exec(int ledger, int command, int report)
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
	execve(trial_program(), arguments, environment);
	_exit(127);
}

/* A report of the worker, within a minute; 0: none, or it has exited. */
static inline char trial_read(const struct trial *trial)
{
	struct pollfd fd = { .fd = trial->report, .events = POLLIN };
	char c = 0;

	if (poll(&fd, 1, 60000) == 1 && read(trial->report, &c, 1) == 1)
		return c;
	kill(trial->pid, SIGKILL);
	return 0;
}

/* A ledger as the harness hands it over. */
static inline void trial_make_ledger(struct trial *trial, const struct drive *d, int fd)
{
	assert_true(fd >= 0 && !ftruncate(fd, LEDGER_BYTES));
	trial->ledger = mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(trial->ledger != MAP_FAILED);
	trial->ledger->magic = LEDGER_MAGIC;
	trial->ledger->bytes = sizeof(*trial->ledger);
	trial->ledger->env = d->env;
	trial->ledger->seed = 1;
	snprintf(trial->ledger->workload, sizeof(trial->ledger->workload), "%s",
		 d->workload->name);
	memcpy(trial->ledger->params, d->params, sizeof(d->params));
}

static inline void trial_fork(struct trial *trial, int ledger_fd)
{
	int command[2], report[2];

	assert_true(!pipe2(command, O_CLOEXEC) && !pipe2(report, O_CLOEXEC));
	trial->pid = fork();
	assert_true(trial->pid >= 0);
	if (!trial->pid)
		trial_exec(ledger_fd, command[0], report[1]);
	close(ledger_fd);
	close(command[0]);
	close(report[1]);
	trial->command = command[1];
	trial->report = report[0];
}

/* Starts the worker and waits until it is ready. */
static inline void trial_start(struct trial *trial, const struct drive *d,
			       uint64_t shortfall_pages)
{
	int fd = memfd_create("ledger", MFD_CLOEXEC);

	trial_make_ledger(trial, d, fd);
	trial->ledger->shortfall_pages = shortfall_pages;
	trial_fork(trial, fd);
	if (trial_read(trial) != 'R')
		fail_msg("not ready: %s", trial->ledger->error);
}

static inline void trial_go(struct trial *trial)
{
	assert_int_equal(write(trial->command, "G", 1), 1);
	if (trial_read(trial) != 'H')
		fail_msg("not held: %s", trial->ledger->error);
}

/* Lets the worker exit and returns its wait status. */
static inline int trial_end(struct trial *trial)
{
	int status = -1;

	assert_int_equal(write(trial->command, "B", 1), 1);
	waitpid(trial->pid, &status, 0);
	close(trial->command);
	close(trial->report);
	munmap(trial->ledger, LEDGER_BYTES);
	return status;
}

static inline int64_t trial_from_stat(const char *text, const char *counter)
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
static inline int64_t trial_counter(const struct trial *trial, const struct claim *c)
{
	char path[64], text[8192] = "", key[48];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%.31s", trial->pid, c->source);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	if (!strcmp(c->source, "stat"))
		return trial_from_stat(text, c->counter);
	snprintf(key, sizeof(key), "\n%.40s:", c->counter);
	at = strstr(text, key);
	return at ? strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

static inline bool trial_holds(const struct claim *c, int64_t expected, int64_t observed)
{
	int64_t low = c->relation == RELATION_BETWEEN ? expected : expected - c->tolerance;
	int64_t high = expected + c->tolerance;

	return (c->relation == RELATION_LE || observed >= low) &&
	       (c->relation == RELATION_GE || observed <= high);
}

static inline bool trial_observe(struct drive *d, const struct claim *c,
				 const int64_t counted[TRIAL_SIDES], int64_t *observed)
{
	if (c->span != SPAN_WORK)
		return false;
	if (!strcmp(c->scope, "ledger"))
		*observed = (int64_t)drive_slot(d, c->counter);
	else if (!strcmp(c->scope, "process") && counted[TRIAL_BEFORE] >= 0)
		*observed = counted[TRIAL_AFTER] - counted[TRIAL_BEFORE];
	else
		return false;
	return true;
}

static inline void trial_compare(struct drive *d, int64_t counted[][TRIAL_SIDES], bool tell,
				 struct trial_result *result)
{
	*result = (struct trial_result){ .too_many_faults = true };
	for (unsigned i = 0; i < d->claims.nr; i++) {
		const struct claim *c = &d->claims.claim[i];
		int64_t expected = drive_expected(d, c), observed;

		if (!trial_observe(d, c, counted[i], &observed))
			continue;
		result->judged++;
		if (trial_holds(c, expected, observed))
			continue;
		result->failed++;
		if (strcmp(c->counter, "minflt") || observed < expected)
			result->too_many_faults = false;
		if (tell)
			print_message("# %s %s/%s: %lld promised, %lld seen\n", c->scope,
				      c->source, c->counter, (long long)expected,
				      (long long)observed);
	}
}

static inline void trial_once(struct drive *d, uint64_t shortfall_pages, bool tell,
			      struct trial_result *result)
{
	static int64_t counted[CLAIMS_MAX][TRIAL_SIDES];
	struct trial trial;

	trial_start(&trial, d, shortfall_pages);
	for (unsigned i = 0; i < d->claims.nr; i++)
		counted[i][TRIAL_BEFORE] = trial_counter(&trial, &d->claims.claim[i]);
	trial_go(&trial);
	for (unsigned i = 0; i < d->claims.nr; i++)
		counted[i][TRIAL_AFTER] = trial_counter(&trial, &d->claims.claim[i]);
	memcpy((void *)d->ledger, (void *)trial.ledger, LEDGER_BYTES);
	assert_int_equal(trial_end(&trial), 0);
	trial_compare(d, counted, tell, result);
}

/*
 * The whole of it: returns how many claims about the process and the ledger were
 * judged, and how many failed in *failed; prints those if tell is set.
 */
static inline unsigned trial_judge(struct drive *d, uint64_t shortfall_pages, bool tell,
				   unsigned *failed)
{
	struct kernel_watch watch = { 0 };
	struct trial_result result;

	drive_claims(d);
	do {
		kernel_watch_start(&watch);
		trial_once(d, shortfall_pages, tell, &result);
	} while (tell && result.failed && result.too_many_faults && kernel_may_retry(&watch));
	*failed = result.failed;
	return result.judged;
}

#endif
