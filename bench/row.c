// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/row.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/loops.h"
#include "harness/machine/settings.h"

#define PREWARM_BYTES (256 * MB)
#define PEER_RUNS     5

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double quantile(double *values, unsigned nr, double share)
{
	qsort(values, nr, sizeof(*values), compare);
	return values[(unsigned)((nr - 1) * share + 0.5)];
}

bool row_is_named(const struct row *row, const char *name)
{
	const size_t length = strlen(name);

	return !strncmp(row->id, name, length) &&
	       (length == 1 || !row->id[length] || row->id[length] == '-');
}

double peer_run(const char *const argv[], struct rusage *usage)
{
	uint64_t start_ns = loop_now_ns();
	struct rusage own;
	pid_t pid = fork();
	int status;

	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, usage ? usage : &own) < 0)
		return 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		errno = WIFEXITED(status) && WEXITSTATUS(status) == 127 ? ENOENT : ECHILD;
		return 0;
	}
	return (double)(loop_now_ns() - start_ns);
}

/* ---- in the row's process ---- */

struct result {
	unsigned pairs;
	double limit_ns[PAIRS_MAX], ours_ns[PAIRS_MAX], ratio[PAIRS_MAX];
};

static int measure(struct job *j, struct result *r)
{
	const struct row *row = j->row;

	for (r->pairs = 0; r->pairs < j->pairs; r->pairs++) {
		double limit = row->limit(j), ours;

		errno = limit > 0 ? 0 : errno;
		ours = row->ours && limit > 0 ? row->ours(j) : limit;
		if (!(limit > 0 && ours > 0))
			return errno ? -errno : -EIO;
		r->limit_ns[r->pairs] = limit;
		r->ours_ns[r->pairs] = ours;
		r->ratio[r->pairs] = limit / ours;
	}
	return 0;
}

static void print_amount(const struct row *row, double ns)
{
	static const char *const unit[] = { "GiB/s", "k/s", "kpg/s", "us" };
	const double amount = (double)row->amount;
	const double shown[] = { amount / (1 << 30) * 1e9 / ns, amount / 1e3 * 1e9 / ns,
				 amount / 4096 / 1e3 * 1e9 / ns, ns / amount / 1e3 };

	printf(" %8.2f %-5s", shown[row->shown], unit[row->shown]);
}

static void print_verdict(const struct row *row, struct result *r)
{
	const double ratio = quantile(r->ratio, r->pairs, 0.5);
	bool met = ratio >= row->target;

	printf(" %6.3f (%.3f-%.3f)", ratio, quantile(r->ratio, r->pairs, 0.25),
	       quantile(r->ratio, r->pairs, 0.75));
	if (row->minimum != 0) {
		met = met && r->ratio[0] >= row->minimum; /* sorted by now */
		printf(" min %.2f, >=%.2f", r->ratio[0], row->minimum);
	}
	if (row->target != 0)
		printf("  >=%.2f %s", row->target, met ? "met" : "MISSED");
}

/* Each of its runs has a run of the limit before it. */
static void print_peer(struct job *j, const struct peer *peer)
{
	double ratio[PEER_RUNS];
	unsigned nr = 0;

	for (; nr < PEER_RUNS; nr++) {
		double limit = j->row->limit(j), ns;

		errno = 0;
		ns = peer->ns(j);
		if (!(limit > 0 && ns > 0))
			break;
		ratio[nr] = limit / ns;
	}
	if (!nr)
		printf("; %s: %s (%s)", peer->name,
		       errno == ENOENT ? "not installed" : "failed", peer->package);
	else
		printf("; %s %.2f", peer->name, quantile(ratio, nr, 0.5));
}

/* On a virtual machine the first touch after a pause measures the hypervisor. */
static uint64_t prewarm_bytes(const struct job *j)
{
	const uint64_t room = j->env.limit_bytes / 4;

	return room < PREWARM_BYTES ? room : PREWARM_BYTES;
}

static int measure_and_print(void *arg)
{
	static struct result result; /* large */
	struct job *j = arg;
	const struct row *row = j->row;
	int ret;

	/* A refusal only leaves it colder. */
	(void)loop_populate(prewarm_bytes(j), false);
	ret = row->begin ? row->begin(j) : 0;
	if (!ret)
		ret = measure(j, &result);
	if (ret) {
		const struct ledger *ledger = j->engine.worker.ledger;

		printf("%-8s %-36s cannot run here: %s\n", row->id, row->work,
		       ledger && ledger->error[0] ? ledger->error : strerror(-ret));
		goto out;
	}
	printf("%-8s %-36s", row->id, row->work);
	print_amount(row, quantile(result.limit_ns, result.pairs, 0.5));
	if (row->ours) {
		print_amount(row, quantile(result.ours_ns, result.pairs, 0.5));
		print_verdict(row, &result);
	}
	for (const struct peer *peer = row->peer; peer < row->peer + PEERS_MAX && peer->name;
	     peer++)
		print_peer(j, peer);
	printf("\n");
out:
	if (row->end)
		row->end(j);
	return 0;
}

/* ---- in the bench ---- */

/* The pool is the machine's: grown through the journal and given back by journal_undo(). */
static int grow_pool(struct box *box, unsigned pages, struct error *e)
{
	char value[32], now[32];
	int ret = setting_read("vm.nr_hugepages", now, sizeof(now), e);

	if (ret)
		return ret;
	snprintf(value, sizeof(value), "%lu", strtoul(now, NULL, 10) + pages);
	return setting_apply(&box->journal, "vm.nr_hugepages", value, e);
}

static int set_up(const struct row *row, struct box *box, struct error *e)
{
	int ret = row->scratch ? box_scratch(box, e) : 0;

	if (!ret && row->swap != SWAP_NONE)
		ret = box_make_swap(box, row->swap, row->swap_bytes, e);
	if (!ret && row->huge_pages)
		ret = grow_pool(box, row->huge_pages, e);
	return ret;
}

int row_run(const struct row *row, struct box *box, unsigned pairs)
{
	const uint64_t limit = row->group_bytes ? row->group_bytes : GROUP_BYTES;
	const size_t kept = journal_length(&box->journal);
	const bool contained = box->top.version || row->swap != SWAP_NONE;
	struct job job = { .row = row, .box = box, .pairs = pairs };
	struct error e = { "" };
	int ret, ret_undo;

	if (row->pairs && row->pairs < pairs)
		job.pairs = row->pairs;
	ret = set_up(row, box, &e);
	box_env(box, limit, &job.env);
	if (!ret && row->show)
		ret = row->show(&job, &e);
	else if (!ret && row->outside)
		ret = measure_and_print(&job);
	else if (!ret)
		ret = box_run(box, contained ? limit : 0, measure_and_print, &job, &e);
	if (ret)
		printf("%-8s %-36s cannot run here: %s\n", row->id, row->work,
		       e.text[0] ? e.text : strerror(-ret));
	fflush(stdout);
	e.text[0] = 0;
	ret_undo = box_remove_swap(box, &e);
	if (row->huge_pages && !ret_undo)
		ret_undo = journal_undo(&box->journal, kept, &e);
	if (ret_undo)
		fprintf(stderr, "bench: %s\n", e.text);
	return box_interrupted(box) ? -EINTR : 0;
}
