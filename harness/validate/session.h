/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One run of one load with the tool beside it: what it printed before, after or
 * across the work, and the directory that the run left. The output, the names that
 * stood for the worker and the run's directory are kept, so that the same session can
 * be read again without running anything.
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
	const char *filter;	  /* a program that what the tool printed goes through; NULL */
	const char *filtered_dir; /* where what comes out of it goes */
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
