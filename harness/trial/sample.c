// SPDX-License-Identifier: GPL-2.0-or-later
/* A few cheap numbers at each tick. Opens no file whose reading walks page tables. */
#include "harness/trial/sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/api/arith.h"

/* vmstat, the longest, has 5 KiB and does not grow with the machine. */
#define TEXT_BYTES 32768

static bool read_text(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 0;

	/* one read gives a page of it at most (seq_read_iter(), fs/seq_file.c) */
	while (fd >= 0 && (n = read(fd, text + used, TEXT_BYTES - 1 - used)) > 0)
		used += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[used] = 0;
	return used > 0 && n >= 0;
}

/* The number after "key" and its separator, at the start of a line. */
static bool find_key(const char *text, const char *key, int64_t *value)
{
	const size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) || !strchr(" :", line[length]) || !line[length])
			continue;
		*value = strtoll(line + length + strspn(line + length, ": \t"), NULL, 10);
		return true;
	}
	return false;
}

/* Stall time in microseconds from the `some` or `full` line of a pressure file. */
static bool find_stall(const char *text, const char *line, int64_t *usec)
{
	const char *at = strstr(text, line);

	at = at ? strstr(at, "total=") : NULL;
	if (at)
		*usec = strtoll(at + 6, NULL, 10);
	return at;
}

/* System-wide cumulative quantities, in the order of sample_base.value. */
static const struct {
	const char *key, *quantity, *unit;
	int64_t scale; /* kernel unit to ours; 0: page size */
} totals[] = {
	{ "pswpin", "swap_in", "bytes", 0 },
	{ "pswpout", "swap_out", "bytes", 0 },
	{ "workingset_refault_anon", "refault_anon", "pages", 1 },
	{ "workingset_refault_file", "refault_file", "pages", 1 },
};

/* A row that is filled but for its quantity, and where it goes. */
struct sampler {
	struct results *results;
	struct sample_row row;
};

static void put(const struct sampler *s, const char *quantity, const char *unit, int64_t value)
{
	struct sample_row row = s->row;

	row.quantity = quantity;
	row.unit = unit;
	row.value = value;
	results_sample(s->results, row);
}

static void sample_system(const struct sampler *s, struct sample_base *base)
{
	static const char *const stalls[] = { "some", "full" };
	char text[TEXT_BYTES];
	int64_t value, now[8] = { 0 };
	bool has[8] = { false };
	unsigned n = 0;

	read_text("/proc/vmstat", text);
	for (; n < ARRAY_SIZE(totals); n++)
		if ((has[n] = find_key(text, totals[n].key, &value)))
			now[n] = value *
				 (totals[n].scale ? totals[n].scale : sysconf(_SC_PAGESIZE));
	read_text("/proc/pressure/memory", text);
	for (unsigned i = 0; i < 2; i++)
		has[n + i] = find_stall(text, stalls[i], &now[n + i]);
	if (!base->known)
		memcpy(base->value, now, sizeof(now));
	base->known = true;
	for (unsigned i = 0; i < n; i++)
		if (has[i])
			put(s, totals[i].quantity, totals[i].unit, now[i] - base->value[i]);
	for (unsigned i = 0; i < 2; i++)
		if (has[n + i])
			put(s, i ? "psi_memory_full" : "psi_memory_some", "usec",
			    now[n + i] - base->value[n + i]);
	read_text("/proc/meminfo", text);
	if (find_key(text, "MemFree", &value))
		put(s, "mem_free", "kB", value);
	if (find_key(text, "MemAvailable", &value))
		put(s, "mem_available", "kB", value);
}

static void sample_group(const struct sampler *s, const struct trial_worker *worker)
{
	const bool v1 = worker->group.version == 1;
	char text[TEXT_BYTES], path[GROUP_PATH_BYTES + 32];
	uint64_t usage, swap;
	int64_t value;

	if (!worker->group.version)
		return; /* in place */
	if (!group_read_number(&worker->group, v1 ? "memory.usage_in_bytes" : "memory.current",
			       &usage))
		put(s, "group_usage", "bytes", (int64_t)usage);
	if (!v1 && !group_read_number(&worker->group, "memory.swap.current", &swap))
		put(s, "group_swap", "bytes", (int64_t)swap);
	snprintf(path, sizeof(path), "%s/memory.stat", worker->group.path);
	read_text(path, text);
	if (v1 && find_key(text, "swap", &value))
		put(s, "group_swap", "bytes", value);
	if (find_key(text, v1 ? "rss" : "anon", &value))
		put(s, "group_anon", "bytes", value);
	if (find_key(text, v1 ? "cache" : "file", &value))
		put(s, "group_file", "bytes", value);
}

/* Since GO a stall late in a run hardly shows; of the interval it does. */
static void sample_latency(const struct sampler *s, const struct histogram *latency,
			   struct histogram *seen)
{
	struct histogram since;

	if (!latency->count)
		return;
	put(s, "latency_p99", "nsec", (int64_t)histogram_quantile(latency, 0.99));
	histogram_take(latency, seen, &since);
	if (since.count)
		put(s, "latency_interval_p99", "nsec",
		    (int64_t)histogram_quantile(&since, 0.99));
}

static void sample_worker(const struct sampler *s, const struct trial_worker *worker,
			  struct histogram *seen)
{
	const struct ledger *ledger = worker->process.ledger;
	char path[64], text[TEXT_BYTES];
	long long size, resident;

	if (!ledger)
		return;
	put(s, "achieved", "bytes", (int64_t)ledger->achieved_bytes);
	if (ledger->moved_bytes)
		put(s, "moved", "bytes", (int64_t)ledger->moved_bytes);
	if (ledger->ops)
		put(s, "ops", "count", (int64_t)ledger->ops);
	sample_latency(s, &ledger->latency, seen);
	snprintf(path, sizeof(path), "/proc/%d/statm", worker->process.pid);
	if (read_text(path, text) && sscanf(text, "%lld %lld", &size, &resident) == 2)
		put(s, "rss", "bytes", resident * sysconf(_SC_PAGESIZE));
}

void sample_take(const struct trial *trial, const char *phase, int repeat,
		 struct sample_base *base, struct results *results)
{
	struct sampler s = { .results = results,
			     .row = { .place = { .cell = trial->cell->index,
						 .repeat = repeat,
						 .attempt = trial->attempt,
						 .worker = "" },
				      .phase = phase,
				      .t_ms = trial_ms(trial) } };

	if (!base->known)
		memset(base->seen, 0, WORKERS_MAX * sizeof(*base->seen));
	sample_system(&s, base);
	for (unsigned i = 0; i < trial->nr_workers; i++) {
		s.row.place.worker = trial->worker[i].plan->name;
		sample_group(&s, &trial->worker[i]);
		if (trial->worker[i].state != WORKER_DEAD)
			sample_worker(&s, &trial->worker[i], &base->seen[i]);
	}
	results_sampled(results);
}
