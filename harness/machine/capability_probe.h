/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probes behind the rows of capability_table[], and what they have in common. For
 * capability*.c alone.
 */
#ifndef PAGESTORM_CAPABILITY_PROBE_H
#define PAGESTORM_CAPABILITY_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/machine/capability.h"

/* Each fills *out whatever happens. */
void probe_zero_page(const struct capability_machine *machine, struct capability_result *out);
void probe_huge_zero_page(const struct capability_machine *machine,
			  struct capability_result *out);
void probe_table_charge(const struct capability_machine *machine,
			struct capability_result *out);
void probe_kernel_charge(const struct capability_machine *machine,
			 struct capability_result *out);
void probe_populate(const struct capability_machine *machine, struct capability_result *out);
void probe_pageout(const struct capability_machine *machine, struct capability_result *out);
void probe_cold(const struct capability_machine *machine, struct capability_result *out);
void probe_lazy_free(const struct capability_machine *machine, struct capability_result *out);
void probe_collapse(const struct capability_machine *machine, struct capability_result *out);
void probe_exact_status(const struct capability_machine *machine,
			struct capability_result *out);
void probe_exact_statm(const struct capability_machine *machine, struct capability_result *out);
void probe_exact_stat(const struct capability_machine *machine, struct capability_result *out);
void probe_task_rss(const struct capability_machine *machine, struct capability_result *out);
void probe_cachestat(const struct capability_machine *machine, struct capability_result *out);
void probe_damon_reclaims(const struct capability_machine *machine,
			  struct capability_result *out);
void probe_page_reporting(const struct capability_machine *machine,
			  struct capability_result *out);
void probe_zswap_on(const struct capability_machine *machine, struct capability_result *out);
void probe_recursive_protection(const struct capability_machine *machine,
				struct capability_result *out);
void probe_hugetlb_charge(const struct capability_machine *machine,
			  struct capability_result *out);
void probe_base_page_4k(const struct capability_machine *machine,
			struct capability_result *out);
void probe_huge_page_2m(const struct capability_machine *machine,
			struct capability_result *out);
void probe_small_huge_pages(const struct capability_machine *machine,
			    struct capability_result *out);
void probe_fresh_stat(const struct capability_machine *machine, struct capability_result *out);
void probe_group_peak(const struct capability_machine *machine, struct capability_result *out);
void probe_group_reclaim(const struct capability_machine *machine,
			 struct capability_result *out);
void probe_reclaim_swappiness(const struct capability_machine *machine,
			      struct capability_result *out);
void probe_group_swap_keys(const struct capability_machine *machine,
			   struct capability_result *out);
void probe_refault_split(const struct capability_machine *machine,
			 struct capability_result *out);
void probe_group_psi(const struct capability_machine *machine, struct capability_result *out);
void probe_huge_zero_write(const struct capability_machine *machine,
			   struct capability_result *out);
void probe_split_zeros(const struct capability_machine *machine, struct capability_result *out);
void probe_weighted_interleave(const struct capability_machine *machine,
			       struct capability_result *out);
void probe_swap_slots(const struct capability_machine *machine, struct capability_result *out);
void probe_node_reclaim(const struct capability_machine *machine,
			struct capability_result *out);
void probe_large_readahead(const struct capability_machine *machine,
			   struct capability_result *out);

/* Unknown, with the reason. */
void probe_unknown(struct capability_result *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The state, with what was seen. */
void probe_found(struct capability_result *out, enum capability_state state, const char *format,
		 ...) __attribute__((format(printf, 3, 4)));

/* A number of kB of this process, such as "Rss" of /proc/self/smaps_rollup. 0 or -errno. */
int probe_own_kb(const char *path, const char *key, uint64_t *kb);

/* Fresh private memory that nothing has touched; NULL with errno. */
char *probe_map(uint64_t bytes);

/* Rss of the process in pages, by smaps_rollup. 0 or -errno. */
int probe_resident(uint64_t page_bytes, uint64_t *pages);

/* ---- the group that probes share ---- */

#define PROBE_GROUP_BYTES 4096 /* PATH_MAX */

/*
 * Makes pagestorm-probe-PID as a run makes its group: below our own, on v2 otherwise below
 * the root. Refuses to hand the memory controller down where no parent does: on v2 that
 * changes the machine. *hold is for probe_group_remove(): while it is open, restore knows that
 * the group is in use. 0 or -errno; -EBUSY: no parent hands the controller down.
 */
int probe_group_make(const struct capability_machine *machine, char *group, size_t bytes,
		     int *hold);

/* 0 or -errno. A group is busy while its last member exits: waits a second at most. */
int probe_group_remove(const char *group, int hold);

/*
 * What a child does in the group: 0, and what it saw in *seen; or -errno, and what failed
 * in *what, "read the group's charge".
 */
struct probe_child {
	int (*try)(const struct capability_machine *machine, void *seen, const char **what);
	size_t seen_bytes; /* PROBE_SEEN_BYTES at most */
};

#define PROBE_SEEN_BYTES 64

/*
 * Runs it in a child that has entered the group, is the first to be killed should memory
 * run out, and stays on one CPU. true: *seen is filled; false: *out has the reason.
 */
bool probe_in_group(const struct capability_machine *machine, const struct probe_child *child,
		    void *seen, struct capability_result *out);

/*
 * Whether `left` bytes of a file from `at` on, strings one after the other with their NULs,
 * have that one. name: of at most 60 bytes. -errno of pread(2); -EIO: the file is shorter.
 */
int probe_search_names(int fd, off_t at, size_t left, const char *name, bool *found);

#endif
