/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this machine is: probed once, then constant.
 * All files are read below `root` ("" on the real machine), so that a saved tree
 * is a machine too.
 */
#ifndef PAGESTORM_HOST_H
#define PAGESTORM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/machine/capability.h"
#include "workloads/api/workload.h"

#define HOST_ORDERS  16	  /* folios of 2 pages to 2^15 */
#define HOST_CPU_IDS 8192 /* CONFIG_NR_CPUS at most (arch/x86/Kconfig, NR_CPUS_RANGE_END) */

/* Pages of one pool. */
struct hugetlb_pool {
	uint64_t nr, left; /* left: free and not reserved */
};

/* One size of transparent huge page. */
enum mthp_mode {
	MTHP_ABSENT,
	MTHP_NEVER,
	MTHP_MADVISE,
	MTHP_ALWAYS,
	MTHP_INHERIT, /* as transparent_hugepage/enabled */
};

struct host_node {
	unsigned id;
	uint64_t memory_bytes;		  /* 0: memoryless */
	unsigned nr_cpus;		  /* 0: CPU-less */
	const char *cpus;		  /* list format: 0-3,8; "" or NULL: none */
	unsigned distance[ENV_NODES_MAX]; /* to host.node[i]; 10 is local; 0: unknown */
};

/* Of vm.dirty_bytes and its ratio one is 0, and likewise of the background's. */
struct host_dirty {
	uint64_t bytes, ratio, background_bytes, background_ratio;
};

#define HOST_MOUNT_BYTES 256
#define HOST_GROUP_BYTES 512 /* a group's path below its mount */
#define HOST_LIST_BYTES	 4096

/* A limit of the groups that a run's own are made below: the tightest of them. */
struct host_limit {
	bool set;
	uint64_t bytes;
	/* Whose it is, absolute; "": of a group above all that can be seen here. */
	char group[HOST_MOUNT_BYTES + HOST_GROUP_BYTES];
};

/* All of them, as far up as a cgroup namespace or a container's mount shows. */
struct host_around {
	struct host_limit max, high;
	struct host_limit swap;				   /* memory.swap.max */
	struct host_limit total;			   /* v1: memory and swap together */
	char cpus[HOST_LIST_BYTES], mems[HOST_LIST_BYTES]; /* effective; "": unknown */
	char cpuset_group[HOST_MOUNT_BYTES + HOST_GROUP_BYTES]; /* whose effective lists */
};

/* Where a run makes its groups. */
enum cgroup_place {
	CGROUP_BELOW,	 /* in cgroup_base, as it is */
	CGROUP_LEAF,	 /* in cgroup_base, whose processes go into a leaf first (home.h) */
	CGROUP_IN_PLACE, /* nowhere: the workers stay in our own group */
};

struct host {
	char kernel[128]; /* uname release, to be printed alone */
	char cpu_model[128];
	unsigned cpus; /* online */
	uint64_t page_bytes, pmd_bytes;
	uint64_t memory_bytes;
	uint64_t swap_total_bytes;
	uint64_t available_bytes; /* MemAvailable, or what a limited group above us has left */
	/* CommitLimit, which follows vm.overcommit_ratio or _kbytes in whatever mode;
	 * Committed_AS */
	uint64_t commit_limit_bytes, committed_bytes;
	bool strict_overcommit;	 /* vm.overcommit_memory is 2 now */
	unsigned page_cluster;	 /* vm.page-cluster now */
	struct host_dirty dirty; /* vm.dirty_* now */
	unsigned nr_nodes;	 /* all, memoryless ones too */
	struct host_node node[ENV_NODES_MAX];
	enum thp_mode thp;
	enum mthp_mode mthp[HOST_ORDERS]; /* hugepages-…kB/enabled, by order */
	struct hugetlb_pool hugetlb_2m, hugetlb_1g;
	uint64_t hugetlb_2m_node[ENV_NODES_MAX]; /* free pages on node[i] */
	uint64_t hugetlb_2m_overcommit;
	uint64_t hugetlb_default_bytes; /* Hugepagesize of meminfo; 0: none */
	unsigned nr_zones;		/* with pages */
	struct env_zone zone[ENV_ZONES_MAX];
	uint64_t min_free_kb, watermark_scale; /* vm.…, now */
	unsigned zone_reclaim_mode, overcommit_memory;
	bool mglru, psi, hugetlb, zram, loop, zswap;
	unsigned cgroup_version;	     /* of the memory controller; 0: none */
	char cgroup_mount[HOST_MOUNT_BYTES]; /* where that hierarchy is mounted */
	char cgroup_own[HOST_GROUP_BYTES];   /* our own group below it, "/" for the root */
	bool cgroup_hidden; /* our own group lies outside of what is mounted there */
	char cpuset_mount[HOST_MOUNT_BYTES]; /* v1: of the cpuset hierarchy; "": none */
	char cpuset_own[HOST_GROUP_BYTES];
	enum cgroup_place place;
	char cgroup_base[HOST_GROUP_BYTES]; /* below cgroup_mount; "": its root */
	char place_why[256];		    /* of CGROUP_IN_PLACE: why no group can be made */
	bool place_read_only;		    /* and: its file system is mounted read-only */
	struct host_around around;
	bool root_user;
	bool no_frames;		  /* page frame numbers and flags are hidden from us */
	bool can_lower_oom_score; /* CAP_SYS_RESOURCE, found by trying and undoing */
	char lab[256]; /* the guest's shape, from $PAGESTORM_LAB; "": no guest of the lab */
	char boot_id[40];
	struct capability_result capability[NR_CAPABILITIES];
	char *cpu_lists; /* of all nodes, which point into it */
};

/*
 * -errno only when /proc itself cannot be read, or when the machine has more nodes or zones,
 * or this process a longer group's path, than there is room for: nothing is cut short. What
 * cannot be found stays 0 or "". The capabilities of the real machine are tried; a saved one
 * has them in its file `capabilities`, and those that it does not name are unknown.
 */
int host_probe(struct host *host, const char *root, struct error *e);

/* Whether the lab booted this kernel, by its command line (guestword.h). */
bool host_is_guest(const char *root);

/* Frees the lists of CPUs; also accepts a host that no probe has filled. */
void host_release(struct host *host);

/* "madvise" … as in hugepages-…kB/enabled; MTHP_ABSENT for another word. */
enum mthp_mode mthp_mode(const char *value);

/*
 * Dirty bytes at which writeback begins in the background; 0: unknown. The kernel takes
 * a ratio of what could be dirtied, which is here MemAvailable, and half of the other
 * limit where the background's is not below it (domain_dirty_limits(),
 * mm/page-writeback.c).
 */
uint64_t host_dirty_background(const struct host_dirty *dirty, uint64_t available_bytes);

/* Whether the cpuset of the groups above allows memory of the node; true where unknown. */
bool host_has_node(const struct host *host, unsigned id);

/* Fills the machine's part of the environment; limits and swap are the plan's. */
void host_env(const struct host *host, struct workload_env *env);

/* What is picked from, and the node that near and far are seen from. */
struct host_pick {
	const struct host *host;
	bool cpus;     /* CPUs, else nodes with memory */
	int from_node; /* its id; -1: the first that fits */
};

/*
 * CPUs or nodes by topology: "local" is from_node, "nearest" the nearest other one that
 * fits, "farthest" the one at the greatest distance; nodes of equal distance: the lowest
 * number. Or a list (0-3,8) of CPUs or of nodes, or for CPUs "node1", that node's. Only
 * nodes with CPUs, or with memory, fit, and only what the cpuset of the groups above allows.
 * Fills a list. -EINVAL: not understood or not there; -ENODEV: this machine has no such node.
 * *e is a clause (the caller prefixes the place).
 */
int host_pick(const struct host_pick *pick, const char *text, char *list, size_t list_bytes,
	      struct error *e);

/* Whether each number of a list ("0-3,8") is in the list around it; false where one is none. */
bool host_list_within(const char *list, const char *around);

#endif
