// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include "harness/lab/session.h"
#include "harness/lab/channel.h"
#include "harness/lab/collector.h"
#include "harness/lab/command.h"
#include "harness/lab/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* What a verb has to undo its run and the guest to send its results, once told to stop. */
#define STOP_BOUND_S 30

#define CONSOLE_KEEP_BYTES (256u << 10)
#define ESCAPE_KEY	   0x1d /* Ctrl-] */

enum stage {
	STAGE_BOOTING,
	STAGE_RUNNING,
	STAGE_STOPPING,
};

enum watch {
	WATCH_CHANNEL,
	WATCH_CONSOLE,
	WATCH_QEMU_SAID,
	WATCH_QEMU,
	WATCH_SIGNAL,
	WATCH_STDIN,
	WATCH_NR,
};

struct session {
	const struct lab_request *request;
	struct lab_result *result;
	struct error *error;
	struct collector collector;
	struct channel_tally arrived;
	struct blob received;
	struct pollfd watch[WATCH_NR];
	struct termios terminal;
	bool terminal_is_raw;
	pid_t qemu;
	enum stage stage;
	uint64_t start_ns, deadline_ns; /* 0: none */
	bool has_status, has_failed, has_end, incomplete, timed_out, stop;
	int code; /* first error on the host's side */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void session_allow(struct session *session, unsigned seconds)
{
	session->deadline_ns = seconds ? now_ns() + seconds * 1000000000ull : 0;
}

/* ---- qemu ---- */

struct ends {
	int console[2], channel[2], said[2]; /* [0] ours, [1] qemu's */
};

static void ends_release(struct ends *ends)
{
	int *all[] = { ends->console, ends->channel, ends->said };

	for (size_t i = 0; i < 6; i++)
		if (all[i / 2][i % 2] >= 0)
			close(all[i / 2][i % 2]);
}

static int ends_open(struct ends *ends, struct error *e)
{
	*ends = (struct ends){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->console) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->channel) ||
	    pipe2(ends->said, O_CLOEXEC))
		return error_set(e, errno, "cannot make the guest's channels: %m");
	return 0;
}

static void child_exec(const char *path, const struct words *argv, const int *keep,
		       size_t nr_keep, int said_fd, pid_t parent)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	setsid(); /* Ctrl-C is for the verb in the guest, not for qemu */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	dup2(null_fd, STDIN_FILENO);
	dup2(said_fd, STDOUT_FILENO);
	dup2(said_fd, STDERR_FILENO);
	for (size_t i = 0; i < nr_keep; i++)
		if (keep[i] >= 0)
			fcntl(keep[i], F_SETFD, 0);
	execv(path, argv->item);
	dprintf(STDERR_FILENO, "%s: %m\n", path);
	_exit(127);
}

static int start_qemu(struct session *session, const struct ends *ends, int initramfs_fd,
		      int disk_fd)
{
	const struct lab_request *request = session->request;
	const int keep[] = { ends->console[1], ends->channel[1], initramfs_fd, disk_fd };
	const struct qemu_config config = {
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
	int error;

	qemu_arguments(&config, &argv);
	error = words_error(&argv);
	if (!error && command_find(QEMU_PROGRAM, path))
		error = error_set(session->error, ENOENT,
				  "%s is not installed: apt-get install qemu-system-x86",
				  QEMU_PROGRAM);
	if (!error) {
		session->qemu = fork();
		if (!session->qemu)
			child_exec(path, &argv, keep, sizeof(keep) / sizeof(keep[0]),
				   ends->said[1], parent);
		if (session->qemu < 0)
			error = error_set(session->error, errno, "cannot start qemu: %m");
	}
	words_release(&argv);
	return error;
}

/* ---- what the guest says ---- */

/* Somebody else may have made the open file that is our stdout non-blocking. */
static void wait_writable(int fd)
{
	struct pollfd out = { .fd = fd, .events = POLLOUT };

	(void)poll(&out, 1, -1);
}

/* 0 or -errno. A reader that has gone took what it wanted: the results still come. */
static int pass_on(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t done = TEMP_FAILURE_RETRY(write(fd, data, size));

		if (done < 0 && errno == EPIPE)
			return 0;
		if (done < 0 && errno != EAGAIN)
			return -errno;
		if (done < 0) {
			wait_writable(fd);
			continue;
		}
		data += done;
		size -= (size_t)done;
	}
	return 0;
}

static void session_fail(struct session *session, int error)
{
	if (error && !session->code)
		session->code = error;
}

static void terminal_raw(struct session *session)
{
	struct termios raw;

	if (!session->request->shell || tcgetattr(STDIN_FILENO, &session->terminal))
		return;
	raw = session->terminal;
	cfmakeraw(&raw);
	session->terminal_is_raw = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void take_ready(struct session *session)
{
	session->result->boot_seconds = (double)(now_ns() - session->start_ns) / 1e9;
	session->stage = STAGE_RUNNING;
	session_allow(session, session->request->timeout_seconds);
	if (session->request->shell) {
		session->watch[WATCH_STDIN].fd = STDIN_FILENO;
		terminal_raw(session);
	}
}

static void take_path(struct session *session, const struct channel_frame *frame)
{
	char path[PATH_MAX];
	int error;

	if (frame->size >= sizeof(path) || memchr(frame->payload, '\0', frame->size)) {
		session_fail(session, -EPROTO);
		return;
	}
	memcpy(path, frame->payload, frame->size);
	path[frame->size] = '\0';
	if (frame->type == CHANNEL_FILE)
		error = collector_file(&session->collector, path, session->error);
	else
		error = collector_directory(&session->collector, path, session->error);
	session_fail(session, error);
}

static void take_status(struct session *session, const struct channel_frame *frame)
{
	uint32_t status;

	if (frame->size != sizeof(status))
		return;
	memcpy(&status, frame->payload, sizeof(status));
	session->result->status = (int)status;
	session->has_status = true;
}

static void take_output(struct session *session, const struct channel_frame *frame)
{
	bool out = frame->type == CHANNEL_STDOUT;
	int error = pass_on(out ? session->request->out_fd : session->request->err_fd,
			    frame->payload, frame->size);

	if (error)
		session_fail(session,
			     error_set(session->error, -error, "cannot write to %s: %s",
				       out ? "stdout" : "stderr", strerror(-error)));
}

static void take_content(struct session *session, const struct channel_frame *frame)
{
	if (session->collector.fd >= 0)
		session_fail(session, collector_content(&session->collector, frame->payload,
							frame->size, session->error));
}

static void incomplete(struct session *session)
{
	session->incomplete = true;
}

static void take_loss(struct session *session, const struct channel_frame *frame)
{
	error_set(session->error, EIO, "something is missing: in the guest, %.*s",
		  (int)frame->size, frame->payload);
	incomplete(session);
}

static void take_end(struct session *session, const struct channel_frame *frame)
{
	struct channel_tally sent;

	session->has_end = true;
	session->stop = true;
	if (channel_get_tally(frame, &sent)) {
		error_set(session->error, EPROTO, "the guest's last words are garbled");
		incomplete(session);
	} else if (channel_compare(&sent, &session->arrived, session->error)) {
		incomplete(session);
	}
}

static void take_frame(struct session *session, const struct channel_frame *frame)
{
	channel_count(&session->arrived, frame->type, frame->size);
	switch (frame->type) {
	case CHANNEL_READY:
		take_ready(session);
		break;
	case CHANNEL_STDOUT:
	case CHANNEL_STDERR:
		take_output(session, frame);
		break;
	case CHANNEL_FAILURE:
		session->has_failed = true;
		error_set(session->error, EIO, "the guest could not be set up: %.*s",
			  (int)frame->size, frame->payload);
		break;
	case CHANNEL_DIRECTORY:
	case CHANNEL_FILE:
		take_path(session, frame);
		break;
	case CHANNEL_CONTENT:
		take_content(session, frame);
		break;
	case CHANNEL_LOSS:
		take_loss(session, frame);
		break;
	case CHANNEL_STATUS:
		take_status(session, frame);
		break;
	case CHANNEL_END:
		take_end(session, frame);
		break;
	case CHANNEL_HELLO:
	case CHANNEL_SIGNAL:
		break;
	}
}

/* Reads what is there into blob; false at the end of the stream. */
static bool take_bytes(struct session *session, enum watch watch, struct blob *blob)
{
	char buffer[65536];
	ssize_t got =
		TEMP_FAILURE_RETRY(read(session->watch[watch].fd, buffer, sizeof(buffer)));

	if (got <= 0) {
		session->watch[watch].fd = -1;
		return false;
	}
	session_fail(session, blob_append(blob, buffer, (size_t)got));
	return true;
}

static void take_channel(struct session *session)
{
	struct channel_frame frame;
	size_t at = 0;
	int found;

	if (!take_bytes(session, WATCH_CHANNEL, &session->received))
		return;
	while ((found = channel_next(&session->received, &at, &frame)) > 0)
		take_frame(session, &frame);
	blob_consume(&session->received, at);
	if (found < 0) {
		error_set(session->error, EPROTO, "the guest's channel is garbled");
		incomplete(session);
		session->stop = true;
	}
}

static void take_console(struct session *session)
{
	struct blob *console = &session->result->console;
	size_t before = console->size;

	if (!take_bytes(session, WATCH_CONSOLE, console))
		return;
	if (session->request->shell && session->stage == STAGE_RUNNING)
		(void)pass_on(session->request->out_fd, console->data + before,
			      console->size - before);
	else if (session->request->show_console)
		(void)pass_on(session->request->err_fd, console->data + before,
			      console->size - before); /* kept in the result all the same */
	if (console->size > 2 * CONSOLE_KEEP_BYTES)
		blob_consume(console, console->size - CONSOLE_KEEP_BYTES);
}

/* ---- what the host says ---- */

static void tell_signal(struct session *session, int number)
{
	char message[CHANNEL_HEADER_BYTES + sizeof(uint32_t)];
	uint32_t word = (uint32_t)number;

	channel_header(message, CHANNEL_SIGNAL, sizeof(word));
	memcpy(message + CHANNEL_HEADER_BYTES, &word, sizeof(word));
	if (session->watch[WATCH_CHANNEL].fd >=
	    0) /* a guest that does not listen is killed later */
		(void)send(session->watch[WATCH_CHANNEL].fd, message, sizeof(message),
			   MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void ask_to_stop(struct session *session, int number)
{
	if (session->stage != STAGE_RUNNING || session->request->shell) {
		session->stop = true;
		return;
	}
	session->stage = STAGE_STOPPING;
	session_allow(session, STOP_BOUND_S);
	tell_signal(session, number);
}

static void take_signal(struct session *session)
{
	struct signalfd_siginfo info;

	if (read(session->watch[WATCH_SIGNAL].fd, &info, sizeof(info)) != sizeof(info))
		return;
	session->result->signal = (int)info.ssi_signo;
	ask_to_stop(session, (int)info.ssi_signo);
}

static void take_stdin(struct session *session)
{
	char buffer[4096];
	ssize_t got = TEMP_FAILURE_RETRY(read(STDIN_FILENO, buffer, sizeof(buffer)));

	if (got <= 0) {
		static const char end = 4; /* Ctrl-D: the shell in the guest sees the end too */

		buffer[0] = end;
		got = 1;
		session->watch[WATCH_STDIN].fd = -1;
	}
	if (session->terminal_is_raw && memchr(buffer, ESCAPE_KEY, (size_t)got))
		session->stop = true;
	else if (session->watch[WATCH_CONSOLE].fd >= 0)
		(void)send(session->watch[WATCH_CONSOLE].fd, buffer, (size_t)got, MSG_NOSIGNAL);
}

static void meet_deadline(struct session *session)
{
	if (!session->deadline_ns || now_ns() < session->deadline_ns)
		return;
	if (session->stage != STAGE_STOPPING)
		session->timed_out = true;
	ask_to_stop(session, SIGTERM);
	if (now_ns() >= session->deadline_ns)
		session->stop = true;
}

static int wait_milliseconds(const struct session *session)
{
	uint64_t now = now_ns();

	if (!session->deadline_ns)
		return -1;
	return session->deadline_ns <= now ? 0
					   : (int)((session->deadline_ns - now) / 1000000) + 1;
}

static void attend(struct session *session)
{
	static void (*const take[WATCH_NR])(struct session * session) = {
		[WATCH_CHANNEL] = take_channel,
		[WATCH_CONSOLE] = take_console,
		[WATCH_SIGNAL] = take_signal,
		[WATCH_STDIN] = take_stdin,
	};

	while (!session->stop) {
		struct pollfd *watch = session->watch;

		if (poll(watch, WATCH_NR, wait_milliseconds(session)) < 0 && errno != EINTR)
			break;
		for (int i = 0; i < WATCH_NR; i++)
			if (take[i] && watch[i].fd >= 0 && watch[i].revents)
				take[i](session);
		if (watch[WATCH_QEMU_SAID].fd >= 0 && watch[WATCH_QEMU_SAID].revents)
			take_bytes(session, WATCH_QEMU_SAID, &session->result->qemu_said);
		/* qemu is gone: what it had said is in the sockets until their end. */
		if (watch[WATCH_QEMU].revents && watch[WATCH_CHANNEL].fd < 0 &&
		    watch[WATCH_CONSOLE].fd < 0)
			break;
		meet_deadline(session);
	}
}

static enum lab_end how_it_ended(const struct session *session)
{
	if (session->has_failed)
		return LAB_FAILED;
	if (session->timed_out)
		return LAB_TIMED_OUT;
	if (session->incomplete)
		return LAB_INCOMPLETE;
	if (session->has_end && session->has_status)
		return LAB_ENDED;
	return session->result->signal || (session->request->shell && session->stop)
		       ? LAB_INTERRUPTED
		       : LAB_DIED;
}

static int take_signals(sigset_t *before)
{
	sigset_t mine;

	sigemptyset(&mine);
	sigaddset(&mine, SIGINT);
	sigaddset(&mine, SIGTERM);
	sigaddset(&mine, SIGHUP);
	sigprocmask(SIG_BLOCK, &mine, before);
	return signalfd(-1, &mine, SFD_CLOEXEC);
}

static void watch_all(struct session *session, const struct ends *ends, int signal_fd)
{
	const int fd[WATCH_NR] = {
		[WATCH_CHANNEL] = ends->channel[0],
		[WATCH_CONSOLE] = ends->console[0],
		[WATCH_QEMU_SAID] = ends->said[0],
		[WATCH_QEMU] = (int)syscall(SYS_pidfd_open, session->qemu, 0),
		[WATCH_SIGNAL] = signal_fd,
		[WATCH_STDIN] = -1,
	};

	for (int i = 0; i < WATCH_NR; i++)
		session->watch[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
}

static void close_qemu_ends(struct ends *ends)
{
	int *all[] = { &ends->console[1], &ends->channel[1], &ends->said[1] };

	for (size_t i = 0; i < 3; i++) {
		close(*all[i]);
		*all[i] = -1;
	}
}

int session_run(const struct lab_request *request, int initramfs_fd, int disk_fd,
		struct lab_result *result, struct error *e)
{
	struct session session = {
		.request = request, .result = result, .error = e, .start_ns = now_ns()
	};
	struct ends ends;
	sigset_t before;
	int signal_fd = take_signals(&before);
	int error = ends_open(&ends, e);

	collector_init(&session.collector, &request->collect);
	if (!error)
		error = start_qemu(&session, &ends, initramfs_fd, disk_fd);
	if (error)
		goto out;
	close_qemu_ends(&ends);
	watch_all(&session, &ends, signal_fd);
	session_allow(&session, request->boot_seconds);
	attend(&session);
	if (session.terminal_is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &session.terminal);
	kill(session.qemu, SIGKILL);
	/* ours, and gone or killed: this cannot fail */
	(void)TEMP_FAILURE_RETRY(waitpid(session.qemu, &result->qemu_status, 0));
	close(session.watch[WATCH_QEMU].fd);
	result->end = how_it_ended(&session);
	result->nr_files_collected = session.collector.nr_files;
	error = session.code;
out:
	collector_release(&session.collector);
	blob_release(&session.received);
	ends_release(&ends);
	close(signal_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}
