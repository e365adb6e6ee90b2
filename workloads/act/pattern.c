// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/pattern.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Ranks that are summed one by one; beyond, the integral is within 1e-7 of the sum. */
#define ZIPF_HEAD 1024

static double power_integral(double from, double to, double theta)
{
	if (fabs(theta - 1) < 1e-9)
		return log(to / from);
	return (pow(to, 1 - theta) - pow(from, 1 - theta)) / (1 - theta);
}

/* The upper end at which the integral from `from` equals `mass`. */
static double power_integral_end(double from, double mass, double theta)
{
	if (fabs(theta - 1) < 1e-9)
		return from * exp(mass);
	return pow(pow(from, 1 - theta) + mass * (1 - theta), 1 / (1 - theta));
}

/*
 * Position x of the cumulative weight: floor(x) is a rank counted from 0, whose
 * weight (rank + 1)^-theta is spread evenly over [rank, rank + 1).
 */
void zipf_init(struct zipf *zipf, uint64_t nr, double theta)
{
	uint64_t head = nr < ZIPF_HEAD ? nr : ZIPF_HEAD, rank = 0;
	double head_weight = 0, total, below = 0, weight = 1;

	for (uint64_t i = 0; i < head; i++)
		head_weight += pow((double)(i + 1), -theta);
	total = head_weight;
	if (nr > head)
		total += power_integral((double)head + 0.5, (double)nr + 0.5, theta);
	zipf->nr = nr;
	zipf->theta = theta;
	for (unsigned k = 0; k <= ZIPF_KNOTS; k++) {
		double mass = total * k / ZIPF_KNOTS;

		while (rank < head && below + weight < mass) {
			below += weight;
			weight = pow((double)(++rank + 1), -theta);
		}
		if (rank < head)
			zipf->knot[k] = (double)rank + (mass - below) / weight;
		else
			zipf->knot[k] = power_integral_end((double)head + 0.5,
							   mass - head_weight, theta) -
					0.5;
	}
	zipf->knot[ZIPF_KNOTS] = (double)nr;
}

void permutation_init(struct permutation *p, uint64_t nr, uint64_t key)
{
	unsigned bits = nr > 1 ? 64 - (unsigned)__builtin_clzll(nr - 1) : 1;

	p->nr = nr;
	p->mask = bits == 64 ? UINT64_MAX : (1ULL << bits) - 1;
	p->key = prng_mix(key) & p->mask;
	p->shift = (bits + 1) / 2;
}

void pattern_init(struct pattern *p, enum pattern_kind kind, uint64_t nr, uint64_t seed)
{
	memset(p, 0, sizeof(*p));
	p->kind = kind;
	p->nr = nr;
	p->stride = 1;
	p->rng = prng_mix(seed);
	p->hot_nr = nr;
	permutation_init(&p->permutation, nr, seed);
}

void pattern_set_stride(struct pattern *p, uint64_t stride)
{
	p->stride = stride ? stride : 1;
}

void pattern_set_hot(struct pattern *p, double hot_share, double hot_access)
{
	uint64_t hot = (uint64_t)((double)p->nr * hot_share + 0.5);

	p->hot_nr = hot < 1 ? 1 : hot > p->nr ? p->nr : hot;
	p->hot_threshold = hot_access >= 1 ? UINT64_MAX : (uint64_t)(hot_access * 0x1p64);
}

void pattern_set_zipf(struct pattern *p, const struct zipf *zipf)
{
	p->zipf = zipf;
}
