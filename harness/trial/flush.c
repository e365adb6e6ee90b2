// SPDX-License-Identifier: GPL-2.0-or-later
/* Flushes memory.stat before a reading, and proves it each time. */
#include "harness/trial/flush.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PUMP_BYTES     (512 * (uint64_t)sysconf(_SC_PAGESIZE)) /* PUMP_PAGES in worker.c */
#define PUMP_PAGES     512
#define CHARGE_BATCH   64	    /* MEMCG_CHARGE_BATCH, include/linux/memcontrol.h */
#define ANSWER_NS      30000000000u /* a crowded guest under emulation: 5 s were not enough */
#define PERIODIC_NS    20000000	    /* between looks while waiting for the periodic flush */
#define PERIODIC_LOOKS 250	    /* 5 s: FLUSH_TIME is 2 s, mm/memcontrol.c */

void flush_init(struct flush *f)
{
	*f = (struct flush){ 0 };
	process_init(&f->pump);
}

static int command(struct flush *f, char c, struct error *e)
{
	char answer;
	int ret = process_send(&f->pump, c);

	if (!ret)
		ret = process_receive(&f->pump, ANSWER_NS, &answer);
	if (ret)
		return error_set(e, -ret, "the flush pump does not answer: %s", strerror(-ret));
	return 0;
}

static int pump_anon(const struct flush *f, uint64_t *bytes)
{
	return group_read_key(&f->group, "memory.stat", f->group.version == 1 ? "rss" : "anon",
			      bytes);
}

static int read_top(const struct group *top)
{
	uint64_t ignored; /* the read itself flushes the subtree */

	return group_read_key(top, "memory.stat", top->version == 1 ? "total_rss" : "anon",
			      &ignored);
}

/* Touches and gives back, often enough to pass the threshold; ends with the pages held. */
static int pump(struct flush *f, struct error *e)
{
	int ret = command(f, 'P', e);

	for (unsigned i = 1; !ret && i < f->cycles; i++) {
		ret = command(f, 'U', e);
		if (!ret)
			ret = command(f, 'P', e);
	}
	return ret;
}

/* True when the pump's group shows exactly its pages: then everything pending was folded. */
static bool proved(struct flush *f, uint64_t anon)
{
	return f->lags || (f->known && anon == f->idle_bytes + PUMP_BYTES);
}

int flush_now(struct flush *f, const struct group *top, struct error *e)
{
	const struct timespec pause = { .tv_nsec = PERIODIC_NS };
	uint64_t anon = 0;
	int ret = pump(f, e);

	for (unsigned look = 0; !ret && look < PERIODIC_LOOKS; look++) {
		ret = read_top(top);
		if (!ret)
			ret = pump_anon(f, &anon);
		if (ret || proved(f, anon))
			break;
		f->waits += !look;
		(void)nanosleep(&pause, NULL); /* woken early: bounded by the number of looks */
	}
	if (ret)
		return error_set(e, -ret, "cannot read memory.stat of %s: %s", top->path,
				 strerror(-ret));
	if (!proved(f, anon))
		return error_set(
			e, ETIMEDOUT,
			"memory.stat of %s stays stale for 5 s: its numbers cannot be trusted",
			top->path);
	return command(f, 'U', e);
}

/*
 * The pump group's own anon: what it shows with the pages held, less the pages,
 * once two flushes in a row agree.
 */
static int calibrate(struct flush *f, const struct group *top, struct error *e)
{
	const struct timespec pause = { .tv_nsec = PERIODIC_NS };
	uint64_t anon, before = 0;

	for (unsigned look = 0; look < PERIODIC_LOOKS; look++) {
		int ret = pump(f, e);

		if (!ret)
			ret = read_top(top);
		if (!ret)
			ret = pump_anon(f, &anon);
		if (!ret)
			ret = command(f, 'U', e);
		if (ret)
			return error_set(e, -ret, "cannot read memory.stat of %s: %s",
					 top->path, strerror(-ret));
		if (anon == before && anon >= PUMP_BYTES) {
			f->idle_bytes = anon - PUMP_BYTES;
			f->known = true;
			return 0;
		}
		before = anon;
		if (look > 2)
			(void)nanosleep(&pause, NULL); /* bounded by the number of looks */
	}
	return error_set(e, ETIMEDOUT, "memory.stat of %s does not settle", f->group.path);
}

int flush_start(struct flush *f, const struct group *top, const struct host *host,
		struct error *e)
{
	const struct process_setup setup = { .argument = "--flush-pump", .group = &f->group };
	int ret = group_make(&f->group, top, "flush", NULL, e);

	/* Each cycle leaves at least two updates a page: anon and its LRU list. */
	f->cycles = 1 + CHARGE_BATCH * host->cpus / PUMP_PAGES;
	f->lags = host->capability[CAPABILITY_FRESH_STAT].state == CAPABILITY_NO;
	if (!ret)
		ret = process_start(&f->pump, &setup, e);
	if (!ret && !f->lags)
		ret = calibrate(f, top, e);
	return ret;
}

void flush_stop(struct flush *f)
{
	process_release(&f->pump);
	flush_init(f);
}
