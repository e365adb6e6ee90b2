// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The worker's frame, from exec to exit; and the flush pump.
 *
 * Knows nothing of the harness but three inherited descriptors and the ledger.
 */
#include "workloads/act/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "workloads/api/arith.h"
#include "workloads/act/grace.h"
#include "workloads/act/heap.h"
#include "workloads/act/populate.h"

/* Private writable mappings above this size (thread stacks) are not prefaulted. */
#define PREFAULT_BYTES_MAX (1024 * 1024)
/* Twice the deepest stack of any workload; leak prefaults its recursion itself. */
#define STACK_AHEAD_BYTES (20 * 1024)
#define HEAP_AHEAD_BYTES  (8 * 1024)
#define STOP_LOOK_NS	  10000000u
#define PUMP_PAGES	  512
#define MAPS_BYTES	  (128 * 1024)

enum { EXIT_WORKER_OK = 0, EXIT_WORKER_FAILED = 3 };

int worker_fail(struct worker *w, int code, const char *format, ...)
{
	va_list args;

	if (!w->ledger->error[0]) {
		va_start(args, format);
		vsnprintf(w->ledger->error, sizeof(w->ledger->error), format, args);
		va_end(args);
		w->ledger->error_code = code;
	}
	return -code;
}

bool worker_sleep_until(const struct worker *w, uint64_t deadline_ns)
{
	for (;;) {
		uint64_t now = worker_now_ns();
		uint64_t next =
			now + STOP_LOOK_NS < deadline_ns ? now + STOP_LOOK_NS : deadline_ns;
		struct timespec until = { .tv_sec = (time_t)(next / 1000000000u),
					  .tv_nsec = (long)(next % 1000000000u) };

		if (now >= deadline_ns)
			return true;
		if (worker_should_stop(w))
			return false;
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until,
				      NULL); /* interrupted: the loop checks the time */
	}
}

void worker_mapping(struct worker *w, unsigned i, const void *start, uint64_t bytes)
{
	struct ledger_process *p = &w->ledger->process[i];

	p->map_start = bytes ? (uintptr_t)start : 0;
	p->map_bytes = bytes;
}

void *worker_map_anon(uint64_t bytes, uint64_t align, bool huge)
{
	const uint64_t room = bytes + align;
	uintptr_t start, aligned;
	void *map;

	map = mmap(NULL, room, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	start = (uintptr_t)map;
	aligned = (start + align - 1) & ~(uintptr_t)(align - 1);
	if (aligned > start)
		munmap(map, aligned - start);
	if (start + room > aligned + bytes)
		munmap((void *)(aligned + bytes), start + room - aligned - bytes);
	/* EINVAL: a kernel without transparent huge pages. */
	if (madvise((void *)aligned, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) &&
	    errno != EINVAL) {
		int code = errno;

		munmap((void *)aligned, bytes);
		errno = code;
		return NULL;
	}
	return (void *)aligned;
}

void *worker_map_measured(struct worker *w, uint64_t bytes, uint64_t align, bool huge)
{
	void *map = worker_map_anon(bytes, align, huge);
	int code = errno;

	if (map) {
		worker_mapping(w, 0, map, bytes);
		return map;
	}
	(void)worker_fail(w, code, "cannot map %" PRIu64 " bytes: %s", bytes, strerror(code));
	errno = code;
	return NULL;
}

void worker_reap(struct worker *w)
{
	for (unsigned i = 1; i < LEDGER_PROCESSES; i++) {
		pid_t pid = w->ledger->process[i].pid;

		if (pid > 0)
			kill(pid, SIGKILL);
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Reads one command; 0 at end of file, when the harness has exited. */
static char command_read(void)
{
	char c;
	ssize_t n;

	do {
		n = read(WORKER_COMMAND_FD, &c, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1 ? c : 0;
}

static void report(struct worker *w, enum ledger_phase phase, char c)
{
	ssize_t n;

	w->ledger->phase = phase;
	do {
		n = write(WORKER_REPORT_FD, &c, 1);
	} while (n < 0 && errno == EINTR);
}

static bool measured(const struct ledger *ledger, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < LEDGER_PROCESSES; i++) {
		uint64_t map = ledger->process[i].map_start;

		if (map && start < map + ledger->process[i].map_bytes && map < end)
			return true;
	}
	return false;
}

/* The program may have been installed under another name. */
static bool runs_in_worker(const char *path, const char *self)
{
	static const char *const names[] = { "/libc.so",    "/ld-linux", "/libm.so",
					     "/libnuma.so", "/bin/",	 "[vdso]" };

	if (*path && !strcmp(path, self))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(path, names[i]))
			return true;
	return false;
}

/* As in /proc/self/maps, cut at the first space. */
static void own_path(char *path, size_t bytes)
{
	ssize_t n = readlink("/proc/self/exe", path, bytes - 1);

	path[n > 0 ? n : 0] = 0;
	path[strcspn(path, " ")] = 0;
}

struct prefault {
	const struct ledger *ledger;
	bool text_only;	   /* skips private writable mappings */
	char self[256];	   /* path of the program in maps */
	uint64_t heap_end; /* end of the heap in use; the rest stays untouched until HELD */
};

/*
 * Faults in every page that run() may touch besides what it measures: the frame's data,
 * heap and stack, and program text. A fault in the worker's own code would count as the
 * workload's.
 */
static void prefault_line(const struct prefault *p, const char *line)
{
	uint64_t start, end;
	char perms[5], path[256] = "";

	if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %255s", &start, &end, perms, path) < 3)
		return;
	if (measured(p->ledger, start, end) || perms[3] != 'p' || !strcmp(path, "[stack]"))
		return;
	if (!strcmp(path, "[heap]") && start < p->heap_end && p->heap_end < end)
		end = p->heap_end;
	/* Failures (guard areas, special mappings) leave the pages as they are. */
	if (perms[1] == 'w' && !p->text_only && end - start <= PREFAULT_BYTES_MAX)
		(void)populate_pages((void *)start, end - start, true);
	else if (perms[0] == 'r' && runs_in_worker(path, p->self))
		(void)populate_pages((void *)start, end - start, false);
}

static __attribute__((noinline)) void prefault_stack(void)
{
	volatile char ahead[STACK_AHEAD_BYTES];

	for (size_t i = 0; i < sizeof(ahead); i += 1024)
		ahead[i] = 0;
}

/* End of the heap that malloc has in use, and HEAP_AHEAD_BYTES of the free part above it. */
static uint64_t heap_used_end(void)
{
#ifdef HEAP_IS_MODELLED
	return ((uintptr_t)sbrk(0) - mallinfo2().keepcost + HEAP_AHEAD_BYTES) &
	       ~(uint64_t)(sysconf(_SC_PAGESIZE) - 1);
#else
	return UINT64_MAX;
#endif
}

/* The text of /proc/self/maps is in a mapping that is unmapped before READY. */
static void prefault_mappings(struct prefault *p)
{
	char *text = mmap(NULL, MAPS_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;

	own_path(p->self, sizeof(p->self));
	if (fd >= 0 && text != MAP_FAILED) {
		while ((n = read(fd, text + length, MAPS_BYTES - 1 - length)) > 0)
			length += (size_t)n;
		for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			prefault_line(p, line);
		}
	}
	if (fd >= 0)
		close(fd);
	if (text != MAP_FAILED)
		munmap(text, MAPS_BYTES);
}

static void prefault(const struct ledger *ledger)
{
	struct prefault p = { .ledger = ledger, .heap_end = heap_used_end() };

	prefault_stack();
	prefault_mappings(&p);
}

/*
 * fork() does not copy page tables of file mappings (vma_needs_copy() in mm/memory.c).
 * Fault-around maps such pages again but skips one that another process holds locked, as a
 * sibling that starts at the same time may: a later fault for it would count as the
 * workload's. Private writable pages stay copy-on-write.
 */
static void prefault_child_text(const struct ledger *ledger)
{
	struct prefault p = { .ledger = ledger, .text_only = true };

	prefault_mappings(&p);
}

int worker_fork(struct worker *w, unsigned i,
		int (*body)(struct worker *w, unsigned i, void *arg), void *arg)
{
	const pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_WORKER_FAILED);
		close(WORKER_COMMAND_FD);
		close(WORKER_REPORT_FD);
		w->ledger->process[i].pid = getpid();
		prefault_child_text(w->ledger);
		_exit(body(w, i, arg));
	}
	w->ledger->process[i].pid = pid;
	return pid;
}

/*
 * In a virtual machine free pages may have been returned to the host, and the first touch
 * would measure the hypervisor. Faulting them in and freeing them first backs them again.
 */
static void prewarm(uint64_t bytes)
{
	void *map;

	if (!bytes)
		return;
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return;
	(void)populate_pages(map, bytes, true); /* on failure the run starts colder */
	munmap(map, bytes);
	grace_wait(); /* so that its page tables are uncharged before run() */
}

/*
 * Local allocation is the default, but an explicit policy exempts the process's memory from
 * automatic NUMA balancing (task_numa_work() in kernel/sched/fair.c), whose hint faults
 * would count as the workload's.
 */
static void refuse_hint_faults(void)
{
	(void)syscall(SYS_set_mempolicy, MPOL_LOCAL, NULL,
		      0); /* ENOSYS: a kernel without NUMA */
}

static int ledger_attach(struct worker *w)
{
	w->ledger = mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			 WORKER_LEDGER_FD, 0);
	if (w->ledger == MAP_FAILED)
		return -errno;
	if (w->ledger->magic != LEDGER_MAGIC || w->ledger->bytes != sizeof(*w->ledger))
		return -EPROTO;
	w->params = w->ledger->params;
	w->env = &w->ledger->env;
	w->ledger->process[0].pid = getpid();
	w->workload = workload_find(w->ledger->workload);
	if (!w->workload)
		return worker_fail(w, ENOENT, "this build has no workload %s",
				   w->ledger->workload);
	return 0;
}

static int run_and_hold(struct worker *w)
{
	int ret;

	w->ledger->phase = PHASE_RUNNING;
	w->ledger->run_ns = worker_now_ns();
	ret = w->workload->run(w);
	w->ledger->end_ns = worker_now_ns();
	if (!ret && w->workload->verify)
		ret = w->workload->verify(w);
	if (ret)
		return ret;
	report(w, PHASE_HELD, 'H');
	(void)command_read(); /* 'B' or end of file: release in both cases */
	return 0;
}

int worker_main(void)
{
	struct worker w = { 0 };
	int ret;

	/* exec of /proc/self/exe sets the name to "exe", which top and the kernel log show. */
	prctl(PR_SET_NAME, "pagestorm");
	refuse_hint_faults();
	ret = ledger_attach(&w);
	if (!w.ledger || w.ledger == MAP_FAILED || (ret && !w.workload && ret != -ENOENT))
		return EXIT_WORKER_FAILED;
	if (!ret && w.workload->prepare)
		ret = w.workload->prepare(&w);
	if (!ret) {
		prewarm(w.ledger->prewarm_bytes);
		prefault(w.ledger);
		w.ledger->ready_ns = worker_now_ns();
		report(&w, PHASE_READY, 'R');
		if (command_read() == 'G')
			ret = run_and_hold(&w);
	}
	if (ret) {
		(void)worker_fail(&w, -ret, "%s: %s", w.ledger->workload, strerror(-ret));
		report(&w, PHASE_FAILED, 'F');
		(void)command_read();
	}
	if (w.workload && w.workload->release)
		w.workload->release(&w);
	worker_reap(&w);
	if (!ret)
		w.ledger->phase = PHASE_RELEASED;
	return ret ? EXIT_WORKER_FAILED : EXIT_WORKER_OK;
}

/*
 * The pump: on 'P' it touches PUMP_PAGES pages, on 'U' it releases them, and answers with
 * the same letter. In between, its group's anon is a known amount.
 */
int worker_pump_main(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t bytes = PUMP_PAGES * page;
	struct ledger *none = mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Without the area: other pages that are swapped out would falsify the amount. */
	const int unlocked = mlockall(MCL_CURRENT);
	volatile char *area = worker_map_anon(bytes, page, false);
	char c;

	(void)unlocked; /* best effort: unlocked pages are a problem under pressure only */
	if (!area || none == MAP_FAILED)
		return EXIT_WORKER_FAILED;
	none->process[0].map_start = (uintptr_t)area;
	none->process[0].map_bytes = bytes;
	prefault(none);
	while ((c = command_read())) {
		if (c == 'P')
			for (size_t i = 0; i < bytes; i += page)
				area[i] = 1;
		else if (madvise((void *)area, bytes, MADV_DONTNEED))
			return EXIT_WORKER_FAILED;
		if (write(WORKER_REPORT_FD, &c, 1) != 1)
			return EXIT_WORKER_FAILED;
	}
	return EXIT_WORKER_OK;
}
