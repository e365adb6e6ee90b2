// SPDX-License-Identifier: GPL-2.0-or-later
/* Swap-out, swap-in, and both at once, on a private file and zram device: rows d1 to d3. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/loops.h"
#include "bench/row.h"
#include "workloads/act/fill.h"
#include "workloads/probe/reclaim.h"

#define SET	  (64 * MB)
#define THRASHED  (64 * MB) /* limit of d3; the working set is twice that */
#define THRASH_NS 1000000000u

/* ---- out and in ---- */

static double slot_of_cycle(struct job *j, const char *slot)
{
	double ns = 0;

	if (!engine_prepare(&j->engine, "swap", j->row->settings, &j->env) &&
	    !engine_run(&j->engine))
		ns = (double)engine_slot(&j->engine, slot);
	if (ns > 0)
		engine_release(&j->engine);
	return ns;
}

static double ours_out(struct job *j)
{
	return slot_of_cycle(j, "out_ns");
}

static double ours_in(struct job *j)
{
	return slot_of_cycle(j, "back_ns");
}

/* Pages swapped out stay in the swap cache until reclaimed; swap-in would not read them. */
static int drop_swap_cache(const struct job *j)
{
	int fd = reclaim_open(&j->env), ret = fd < 0 ? fd : 0;

	for (int i = 0; i < 3 && !ret; i++)
		ret = reclaim_now(&j->env, fd, j->row->amount);
	if (fd >= 0)
		close(fd);
	return ret;
}

static double limit_cycle(struct job *j, bool in)
{
	char *map = loop_map(j->row->amount, false);
	double out_ns, in_ns = 0;
	struct fill fill;

	if (!map)
		return 0;
	fill_init(&fill, "random", 2);
	fill_write(&fill, map, j->row->amount, 0);
	out_ns = (double)loop_page_out(map, j->row->amount);
	if (in && out_ns > 0 && !drop_swap_cache(j))
		in_ns = (double)loop_swap_in(map, j->row->amount);
	munmap(map, j->row->amount);
	return in ? in_ns : out_ns;
}

static double limit_out(struct job *j)
{
	return limit_cycle(j, false);
}

static double limit_in(struct job *j)
{
	return limit_cycle(j, true);
}

/* ---- both at once ---- */

/* Pages that the machine has swapped in and out; only the bench's group uses the device. */
static double swapped_pages(void)
{
	char key[64];
	double value, sum = 0;
	FILE *f = fopen("/proc/vmstat", "re");

	while (f && fscanf(f, "%63s %lf", key, &value) == 2)
		if (!strcmp(key, "pswpin") || !strcmp(key, "pswpout"))
			sum += value;
	if (f)
		fclose(f);
	return sum;
}

/* ns for the row's amount, from the swapped pages and the time. */
static double thrash_ns(const struct job *j, double pages, uint64_t ns)
{
	return pages > 0 ? (double)ns * (double)(j->row->amount / 4096) / pages : 0;
}

static double ours_thrash(struct job *j)
{
	double pages = 0, ns = 0;
	uint64_t start_ns;

	if (!engine_prepare(&j->engine, "swap", j->row->settings, &j->env)) {
		pages = swapped_pages();
		start_ns = loop_now_ns();
		if (!engine_run(&j->engine))
			ns = thrash_ns(j, swapped_pages() - pages, loop_now_ns() - start_ns);
	}
	if (ns > 0)
		engine_release(&j->engine);
	return ns;
}

/* memset over twice the limit, repeated for as long as the workload runs. */
static double memhog_thrash(struct job *j)
{
	const struct timespec run = { .tv_nsec = THRASH_NS - 1 };
	const double pages = swapped_pages();
	uint64_t start_ns = loop_now_ns();
	int status;
	pid_t pid = fork();

	if (!pid) {
		(void)!freopen("/dev/null", "w", stdout); /* its dots; refused: they show */
		execlp("memhog", "memhog", "-r100000", "128m", (char *)NULL);
		_exit(127);
	}
	(void)nanosleep(&run, NULL); /* woken early: a shorter run */
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status))
		errno = ENOENT;
	return WIFEXITED(status)
		       ? 0
		       : thrash_ns(j, swapped_pages() - pages, loop_now_ns() - start_ns);
}

/* ---- the rows ---- */

#define OUT_IN	      "size=64M fill=random back=willneed"
#define DEVICE(kind_) .swap = kind_, .swap_bytes = 512 * MB
#define CYCLE(kind_)                                                                           \
	.settings = OUT_IN, .amount = SET, .shown = SHOWN_PAGES, .pairs = 9,                   \
	.group_bytes = 512 * MB, DEVICE(kind_)
#define THRASH(kind_)                                                                          \
	.limit = memhog_thrash, .ours = ours_thrash,                                           \
	.settings = "mode=pressure ratio=200% fill=random duration=1s "                        \
		    "access_pattern=sequential reads=0 back=willneed",                         \
	.amount = SET, .shown = SHOWN_PAGES, .pairs = 7, .group_bytes = THRASHED,              \
	DEVICE(kind_)

const struct row swap_rows[] = {
	{ .id = "d1-file",
	  .work = "swap out to a file, PAGEOUT",
	  .limit = limit_out,
	  .ours = ours_out,
	  .target = 0.95,
	  CYCLE(SWAP_FILE) },
	{ .id = "d1-zram",
	  .work = "swap out to zram, PAGEOUT",
	  .limit = limit_out,
	  .ours = ours_out,
	  .target = 0.95,
	  CYCLE(SWAP_ZRAM) },
	{ .id = "d2-file",
	  .work = "swap in from a file, WILLNEED",
	  .limit = limit_in,
	  .ours = ours_in,
	  .target = 0.90,
	  CYCLE(SWAP_FILE) },
	{ .id = "d2-zram",
	  .work = "swap in from zram, WILLNEED",
	  .limit = limit_in,
	  .ours = ours_in,
	  .target = 0.90,
	  CYCLE(SWAP_ZRAM) },
	{ .id = "d3-file",
	  .work = "2x the limit on a file, to memhog",
	  .target = 2.5,
	  THRASH(SWAP_FILE) },
	{ .id = "d3-zram",
	  .work = "2x the limit on zram, to memhog",
	  .target = 1.05,
	  THRASH(SWAP_ZRAM) },
	{ .id = NULL },
};
