/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the raw bytes of every counter file at a barrier, through descriptors
 * and into buffers that exist beforehand. Nothing is parsed at the barrier.
 *
 * Which files there are is record/counters.h's table; a file that this machine
 * lacks is left out and its counters stay absent.
 */
#ifndef PAGESTORM_CAPTURE_H
#define PAGESTORM_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/base/error.h"
#include "harness/machine/host.h"
#include "harness/record/counters.h"
#include "harness/machine/group.h"
#include "workloads/api/ledger.h"

enum barrier {
	BARRIER_READY,
	BARRIER_HELD,
	BARRIER_GONE,
	BARRIERS,
};

/* Owner of a file: a worker's index, or the machine and the run as a whole. */
#define OWNER_SYSTEM (-1)
#define OWNER_RUN    (-2)

/*
 * Scope of the machine's counters as they were before READY's other captures and after
 * HELD's and GONE's. The other spans lie within theirs, so that whatever moved a counter of
 * a group or a process is in it.
 */
#define CAPTURE_AROUND "around"

struct capture_bytes {
	char *data;
	size_t length, capacity;
	bool present; /* it could be read at that barrier */
	int error;    /* errno of a read that failed although the file exists */
};

struct capture_file {
	const struct source *source;
	char scope[24];
	int owner;
	int fd;
	pid_t pid;	    /* of a process's file */
	struct range range; /* of a mapping's */
	struct capture_bytes at[BARRIERS];
};

struct capture {
	struct capture_file *file;
	size_t nr, capacity;
	unsigned node[ENV_NODES_MAX]; /* ids: numa_maps leaves out a node that holds nothing */
	unsigned nr_nodes;
};

void capture_init(struct capture *c);
void capture_release(struct capture *c);

/* Opens the machine's and the nodes' files. */
int capture_open_system(struct capture *c, const struct host *host, struct error *e);

/* Opens a group's files; owner is the worker's index, or OWNER_RUN for the run's group. */
int capture_open_group(struct capture *c, const struct group *group, int owner,
		       struct error *e);

/*
 * Opens the files of the processes and mappings that the ledger names and that
 * are not open yet: at READY, and again at HELD for children made by run().
 */
int capture_open_processes(struct capture *c, const struct ledger *ledger, int owner,
			   struct error *e);

/* What to take at a barrier: system files, group files or process files, of one owner or all.
 */
enum capture_part {
	PART_SYSTEM = 1 << 0,
	PART_GROUPS = 1 << 1,
	PART_PROCESSES = 1 << 2,
	PART_AROUND = 1 << 3, /* what evidence is read from: begins before the others' span */
};

/*
 * Reads into the buffers. A file that cannot be read (a process has gone) is
 * absent at that barrier and no error.
 */
void capture_take(struct capture *c, enum barrier barrier, unsigned parts);

/*
 * Parses the two barriers of a span into a record of one owner: the owner's own files, the
 * system's and the run's. The record is sorted.
 */
int capture_parse(const struct capture *c, int owner, enum span span, struct record *record,
		  struct error *e);

/* Writes every buffer into a directory: raw/BARRIER-SCOPE-SOURCE with slashes as dots. */
int capture_keep(const struct capture *c, int dirfd, const char *prefix, struct error *e);

#endif
