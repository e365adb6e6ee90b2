// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Amounts: requested against held memory, how constant it is, and how exactly a rate is
 * kept: rows g1 to g3.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/hand.h"
#include "bench/loops.h"
#include "bench/paced.h"
#include "bench/row.h"

#define ASKED	   (256 * MB)
#define ASKED_TEXT "size=256M touch=populate"
#define PAGE	   4096
#define BATCH	   64 /* pages of charge kept back on each CPU: MEMCG_CHARGE_BATCH */
#define HOLD_LOOKS 1000
#define LOOK_NS	   10000000 /* 10 s in all */
#define CV_MOST	   0.0004
#define CPU_MOST   0.1 /* per cent */

/* ---- g1 ---- */

/* Peak resident size over the requested size, in per cent. */
static double peer_excess(const char *const argv[])
{
	struct rusage usage;

	if (peer_run(argv, &usage) == 0)
		return NAN;
	return ((double)usage.ru_maxrss * 1024 / (double)ASKED - 1) * 100;
}

static void print_excess(const char *name, const char *package, double percent)
{
	if (isnan(percent))
		printf("; %s: not installed (%s)", name, package);
	else
		printf("; %s %+.2f %% peak", name, percent);
}

static int show_amount(struct job *j, struct error *e)
{
	static const char *const memhog[] = { "memhog", "-r1", "256m", NULL };
	static const char *const stress_ng[] = {
		"stress-ng", "--quiet",	      "--vm", "1", "--vm-bytes", "256M",
		"--vm-keep", "--vm-populate", "-t",   "1", NULL
	};
	const int64_t batches = BATCH * (int64_t)j->box->host.cpus;
	int64_t resident, usage, tables;
	struct hand h;
	int ret = hand_start(&h, j->box, ASKED_TEXT, e);

	if (ret)
		goto out;
	resident = (int64_t)hand_resident_pages(&h);
	usage = (int64_t)hand_usage(&h);
	tables = (int64_t)hand_kb(&h, "status", "VmPTE");
	ret = hand_go(&h, e);
	if (ret)
		goto out;
	resident = (int64_t)hand_resident_pages(&h) - resident - (int64_t)(ASKED / PAGE);
	tables = (int64_t)hand_kb(&h, "status", "VmPTE") - tables;
	usage = ((int64_t)hand_usage(&h) - usage - (int64_t)ASKED) / PAGE - tables / 4;
	printf("%-8s ask for 256 MiB, get: statm %+" PRId64
	       " pages (1), group's usage %+" PRId64 " pages beside tables (%" PRId64 ")  %s",
	       j->row->id, resident, usage, batches,
	       llabs(resident) <= 1 && llabs(usage) <= batches ? "met" : "MISSED");
	print_excess("memhog", "numactl", peer_excess(memhog));
	print_excess("stress-ng", "stress-ng", peer_excess(stress_ng));
	printf("\n");
out:
	hand_release(&h);
	return ret;
}

/* ---- g2 ---- */

struct steadiness {
	double sum, squares;
	unsigned nr;
};

static void add(struct steadiness *s, double value)
{
	s->sum += value;
	s->squares += value * value;
	s->nr++;
}

/* Coefficient of variation. */
static double variation(const struct steadiness *s)
{
	const double mean = s->sum / s->nr, variance = s->squares / s->nr - mean * mean;

	return variance > 0 ? sqrt(variance) / mean : 0;
}

static uint64_t cpu_ns(pid_t pid)
{
	struct timespec t = { 0 };
	clockid_t clock;

	if (!clock_getcpuclockid(pid, &clock))
		clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int show_hold(struct job *j, struct error *e)
{
	struct steadiness resident = { 0 }, usage = { 0 };
	double of_resident, of_usage, cpu_percent;
	uint64_t start_ns, cpu;
	struct hand h;
	int ret = hand_start(&h, j->box, ASKED_TEXT, e);

	if (!ret)
		ret = hand_go(&h, e);
	if (ret)
		goto out;
	cpu = cpu_ns(h.process.pid);
	start_ns = loop_now_ns();
	for (unsigned i = 0; i < HOLD_LOOKS && !box_interrupted(j->box); i++) {
		const struct timespec pause = { .tv_nsec = LOOK_NS };

		(void)nanosleep(&pause, NULL); /* woken early: one look sooner */
		add(&resident, (double)hand_resident_pages(&h));
		add(&usage, (double)hand_usage(&h));
	}
	cpu_percent = (double)(cpu_ns(h.process.pid) - cpu) * 100 /
		      (double)(loop_now_ns() - start_ns);
	of_resident = variation(&resident);
	of_usage = variation(&usage);
	printf("%-8s hold 256 MiB for 10 s: variation %.5f of statm, %.5f of usage (%.4f), "
	       "CPU %.3f %% (%.1f)  %s\n",
	       j->row->id, of_resident, of_usage, CV_MOST, cpu_percent, CPU_MOST,
	       of_resident <= CV_MOST && of_usage <= CV_MOST && cpu_percent < CPU_MOST
		       ? "met"
		       : "MISSED");
out:
	hand_release(&h);
	return ret;
}

/* ---- g3 ---- */

static int pace_and_print(void *arg)
{
	const struct job *j = arg;
	const struct row *row = j->row;
	const double mean_most = row->target;
	struct paced p;
	bool met;
	int ret = paced_measure(row->settings, row->limit_settings, row->amount, &j->env, &p);

	if (ret) {
		printf("%-8s %-36s cannot run here: %s\n", row->id, row->work, strerror(-ret));
		return 0;
	}
	met = fabs(p.mean_error_percent) <= mean_most && p.lag_max_ms <= 5 &&
	      p.end_error_pages == 0 && p.cpu_percent <= 2;
	printf("%-8s %s: mean %+.3f %% (%.2f), lag %.1f ms max, %.1f p99 (5), end %+" PRId64
	       " pages (1), CPU beside faults %.1f %% (2)  %s\n",
	       row->id, row->work, p.mean_error_percent, mean_most, p.lag_max_ms, p.lag_p99_ms,
	       p.end_error_pages, p.cpu_percent, met ? "met" : "MISSED");
	return 0;
}

static int show_pace(struct job *j, struct error *e)
{
	return box_run(j->box, j->box->top.version ? GROUP_BYTES : 0, pace_and_print, j, e);
}

/* ---- the rows ---- */

const struct row holding_rows[] = {
	{ .id = "g1", .work = "ask for 256 MiB, get", .show = show_amount },
	{ .id = "g2", .work = "hold 256 MiB for 10 s", .show = show_hold },
	{ .id = "g3-10",
	  .work = "growth at 10 MiB/s",
	  .show = show_pace,
	  .settings = "size=20M touch=write rate=10M/s",
	  .limit_settings = "size=20M touch=write",
	  .amount = 20 * MB,
	  .target = 0.05 },
	{ .id = "g3-100",
	  .work = "growth at 100 MiB/s",
	  .show = show_pace,
	  .settings = "size=200M touch=write rate=100M/s",
	  .limit_settings = "size=200M touch=write",
	  .amount = 200 * MB,
	  .target = 0.05 },
	{ .id = "g3-1000",
	  .work = "growth at 1000 MiB/s",
	  .show = show_pace,
	  .settings = "size=500M touch=write rate=1000M/s",
	  .limit_settings = "size=500M touch=write",
	  .amount = 500 * MB,
	  .target = 1.0 },
	{ .id = NULL },
};
