// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of a huge page: huge_zero_write and split_zeros. In this process, in a
 * mapping that is gone again afterwards; each takes one huge page.
 */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#define LEAST_BYTES (64u << 20) /* available */

#ifndef MADV_COLD
#define MADV_COLD 20 /* include/uapi/asm-generic/mman-common.h */
#endif

/* A page or two are another's: a tenth decides, as in capability_read.c. */
static bool none_of(uint64_t nr, uint64_t pages)
{
	return nr <= pages / 10;
}

static bool all_of(uint64_t nr, uint64_t pages)
{
	return nr >= pages - pages / 10;
}

enum capability_state capability_huge_zero_write(const struct capability_huge_write *w)
{
	if (!w->pages || !none_of(w->after_read, w->pages))
		return CAPABILITY_UNKNOWN;
	if (all_of(w->after_write, w->pages))
		return CAPABILITY_YES;
	return none_of(w->after_write, w->pages) ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
}

enum capability_state capability_split_zeros(const struct capability_split *s)
{
	if (!s->pages || !all_of(s->before, s->pages) || s->huge_before != s->pages ||
	    s->huge_after)
		return CAPABILITY_UNKNOWN;
	if (none_of(s->after, s->pages))
		return CAPABILITY_YES;
	return all_of(s->after, s->pages) ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
}

/* ---- trying ---- */

/* A mapping in which a huge page fits at *start, for which one may be taken. */
static char *map_huge(const struct capability_machine *machine, char **start)
{
	const uint64_t pmd = machine->pmd_bytes;
	char *map = probe_map(2 * pmd);

	if (!map)
		return NULL;
	*start = (char *)(((uintptr_t)map + pmd - 1) & ~(uintptr_t)(pmd - 1));
	if (!madvise(*start, pmd, MADV_HUGEPAGE))
		return map;
	munmap(map, 2 * pmd);
	return NULL;
}

/* Pages of the process that are resident, and those in huge pages, less what was before. */
static int look(uint64_t page, uint64_t resident_before, uint64_t *resident, uint64_t *huge)
{
	uint64_t kb = 0, now;
	int ret = probe_resident(page, &now);

	if (!ret)
		ret = probe_own_kb("/proc/self/smaps_rollup", "AnonHugePages", &kb);
	if (ret)
		return ret;
	*resident = now > resident_before ? now - resident_before : 0;
	*huge = kb * 1024 / page;
	return 0;
}

static int try_write(const struct capability_machine *machine, char *start,
		     struct capability_huge_write *w)
{
	const uint64_t page = machine->page_bytes;
	uint64_t before = 0, none;
	int ret = look(page, 0, &before, &none);

	if (!ret)
		ret = look(page, 0, &before, &none);
	if (ret)
		return ret;
	(void)*(volatile char *)start;
	ret = look(page, before, &w->after_read, &none);
	*(volatile char *)start = 1;
	return ret ? ret : look(page, before, &w->after_write, &none);
}

/* As thp mode=split: advice for a part of it splits a huge page. */
static int try_split(const struct capability_machine *machine, char *start,
		     struct capability_split *s)
{
	const uint64_t page = machine->page_bytes, pmd = machine->pmd_bytes;
	uint64_t before = 0, huge = 0, all;
	int ret = look(page, 0, &before, &huge);

	if (!ret)
		ret = look(page, 0, &before, &huge);
	if (ret)
		return ret;
	*(volatile char *)start = 0;
	ret = look(page, before, &s->before, &all);
	s->huge_before = ret ? 0 : all - huge;
	/* Refused: it is no huge page any more, or MADV_COLD is unknown and splits nothing. */
	(void)madvise(start, pmd, MADV_NOHUGEPAGE);
	(void)madvise(start + pmd - page, page, MADV_COLD);
	if (!ret)
		ret = look(page, before, &s->after, &all);
	s->huge_after = ret ? 0 : all - huge;
	return ret;
}

/* Whether there is a huge page to try it on; otherwise *out says why not. */
static bool can_try(const struct capability_machine *machine, struct capability_result *out)
{
	if (!machine->pmd_bytes)
		probe_unknown(out, "no transparent huge pages");
	else if (machine->available_bytes < LEAST_BYTES + 2 * machine->pmd_bytes)
		probe_unknown(out, "too little memory is available");
	else
		return true;
	return false;
}

void probe_huge_zero_write(const struct capability_machine *machine,
			   struct capability_result *out)
{
	struct capability_huge_write w = { .pages = machine->pmd_bytes / machine->page_bytes };
	char *start, *map;
	int ret;

	if (!can_try(machine, out))
		return;
	map = map_huge(machine, &start);
	ret = map ? try_write(machine, start, &w) : -errno;
	if (map)
		munmap(map, 2 * machine->pmd_bytes);
	if (ret)
		probe_unknown(out, "cannot look at a huge page: %s", strerror(-ret));
	else
		probe_found(out, capability_huge_zero_write(&w),
			    "of %" PRIu64 " pages %" PRIu64
			    " are resident after a read and %" PRIu64 " after a write",
			    w.pages, w.after_read, w.after_write);
}

void probe_split_zeros(const struct capability_machine *machine, struct capability_result *out)
{
	struct capability_split s = { .pages = machine->pmd_bytes / machine->page_bytes };
	char *start, *map;
	int ret;

	if (!can_try(machine, out))
		return;
	map = map_huge(machine, &start);
	ret = map ? try_split(machine, start, &s) : -errno;
	if (map)
		munmap(map, 2 * machine->pmd_bytes);
	if (ret)
		probe_unknown(out, "cannot look at a huge page: %s", strerror(-ret));
	else
		probe_found(out, capability_split_zeros(&s),
			    "of %" PRIu64 " pages of zeros %" PRIu64
			    " are resident and %" PRIu64 " huge before and %" PRIu64
			    " and %" PRIu64 " after a split",
			    s.pages, s.before, s.huge_before, s.after, s.huge_after);
}
