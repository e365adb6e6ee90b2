/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A workload's parameters from the texts of its option table, as a profile would give them.
 */
#ifndef PAGESTORM_TESTS_PARAMS_H
#define PAGESTORM_TESTS_PARAMS_H

#include <stdio.h>
#include <string.h>

#include "harness/plan/option.h"
#include "tests/unit/capabilities.h"

/* Fails the test when the option does not take the text. */
static inline void params_set(const struct workload_option *o, void *params, const char *text)
{
	static const struct size_base base = { .limit_bytes = 256 << 20,
					       .available_bytes = 1 << 30 };
	struct error clause = { "" };

	if (option_parse(o, text, &base, params, &clause))
		fail_msg("option %s: '%s' %s", o->name, text, clause.text);
}

/* params: PARAMS_BYTES_MAX of them. */
static inline void params_default(const struct workload *w, void *params)
{
	memset(params, 0, PARAMS_BYTES_MAX);
	for (const struct workload_option *o = w->options; o && o->name; o++)
		if (o->fallback && *o->fallback)
			params_set(o, params, o->fallback);
}

/*
 * The defaults with each choice of each option by itself: the n-th of them, from 0, and its
 * option's word; false: there are no more.
 */
static inline bool params_choice(const struct workload *w, unsigned n, void *params, char *word,
				 size_t word_bytes)
{
	for (const struct workload_option *o = w->options; o && o->name; o++) {
		for (const char *c = o->choices; c;
		     c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL) {
			if (n--)
				continue;
			snprintf(word, word_bytes, "%.*s", (int)strcspn(c, "|"), c);
			params_default(w, params);
			params_set(o, params, word);
			return true;
		}
	}
	return false;
}

/* A machine of two nodes that has everything that workloads require. */
static inline struct workload_env params_machine(void)
{
	return (struct workload_env){ .page_bytes = 4096,
				      .pmd_bytes = 2 << 20,
				      .cgroup_version = 2,
				      .cpus = 2,
				      .nr_nodes = 2,
				      .nodes = { 0, 1 },
				      .nr_all_nodes = 2,
				      .all_nodes = { 0, 1 },
				      .cpu_nodes = 1,
				      .distance = { { 10, 20 }, { 20, 10 } },
				      .node_bytes = { 1 << 30, 1 << 30 },
				      .memory_bytes = 2ull << 30,
				      .limit_bytes = 256 << 20,
				      .available_bytes = 1 << 30,
				      .thp = THP_ALWAYS,
				      .hugetlb_default_bytes = 2 << 20,
				      .hugetlb_2m = 64,
				      .hugetlb_1g = 1,
				      .hugetlb_2m_node = { 32, 32 },
				      .nr_zones = 2,
				      .zone = { { 0, "DMA", 3840 }, { 0, "DMA32", 258304 } },
				      .min_free_kb = 16384,
				      .watermark_scale = 10,
				      .list_fraction = 1000000,
				      .watermarks_fresh = true,
				      .thp_orders_madvise = 1 << 9,
				      .thp_orders_always = 1 << 9,
				      .capability = CAPABILITIES_6_18,
				      .loop = true,
				      .swap = SWAP_ZRAM,
				      .swap_bytes = 512 << 20,
				      .swap_max_bytes = UINT64_MAX,
				      .swap_path = "/dev/zram0",
				      .scratch_dir = "/tmp" };
}

#endif
