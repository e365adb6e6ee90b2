// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stack: grows the main thread's stack page by page to RLIMIT_STACK and one further; or starts
 * threads whose stacks are large in address space and small in memory.
 *
 * Exact: mode=grow: the stack's mapping grows with each page touched below it, to the limit
 *   rounded down to pages (acct_stack_growth(), mm/mmap.c or mm/vma.c); the next page is a
 *   SIGSEGV (SEGV_MAPERR) at the address one page below the limit. VmStk, VmSize, Rss and
 *   minflt rise by the growth. mode=threads: a guard page (PROT_NONE) below each stack is a
 *   SIGSEGV (SEGV_ACCERR) when touched.
 * Moves: the same; with mode=threads VmSize by all stacks and guards, Rss by what the threads
 *   touched, Threads.
 * Unchanged: majflt; VmStk with mode=threads: it counts the main thread's stack alone.
 * Caveats: libc places its own data of a thread at the top of its stack and in the heap: up to
 *   four pages each, and the heap's growth, are bounds. The gap below the main stack that the
 *   kernel keeps free was chosen at exec and is 128 MiB at least, hence the most of `limit`.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "workloads/act/worker.h"
#include "workloads/api/arith.h"
#include "workloads/api/promise.h"

#define OWN_BYTES	(1u << 20)
#define MAPS_BYTES	(64u << 10)
#define ALT_STACK_BYTES (64u << 10)
#define LIBC_PAGES	4	     /* of a thread: TLS, descriptor and first frames */
#define LIBC_BYTES	(64u << 10)  /* room that a thread needs for these and its frames */
#define HEAP_BYTES	(132u << 10) /* by which the heap grows at a time (M_TOP_PAD) */
#define HEAP_EACH	1024	     /* of a thread */
#define KERNEL_EACH	(48u << 10)  /* stack and task of a thread */
#define LOOK_EVERY	64	     /* pages between two looks at the stop flag */

struct stack_params {
	int mode;
	uint64_t limit_bytes, threads, size_bytes, touched_bytes;
};

enum stack_mode { MODE_GROW, MODE_THREADS };

#define AT(member) .offset = offsetof(struct stack_params, member)

static const struct workload_option options[] = {
	{ .name = "mode",
	  .type = OPTION_CHOICE,
	  .fallback = "grow",
	  .choices = "grow|threads", /* enum stack_mode, in its order */
	  .help = "grow the main stack to its limit, or start threads",
	  AT(mode) },
	{ .name = "limit",
	  .type = OPTION_BYTES,
	  .fallback = "8M",
	  .min = "1M",
	  .max = "64M",
	  .help = "RLIMIT_STACK with mode=grow",
	  AT(limit_bytes) },
	{ .name = "threads",
	  .type = OPTION_COUNT,
	  .fallback = "100",
	  .min = "1",
	  .max = "1000",
	  .help = "threads with mode=threads",
	  AT(threads) },
	{ .name = "size",
	  .type = OPTION_BYTES,
	  .fallback = "8M",
	  .min = "256K",
	  .max = "1G",
	  .help = "stack of each thread, a guard page below it not included",
	  AT(size_bytes) },
	{ .name = "touched",
	  .type = OPTION_BYTES,
	  .fallback = "64K",
	  .min = "0",
	  .help = "bytes of its stack that each thread touches",
	  AT(touched_bytes) },
	{ .name = NULL },
};

/* ---- arithmetic; pure ---- */

static uint64_t limit_bytes(const struct stack_params *p, const struct workload_env *env)
{
	return p->limit_bytes / env->page_bytes * env->page_bytes;
}

static uint64_t size_bytes(const struct stack_params *p, const struct workload_env *env)
{
	return round_up(p->size_bytes, env->page_bytes);
}

static uint64_t touched_pages(const struct stack_params *p, const struct workload_env *env)
{
	return round_up(p->touched_bytes, env->page_bytes) / env->page_bytes;
}

static uint64_t stack_footprint(const void *params, const struct workload_env *env)
{
	const struct stack_params *p = params;
	const uint64_t each = (touched_pages(p, env) + LIBC_PAGES + 2) * env->page_bytes;

	if (p->mode == MODE_GROW)
		return limit_bytes(p, env) + 16 * env->page_bytes + OWN_BYTES;
	return p->threads * (each + max(KERNEL_EACH, 2 * env->page_bytes) + HEAP_EACH) +
	       HEAP_BYTES + OWN_BYTES;
}

static int stack_check(const void *params, const struct workload_env *env, char *reason,
		       size_t reason_bytes)
{
	const struct stack_params *p = params;
	const char *wrong = NULL;

	if (p->mode == MODE_THREADS &&
	    touched_pages(p, env) * env->page_bytes + max(LIBC_BYTES, 4 * env->page_bytes) >
		    size_bytes(p, env))
		wrong = "a thread needs the last 64 KiB of its stack itself: lower touched or raise size";
	else if (!env_fits(env, stack_footprint(p, env)))
		wrong = "the stacks exceed the group's limit: raise memory.max";
	return check_answer(wrong, NULL, reason, reason_bytes);
}

/* ---- promises ---- */

static void claim_grown(const struct stack_params *p, const struct workload_env *env,
			struct claims *out)
{
	const int64_t page = (int64_t)env->page_bytes;
	const char *why = "the mapping of the stack grows with each page touched below it";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "stack_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "stack_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)limit_bytes(p, env),
		  .why = "the limit; rounded down to whole pages" },
		{ .quantity = "refused_bytes", .scope = "ledger",
		  .source = "ledger", .counter = "refused_bytes", .unit = UNIT_BYTES,
		  .expected = (int64_t)limit_bytes(p, env) + page,
		  .why = "SIGSEGV at the first page beyond the limit" },
		{ .quantity = "grown_stack_bytes", .scope = "process",
		  .source = "status", .counter = "VmStk", .unit = UNIT_BYTES,
		  .slot = "grown_bytes",
		  .why = why },
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .slot = "grown_bytes",
		  .why = why },
		{ .quantity = "minor_faults", .scope = "process",
		  .source = "stat", .counter = "minflt", .slot = "grown_bytes", .slot_div = page,
		  .why = "one fault per page; the one that is refused is not counted" },
		{ .quantity = "process_resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .slot = "grown_bytes",
		  .why = "each page of the growth is touched" },
		{ .quantity = "process_anonymous_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Anonymous", .unit = UNIT_BYTES,
		  .slot = "grown_bytes",
		  .why = "a stack is anonymous memory" },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .slot = "grown_bytes",
		  .why = "the worker is alone in its group" },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_threads(const struct stack_params *p, const struct workload_env *env,
			  struct claims *out)
{
	const int64_t page = (int64_t)env->page_bytes, nr = (int64_t)p->threads;
	const int64_t touched = nr * (int64_t)touched_pages(p, env);
	const int64_t most = nr * LIBC_PAGES + (HEAP_BYTES + nr * HEAP_EACH) / page + 1;
	const char *libc = "what the threads touched and up to four pages of libc for each";
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "threads", .scope = "process",
		  .source = "status", .counter = "Threads", .expected = nr,
		  .why = "all of them wait" },
		{ .quantity = "grown_stack_bytes", .scope = "process",
		  .source = "status", .counter = "VmStk", .unit = UNIT_BYTES,
		  .why = "VmStk is the main thread's stack alone" },
	};
	const struct promise virtual[] = {
		{ .quantity = "virtual_bytes", .scope = "process",
		  .source = "status", .counter = "VmSize", .unit = UNIT_BYTES,
		  .expected = nr * ((int64_t)size_bytes(p, env) + page),
		  .why = "each stack and its guard page; libc's heap may grow" },
	};
	const struct promise resident[] = {
		{ .quantity = "process_resident_bytes", .scope = "process",
		  .source = "smaps_rollup", .counter = "Rss", .unit = UNIT_BYTES,
		  .expected = touched * page,
		  .why = libc },
		{ .quantity = "group_anonymous_bytes", .scope = "group",
		  .source = "memory.stat", .counter = env_group_anon(env), .unit = UNIT_BYTES,
		  .expected = touched * page,
		  .why = libc },
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	PROMISE_BOUNDS(out, SPAN_WORK, virtual, HEAP_BYTES + nr * HEAP_EACH);
	PROMISE_BOUNDS(out, SPAN_WORK, resident, most * page);
}

static void stack_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	const struct stack_params *p = params;
	/* clang-format off */
	const struct promise rows[] = {
		{ .quantity = "segmentation_faults", .scope = "ledger",
		  .source = "ledger", .counter = "segmentation_faults", .expected = 1,
		  .why = p->mode == MODE_GROW ? "the page beyond the limit is tried once"
			 : "the guard page of one stack is tried once" },
		{ .quantity = "segv_code", .scope = "ledger",
		  .source = "ledger", .counter = "segv_code",
		  .expected = p->mode == MODE_GROW ? SEGV_MAPERR : SEGV_ACCERR,
		  .why = p->mode == MODE_GROW ? "SEGV_MAPERR: there is no mapping"
			 : "SEGV_ACCERR: there is one without access" },
		PROMISE_NO_MAJOR_FAULTS,
	};
	/* clang-format on */

	PROMISE_ROWS(out, SPAN_WORK, rows);
	if (p->mode == MODE_GROW)
		claim_grown(p, env, out);
	else
		claim_threads(p, env, out);
	promise_no_files(out, env);
	promise_freed(out, env, 0);
}

/* ---- in the worker ---- */

enum stack_slot {
	SLOT_STACK_BYTES,
	SLOT_GROWN_BYTES,
	SLOT_REFUSED_BYTES,
	SLOT_SEGV,
	SLOT_SEGV_CODE,
};

struct stack_state {
	char *maps; /* text of /proc/self/maps, present */
	char *alternate;
	char *map; /* stacks of threads, a guard page below each */
	uint64_t map_bytes, page;
	pthread_t *thread;
	uint64_t nr_threads, touched; /* touched: pages */
	sem_t parked, leave;
};

/* A handler has no argument of ours; one worker is a process. */
static struct {
	sigjmp_buf back;
	volatile sig_atomic_t code;
	void *volatile at;
} fault;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	fault.code = info->si_code;
	fault.at = info->si_addr;
	siglongjmp(fault.back, 1);
}

static int catch_faults(struct stack_state *s, bool on)
{
	const stack_t alternate = { .ss_sp = s->alternate,
				    .ss_size = ALT_STACK_BYTES,
				    .ss_flags = on ? 0 : SS_DISABLE };
	struct sigaction action = { .sa_flags = on ? SA_SIGINFO | SA_ONSTACK : 0 };

	if (on)
		action.sa_sigaction = on_fault;
	else
		action.sa_handler = SIG_DFL;
	if (sigaltstack(&alternate, NULL) || sigaction(SIGSEGV, &action, NULL))
		return -errno;
	return 0;
}

/* Writes to the address; false: it was a SIGSEGV, which is counted. */
static bool try_write(struct worker *w, volatile char *at)
{
	if (sigsetjmp(fault.back, 1)) {
		worker_slot_add(w, SLOT_SEGV, 1);
		worker_slot_set(w, SLOT_SEGV_CODE, (uint64_t)fault.code);
		return false;
	}
	*at = 1;
	return true;
}

/* Of the mapping [stack]. 0 or -errno. */
static int find_stack(const struct stack_state *s, uintptr_t *start, uintptr_t *end)
{
	const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n = -1;
	char *line;

	if (fd < 0)
		return -errno;
	while (length < MAPS_BYTES - 1 &&
	       (n = read(fd, s->maps + length, MAPS_BYTES - 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	s->maps[length] = 0;
	line = strstr(s->maps, "[stack]");
	while (line && line > s->maps && line[-1] != '\n')
		line--;
	return line && sscanf(line, "%" SCNxPTR "-%" SCNxPTR, start, end) == 2 ? 0 : -ENOENT;
}

static int grow(struct worker *w)
{
	const struct stack_state *s = w->state;
	uintptr_t start, end, low;
	uint64_t pages = 0, due = UINT64_MAX;
	int ret = find_stack(s, &start, &end);

	if (ret)
		return worker_fail(w, -ret, "cannot find the stack in /proc/self/maps: %s",
				   strerror(-ret));
	low = start;
	/* Fault injection: it stops short of the limit. */
	if (w->ledger->shortfall_pages)
		due = (limit_bytes(w->params, w->env) - (end - start)) / s->page -
		      w->ledger->shortfall_pages;
	while (pages < due && (pages % LOOK_EVERY || !worker_should_stop(w)) &&
	       try_write(w, (volatile char *)(low - s->page))) {
		low -= s->page;
		pages++;
	}
	worker_slot_set(w, SLOT_STACK_BYTES, end - low);
	worker_slot_set(w, SLOT_GROWN_BYTES, start - low);
	if (fault.at)
		worker_slot_set(w, SLOT_REFUSED_BYTES,
				end - (uintptr_t)fault.at / s->page * s->page);
	return 0;
}

/* ---- threads ---- */

struct start {
	struct stack_state *s;
	volatile char *bottom;
};

static void *use_stack(void *arg)
{
	const struct start *start = arg;
	struct stack_state *s = start->s;

	for (uint64_t i = 0; i < s->touched; i++)
		start->bottom[i * s->page] = 1;
	sem_post(&s->parked);
	while (sem_wait(&s->leave) && errno == EINTR)
		;
	return NULL;
}

/* The thread reads *start before it posts. */
static int start_thread(struct stack_state *s, char *bottom, uint64_t bytes)
{
	struct start start = { s, bottom };
	pthread_attr_t attr;
	int ret;

	pthread_attr_init(&attr);
	ret = pthread_attr_setstack(&attr, bottom, bytes);
	if (!ret)
		ret = pthread_create(&s->thread[s->nr_threads], &attr, use_stack, &start);
	pthread_attr_destroy(&attr);
	if (ret)
		return -ret;
	s->nr_threads++;
	while (sem_wait(&s->parked) && errno == EINTR)
		;
	return 0;
}

static int start_threads(struct worker *w)
{
	const struct stack_params *p = w->params;
	struct stack_state *s = w->state;
	const uint64_t bytes = size_bytes(p, w->env), each = bytes + s->page;
	/* Fault injection: the last threads are not started, and their stacks not mapped. */
	const uint64_t nr = p->threads - min(w->ledger->shortfall_pages, p->threads);
	int ret = 0;

	s->map_bytes = nr * each;
	if (!nr)
		return 0;
	s->map = mmap(NULL, s->map_bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		return worker_fail(w, errno, "cannot map the stacks: %s", strerror(errno));
	}
	/* EINVAL: a kernel without transparent huge pages. */
	(void)madvise(s->map, s->map_bytes, MADV_NOHUGEPAGE);
	for (uint64_t i = 0; i < nr && !ret && !worker_should_stop(w); i++) {
		ret = mprotect(s->map + i * each, s->page, PROT_NONE) ? -errno : 0;
		if (!ret)
			ret = start_thread(s, s->map + i * each + s->page, bytes);
	}
	if (ret)
		return worker_fail(w, -ret, "cannot start a thread: %s", strerror(-ret));
	(void)try_write(w, s->map); /* the guard page */
	return 0;
}

/* ---- the trial ---- */

static int limit_stack(struct worker *w)
{
	const struct stack_params *p = w->params;
	struct rlimit limit;
	int ret = 0;

	if (p->mode != MODE_GROW)
		return 0;
	if (getrlimit(RLIMIT_STACK, &limit))
		ret = -errno;
	limit.rlim_cur = p->limit_bytes;
	if (!ret && setrlimit(RLIMIT_STACK, &limit))
		ret = -errno;
	return ret ? worker_fail(w, -ret, "cannot set RLIMIT_STACK to %" PRIu64 ": %s",
				 p->limit_bytes, strerror(-ret))
		   : 0;
}

static int stack_prepare(struct worker *w)
{
	const struct stack_params *p = w->params;
	struct stack_state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	w->state = s;
	s->page = w->env->page_bytes;
	s->touched = touched_pages(p, w->env);
	s->maps = calloc(1, MAPS_BYTES);
	s->alternate = calloc(1, ALT_STACK_BYTES);
	s->thread = calloc(p->threads, sizeof(*s->thread));
	if (!s->maps || !s->alternate || !s->thread)
		return -ENOMEM;
	sem_init(&s->parked, 0, 0);
	sem_init(&s->leave, 0, 0);
	return limit_stack(w);
}

static int stack_run(struct worker *w)
{
	const struct stack_params *p = w->params;
	struct stack_state *s = w->state;
	int ret = catch_faults(s, true), end;

	if (ret)
		return worker_fail(w, -ret, "cannot catch SIGSEGV: %s", strerror(-ret));
	ret = p->mode == MODE_GROW ? grow(w) : start_threads(w);
	end = catch_faults(s, false);
	return ret ? ret : end;
}

static void stack_release(struct worker *w)
{
	struct stack_state *s = w->state;

	if (!s)
		return;
	for (uint64_t i = 0; i < s->nr_threads; i++)
		sem_post(&s->leave);
	for (uint64_t i = 0; i < s->nr_threads; i++)
		pthread_join(s->thread[i], NULL);
	if (s->map)
		munmap(s->map, s->map_bytes);
	free(s->thread);
	free(s->alternate);
	free(s->maps);
	free(s);
	w->state = NULL;
}

const struct workload stack_workload = {
	.name = "stack",
	.summary = "a stack that grows to its limit, and thread stacks: VIRT, RES",
	.truth = "The main stack grows page by page to RLIMIT_STACK and the next page is a SIGSEGV; VmStk, VmSize, Rss and faults rise by the growth. Thread stacks are VmSize in full and Rss as far as they are touched.",
	.options = options,
	.params_bytes = sizeof(struct stack_params),
	.slots = {
		[SLOT_STACK_BYTES] = { "stack_bytes", UNIT_BYTES,
				       "size of the main stack at its largest" },
		[SLOT_GROWN_BYTES] = { "grown_bytes", UNIT_BYTES,
				       "by how much it grew, a page at a time" },
		[SLOT_REFUSED_BYTES] = { "refused_bytes", UNIT_BYTES,
					 "distance of the refused page's start from the top" },
		[SLOT_SEGV] = { "segmentation_faults", UNIT_COUNT, "signals SIGSEGV caught" },
		[SLOT_SEGV_CODE] = { "segv_code", UNIT_COUNT, "si_code of the last" },
	},
	.check = stack_check,
	.footprint = stack_footprint,
	.claims = stack_claims,
	.prepare = stack_prepare,
	.run = stack_run,
	.release = stack_release,
};
