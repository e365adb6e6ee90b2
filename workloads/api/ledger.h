/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: a page range shared between the harness and one worker.
 *
 * It is a memfd whose pages the harness writes first, so that they are charged
 * to the harness and not to the group under test. It outlives a SIGKILL: the
 * harness reads what the worker had counted when the kernel killed it.
 *
 * The ledger may understate by one step and never overstates: workers count
 * after the act. One writer per field; the harness writes only `stop` once the
 * worker runs.
 */
#ifndef PAGESTORM_LEDGER_H
#define PAGESTORM_LEDGER_H

#include <stdatomic.h>
#include <stdint.h>

#include "workloads/api/histogram.h"
#include "workloads/api/workload.h"

#define LEDGER_MAGIC	 0x7061676573746f72ULL /* "pagestor" */
#define LEDGER_PROCESSES 17		       /* the worker and up to 16 children */
#define LEDGER_BYTES	 (64 * 1024)

/* Descriptors that the worker inherits. */
#define WORKER_LEDGER_FD  3
#define WORKER_COMMAND_FD 4 /* reads 'G' (go) and 'B' (bye); end of file: leave at once */
#define WORKER_REPORT_FD  5 /* writes 'R' (ready), 'H' (held), 'F' (failed) */

enum ledger_phase {
	PHASE_BOOT, /* exec'd, preparing */
	PHASE_READY,
	PHASE_RUNNING,
	PHASE_HELD,
	PHASE_RELEASED,
	PHASE_FAILED, /* `error` holds the reason */
};

/* A process of the workload and its measured mapping; [0] is the worker itself. */
struct ledger_process {
	_Atomic int32_t pid;	    /* 0: no such process */
	_Atomic uint64_t map_start; /* 0: no measured mapping */
	_Atomic uint64_t map_bytes;
};

#define LEDGER_SITES 64

/* A call site that allocates, for leaks: sites.csv. */
struct ledger_site {
	char symbol[32];	 /* "": no such site */
	_Atomic uint64_t offset; /* of the allocating call's return address, from the symbol */
	_Atomic uint64_t depth;	 /* frames of the symbol on the stack at that time */
	_Atomic uint64_t live_blocks, live_bytes, allocations, frees;
};

struct ledger {
	uint64_t magic;
	uint64_t bytes; /* sizeof(struct ledger): guards against a worker of another build */
	char workload[32];
	char worker[64]; /* the profile section's name */
	uint64_t seed;
	uint64_t prewarm_bytes;	  /* fault and free this much before READY; 0: no */
	uint64_t shortfall_pages; /* injected fault: leave out so many; a claim must fail */
	struct workload_env env;

	_Atomic uint32_t phase; /* enum ledger_phase */
	_Atomic uint32_t stop;	/* set by the harness: return from run() soon */
	_Atomic uint64_t ready_ns, run_ns, end_ns; /* CLOCK_MONOTONIC; run() lasted run..end */
	_Atomic uint64_t achieved_bytes;	   /* verified amount held now */
	_Atomic uint64_t moved_bytes;		   /* bytes processed so far: throughput */
	_Atomic uint64_t ops;			   /* operations done so far */
	_Atomic uint64_t slot[SLOTS_MAX];
	struct ledger_process process[LEDGER_PROCESSES];
	_Atomic int32_t error_code; /* errno of a failure */
	char error[512];

	unsigned char params[PARAMS_BYTES_MAX] __attribute__((aligned(16)));
	struct histogram latency; /* of one operation, ns */
	struct ledger_site site[LEDGER_SITES];
};

_Static_assert(sizeof(struct ledger) <= LEDGER_BYTES, "the ledger outgrew its memfd");

#endif
