/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: everything a run will do, decided before it does anything. Pure after
 * the host probe: the same profile, host and overrides give the same plan, cell
 * numbers and order included.
 */
#ifndef PAGESTORM_PLAN_H
#define PAGESTORM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/error.h"
#include "harness/machine/host.h"
#include "harness/machine/limit.h"
#include "harness/machine/setting.h"
#include "harness/plan/outcome.h"
#include "harness/plan/primary.h"
#include "harness/plan/profile.h"
#include "workloads/api/workload.h"

enum risk {
	RISK_R0, /* contained in its cgroup */
	RISK_R1, /* changes settings or adds a swap device of its own: journalled, undone */
	RISK_R2, /* system-wide pressure */
	RISK_R3, /* may make the kernel kill others */
};

#define SETTINGS_MAX 32
#define WORKERS_MAX  16

/*
 * What the profile asked of a worker, defaults filled in.
 *
 * Limits. With one worker the [cgroup] limits (all but cpuset.*) are those of its own
 * group, so that what the kernel counts there is what was limited; with several they
 * are the run's group's. A worker that no memory.max covers gets a derived one:
 * footprint + max(64 MiB, footprint / 4). memory.max = max asks for none, and is R2 at
 * least. memory.swap.max is 0 unless it was set or the run has a swap device.
 */
struct request {
	unsigned char params[PARAMS_BYTES_MAX] __attribute__((aligned(16))); /* resolved */
	char params_text[1024]; /* size=202375168;fill=random */
	struct limits limits;	/* of its own group */
	char cpus[4096];	/* affinity list; "": any */
	uint64_t delay_ns;	/* after GO of the first */
	uint64_t hold_ns;	/* stay HELD this long before the capture */
	uint64_t timeout_ns;	/* of run() */
	bool background;	/* runs until the others are done, then is asked to stop */
	bool oom_score_adj_set;
	int oom_score_adj;
	uint64_t prewarm_bytes;
	uint64_t shortfall_pages; /* fault injection: do this much less than claimed */
};

/* What follows from the request on this machine; for a skipped worker only the outcome. */
struct prediction {
	uint64_t footprint_bytes, target_bytes;
	double seconds;	       /* of run() */
	enum outcome expected; /* as [expect] says, else the workload */
	unsigned nr_claims;
	struct claim *claim;
};

struct plan_worker {
	char name[64];
	const struct workload *workload;
	struct request request;
	/*
	 * The cell's, shared by the workers for which it is the same. limit_bytes is the limit
	 * in force for claims(), derived or not, or one of a group above where that is tighter;
	 * check() and footprint() saw a limit that was asked for, or 0.
	 */
	const struct workload_env *env;
	struct prediction prediction;
	char skip[256]; /* why it cannot run here; "": it can */
};

/* How the cell prepares the machine before each repeat. */
enum reset {
	RESET_NONE,
	RESET_DROP_CACHES = 1 << 0,
	RESET_COMPACT = 1 << 1,
	RESET_SWAP = 1 << 2, /* a fresh swap device */
};

struct plan_swap {
	enum swap_kind kind;
	uint64_t size_bytes;
	int priority;	    /* -1: the kernel's choice */
	char path[256];	    /* file only: where; "": in the results directory */
	char algorithm[32]; /* zram only: "": the kernel's default */
};

#define CELL_LABEL_BYTES 256 /* a plan with a longer one is refused */

struct plan_cell {
	unsigned index;
	char label[CELL_LABEL_BYTES]; /* vm.swappiness=10;hog.size=64M */
	unsigned nr_settings;
	struct setting setting[SETTINGS_MAX]; /* [sysctl] and [setting], sweep applied */
	struct limits limits;		      /* of the run's group, around all workers */
	struct plan_swap swap;
	unsigned nr_envs;
	struct workload_env *env; /* of the workers, each different one once */
	unsigned nr_workers;
	struct plan_worker *worker;
	struct plan_worker *null_worker; /* the noise floor's run: same group, null workload */
};

/* A test of the profile's [expect] on a worker's counter or outcome. */
struct expectation {
	char worker[64]; /* "": each */
	char key[96];	 /* outcome, or a column of runs.csv, or scope/source/counter */
	char source[96]; /* of a counter: between its first slash and its last */
	enum relation relation;
	int64_t value;	   /* of outcome: enum outcome */
	int64_t tolerance; /* between: the upper end less value */
	enum unit unit;	   /* of a column: its own, and value is in it; of a counter: BYTES or
			      NSEC as written, COUNT a bare number in the counter's own unit */
	char cell[128];	   /* of which cells: size=64M;vm.swappiness=0; "": of all */
	unsigned first; /* the alternatives of its key begin there: the first that fits holds */
	char text[160]; /* as written */
	unsigned line;
};

#define EXPECTATIONS_MAX 32

struct plan_step {
	unsigned cell;
	int repeat; /* from 1; warm-ups 0, -1, … */
};

struct plan {
	char name[64];
	char why[512];
	unsigned repeats, warmup;
	unsigned retries; /* how often a disturbed trial is repeated, at most */
	uint64_t seed;
	uint64_t sample_ns; /* 0: no samples */
	uint64_t timeout_ns, grace_ns;
	unsigned reset; /* enum reset, or-ed */
	bool keep_raw;
	bool noise; /* a null run beside each; each cell has its null_worker */
	enum risk risk;
	char risk_why[256];
	double seconds;	     /* expected duration */
	uint64_t peak_bytes; /* largest sum of footprints over the cells */
	bool zip;	     /* the sweep's values go together, one of each a cell */
	unsigned nr_cells;
	struct plan_cell *cell;
	size_t nr_steps;
	struct plan_step *step;	  /* shuffled blocks, in order */
	struct primaries primary; /* metrics that answer the question */
	unsigned nr_expectations;
	struct expectation expectation[EXPECTATIONS_MAX];
	char *profile_text; /* as expanded, for profile.ini */
	char source[512];   /* the profile's file when it was found by name; else "" */
	struct error
		skipped;     /* a file of that name that was passed over, and why; else empty */
	const char *renamed; /* a sentence about a key by its old name; NULL: there is none */
	const struct host *host; /* the machine: the caller's, which outlives the plan */
};

const char *risk_name(enum risk risk);

/*
 * The plan owns its cells, their workers and environments, its steps and its profile_text until
 * plan_release(); of the profile it keeps nothing, and of the host only the pointer.
 * -EINVAL with "file:line: error: …" in *e for anything wrong in the profile;
 * -ENOMEM (exit 2 as well) when a footprint does not fit its limit or the machine.
 */
int plan_make(struct plan *plan, const struct profile *profile, const struct host *host,
	      struct error *e);
void plan_release(struct plan *plan);

#endif
