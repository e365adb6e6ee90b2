// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/act/crew.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) && errno == EINTR)
		;
}

/* The CPU that is `steps` allowed ones after `from`. */
static int cpu_after(const cpu_set_t *allowed, int from, unsigned steps)
{
	int cpu = from;

	steps %= (unsigned)CPU_COUNT(allowed);
	while (steps) {
		cpu = (cpu + 1) % CPU_SETSIZE;
		steps -= (unsigned)CPU_ISSET(cpu, allowed);
	}
	return cpu;
}

/*
 * Each member starts on a CPU of its own and may then migrate. Otherwise the scheduler may
 * keep a woken thread on its waker's CPU for a tick or more although another CPU is idle,
 * which is longer than some runs last.
 */
static void spread(struct crew *crew)
{
	const int here = sched_getcpu();

	crew->spread = !sched_getaffinity(0, sizeof(crew->allowed), &crew->allowed) &&
		       here >= 0 && CPU_ISSET(here, &crew->allowed) &&
		       CPU_COUNT(&crew->allowed) > 1;
	for (unsigned i = 1; crew->spread && i <= crew->started; i++) {
		cpu_set_t own;

		CPU_ZERO(&own);
		CPU_SET(cpu_after(&crew->allowed, here, i), &own);
		/* On failure the scheduler places it. */
		(void)pthread_setaffinity_np(crew->member[i].thread, sizeof(own), &own);
	}
}

static void run_body(struct crew *crew, unsigned index)
{
	int ret = crew->body(crew->arg, index), none = 0;

	if (ret)
		atomic_compare_exchange_strong(&crew->error, &none, ret);
}

static void *member_main(void *arg)
{
	struct crew_member *member = arg;
	struct crew *crew = member->crew;

	for (;;) {
		sem_post(&crew->parked);
		wait_for(&member->go);
		if (atomic_load(&crew->leave))
			return NULL;
		if (crew->spread)
			(void)sched_setaffinity(0, sizeof(crew->allowed), &crew->allowed);
		run_body(crew, member->index);
	}
}

static int start_member(struct crew *crew, unsigned index)
{
	struct crew_member *member = &crew->member[index];
	pthread_attr_t attr;
	int ret;

	member->crew = crew;
	member->index = index;
	sem_init(&member->go, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, CREW_STACK_BYTES);
	ret = pthread_create(&member->thread, &attr, member_main, member);
	pthread_attr_destroy(&attr);
	return -ret;
}

static void wait_parked(struct crew *crew)
{
	for (unsigned i = 0; i < crew->started; i++)
		wait_for(&crew->parked);
}

int crew_start(struct crew *crew, unsigned nr)
{
	int ret = 0;

	assert(nr >= 1 && nr <= CREW_MAX && !crew->nr);
	sem_init(&crew->parked, 0, 0);
	crew->nr = nr;
	for (unsigned i = 1; i < nr && !ret; i++) {
		ret = start_member(crew, i);
		crew->started += !ret;
	}
	wait_parked(crew);
	return ret;
}

int crew_run(struct crew *crew, int (*body)(void *arg, unsigned index), void *arg)
{
	crew->body = body;
	crew->arg = arg;
	atomic_store(&crew->error, 0);
	spread(crew);
	for (unsigned i = 1; i <= crew->started; i++)
		sem_post(&crew->member[i].go);
	run_body(crew, 0);
	wait_parked(crew);
	return atomic_load(&crew->error);
}

void crew_stop(struct crew *crew)
{
	atomic_store(&crew->leave, 1);
	for (unsigned i = 1; i <= crew->started; i++)
		sem_post(&crew->member[i].go);
	for (unsigned i = 1; i <= crew->started; i++)
		pthread_join(crew->member[i].thread, NULL);
	crew->started = 0;
}
