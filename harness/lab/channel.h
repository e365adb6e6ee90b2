/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages between guest and host over one virtio serial port:
 * frames of a type, a length and that many bytes, in order. One stream keeps
 * the order of stdout and stderr. The last frame holds the guest's tally of what
 * it had to send: a status counts only when the host's own tally is the same.
 */
#ifndef PAGESTORM_LAB_CHANNEL_H
#define PAGESTORM_LAB_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/lab/blob.h"

#define CHANNEL_PORT	     "pagestorm"
#define CHANNEL_PAYLOAD_MAX  32768
#define CHANNEL_HEADER_BYTES 8

enum channel_type {
	/* guest to host */
	CHANNEL_HELLO = 'h', /* text: the kernel is up, the guest has its port */
	CHANNEL_READY = 'r', /* empty: set up as requested, the command starts now */
	CHANNEL_STDOUT = 'o',
	CHANNEL_STDERR = 'e',
	CHANNEL_FAILURE = 'n',	 /* text: why the guest could not be set up */
	CHANNEL_DIRECTORY = 'd', /* path: a directory of the results */
	CHANNEL_FILE = 'f',	 /* path: a file of the results, empty so far */
	CHANNEL_CONTENT = 'c',	 /* bytes to append to that file */
	CHANNEL_LOSS = 'l',	 /* text: what the guest had to send and could not read */
	CHANNEL_STATUS = 's',	 /* uint32: as from waitpid() */
	CHANNEL_END = 'z',	 /* struct channel_tally: nothing follows */
	/* host to guest */
	CHANNEL_SIGNAL = 'S', /* uint32: pass this signal to the command */
};

struct channel_frame {
	enum channel_type type;
	const char *payload; /* in the blob; followed by other frames, not by NUL */
	uint32_t size;
};

/* What went through, per stream. The guest counts what it read, the host what it wrote. */
struct channel_tally {
	uint64_t out_bytes, err_bytes; /* of the command's stdout and stderr */
	uint64_t nr_files, content_bytes;
};

#define CHANNEL_TALLY_BYTES 32

/* Adds one frame's worth; types that are in no stream count nothing. Pure. */
void channel_count(struct channel_tally *tally, enum channel_type type, size_t size);

/* The payload of CHANNEL_END: four numbers, little-endian. Pure. */
void channel_put_tally(char payload[CHANNEL_TALLY_BYTES], const struct channel_tally *tally);

/* 0, or -EPROTO when the frame holds no tally. Pure. */
int channel_get_tally(const struct channel_frame *frame, struct channel_tally *tally);

/* 0 when nothing is missing, else -EIO and a sentence with the stream and both amounts. Pure.
 */
int channel_compare(const struct channel_tally *sent, const struct channel_tally *arrived,
		    struct error *e);

/* Writes the header of a frame: type, three zero bytes, size little-endian. Pure. */
void channel_header(char header[CHANNEL_HEADER_BYTES], enum channel_type type, uint32_t size);

/*
 * Looks for a whole frame at *at in received and moves *at behind it. 1: there
 * is one; 0: more bytes are needed; -EPROTO: this is not a frame. Pure.
 */
int channel_next(const struct blob *received, size_t *at, struct channel_frame *frame);

/* Writes a frame, or several when size is over CHANNEL_PAYLOAD_MAX, to a blocking fd. 0 or
 * -errno. */
int channel_write(int fd, enum channel_type type, const void *payload, size_t size);

#endif
