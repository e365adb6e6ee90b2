/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An adapter: all that validate knows of one tool, read from NAME.ini. [tool] has the command,
 * [load NAME] the workload, [quantity NAME] the number to read and its truth.
 *
 * Everything is checked when it is read, patterns and expressions included, so that a mistake
 * is reported with file:line before anything runs.
 */
#ifndef PAGESTORM_VALIDATE_ADAPTER_H
#define PAGESTORM_VALIDATE_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/error.h"
#include "harness/plan/profile.h"
#include "harness/validate/reading.h"
#include "harness/validate/reading_sites.h"

#define ADAPTER_LOADS_MAX      12
#define ADAPTER_QUANTITIES_MAX 32

/* When the tool runs. */
enum visit {
	VISIT_HELD,   /* at HELD; at READY too for a difference */
	VISIT_GONE,   /* after the worker's end; at READY too for a difference */
	VISIT_DURING, /* from READY to HELD */
	VISIT_WRAP,   /* the worker runs under it */
};

/* How validate detects that a tool that runs across the work has begun to count. */
enum attach {
	ATTACH_TIME,   /* no sign: wait for `settle` */
	ATTACH_TRACER, /* /proc/PID/status names it as TracerPid */
	ATTACH_OUTPUT, /* it has printed something */
};

struct load {
	const char *name;
	const struct profile_entry *at; /* its run= line */
	const char *run;		/* words of `pagestorm run` */
	const char *command, *report, *needs;
	const char *user; /* whom the command runs as; "": as us */
	enum visit visit;
	enum attach attach;
	unsigned repeats; /* maximum; 0: none */
	double settle_s, timeout_s;
	bool ends_itself; /* across the work: waited for, not interrupted */
	bool fails;	  /* an exit status above 0 is a finding, not a failure */
};

/* The number to compare, of a tool that reports allocation sites. */
enum site_score {
	SITES_NONE,
	SITES_PRECISION, /* percentage of the reported sites that leak */
	SITES_RECALL,	 /* percentage of the leaking sites that are reported */
	SITES_BYTES,	 /* sum over sites of |said - true| bytes; the truth is 0 */
};

struct quantity {
	const char *name;
	const struct profile_entry *at; /* its truth= line, or the first */
	const struct load *load;
	struct reading reading;
	enum site_score sites;
	struct reading_sites record;  /* of sites */
	bool is_difference;	      /* HELD (or GONE) less READY */
	bool is_shared;		      /* of the whole machine: a noise floor is measured */
	const char *truth, *evidence; /* expression; in words */
	const char *others; /* expression: what other processes moved of it; NULL: unknown */
	const char *resolution, *resolution_why; /* expression; NULL: the last printed digit */
	const char *bias, *bias_to, *bias_why;	 /* expressions, inclusive; NULL: none known */
	const char *why;			 /* a remark on the number; NULL */
};

struct adapter {
	struct profile text; /* owns the strings */
	char name[64];
	const char *summary, *package, *program, *version, *needs;
	const char *user; /* of the version's command too; "": as us */
	unsigned nr_loads, nr_quantities;
	struct load load[ADAPTER_LOADS_MAX];
	struct quantity quantity[ADAPTER_QUANTITIES_MAX];
};

void adapter_init(struct adapter *a);
void adapter_release(struct adapter *a);

/* Reads and checks. *e is "file:line: error: …" for what is wrong; -ENOENT: no such file. */
int adapter_read(struct adapter *a, const char *path, struct error *e);

/* Whether the name is a path, not the name of an adapter. */
bool adapter_is_path(const char *name);

/*
 * Finds a path, or NAME as profiles/tools/NAME.ini here or where it is installed. An adapter
 * has commands: one that another user could have written (trust.h) is skipped; *skipped then
 * names the first. -EPERM: only such; -ENOENT: none.
 */
int adapter_find(const char *name, char *path, size_t path_bytes, struct error *skipped);

/* The directory that holds the adapters. -ENOENT or -EPERM with a sentence. */
int adapter_directory(char *path, size_t path_bytes, struct error *e);

#endif
