// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a read of untouched memory takes: zero_page and huge_zero_page. In this process,
 * in a mapping that is gone again afterwards.
 */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define READ_PAGES	300
#define PAGEMAP_PRESENT (UINT64_C(1) << 63) /* Documentation/admin-guide/mm/pagemap.rst */
#define BATCH		64

/*
 * The two kinds of kernel are all pages apart, and anything else of the process or of the
 * machine (a page that compaction moves faults once more) is a page or two: a tenth
 * decides.
 */
static bool none_of(uint64_t nr, uint64_t pages)
{
	return nr <= pages / 10;
}

static bool all_of(uint64_t nr, uint64_t pages)
{
	return nr >= pages - pages / 10;
}

enum capability_state capability_zero_page(const struct capability_reads *r)
{
	if (!r->pages || !all_of(r->read_faults, r->pages))
		return CAPABILITY_UNKNOWN;
	if (none_of(r->resident, r->pages) && all_of(r->write_faults, r->pages))
		return CAPABILITY_YES;
	if (all_of(r->resident, r->pages) && none_of(r->write_faults, r->pages))
		return CAPABILITY_NO;
	return CAPABILITY_UNKNOWN;
}

enum capability_state capability_huge_zero_page(const struct capability_huge_read *r)
{
	if (!r->pages || r->present != r->pages)
		return CAPABILITY_UNKNOWN;
	if (none_of(r->resident, r->pages))
		return CAPABILITY_YES;
	return all_of(r->resident, r->pages) ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
}

static uint64_t faults(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage); /* of oneself it cannot fail */
	return (uint64_t)usage.ru_minflt;
}

static void read_each(const char *map, uint64_t bytes, uint64_t step)
{
	for (uint64_t at = 0; at < bytes; at += step)
		(void)*(const volatile char *)(map + at);
}

static void write_each(char *map, uint64_t bytes, uint64_t step)
{
	for (uint64_t at = 0; at < bytes; at += step)
		*(volatile char *)(map + at) = 1;
}

/* An earlier look has the pages present that looking takes itself. */
static int look_at_reads(char *map, uint64_t page, struct capability_reads *r)
{
	const uint64_t bytes = r->pages * page;
	uint64_t before, resident, start;
	int ret = probe_resident(page, &before);

	if (!ret)
		ret = probe_resident(page, &before);
	if (ret)
		return ret;
	start = faults();
	read_each(map, bytes, page);
	r->read_faults = faults() - start;
	ret = probe_resident(page, &resident);
	if (ret)
		return ret;
	r->resident = resident > before ? resident - before : 0;
	start = faults();
	write_each(map, bytes, page);
	r->write_faults = faults() - start;
	return 0;
}

void probe_zero_page(const struct capability_machine *machine, struct capability_result *out)
{
	struct capability_reads r = { .pages = READ_PAGES };
	const uint64_t bytes = r.pages * machine->page_bytes;
	char *map = probe_map(bytes);
	int ret;

	if (!map) {
		probe_unknown(out, "cannot map %" PRIu64 " bytes: %s", bytes, strerror(errno));
		return;
	}
	/* EINVAL: a kernel without transparent huge pages has only small ones. */
	(void)madvise(map, bytes, MADV_NOHUGEPAGE);
	ret = look_at_reads(map, machine->page_bytes, &r);
	munmap(map, bytes);
	if (ret)
		probe_unknown(out, "cannot read Rss of /proc/self/smaps_rollup: %s",
			      strerror(-ret));
	else
		probe_found(out, capability_zero_page(&r),
			    "%" PRIu64 " reads: %" PRIu64 " faults and %" PRIu64
			    " pages resident; %" PRIu64 " writes after them: %" PRIu64
			    " faults",
			    r.pages, r.read_faults, r.resident, r.pages, r.write_faults);
}

static int present_pages(const char *start, uint64_t pages, uint64_t page, uint64_t *present)
{
	const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry[BATCH], found = 0, done = 0;

	if (fd < 0)
		return -errno;
	while (done < pages) {
		const uint64_t left = pages - done, nr = left < BATCH ? left : BATCH;
		const uint64_t at = ((uintptr_t)start / page + done) * sizeof(entry[0]);

		if (pread(fd, entry, nr * sizeof(entry[0]), (off_t)at) !=
		    (ssize_t)(nr * sizeof(entry[0])))
			break;
		for (uint64_t i = 0; i < nr; i++)
			found += !!(entry[i] & PAGEMAP_PRESENT);
		done += nr;
	}
	close(fd);
	*present = found;
	return done < pages ? -EIO : 0;
}

static int look_at_huge(char *start, const struct capability_machine *machine,
			struct capability_huge_read *r)
{
	const uint64_t page = machine->page_bytes;
	uint64_t before, resident;
	int ret = probe_resident(page, &before);

	if (!ret)
		ret = probe_resident(page, &before);
	if (ret)
		return ret;
	read_each(start, page, page);
	ret = probe_resident(page, &resident);
	r->resident = !ret && resident > before ? resident - before : 0;
	return ret ? ret : present_pages(start, r->pages, page, &r->present);
}

void probe_huge_zero_page(const struct capability_machine *machine,
			  struct capability_result *out)
{
	const uint64_t pmd = machine->pmd_bytes, page = machine->page_bytes;
	struct capability_huge_read r = { .pages = pmd / page };
	uintptr_t start;
	char *map;
	int ret;

	if (!pmd) {
		probe_unknown(out, "no transparent huge pages");
		return;
	}
	map = probe_map(2 * pmd);
	if (!map) {
		probe_unknown(out, "cannot map %" PRIu64 " bytes: %s", 2 * pmd,
			      strerror(errno));
		return;
	}
	start = ((uintptr_t)map + pmd - 1) & ~(uintptr_t)(pmd - 1);
	ret = madvise((void *)start, pmd, MADV_HUGEPAGE) ? -errno : 0;
	if (!ret)
		ret = look_at_huge((char *)start, machine, &r);
	munmap(map, 2 * pmd);
	if (ret)
		probe_unknown(out, "cannot look at a huge page: %s", strerror(-ret));
	else
		probe_found(out, capability_huge_zero_page(&r),
			    "one read: %" PRIu64 " of %" PRIu64 " pages present and %" PRIu64
			    " resident",
			    r.present, r.pages, r.resident);
}
