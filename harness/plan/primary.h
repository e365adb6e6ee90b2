/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * [profile] primary: the metrics that answer the profile's question. A comparison tests them
 * as a family of their own, so that they do not pay for all the others.
 */
#ifndef PAGESTORM_PRIMARY_H
#define PAGESTORM_PRIMARY_H

#include "harness/base/error.h"
#include "harness/plan/profile.h"

#define PRIMARY_MAX 8

struct column;

struct primary {
	char worker[64];	     /* "": each that has the metric */
	const struct column *metric; /* of runs.csv */
};

struct primaries {
	struct primary item[PRIMARY_MAX];
	unsigned nr;
};

/* latency_p99_ns, or victim.latency_p99_ns, with commas. -EINVAL with a sentence in *e. */
int primary_parse(struct primaries *out, const struct profile *profile, struct error *e);

/* As the profile writes it. */
void primary_format(const struct primary *p, char *text, size_t text_bytes);

#endif
