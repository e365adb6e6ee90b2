/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simulated run times for the tests of stats. */
#ifndef PAGESTORM_TESTS_NOISE_H
#define PAGESTORM_TESTS_NOISE_H

#include <math.h>
#include <stdint.h>

/* Of 400001 draws of noise_run_time(); tests/long/test_stats_coverage draws them. */
#define NOISE_TRUE_MEDIAN 1.006337

/* A separate generator: the noise must not share a defect with the code under test. */
static inline double noise_uniform(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return (*state + 0.5) / 4294967296.0;
}

static inline double noise_normal(uint32_t *state)
{
	return sqrt(-2 * log(noise_uniform(state))) * cos(2 * M_PI * noise_uniform(state));
}

/* Log-normal; one run in ten has a stall of about half its length. */
static inline double noise_run_time(uint32_t *state)
{
	double t = exp(0.05 * noise_normal(state));

	return noise_uniform(state) < 0.1 ? t * (1 - 0.5 * log(noise_uniform(state))) : t;
}

#endif
