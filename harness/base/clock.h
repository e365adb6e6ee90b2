/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The run's clock: the one that workers' ledgers use too. */
#ifndef PAGESTORM_CLOCK_H
#define PAGESTORM_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t clock_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
