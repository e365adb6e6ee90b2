// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oom: grows in a limited group until the kernel kills, and knows whom.
 *
 * Truth: one OOM kill in the group; the group's peak is its limit to the byte; the
 *   pages that the worker had counted when it died, their page tables and the
 *   small fixed charge of its processes fill that limit; and the process that
 *   dies is the one with the most points (Documentation/filesystems/proc.rst,
 *   oom_score_adj): resident pages plus oom_score_adj thousandths of the limit.
 * Rises: oom_kill of the group and of the machine, failcnt (v1) or events.max (v2).
 * Still: the memory of everybody outside the group.
 * Beware: who triggers is not who dies. With swap left to the group it is filled
 *   first and the count of pages is only bounded. memory.oom.group kills all and
 *   counts its victim twice. Lowering oom_score_adj needs CAP_SYS_RESOURCE.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/pace.h"
#include "workloads/promise.h"
#include "workloads/touch.h"
#include "workloads/worker.h"

#define MB (1ull << 20)

#define VICTIMS_MAX    (LEDGER_PROCESSES - 1)
#define VICTIMS_TEXT   160
#define READY_BOUND_MS 30000	 /* for one victim to fill its memory */
#define BEYOND_BYTES   (64 * MB) /* growth past the limit before giving up: no kill came */
/* The last stretch is touched page by page, so that the count is exact at death. */
#define LAST_STRETCH_BYTES (4 * MB)
#define KILL_WAIT_MS	   2000 /* from the kernel's count of a kill to the victim's exit */
#define VMSTAT_BYTES	   16384
/* Two processes whose points are closer than this cannot be told apart beforehand. */
#define MARGIN_BYTES (6 * MB)

enum oom_pages { PAGES_4K, PAGES_HUGE };
enum oom_touch { OOM_WRITE, OOM_POPULATE, OOM_BYTES };

static const enum touch_kind touch_kinds[] = {
	[OOM_WRITE] = TOUCH_WRITE,
	[OOM_POPULATE] = TOUCH_POPULATE,
	[OOM_BYTES] = TOUCH_BYTES,
};

struct oom_params {
	int shape, pages, touch;
	uint64_t rate, chunk_bytes, interval_ns;
	char fill[FILL_TEXT_BYTES];
	char victims[VICTIMS_TEXT];
};

enum oom_slot {
	SLOT_PAGES_TOUCHED,
	SLOT_VICTIM,
	SLOT_VICTIM_PID,
};

#define AT(member) .offset = offsetof(struct oom_params, member)

static const struct workload_option options[] = {
	{ .name = "shape",
	  .type = OPTION_CHOICE,
	  .fallback = "linear",
	  .choices = PACE_SHAPES,
	  .help = "growth: at a rate, chunks at intervals, doubling chunks, or all at once "
		  "later",
	  AT(shape) },
	{ .name = "rate",
	  .type = OPTION_RATE,
	  .fallback = "0",
	  .help = "bytes per second of linear growth (0: unpaced)",
	  AT(rate) },
	{ .name = "chunk",
	  .type = OPTION_BYTES,
	  .fallback = "4M",
	  .min = "4K",
	  .help = "bytes per step, or the first bytes of exponential growth",
	  AT(chunk_bytes) },
	{ .name = "interval",
	  .type = OPTION_SECONDS,
	  .fallback = "100ms",
	  .min = "1ms",
	  .max = "1h",
	  .help = "time from step to step, to a doubling, or to the burst",
	  AT(interval_ns) },
	{ .name = "pages",
	  .type = OPTION_CHOICE,
	  .fallback = "4k",
	  .choices = "4k|huge",
	  .help = "base pages only, or transparent huge pages by madvise",
	  AT(pages) },
	{ .name = "touch",
	  .type = OPTION_CHOICE,
	  .fallback = "populate",
	  .choices = "write|populate|bytes",
	  .help = "a word per page, populated by madvise, or every byte",
	  AT(touch) },
	{ .name = "fill",
	  .type = OPTION_TEXT,
	  .fallback = "zero",
	  .help = FILL_HELP,
	  .capacity = FILL_TEXT_BYTES,
	  AT(fill) },
	{ .name = "victims",
	  .type = OPTION_TEXT,
	  .fallback = "",
	  .help = "idle processes beside the growing one, each size:oom_score_adj "
		  "(40M:0 16M:500)",
	  .capacity = VICTIMS_TEXT,
	  AT(victims) },
	{ .name = NULL },
};

/* ---- the ladder ---- */

/* [0] is the growing process, whose bytes are what the others leave under the limit. */
struct ladder {
	unsigned nr;
	uint64_t bytes[VICTIMS_MAX + 1];
	int adj[VICTIMS_MAX + 1];
};

static int parse_adj(const char *text, const char **end, int *adj)
{
	char *after;
	long value = strtol(text, &after, 10);

	if (after == text || value < -1000 || value > 1000)
		return -EINVAL;
	*adj = (int)value;
	*end = after;
	return 0;
}

static int parse_bytes(const char *text, const char **end, uint64_t *bytes)
{
	static const char suffixes[] = "KMG";
	char *after;
	unsigned long long value = strtoull(text, &after, 10);
	const char *suffix = *after ? strchr(suffixes, *after) : NULL;

	if (after == text || !suffix || *text == '-' || !value || value > 1 << 20)
		return -EINVAL;
	*bytes = value << (10 * (suffix - suffixes + 1));
	*end = after + 1;
	return 0;
}

/* "40M:0 16M:500", by spaces or commas; the adj may be left out. */
static int ladder_parse(const struct oom_params *p, const struct workload_env *env,
			struct ladder *l)
{
	const char *at = p->victims;

	memset(l, 0, sizeof(*l));
	l->nr = 1;
	l->adj[0] = env->oom_score_adj;
	for (at += strspn(at, ", "); *at; at += strspn(at, ", ")) {
		if (l->nr > VICTIMS_MAX || parse_bytes(at, &at, &l->bytes[l->nr]))
			return -EINVAL;
		if (*at == ':' && parse_adj(at + 1, &at, &l->adj[l->nr]))
			return -EINVAL;
		if (*at && !strchr(", ", *at))
			return -EINVAL;
		l->nr++;
	}
	return 0;
}

static uint64_t others_bytes(const struct ladder *l)
{
	uint64_t sum = 0;

	for (unsigned i = 1; i < l->nr; i++)
		sum += l->bytes[i];
	return sum;
}

/* Swap that the group may fill at most before it runs out; contradiction() refuses "any". */
static uint64_t swap_room(const struct workload_env *env)
{
	if (env->swap == SWAP_NONE)
		return env->swap_max_bytes;
	return env->swap_max_bytes < env->swap_bytes ? env->swap_max_bytes : env->swap_bytes;
}

/* mm/oom_kill.c, oom_badness(), in bytes; -1000 is never killed. */
static int64_t points(const struct workload_env *env, uint64_t bytes, int adj)
{
	uint64_t total_pages = (env->limit_bytes + swap_room(env)) / env->page_bytes;

	if (adj == -1000)
		return INT64_MIN;
	return (int64_t)bytes + adj * (int64_t)(total_pages / 1000 * env->page_bytes);
}

/*
 * Index of the process that the kernel will kill, at the moment at which the
 * growing one has filled the rest. *lead: by how many bytes it leads, counted
 * from 1; 0 when nobody may be killed.
 */
static unsigned predicted_victim(const struct ladder *l, const struct workload_env *env,
				 int64_t *lead)
{
	uint64_t room = env->limit_bytes + swap_room(env), others = others_bytes(l);
	int64_t best = points(env, room > others ? room - others : 0, l->adj[0]);
	int64_t second = INT64_MIN;
	unsigned victim = 0;

	for (unsigned i = 1; i < l->nr; i++) {
		int64_t mine = points(env, l->bytes[i], l->adj[i]);

		if (mine > best) {
			second = best;
			best = mine;
			victim = i;
		} else if (mine > second) {
			second = mine;
		}
	}
	if (best == INT64_MIN)
		*lead = 0;
	else
		*lead = second == INT64_MIN ? INT64_MAX : best - second + 1;
	return victim;
}

/* Processes that memory.oom.group kills: all but those that are never killed. */
static unsigned killable(const struct ladder *l)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < l->nr; i++)
		nr += l->adj[i] != -1000;
	return nr;
}

static bool lowers(const struct ladder *l)
{
	for (unsigned i = 0; i < l->nr; i++)
		if (l->adj[i] < 0)
			return true;
	return false;
}

static const char *contradiction(const struct oom_params *p, const struct workload_env *env)
{
	struct ladder l;
	int64_t lead;

	if (fill_parse(p->fill, NULL, NULL))
		return "fill is none of zero, same, random and a share such as 50%";
	if (ladder_parse(p, env, &l))
		return "victims is a list of size:oom_score_adj such as 40M:0 16M:500, and "
		       "each "
		       "adj is from -1000 to 1000";
	if (!env->limit_bytes)
		return NULL;
	if (swap_room(env) == UINT64_MAX)
		return "with memory.swap.max=max and no swap of the run's own nobody knows "
		       "what "
		       "fits: give memory.swap.max a number or add a [swap] section";
	if (others_bytes(&l) + (l.nr + 1) * 2 * MB + LAST_STRETCH_BYTES > env->limit_bytes)
		return "the victims leave no room to grow under memory.max";
	predicted_victim(&l, env, &lead);
	if (!lead)
		return "every process has adj -1000: the kernel would find nobody to kill";
	if (!env->oom_group && lead < (int64_t)MARGIN_BYTES)
		return "two processes are within 6 MiB of points: who dies cannot be said "
		       "beforehand; set sizes or adj further apart";
	return NULL;
}

static const char *missing(const struct oom_params *p, const struct workload_env *env)
{
	struct ladder l;

	if (!ladder_parse(p, env, &l) && lowers(&l) && !env->can_lower_oom_score)
		return "an oom_score_adj below zero needs CAP_SYS_RESOURCE: raise the others "
		       "instead";
	if (p->pages == PAGES_HUGE &&
	    (env->thp == THP_ABSENT || env->thp == THP_NEVER || !env->pmd_bytes))
		return "transparent huge pages are off: write madvise to "
		       "/sys/kernel/mm/transparent_hugepage/enabled";
	if (env->kernel < ENV_KERNEL(5, 14) && (p->touch == OOM_POPULATE || l.nr > 1))
		return "populating needs MADV_POPULATE_WRITE of Linux 5.14: use touch=write "
		       "and "
		       "no victims";
	return NULL;
}

static int oom_check(const void *params, const struct workload_env *env, char *reason,
		     size_t reason_bytes)
{
	const char *wrong = contradiction(params, env);
	const char *lack = wrong ? NULL : missing(params, env);

	if (wrong || lack)
		snprintf(reason, reason_bytes, "%s", wrong ? wrong : lack);
	return wrong ? -EINVAL : lack ? -ENODEV : 0;
}

static uint64_t oom_footprint(const void *params, const struct workload_env *env)
{
	(void)params; /* it takes all that its group may have */
	return env->limit_bytes;
}

static double oom_seconds(const void *params, const struct workload_env *env)
{
	const struct oom_params *p = params;
	const struct pace pace = { .shape = (enum pace_shape)p->shape,
				   .rate = p->rate,
				   .chunk_bytes = p->chunk_bytes,
				   .interval_ns = p->interval_ns };

	return (double)pace_when(&pace, env->limit_bytes) / 1e9 +
	       (double)env->limit_bytes / 2e9;
}

/* ---- promises ---- */

static void claim_kill(const struct ladder *l, const struct workload_env *env,
		       struct claims *out)
{
	bool v2 = env->cgroup_version == 2;
	const char *events = v2 ? "memory.events" : "memory.oom_control";
	const char *peak = v2 ? "memory.peak" : "memory.max_usage_in_bytes";
	const char *failures = v2 ? "memory.events" : "memory.failcnt";
	const struct promise one = {
		"oom_kills", "group",	 events,
		"oom_kill",  UNIT_COUNT, PROMISE_EXACT,
		1,	     0,		 "one process pays for the others"
	};
	const struct promise all = {
		"oom_kills",
		"group",
		events,
		"oom_kill",
		UNIT_COUNT,
		RELATION_BETWEEN,
		BASIS_BOUNDED,
		killable(l),
		1,
		"memory.oom.group kills every process that may be killed and may count the "
		"chosen one twice"
	};
	const struct promise rows[] = {
		{ "peak_bytes", "group", peak, peak, UNIT_BYTES, PROMISE_EXACT,
		  (int64_t)env->limit_bytes, 0, "the limit was filled to the last page" },
		{ "system_oom_kills", "system", "vmstat", "oom_kill", UNIT_COUNT, RELATION_GE,
		  BASIS_DIRECTION, 1, 0, "the machine counts the group's kill as well" },
	};

	const struct promise hit = { "limit_hits",
				     "group",
				     failures,
				     v2 ? "max" : failures,
				     UNIT_COUNT,
				     RELATION_GE,
				     BASIS_EXACT,
				     1,
				     0,
				     "a charge failed before the kill" };

	promise_add(out, SPAN_WORK, env->oom_group ? &all : &one, 1);
	/*
	 * v1 charges memory and swap together first. With no swap allowed it is that
	 * charge which fails, and 6.18 counts it nowhere: both failcnt files stay 0.
	 */
	if (v2 || env->swap_max_bytes)
		promise_add(out, SPAN_WORK, &hit, 1);
	PROMISE_ROWS(out, SPAN_WORK, rows);
}

static void claim_victim(const struct ladder *l, const struct workload_env *env,
			 struct claims *out)
{
	int64_t lead;
	const struct promise victim = {
		"victim",
		"ledger",
		"ledger",
		"victim",
		UNIT_COUNT,
		PROMISE_EXACT,
		predicted_victim(l, env, &lead),
		0,
		"most resident pages plus adj thousandths of the limit (0: the growing one)"
	};

	if (l->nr > 1 && !env->oom_group)
		promise_add(out, SPAN_WORK, &victim, 1);
}

/*
 * Pages that are charged beside the touched ones and their tables. Measured on
 * 6.18 in 36 kills at limits of 16M to 256M: 148..153 of the worker (stack, heap
 * and data, made present before READY, kernel stack and tables), 42 of each
 * victim. In 3 of the 36 it was 36 to 58 pages more: the kernel skips draining the
 * other CPUs' batches when somebody else is at it (drain_all_stock()).
 */
#define OWN_PAGES_MIN	 64
#define OWN_PAGES_MAX	 192
#define VICTIM_PAGES_MAX 96

static void claim_amount(const struct ladder *l, const struct workload_env *env,
			 struct claims *out)
{
	const char *peak =
		env->cgroup_version == 2 ? "memory.peak" : "memory.max_usage_in_bytes";
	uint64_t page = env->page_bytes, entries = page / sizeof(uint64_t);
	int64_t others = (int64_t)(others_bytes(l) / page + others_bytes(l) / (page * entries));
	int64_t limit = (int64_t)(env->limit_bytes / page);
	int64_t tables = limit / (int64_t)entries;
	int64_t slack = OWN_PAGES_MAX - OWN_PAGES_MIN + (l->nr - 1) * VICTIM_PAGES_MAX +
			env_usage_slack_bytes(env) / (int64_t)page;
	struct claim filled = { .quantity = "touched_pages",
				.scope = "group",
				.source = peak,
				.counter = peak,
				.unit = UNIT_PAGES,
				.relation = RELATION_BETWEEN,
				.basis = BASIS_BOUNDED,
				.expected = others + OWN_PAGES_MIN,
				.tolerance = slack + 1,
				.slot = "pages_touched",
				.slot_mul = (int64_t)entries + 1,
				.slot_div = (int64_t)entries };
	int64_t lead;
	unsigned victim = predicted_victim(l, env, &lead);
	int64_t refill = victim ? (int64_t)(l->bytes[victim] / page) : 0;
	int64_t least = limit - tables - others - slack - OWN_PAGES_MIN - 1;
	int64_t spare = (int64_t)(swap_room(env) / page);
	const struct promise at_least = {
		"touched_pages",
		"ledger",
		"ledger",
		"pages_touched",
		UNIT_PAGES,
		RELATION_BETWEEN,
		BASIS_BOUNDED,
		least,
		limit - others - least + spare + refill,
		swap_room(env)
			? "what the limit and the group's swap hold beside the victims"
			: "what the limit holds beside the victims; one that died may be "
			  "partly refilled before its exit is seen"
	};
	if (!swap_room(env) && !victim)
		claims_add(out, &filled,
			   "the pages that the worker counted and their page tables and %d to "
			   "%d pages of its own%s and charge batches fill the limit",
			   OWN_PAGES_MIN, OWN_PAGES_MAX, l->nr > 1 ? " and the victims" : "");
	else
		promise_add(out, SPAN_WORK, &at_least, 1);
}

static void claim_residue(const struct workload_env *env, struct claims *out)
{
	const struct promise rows[] = {
		{ "left_anonymous_bytes", "group", "memory.stat", env_group_anon(env),
		  UNIT_BYTES, RELATION_LE, BASIS_EXACT, 0, 0,
		  "every process of the group has gone and its memory with it" },
		{ "left_usage_bytes", "group", env_group_usage(env), env_group_usage(env),
		  UNIT_BYTES, RELATION_LE, BASIS_BOUNDED, 0, env_usage_slack_bytes(env),
		  "a batch of 64 pages per CPU may stay charged" },
	};

	PROMISE_ROWS(out, SPAN_RESIDUE, rows);
}

static void oom_claims(const void *params, const struct workload_env *env, struct claims *out)
{
	struct ladder l;

	if (ladder_parse(params, env, &l))
		return;
	claim_kill(&l, env, out);
	claim_victim(&l, env, out);
	if (!env->oom_group)
		claim_amount(&l, env, out);
	claim_residue(env, out);
}

/* ---- in the worker ---- */

struct oom_state {
	char *map;
	uint64_t map_bytes;  /* the limit, swap and what is beyond */
	uint64_t bulk_bytes; /* taken in steps; the rest page by page */
	struct ladder ladder;
	struct fill fill;
	struct touch touch;
	struct pace pace;
	int ready_pipe[2];
	struct pollfd victim[VICTIMS_MAX]; /* pidfds: readable once it has exited */
	unsigned nr_victims;
	int vmstat_fd;
	uint64_t kills;
	char vmstat[VMSTAT_BYTES];
};

static int write_adj(int adj)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", adj);
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)length) != length)
		ret = -errno;
	close(fd);
	return ret;
}

/* A victim: fills its memory, says so and idles until it is killed. */
static int victim_body(struct worker *w, unsigned i, void *arg)
{
	struct oom_state *s = arg;
	uint64_t bytes = s->ladder.bytes[i];
	void *map = worker_map_anon(bytes, w->env->page_bytes, false);
	char done = 1;

	if (!map || write_adj(s->ladder.adj[i]) || madvise(map, bytes, MADV_POPULATE_WRITE))
		return errno;
	worker_mapping(w, i, map, bytes);
	if (write(s->ready_pipe[1], &done, 1) != 1)
		return errno;
	for (;;)
		pause();
}

/* Kills on the whole machine so far, or 0 where the kernel does not say. */
static uint64_t machine_kills(struct oom_state *s)
{
	static const char key[] = "\noom_kill ";
	size_t length = 0;
	const char *found;
	ssize_t n;

	do { /* a read gives at most a page */
		n = pread(s->vmstat_fd, s->vmstat + length, sizeof(s->vmstat) - 1 - length,
			  (off_t)length);
		length += n > 0 ? (size_t)n : 0;
		s->vmstat[length] = 0;
	} while (n > 0);
	found = strstr(s->vmstat, key);
	return found ? strtoull(found + sizeof(key) - 1, NULL, 10) : 0;
}

static int start_victim(struct worker *w, struct oom_state *s, unsigned i)
{
	struct pollfd ready = { .fd = s->ready_pipe[0], .events = POLLIN };
	int pid = worker_fork(w, i, victim_body, s);
	char done;

	if (pid < 0)
		return worker_fail(w, -pid, "cannot fork victim %u: %s", i, strerror(-pid));
	s->victim[i - 1].events = POLLIN;
	s->victim[i - 1].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	s->nr_victims = i;
	if (s->victim[i - 1].fd < 0)
		return worker_fail(w, errno, "cannot open a pidfd: %s", strerror(errno));
	if (poll(&ready, 1, READY_BOUND_MS) != 1 || read(s->ready_pipe[0], &done, 1) != 1)
		return worker_fail(w, ETIMEDOUT,
				   "victim %u did not fill its memory within %d s", i,
				   READY_BOUND_MS / 1000);
	return 0;
}

static int start_victims(struct worker *w, struct oom_state *s)
{
	int ret = 0;

	if (s->ladder.nr > 1 && pipe2(s->ready_pipe, O_CLOEXEC))
		return worker_fail(w, errno, "cannot make a pipe: %s", strerror(errno));
	for (unsigned i = 1; i < s->ladder.nr && !ret; i++)
		ret = start_victim(w, s, i);
	if (s->ladder.nr == 1 || ret)
		return ret;
	s->vmstat_fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	if (s->vmstat_fd < 0)
		return worker_fail(w, errno, "cannot open /proc/vmstat: %s", strerror(errno));
	s->kills = machine_kills(s);
	return 0;
}

static uint64_t bulk_bytes(const struct ladder *l, const struct workload_env *env)
{
	uint64_t kept = others_bytes(l) + (l->nr + 1) * 2 * MB + LAST_STRETCH_BYTES;

	return env->limit_bytes > kept ? (env->limit_bytes - kept) / (2 * MB) * (2 * MB) : 0;
}

static int oom_prepare(struct worker *w)
{
	const struct oom_params *p = w->params;
	struct oom_state *s = calloc(1, sizeof(*s));
	bool huge = p->pages == PAGES_HUGE;
	uint64_t align = w->env->pmd_bytes ? w->env->pmd_bytes : 2 * MB;
	int ret;

	if (!s)
		return -ENOMEM;
	w->state = s;
	ladder_parse(p, w->env, &s->ladder);
	fill_init(&s->fill, p->fill, w->ledger->seed);
	touch_init(&s->touch, touch_kinds[p->touch], w->env->page_bytes,
		   huge ? w->env->pmd_bytes : 0, &s->fill);
	s->pace = (struct pace){ .shape = (enum pace_shape)p->shape,
				 .rate = p->rate,
				 .chunk_bytes = p->chunk_bytes,
				 .interval_ns = p->interval_ns };
	s->bulk_bytes = bulk_bytes(&s->ladder, w->env);
	ret = start_victims(w, s);
	if (ret)
		return ret;
	ret = write_adj(s->ladder.adj[0]);
	if (ret)
		return worker_fail(w, -ret, "cannot set oom_score_adj to %d: %s",
				   s->ladder.adj[0], strerror(-ret));
	s->map_bytes = w->env->limit_bytes + swap_room(w->env) + BEYOND_BYTES;
	s->map = worker_map_anon(s->map_bytes, align, huge);
	if (!s->map)
		return worker_fail(w, errno, "cannot map %" PRIu64 " bytes: %s", s->map_bytes,
				   strerror(errno));
	worker_mapping(w, 0, s->map, s->map_bytes);
	return 0;
}

/*
 * Whether a victim was killed. Its memory is free before its exit can be seen, and
 * going on meanwhile would eat what was freed and, after a small victim, kill
 * again; but the kernel counts a kill before it sends the signal (mm/oom_kill.c,
 * __oom_kill_process()). When somebody else's kill was counted, no victim exits
 * and growth goes on. The dead are reaped by the frame.
 */
static bool victim_died(struct worker *w, struct oom_state *s)
{
	uint64_t kills;

	if (!s->nr_victims)
		return false;
	kills = machine_kills(s);
	if (kills == s->kills)
		return false;
	s->kills = kills;
	if (poll(s->victim, s->nr_victims, KILL_WAIT_MS) <= 0)
		return false;
	for (unsigned i = 0; i < s->nr_victims; i++)
		if (s->victim[i].revents) {
			worker_slot_set(w, SLOT_VICTIM, i + 1);
			worker_slot_set(w, SLOT_VICTIM_PID,
					(uint64_t)w->ledger->process[i + 1].pid);
		}
	return true;
}

static void count_touched(struct worker *w, uint64_t bytes)
{
	worker_slot_set(w, SLOT_PAGES_TOUCHED, bytes / w->env->page_bytes);
	worker_achieved(w, bytes);
	atomic_store_explicit(&w->ledger->moved_bytes, bytes, memory_order_relaxed);
}

/* Grows to `due`; -EOWNERDEAD: a victim was killed. */
static int grow(struct worker *w, struct oom_state *s, uint64_t due, uint64_t *done)
{
	int ret = 0;

	while (*done < due && !ret && !worker_should_stop(w)) {
		uint64_t step = s->touch.step_bytes, at = *done;
		bool bulk = at + step <= due && at + step <= s->bulk_bytes;

		if (!bulk)
			step = w->env->page_bytes;
		ret = touch_range(&s->touch, s->map + at, step, at / FILL_BLOCK_BYTES);
		if (ret)
			break;
		*done += step;
		count_touched(w, *done);
		if (!bulk && victim_died(w, s))
			ret = -EOWNERDEAD;
	}
	return ret;
}

static int oom_run(struct worker *w)
{
	struct oom_state *s = w->state;
	uint64_t start_ns = worker_now_ns(), page = w->env->page_bytes;
	uint64_t done = w->ledger->sabotage_pages * page; /* counted and never touched */
	int ret = 0;

	while (done < s->map_bytes && !ret && !worker_should_stop(w)) {
		uint64_t due = pace_due(&s->pace, worker_now_ns() - start_ns);

		due = due > s->map_bytes ? s->map_bytes : due / page * page;
		ret = grow(w, s, due, &done);
		if (!ret && done < s->map_bytes)
			worker_sleep_until(w, start_ns + pace_wake(&s->pace, done, page,
								   s->map_bytes,
								   worker_now_ns() - start_ns));
		if (!ret && victim_died(w, s))
			ret = -EOWNERDEAD;
	}
	if (ret && ret != -EOWNERDEAD)
		return worker_fail(w, -ret, "cannot touch the mapping: %s", strerror(-ret));
	return 0;
}

static void oom_release(struct worker *w)
{
	struct oom_state *s = w->state;

	if (!s)
		return;
	if (s->map)
		munmap(s->map, s->map_bytes);
	for (unsigned i = 0; i < s->nr_victims; i++)
		if (s->victim[i].fd >= 0)
			close(s->victim[i].fd);
	if (s->vmstat_fd > 0)
		close(s->vmstat_fd);
	if (s->ready_pipe[1]) {
		close(s->ready_pipe[0]);
		close(s->ready_pipe[1]);
	}
	free(s);
	w->state = NULL;
}

const struct workload oom_workload = {
	.name = "oom",
	.summary = "grows in its group until the kernel kills",
	.truth = "One OOM kill, in the group alone, of the process that can be named beforehand; "
		 "the group's peak is its limit to the byte.",
	.needs = NEED_LIMIT,
	.options = options,
	.params_bytes = sizeof(struct oom_params),
	.slots = {
		[SLOT_PAGES_TOUCHED] = { "pages_touched", UNIT_PAGES,
					 "base pages that the growing process had touched" },
		[SLOT_VICTIM] = { "victim", UNIT_COUNT,
				  "which process died: 0 is the growing one" },
		[SLOT_VICTIM_PID] = { "victim_pid", UNIT_COUNT,
				      "pid of a victim whose death the growing one saw" },
	},
	.expects_oom = true,
	.check = oom_check,
	.footprint = oom_footprint,
	.seconds = oom_seconds,
	.claims = oom_claims,
	.prepare = oom_prepare,
	.run = oom_run,
	.release = oom_release,
};
