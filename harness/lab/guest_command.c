// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the command in the guest to its end, or a shell on the console. Passes on what the
 * command prints, and the signals that the host sends.
 */
#include "harness/lab/guest_part.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/lab/blob.h"

#define CONSOLE_PATH "/dev/ttyS0"

/* The command while it runs. */
struct child {
	pid_t pid;
	int out_fd, err_fd; /* our ends of its pipes */
	int signal_fd;	    /* SIGCHLD */
	int status;	    /* as from waitpid(), once it has ended */
};

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_exec(const struct guest *guest, int out_fd, int err_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	reset_signals();
	dup2(null_fd, STDIN_FILENO);
	dup2(out_fd, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
	execve(guest->argv.item[0], guest->argv.item, guest->environment.item);
	dprintf(STDERR_FILENO, "%s: %s\n", guest->argv.item[0], strerror(errno));
	_exit(127);
}

static void shell_exec(const struct guest *guest)
{
	char *const argv[] = { "sh", "-l", NULL };
	int fd;

	setsid();
	reset_signals();
	fd = open(CONSOLE_PATH, O_RDWR);
	ioctl(fd, TIOCSCTTY, 1);
	for (int to = 0; to < 3; to++)
		dup2(fd, to);
	execve("/bin/sh", argv, guest->environment.item);
	_exit(127);
}

static void obey_host(struct guest *guest, struct blob *received, pid_t child)
{
	char buffer[256];
	struct channel_frame frame;
	size_t at = 0;
	uint32_t number;
	ssize_t got = TEMP_FAILURE_RETRY(read(guest->port_fd, buffer, sizeof(buffer)));

	if (got <= 0 || blob_append(received, buffer, (size_t)got))
		return;
	while (channel_next(received, &at, &frame) > 0) {
		if (frame.type != CHANNEL_SIGNAL || frame.size != sizeof(number))
			continue;
		memcpy(&number, frame.payload, sizeof(number));
		kill(-child, (int)number);
	}
	blob_consume(received, at);
}

/* Reaps every process that died; true once the command was among them. */
static bool reap(struct child *child)
{
	struct signalfd_siginfo ignored;
	bool found = false;
	int status;
	pid_t pid;

	/* one signal may stand for several processes */
	(void)!read(child->signal_fd, &ignored, sizeof(ignored));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child->pid) {
			child->status = status;
			found = true;
		}
	return found;
}

/* When the command has ended, whatever it left running ends too. */
static void attend(struct guest *guest, struct child *child)
{
	struct pollfd watch[] = {
		{ .fd = child->out_fd, .events = POLLIN },
		{ .fd = child->err_fd, .events = POLLIN },
		{ .fd = child->signal_fd, .events = POLLIN },
		{ .fd = guest->port_fd, .events = POLLIN },
	};
	struct blob received = { 0 };
	bool ended = false;

	while (!ended || watch[0].fd >= 0 || watch[1].fd >= 0) {
		if (poll(watch, 4, -1) < 0)
			continue;
		if (watch[0].revents &&
		    !guest_forward(guest, child->out_fd, CHANNEL_STDOUT, "stdout"))
			watch[0].fd = -1;
		if (watch[1].revents &&
		    !guest_forward(guest, child->err_fd, CHANNEL_STDERR, "stderr"))
			watch[1].fd = -1;
		if (watch[2].revents && reap(child)) {
			ended = true;
			kill(-1, SIGKILL);
		}
		if (watch[3].revents & POLLIN)
			obey_host(guest, &received, child->pid);
		else if (watch[3].revents)
			watch[3].fd = -1;
	}
	blob_release(&received);
}

static int child_signals(void)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return signalfd(-1, &child, SFD_CLOEXEC);
}

int guest_run_command(struct guest *guest, int *status, struct error *e)
{
	struct child child = { .signal_fd = child_signals() };
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return error_set(e, errno, "pipe: %s", strerror(errno));
	child.pid = fork();
	if (child.pid < 0)
		return error_set(e, errno, "fork: %s", strerror(errno));
	if (!child.pid)
		child_exec(guest, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	child.out_fd = out[0];
	child.err_fd = err[0];
	attend(guest, &child);
	close(out[0]);
	close(err[0]);
	close(child.signal_fd);
	*status = child.status;
	return 0;
}

int guest_run_shell(struct guest *guest, struct error *e)
{
	pid_t child = fork();
	pid_t pid;

	if (child < 0)
		return error_set(e, errno, "fork: %s", strerror(errno));
	if (!child)
		shell_exec(guest);
	do
		pid = waitpid(-1, NULL, 0);
	while (pid != child && (pid > 0 || errno == EINTR));
	return 0;
}
