/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session in its parts: session.c attends, session_qemu.c starts qemu, session_guest.c
 * takes the guest's messages.
 */
#ifndef PAGESTORM_LAB_SESSION_PART_H
#define PAGESTORM_LAB_SESSION_PART_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "harness/base/error.h"
#include "harness/lab/channel.h"
#include "harness/lab/collector.h"
#include "harness/lab/lab.h"

enum phase {
	PHASE_BOOTING,
	PHASE_RUNNING,
	PHASE_STOPPING,
};

enum watch {
	WATCH_CHANNEL,
	WATCH_CONSOLE,
	WATCH_QEMU_OUTPUT,
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
	enum phase phase;
	uint64_t start_ns, deadline_ns; /* 0: none */
	bool has_status, has_failed, has_end, incomplete, timed_out, stop;
	int code; /* first error on the host's side */
};

struct session_ends {
	int console[2], channel[2], output[2]; /* [0] ours, [1] qemu's */
};

/* ---- session.c ---- */

uint64_t session_now_ns(void);

/* The session is stopped after so many seconds from now; 0: no bound. */
void session_allow(struct session *session, unsigned seconds);

/* Keeps the first failure of the host's side. ret: 0 or -errno. */
void session_fail(struct session *session, int ret);

/* ---- session_qemu.c ---- */

/* 0 or -errno; either way session_ends_release() closes what is open. */
int session_ends_open(struct session_ends *ends, struct error *e);

/* Ours then are the last: they end when qemu does. */
void session_ends_close_qemu(struct session_ends *ends);

void session_ends_release(struct session_ends *ends);

/* Sets session->qemu. disk_fd -1: no disk. 0, or -errno with a sentence in session->error. */
int session_start_qemu(struct session *session, const struct session_ends *ends,
		       int initramfs_fd, int disk_fd);

/* ---- session_guest.c ---- */

void session_take_frame(struct session *session, const struct channel_frame *frame);

/* 0 or -errno. A reader that has gone took what it needed: the results still come. */
int session_pass_on(int fd, const char *data, size_t size);

#endif
