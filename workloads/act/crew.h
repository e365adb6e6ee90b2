/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker's threads, created and parked before READY, so that their stacks and what the
 * C library allocates for them do not count as the workload's. Member 0 is the calling
 * thread.
 */
#ifndef PAGESTORM_CREW_H
#define PAGESTORM_CREW_H

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "workloads/api/workload.h"

#define CREW_MAX	 64
#define CREW_MAX_TEXT	 "64"
#define CREW_STACK_BYTES (128u << 10)

/* The option `threads`. */
#define THREADS_OPTION(text, at)                                                               \
	{                                                                                      \
		.name = "threads", .type = OPTION_COUNT, .fallback = "1", .min = "1",          \
		.max = CREW_MAX_TEXT, .help = text, at                                         \
	}

struct crew;

struct crew_member {
	struct crew *crew;
	unsigned index;
	pthread_t thread;
	sem_t go;
};

struct crew {
	unsigned nr;	  /* members, the caller included */
	unsigned started; /* threads that crew_stop() has to join */
	int (*body)(void *arg, unsigned index);
	void *arg;
	sem_t parked; /* posted by each member when it is parked or done */
	atomic_bool leave;
	_Atomic int error; /* the first failure of a body */
	bool spread;	   /* members are bound to one CPU each: they restore `allowed` */
	cpu_set_t allowed;
	struct crew_member member[CREW_MAX];
};

/*
 * Creates nr - 1 threads (1 <= nr <= CREW_MAX) and waits until each is parked. 0 or
 * -errno; crew_stop() is due in both cases. *crew is zeroed before and must not move.
 */
int crew_start(struct crew *crew, unsigned nr);

/*
 * Runs body(arg, index) in all members concurrently, index 0 in the caller, the others
 * starting on other CPUs, and waits for all. Returns 0 or the first failure.
 */
int crew_run(struct crew *crew, int (*body)(void *arg, unsigned index), void *arg);

/* Stops and joins the threads; nothing to do for a zeroed crew. */
void crew_stop(struct crew *crew);

#endif
