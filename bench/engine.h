/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a workload's own prepare(), run() and release() in the calling process,
 * without group, captures or claims: the time is that of the same code as in a run.
 */
#ifndef PAGESTORM_ENGINE_H
#define PAGESTORM_ENGINE_H

#include <stdint.h>

#include "workloads/act/worker.h"

struct engine {
	struct worker worker;
};

/* Fills a workload's params struct from "size=256M touch=populate". 0 or -errno. */
int engine_params(const struct workload *w, void *params, const char *settings);

/* 0 or -errno; a workload's own sentence is in the ledger's error. */
int engine_prepare(struct engine *e, const char *workload, const char *settings,
		   const struct workload_env *env);
int engine_run(struct engine *e);
void engine_release(struct engine *e);

/* A truth slot's value by name; 0 when there is none. */
uint64_t engine_slot(const struct engine *e, const char *name);

#endif
