// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What trying would take minutes, a device or a node's memory for, and the kernel's own
 * description of its types (BTF) tells: swap_slots and node_reclaim. Also
 * weighted_interleave, which is tried.
 */
#include "harness/machine/capability_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/machine/host_file.h"
#include "workloads/api/arith.h"

#define BTF_PATH     "/sys/kernel/btf/vmlinux"
#define CPUHP_STATES "/sys/devices/system/cpu/hotplug/states"
#define MGLRU_PATH   "/sys/kernel/mm/lru_gen/enabled"
#define CHUNK_BYTES  65536
#define NAME_BYTES   64

/* enum in include/uapi/linux/mempolicy.h, newer than some headers */
#define WEIGHTED_INTERLEAVE 6

/* ---- the names in the kernel's description of its types ---- */

/* Each chunk begins with the end of the one before it, so that no name falls between two. */
int probe_search_names(int fd, off_t at, size_t left, const char *name, bool *found)
{
	const size_t length = strlen(name) + 2;
	char buffer[CHUNK_BYTES + NAME_BYTES], pattern[NAME_BYTES] = "";
	size_t held, kept = 0;

	memcpy(pattern + 1, name, length - 1);
	while (left && !*found) {
		const ssize_t got = pread(fd, buffer + kept, min(left, CHUNK_BYTES), at);

		if (got <= 0)
			return got ? -errno : -EIO;
		held = kept + (size_t)got;
		*found = memmem(buffer, held, pattern, length) != NULL;
		at += got;
		left -= (size_t)got;
		kept = min(length - 1, held);
		memmove(buffer, buffer + held - kept, kept);
	}
	return 0;
}

/* Whether the kernel has a type or a function of that name. 0 or -errno. */
static int kernel_has_name(const char *name, bool *found)
{
	const int fd = open(BTF_PATH, O_RDONLY | O_CLOEXEC);
	struct btf_header header;
	ssize_t got;
	int ret = -EPROTO;

	*found = false;
	if (fd < 0)
		return -errno;
	got = pread(fd, &header, sizeof(header), 0);
	if (got == (ssize_t)sizeof(header) && header.magic == BTF_MAGIC)
		ret = probe_search_names(fd, (off_t)header.hdr_len + header.str_off,
					 header.str_len, name, found);
	close(fd);
	return ret;
}

static void find_type(const char *type, enum capability_state there,
		      struct capability_result *out)
{
	const enum capability_state absent =
		there == CAPABILITY_YES ? CAPABILITY_NO : CAPABILITY_YES;
	bool found;
	const int ret = kernel_has_name(type, &found);

	if (ret)
		probe_unknown(out, "trying would swap or fill a node and %s: %s", BTF_PATH,
			      strerror(-ret));
	else
		probe_found(out, found ? there : absent, "this kernel has %s struct %s",
			    found ? "a" : "no", type);
}

/* ---- swap_slots ---- */

static bool state_line(char *text, void *context)
{
	bool *found = context;

	*found = strstr(text, "swap_slots_cache") != NULL;
	return !*found;
}

void probe_swap_slots(const struct capability_machine *machine, struct capability_result *out)
{
	bool found = false;

	(void)host_file_lines(machine->root, CPUHP_STATES, state_line, &found);
	if (found)
		probe_found(out, CAPABILITY_YES, "swap_slots_cache is among %s", CPUHP_STATES);
	else
		find_type("swap_slots_cache", CAPABILITY_YES, out);
}

/* ---- node_reclaim ---- */

void probe_node_reclaim(const struct capability_machine *machine, struct capability_result *out)
{
	if (host_file_exists(machine->root, MGLRU_PATH))
		find_type("lru_gen_memcg", CAPABILITY_NO, out);
	else if (host_file_exists(machine->root, "/sys/kernel/mm"))
		probe_found(out, CAPABILITY_YES,
			    "this kernel has no multi-generational LRU to give up");
	else
		probe_unknown(out, "there is no /sys/kernel/mm");
}

/* ---- weighted_interleave ---- */

enum capability_state capability_mode(const struct capability_modes *m)
{
	if (m->plain_err == ENOSYS)
		return CAPABILITY_NO;
	if (m->plain_err)
		return CAPABILITY_UNKNOWN;
	return !m->err ? CAPABILITY_YES : m->err == EINVAL ? CAPABILITY_NO : CAPABILITY_UNKNOWN;
}

static int bind_to(void *map, uint64_t bytes, int mode, unsigned node)
{
	const unsigned long mask = 1ul << node;

	return syscall(SYS_mbind, map, bytes, mode, &mask, 8 * sizeof(mask), 0) ? errno : 0;
}

/* A policy for a page that nothing touches, on the first node that takes one. */
void probe_weighted_interleave(const struct capability_machine *machine,
			       struct capability_result *out)
{
	struct capability_modes m = { .plain_err = EINVAL };
	char *map = probe_map(machine->page_bytes);
	unsigned node = 0;

	if (!map) {
		probe_unknown(out, "cannot map a page: %s", strerror(errno));
		return;
	}
	for (; m.plain_err == EINVAL && node < 8 * sizeof(unsigned long); node++)
		m.plain_err = bind_to(map, machine->page_bytes, MPOL_INTERLEAVE, node);
	if (!m.plain_err)
		m.err = bind_to(map, machine->page_bytes, WEIGHTED_INTERLEAVE, node - 1);
	munmap(map, machine->page_bytes);
	probe_found(out, capability_mode(&m), "mbind: %s",
		    m.plain_err ? strerror(m.plain_err)
		    : m.err	? strerror(m.err)
				: "taken");
}
