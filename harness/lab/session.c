// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One guest from the start of qemu to its end: what qemu, the guest, the user and the clock
 * report is handled in one loop.
 */
#include "harness/lab/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "harness/lab/session_part.h"

/* For a subcommand to undo its run and for the guest to send its results, after a signal. */
#define STOP_BOUND_S 30

#define CONSOLE_KEEP_BYTES (256u << 10)
#define ESCAPE_KEY	   0x1d /* Ctrl-] */

uint64_t session_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void session_allow(struct session *session, unsigned seconds)
{
	session->deadline_ns = seconds ? session_now_ns() + seconds * 1000000000ull : 0;
}

void session_fail(struct session *session, int ret)
{
	if (ret && !session->code)
		session->code = ret;
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
		session_take_frame(session, &frame);
	blob_consume(&session->received, at);
	if (found < 0) {
		error_set(session->error, EPROTO, "the guest's channel is garbled");
		session->incomplete = true;
		session->stop = true;
	}
}

static void take_console(struct session *session)
{
	struct blob *console = &session->result->console;
	size_t before = console->size;

	if (!take_bytes(session, WATCH_CONSOLE, console))
		return;
	if (session->request->shell && session->phase == PHASE_RUNNING)
		(void)session_pass_on(session->request->out_fd, console->data + before,
				      console->size - before);
	else if (session->request->show_console)
		(void)session_pass_on(session->request->err_fd, console->data + before,
				      console->size -
					      before); /* kept in the result all the same */
	if (console->size > 2 * CONSOLE_KEEP_BYTES)
		blob_consume(console, console->size - CONSOLE_KEEP_BYTES);
}

/* ---- messages of the host ---- */

static void send_signal(struct session *session, int number)
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
	if (session->phase != PHASE_RUNNING || session->request->shell) {
		session->stop = true;
		return;
	}
	session->phase = PHASE_STOPPING;
	session_allow(session, STOP_BOUND_S);
	send_signal(session, number);
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
	if (!session->deadline_ns || session_now_ns() < session->deadline_ns)
		return;
	if (session->phase != PHASE_STOPPING)
		session->timed_out = true;
	ask_to_stop(session, SIGTERM);
	if (session_now_ns() >= session->deadline_ns)
		session->stop = true;
}

static int wait_milliseconds(const struct session *session)
{
	uint64_t now = session_now_ns();

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
		if (watch[WATCH_QEMU_OUTPUT].fd >= 0 && watch[WATCH_QEMU_OUTPUT].revents)
			take_bytes(session, WATCH_QEMU_OUTPUT, &session->result->qemu_output);
		/* qemu is gone: its output is in the sockets until their end. */
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

static void watch_all(struct session *session, const struct session_ends *ends, int signal_fd)
{
	const int fd[WATCH_NR] = {
		[WATCH_CHANNEL] = ends->channel[0],
		[WATCH_CONSOLE] = ends->console[0],
		[WATCH_QEMU_OUTPUT] = ends->output[0],
		[WATCH_QEMU] = (int)syscall(SYS_pidfd_open, session->qemu, 0),
		[WATCH_SIGNAL] = signal_fd,
		[WATCH_STDIN] = -1,
	};

	for (int i = 0; i < WATCH_NR; i++)
		session->watch[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
}

int session_run(const struct lab_request *request, int initramfs_fd, int disk_fd,
		struct lab_result *result, struct error *e)
{
	struct session session = {
		.request = request, .result = result, .error = e, .start_ns = session_now_ns()
	};
	struct session_ends ends;
	sigset_t before;
	int signal_fd = take_signals(&before);
	int ret = session_ends_open(&ends, e);

	collector_init(&session.collector, &request->collect);
	if (!ret)
		ret = session_start_qemu(&session, &ends, initramfs_fd, disk_fd);
	if (ret)
		goto out;
	session_ends_close_qemu(&ends);
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
	ret = session.code;
out:
	collector_release(&session.collector);
	blob_release(&session.received);
	session_ends_release(&ends);
	close(signal_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}
