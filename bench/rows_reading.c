// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A snapshot of the cheap counters, as a barrier takes it, against bare preads of the
 * same files: row f. Nothing is parsed in either.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/hand.h"
#include "bench/loops.h"
#include "bench/row.h"
#include "harness/trial/capture.h"
#include "workloads/api/arith.h"

#define SNAPSHOTS 200
#define FILES	  6
#define TEXT	  16384

struct reading {
	struct hand hand;
	struct capture capture;
	int fd[FILES];
	unsigned nr;
	char text[TEXT];
};

static bool is_wanted(const struct capture_file *f)
{
	static const char *const names[] = { "vmstat",	       "meminfo",
					     "memory.stat",    "memory.usage_in_bytes",
					     "memory.current", "pressure/memory",
					     "statm" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(f->source->name, names[i]))
			return true;
	return false;
}

/* Keeps six of the files that a run opens. */
static void keep_wanted(struct capture *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->nr; i++) {
		struct capture_file file = c->file[i];

		if (is_wanted(&file)) {
			c->file[i] = c->file[kept];
			c->file[kept++] = file;
		}
	}
	for (size_t i = kept; i < c->nr; i++)
		close(c->file[i].fd); /* its buffers live until the process ends */
	c->nr = kept;
}

static int reading_begin(struct job *j)
{
	static struct reading reading; /* large */
	struct reading *r = &reading;
	struct error e = { "" };
	int ret;

	j->state = r;
	capture_init(&r->capture);
	ret = hand_start(&r->hand, j->box, "size=64M touch=write", &e);
	if (!ret)
		ret = hand_go(&r->hand, &e);
	if (!ret)
		ret = capture_open_system(&r->capture, &j->box->host, &e);
	if (!ret)
		ret = capture_open_group(&r->capture, &r->hand.group, 0, &e);
	if (!ret)
		ret = capture_open_processes(&r->capture, r->hand.process.ledger, 0, &e);
	if (ret)
		return ret;
	keep_wanted(&r->capture);
	for (r->nr = 0; r->nr < r->capture.nr && r->nr < FILES; r->nr++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", r->capture.file[r->nr].fd);
		r->fd[r->nr] = open(path, O_RDONLY | O_CLOEXEC);
		if (r->fd[r->nr] < 0)
			return -errno;
	}
	return r->nr == FILES ? 0 : -ENOENT;
}

static void reading_end(struct job *j)
{
	struct reading *r = j->state;

	for (unsigned i = 0; i < r->nr; i++)
		close(r->fd[i]);
	capture_release(&r->capture);
	hand_release(&r->hand);
}

static double preads(struct job *j)
{
	struct reading *r = j->state;
	uint64_t start_ns = loop_now_ns();

	for (int k = 0; k < SNAPSHOTS; k++)
		for (unsigned i = 0; i < r->nr; i++)
			if (pread(r->fd[i], r->text, sizeof(r->text), 0) < 0)
				return 0;
	return (double)(loop_now_ns() - start_ns);
}

static double snapshots(struct job *j)
{
	struct reading *r = j->state;
	uint64_t start_ns = loop_now_ns();

	for (int k = 0; k < SNAPSHOTS; k++)
		capture_take(&r->capture, BARRIER_HELD,
			     PART_SYSTEM | PART_GROUPS | PART_PROCESSES);
	return (double)(loop_now_ns() - start_ns);
}

/* One process that reads the three files whose path does not depend on the bench. */
static double cat(struct job *j)
{
	static const char *const argv[] = { "cat", "/proc/vmstat", "/proc/meminfo",
					    "/proc/pressure/memory", NULL };

	return peer_run(argv, NULL) * (double)j->row->amount;
}

static double vmstat(struct job *j)
{
	static const char *const argv[] = { "vmstat", NULL };

	return peer_run(argv, NULL) * (double)j->row->amount;
}

const struct row reading_rows[] = {
	{ .id = "f",
	  .work = "snapshot of six files, to bare preads",
	  .outside = true,
	  .begin = reading_begin,
	  .end = reading_end,
	  .limit = preads,
	  .ours = snapshots,
	  .amount = SNAPSHOTS,
	  .shown = SHOWN_TIME,
	  .target = 0.83, /* 40 us where the preads take 33 */
	  .peer = { { "cat", "coreutils", cat }, { "vmstat", "procps", vmstat } } },
	{ .id = NULL },
};
