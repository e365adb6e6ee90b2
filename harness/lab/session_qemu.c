// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts qemu for a session: the ends of its console, channel and pipe, and the child that
 * becomes it.
 */
#include "harness/lab/session_part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/lab/command.h"
#include "harness/lab/qemu.h"
#include "workloads/api/arith.h"

void session_ends_release(struct session_ends *ends)
{
	int *all[] = { ends->console, ends->channel, ends->output };

	for (size_t i = 0; i < 6; i++)
		if (all[i / 2][i % 2] >= 0)
			close(all[i / 2][i % 2]);
}

int session_ends_open(struct session_ends *ends, struct error *e)
{
	*ends = (struct session_ends){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->console) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->channel) ||
	    pipe2(ends->output, O_CLOEXEC))
		return error_set(e, errno, "cannot make the guest's channels: %s",
				 strerror(errno));
	return 0;
}

/* In the child: it ends with its parent, which may have ended already. */
static void child_bind(pid_t parent)
{
	sigset_t none;

	setsid(); /* Ctrl-C is for the command in the guest, not for qemu */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
}

/* keep: descriptors that qemu is to find under the same numbers; -1: none. */
static void child_exec(const char *path, const struct words *argv, const int *keep,
		       size_t nr_keep, int output_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	dup2(null_fd, STDIN_FILENO);
	dup2(output_fd, STDOUT_FILENO);
	dup2(output_fd, STDERR_FILENO);
	for (size_t i = 0; i < nr_keep; i++)
		if (keep[i] >= 0)
			fcntl(keep[i], F_SETFD, 0);
	execv(path, argv->item);
	dprintf(STDERR_FILENO, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

int session_start_qemu(struct session *session, const struct session_ends *ends,
		       int initramfs_fd, int disk_fd)
{
	const struct lab_request *request = session->request;
	const int keep[] = { ends->console[1], ends->channel[1], initramfs_fd, disk_fd };
	const struct arch *arch = request->arch;
	const struct qemu_config config = {
		.arch = arch,
		.shape = &request->shape,
		.kernel_path = request->kernel.image,
		.append = request->append,
		.initramfs_fd = initramfs_fd,
		.console_fd = ends->console[1],
		.channel_fd = ends->channel[1],
		.disk_fd = disk_fd,
		.kvm = request->kvm,
	};
	struct words argv = { 0 };
	char path[PATH_MAX];
	pid_t parent = getpid();
	int ret;

	qemu_arguments(&config, &argv);
	ret = words_error(&argv);
	if (!ret && command_find(arch->qemu, path))
		ret = error_set(session->error, ENOENT,
				"%s is not installed: apt-get install %s", arch->qemu,
				arch->qemu_package);
	if (!ret) {
		session->qemu = fork();
		if (!session->qemu) {
			child_bind(parent);
			child_exec(path, &argv, keep, ARRAY_SIZE(keep), ends->output[1]);
		}
		if (session->qemu < 0)
			ret = error_set(session->error, errno, "cannot start qemu: %s",
					strerror(errno));
	}
	words_release(&argv);
	return ret;
}

void session_ends_close_qemu(struct session_ends *ends)
{
	int *all[] = { &ends->console[1], &ends->channel[1], &ends->output[1] };

	for (size_t i = 0; i < 3; i++) {
		close(*all[i]);
		*all[i] = -1;
	}
}
