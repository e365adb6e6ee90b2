/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of what is read: file, format, kind and unit; and the parsers
 * from saved bytes to a record (parse.c). Nothing here opens a file: trial/capture.c
 * does, going by this table, and tests feed saved bytes.
 *
 * Unknown keys pass through with the source's default kind and unit. A line
 * that does not parse loses its counters; the record keeps the line and the reason.
 */
#ifndef PAGESTORM_COUNTERS_H
#define PAGESTORM_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/wordlist.h"
#include "harness/record/record.h"

/* Where a source lives: which path template and which scope it gives. */
enum place {
	PLACE_SYSTEM,  /* "/proc/vmstat", scope system (zoneinfo, swaps, diskstats: narrower) */
	PLACE_NODE,    /* "/sys/devices/system/node/node%u/…", scope node%u */
	PLACE_GROUP,   /* file in the worker's or the run's memory cgroup directory */
	PLACE_PROCESS, /* "/proc/%d/…" */
	PLACE_MAPPING, /* "/proc/%d/smaps", "/proc/%d/numa_maps": only the measured range */
};

enum format {
	FORMAT_KEY_VALUE, /* vmstat, memory.stat, memory.events: "key 123" */
	FORMAT_KEY_KB,	  /* meminfo: "Key:   123 kB" or "Key: 123" */
	FORMAT_STATUS,	  /* /proc/PID/status: the same between lines of text and masks */
	FORMAT_NODE_KB,	  /* node0/meminfo: "Node 0 Key:   123 kB" */
	FORMAT_IO,	  /* /proc/PID/io: "key: 123" */
	FORMAT_SINGLE,	  /* memory.current: "123"; counter is named after the file */
	FORMAT_ZONEINFO,
	FORMAT_BUDDYINFO,
	FORMAT_PRESSURE, /* "some avg10=0.00 … total=0" → some.avg10, some.total, full.… */
	FORMAT_CPU_STAT,  /* /proc/stat: cpu.user …, cpu0.user …, ctxt, processes … */
	FORMAT_SWAPS,	  /* scope swap:PATH, counters Size Used Priority */
	FORMAT_DISKSTATS, /* scope disk:NAME, counters by Documentation/admin-guide/iostats */
	FORMAT_PID_STAT,  /* counters by proc(5): minflt, majflt, utime, vsize, rss … */
	FORMAT_STATM,	  /* size resident shared text lib data dt */
	FORMAT_NUMA_STAT, /* memory.numa_stat: v1 "total=1 N0=1", v2 "anon N0=1": total.N0,
			     anon.N0 */
	FORMAT_SMAPS,	  /* sum over the entries within the measured range */
	FORMAT_NUMA_MAPS, /* the same: N0, N1, anon, dirty, mapped … in pages */
};

/* Kind and unit of the keys that match. The first matching rule applies. */
struct rule {
	const char *key; /* * stands for any number of characters */
	enum kind kind;
	enum unit unit;
};

struct source {
	const char *name; /* the source column: vmstat, memory.stat, pressure/memory … */
	const char *path; /* printf template, see enum place; for a group: the file's name */
	enum place place;
	enum format format;
	unsigned cgroup_version; /* PLACE_GROUP: 1, 2 or 0 for both */
	enum kind kind;		 /* defaults for keys that no rule names */
	enum unit unit;
	const struct rule *rules; /* ends with key == NULL; NULL: none */
};

/* Ends with name == NULL. */
extern const struct source sources[];

/* The rule that names this key; NULL when only the defaults apply. */
const struct rule *counters_rule(const struct source *source, const char *key);

/* Kind and unit of one key: by the rules first, then the defaults of the source. */
struct counter_type counters_type(const struct source *source, const char *key);

/* As the files have them, in the order of the enumerations. */
extern const struct wordlist kind_words; /* gauge cumulative peak info */
extern const struct wordlist unit_words; /* bytes pages kB … */

const char *kind_name(enum kind kind);
const char *unit_name(enum unit unit);

/* Addresses in [start, start + bytes). */
struct range {
	uint64_t start, bytes;
};

/* The captured bytes of one file. */
struct source_text {
	const struct source *source;
	const char *scope; /* the base scope: system, node0, group, process … */
	const char *bytes;
	size_t length;
	struct range range; /* PLACE_MAPPING: the measured mapping */
};

/*
 * Parses the bytes of one file into one side of the record. zoneinfo, buddyinfo, swaps
 * and diskstats replace the base scope by a narrower one. For PLACE_MAPPING only entries
 * that start within the range count, and are summed.
 *
 * No bytes (a process that is gone) give no counters; so does "max", and for a KIND_INFO
 * counter a number of 63 bits or more, which is how the kernel writes "no limit".
 *
 * A value that is no number, a number of 63 bits or more that is no limit, and a key that
 * is there twice lose their counter: it has no number on that side. Of a line that names no
 * counter, or is cut short, nothing is put. The record keeps each of these as a loss.
 *
 * 0, or -ENOMEM with *e.
 */
int counters_parse(struct record *record, bool after, const struct source_text *text,
		   struct error *e);

/*
 * numa_maps leaves out a node that holds none of a mapping's pages. Where that side
 * of the record has the mapping, gives each of these nodes that is missing its 0.
 */
int counters_numa_zero(struct record *record, bool after, const char *scope,
		       const unsigned *nodes, unsigned nr);

#endif
