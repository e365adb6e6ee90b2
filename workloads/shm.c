// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shm: N processes that share S bytes, with known RSS, PSS and USS of each.
 *
 * Exact: each process has S resident; a page that N processes map counts 1/N in the PSS of
 *   each, in the kernel's fixed-point arithmetic; no page is private while N > 1; the group
 *   is charged once, at the first touch. After a fork (kind=cow) a page that every child
 *   writes is private in each process: each child's copy is charged, and the parent's page
 *   is no longer shared.
 * Moves: Rss and Pss of each mapping, the group's shmem (or file, or anon) once.
 * Unchanged: Private_Dirty and Private_Clean of shared mappings; the group's charge when
 *   the second and later processes touch.
 * Caveats: the sum of RSS over the processes is N times S; the sum of PSS loses up to a KiB
 *   per process to rounding. A System V segment is marked for removal at once and cannot
 *   outlive its processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "workloads/api/promise.h"
#include "workloads/probe/residency.h"
#include "workloads/act/worker.h"

#define PROCS_MAX_TEXT "16"
#define CHUNK_BYTES    (256 * 1024)
/* Fixed-point shift of PSS, fs/proc/task_mmu.c. */
#define PSS_SHIFT 12
/* Extent blocks, read through the block device and charged to the group as file memory. */
#define META_PAGES 16

enum shm_kind { KIND_MEMFD, KIND_SYSV, KIND_TMPFS, KIND_FILE, KIND_COW };

struct shm_params {
	uint64_t size_bytes, procs;
	int kind;
	double written;
};

enum shm_slot { SLOT_PAGES_SHARED, SLOT_PAGES_COPIED };

struct shm {
	volatile char *map;
	uint64_t bytes, page_bytes;
	int fd;			     /* -1: none */
	int go[LEDGER_PROCESSES][2]; /* a pipe per child for commands */
	int done[2];		     /* one pipe for all answers */
	unsigned nr_children;
	/* Computed before the fork: a child's first access to .rodata would fault. */
	uint64_t to_visit[LEDGER_PROCESSES];
};

#define AT(member) .offset = offsetof(struct shm_params, member)

static const struct workload_option options[] = {
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "64M",
	  .min = "4K",
	  .help = "bytes to share, rounded up to whole pages",
	  AT(size_bytes) },
	{ .name = "procs",
	  .type = OPTION_COUNT,
	  .fallback = "4",
	  .min = "1",
	  .max = PROCS_MAX_TEXT,
	  .help = "number of processes that share them, including the worker",
	  AT(procs) },
	{ .name = "kind",
	  .type = OPTION_CHOICE,
	  .fallback = "memfd",
	  .choices = "memfd|sysv|tmpfs|file|cow",
	  .help = "memfd, System V, tmpfs, a private read-only file mapping, or fork",
	  AT(kind) },
	{ .name = "written",
	  .type = OPTION_RATIO,
	  .fallback = "25%",
	  .min = "0",
	  .max = "1",
	  .help = "share of the pages that each child writes, when kind is cow",
	  AT(written) },
	{ .name = NULL },
};

static uint64_t shm_pages(const struct shm_params *p, const struct workload_env *env)
{
	return (p->size_bytes + env->page_bytes - 1) / env->page_bytes;
}

/* Pages that a child writes after the fork. */
static uint64_t written_pages(const struct shm_params *p, const struct workload_env *env)
{
	return (uint64_t)(p->written * (double)shm_pages(p, env));
}

static uint64_t shm_target(const void *params, const struct workload_env *env)
{
	return shm_pages(params, env) * env->page_bytes;
}

static uint64_t shm_footprint(const void *params, const struct workload_env *env)
{
	const struct shm_params *p = params;
	const uint64_t copies =
		p->kind == KIND_COW ? (p->procs - 1) * written_pages(p, env) * env->page_bytes
				    : 0;
	const uint64_t tables =
		p->procs * (shm_target(p, env) / env_table_entries(env) + 16 * env->page_bytes);
	const uint64_t processes = p->procs * 1024 * 1024; /* measured: 0.6 MiB each on 6.18 */

	return shm_target(p, env) + copies + tables + processes + META_PAGES * env->page_bytes +
	       (uint64_t)env_usage_slack_bytes(env);
}

static int shm_check(const void *params, const struct workload_env *env, char *reason,
		     size_t reason_bytes)
{
	const char *wrong =
		env_fits(env, shm_footprint(params, env))
			? NULL
			: "the processes exceed the group's limit and would cause reclaim: raise memory.max or memory.high or lower size";

	return check_answer(wrong, NULL, reason, reason_bytes);
}

/* ---- promises ---- */

/*
 * Pss of nr pages that `sharers` processes map, in kB as smaps shows it: a page
 * contributes (PAGE_SIZE << PSS_SHIFT) / mapcount, and the sum is shifted back
 * (smaps_account() and SEQ_PUT_DEC in fs/proc/task_mmu.c).
 */
static uint64_t pss_fixed(uint64_t nr_pages, uint64_t sharers, uint64_t page_bytes)
{
	return nr_pages * ((page_bytes << PSS_SHIFT) / sharers);
}

static int64_t pss_bytes(uint64_t fixed)
{
	return (int64_t)(fixed >> (PSS_SHIFT + 10) << 10);
}

#define SCOPE_BYTES sizeof(((struct claim *)0)->scope)

static void mapping_scope(unsigned i, char *scope, size_t bytes)
{
	if (i)
		snprintf(scope, bytes, "mapping%u", i);
	else
		snprintf(scope, bytes, "mapping");
}

/* Processes with claims: the first eight, so that the claims fit; the others are alike. */
static unsigned claimed_processes(const struct shm_params *p)
{
	return p->procs < 8 ? (unsigned)p->procs : 8;
}

static void claim_shared(const struct shm_params *p, const struct workload_env *env,
			 struct claims *out)
{
	const int64_t size = (int64_t)shm_target(p, env), shared = p->procs > 1 ? size : 0;
	const int64_t pss = pss_bytes(pss_fixed(shm_pages(p, env), p->procs, env->page_bytes));
	const bool file = p->kind == KIND_FILE;
	char scope[SCOPE_BYTES];
	/* clang-format off */
	const struct promise mapping[] = {
		{ .quantity = "resident_bytes", .scope = scope,
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES, .expected = size,
		  .why = "each process maps all of it" },
		{ .quantity = "proportional_bytes", .scope = scope,
		  .source = "smaps", .counter = "Pss", .unit = UNIT_BYTES, .expected = pss,
		  .why = "each page counts 1/N in each of the N processes" },
		{ .quantity = "shared_bytes", .scope = scope,
		  .source = "smaps", .counter = file ? "Shared_Clean" : "Shared_Dirty",
		  .unit = UNIT_BYTES, .expected = shared,
		  .why = "more than one process maps each page" },
		{ .quantity = "unique_bytes", .scope = scope,
		  .source = "smaps", .counter = file ? "Private_Clean" : "Private_Dirty",
		  .unit = UNIT_BYTES, .expected = size - shared,
		  .why = "a page is private if no other process maps it" },
	};
	const struct promise charged[] = {
		{ .quantity = "group_shared_bytes", .scope = "group",
		  .source = "memory.stat", .counter = file ? env_group_file(env) : "shmem",
		  .unit = UNIT_BYTES, .basis = file ? BASIS_BOUNDED : BASIS_EXACT,
		  .expected = size, .tolerance = file ? META_PAGES * (int64_t)env->page_bytes : 0,
		  .why = file ? "charged once to the group of the first toucher; up to 16 pages of extent blocks"
		         : "charged once to the group of the first toucher" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .why = "shared memory and file pages are not anonymous" },
		{ .quantity = "pages_shared", .scope = "ledger",
		  .source = "ledger", .counter = "pages_shared", .unit = UNIT_PAGES,
		  .expected = (int64_t)(shm_pages(p, env) * p->procs),
		  .why = "each process touches each page once" },
	};
	/* clang-format on */

	for (unsigned i = 0; i < claimed_processes(p); i++) {
		mapping_scope(i, scope, sizeof(scope));
		PROMISE_ROWS(out, SPAN_WORK, mapping);
	}
	PROMISE_ROWS(out, SPAN_WORK, charged);
}

static void claim_copies(const struct shm_params *p, uint64_t written, struct claims *out)
{
	char scope[SCOPE_BYTES];
	/* clang-format off */
	const struct promise copied = {
		.quantity = "minor_faults", .scope = scope,
		.source = "stat", .counter = "minflt", .expected = (int64_t)written,
		.why = "one fault per copied page",
	};
	/* clang-format on */

	for (unsigned i = 1; i < claimed_processes(p); i++) {
		snprintf(scope, sizeof(scope), "process%u", i);
		promise_add(out, SPAN_WORK, &copied, 1);
	}
}

/* Before: all processes share every page. After: the written ones are private. */
static void claim_cow(const struct shm_params *p, const struct workload_env *env,
		      struct claims *out)
{
	const uint64_t page = env->page_bytes, all = shm_pages(p, env);
	const uint64_t written = p->procs > 1 ? written_pages(p, env) : 0;
	const int64_t own = (int64_t)(written * page);
	const int64_t before = pss_bytes(pss_fixed(all, p->procs, page));
	const int64_t after = pss_bytes(pss_fixed(written, 1, page) +
					pss_fixed(all - written, p->procs, page));
	char scope[SCOPE_BYTES];
	/* clang-format off */
	const struct promise mapping[] = {
		{ .quantity = "resident_bytes", .scope = scope,
		  .source = "smaps", .counter = "Rss", .unit = UNIT_BYTES,
		  .why = "a copy replaces the original in the page table" },
		{ .quantity = "proportional_bytes", .scope = scope,
		  .source = "smaps", .counter = "Pss", .unit = UNIT_BYTES,
		  .expected = after - before,
		  .why = "a written page counts in full; the others still count 1/N" },
		{ .quantity = "unique_bytes", .scope = scope,
		  .source = "smaps", .counter = "Private_Dirty", .unit = UNIT_BYTES,
		  .expected = own,
		  .why = "only its child maps a copy and only the parent the original" },
		{ .quantity = "shared_bytes", .scope = scope,
		  .source = "smaps", .counter = "Shared_Dirty", .unit = UNIT_BYTES,
		  .expected = -own,
		  .why = "written pages are no longer shared" },
	};
	const struct promise all_together[] = {
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = own * (int64_t)(p->procs - 1),
		  .why = "each child's copies are charged; the parent keeps the originals" },
		{ .quantity = "pages_copied", .scope = "ledger",
		  .source = "ledger", .counter = "pages_copied", .unit = UNIT_PAGES,
		  .expected = (int64_t)(written * (p->procs - 1)),
		  .why = "each child writes its share once" },
	};
	/* clang-format on */

	for (unsigned i = 0; i < claimed_processes(p); i++) {
		mapping_scope(i, scope, sizeof(scope));
		PROMISE_ROWS(out, SPAN_WORK, mapping);
	}
	PROMISE_ROWS(out, SPAN_WORK, all_together);
	claim_copies(p, written, out);
}

static void shm_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct shm_params *p = params;

	if (p->kind == KIND_COW)
		claim_cow(p, env, out);
	else
		claim_shared(p, env, out);
}

/* ---- the children ---- */

/* One write or read per page of the first nr. */
static void visit(const struct shm *s, uint64_t nr, bool write)
{
	for (uint64_t i = 0; i < nr; i++) {
		if (write)
			s->map[i * s->page_bytes] = (char)(i + 1);
		else
			(void)s->map[i * s->page_bytes]; /* volatile: it is read */
	}
}

static uint64_t pages_to_visit(const struct worker *w, const struct shm *s, unsigned i)
{
	const struct shm_params *p = w->params;
	const uint64_t all = s->bytes / s->page_bytes;
	uint64_t nr = p->kind == KIND_COW ? written_pages(p, w->env) : all;
	/* Fault injection: the last process leaves pages out, which no other touches for it. */
	uint64_t left_out = i == s->nr_children ? w->ledger->shortfall_pages : 0;

	return nr > left_out ? nr - left_out : 0;
}

/* 'V' visits; 'W' warms up: the same code without a page, to fault in the child's own pages. */
static int child(struct worker *w, unsigned i, void *arg)
{
	const struct shm *s = arg;
	const struct shm_params *p = w->params;
	char c;

	while (read(s->go[i][0], &c, 1) == 1) {
		const uint64_t nr = c == 'V' ? s->to_visit[i] : 0;

		visit(s, nr, p->kind != KIND_FILE);
		worker_slot_add(w, p->kind == KIND_COW ? SLOT_PAGES_COPIED : SLOT_PAGES_SHARED,
				nr);
		if (write(s->done[1], &c, 1) != 1)
			return 1;
	}
	return 0;
}

/* Sends a command to every child and waits for every answer. */
static int command_children(struct worker *w, const struct shm *s, char what)
{
	for (unsigned i = 1; i <= s->nr_children; i++)
		if (write(s->go[i][1], &what, 1) != 1)
			return worker_fail(w, errno, "cannot write to a child's pipe: %s",
					   strerror(errno));
	for (unsigned i = 1; i <= s->nr_children; i++) {
		char c;

		if (read(s->done[0], &c, 1) != 1)
			return worker_fail(w, EPIPE, "a child exited before it was done");
	}
	return 0;
}

/* ---- the worker ---- */

/* On disk and out of the page cache, so that the first read charges the group. */
static int make_file(struct worker *w, struct shm *s)
{
	struct residency residency = { 0 };
	int ret = 0;

	for (uint64_t at = 0; at < s->bytes && !ret; at += s->page_bytes)
		if (pwrite(s->fd, &at, sizeof(at), (off_t)at) != sizeof(at))
			ret = -(errno ? errno : ENOSPC);
	if (!ret && (ftruncate(s->fd, (off_t)s->bytes) || fsync(s->fd)))
		ret = -errno;
	if (ret)
		return worker_fail(w, -ret, "cannot make a file in %s: %s", w->env->scratch_dir,
				   strerror(-ret));
	ret = residency_open_cold(w, &residency, s->fd, s->bytes);
	residency_close(&residency);
	return ret;
}

static void *map_sysv(uint64_t bytes)
{
	int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
	void *map = id < 0 ? MAP_FAILED : shmat(id, NULL, 0);

	if (id >= 0)
		(void)shmctl(id, IPC_RMID, NULL); /* removed with its last process */
	return map;
}

static int open_object(const struct worker *w, enum shm_kind kind)
{
	switch (kind) {
	case KIND_MEMFD:
		return memfd_create("pagestorm-shm", MFD_CLOEXEC);
	case KIND_TMPFS:
		return open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	case KIND_FILE:
		return open(w->env->scratch_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	case KIND_SYSV:
	case KIND_COW:
		break;
	}
	return -1;
}

static int map_object(struct worker *w, struct shm *s, enum shm_kind kind)
{
	void *map;
	int ret;

	if (kind == KIND_COW) {
		s->map = worker_map_anon(s->bytes, s->page_bytes, false);
		return s->map ? 0
			      : worker_fail(w, errno, "cannot map memory: %s", strerror(errno));
	}
	s->fd = open_object(w, kind);
	if (s->fd < 0 && kind != KIND_SYSV)
		return worker_fail(w, errno, "cannot make the shared object: %s",
				   strerror(errno));
	if (kind == KIND_FILE) {
		ret = make_file(w, s);
		if (ret)
			return ret;
	} else if (s->fd >= 0 && ftruncate(s->fd, (off_t)s->bytes)) {
		return worker_fail(w, errno, "cannot size the shared object: %s",
				   strerror(errno));
	}
	if (kind == KIND_SYSV)
		map = map_sysv(s->bytes);
	else if (kind == KIND_FILE)
		map = mmap(NULL, s->bytes, PROT_READ, MAP_PRIVATE, s->fd, 0);
	else
		map = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (map == MAP_FAILED || !map)
		return worker_fail(w, errno, "cannot map %lu bytes: %s",
				   (unsigned long)s->bytes, strerror(errno));
	/* EINVAL: a kernel without transparent huge pages. */
	(void)madvise(map, s->bytes, MADV_NOHUGEPAGE);
	s->map = map;
	return 0;
}

static int start_children(struct worker *w, struct shm *s)
{
	for (unsigned i = 1; i <= s->nr_children; i++) {
		int pid;

		if (pipe2(s->go[i], O_CLOEXEC))
			return worker_fail(w, errno, "cannot make a pipe: %s", strerror(errno));
		worker_mapping(w, i, (const void *)s->map, s->bytes);
		pid = worker_fork(w, i, child, s);
		if (pid < 0)
			return worker_fail(w, -pid, "cannot fork child %u: %s", i,
					   strerror(-pid));
	}
	return 0;
}

static int shm_prepare(struct worker *w)
{
	const struct shm_params *p = w->params;
	struct shm *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return worker_fail(w, ENOMEM, "out of memory");
	w->state = s;
	s->fd = -1;
	s->page_bytes = w->env->page_bytes;
	s->bytes = shm_target(p, w->env);
	s->nr_children = (unsigned)p->procs - 1;
	for (unsigned i = 0; i <= s->nr_children; i++)
		s->to_visit[i] = pages_to_visit(w, s, i);
	if (pipe2(s->done, O_CLOEXEC))
		return worker_fail(w, errno, "cannot make a pipe: %s", strerror(errno));
	ret = map_object(w, s, (enum shm_kind)p->kind);
	if (ret)
		return ret;
	worker_mapping(w, 0, (const void *)s->map, s->bytes);
	if (p->kind == KIND_COW) /* present before the fork: only the copying is measured */
		visit(s, s->bytes / s->page_bytes, true);
	ret = start_children(w, s);
	return ret ? ret : command_children(w, s, 'W');
}

static int shm_run(struct worker *w)
{
	const struct shm_params *p = w->params;
	struct shm *s = w->state;
	const uint64_t nr = p->kind == KIND_COW ? 0 : s->to_visit[0];
	int ret;

	visit(s, nr, p->kind != KIND_FILE);
	worker_slot_add(w, SLOT_PAGES_SHARED, nr);
	ret = command_children(w, s, 'V');
	if (!ret)
		worker_achieved(w, s->bytes);
	return ret;
}

static void shm_release(struct worker *w)
{
	struct shm *s = w->state;

	if (s && s->fd >= 0)
		close(s->fd);
	free(s);
	w->state = NULL;
}

const struct workload shm_workload = {
	.name = "shm",
	.summary = "N processes that share S bytes: known RSS, PSS and USS of each",
	.truth = "Each process has an RSS of S and a PSS of S/N; USS is 0 while N > 1; the group is charged once. With kind=cow the pages that a child writes become private and the rest stays shared.",
	.options = options,
	.params_bytes = sizeof(struct shm_params),
	.slots = {
		[SLOT_PAGES_SHARED] = { "pages_shared", UNIT_PAGES,
					"pages touched by all processes together" },
		[SLOT_PAGES_COPIED] = { "pages_copied", UNIT_PAGES,
					"pages written by the children after the fork" },
	},
	.check = shm_check,
	.footprint = shm_footprint,
	.target = shm_target,
	.claims = shm_claims,
	.prepare = shm_prepare,
	.run = shm_run,
	.release = shm_release,
};
