// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cost of a worker before it does anything: row h. The worker is this program, executed
 * with --worker like pagestorm: the same code with the same libraries.
 */
#include <stdio.h>

#include "bench/hand.h"
#include "bench/row.h"

#define STARTS	 15
#define MOST_KB	 256
#define MOST_MS	 1.6
#define SETTINGS "size=1M touch=write"

static int show_worker(struct job *j, struct error *e)
{
	static const char *const memhog[] = { "memhog", "-r1", "4k", NULL };
	double first_ms[STARTS], ready_ms[STARTS], anon_kb = 0, tables_kb = 0, usage_kb = 0;
	double memhog_ms[STARTS], first;
	int ret = 0;

	for (int i = 0; i < STARTS && !ret; i++) {
		struct hand h;

		ret = hand_start(&h, j->box, SETTINGS, e);
		if (!ret) {
			anon_kb = (double)hand_kb(&h, "smaps_rollup", "Anonymous");
			tables_kb = (double)hand_kb(&h, "status", "VmPTE");
			usage_kb = (double)hand_usage(&h) / 1024;
			ready_ms[i] = (double)(h.process.ledger->ready_ns - h.exec_ns) / 1e6;
		}
		hand_release(&h);
	}
	/* GO as soon as it is READY. */
	for (int i = 0; i < STARTS && !ret; i++) {
		struct hand h;

		ret = hand_start(&h, j->box, SETTINGS, e);
		if (!ret)
			ret = hand_go(&h, e);
		if (!ret)
			first_ms[i] = (double)(h.process.ledger->run_ns - h.exec_ns) / 1e6;
		hand_release(&h);
		memhog_ms[i] = peer_run(memhog, NULL) / 1e6;
	}
	if (ret)
		return ret;
	first = quantile(first_ms, STARTS, 0.5);
	printf("%-8s a worker at READY: %.0f KiB of its own (%d), tables %.0f KiB, usage %.0f "
	       "KiB; "
	       "exec to READY %.2f ms, to the first byte %.2f ms (%.1f)  %s",
	       j->row->id, anon_kb, MOST_KB, tables_kb, usage_kb,
	       quantile(ready_ms, STARTS, 0.5), first, MOST_MS,
	       anon_kb <= MOST_KB && first <= MOST_MS ? "met" : "MISSED");
	if (memhog_ms[0] > 0)
		printf("; memhog 4k from fork to exit %.2f ms\n",
		       quantile(memhog_ms, STARTS, 0.5));
	else
		printf("; memhog: not installed (numactl)\n");
	return 0;
}

const struct row worker_rows[] = {
	{ .id = "h", .work = "a worker's own footprint", .show = show_worker },
	{ .id = NULL },
};
