/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of access to units (pages, mostly), in constant memory.
 *
 * A walk visits each of nr units exactly once: sequential, reverse, stride and random. A
 * draw picks units without end: those four (random: independent, uniform) and two skewed
 * ones:
 *   zipf     the unit of rank r is drawn with a probability proportional to
 *            r^-theta: exact at 4096 points of the distribution, even between
 *            them (theta 0.8 to 1.2, 100000 units: within 1 % for every rank);
 *            ranks are scattered over the range
 *   hotcold  hot_access of the draws go to the first hot_share of the range
 */
#ifndef PAGESTORM_PATTERN_H
#define PAGESTORM_PATTERN_H

#include <stdint.h>

#include "workloads/act/prng.h"
#include "workloads/api/workload.h"

#define PATTERN_WALKS "sequential|reverse|stride|random"
#define PATTERN_DRAWS "sequential|reverse|stride|random|zipf|hotcold"

/* The options of a walk: `pattern` and `stride`. */
#define WALK_OPTION(text, at)                                                                  \
	{                                                                                      \
		.name = "pattern", .type = OPTION_CHOICE, .fallback = "sequential",            \
		.choices = PATTERN_WALKS, .help = text, at                                     \
	}
#define STRIDE_OPTION(text, at)                                                                \
	{                                                                                      \
		.name = "stride", .type = OPTION_COUNT, .fallback = "16", .min = "1",          \
		.help = text, at                                                               \
	}

/* The option of a draw, under the name that the workload gives it. */
#define DRAW_OPTION(option, text, at)                                                          \
	{                                                                                      \
		.name = option, .type = OPTION_CHOICE, .fallback = "random",                   \
		.choices = PATTERN_DRAWS, .help = text, at                                     \
	}

enum pattern_kind {
	PATTERN_SEQUENTIAL,
	PATTERN_REVERSE,
	PATTERN_STRIDE,
	PATTERN_RANDOM,
	PATTERN_ZIPF,
	PATTERN_HOTCOLD,
};

#define ZIPF_KNOTS 4096

/* The inverse of the distribution function, linear between knots of equal probability. */
struct zipf {
	uint64_t nr;
	double theta;
	double knot[ZIPF_KNOTS + 1];
};

/* theta >= 0 (0: uniform), nr >= 1. Takes 20 ms at most; uses libm. */
void zipf_init(struct zipf *zipf, uint64_t nr, double theta);

/* A rank, 0 the most frequent. */
static inline uint64_t zipf_draw(const struct zipf *zipf, uint64_t *rng)
{
	double u = prng_unit(rng) * ZIPF_KNOTS;
	unsigned i = (unsigned)u;
	uint64_t rank =
		(uint64_t)(zipf->knot[i] + (u - i) * (zipf->knot[i + 1] - zipf->knot[i]));

	return rank < zipf->nr ? rank : zipf->nr - 1;
}

/* A keyed bijection of 0..nr-1 onto itself. */
struct permutation {
	uint64_t nr, mask, key;
	unsigned shift;
};

void permutation_init(struct permutation *p, uint64_t nr, uint64_t key);

/* One round is a bijection of the next power of two; repeated until it is within range. */
static inline uint64_t permutation_of(const struct permutation *p, uint64_t i)
{
	do {
		i = ((i ^ p->key) * 0xbf58476d1ce4e5b9ULL) & p->mask;
		i ^= i >> p->shift;
		i = (i * 0x94d049bb133111ebULL + p->key) & p->mask;
		i ^= i >> p->shift;
		i = (i * PRNG_STEP) & p->mask;
		i ^= i >> p->shift;
	} while (i >= p->nr);
	return i;
}

struct pattern {
	enum pattern_kind kind;
	uint64_t nr;
	uint64_t stride; /* in units; PATTERN_STRIDE */
	uint64_t at;	 /* units visited in this round */
	uint64_t unit;	 /* next of a stride */
	uint64_t rng;
	uint64_t hot_nr; /* PATTERN_HOTCOLD */
	uint64_t hot_threshold;
	const struct zipf *zipf; /* PATTERN_ZIPF; the caller's */
	struct permutation permutation;
};

/* nr >= 1. Stride 1, no skew; the functions below set them. */
void pattern_init(struct pattern *p, enum pattern_kind kind, uint64_t nr, uint64_t seed);
void pattern_set_stride(struct pattern *p, uint64_t stride);
void pattern_set_hot(struct pattern *p, double hot_share, double hot_access);
void pattern_set_zipf(struct pattern *p, const struct zipf *zipf);

static inline uint64_t pattern_stride_next(struct pattern *p)
{
	uint64_t unit = p->unit;

	p->unit += p->stride;
	if (p->unit >= p->nr)
		p->unit = (unit % p->stride + 1) % p->stride;
	if (p->unit >= p->nr)
		p->unit = 0;
	return unit;
}

/* The next unit of the walk, which restarts after nr units. */
static inline uint64_t pattern_walk(struct pattern *p)
{
	uint64_t at = p->at;

	p->at = at + 1 == p->nr ? 0 : at + 1;
	switch (p->kind) {
	case PATTERN_REVERSE:
		return p->nr - 1 - at;
	case PATTERN_STRIDE:
		return pattern_stride_next(p);
	case PATTERN_RANDOM:
		return permutation_of(&p->permutation, at);
	default:
		return at;
	}
}

/* The next unit of the draw. */
static inline uint64_t pattern_draw(struct pattern *p)
{
	switch (p->kind) {
	case PATTERN_RANDOM:
		return prng_below(&p->rng, p->nr);
	case PATTERN_ZIPF:
		return permutation_of(&p->permutation, zipf_draw(p->zipf, &p->rng));
	case PATTERN_HOTCOLD:
		if (prng_next(&p->rng) <= p->hot_threshold || p->hot_nr == p->nr)
			return prng_below(&p->rng, p->hot_nr);
		return p->hot_nr + prng_below(&p->rng, p->nr - p->hot_nr);
	default:
		return pattern_walk(p);
	}
}

#endif
