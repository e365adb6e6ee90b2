// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's messages, frame by frame: output is passed on, files are collected, the status
 * and the tally are kept.
 */
#include "harness/lab/session_part.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Another process may have made the open file that is our stdout non-blocking. */
static void wait_writable(int fd)
{
	struct pollfd out = { .fd = fd, .events = POLLOUT };

	(void)poll(&out, 1, -1);
}

int session_pass_on(int fd, const char *data, size_t size)
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
	session->result->boot_seconds = (double)(session_now_ns() - session->start_ns) / 1e9;
	session->phase = PHASE_RUNNING;
	session_allow(session, session->request->timeout_seconds);
	if (session->request->shell) {
		session->watch[WATCH_STDIN].fd = STDIN_FILENO;
		terminal_raw(session);
	}
}

static void take_path(struct session *session, const struct channel_frame *frame)
{
	char path[PATH_MAX];
	int ret;

	if (frame->size >= sizeof(path) || memchr(frame->payload, '\0', frame->size)) {
		session_fail(session, -EPROTO);
		return;
	}
	memcpy(path, frame->payload, frame->size);
	path[frame->size] = '\0';
	if (frame->type == CHANNEL_FILE)
		ret = collector_file(&session->collector, path, session->error);
	else
		ret = collector_directory(&session->collector, path, session->error);
	session_fail(session, ret);
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
	int ret = session_pass_on(out ? session->request->out_fd : session->request->err_fd,
				  frame->payload, frame->size);

	if (ret)
		session_fail(session, error_set(session->error, -ret, "cannot write to %s: %s",
						out ? "stdout" : "stderr", strerror(-ret)));
}

static void take_content(struct session *session, const struct channel_frame *frame)
{
	if (session->collector.fd >= 0)
		session_fail(session, collector_content(&session->collector, frame->payload,
							frame->size, session->error));
}

static void take_loss(struct session *session, const struct channel_frame *frame)
{
	error_set(session->error, EIO, "something is missing: in the guest, %.*s",
		  (int)frame->size, frame->payload);
	session->incomplete = true;
}

static void take_end(struct session *session, const struct channel_frame *frame)
{
	struct channel_tally sent;

	session->has_end = true;
	session->stop = true;
	if (channel_get_tally(frame, &sent)) {
		error_set(session->error, EPROTO, "the guest's final message is garbled");
		session->incomplete = true;
	} else if (channel_compare(&sent, &session->arrived, session->error)) {
		session->incomplete = true;
	}
}

void session_take_frame(struct session *session, const struct channel_frame *frame)
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
