// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of capabilities, and their names in files. It probes nothing itself.
 */
#include "harness/machine/capability.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "harness/machine/capability_probe.h"
#include "workloads/api/arith.h"

/* clang-format off */
const struct capability_row capability_table[NR_CAPABILITIES] = {
	[CAPABILITY_ZERO_PAGE] = {
		.name = "zero_page",
		.meaning = "does a read of untouched memory map the zero page?",
		.probe = probe_zero_page },
	[CAPABILITY_HUGE_ZERO_PAGE] = {
		.name = "huge_zero_page",
		.meaning = "does a read of a huge page map the huge zero page?",
		.probe = probe_huge_zero_page },
	[CAPABILITY_TABLE_CHARGE] = {
		.name = "table_charge",
		.meaning = "are page tables charged to their group?",
		.probe = probe_table_charge, .in_group = true },
	[CAPABILITY_POPULATE] = {
		.name = "populate",
		.meaning = "does MADV_POPULATE_WRITE make pages present?",
		.probe = probe_populate },
	[CAPABILITY_PAGEOUT] = {
		.name = "pageout",
		.meaning = "is MADV_PAGEOUT taken?",
		.probe = probe_pageout },
	[CAPABILITY_COLD] = {
		.name = "cold",
		.meaning = "is MADV_COLD taken?",
		.probe = probe_cold },
	[CAPABILITY_LAZY_FREE] = {
		.name = "lazy_free",
		.meaning = "is MADV_FREE taken?",
		.probe = probe_lazy_free },
	[CAPABILITY_COLLAPSE] = {
		.name = "collapse",
		.meaning = "is MADV_COLLAPSE known?",
		.probe = probe_collapse },
	[CAPABILITY_EXACT_STATUS] = {
		.name = "exact_status",
		.meaning = "is VmRSS of /proc/PID/status exact?",
		.probe = probe_exact_status },
	[CAPABILITY_EXACT_STATM] = {
		.name = "exact_statm",
		.meaning = "is the resident size in /proc/PID/statm exact?",
		.probe = probe_exact_statm },
	[CAPABILITY_EXACT_STAT] = {
		.name = "exact_stat",
		.meaning = "is the resident size in /proc/PID/stat exact?",
		.probe = probe_exact_stat },
	[CAPABILITY_TASK_RSS] = {
		.name = "task_rss",
		.meaning = "does each thread keep back parts of the resident size?",
		.probe = probe_task_rss },
	[CAPABILITY_CACHESTAT] = {
		.name = "cachestat",
		.meaning = "does cachestat(2) count a file's pages?",
		.probe = probe_cachestat },
	[CAPABILITY_DAMON_RECLAIMS] = {
		.name = "damon_reclaims",
		.meaning = "does DAMON reclaim what lies idle?",
		.probe = probe_damon_reclaims, .of_files = true },
	[CAPABILITY_PAGE_REPORTING] = {
		.name = "page_reporting",
		.meaning = "do free pages go back to the hypervisor?",
		.probe = probe_page_reporting, .of_files = true },
	[CAPABILITY_ZSWAP_ON] = {
		.name = "zswap_on",
		.meaning = "is zswap on?",
		.probe = probe_zswap_on, .of_files = true },
	[CAPABILITY_RECURSIVE_PROTECTION] = {
		.name = "recursive_protection",
		.meaning = "does memory.low of a parent protect its children?",
		.probe = probe_recursive_protection, .of_files = true },
	[CAPABILITY_HUGETLB_CHARGE] = {
		.name = "hugetlb_charge",
		.meaning = "are hugetlb pages charged to memory.current?",
		.probe = probe_hugetlb_charge, .of_files = true },
	[CAPABILITY_BASE_PAGE_4K] = {
		.name = "base_page_4k",
		.meaning = "are pages of 4 KiB?",
		.probe = probe_base_page_4k, .of_files = true },
	[CAPABILITY_HUGE_PAGE_2M] = {
		.name = "huge_page_2m",
		.meaning = "are transparent huge pages of 2 MiB?",
		.probe = probe_huge_page_2m, .of_files = true },
	[CAPABILITY_SMALL_HUGE_PAGES] = {
		.name = "small_huge_pages",
		.meaning = "are there transparent huge pages of smaller sizes?",
		.probe = probe_small_huge_pages, .of_files = true },
	[CAPABILITY_FRESH_STAT] = {
		.name = "fresh_stat",
		.meaning = "is memory.stat exact after as many pages as a run touches?",
		.probe = probe_fresh_stat, .in_group = true },
	[CAPABILITY_GROUP_PEAK] = {
		.name = "group_peak",
		.meaning = "is a group's peak kept?",
		.probe = probe_group_peak, .in_group = true },
	[CAPABILITY_GROUP_RECLAIM] = {
		.name = "group_reclaim",
		.meaning = "can a group's memory be reclaimed on demand?",
		.probe = probe_group_reclaim, .in_group = true },
	[CAPABILITY_RECLAIM_SWAPPINESS] = {
		.name = "reclaim_swappiness",
		.meaning = "does memory.reclaim take swappiness=?",
		.probe = probe_reclaim_swappiness, .in_group = true },
	[CAPABILITY_GROUP_SWAP_KEYS] = {
		.name = "group_swap_keys",
		.meaning = "does memory.stat count pswpin and pswpout?",
		.probe = probe_group_swap_keys, .in_group = true },
	[CAPABILITY_REFAULT_SPLIT] = {
		.name = "refault_split",
		.meaning = "does memory.stat tell refaults of files from others?",
		.probe = probe_refault_split, .in_group = true },
	[CAPABILITY_GROUP_PSI] = {
		.name = "group_psi",
		.meaning = "does a group have memory.pressure?",
		.probe = probe_group_psi, .in_group = true },
	[CAPABILITY_HUGE_ZERO_WRITE] = {
		.name = "huge_zero_write",
		.meaning = "does a write to the huge zero page take a huge page?",
		.probe = probe_huge_zero_write },
	[CAPABILITY_SPLIT_ZEROS] = {
		.name = "split_zeros",
		.meaning = "does a split map pages of zeros to the zero page?",
		.probe = probe_split_zeros },
	[CAPABILITY_WEIGHTED_INTERLEAVE] = {
		.name = "weighted_interleave",
		.meaning = "is MPOL_WEIGHTED_INTERLEAVE taken?",
		.probe = probe_weighted_interleave },
	[CAPABILITY_SWAP_SLOTS] = {
		.name = "swap_slots",
		.meaning = "do CPUs keep swap slots ahead of need?",
		.probe = probe_swap_slots },
	[CAPABILITY_NODE_RECLAIM] = {
		.name = "node_reclaim",
		.meaning = "does the multi-generational LRU reclaim for zone_reclaim_mode?",
		.probe = probe_node_reclaim },
	[CAPABILITY_LARGE_READAHEAD] = {
		.name = "large_readahead",
		.meaning = "does readahead take folios of several pages?",
		.probe = probe_large_readahead },
	[CAPABILITY_KERNEL_CHARGE] = {
		.name = "kernel_charge",
		.meaning = "is kernel memory, such as pages of pipes, charged to its group?",
		.probe = probe_kernel_charge, .in_group = true },
};
/* clang-format on */

static const char *const state_names[] = {
	[CAPABILITY_UNKNOWN] = "unknown",
	[CAPABILITY_NO] = "no",
	[CAPABILITY_YES] = "yes",
};

const char *capability_state_name(enum capability_state state)
{
	return state_names[state];
}

/* The probes of the table, in its order. */
static void probe_each(struct capability_machine *machine,
		       struct capability_result results[NR_CAPABILITIES])
{
	for (unsigned i = 0; i < NR_CAPABILITIES; i++)
		if (!*machine->root || capability_table[i].of_files)
			capability_table[i].probe(machine, &results[i]);
}

/* What was tried in a group that stays behind is not to be believed. */
static void remove_group(const char *group, int hold,
			 struct capability_result results[NR_CAPABILITIES])
{
	const int ret = probe_group_remove(group, hold);

	for (unsigned i = 0; ret && i < NR_CAPABILITIES; i++)
		if (capability_table[i].in_group)
			probe_unknown(&results[i], "cannot remove %.100s: %s", group,
				      strerror(-ret));
}

static const char *group_error(int ret)
{
	return ret == -ENODEV  ? "no memory controller"
	       : ret == -EBUSY ? "no parent hands the memory controller down"
			       : strerror(-ret);
}

void capability_probe_all(const struct capability_machine *of,
			  struct capability_result results[NR_CAPABILITIES])
{
	struct capability_machine machine = *of;
	char group[PROBE_GROUP_BYTES], why[96];
	sigset_t all, before;
	int ret = -ENODEV, hold = -1;

	/* A signal that ends the program waits until the group is gone: milliseconds. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	if (machine.cgroup_version && !*machine.root)
		ret = probe_group_make(&machine, group, sizeof(group), &hold);
	snprintf(why, sizeof(why), "cannot make a group to try it in: %s", group_error(ret));
	machine.group = ret ? NULL : group;
	machine.no_group = why;
	probe_each(&machine, results);
	if (!ret)
		remove_group(group, hold, results);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

bool capability_take_line(const char *line, struct capability_result results[NR_CAPABILITIES])
{
	char name[32], word[16];

	if (sscanf(line, "%31s %15s", name, word) != 2)
		return false;
	for (unsigned i = 0; i < NR_CAPABILITIES; i++) {
		for (unsigned s = 0; s < ARRAY_SIZE(state_names); s++) {
			if (strcmp(name, capability_table[i].name) ||
			    strcmp(word, state_names[s]))
				continue;
			probe_found(&results[i], (enum capability_state)s, "as saved");
			return true;
		}
	}
	return false;
}

/* ---- for the probes ---- */

void probe_unknown(struct capability_result *out, const char *format, ...)
{
	va_list args;

	out->state = CAPABILITY_UNKNOWN;
	va_start(args, format);
	vsnprintf(out->seen, sizeof(out->seen), format, args);
	va_end(args);
}

void probe_found(struct capability_result *out, enum capability_state state, const char *format,
		 ...)
{
	va_list args;

	out->state = state;
	va_start(args, format);
	vsnprintf(out->seen, sizeof(out->seen), format, args);
	va_end(args);
}

int probe_own_kb(const char *path, const char *key, uint64_t *kb)
{
	const size_t length = strlen(key);
	int ret = -ENODATA;
	char line[256];
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (ret && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, length) && line[length] == ':' &&
		    sscanf(line + length + 1, "%" SCNu64, kb) == 1)
			ret = 0;
	fclose(f);
	return ret;
}

char *probe_map(uint64_t bytes)
{
	void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

int probe_resident(uint64_t page_bytes, uint64_t *pages)
{
	uint64_t kb;
	int ret = probe_own_kb("/proc/self/smaps_rollup", "Rss", &kb);

	if (!ret)
		*pages = kb * 1024 / page_bytes;
	return ret;
}
