/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA
 * 2014). The order of a plan's steps and the intervals of a report follow from it: another
 * generator would be another schema.
 */
#ifndef PAGESTORM_SPLITMIX_H
#define PAGESTORM_SPLITMIX_H

#include <stdint.h>

/* *state is the seed at first, and moves on. */
static inline uint64_t splitmix_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

#endif
