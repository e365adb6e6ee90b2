// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether readahead takes folios of more than a page: large_readahead. Refuses to write a
 * file to a disk and read it back, which would take the disk's time: it looks at the files
 * that this process has mapped, its own program and libraries.
 */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGEMAP_PRESENT	    (UINT64_C(1) << 63) /* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_FILE	    (UINT64_C(1) << 61)
#define PAGEMAP_FRAME	    ((UINT64_C(1) << 55) - 1)
#define KPF_COMPOUND_HEAD   (UINT64_C(1) << 15)
#define KPF_COMPOUND_TAIL   (UINT64_C(1) << 16)
#define TEXT_PAGES_MAX	    4096
#define LARGEST_FOLIO_PAGES 512

enum capability_state capability_large_readahead(const struct capability_folios *f)
{
	return f->pages && f->largest > 1 ? CAPABILITY_YES : CAPABILITY_UNKNOWN;
}

/* ---- the folios of what is mapped ---- */

struct folio_files {
	int pagemap, flags;
	uint64_t page;
};

static uint64_t word_at(int fd, uint64_t index)
{
	uint64_t word = 0;

	return pread(fd, &word, sizeof(word), (off_t)(index * sizeof(word))) ==
			       (ssize_t)sizeof(word)
		       ? word
		       : 0;
}

/* Pages of the folio whose head is at that frame. */
static uint64_t folio_pages(int flags, uint64_t head)
{
	uint64_t pages = 1;

	while (pages < LARGEST_FOLIO_PAGES && word_at(flags, head + pages) & KPF_COMPOUND_TAIL)
		pages++;
	return pages;
}

static void look_at(const struct folio_files *files, uint64_t start, uint64_t end,
		    struct capability_folios *f)
{
	for (uint64_t at = start; at < end && f->pages < TEXT_PAGES_MAX; at += files->page) {
		const uint64_t entry = word_at(files->pagemap, at / files->page);
		const uint64_t frame = entry & PAGEMAP_FRAME;
		uint64_t pages = 1;

		if (!(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_FILE) || !frame)
			continue;
		f->pages++;
		if (word_at(files->flags, frame) & KPF_COMPOUND_HEAD)
			pages = folio_pages(files->flags, frame);
		if (pages > f->largest)
			f->largest = pages;
	}
}

/* Files are mapped for execution from disks; others of this process's may be of memory. */
static int look_at_text(const struct folio_files *files, struct capability_folios *f)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t start, end;
	char line[512], perms[5];

	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, perms) == 3 &&
		    perms[2] == 'x' && strchr(line, '/'))
			look_at(files, start, end, f);
	fclose(maps);
	return 0;
}

void probe_large_readahead(const struct capability_machine *machine,
			   struct capability_result *out)
{
	struct folio_files files = { .page = machine->page_bytes };
	struct capability_folios f = { .largest = 0 };
	int ret = 0;

	files.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	files.flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (files.pagemap < 0 || files.flags < 0)
		ret = -errno;
	else
		ret = look_at_text(&files, &f);
	if (files.pagemap >= 0)
		close(files.pagemap);
	if (files.flags >= 0)
		close(files.flags);
	if (ret)
		probe_unknown(out, "cannot see page frames: %s", strerror(-ret));
	else
		probe_found(out, capability_large_readahead(&f),
			    "the largest folio of %" PRIu64
			    " pages of this program's text has %" PRIu64 "%s",
			    f.pages, f.largest,
			    f.largest > 1 ? ""
					  : ": more would take reading a file from a disk");
}
