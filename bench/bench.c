// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `make bench`: how near the workloads come to what this machine can do.
 *
 * Each row alternates a limit loop and the workload's own code in one process,
 * and prints the median of the paired ratios with their quartiles, so that a
 * slow minute of the machine slows both. Memory is faulted and freed first: on a
 * virtual machine the first touch after a pause measures the hypervisor.
 *
 * Alternates every few tens of ms, and never holds more than 500 MiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/engine.h"
#include "bench/limits.h"
#include "bench/oom_cycle.h"
#include "bench/paced.h"
#include "workloads/touch.h"

#define MB	   ((uint64_t)1 << 20)
#define PAIRS_MAX  101
#define FILL	   (64 * MB)
#define OOM	   (256 * MB)
#define CHURN	   (128 * MB)
#define CALLS	   200000
#define CALLS_TEXT "200000"
#define PEER_RUNS  3

struct row {
	const char *id, *work;
	uint64_t (*limit)(const struct row *row);
	uint64_t (*ours)(const struct row *row); /* NULL: the limit alone */
	const char *workload;			 /* behind `ours`, where it is not anon */
	const char *settings;			 /* of the workload behind `ours` */
	const char *limit_settings;
	uint64_t amount; /* bytes or calls */
	bool calls;
	bool huge;
	double target; /* ratio; 0: none */
	const char *peer;
	uint64_t peer_fault_bytes; /* what one of its minor faults brings */
};

/* ---- the two sides ---- */

static uint64_t anon_ns(const char *settings)
{
	struct engine e;
	uint64_t ns = 0;

	if (!engine_prepare(&e, "anon", settings, 0) && !engine_run(&e))
		ns = engine_slot(&e, "fill_ns");
	engine_release(&e);
	return ns;
}

static uint64_t ours_anon(const struct row *row)
{
	return anon_ns(row->settings);
}

static uint64_t limit_is_anon(const struct row *row)
{
	return anon_ns(row->limit_settings);
}

static uint64_t populate(const struct row *row)
{
	return limit_populate(row->amount, row->huge);
}

static uint64_t populate_memset(const struct row *row)
{
	return limit_populate_memset(row->amount, row->huge);
}

static uint64_t write_words(const struct row *row)
{
	return limit_write_words(row->amount, row->huge);
}

static uint64_t memset_bytes(const struct row *row)
{
	return limit_memset(row->amount, row->huge);
}

static uint64_t page_fault1(const struct row *row)
{
	return limit_page_fault1(row->amount);
}

static uint64_t map_populate(const struct row *row)
{
	return limit_map_populate(row->amount);
}

static uint64_t brk_calls(const struct row *row)
{
	return limit_brk(row->amount);
}

static uint64_t mmap_calls(const struct row *row)
{
	return limit_mmap_munmap(row->amount);
}

/* Of one cycle of 128 MiB: the first is not timed. */
static uint64_t churn_cycle(const struct row *row)
{
	struct engine e;
	uint64_t ns = 0;

	if (!engine_prepare(&e, row->workload, row->settings, 0) && !engine_run(&e))
		ns = e.worker.ledger->latency.sum;
	engine_release(&e);
	return ns;
}

/* Of all cycles, with what the workload does between them. */
static uint64_t churn_calls(const struct row *row)
{
	struct engine e;
	uint64_t ns = 0;

	if (!engine_prepare(&e, row->workload, row->settings, 0)) {
		uint64_t start_ns = limit_now_ns();

		if (!engine_run(&e))
			ns = limit_now_ns() - start_ns;
	}
	engine_release(&e);
	return ns;
}

static uint64_t oom_limit(const struct row *row)
{
	return oom_cycle_limit(row->amount, row->huge);
}

static uint64_t oom_ours(const struct row *row)
{
	return oom_cycle_workload(row->amount, row->settings);
}

static int scratch_file(char *path, size_t path_bytes, uint64_t bytes)
{
	const char *directory = getenv("TMPDIR");
	char *block = malloc(MB);
	int fd;

	snprintf(path, path_bytes, "%s/pagestorm-bench-XXXXXX",
		 directory ? directory : "/var/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0 && block) {
		memset(block, 0x5a, MB);
		for (uint64_t at = 0; at < bytes; at += MB)
			if (write(fd, block, MB) != (ssize_t)MB) {
				close(fd);
				unlink(path);
				fd = -1;
				break;
			}
	}
	free(block);
	if (fd >= 0)
		(void)fsync(fd); /* only makes the pages clean: reading needs no more */
	return fd;
}

static uint64_t pread_warm(const struct row *row)
{
	char path[256];
	int fd = scratch_file(path, sizeof(path), row->amount);
	uint64_t ns;

	if (fd < 0)
		return 0;
	(void)limit_pread(fd, row->amount); /* warms the cache */
	ns = limit_pread(fd, row->amount);
	close(fd);
	unlink(path);
	return ns;
}

static uint64_t read_direct(const struct row *row)
{
	char path[256];
	int fd = scratch_file(path, sizeof(path), row->amount);
	uint64_t ns;

	if (fd < 0)
		return 0;
	ns = limit_direct(path, row->amount, 16);
	close(fd);
	unlink(path);
	return ns;
}

/* ---- the table ---- */

#define STRESS_NG                                                                              \
	"stress-ng --quiet --vm 1 --vm-bytes 256M --vm-method write64 -t 2 --vm-madvise "

static const struct row rows[] = {
	{ .id = "a1",
	  .work = "first touch, populate 4K",
	  .limit = populate,
	  .ours = ours_anon,
	  .settings = "size=64M touch=populate fill=zero",
	  .amount = FILL,
	  .target = 0.98 },
	{ .id = "a1-2",
	  .work = "the same by 2 threads, to 1 thread",
	  .limit = limit_is_anon,
	  .limit_settings = "size=64M touch=populate fill=zero",
	  .ours = ours_anon,
	  .settings = "size=64M touch=populate fill=zero threads=2",
	  .amount = FILL,
	  .target = 1.90 },
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
	  .peer = STRESS_NG "nohugepage",
	  .peer_fault_bytes = 4096 },
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
	  .peer = STRESS_NG "hugepage",
	  .peer_fault_bytes = 2 * MB },
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
	  .target = 0.95 },
	{ .id = "a5-huge",
	  .work = "OOM kill in 256 MiB, huge pages",
	  .limit = oom_limit,
	  .ours = oom_ours,
	  .settings = "pages=huge",
	  .amount = OOM,
	  .huge = true,
	  .target = 0.95 },
	{ .id = "b1",
	  .work = "mmap, touch, munmap of 128 MiB",
	  .limit = page_fault1,
	  .ours = churn_cycle,
	  .workload = "mmap_churn",
	  .settings = "size=128M cycles=2 touch=write",
	  .amount = CHURN,
	  .target = 0.98 },
	{ .id = "b1-pop",
	  .work = "the same, populated",
	  .limit = map_populate,
	  .ours = churn_cycle,
	  .workload = "mmap_churn",
	  .settings = "size=128M cycles=2 touch=populate",
	  .amount = CHURN,
	  .target = 0.97 },
	{ .id = "b2-brk",
	  .work = "brk up and down, untouched",
	  .limit = brk_calls,
	  .ours = churn_calls,
	  .workload = "brk_churn",
	  .settings = "size=4K cycles=" CALLS_TEXT " touch=none",
	  .amount = CALLS,
	  .calls = true,
	  .target = 0.97 },
	{ .id = "b2-mmap",
	  .work = "mmap and munmap, untouched",
	  .limit = mmap_calls,
	  .ours = churn_calls,
	  .workload = "mmap_churn",
	  .settings = "size=4K cycles=" CALLS_TEXT " touch=none",
	  .amount = CALLS,
	  .calls = true,
	  .target = 0.97 },
	{ .id = "c1",
	  .work = "cold read, O_DIRECT 16 deep",
	  .limit = read_direct,
	  .amount = FILL },
	{ .id = "c2", .work = "warm read, pread 1 MiB", .limit = pread_warm, .amount = FILL },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts; share 0.5 is the median. */
static double quantile(double *values, unsigned nr, double share)
{
	qsort(values, nr, sizeof(*values), compare);
	return values[(unsigned)((nr - 1) * share + 0.5)];
}

static double per_second(const struct row *row, double ns)
{
	double amount =
		row->calls ? (double)row->amount / 1e3 : (double)row->amount / (1 << 30);

	return amount * 1e9 / ns;
}

/* Bytes per second that it faulted in, seen from outside by its rusage; NAN: not installed. */
static double peer_rate(const struct row *row)
{
	double rates[PEER_RUNS];

	for (unsigned i = 0; i < PEER_RUNS; i++) {
		uint64_t start_ns = limit_now_ns();
		struct rusage usage;
		pid_t pid = fork();
		int status;

		if (!pid) {
			execl("/bin/sh", "sh", "-c", row->peer, (char *)NULL);
			_exit(127);
		}
		if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || status)
			return NAN;
		rates[i] = (double)usage.ru_minflt * (double)row->peer_fault_bytes * 1e9 /
			   (double)(limit_now_ns() - start_ns);
	}
	return quantile(rates, PEER_RUNS, 0.5);
}

struct result {
	unsigned pairs;
	double limit_ns[PAIRS_MAX], ours_ns[PAIRS_MAX], ratio[PAIRS_MAX];
};

static int measure(const struct row *row, unsigned pairs, struct result *r)
{
	(void)limit_populate(256 * MB, false); /* prewarm; a refusal only leaves it colder */
	for (r->pairs = 0; r->pairs < pairs; r->pairs++) {
		double limit = (double)row->limit(row);
		double ours = row->ours ? (double)row->ours(row) : limit;

		if (limit == 0 || ours == 0)
			return -ENODEV;
		r->limit_ns[r->pairs] = limit;
		r->ours_ns[r->pairs] = ours;
		r->ratio[r->pairs] = limit / ours;
	}
	return 0;
}

static void print_row(const struct row *row, struct result *r)
{
	const char *unit = row->calls ? "k/s" : "GiB/s";
	double limit_ns = quantile(r->limit_ns, r->pairs, 0.5), ratio;

	printf("%-8s %-36s %8.2f %-5s", row->id, row->work, per_second(row, limit_ns), unit);
	if (row->ours) {
		ratio = quantile(r->ratio, r->pairs, 0.5);
		printf(" %8.2f  %5.3f (%.3f-%.3f)",
		       per_second(row, quantile(r->ours_ns, r->pairs, 0.5)), ratio,
		       quantile(r->ratio, r->pairs, 0.25), quantile(r->ratio, r->pairs, 0.75));
		if (row->target != 0)
			printf("  >=%.2f %s", row->target,
			       ratio >= row->target ? "met" : "MISSED");
	}
	if (row->peer) {
		double rate = peer_rate(row);

		if (isnan(rate))
			printf("  stress-ng: absent");
		else
			printf("  stress-ng %.2f", rate * limit_ns / 1e9 / (double)row->amount);
	}
	printf("\n");
	fflush(stdout);
}

static bool chosen(const char *id, char **names, int nr)
{
	for (int i = 0; i < nr; i++)
		if (!strcmp(names[i], id))
			return true;
	return !nr;
}

/* ---- paced growth ---- */

static const struct {
	const char *id, *settings, *unpaced;
	uint64_t bytes, bytes_per_second;
	double mean_target; /* per cent */
} paced_rows[] = {
	{ "g3-10", "size=20M touch=write rate=10M/s", "size=20M touch=write", 20 * MB, 10 * MB,
	  0.05 },
	{ "g3-100", "size=200M touch=write rate=100M/s", "size=200M touch=write", 200 * MB,
	  100 * MB, 0.05 },
	{ "g3-1000", "size=500M touch=write rate=1000M/s", "size=500M touch=write", 500 * MB,
	  1000 * MB, 1.0 },
};

#define NR_PACED_ROWS (sizeof(paced_rows) / sizeof(paced_rows[0]))

static void print_paced(size_t i)
{
	struct paced p;
	bool met;

	if (paced_measure(paced_rows[i].settings, paced_rows[i].unpaced, paced_rows[i].bytes,
			  paced_rows[i].bytes_per_second, &p)) {
		printf("%-8s growth at a rate                     cannot run here\n",
		       paced_rows[i].id);
		return;
	}
	met = fabs(p.mean_error_percent) <= paced_rows[i].mean_target && p.lag_max_ms <= 5 &&
	      p.end_error_pages == 0 && p.cpu_percent <= 2;
	printf("%-8s growth at %4" PRIu64 " MiB/s: mean %+.3f %% (%.2f), lag %.1f ms max, "
	       "%.1f p99 (5), end %+" PRId64 " pages (0), CPU beside faults %.1f %% (2)  %s\n",
	       paced_rows[i].id, paced_rows[i].bytes_per_second / MB, p.mean_error_percent,
	       paced_rows[i].mean_target, p.lag_max_ms, p.lag_p99_ms, p.end_error_pages,
	       p.cpu_percent, met ? "met" : "MISSED");
}

/* bench [PAIRS] [ROW…]; 25 pairs tell 4 KiB fills apart to a few per cent. */
int main(int argc, char **argv)
{
	unsigned pairs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 25;
	struct result *result = calloc(1, sizeof(*result));
	char **names = argc > 2 ? argv + 2 : NULL;
	int nr_names = argc > 2 ? argc - 2 : 0;

	if (!result || !pairs || pairs > PAIRS_MAX) {
		fprintf(stderr, "bench: pairs is from 1 to %d\n", PAIRS_MAX);
		return 2;
	}
	printf("%-8s %-36s %14s %9s  %s\n", "row", "work", "limit", "ours",
	       "ratio (quartiles), target, peer's ratio to the limit");
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (!chosen(rows[i].id, names, nr_names))
			continue;
		if (measure(&rows[i], pairs, result))
			printf("%-8s %-36s cannot run here: %s\n", rows[i].id, rows[i].work,
			       strerror(errno));
		else
			print_row(&rows[i], result);
	}
	for (size_t i = 0; i < NR_PACED_ROWS; i++)
		if (chosen(paced_rows[i].id, names, nr_names))
			print_paced(i);
	free(result);
	return 0;
}
