// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/paced.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/engine.h"
#include "bench/loops.h"

#define LOOK_NS	    200000 /* between looks at the ledger */
#define SAMPLES_MAX 50000

struct watch {
	const struct ledger *ledger;
	double bytes, bytes_per_second;
	uint64_t start_ns;
	atomic_bool done;
	unsigned nr;
	double lag_ms[SAMPLES_MAX];
};

static void *watch(void *arg)
{
	struct watch *w = arg;

	while (!atomic_load(&w->done) && w->nr < SAMPLES_MAX) {
		const struct timespec pause = { .tv_nsec = LOOK_NS };
		double due = (double)(loop_now_ns() - w->start_ns) / 1e9 * w->bytes_per_second;
		double there = (double)w->ledger->achieved_bytes;

		if (due < w->bytes)
			w->lag_ms[w->nr++] = (due - there) / w->bytes_per_second * 1e3;
		(void)nanosleep(&pause, NULL); /* woken early: one sample more */
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double thread_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int timed_run(struct engine *e, double *cpu_ns)
{
	double before = thread_cpu_ns();
	int ret = engine_run(e);

	*cpu_ns = thread_cpu_ns() - before;
	return ret;
}

static int unpaced_cpu(const char *settings, const struct workload_env *env, double *cpu_ns)
{
	struct engine e;
	int ret = engine_prepare(&e, "anon", settings, env);

	if (!ret)
		ret = timed_run(&e, cpu_ns);
	engine_release(&e);
	return ret;
}

int paced_measure(const char *settings, const char *unpaced, uint64_t bytes,
		  const struct workload_env *env, struct paced *out)
{
	const char *rate = strstr(settings, "rate=");
	const uint64_t bytes_per_second = rate ? strtoull(rate + 5, NULL, 10) << 20 : 0;
	struct watch *w = calloc(1, sizeof(*w));
	double cpu_ns, unpaced_ns, seconds;
	struct engine e;
	pthread_t thread;
	int ret;

	if (!w)
		return -ENOMEM;
	ret = unpaced_cpu(unpaced, env, &unpaced_ns);
	if (!ret)
		ret = engine_prepare(&e, "anon", settings, env);
	if (ret)
		goto out;
	w->ledger = e.worker.ledger;
	w->bytes = (double)bytes;
	w->bytes_per_second = (double)bytes_per_second;
	w->start_ns = loop_now_ns();
	ret = -pthread_create(&thread, NULL, watch, w);
	if (ret)
		goto release;
	ret = timed_run(&e, &cpu_ns);
	atomic_store(&w->done, true);
	pthread_join(thread, NULL);
	seconds = (double)engine_slot(&e, "fill_ns") / 1e9;
	qsort(w->lag_ms, w->nr, sizeof(w->lag_ms[0]), compare);
	out->mean_error_percent = (w->bytes / seconds / w->bytes_per_second - 1) * 100;
	out->lag_p99_ms = w->nr ? w->lag_ms[w->nr * 99 / 100] : 0;
	out->lag_max_ms = w->nr ? w->lag_ms[w->nr - 1] : 0;
	out->end_error_pages = ((int64_t)w->ledger->achieved_bytes - (int64_t)bytes) / 4096;
	out->cpu_percent = (cpu_ns - unpaced_ns) / (seconds * 1e9) * 100;
release:
	engine_release(&e);
out:
	free(w);
	return ret;
}
