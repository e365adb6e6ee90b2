/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seeded pseudo-random numbers for content and access order: the same seed repeats the
 * same run. Not for secrets.
 *
 * SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", OOPSLA 2014): a counter through a mixing function that is a
 * bijection of 64-bit words.
 */
#ifndef PAGESTORM_PRNG_H
#define PAGESTORM_PRNG_H

#include <stdint.h>

#define PRNG_STEP 0x9e3779b97f4a7c15ULL

/* A bijection: different words stay different. */
static inline uint64_t prng_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static inline uint64_t prng_next(uint64_t *state)
{
	return prng_mix(*state += PRNG_STEP);
}

/* 0 .. n-1; the bias is below n / 2^64. */
static inline uint64_t prng_below(uint64_t *state, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)prng_next(state) * n) >> 64);
}

/* 0 <= x < 1, in steps of 2^-53. */
static inline double prng_unit(uint64_t *state)
{
	return (double)(prng_next(state) >> 11) * 0x1p-53;
}

#endif
