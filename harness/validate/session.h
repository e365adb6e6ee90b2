/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of one load with the tool beside it: the tool's output before, after or across the
 * work, and the results directory of the run. The output, the values of the placeholders and
 * the results are kept, so that a session can be replayed without running anything.
 */
#ifndef PAGESTORM_VALIDATE_SESSION_H
#define PAGESTORM_VALIDATE_SESSION_H

#include <stdbool.h>

#include "harness/base/error.h"
#include "harness/machine/host.h"
#include "harness/validate/adapter.h"
#include "harness/validate/command.h"

/* Names of the files in said_dir that hold /proc/vmstat, after the label and a dot. */
#define SESSION_VMSTAT_BEFORE "vmstat-before"
#define SESSION_VMSTAT_AFTER  "vmstat-after"

struct session {
	/* what the caller gives */
	const struct adapter *adapter;
	const struct load *load;
	const char *run_words; /* load->run, or the null load's */
	const struct host *host;
	const char *runs_dir, *said_dir;
	const char *label;	  /* names the files in said_dir */
	const char *filter;	  /* filters the output of the tool; NULL */
	const char *filtered_dir; /* for the filtered output */
	int signal_fd;
	bool wants_ready; /* the tool runs at READY as well */

	/* what comes of it */
	char *ready, *said; /* malloc'd; NULL: it did not run then */
	pid_t pid;	    /* the worker's */
	char run_path[512]; /* the run's directory */
	char skip[256];	    /* why the run cannot be here; "": it can */
	double seconds;	    /* from READY to HELD */
	int interrupted;
	bool not_restored;

	/* what it works with */
	struct command_names names;
	struct command_run across; /* the tool that runs across the work */
};

/* -errno when the harness failed; a tool that failed has said NULL and *e_tool the reason. */
int session_live(struct session *s, struct error *e_tool, struct error *e);

/*
 * Reads what an earlier session_live() left in said_dir, and writes nothing but into
 * filtered_dir. -ENOENT: it left nothing; -EINVAL: its run's directory is gone.
 */
int session_replay(struct session *s, struct error *e_tool, struct error *e);
void session_release(struct session *s);

#endif
