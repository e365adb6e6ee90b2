/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities: what this machine's kernel does, found by trying it once, harmlessly and in
 * milliseconds. Distributions backport and hypervisors patch, so that a version number says
 * neither that a feature is there nor that it is not; no probe looks at one.
 *
 * One table: to add a capability, add its constant to enum capability
 * (workloads/api/workload.h), its row to capability_table[] and its probe. doctor, run.json,
 * the environment of workloads and the file of a saved machine follow from the table.
 *
 * A probe answers yes, no, or unknown where it could not try or where what it saw fits
 * neither; it keeps what it saw, in numbers. What decides is a pure function of those
 * numbers, declared here for its test.
 */
#ifndef PAGESTORM_CAPABILITY_H
#define PAGESTORM_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/api/workload.h"

/* What a probe may need to know of the machine. */
struct capability_machine {
	const char *root; /* "": the real one; only files are asked below another */
	uint64_t page_bytes, pmd_bytes; /* pmd_bytes: of a huge page; 0: none */
	uint64_t available_bytes; /* a probe that takes memory refuses where little is left */
	unsigned cgroup_version;  /* of the memory controller; 0: none */
	const char *cgroup_mount, *cgroup_own; /* as in struct host */
	/* capability_probe_all() fills these: a group for the probes alone, or why there is
	 * none */
	const char *group, *no_group;
};

struct capability_result {
	enum capability_state state;
	char seen[160]; /* the numbers, or why it could not be tried; no newline */
};

struct capability_row {
	const char *name;    /* in doctor, run.json and a saved machine: zero_page */
	const char *meaning; /* one line: a question to yes or no */
	void (*probe)(const struct capability_machine *machine, struct capability_result *out);
	bool in_group; /* it is tried in the probes' group */
	bool of_files; /* nothing is tried: files of /proc and /sys say */
};

/* A row for each enum capability, in its order. */
extern const struct capability_row capability_table[NR_CAPABILITIES];

/*
 * Tries them all; on a saved machine those of files alone, and leaves the others as they
 * are. Changes nothing that outlives the call; needs no privilege, and what is
 * refused without one is unknown. The probes' group and the children in it are gone
 * afterwards; signals wait for that.
 */
void capability_probe_all(const struct capability_machine *machine,
			  struct capability_result results[NR_CAPABILITIES]);

/* "yes", "no", "unknown". */
const char *capability_state_name(enum capability_state state);

/*
 * Nothing can be tried on a saved machine: its file `capabilities` says, one a line, "zero_page
 * yes". Takes such a line over; false: it is none.
 */
bool capability_take_line(const char *line, struct capability_result results[NR_CAPABILITIES]);

/* ---- zero_page ---- */

/*
 * Fresh private pages with MADV_NOHUGEPAGE are read once each, then written once each. With
 * a zero page, a read takes no memory (do_anonymous_page() in mm/memory.c) and the write
 * faults again (do_wp_page()): resident 0, write faults = pages. A kernel that gives a
 * page of its own at the read (some guests with shadow paging) has resident = pages, and its
 * write does not fault. Resident is smaps_rollup's, which walks the page table: status and
 * statm lag behind by up to 64 pages for each CPU.
 */
struct capability_reads {
	uint64_t pages;
	uint64_t read_faults, resident, write_faults; /* resident: pages, after the reads */
};

enum capability_state capability_zero_page(const struct capability_reads *r);

/* ---- huge_zero_page ---- */

/*
 * One word of an untouched, aligned huge page's room with MADV_HUGEPAGE is read. With a huge
 * zero page (transparent_hugepage/use_zero_page; do_huge_pmd_anonymous_page() in
 * mm/huge_memory.c) all its base pages are present in the page table and none is resident;
 * without, all are both. Fewer present: the fault took base pages, which says nothing.
 */
struct capability_huge_read {
	uint64_t pages;		    /* base pages of a huge page */
	uint64_t present, resident; /* after the read */
};

enum capability_state capability_huge_zero_page(const struct capability_huge_read *r);

/* ---- table_charge, kernel_charge ---- */

/*
 * A child in a group of its own writes one page in each range that a page table covers, so
 * that as many tables are made as pages. Where page tables are charged (__GFP_ACCOUNT in
 * pte_alloc_one()) the group's charge rises by both; with cgroup.memory=nokmem and on some
 * guests with shadow paging by the pages alone. Charges are taken in batches of 64 pages for
 * each CPU (MEMCG_CHARGE_BATCH), which is an eighth of the tables here: the child stays on one.
 */
struct capability_charge {
	uint64_t pages, tables; /* tables: pages by which VmPTE rose */
	int64_t charged;	/* pages by which the group's charge rose */
};

/* kernel_charge: the same with as many pages written to pipes, and none mapped. */
enum capability_state capability_table_charge(const struct capability_charge *c);

/* ---- populate, pageout, cold, lazy_free, collapse ---- */

/*
 * Advice that madvise(2) does not know is EINVAL (madvise_behavior_valid() in mm/madvise.c),
 * and man 2 madvise lets a range of no bytes ask for no more than that. MADV_PAGEOUT and
 * MADV_COLD are given for a page that is not there, MADV_FREE for one that was written, and
 * MADV_COLLAPSE for no bytes: in earnest it may have to compact the machine's memory first.
 * err: of madvise(), 0: taken. Another error than EINVAL and ENOSYS is a refusal, as of a
 * seccomp filter: unknown.
 */
enum capability_state capability_advice(int err);

/* MADV_POPULATE_WRITE makes all pages of a fresh mapping present, as mincore(2) sees them. */
struct capability_populated {
	int err;
	uint64_t pages, present;
};

enum capability_state capability_populate(const struct capability_populated *p);

/* ---- exact_status, exact_statm, exact_stat, task_rss ---- */

/*
 * Fresh pages are written one by one, and after each the process's resident size is read:
 * VmRSS of /proc/self/status, the second field of statm, field 24 of stat. A kernel that
 * sums precisely (get_mm_counter_sum() in fs/proc/task_mmu.c) has one page more each time.
 * Otherwise it keeps parts back and counts them in lumps: of a percpu counter's batch,
 * max(32, 2 CPUs) pages (lib/percpu_counter.c), or where each thread keeps its own
 * (SPLIT_RSS_COUNTING, mm/memory.c until Linux 6.1) of 65 faults. Where both lumps are
 * about as large, task_rss is unknown.
 */
struct capability_looks {
	uint64_t looks, exact; /* exact: that showed one page more than the one before */
	uint64_t lump;	       /* pages: the most from one look to the next */
	uint64_t cpus;	       /* online; for task_rss */
};

enum capability_state capability_exact_rss(const struct capability_looks *l);
enum capability_state capability_task_rss(const struct capability_looks *l);

/* ---- cachestat ---- */

/*
 * cachestat(2) is asked about a memfd whose pages were all written: nr_cache of them
 * (filemap_cachestat() in mm/filemap.c). ENOSYS: not in this kernel; EPERM: a seccomp
 * filter that does not know it, under which workloads run as well.
 */
struct capability_cached {
	int err;
	uint64_t pages, cached;
};

enum capability_state capability_cachestat(const struct capability_cached *c);

/* ---- fresh_stat ---- */

/*
 * A child in the probes' group touches as many pages as a run does to have memory.stat
 * flushed, more than MEMCG_CHARGE_BATCH for each CPU (memcg_vmstats_needs_flush() in
 * mm/memcontrol.c), and what memory.stat shows is to be more by just these. Kernels that
 * add up what each CPU has in its own time (cgroup v2 before Linux 5.13) are up to a
 * batch off.
 */
struct capability_pumped {
	uint64_t pages;
	int64_t shown;
};

enum capability_state capability_fresh_stat(const struct capability_pumped *p);

/* ---- group_peak, group_reclaim, reclaim_swappiness, group_psi ---- */

/*
 * A file of the probes' group is read or written: memory.peak (v1: memory.max_usage_in_bytes),
 * memory.pressure; memory.reclaim with 0 bytes, which takes nothing, and the same with
 * swappiness=0, which user_proactive_reclaim() in mm/vmscan.c takes or finds invalid.
 * memory.force_empty of v1 is opened for writing alone: it has every CPU empty its lists of
 * pages (lru_add_drain_all()). group_swap_keys and refault_split: keys of memory.stat.
 */
enum capability_state capability_asked(int err);

/* ---- huge_zero_write ---- */

/*
 * A word of the huge zero page is read and then written. Where a huge page takes its place
 * (do_huge_zero_wp_pmd() in mm/huge_memory.c) all base pages are resident; where the
 * mapping is split, the one that was written. Without a huge zero page nothing was tried.
 */
struct capability_huge_write {
	uint64_t pages;			  /* base pages of a huge page */
	uint64_t after_read, after_write; /* resident */
};

enum capability_state capability_huge_zero_write(const struct capability_huge_write *w);

/* ---- split_zeros ---- */

/*
 * A huge page of zeros is split by MADV_COLD of its last page. Where a split maps
 * zero-filled pages to the zero page (try_to_map_unused_to_zeropage() in mm/migrate.c)
 * none is resident afterwards; otherwise all are. Pages in huge pages tell that there was
 * one, and that it was split.
 */
struct capability_split {
	uint64_t pages;
	uint64_t before, huge_before, after, huge_after; /* resident; of these in huge pages */
};

enum capability_state capability_split_zeros(const struct capability_split *s);

/* ---- weighted_interleave ---- */

/*
 * mbind(2) of an untouched page with MPOL_WEIGHTED_INTERLEAVE, after MPOL_INTERLEAVE was
 * taken for the same page and node: EINVAL then is for the mode (sanitize_mpol_flags() in
 * mm/mempolicy.c). ENOSYS: a kernel without NUMA.
 */
struct capability_modes {
	int plain_err, err;
};

enum capability_state capability_mode(const struct capability_modes *m);

/* ---- large_readahead ---- */

/*
 * /proc/kpageflags of the pages of the program's and its libraries' text, which were read
 * from a disk: a compound page of file memory is a large folio. None is unknown: how they
 * were read is not known either, and to read one anew takes a disk.
 */
struct capability_folios {
	uint64_t pages, largest; /* looked at; pages of the largest folio */
};

enum capability_state capability_large_readahead(const struct capability_folios *f);

/* ---- swap_slots, node_reclaim: of the kernel's description of its types ---- */

/*
 * Neither can be tried: the one would swap, the other fill a node. BTF
 * (Documentation/bpf/btf.rst, /sys/kernel/btf/vmlinux) names the types of the running
 * kernel: struct swap_slots_cache (mm/swap_slots.c) is what CPUs keep slots in, and struct
 * lru_gen_memcg (include/linux/mmzone.h) came with lru_gen_shrink_node(), which leaves
 * at once where it may neither write nor unmap. Slots that are kept are also a state of CPU
 * hotplug. Without BTF both are unknown.
 */

/* ---- facts ---- */

/*
 * No claim depends on these; they are shown by doctor and kept in run.json, because a reader of
 * two machines' results may need them to see why amounts that no claim is about differ:
 *
 * lazy_free: no workload gives MADV_FREE. Pages that a library frees so (jemalloc) stay in Rss.
 * page_reporting: free pages go back to the hypervisor, so that the first touch is slower; a
 *   run that measures rates prewarms whatever this says.
 * recursive_protection: who of several groups loses pages to reclaim. Claims of a group that
 *   can be reclaimed from are bounds either way, and memory.low promises no amount.
 * reclaim_swappiness: no workload asks memory.reclaim for one kind of page.
 * base_page_4k, huge_page_2m, small_huge_pages: the sizes themselves are in the environment
 *   of workloads, and amounts are computed from those.
 * large_readahead: pages are counted, and never folios. What does count folios is promised
 *   of no file: pgpgin of a v1 group, mapped huge pages.
 */

/* ---- of files: what cannot be tried without changing the machine ---- */

/*
 * damon_reclaims: damon_reclaim's parameter `enabled`, or a kdamond that is on with a scheme
 *   whose action is pageout (Documentation/admin-guide/mm/damon). Only root may read these.
 * page_reporting: a virtio balloon that negotiated VIRTIO_BALLOON_F_REPORTING.
 * zswap_on: zswap's parameter `enabled`.
 * recursive_protection, hugetlb_charge: memory_recursiveprot and memory_hugetlb_accounting
 *   among the mount options of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst).
 * base_page_4k, huge_page_2m, small_huge_pages: sysconf(3), hpage_pmd_size and the
 *   directories of transparent_hugepage; what is seen names the sizes.
 */

#endif
