// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/engine.h"
#include "bench/loops.h"

#define REPORT_BOUND_NS 30000000000u
#define HAND_BYTES	(1024ull << 20) /* limit of its group */

static int expect(struct hand *h, char wanted, struct error *e)
{
	char report;
	int ret = process_receive(&h->process, REPORT_BOUND_NS, &report);

	if (ret)
		return error_set(e, -ret, "the worker does not answer: %s", strerror(-ret));
	return report == wanted ? 0 : error_set(e, EPROTO, "%s", h->process.ledger->error);
}

int hand_start(struct hand *h, struct box *b, const char *settings, struct error *e)
{
	const struct workload *anon = workload_find("anon");
	struct process_setup setup = { .argument = "--worker", .group = &h->group };
	struct ledger *ledger;
	int ret;

	memset(h, 0, sizeof(*h));
	process_init(&h->process);
	ret = box_group(b, HAND_BYTES, &h->group, e);
	if (!ret)
		ret = process_make_ledger(&h->process, e);
	if (ret)
		return ret;
	ledger = h->process.ledger;
	snprintf(ledger->workload, sizeof(ledger->workload), "%s", anon->name);
	ledger->seed = 1;
	box_env(b, HAND_BYTES, &ledger->env);
	ret = engine_params(anon, ledger->params, settings);
	if (!ret)
		ret = process_start(&h->process, &setup, e);
	h->exec_ns = loop_now_ns();
	return ret ? ret : expect(h, 'R', e);
}

int hand_go(struct hand *h, struct error *e)
{
	int ret = process_send(&h->process, 'G');

	return ret ? error_set(e, -ret, "the worker has gone") : expect(h, 'H', e);
}

void hand_release(struct hand *h)
{
	struct error ignored = { "" }; /* what stays goes with the box */

	process_release(&h->process);
	if (h->group.version)
		(void)group_remove(&h->group, &ignored);
	memset(h, 0, sizeof(*h));
	process_init(&h->process);
}

uint64_t hand_usage(const struct hand *h)
{
	const bool v2 = h->group.version == 2;
	uint64_t usage = 0;

	(void)group_read_number(&h->group, v2 ? "memory.current" : "memory.usage_in_bytes",
				&usage); /* 0 shows */
	return usage;
}

static FILE *open_file(const struct hand *h, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", h->process.pid, file);
	return fopen(path, "re");
}

uint64_t hand_resident_pages(const struct hand *h)
{
	FILE *f = open_file(h, "statm");
	uint64_t pages = 0;

	if (f && fscanf(f, "%*u %" SCNu64, &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages;
}

uint64_t hand_kb(const struct hand *h, const char *file, const char *key)
{
	FILE *f = open_file(h, file);
	const size_t length = strlen(key);
	char line[256];
	uint64_t kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, length) && line[length] == ':')
			kb = strtoull(line + length + 1, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}
