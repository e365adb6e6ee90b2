// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a host command to its end and keeps what it printed. */
#include "harness/lab/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/trust.h"

int command_find(const char *name, char path[PATH_MAX])
{
	int ret = trust_find_program(name, getenv("PATH"), path, PATH_MAX);

	if (ret == -ENOENT)
		ret = trust_find_program(name, "/usr/sbin:/sbin:/usr/bin:/bin", path, PATH_MAX);
	return ret;
}

static void child_streams(int out_fd, int err_fd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null_fd, STDIN_FILENO);
	dup2(out_fd, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
}

static void child_exec(const char *path, char *const *argv, const char *directory, int keep_fd)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (keep_fd >= 0)
		fcntl(keep_fd, F_SETFD, 0);
	if (directory && chdir(directory))
		_exit(126);
	execv(path, argv);
	_exit(127);
}

static int describe_failure(const struct words *argv, int status, int err_fd, struct error *e)
{
	struct blob printed = { 0 };
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	lseek(err_fd, 0, SEEK_SET);
	(void)blob_read_fd(&printed, err_fd); /* without it the sentence is only shorter */
	while (printed.size && printed.data[printed.size - 1] == '\n')
		printed.data[--printed.size] = '\0';
	error_set(e, EIO, "%s failed with status %d: %.600s", argv->item[0], code,
		  printed.size ? printed.data : "no output");
	blob_release(&printed);
	return -EIO;
}

int command_run(const struct words *argv, const char *directory, int keep_fd,
		struct blob *output, struct error *e)
{
	char path[PATH_MAX];
	int out[2] = { -1, -1 };
	int err_fd = -1;
	int status = 0;
	int ret = words_error(argv);
	pid_t pid;

	if (ret)
		return error_set(e, ENOMEM, "out of memory");
	if (command_find(argv->item[0], path))
		return error_set(e, ENOENT, "%s is not installed", argv->item[0]);
	err_fd = memfd_create("stderr", MFD_CLOEXEC);
	if (err_fd < 0 || pipe2(out, O_CLOEXEC)) {
		ret = error_set(e, errno, "cannot run %s: %s", path, strerror(errno));
		goto out;
	}
	pid = fork();
	if (pid < 0) {
		ret = error_set(e, errno, "cannot run %s: %s", path, strerror(errno));
		goto out;
	}
	if (!pid) {
		child_streams(out[1], err_fd);
		child_exec(path, argv->item, directory, keep_fd);
	}
	close(out[1]);
	out[1] = -1;
	ret = blob_read_fd(output, out[0]);
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		ret = error_set(e, errno, "cannot wait for %s: %s", path, strerror(errno));
	else if (status)
		ret = describe_failure(argv, status, err_fd, e);
out:
	for (size_t i = 0; i < 2; i++)
		if (out[i] >= 0)
			close(out[i]);
	if (err_fd >= 0)
		close(err_fd);
	return ret;
}
