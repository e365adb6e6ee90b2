// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/box.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/machine/ownfile.h"

#define LOCK_WAIT_SECONDS 60
#define SWAP_PRIORITY	  32767 /* above whatever else is there */

static void say(const char *sentence)
{
	fprintf(stderr, "bench: %s\n", sentence);
}

static sigset_t ending_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	return set;
}

int box_open(struct box *b, struct error *e)
{
	const sigset_t set = ending_signals();
	char name[64];
	int ret;

	memset(b, 0, sizeof(*b));
	lock_init(&b->lock);
	journal_init(&b->journal);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ret = host_probe(&b->host, "", e);
	if (!ret)
		ret = lock_take(&b->lock, LOCK_WAIT_SECONDS, e);
	if (!ret && journal_leftover())
		ret = journal_recover(say, e);
	snprintf(name, sizeof(name), "bench-%d", getpid());
	if (!ret)
		ret = journal_open(&b->journal, name, e);
	b->open = !ret;
	if (!ret && group_make_top(&b->top, &b->host, false, &b->journal, &b->no_group))
		b->top.version = 0;
	return ret;
}

int box_close(struct box *b, struct error *e)
{
	int ret = 0;

	if (b->open)
		ret = box_remove_swap(b, e);
	if (b->open) {
		int ret_close = journal_close(&b->journal, e);

		ret = ret ? ret : ret_close;
	}
	b->open = false;
	host_release(&b->host);
	lock_release(&b->lock);
	return ret;
}

bool box_interrupted(const struct box *b)
{
	sigset_t pending, wanted = ending_signals();

	(void)b;
	if (sigpending(&pending))
		return false;
	for (int s = 1; s < NSIG; s++)
		if (sigismember(&wanted, s) == 1 && sigismember(&pending, s) == 1)
			return true;
	return false;
}

int box_group(struct box *b, uint64_t limit_bytes, struct group *g, struct error *e)
{
	struct limits limits = { .nr = 1, .limit = { { .name = "memory.max" } } };
	char name[32];

	if (!b->top.version)
		return error_set(e, ENODEV, "%s", b->no_group.text);
	snprintf(limits.limit[0].value, sizeof(limits.limit[0].value), "%" PRIu64, limit_bytes);
	snprintf(name, sizeof(name), "row%u", b->nr_groups++);
	return group_make(g, &b->top, name, &limits, e);
}

int box_scratch(struct box *b, struct error *e)
{
	char results[256], directory[400];

	if (b->scratch[0])
		return 0;
	if (!realpath("results", results) && !realpath(".", results))
		return error_set(e, errno, "cannot find the results directory: %s",
				 strerror(errno));
	snprintf(directory, sizeof(directory), "%s/pagestorm-bench-%d.partial", results,
		 getpid());
	snprintf(b->scratch, sizeof(b->scratch), "%s/scratch", directory);
	if (ownfile_directory(directory, &b->journal, e) ||
	    ownfile_directory(b->scratch, &b->journal, e))
		return -EIO;
	return 0;
}

int box_make_swap(struct box *b, enum swap_kind kind, uint64_t bytes, struct error *e)
{
	char path[600];
	const struct swap_request request = {
		.kind = kind, .path = path, .bytes = bytes, .priority = SWAP_PRIORITY
	};
	int ret = kind == SWAP_FILE ? box_scratch(b, e) : 0;

	snprintf(path, sizeof(path), "%s/pagestorm-%d.swap", b->scratch, getpid());
	return ret ? ret : swapdev_make(&b->swap, &b->journal, &request, e);
}

int box_remove_swap(struct box *b, struct error *e)
{
	int ret = b->swap.on ? swapdev_remove(&b->swap, &b->journal, e) : 0;

	if (!ret)
		memset(&b->swap, 0, sizeof(b->swap));
	return ret;
}

void box_env(const struct box *b, uint64_t limit_bytes, struct workload_env *env)
{
	memset(env, 0, sizeof(*env));
	host_env(&b->host, env);
	env->limit_bytes = limit_bytes;
	env->swap_max_bytes = UINT64_MAX;
	snprintf(env->scratch_dir, sizeof(env->scratch_dir), "%.255s", b->scratch);
	if (!b->swap.on)
		return;
	env->swap = b->swap.kind;
	env->swap_bytes = b->swap.bytes;
	snprintf(env->swap_path, sizeof(env->swap_path), "%s", b->swap.path);
}

static _Noreturn void child(const struct group *g, pid_t parent, int (*body)(void *), void *arg)
{
	const sigset_t set = ending_signals();
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	ret = g->version ? group_attach(g, 0) : 0;
	if (!ret)
		ret = body(arg);
	fflush(stdout);
	_exit(ret < 0 || ret > 99 ? 99 : ret);
}

/* Until it has exited or a signal came; then it is killed. */
static int wait_for(pid_t pid, bool *interrupted)
{
	sigset_t set = ending_signals();
	const struct timespec tick = { .tv_nsec = 50000000 };
	siginfo_t info;
	int status;

	*interrupted = false;
	while (!waitpid(pid, &status, WNOHANG)) {
		if (*interrupted || sigtimedwait(&set, &info, &tick) < 0)
			continue;
		*interrupted = true;
		kill(pid, SIGKILL);
		raise(info.si_signo); /* pending again, for box_interrupted() */
	}
	return status;
}

int box_run(struct box *b, uint64_t limit_bytes, int (*body)(void *arg), void *arg,
	    struct error *e)
{
	const pid_t parent = getpid();
	struct group g = { 0 };
	bool interrupted;
	int ret = limit_bytes ? box_group(b, limit_bytes, &g, e) : 0, status;
	pid_t pid;

	if (ret)
		return ret;
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(&g, parent, body, arg);
	status = pid < 0 ? -1 : wait_for(pid, &interrupted);
	if (pid < 0)
		ret = error_set(e, errno, "cannot fork: %s", strerror(errno));
	else if (interrupted)
		ret = error_set(e, EINTR, "interrupted");
	else if (!WIFEXITED(status))
		ret = error_set(e, ECHILD, "killed by signal %d", WTERMSIG(status));
	else
		ret = WEXITSTATUS(status);
	if (g.version) {
		int ret_remove = group_remove(&g, e);

		ret = ret ? ret : ret_remove;
	}
	return ret;
}
