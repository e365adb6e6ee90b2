// SPDX-License-Identifier: GPL-2.0-or-later
/* run.json: what was run, on what machine, with what, and how it ended. */
#include "config.h"

#include "harness/trial/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnu/libc-version.h>

#include "harness/base/plainfile.h"
#include "workloads/api/arith.h"

static json_t *describe_capabilities(const struct host *h)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < NR_CAPABILITIES; i++)
		json_object_set_new(all, capability_table[i].name,
				    json_pack("{s:s, s:s}", "state",
					      capability_state_name(h->capability[i].state),
					      "seen", h->capability[i].seen));
	return all;
}

static bool has(const struct host *h, enum capability capability)
{
	return h->capability[capability].state == CAPABILITY_YES;
}

static json_t *describe_host(const struct host *h)
{
	static const char *const thp[] = { "absent", "never", "madvise", "always" };
	json_t *nodes = json_array(), *host;

	for (unsigned i = 0; i < h->nr_nodes; i++) {
		json_t *distances = json_array();

		for (unsigned j = 0; j < h->nr_nodes; j++)
			json_array_append_new(distances, json_integer(h->node[i].distance[j]));
		json_array_append_new(
			nodes, json_pack("{s:i, s:I, s:s, s:o}", "id", (int)h->node[i].id,
					 "memory_bytes", (json_int_t)h->node[i].memory_bytes,
					 "cpus", h->node[i].cpus ? h->node[i].cpus : "",
					 "distances", distances));
	}
	host = json_pack(
		"{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:o, s:s, s:b, s:b, s:b, s:b, s:i}",
		"kernel", h->kernel, "cpu_model", h->cpu_model, "cpus", (int)h->cpus,
		"memory_bytes", (json_int_t)h->memory_bytes, "available_bytes",
		(json_int_t)h->available_bytes, "page_bytes", (json_int_t)h->page_bytes,
		"huge_page_bytes", (json_int_t)h->pmd_bytes, "nodes", nodes, "thp", thp[h->thp],
		"mglru", h->mglru, "psi", h->psi, "cachestat", has(h, CAPABILITY_CACHESTAT),
		"free_page_reporting", has(h, CAPABILITY_PAGE_REPORTING), "cgroup_version",
		(int)h->cgroup_version);
	json_object_set_new(host, "swap_bytes", json_integer((json_int_t)h->swap_total_bytes));
	json_object_set_new(host, "reclaims_ahead",
			    json_boolean(has(h, CAPABILITY_DAMON_RECLAIMS)));
	json_object_set_new(host, "capabilities", describe_capabilities(h));
	if (h->lab[0])
		json_object_set_new(host, "lab", json_string(h->lab));
	json_object_set_new(host, "boot_id", json_string(h->boot_id));
	return host;
}

static json_t *describe_settings(void)
{
	static const char *const names[] = {
		"swappiness",
		"min_free_kbytes",
		"watermark_scale_factor",
		"watermark_boost_factor",
		"page-cluster",
		"vfs_cache_pressure",
		"dirty_ratio",
		"dirty_background_ratio",
		"overcommit_memory",
		"overcommit_ratio",
		"zone_reclaim_mode",
		"compaction_proactiveness",
		"nr_hugepages",
		"numa_stat",
	};
	json_t *settings = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128], key[64], value[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/sys/vm/%s", names[i]);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(value, sizeof(value), f)) {
			value[strcspn(value, "\n")] = 0;
			snprintf(key, sizeof(key), "vm.%s", names[i]);
			json_object_set_new(settings, key, json_string(value));
		}
		fclose(f);
	}
	return settings;
}

static json_t *describe_worker(const struct plan_worker *w)
{
	json_t *limits = json_object();

	for (unsigned i = 0; i < w->request.limits.nr; i++)
		json_object_set_new(limits, w->request.limits.limit[i].name,
				    json_string(w->request.limits.limit[i].value));
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:i, s:s}", "name", w->name,
			 "workload", w->workload->name, "params", w->request.params_text,
			 "limits", limits, "footprint_bytes",
			 (json_int_t)w->prediction.footprint_bytes, "target_bytes",
			 (json_int_t)w->prediction.target_bytes, "claims",
			 (int)w->prediction.nr_claims, "skip", w->skip);
}

static json_t *describe_primary(const struct plan *plan)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < plan->primary.nr; i++) {
		char name[128];

		primary_format(&plan->primary.item[i], name, sizeof(name));
		json_array_append_new(names, json_string(name));
	}
	return names;
}

json_t *results_describe_plan(const struct plan *plan)
{
	json_t *cells = json_array(), *order = json_array(), *root;

	for (unsigned i = 0; i < plan->nr_cells; i++) {
		const struct plan_cell *cell = &plan->cell[i];
		json_t *settings = json_object(), *workers = json_array();

		for (unsigned s = 0; s < cell->nr_settings; s++)
			json_object_set_new(settings, cell->setting[s].name,
					    json_string(cell->setting[s].value));
		for (unsigned w = 0; w < cell->nr_workers; w++)
			json_array_append_new(workers, describe_worker(&cell->worker[w]));
		json_array_append_new(cells,
				      json_pack("{s:i, s:s, s:o, s:o}", "cell",
						(int)cell->index, "label", cell->label,
						"settings", settings, "workers", workers));
	}
	for (size_t i = 0; i < plan->nr_steps; i++)
		json_array_append_new(order, json_pack("[i, i]", (int)plan->step[i].cell,
						       plan->step[i].repeat));
	root = json_pack("{s:s, s:s, s:i, s:i, s:i, s:I, s:s, s:o, s:o}", "name", plan->name,
			 "why", plan->why, "repeats", (int)plan->repeats, "warmup",
			 (int)plan->warmup, "retries", (int)plan->retries, "seed",
			 (json_int_t)plan->seed, "risk",
			 (const char *const[]){ "R0", "R1", "R2", "R3" }[plan->risk], "cells",
			 cells, "order", order);
	/* Runs of earlier versions have none, and can be resumed. */
	if (root && plan->primary.nr)
		json_object_set_new(root, "primary", describe_primary(plan));
	return root;
}

static json_t *describe_versions(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "pagestorm",
			 PACKAGE_VERSION, "libc", gnu_get_libc_version(), "jansson",
			 JANSSON_VERSION, "numa", BUILT_WITH_NUMA, "hwloc", BUILT_WITH_HWLOC,
			 "libcgroup", BUILT_WITH_CGROUP, "inih", BUILT_WITH_INIH, "compiler",
			 __VERSION__);
}

/* Written beside and renamed, so that a reader sees the old text or the new one. */
static int replace(const struct results *r, const char *text, struct error *e)
{
	const size_t length = strlen(text);
	int fd = plainfile_make(r->dirfd, "run.json.new"), ret = 0;

	if (fd < 0)
		return error_set(e, -fd, "cannot write run.json: %s", strerror(-fd));
	if (write(fd, text, length) != (ssize_t)length || write(fd, "\n", 1) != 1 || fsync(fd))
		ret = error_set(e, errno ? errno : EIO, "cannot write run.json: %s",
				strerror(errno));
	close(fd);
	if (!ret && renameat(r->dirfd, "run.json.new", r->dirfd, "run.json"))
		ret = error_set(e, errno, "cannot rename run.json: %s", strerror(errno));
	return ret;
}

int results_describe(struct results *r, const struct plan *plan, json_t *end, struct error *e)
{
	json_t *now = describe_settings(), *root;
	char *text;
	int ret;

	if (!r->settings_before)
		r->settings_before = json_incref(now);
	root = json_pack("{s:i, s:s, s:o, s:o, s:O, s:o, s:o, s:O}", "schema", 1, "run", r->run,
			 "versions", describe_versions(), "machine", describe_host(plan->host),
			 "settings_before", r->settings_before, "settings_after", now, "plan",
			 results_describe_plan(plan), "end", end);
	text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	ret = text ? replace(r, text, e) : error_set(e, ENOMEM, "out of memory for run.json");
	free(text);
	json_decref(root);
	return ret;
}
