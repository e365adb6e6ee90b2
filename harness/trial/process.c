// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts, commands, kills and reaps one child. */
#include "harness/trial/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "workloads/api/arith.h"

#define WRAPPER_ARGS_MAX 32
#define EXEC_BOUND_MS	 30000 /* it only joins its group; a machine short of memory is slow */
#define REAP_BOUND_NS	 10000000000u /* of a SIGKILLed child: a large one takes its time */

/* What a child that fails before exec writes to its parent; a successful exec closes the
 * pipe. */
struct child_failure {
	int code;
	char step[40];
};

void process_init(struct process *p)
{
	*p = (struct process){
		.pidfd = -1, .command_fd = -1, .report_fd = -1, .ledger_fd = -1
	};
}

/*
 * Automatic NUMA balancing would take hint faults in this process's mapping of a ledger and
 * move its pages, which the worker has mapped and then waits for: faults of its own. It
 * passes over memory with a policy (task_numa_work(), kernel/sched/fair.c); that of shared
 * memory is the object's (shmem_set_policy(), mm/shmem.c).
 */
static void keep_from_balancing(void *map, size_t bytes)
{
	/* ENOSYS: a kernel without NUMA; EPERM: a sandbox. */
	(void)syscall(SYS_mbind, map, bytes, MPOL_LOCAL, NULL, 0, 0);
}

int process_make_ledger(struct process *p, struct error *e)
{
	p->ledger_fd = memfd_create("pagestorm-ledger", MFD_CLOEXEC);
	if (p->ledger_fd < 0 || ftruncate(p->ledger_fd, LEDGER_BYTES))
		return error_set(e, errno, "cannot make a ledger: %s", strerror(errno));
	p->ledger =
		mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, p->ledger_fd, 0);
	if (p->ledger == MAP_FAILED) {
		p->ledger = NULL;
		return error_set(e, errno, "cannot map a ledger: %s", strerror(errno));
	}
	keep_from_balancing(p->ledger, LEDGER_BYTES);
	memset((void *)p->ledger, 0, LEDGER_BYTES);
	p->ledger->magic = LEDGER_MAGIC;
	p->ledger->bytes = sizeof(*p->ledger);
	return 0;
}

/* ---- in the child ---- */

/* A cpuset that has only some of them is an error too: the kernel silently leaves out the
 * others (sched_setaffinity(2)). */
static int set_affinity(const char *list)
{
	/* as many as a kernel may have: it refuses a mask that is shorter than its own */
	cpu_set_t set[HOST_CPU_IDS / CPU_SETSIZE], given[HOST_CPU_IDS / CPU_SETSIZE];

	CPU_ZERO_S(sizeof(set), set);
	CPU_ZERO_S(sizeof(given), given);
	for (const char *p = list; *p;) {
		char *end;
		unsigned long first = strtoul(p, &end, 10), last = first;

		if (end == p)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long cpu = first; cpu <= last && cpu < HOST_CPU_IDS; cpu++)
			CPU_SET_S(cpu, sizeof(set), set);
		p = *end == ',' ? end + 1 : end;
	}
	if (sched_setaffinity(0, sizeof(set), set) ||
	    sched_getaffinity(0, sizeof(given), given))
		return errno;
	return CPU_EQUAL_S(sizeof(set), set, given) ? 0 : EINVAL;
}

static void child_fail(int fd, int code, const char *step)
{
	struct child_failure failure = { .code = code };

	snprintf(failure.step, sizeof(failure.step), "%s", step);
	(void)!write(fd, &failure,
		     sizeof(failure)); /* the parent sees the end of the pipe then */
	_exit(127);
}

/* Moves fd to a place above the three inherited ones, so that dup2 cannot overwrite it. */
static int lifted(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, WORKER_REPORT_FD + 1);
}

static int write_oom_score_adj(int adj)
{
	char text[16];
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return errno;
	snprintf(text, sizeof(text), "%d", adj);
	if (write(fd, text, strlen(text)) < 0)
		ret = errno;
	close(fd);
	return ret;
}

static void exec_self(const struct process_setup *setup, int failure_fd)
{
	static const char *const kept[] = { "PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS",
					    "UBSAN_OPTIONS", "LSAN_OPTIONS" };
	char variables[5][512], self[512] = "";
	char *environment[6], *arguments[WRAPPER_ARGS_MAX + 3];
	unsigned nr = 0, nr_args = 0;

	/* malloc and locale settings of the user's shell would bend what is measured. */
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (getenv(kept[i])) {
			snprintf(variables[nr], sizeof(variables[nr]), "%s=%.480s", kept[i],
				 getenv(kept[i]));
			environment[nr] = variables[nr];
			nr++;
		}
	environment[nr] = NULL;
	while (setup->wrapper && setup->wrapper[nr_args] && nr_args < WRAPPER_ARGS_MAX) {
		arguments[nr_args] = setup->wrapper[nr_args];
		nr_args++;
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		child_fail(failure_fd, errno, "resolve /proc/self/exe");
	arguments[nr_args] = setup->wrapper ? self : (char *)"pagestorm";
	nr_args++;
	arguments[nr_args++] = (char *)setup->argument;
	arguments[nr_args] = NULL;
	if (setup->wrapper)
		execvpe(arguments[0], arguments, environment);
	else
		execve("/proc/self/exe", arguments, environment);
	child_fail(failure_fd, errno, "exec");
}

/* The child's ends of its pipes. */
struct child_pipes {
	int command_fd, report_fd;
	int failure_fd; /* closed by a successful exec */
};

static void pass_pipes(const struct process *p, const struct child_pipes *pipes, int failure_fd)
{
	const int command_fd = lifted(pipes->command_fd);
	const int report_fd = lifted(pipes->report_fd);

	if (p->ledger_fd >= 0 && dup2(lifted(p->ledger_fd), WORKER_LEDGER_FD) < 0)
		child_fail(failure_fd, errno, "pass the ledger");
	if (dup2(command_fd, WORKER_COMMAND_FD) < 0 || dup2(report_fd, WORKER_REPORT_FD) < 0)
		child_fail(failure_fd, errno, "pass the pipes");
}

static void child(const struct process *p, const struct process_setup *setup, pid_t parent,
		  const struct child_pipes *pipes)
{
	sigset_t none;
	int failure_fd, code;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	failure_fd = lifted(pipes->failure_fd);
	pass_pipes(p, pipes, failure_fd);
	code = setup->group->version ? -group_attach(setup->group, 0) : 0;
	if (code)
		child_fail(failure_fd, code, "join its group");
	code = setup->oom_score_adj_set ? write_oom_score_adj(setup->oom_score_adj) : 0;
	if (code)
		child_fail(failure_fd, code, "set oom_score_adj");
	code = setup->cpus && *setup->cpus ? set_affinity(setup->cpus) : 0;
	if (code)
		child_fail(failure_fd, code, "run on its CPUs, all in its cpuset");
	exec_self(setup, failure_fd);
}

/* ---- in the harness ---- */

/* poll(2) of one descriptor. Stopped and continued, or traced, it can end with EINTR early. */
static int wait_readable(int fd, uint64_t timeout_ns)
{
	const uint64_t deadline_ns = clock_now_ns() + timeout_ns;
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	uint64_t now_ns = deadline_ns - timeout_ns;
	int n;

	do {
		const uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;

		n = poll(&readable, 1, (int)(left_ns / 1000000u));
		now_ns = clock_now_ns();
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n ? 0 : -ETIMEDOUT;
}

/* Waits until the child's exec closes the pipe, or its failure stands in it. */
static int wait_for_exec(int fd, struct error *e)
{
	struct child_failure failure;
	const int ret = wait_readable(fd, EXEC_BOUND_MS * 1000000ull);
	ssize_t n;

	if (ret == -ETIMEDOUT)
		return error_set(e, ETIMEDOUT, "worker did not exec within %d s",
				 EXEC_BOUND_MS / 1000);
	n = ret ? -1 : read(fd, &failure, sizeof(failure));
	if (n < 0)
		return error_set(e, ret ? -ret : errno,
				 "cannot read the worker's report pipe: %s",
				 strerror(ret ? -ret : errno));
	if (n != sizeof(failure))
		return 0;
	return error_set(e, failure.code, "a worker could not %s: %s", failure.step,
			 strerror(failure.code));
}

int process_start(struct process *p, const struct process_setup *setup, struct error *e)
{
	int command[2] = { -1, -1 }, report[2] = { -1, -1 }, failure[2] = { -1, -1 }, ret;
	const pid_t parent = getpid();

	if (pipe2(command, O_CLOEXEC) || pipe2(report, O_CLOEXEC) ||
	    pipe2(failure, O_CLOEXEC)) {
		ret = error_set(e, errno, "cannot make pipes: %s", strerror(errno));
		goto out;
	}
	p->pid = fork();
	if (p->pid < 0) {
		p->pid = 0;
		ret = error_set(e, errno, "cannot fork a worker: %s", strerror(errno));
		goto out;
	}
	if (!p->pid)
		child(p, setup, parent,
		      &(struct child_pipes){ command[0], report[1], failure[1] });
	close(failure[1]);
	failure[1] = -1;
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->pidfd < 0) {
		ret = error_set(e, errno, "pidfd_open: %s; Linux 5.3 or newer is needed",
				strerror(errno));
		goto out;
	}
	p->command_fd = command[1];
	p->report_fd = report[0];
	command[1] = report[0] = -1;
	ret = wait_for_exec(failure[0], e);
out:
	for (int i = 0; i < 2; i++) {
		if (command[i] >= 0)
			close(command[i]);
		if (report[i] >= 0)
			close(report[i]);
		if (failure[i] >= 0)
			close(failure[i]);
	}
	return ret;
}

int process_send(struct process *p, char command)
{
	ssize_t n = write(p->command_fd, &command, 1);

	return n == 1 ? 0 : -errno;
}

int process_receive(struct process *p, uint64_t timeout_ns, char *report)
{
	const int ret = wait_readable(p->report_fd, timeout_ns);

	if (ret)
		return ret;
	return read(p->report_fd, report, 1) == 1 ? 0 : -EPIPE;
}

void process_kill(struct process *p)
{
	if (p->pid <= 0 || p->reaped)
		return;
	(void)kill(-p->pid, SIGKILL); /* ESRCH: gone, or not yet a group of its own */
	(void)kill(p->pid, SIGKILL);
}

int process_reap(struct process *p, uint64_t timeout_ns)
{
	int ret;

	if (p->pid <= 0 || p->reaped)
		return 0;
	ret = p->pidfd >= 0 ? wait_readable(p->pidfd, timeout_ns) : 0;
	if (ret)
		return ret;
	while (waitpid(p->pid, &p->wait_status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	p->reaped = true;
	return 0;
}

void process_release(struct process *p)
{
	process_kill(p);
	(void)process_reap(p, REAP_BOUND_NS); /* unkillable: nothing more can be done here */
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->command_fd >= 0)
		close(p->command_fd);
	if (p->report_fd >= 0)
		close(p->report_fd);
	if (p->ledger)
		munmap((void *)p->ledger, LEDGER_BYTES);
	if (p->ledger_fd >= 0)
		close(p->ledger_fd);
	process_init(p);
}
