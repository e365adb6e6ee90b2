/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pacing: the bytes that are due at a time after the start, for growth at a stated rate or
 * in a stated shape. Pure; the caller sleeps until the absolute time at which the next page
 * is due, so that delays do not accumulate.
 *
 *   linear       rate bytes per second (0: all at once)
 *   steps        chunk bytes at 0, interval, 2 interval …
 *   exponential  chunk bytes at 0, then doubled at each interval
 *   burst        nothing, then all at interval
 */
#ifndef PAGESTORM_PACE_H
#define PAGESTORM_PACE_H

#include <stdint.h>

#include "workloads/api/workload.h"

#define PACE_SHAPES "linear|steps|exponential|burst"

/* The options of growth: `rate`, `shape`, and `chunk` and `interval` of the other shapes. */
#define RATE_OPTION(text, at)                                                                  \
	{                                                                                      \
		.name = "rate", .type = OPTION_RATE, .fallback = "0", .help = text, at         \
	}
#define SHAPE_OPTION(shapes, text, at)                                                         \
	{                                                                                      \
		.name = "shape", .type = OPTION_CHOICE, .fallback = "linear",                  \
		.choices = shapes, .help = text, at                                            \
	}
#define CHUNK_OPTION(value, least, text, at)                                                   \
	{                                                                                      \
		.name = "chunk", .type = OPTION_BYTES, .fallback = value, .min = least,        \
		.help = text, at                                                               \
	}
#define INTERVAL_OPTION(value, most, text, at)                                                 \
	{                                                                                      \
		.name = "interval", .type = OPTION_SECONDS, .fallback = value, .min = "1ms",   \
		.max = most, .help = text, at                                                  \
	}

/*
 * While pages fall due continuously, the caller wakes every 2 ms: the lag stays below 5 ms,
 * and 500 wake-ups a second take less than 1 % of a CPU.
 */
#define PACE_QUANTUM_NS 2000000u

enum pace_shape {
	PACE_LINEAR,
	PACE_STEPS,
	PACE_EXPONENTIAL,
	PACE_BURST,
};

struct pace {
	enum pace_shape shape;
	uint64_t rate;	      /* bytes per second */
	uint64_t chunk_bytes; /* at least 1 for steps and exponential */
	uint64_t interval_ns; /* at least 1 for steps and exponential */
};

/* Bytes due elapsed_ns after the start; UINT64_MAX: no bound. */
uint64_t pace_due(const struct pace *pace, uint64_t elapsed_ns);

/* The earliest elapsed_ns at which `bytes` are due. */
uint64_t pace_when(const struct pace *pace, uint64_t bytes);

/*
 * The next wake-up, in ns after the start: when the next unit_bytes after done_bytes are
 * due, but no sooner than a quantum after now_ns unless that would delay the end
 * (total_bytes).
 */
uint64_t pace_wake(const struct pace *pace, uint64_t done_bytes, uint64_t unit_bytes,
		   uint64_t total_bytes, uint64_t now_ns);

#endif
