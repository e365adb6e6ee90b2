// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * commit: finds the largest private mapping that the kernel grants, to the page, and holds it
 * untouched. What refuses a larger one is the address space limit (RLIMIT_AS), the data limit
 * (RLIMIT_DATA), or overcommit: by the heuristic of mode 0, or strictly, in mode 2.
 *
 * Exact: with a limit of the process, the limit rounded down to pages. In mode 0 a single
 *   mapping may be as large as all memory and swap (MemTotal + SwapTotal) and not a page more
 *   (__vm_enough_memory(), mm/util.c). CommitLimit is (MemTotal - hugetlb pools) ratio / 100 +
 *   SwapTotal, in every mode (vm_commit_limit()). VmSize rises by the mapping, Rss by nothing.
 * Moves: VmSize, Committed_AS.
 * Unchanged: Rss, VmPTE, minflt, the group's usage: a mapping is an intention; a limit of
 *   memory.max is not asked for it.
 * Caveats: in mode 2 the kernel compares with a sum of which each CPU keeps a part to itself,
 *   1/256 of memory altogether (vm_committed_as_batch), and other processes commit too; so
 *   that one is a bound, and what was found is given back at once. Root is not held back by
 *   vm.admin_reserve_kbytes; a process keeps 1/32 of its size free, up to
 *   vm.user_reserve_kbytes. MAP_NORESERVE mappings are not counted in modes 0 and 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "workloads/act/worker.h"
#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

#define MEMINFO_BYTES 8192
#define TRIES	      20	 /* to find memory and swap the same before and after */
#define CPU_SHARE     256	 /* of memory, by which the kernel's sum may be off in mode 2 */
#define USER_SHARE    32	 /* of a process's size, which it has to leave free in mode 2 */
#define SYSTEM_BYTES  (4u << 20) /* what a quiet guest commits meanwhile */

struct commit_params {
	int by;
	uint64_t limit_bytes;
};

enum commit_by { BY_AS, BY_DATA, BY_HEURISTIC, BY_STRICT };

#define AT(member) .offset = offsetof(struct commit_params, member)

static const struct workload_option options[] = {
	{ .name = "by",
	  .type = OPTION_CHOICE,
	  .fallback = "as",
	  .choices = "as|data|heuristic|strict", /* enum commit_by, in its order */
	  .help = "what refuses: RLIMIT_AS, RLIMIT_DATA, or overcommit of mode 0 or 2",
	  AT(by) },
	{ .name = "limit",
	  .type = OPTION_BYTES,
	  .fallback = "1G",
	  .min = "64K",
	  .max = "64T",
	  .help = "what by=as and by=data allow beyond what the worker has",
	  AT(limit_bytes) },
	{ .name = NULL },
};

/* ---- check ---- */

static bool is_rlimit(const struct commit_params *p)
{
	return p->by == BY_AS || p->by == BY_DATA;
}

static const char *missing(const struct commit_params *p, const struct workload_env *env)
{
	if (p->by == BY_HEURISTIC && env->overcommit_memory != 0)
		return "by=heuristic needs overcommit mode 0: add vm.overcommit_memory=0";
	if (p->by == BY_STRICT && env->overcommit_memory != 2)
		return "by=strict needs overcommit mode 2: add vm.overcommit_memory=2 in a guest (pagestorm lab)";
	if (is_rlimit(p) && env->overcommit_memory != 1 && env->memory_bytes &&
	    p->limit_bytes > env->memory_bytes / (env->overcommit_memory ? 4 : 1))
		return "overcommit would refuse before the limit does: lower limit";
	return NULL;
}

static int commit_check(const void *params, const struct workload_env *env, char *reason,
			size_t reason_bytes)
{
	return check_answer(NULL, missing(params, env), reason, reason_bytes);
}

/* No page of the mapping is touched. */
static uint64_t commit_footprint(const void *params, const struct workload_env *env)
{
	(void)params;
	return (1u << 20) + 16 * env->page_bytes;
}

/* ---- promises ---- */

static void claim_found(const struct commit_params *p, const struct workload_env *env,
			struct claims *out)
{
	const int64_t off = (int64_t)(env->memory_bytes / CPU_SHARE + SYSTEM_BYTES);
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "largest_mapping", .scope = "ledger",
		  .source = "ledger", .counter = "largest_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)(p->limit_bytes / env->page_bytes * env->page_bytes),
		  .unless = !is_rlimit(p),
		  .why = "the limit; rounded down to whole pages" },
		{ .quantity = "largest_mapping", .scope = "ledger",
		  .source = "ledger", .counter = "largest_bytes", .unit = UNIT_BYTES,
		  .slot = "predicted_bytes", .unless = p->by != BY_HEURISTIC,
		  .why = "MemTotal and SwapTotal as read before" },
		{ .quantity = "largest_mapping", .scope = "ledger",
		  .source = "ledger", .counter = "largest_bytes", .unit = UNIT_BYTES,
		  .basis = BASIS_BOUNDED, .tolerance = off, .slot = "predicted_bytes",
		  .unless = p->by != BY_STRICT,
		  .why = "CommitLimit less Committed_AS as read before; CPUs keep up to 1/256 of memory out of the sum and others commit too" },
		{ .quantity = "commit_limit", .scope = "ledger",
		  .source = "ledger", .counter = "commit_limit_kb", .unit = UNIT_KB,
		  .slot = "commit_formula_kb",
		  .why = "the kernel's CommitLimit is the ratio of memory without hugetlb pools and swap" },
		{ .quantity = "mappings_refused", .scope = "ledger",
		  .source = "ledger", .counter = "refused_errno", .expected = ENOMEM,
		  .why = "a page more is refused with ENOMEM" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_virtual(const struct commit_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const char *held = p->by == BY_STRICT ? NULL : "largest_bytes";
	const char *why = held ? "the mapping is held" : "what was found is given back";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES, .slot = held,
		  .why = why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "statm", .counter = "size", .unit = UNIT_BYTES, .slot = held,
		  .why = why },
		{ .quantity = "data_bytes", .scope = "process",
		  .source = "status", .counter = "VmData", .unit = UNIT_BYTES, .slot = held,
		  .why = "private and writable: it counts as data" },
		{ .quantity = "resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .why = "no page of it is touched" },
		{ .quantity = "page_table_bytes", .scope = "process",
		  .source = "status", .counter = "VmPTE", .unit = UNIT_BYTES,
		  .why = "no page of it is touched" },
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt",
		  .why = "mmap and munmap take no fault" },
		PROMISE_NO_MAJOR_FAULTS,
		{ .quantity = "system_committed_bytes", .scope = "system",
		  .source = "meminfo", .counter = "Committed_AS", .unit = UNIT_BYTES,
		  .relation = RELATION_GE, .basis = BASIS_BOUNDED, .slot = held, .slot_div = 2,
		  .unless = !held || !env->in_lab, /* any process moves it either way */
		  .why = "half of it at least; the guest's other processes give back little" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void commit_claims(const void *params, const struct workload_env *env,
			  struct claims *out)
{
	const struct commit_params *p = params;
	const struct promise_usage usage = { .why = "a mapping without pages is not charged" };
	/* clang-format off */
	const struct promise anonymous = {
		.quantity = "group_anonymous_bytes", .scope = "group",
		.source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		.why = "a mapping without pages is not charged",
	};
	/* clang-format on */

	claim_found(p, env, out);
	claim_virtual(p, env, out);
	promise_add(out, SPAN_WORK, &anonymous, 1);
	promise_usage(out, env, &usage);
	promise_no_files(out, env);
	promise_freed(out, env, 0);
	promise_uncharged(out, env, 0);
}

/* ---- what the machine says, in the worker ---- */

enum commit_slot {
	SLOT_LARGEST_BYTES,
	SLOT_PREDICTED_BYTES,
	SLOT_COMMIT_LIMIT_KB,
	SLOT_COMMIT_FORMULA_KB,
	SLOT_REFUSED_ERRNO,
	SLOT_CALLS,
};

struct commit_state {
	char *held; /* NULL: none */
	uint64_t bytes, page;
	uint64_t ratio, kbytes,
		user_reserve_kb; /* vm.overcommit_* and vm.user_reserve_kbytes */
	int meminfo, statm;
	char *text; /* MEMINFO_BYTES, present */
};

/* In kB. */
struct committed {
	uint64_t memory, swap, limit, used, hugetlb;
};

static uint64_t field(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static int read_text(int fd, char *text, size_t bytes)
{
	const ssize_t n = pread(fd, text, bytes - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = 0;
	return 0;
}

/* `Hugetlb:` is all pools of all sizes. */
static int look(const struct commit_state *s, struct committed *out)
{
	int ret = read_text(s->meminfo, s->text, MEMINFO_BYTES);

	if (ret)
		return ret;
	*out = (struct committed){ .memory = field(s->text, "\nMemTotal:"),
				   .swap = field(s->text, "\nSwapTotal:"),
				   .limit = field(s->text, "\nCommitLimit:"),
				   .used = field(s->text, "\nCommitted_AS:"),
				   .hugetlb = field(s->text, "\nHugetlb:") };
	if (!strncmp(s->text, "MemTotal:", 9))
		out->memory = strtoull(s->text + 9, NULL, 10);
	return 0;
}

/* In pages, as the kernel computes it, and in kB as it shows it. */
static uint64_t limit_kb(const struct commit_state *s, const struct committed *c)
{
	const uint64_t page_kb = s->page / 1024;
	const uint64_t pages = s->kbytes ? s->kbytes / page_kb
					 : (c->memory - c->hugetlb) / page_kb * s->ratio / 100;

	return pages * page_kb + c->swap;
}

static int own_pages(const struct commit_state *s, uint64_t *pages)
{
	char text[128];
	int ret = read_text(s->statm, text, sizeof(text));

	*pages = ret ? 0 : strtoull(text, NULL, 10);
	return ret;
}

/* The largest mapping, by the formula of the kind. */
static int predict(const struct worker *w, const struct committed *c, uint64_t *bytes)
{
	const struct commit_params *p = w->params;
	const struct commit_state *s = w->state;
	uint64_t own, reserve, free_kb;
	int ret = own_pages(s, &own);

	if (is_rlimit(p))
		*bytes = p->limit_bytes / s->page * s->page;
	else if (p->by == BY_HEURISTIC)
		*bytes = (c->memory + c->swap) * 1024;
	if (ret || p->by != BY_STRICT)
		return ret;
	reserve = min(own * s->page / 1024 / USER_SHARE, s->user_reserve_kb);
	free_kb = limit_kb(s, c);
	free_kb -= min(free_kb, c->used + reserve);
	*bytes = free_kb * 1024 / s->page * s->page;
	return 0;
}

/* ---- the act ---- */

/* VmSize or VmData now, in bytes, and the limit beyond it. */
static int limit_process(struct worker *w)
{
	const struct commit_params *p = w->params;
	const struct commit_state *s = w->state;
	const bool as = p->by == BY_AS;
	struct rlimit limit = { 0 };
	uint64_t kb;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	int ret = fd < 0 ? -errno : read_text(fd, s->text, MEMINFO_BYTES);

	if (fd >= 0)
		close(fd);
	kb = ret ? 0 : field(s->text, as ? "\nVmSize:" : "\nVmData:");
	if (!ret && getrlimit(as ? RLIMIT_AS : RLIMIT_DATA, &limit))
		ret = -errno;
	limit.rlim_cur = kb * 1024 + p->limit_bytes;
	if (!ret && setrlimit(as ? RLIMIT_AS : RLIMIT_DATA, &limit))
		ret = -errno;
	return ret ? worker_fail(w, -ret, "cannot limit %s: %s",
				 as ? "RLIMIT_AS" : "RLIMIT_DATA", strerror(-ret))
		   : 0;
}

static void *map_pages(struct worker *w, uint64_t pages)
{
	const struct commit_state *s = w->state;
	void *map = mmap(NULL, pages * s->page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	worker_slot_add(w, SLOT_CALLS, 1);
	return map == MAP_FAILED ? NULL : map;
}

/* Bisects between a size that is granted (0) and one that is not. */
static int search(struct worker *w, uint64_t most, uint64_t *found)
{
	const struct commit_state *s = w->state;
	uint64_t low = 0, high = most;

	while (high - low > 1 && !worker_should_stop(w)) {
		const uint64_t middle = low + (high - low) / 2;
		void *map = map_pages(w, middle);

		if (!map)
			worker_slot_set(w, SLOT_REFUSED_ERRNO, (uint64_t)errno);
		if (map && munmap(map, middle * s->page))
			return -errno;
		*(map ? &low : &high) = middle;
	}
	*found = low;
	return 0;
}

static int settle(struct worker *w, uint64_t pages)
{
	const struct commit_params *p = w->params;
	struct commit_state *s = w->state;
	/* Fault injection: what is held, and counted, is smaller. */
	const uint64_t rest = pages - min(w->ledger->shortfall_pages, pages);

	if (p->by != BY_STRICT && rest) {
		s->held = map_pages(w, rest);
		if (!s->held)
			return -errno;
		s->bytes = rest * s->page;
	}
	worker_slot_set(w, SLOT_LARGEST_BYTES, rest * s->page);
	return 0;
}

/* Again where memory or swap changed meanwhile: the search would follow the change. */
static int find_largest(struct worker *w)
{
	const struct commit_state *s = w->state;
	struct committed before = { 0 }, after = { 0 };
	uint64_t predicted = 0, pages = 0;
	int ret = 0;

	for (unsigned i = 0; i < TRIES && !ret && !worker_should_stop(w); i++) {
		ret = look(s, &before);
		if (!ret)
			ret = predict(w, &before, &predicted);
		if (!ret)
			ret = search(w, 2 * predicted / s->page + 2, &pages);
		if (!ret)
			ret = look(s, &after);
		if (ret || (before.memory == after.memory && before.swap == after.swap))
			break;
	}
	worker_slot_set(w, SLOT_PREDICTED_BYTES, predicted);
	worker_slot_set(w, SLOT_COMMIT_LIMIT_KB, before.limit);
	worker_slot_set(w, SLOT_COMMIT_FORMULA_KB, limit_kb(s, &before));
	return ret ? ret : settle(w, pages);
}

static int commit_run(struct worker *w)
{
	int ret = is_rlimit(w->params) ? limit_process(w) : 0;

	if (!ret)
		ret = find_largest(w);
	return ret ? worker_fail(w, -ret, "cannot search for the largest mapping: %s",
				 strerror(-ret))
		   : 0;
}

/* ---- before and after ---- */

static int setting(const char *path, uint64_t *value)
{
	char text[64];
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret = fd < 0 ? -errno : read_text(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	if (!ret)
		*value = strtoull(text, NULL, 10);
	return ret;
}

static int open_all(struct commit_state *s)
{
	int ret = setting("/proc/sys/vm/overcommit_ratio", &s->ratio);

	if (!ret)
		ret = setting("/proc/sys/vm/overcommit_kbytes", &s->kbytes);
	if (!ret)
		ret = setting("/proc/sys/vm/user_reserve_kbytes", &s->user_reserve_kb);
	s->meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	if (!ret && s->meminfo < 0)
		ret = -errno;
	s->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (!ret && s->statm < 0)
		ret = -errno;
	s->text = malloc(MEMINFO_BYTES);
	if (s->text)
		memset(s->text, 0, MEMINFO_BYTES);
	return ret ? ret : s->text ? 0 : -ENOMEM;
}

static int commit_prepare(struct worker *w)
{
	struct commit_state *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->page = w->env->page_bytes;
	s->meminfo = s->statm = -1;
	ret = open_all(s);
	if (ret)
		return worker_fail(w, -ret, "cannot read what the machine commits: %s",
				   strerror(-ret));
	return 0;
}

static void commit_release(struct worker *w)
{
	struct commit_state *s = w->state;

	if (!s)
		return;
	if (s->held)
		munmap(s->held, s->bytes);
	if (s->meminfo >= 0)
		close(s->meminfo);
	if (s->statm >= 0)
		close(s->statm);
	free(s->text);
	free(s);
	w->state = NULL;
}

const struct workload commit_workload = {
	.name = "commit",
	.summary = "the largest mapping: RLIMIT_AS, RLIMIT_DATA, overcommit",
	.truth = "The largest private mapping is the process's limit, or all of memory and swap (mode 0), or what CommitLimit leaves (mode 2); a page more is refused with ENOMEM. Held untouched it is VmSize without Rss.",
	.options = options,
	.params_bytes = sizeof(struct commit_params),
	.slots = {
		[SLOT_LARGEST_BYTES] = { "largest_bytes", UNIT_BYTES,
					 "the largest mapping that was granted" },
		[SLOT_PREDICTED_BYTES] = { "predicted_bytes", UNIT_BYTES,
					   "the same by arithmetic, before the search" },
		[SLOT_COMMIT_LIMIT_KB] = { "commit_limit_kb", UNIT_KB,
					   "CommitLimit of /proc/meminfo" },
		[SLOT_COMMIT_FORMULA_KB] = { "commit_formula_kb", UNIT_KB,
					     "the same by the kernel's formula" },
		[SLOT_REFUSED_ERRNO] = { "refused_errno", UNIT_COUNT,
					 "errno of the last mapping that was refused" },
		[SLOT_CALLS] = { "mmap_calls", UNIT_COUNT, "mappings tried" },
	},
	.check = commit_check,
	.footprint = commit_footprint,
	.claims = commit_claims,
	.prepare = commit_prepare,
	.run = commit_run,
	.release = commit_release,
};
