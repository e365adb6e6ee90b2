/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checks of `pagestorm doctor`. Each looks at, or carefully tries, one ability of the
 * machine and leaves it as it was.
 */
#ifndef PAGESTORM_CMD_DOCTOR_H
#define PAGESTORM_CMD_DOCTOR_H

#include <stddef.h>

#include "harness/machine/host.h"

enum doctor_status {
	DOCTOR_OK,
	DOCTOR_LIMITED, /* some runs cannot be, or what they measure is less sure */
	DOCTOR_MISSING,
};

struct finding {
	enum doctor_status status;
	char text[320]; /* what was found */
	char fix[320];	/* what helps; "": nothing needs to */
};

struct doctor_check {
	const char *name;
	void (*look)(const struct host *host, struct finding *finding);
};

/* Fills a finding. The fix may be NULL. */
void doctor_find(struct finding *finding, enum doctor_status status, const char *fix,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Groups: whether one can be made and limited decides whether anything can run. */
void doctor_cgroup(const struct host *host, struct finding *finding);
void doctor_group(const struct host *host, struct finding *finding);
void doctor_limits(const struct host *host, struct finding *finding);
void doctor_group_swap(const struct host *host, struct finding *finding);
void doctor_cpuset(const struct host *host, struct finding *finding);

/* What a run of the workload with its defaults lacks here. */
void doctor_workload(const struct host *host, const struct workload *workload,
		     struct finding *finding);

/* What this process may do. */
void doctor_user(const struct host *host, struct finding *finding);
void doctor_oom_score(const struct host *host, struct finding *finding);
void doctor_drop_caches(const struct host *host, struct finding *finding);
void doctor_mlock(const struct host *host, struct finding *finding);
void doctor_pagemap(const struct host *host, struct finding *finding);
void doctor_oom_daemons(const struct host *host, struct finding *finding);
void doctor_lock(const struct host *host, struct finding *finding);
void doctor_leftovers(const struct host *host, struct finding *finding);
void doctor_gnuplot(const struct host *host, struct finding *finding);

/* What the kernel offers and how it is set. */
void doctor_memory(const struct host *host, struct finding *finding);
void doctor_nodes(const struct host *host, struct finding *finding);
void doctor_swap(const struct host *host, struct finding *finding);
void doctor_zram(const struct host *host, struct finding *finding);
void doctor_loop(const struct host *host, struct finding *finding);
void doctor_thp(const struct host *host, struct finding *finding);
void doctor_mthp(const struct host *host, struct finding *finding);
void doctor_hugetlb(const struct host *host, struct finding *finding);
void doctor_psi(const struct host *host, struct finding *finding);
void doctor_mglru(const struct host *host, struct finding *finding);
void doctor_zswap(const struct host *host, struct finding *finding);
void doctor_ksm(const struct host *host, struct finding *finding);
void doctor_overcommit(const struct host *host, struct finding *finding);
void doctor_page_reporting(const struct host *host, struct finding *finding);
void doctor_kvm(const struct host *host, struct finding *finding);

#endif
