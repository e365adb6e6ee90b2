// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which advice madvise(2) takes: populate, pageout, cold, lazy_free and collapse. In this
 * process, on pages of a mapping that is gone again afterwards.
 */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#define ADVISED_PAGES 16

#ifndef MADV_COLD
#define MADV_COLD    20 /* include/uapi/asm-generic/mman-common.h */
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum capability_state capability_advice(int err)
{
	if (!err)
		return CAPABILITY_YES;
	return err == EINVAL || err == ENOSYS ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
}

enum capability_state capability_populate(const struct capability_populated *p)
{
	if (p->err || !p->pages)
		return capability_advice(p->err ? p->err : EAGAIN);
	return p->present == p->pages ? CAPABILITY_YES : CAPABILITY_UNKNOWN;
}

static int count_present(char *map, uint64_t pages, uint64_t page, uint64_t *present)
{
	unsigned char resident[ADVISED_PAGES];

	if (mincore(map, pages * page, resident))
		return -errno;
	*present = 0;
	for (uint64_t i = 0; i < pages; i++)
		*present += resident[i] & 1;
	return 0;
}

void probe_populate(const struct capability_machine *machine, struct capability_result *out)
{
	struct capability_populated p = { .pages = ADVISED_PAGES };
	const uint64_t bytes = p.pages * machine->page_bytes;
	char *map = probe_map(bytes);
	int ret;

	if (!map) {
		probe_unknown(out, "cannot map %" PRIu64 " bytes: %s", bytes, strerror(errno));
		return;
	}
	p.err = madvise(map, bytes, MADV_POPULATE_WRITE) ? errno : 0;
	ret = count_present(map, p.pages, machine->page_bytes, &p.present);
	munmap(map, bytes);
	if (ret)
		probe_unknown(out, "mincore: %s", strerror(-ret));
	else
		probe_found(out, capability_populate(&p),
			    "%s: %" PRIu64 " of %" PRIu64 " pages present",
			    p.err ? strerror(p.err) : "taken", p.present, p.pages);
}

struct advice {
	int advice;
	uint64_t written, bytes; /* pages written before; pages advised */
	const char *of;		 /* what it was given for */
};

static void try_advice(const struct capability_machine *machine, const struct advice *a,
		       struct capability_result *out)
{
	const uint64_t bytes = ADVISED_PAGES * machine->page_bytes;
	char *map = probe_map(bytes);
	int err;

	if (!map) {
		probe_unknown(out, "cannot map %" PRIu64 " bytes: %s", bytes, strerror(errno));
		return;
	}
	for (uint64_t i = 0; i < a->written; i++)
		*(volatile char *)(map + i * machine->page_bytes) = 1;
	err = madvise(map, a->bytes * machine->page_bytes, a->advice) ? errno : 0;
	munmap(map, bytes);
	probe_found(out, capability_advice(err), "for %s: %s", a->of,
		    err ? strerror(err) : "taken");
}

/* Nothing is there to go out, nor to become cold. */
void probe_pageout(const struct capability_machine *machine, struct capability_result *out)
{
	try_advice(machine, &(struct advice){ MADV_PAGEOUT, 0, 1, "an untouched page" }, out);
}

void probe_cold(const struct capability_machine *machine, struct capability_result *out)
{
	try_advice(machine, &(struct advice){ MADV_COLD, 0, 1, "an untouched page" }, out);
}

void probe_lazy_free(const struct capability_machine *machine, struct capability_result *out)
{
	try_advice(machine, &(struct advice){ MADV_FREE, 1, 1, "a written page" }, out);
}

/* To collapse in earnest may have to compact the machine's memory first. */
void probe_collapse(const struct capability_machine *machine, struct capability_result *out)
{
	try_advice(machine, &(struct advice){ MADV_COLLAPSE, 0, 0, "a range of no bytes" },
		   out);
}
