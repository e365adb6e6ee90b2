/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic of amounts, by the kernel's names. Functions rather than macros, so that an
 * argument is evaluated once and a signed one warns.
 */
#ifndef PAGESTORM_ARITH_H
#define PAGESTORM_ARITH_H

#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

static inline uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* To the next multiple of unit, which need not be a power of two. */
static inline uint64_t round_up(uint64_t x, uint64_t unit)
{
	return (x + unit - 1) / unit * unit;
}

#endif
