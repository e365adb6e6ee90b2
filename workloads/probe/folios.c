// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/probe/folios.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <unistd.h>

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_FRAME	((1ULL << 55) - 1)
#define FLAG(nr)	(1ULL << (nr))

int folios_open(struct folios *f)
{
	f->flags = -1;
	f->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (f->pagemap < 0)
		return -errno;
	f->flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	return f->flags < 0 ? -errno : 0;
}

void folios_close(struct folios *f)
{
	if (f->pagemap >= 0)
		close(f->pagemap);
	if (f->flags >= 0)
		close(f->flags);
	f->pagemap = f->flags = -1;
}

static int read_words(int fd, uint64_t *words, uint64_t first, uint64_t nr)
{
	ssize_t n = pread(fd, words, nr * sizeof(*words), (off_t)(first * sizeof(*words)));

	if (n < 0)
		return -errno;
	return (uint64_t)n == nr * sizeof(*words) ? 0 : -EIO;
}

/* Pages from `at` on with consecutive frames: one read of their flags. */
static uint64_t contiguous(const uint64_t *entry, uint64_t at, uint64_t nr)
{
	uint64_t run = 1;

	while (at + run < nr && entry[at + run] & PAGEMAP_PRESENT &&
	       (entry[at + run] & PAGEMAP_FRAME) == (entry[at] & PAGEMAP_FRAME) + run)
		run++;
	return run;
}

static int count_batch(struct folios *f, uint64_t nr, struct folio_count *sum)
{
	uint64_t run;

	for (uint64_t at = 0; at < nr; at += run) {
		const uint64_t frame = f->entry[at] & PAGEMAP_FRAME;
		int ret;

		run = 1;
		if (!(f->entry[at] & PAGEMAP_PRESENT))
			continue;
		if (!frame) /* hidden without CAP_SYS_ADMIN */
			return -EPERM;
		run = contiguous(f->entry, at, nr);
		ret = read_words(f->flags, f->flag, frame, run);
		if (ret)
			return ret;
		sum->present += run;
		for (uint64_t i = 0; i < run; i++) {
			const bool head = f->flag[i] & FLAG(KPF_COMPOUND_HEAD);
			const bool tail = f->flag[i] & FLAG(KPF_COMPOUND_TAIL);

			sum->large += head;
			sum->hugetlb += head && f->flag[i] & FLAG(KPF_HUGE);
			sum->large_pages += head || tail;
		}
	}
	return 0;
}

int folios_count(struct folios *f, const void *start, uint64_t bytes, uint64_t page_bytes,
		 struct folio_count *out)
{
	const uint64_t first = (uintptr_t)start / page_bytes, end = first + bytes / page_bytes;
	struct folio_count sum = { 0 };
	int ret = 0;

	for (uint64_t page = first; page < end && !ret; page += FOLIOS_BATCH) {
		uint64_t nr = end - page < FOLIOS_BATCH ? end - page : FOLIOS_BATCH;

		ret = read_words(f->pagemap, f->entry, page, nr);
		if (!ret)
			ret = count_batch(f, nr, &sum);
	}
	if (!ret)
		*out = sum;
	return ret;
}
