/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface between the harness and a workload: one const struct each.
 *
 * A workload is one file or directory in workloads/ and one line in Makefile.am.
 * Options, help, `pagestorm list`, the plan and the truth columns all come from its
 * struct. It includes nothing of the harness. workloads/skeleton.c shows how it is
 * written.
 *
 * The harness calls check(), footprint() and claims() before anything runs. They are
 * pure: what is expected is fixed before the act and cannot be fitted to its result.
 * prepare(), run() and release() are called in the worker, a separate process in a
 * dedicated cgroup.
 */
#ifndef PAGESTORM_WORKLOAD_H
#define PAGESTORM_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- options ---- */

enum option_type {
	OPTION_BYTES,	/* uint64_t bytes: 64M, 1GiB, 60%limit, 60%available */
	OPTION_COUNT,	/* uint64_t: 12; a count has no unit */
	OPTION_RATE,	/* uint64_t bytes per second: 100M/s; 0: unpaced */
	OPTION_SECONDS, /* uint64_t nanoseconds: 10s, 250ms, 2m */
	OPTION_RATIO,	/* double: 0.75 or 75% */
	OPTION_BOOL,	/* bool: yes/no, on/off, true/false, 1/0 */
	OPTION_CHOICE,	/* int: index into choices */
	OPTION_TEXT,	/* char[capacity], NUL-terminated */
};

struct workload_option {
	const char *name;
	enum option_type type;
	const char *fallback;  /* default, as text, through the same parser */
	const char *min, *max; /* as text, inclusive; NULL: unbounded */
	const char *choices;   /* OPTION_CHOICE: "zero|same|random" */
	const char *help;      /* one line, no full stop */
	size_t offset;	       /* of the member in the params struct */
	size_t capacity;       /* OPTION_TEXT only */
};

/* ---- what the machine must have; unmet: the worker is skipped, with the reason ---- */

enum need {
	NEED_LIMIT = 1 << 0,   /* a memory.max for its group */
	NEED_SWAP = 1 << 1,    /* a swap device of the run's own ([swap]) */
	NEED_NODES = 1 << 2,   /* two NUMA nodes with memory */
	NEED_HUGETLB = 1 << 3, /* a hugetlb pool that can grow */
	NEED_THP = 1 << 4,     /* transparent huge pages built in and not "never" */
	NEED_LOOP = 1 << 5,    /* a loop device can be made */
	NEED_FILES = 1 << 6,   /* a directory on a disk file system for its file */

	/* Of some parameters only: see param_needs() below. */
	NEED_HUGE_FAULTS = 1 << 7, /* a fault may take a transparent huge page */
	NEED_POPULATE = 1 << 8,	   /* MADV_POPULATE_WRITE */
	NEED_LOW_SCORES = 1 << 9,  /* an oom_score_adj below its own: CAP_SYS_RESOURCE */
	NEED_FRAMES = 1 << 10,	   /* page frame numbers and flags: root */
};

/* ---- what it does itself that other processes could do to its memory as well ---- */

enum doing {
	DOES_RECLAIM = 1 << 0, /* takes so much that the machine reclaims */
	DOES_MIGRATE = 1 << 1, /* moves pages, or makes the kernel compact */
};

enum thp_mode {
	THP_ABSENT,
	THP_NEVER,
	THP_MADVISE,
	THP_ALWAYS,
};

enum swap_kind {
	SWAP_NONE,
	SWAP_FILE,
	SWAP_ZRAM,
};

/*
 * What kernels of the same version may do or not: found by trying (the table is in
 * harness/machine/capability.h), never concluded from a version.
 */
enum capability {
	CAPABILITY_ZERO_PAGE,	   /* a read of untouched memory maps the zero page */
	CAPABILITY_HUGE_ZERO_PAGE, /* the same where a huge page fits */
	CAPABILITY_TABLE_CHARGE,   /* page tables are charged to their process's group */
	CAPABILITY_POPULATE,	   /* MADV_POPULATE_WRITE */
	CAPABILITY_PAGEOUT,	   /* MADV_PAGEOUT */
	CAPABILITY_COLD,	   /* MADV_COLD */
	CAPABILITY_LAZY_FREE,	   /* MADV_FREE */
	CAPABILITY_COLLAPSE,	   /* MADV_COLLAPSE */
	CAPABILITY_EXACT_STATUS,   /* VmRSS and its parts in status are exact */
	CAPABILITY_EXACT_STATM,	   /* the resident size in statm is exact */
	CAPABILITY_EXACT_STAT,	   /* the resident size in stat is exact */
	CAPABILITY_TASK_RSS,	   /* where not: threads keep parts of the sum, not CPUs */
	CAPABILITY_CACHESTAT,	   /* cachestat(2) */
	CAPABILITY_DAMON_RECLAIMS, /* DAMON reclaims what lies idle */
	CAPABILITY_PAGE_REPORTING, /* free pages go back to the hypervisor */
	CAPABILITY_ZSWAP_ON,
	CAPABILITY_RECURSIVE_PROTECTION, /* cgroup v2 is mounted with memory_recursiveprot */
	CAPABILITY_HUGETLB_CHARGE,	 /* and with memory_hugetlb_accounting */
	CAPABILITY_BASE_PAGE_4K,
	CAPABILITY_HUGE_PAGE_2M,     /* of the full size of transparent ones */
	CAPABILITY_SMALL_HUGE_PAGES, /* transparent ones of other sizes as well */
	CAPABILITY_FRESH_STAT,	     /* memory.stat is exact at a barrier */
	CAPABILITY_GROUP_PEAK,	     /* memory.peak */
	CAPABILITY_GROUP_RECLAIM,    /* memory.reclaim, on v1 memory.force_empty */
	CAPABILITY_RECLAIM_SWAPPINESS,
	CAPABILITY_GROUP_SWAP_KEYS,	/* pswpin and pswpout in memory.stat */
	CAPABILITY_REFAULT_SPLIT,	/* workingset_refault_anon and _file there */
	CAPABILITY_GROUP_PSI,		/* memory.pressure */
	CAPABILITY_HUGE_ZERO_WRITE,	/* a write replaces the huge zero page by a huge page */
	CAPABILITY_SPLIT_ZEROS,		/* a split maps pages of zeros to the zero page */
	CAPABILITY_WEIGHTED_INTERLEAVE, /* MPOL_WEIGHTED_INTERLEAVE */
	CAPABILITY_SWAP_SLOTS,		/* each CPU keeps swap slots ahead of need */
	CAPABILITY_NODE_RECLAIM, /* zone_reclaim_mode works with the multi-generational LRU */
	CAPABILITY_LARGE_READAHEAD, /* readahead takes folios of several pages */
	CAPABILITY_KERNEL_CHARGE,   /* kernel memory is charged to its process's group */
	NR_CAPABILITIES,
};

enum capability_state {
	CAPABILITY_UNKNOWN, /* could not be tried: what is promised allows for both */
	CAPABILITY_NO,
	CAPABILITY_YES,
};

#define ENV_NODES_MAX 64   /* of one machine */
#define ENV_NODE_IDS  1024 /* MAX_NUMNODES: NODES_SHIFT is 10 at most (arch/x86/Kconfig) */
#define ENV_ZONES_MAX 256  /* of one machine */

/* A zone with pages, as /proc/zoneinfo names it. */
struct env_zone {
	unsigned node;
	char name[12];
	uint64_t managed_pages;
};

/* What check(), footprint() and claims() may know of the machine and the group. */
struct workload_env {
	uint64_t page_bytes;
	uint64_t pmd_bytes;	       /* size of a transparent huge page; 0: absent */
	unsigned cgroup_version;       /* of the memory controller: 1 or 2 */
	bool in_place;		       /* no group of its own: it runs in the harness's */
	unsigned cpus;		       /* online */
	unsigned nr_nodes;	       /* with memory */
	unsigned nodes[ENV_NODES_MAX]; /* their ids, ascending */
	/* All nodes, those without memory too; workloads/api/nodes.h asks by id. */
	unsigned nr_all_nodes;
	unsigned all_nodes[ENV_NODES_MAX]; /* their ids, ascending */
	uint64_t cpu_nodes;		   /* bit i: all_nodes[i] has CPUs */
	/* all_nodes[i] to all_nodes[j]; 10: local; 0: unknown */
	uint8_t distance[ENV_NODES_MAX][ENV_NODES_MAX];
	/* memory of nodes[i]; MemTotal; SwapTotal at planning time: the machine's */
	uint64_t node_bytes[ENV_NODES_MAX];
	uint64_t memory_bytes, swap_total_bytes;
	uint64_t limit_bytes;	  /* tightest memory.max over the worker; 0: none */
	uint64_t high_bytes;	  /* tightest memory.high; 0: none */
	uint64_t swap_max_bytes;  /* memory.swap.max; UINT64_MAX: none */
	uint64_t available_bytes; /* MemAvailable at planning time */
	enum capability_state capability[NR_CAPABILITIES];
	enum thp_mode thp; /* transparent_hugepage/enabled */
	/*
	 * Bit n: a fault may take a folio of page_bytes << n, in memory with
	 * MADV_HUGEPAGE and in memory without. Before Linux 6.8 huge pages only.
	 */
	uint32_t thp_orders_madvise, thp_orders_always;
	/* Free pages of the pools that no mapping has reserved, as the run sets them up. */
	uint64_t hugetlb_2m, hugetlb_1g;
	uint64_t hugetlb_default_bytes; /* size of the pages that meminfo counts; 0: none */
	/* Of the pool of 2 MiB: free pages of nodes[i], and how far it may grow on demand. */
	uint64_t hugetlb_2m_node[ENV_NODES_MAX], hugetlb_2m_overcommit;
	unsigned nr_zones;
	struct env_zone zone[ENV_ZONES_MAX];
	/* as the run has them: vm.min_free_kbytes, watermark_scale_factor, zone_reclaim_mode */
	uint64_t min_free_kb, watermark_scale;
	unsigned zone_reclaim_mode;
	unsigned overcommit_memory; /* vm.overcommit_memory, as the run has it */
	bool watermarks_fresh;	    /* the run makes the kernel compute them anew */
	uint64_t list_fraction;	  /* vm.percpu_pagelist_high_fraction; 0: the kernel decides */
	bool mglru;		  /* lru_gen/enabled is not 0 */
	bool loop;		  /* a loop device can be made */
	bool hugetlb;		  /* the kernel has hugetlb pools */
	bool oom_group;		  /* memory.oom.group of the worker's group is 1 */
	bool can_lower_oom_score; /* CAP_SYS_RESOURCE */
	bool no_frames;	       /* pagemap hides frame numbers, or kpageflags is closed to us */
	int oom_score_adj;     /* of the worker */
	bool in_lab;	       /* a guest of `pagestorm lab` */
	bool alike;	       /* another worker of the run has the same workload */
	enum swap_kind swap;   /* the run's own swap device */
	uint64_t swap_bytes;   /* its size */
	unsigned page_cluster; /* vm.page-cluster as the run has it */
	/* Dirty bytes at which background writeback begins, as the run sets it; 0: unknown. */
	uint64_t dirty_background_bytes;
	char swap_path[256];   /* the run's own device as in /proc/swaps; "": none */
	char scratch_dir[256]; /* where a workload makes its private files */
};

/* ---- claims ---- */

enum span {
	SPAN_WORK,    /* HELD - READY */
	SPAN_RESIDUE, /* GONE - READY */
};

enum relation {
	RELATION_EQ,	  /* |observed - expected| <= tolerance */
	RELATION_GE,	  /* observed >= expected - tolerance */
	RELATION_LE,	  /* observed <= expected + tolerance */
	RELATION_BETWEEN, /* expected <= observed <= expected + tolerance */
};

enum basis {
	BASIS_EXACT,	 /* page arithmetic */
	BASIS_BOUNDED,	 /* a known slack, whose cause `why` states */
	BASIS_DIRECTION, /* only the sign is promised; noise can hide it */
	BASIS_PROFILE,	 /* the profile's own [expect] */
};

enum unit {
	UNIT_COUNT,
	UNIT_BYTES,
	UNIT_PAGES,
	UNIT_KB, /* the kernel's kB: 1024 bytes */
	UNIT_USEC,
	UNIT_NSEC,
	UNIT_TICKS,   /* USER_HZ */
	UNIT_SECTORS, /* 512 bytes */
	UNIT_PERCENT,
	UNIT_MSEC,
};

/*
 * One claim about one counter over one span. The judge converts between bytes,
 * pages, kB and sectors; any other mismatch of units is a bug.
 *
 * Where the amount is known only after the act (cycles done before a deadline,
 * pages touched before an OOM kill), slot names a truth slot and the expected value
 * is expected + slot * slot_mul / slot_div: the worker's count is compared with the
 * kernel's.
 */
struct claim {
	const char *quantity; /* the field's word: minor_faults, resident_bytes … */
	enum span span;
	char scope[24];	     /* process, process1…, mapping, mapping1…, group, run, system,
				node0…, own_swap, ledger */
	const char *source;  /* file, as in the counter table: stat, memory.stat … */
	const char *counter; /* the kernel's key: minflt, anon …; or a sum:
				pswpout+zswpout-zswpwb */
	enum unit unit;
	enum relation relation;
	enum basis basis;
	int64_t expected;
	int64_t tolerance;
	int64_t least; /* RELATION_BETWEEN from 0 or below: the amount that moves at least */
	const char *slot;
	int64_t slot_mul, slot_div; /* 0 reads as 1 */
	char why[240];		    /* for the reader; no comma, no quote, no newline */
};

#define CLAIMS_MAX 96

struct claims {
	unsigned nr;
	struct claim claim[CLAIMS_MAX];
};

/* Appends a copy of *c with why formatted into it. Asserts on overflow and on a comma. */
void claims_add(struct claims *claims, const struct claim *c, const char *why, ...)
	__attribute__((format(printf, 3, 4)));

/* The capability was tried and is there; it was tried and is not. Both false: unknown. */
bool env_has(const struct workload_env *env, enum capability capability);
bool env_lacks(const struct workload_env *env, enum capability capability);

/* Whether a charge of `bytes` fits under the group's memory.max and memory.high. */
bool env_fits(const struct workload_env *env, uint64_t bytes);

/* Key of the group's anonymous bytes in memory.stat: rss on v1, anon on v2. */
const char *env_group_anon(const struct workload_env *env);
/* Key of its page cache, shmem included: cache on v1, file on v2. */
const char *env_group_file(const struct workload_env *env);
/* File with the group's total charge: memory.usage_in_bytes or memory.current. */
const char *env_group_usage(const struct workload_env *env);
/* File and key of the group's peak: memory.max_usage_in_bytes or memory.peak. */
const char *env_group_peak(const struct workload_env *env);
/* File of the group's oom_kill: memory.oom_control or memory.events. */
const char *env_group_kills(const struct workload_env *env);
/* File and key of its charges that hit the limit: memory.failcnt, or max of memory.events. */
const char *env_group_hits(const struct workload_env *env);
const char *env_group_hits_key(const struct workload_env *env);
/*
 * Slack of the group's usage: charges are taken in batches of 64 pages per CPU
 * (MEMCG_CHARGE_BATCH, include/linux/memcontrol.h).
 */
int64_t env_usage_slack_bytes(const struct workload_env *env);

/*
 * Pages by which the movement of a percpu counter that is not summed precisely may be
 * wrong: each CPU keeps less than max(32, 2 CPUs) to itself (lib/percpu_counter.c), at
 * READY and again at HELD. 67 of the 124 of two CPUs were seen.
 */
uint64_t env_percpu_lag_pages(const struct workload_env *env);
/*
 * Pages by which a process's sums may lag in the file that `exact` is about,
 * CAPABILITY_EXACT_STATUS, _STATM or _STAT. What is not exact is a percpu counter, or
 * (CAPABILITY_TASK_RSS) each thread keeps up to 64 events of three counters to itself
 * (mm/memory.c, TASK_RSS_EVENTS_THRESH).
 */
uint64_t env_rss_lag_pages(const struct workload_env *env, enum capability exact,
			   uint64_t threads);

/*
 * Entries of a page table, 512 with pages of 4 KiB, and the bytes that a table of the lowest
 * level maps: the size of a huge page where the kernel has them.
 */
uint64_t env_table_entries(const struct workload_env *env);
uint64_t env_table_reach_bytes(const struct workload_env *env);

/* ---- truth slots: amounts that the worker counts itself, in the ledger ---- */

#define SLOTS_MAX 32

#define PARAMS_BYTES_MAX 4096 /* params_bytes of any workload is at most this */

struct slot {
	const char *name; /* pages_touched, cycles, live_bytes … */
	enum unit unit;
	const char *help;
};

/* ---- the workload ---- */

struct worker; /* worker.h: what run() stands on */

struct workload {
	const char *name;
	const char *summary; /* one line for `pagestorm list` */
	const char *truth;   /* a few sentences for `pagestorm list NAME`: what is claimed */
	unsigned needs;	     /* enum need, or-ed */
	unsigned does;	     /* enum doing, or-ed: what is no evidence of other processes */
	const struct workload_option *options; /* ends with name == NULL */
	size_t params_bytes;		       /* of the struct that the options fill */
	struct slot slots[SLOTS_MAX];	       /* ends with name == NULL */
	uint64_t late_slots; /* a bit each: counted by release(), read after GONE, not HELD */
	bool rate_metric;    /* a rate is among the results: prewarm by default */
	bool expects_oom;    /* expects expected_oom where [expect] names no outcome */
	bool machine_wide;   /* uses the whole machine's memory: no memory.max is derived */

	/*
	 * Pure. 0 when these parameters can run on this machine; otherwise fills
	 * reason with a sentence and returns -EINVAL (the parameters contradict
	 * each other: exit 2) or -ENODEV (this machine cannot: skipped). May be NULL.
	 */
	int (*check)(const void *params, const struct workload_env *env, char *reason,
		     size_t reason_bytes);
	/*
	 * Pure. The needs of these parameters in addition to `needs`, enum need or-ed;
	 * called where check() finds no contradiction. An unmet need is reported before
	 * what check() finds missing. NULL: none.
	 */
	unsigned (*param_needs)(const void *params, const struct workload_env *env);
	/* Pure. Peak bytes charged to the group, page cache included. */
	uint64_t (*footprint)(const void *params, const struct workload_env *env);
	/* Pure. Bytes that run() is to hold: target_bytes in runs.csv. NULL: 0. */
	uint64_t (*target)(const void *params, const struct workload_env *env);
	/* Pure. Expected seconds of run() for the plan; NULL: below a second. */
	double (*seconds)(const void *params, const struct workload_env *env);
	/* Pure. What the counters are expected to show. */
	void (*claims)(const void *params, const struct workload_env *env, struct claims *out);

	/*
	 * In the worker; 0 or -errno, with worker_fail() for the sentence.
	 * prepare() may map and open but touches nothing that is measured;
	 * run() does the work, counts into the ledger after each step, returns
	 * early when worker_should_stop(), and leaves its memory mapped;
	 * verify() inspects what run() left and counts it into the ledger, still before
	 * HELD but after the clock of run() has stopped;
	 * release() undoes both, also after a prepare() that failed halfway. run() uses
	 * neither malloc nor stdio except as part of what is measured. verify and
	 * release may be NULL.
	 */
	int (*prepare)(struct worker *w);
	int (*run)(struct worker *w);
	int (*verify)(struct worker *w);
	void (*release)(struct worker *w);
};

/* All workloads in alphabetical order, NULL at the end (generated from Makefile.am). */
extern const struct workload *const workloads[];

/* The workload of that name, or NULL. */
const struct workload *workload_find(const char *name);

/* A need, in the words of `pagestorm list` and of a worker that is skipped. */
struct need_known {
	enum need need;
	const char *name;			     /* NULL: no workload as a whole has it */
	const char *text;			     /* ends the sentence "Needs …." */
	bool (*met)(const struct workload_env *env); /* NULL: the profile meets it */
	const char *lack;			     /* the sentence where it is not met */
};

/* All of them; ends with need == 0. */
extern const struct need_known needs_known[];

/*
 * The sentence of the first of these needs that the machine does not meet; NULL: it meets
 * all. Those that the profile meets are not checked.
 */
const char *need_lacking(unsigned needs, const struct workload_env *env);

/* check() and param_needs() of the workload: 0, -EINVAL or -ENODEV with the reason. */
int workload_check(const struct workload *workload, const void *params,
		   const struct workload_env *env, char *reason, size_t reason_bytes);

/*
 * claims() of the workload. Where memory.stat of a group may not be exact at a barrier
 * (CAPABILITY_FRESH_STAT), what is promised of it is a bound.
 */
void workload_claims(const struct workload *workload, const void *params,
		     const struct workload_env *env, struct claims *out);

/*
 * The result of a check(): `wrong` names a contradiction, `lack` what this machine lacks;
 * NULL: none.
 */
int check_answer(const char *wrong, const char *lack, char *reason, size_t reason_bytes);

/* Index of a truth slot by name; -1 when there is none. */
int workload_slot(const struct workload *workload, const char *name);

#endif
