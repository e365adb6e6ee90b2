/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of the skewed patterns. */
#ifndef PAGESTORM_SKEW_H
#define PAGESTORM_SKEW_H

#include "workloads/act/pattern.h"
#include "workloads/api/workload.h"

struct skew {
	double hot_share, hot_access, zipf_theta;
};

#define SKEW_RATIO(option, value, most, text, at)                                              \
	{                                                                                      \
		.name = option, .type = OPTION_RATIO, .fallback = value, .min = "0",           \
		.max = most, .help = text, .offset = at                                        \
	}

/* For the table of a params struct with that member; which: its pattern's option. */
#define SKEW_OPTIONS(params, member, which)                                                    \
	SKEW_RATIO("hot_share", "20%", "1", "share of hot pages, when " which " is hotcold",   \
		   offsetof(struct params, member.hot_share)),                                 \
		SKEW_RATIO("hot_access", "80%", "1", "share of the accesses to hot pages",     \
			   offsetof(struct params, member.hot_access)),                        \
		SKEW_RATIO("zipf_theta", "0.99", "1.2",                                        \
			   "skew, when " which " is zipf (0: none)",                           \
			   offsetof(struct params, member.zipf_theta))

/* zipf: initialised with skew->zipf_theta; used by the pattern zipf only. */
static inline void skew_set(struct pattern *pattern, const struct skew *skew,
			    const struct zipf *zipf)
{
	pattern_set_hot(pattern, skew->hot_share, skew->hot_access);
	pattern_set_zipf(pattern, zipf);
}

#endif
