// SPDX-License-Identifier: GPL-2.0-or-later
/* First touch, and growth until the OOM kill: rows a1 to a5. */
#include <errno.h>

#include "bench/loops.h"
#include "bench/oom_cycle.h"
#include "bench/row.h"

#define FILL   (64 * MB)
#define MEMHOG (256 * MB)
#define OOM    (256 * MB)

static double anon_ns(struct job *j, const char *settings)
{
	double ns = 0;

	if (!engine_prepare(&j->engine, "anon", settings, &j->env) && !engine_run(&j->engine))
		ns = (double)engine_slot(&j->engine, "fill_ns");
	engine_release(&j->engine);
	return ns;
}

static double ours_anon(struct job *j)
{
	return anon_ns(j, j->row->settings);
}

static double limit_is_anon(struct job *j)
{
	return anon_ns(j, j->row->limit_settings);
}

static double populate(struct job *j)
{
	return (double)loop_populate(j->row->amount, j->row->huge);
}

static double populate_memset(struct job *j)
{
	return (double)loop_populate_memset(j->row->amount, j->row->huge);
}

static double write_words(struct job *j)
{
	return (double)loop_write_words(j->row->amount, j->row->huge);
}

static double memset_bytes(struct job *j)
{
	return (double)loop_memset(j->row->amount, j->row->huge);
}

static double populate_2(struct job *j)
{
	return (double)loop_populate_processes(j->row->amount, 2);
}

static double oom_limit(struct job *j)
{
	return (double)oom_cycle_limit(j->box, j->row->amount, j->row->huge);
}

static double oom_ours(struct job *j)
{
	return (double)oom_cycle_workload(j->box, j->row->amount, j->row->settings);
}

/* ---- peers ---- */

/* Of the bytes that it faulted in, by its rusage. */
static double faulting(struct job *j, const char *const argv[], uint64_t fault_bytes)
{
	struct rusage usage;
	double ns = peer_run(argv, &usage);

	return ns * (double)j->row->amount / ((double)usage.ru_minflt * (double)fault_bytes);
}

static double memhog(struct job *j)
{
	static const char *const argv[] = { "memhog", "-r1", "256m", NULL };

	return peer_run(argv, NULL) * (double)j->row->amount / (double)MEMHOG;
}

static double stress_ng(struct job *j)
{
	const char *argv[] = {
		"stress-ng",   "--quiet",      "--vm",
		"1",	       "--vm-bytes",   "256M",
		"--vm-method", "write64",      "-t",
		"2",	       "--vm-madvise", j->row->huge ? "hugepage" : "nohugepage",
		NULL
	};

	return faulting(j, argv, j->row->huge ? 2 * MB : 4096);
}

/* ---- the rows ---- */

#define PEER_MEMHOG                                                                            \
	{                                                                                      \
		"memhog", "numactl", memhog                                                    \
	}
#define PEER_STRESS_NG                                                                         \
	{                                                                                      \
		"stress-ng", "stress-ng", stress_ng                                            \
	}

const struct row touch_rows[] = {
	{ .id = "a1",
	  .work = "first touch, populate 4K",
	  .limit = populate,
	  .ours = ours_anon,
	  .settings = "size=64M touch=populate fill=zero",
	  .amount = FILL,
	  .target = 0.98,
	  .peer = { PEER_MEMHOG } },
	{ .id = "a1-2",
	  .work = "the same by 2 threads, to 1 thread",
	  .limit = limit_is_anon,
	  .limit_settings = "size=256M touch=populate fill=zero",
	  .ours = ours_anon,
	  .settings = "size=256M touch=populate fill=zero threads=2",
	  .amount = 256 * MB,
	  .target = 1.90 },
	{ .id = "a1-2p",
	  .work = "populate by 2 processes, to 1",
	  .limit = limit_is_anon,
	  .limit_settings = "size=256M touch=populate fill=zero",
	  .ours = populate_2,
	  .amount = 256 * MB },
	{ .id = "a2",
	  .work = "populate, every byte random",
	  .limit = populate,
	  .ours = ours_anon,
	  .settings = "size=64M touch=populate fill=random",
	  .amount = FILL,
	  .target = 0.94 },
	{ .id = "a2-same",
	  .work = "populate, every byte the same",
	  .limit = populate,
	  .ours = ours_anon,
	  .settings = "size=64M touch=populate fill=same",
	  .amount = FILL,
	  .target = 0.94 },
	{ .id = "a2-50",
	  .work = "populate, half of each page random",
	  .limit = populate,
	  .ours = ours_anon,
	  .settings = "size=64M touch=populate fill=50%",
	  .amount = FILL,
	  .target = 0.94 },
	{ .id = "a3",
	  .work = "real faults, every byte random",
	  .limit = memset_bytes,
	  .ours = ours_anon,
	  .settings = "size=64M touch=bytes fill=random",
	  .amount = FILL,
	  .target = 0.98,
	  .peer = { PEER_STRESS_NG } },
	{ .id = "a3-word",
	  .work = "real faults, a word per page",
	  .limit = write_words,
	  .ours = ours_anon,
	  .settings = "size=64M touch=write",
	  .amount = FILL,
	  .target = 0.98 },
	{ .id = "a4",
	  .work = "first touch, huge pages",
	  .limit = populate,
	  .ours = ours_anon,
	  .settings = "size=64M pages=huge touch=populate fill=zero",
	  .amount = FILL,
	  .huge = true,
	  .target = 0.98,
	  .peer = { PEER_STRESS_NG } },
	{ .id = "a4-byte",
	  .work = "huge pages, every byte random",
	  .limit = populate,
	  .ours = ours_anon,
	  .settings = "size=64M pages=huge touch=populate fill=random",
	  .amount = FILL,
	  .huge = true,
	  .target = 0.81 },
	{ .id = "a4-set",
	  .work = "the limit's own memset of the same",
	  .limit = populate,
	  .ours = populate_memset,
	  .amount = FILL,
	  .huge = true },
	{ .id = "a5",
	  .work = "OOM kill in 256 MiB",
	  .limit = oom_limit,
	  .ours = oom_ours,
	  .settings = "",
	  .amount = OOM,
	  .outside = true,
	  .target = 0.95 },
	{ .id = "a5-huge",
	  .work = "OOM kill in 256 MiB, huge pages",
	  .limit = oom_limit,
	  .ours = oom_ours,
	  .settings = "pages=huge",
	  .amount = OOM,
	  .outside = true,
	  .huge = true,
	  .target = 0.95 },
	{ .id = NULL },
};
