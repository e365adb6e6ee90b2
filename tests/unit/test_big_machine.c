// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A machine of 512 CPUs, 16 nodes up to number 1023, 2 TiB and zones of all kinds, made by
 * tests/lib/big-machine: every file is read to its end and no value is cut short.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/machine/host.h"
#include "harness/record/counters.h"
#include "harness/trial/capture.h"
#include "tests/unit/params.h"
#include "workloads/api/nodes.h"
#include "workloads/probe/zones.h"
#include "workloads/api/arith.h"

#define CPUS 512
#define GIB  (1ull << 30)

static char root[] = "/tmp/pagestorm-big-XXXXXX";

/* As the script has them. */
static const unsigned node_ids[] = { 0,	 1,  4,	 5,  8,	  9,   16,  17,
				     32, 33, 64, 65, 128, 252, 254, 1023 };
/* With pages: 3 on node 0, 2 on node 1, 1 each on 13 more. */
static const unsigned nr_zones = 18;

static int make_machine(void **state)
{
	const char *top = getenv("PAGESTORM_SRCDIR");
	char command[1024];

	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(command, sizeof(command), "%s/tests/lib/big-machine %s", top ? top : ".",
		 root);
	return system(command);
}

static int remove_machine(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

/* ---- the host ---- */

static void probe(struct host *host)
{
	struct error e = { "" };

	if (host_probe(host, root, &e))
		fail_msg("%s", e.text);
}

static void all_nodes_cpus_and_zones_are_there(void **state)
{
	uint64_t managed = 0, memory = 0;
	struct host host;
	unsigned cpus = 0;

	(void)state;
	probe(&host);
	assert_int_equal(host.cpus, CPUS);
	assert_int_equal(host.memory_bytes, 2048 * GIB);
	assert_int_equal(host.nr_nodes, ARRAY_SIZE(node_ids));
	for (unsigned i = 0; i < host.nr_nodes; i++) {
		assert_int_equal(host.node[i].id, node_ids[i]);
		cpus += host.node[i].nr_cpus;
		memory += host.node[i].memory_bytes;
	}
	assert_int_equal(cpus, CPUS);
	assert_int_equal(memory, 2048 * GIB);
	assert_int_equal(host.node[0].nr_cpus, CPUS / 2);
	for (unsigned i = 0; i < host.nr_zones; i++)
		managed += host.zone[i].managed_pages;
	assert_int_equal(managed, 2048 * GIB / 4096);
	assert_int_equal(host.nr_zones, nr_zones);
	assert_string_equal(host.zone[4].name, "HighMem");
	assert_int_equal(host.zone[nr_zones - 1].node, 1023);
	assert_string_equal(host.zone[nr_zones - 1].name, "Movable");
	host_release(&host);
}

/* 256 numbers: a list of more than 900 bytes. */
static void a_long_list_of_cpus_is_whole(void **state)
{
	const struct host_pick pick = { .cpus = true, .from_node = 0 };
	char expected[2048] = "", list[2048];
	struct host_pick from = pick;
	struct error e = { "" };
	struct host host;
	size_t used = 0;

	(void)state;
	for (unsigned cpu = 0; cpu < CPUS; cpu += 2)
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%u",
					 cpu ? "," : "", cpu);
	probe(&host);
	assert_string_equal(host.node[0].cpus, expected);
	from.host = &host;
	assert_int_equal(host_pick(&from, "local", list, sizeof(list), &e), 0);
	assert_string_equal(list, expected);
	assert_int_equal(host_pick(&from, "510", list, sizeof(list), &e), 0);
	assert_int_equal(host_pick(&from, "512", list, sizeof(list), &e), -ENODEV);
	assert_non_null(strstr(e.text, "CPU 512"));
	e.text[0] = '\0';
	assert_int_equal(host_pick(&from, "local", list, 64, &e), -EINVAL);
	assert_non_null(strstr(e.text, "longer than 63 bytes"));
	host_release(&host);
}

static void a_workload_finds_nodes_by_their_numbers(void **state)
{
	struct workload_env env = { 0 };
	struct host host;

	(void)state;
	probe(&host);
	host_env(&host, &env);
	assert_int_equal(env.nr_nodes, ARRAY_SIZE(node_ids) - 1);
	assert_int_equal(env.nodes[env.nr_nodes - 1], 1023);
	assert_int_equal(env.node_bytes[env.nr_nodes - 1], 256 * GIB);
	assert_true(node_has_cpus(&env, 65) && node_has_cpus(&env, 128));
	assert_false(node_has_cpus(&env, 252) || node_has_cpus(&env, 2));
	assert_int_equal(node_first_with_cpus(&env), 0);
	assert_int_equal(node_distance_of(&env, 254, 1023), 12);
	assert_int_equal(node_distance_of(&env, 0, 1023), 35);
	assert_int_equal(node_distance_of(&env, 1023, 1023), 10);
	assert_int_equal(node_distance_of(&env, 0, 2), 0);
	host_release(&host);
}

static void a_mask_has_the_nodes_that_it_was_given(void **state)
{
	struct nodemask mask = nodemask_of(1023);

	(void)state;
	nodemask_add(&mask, 64);
	assert_true(nodemask_has(&mask, 1023) && nodemask_has(&mask, 64));
	assert_false(nodemask_has(&mask, 0) || nodemask_has(&mask, -2) ||
		     nodemask_has(&mask, 1024));
}

/* ---- the files that are captured ---- */

static const struct source *source_of(enum place place, const char *name)
{
	for (const struct source *s = sources; s->name; s++)
		if (s->place == place && !strcmp(s->name, name))
			return s;
	fail_msg("no source %s", name);
	return NULL;
}

/* Takes a file as a trial would, and parses both sides of it. */
static void capture(struct record *record, const struct source *source, const char *path)
{
	struct capture c;
	struct error e = { "" };
	char full[256];

	snprintf(full, sizeof(full), "%s%s", root, path);
	capture_init(&c);
	c.file = calloc(1, sizeof(*c.file));
	assert_non_null(c.file);
	c.nr = c.capacity = 1;
	c.file[0] = (struct capture_file){ .source = source,
					   .owner = OWNER_SYSTEM,
					   .fd = open(full, O_RDONLY | O_CLOEXEC),
					   .range = { 0x7f0000000000, 1 << 30 } };
	assert_true(c.file[0].fd >= 0);
	snprintf(c.file[0].scope, sizeof(c.file[0].scope), "it");
	capture_take(&c, BARRIER_READY, PART_SYSTEM | PART_PROCESSES);
	capture_take(&c, BARRIER_HELD, PART_SYSTEM | PART_PROCESSES);
	record_init(record);
	assert_int_equal(capture_parse(&c, 0, SPAN_WORK, record, &e), 0);
	if (record->nr_losses)
		fail_msg("%s", record->loss[0].why);
	capture_release(&c);
}

static int64_t value_of(const struct record *r, const char *scope, const char *counter)
{
	const struct counter *c = NULL;

	for (size_t i = 0; i < r->nr && !c; i++)
		if (!strcmp(r->counter[i].scope, scope) &&
		    !strcmp(r->counter[i].counter, counter))
			c = &r->counter[i];
	if (!c || !c->has_before || !c->has_after)
		fail_msg("no %s of %s", counter, scope);
	return c->after.value;
}

/* 1.6 MB: each zone has a page set for each CPU. */
static void zoneinfo_is_captured_and_parsed_whole(void **state)
{
	static const char *const zones[] = { "node0:Normal", "node1:HighMem", "node64:Normal",
					     "node1023:Movable" };
	struct record r;
	int64_t listed = 0;

	(void)state;
	for (int cpu = 0; cpu < CPUS; cpu++)
		listed += cpu % 7;
	capture(&r, source_of(PLACE_SYSTEM, "zoneinfo"), "/proc/zoneinfo");
	for (size_t i = 0; i < ARRAY_SIZE(zones); i++)
		assert_int_equal(value_of(&r, zones[i], "pagesets.count"), listed);
	assert_int_equal(value_of(&r, "node1023:Movable", "managed"), 256 * GIB / 4096);
	assert_int_equal(value_of(&r, "node1023:Device", "managed"), 0);
	assert_int_equal(value_of(&r, "node1023", "nr_anon_pages"), 1023);
	record_release(&r);
	capture(&r, source_of(PLACE_SYSTEM, "buddyinfo"), "/proc/buddyinfo");
	assert_int_equal(value_of(&r, "node1:HighMem", "order10"), 11);
	assert_int_equal(value_of(&r, "node1023:Movable", "order10"), 11);
	assert_int_equal(r.nr, nr_zones * 11);
	record_release(&r);
}

static void each_cpus_and_nodes_numbers_are_there(void **state)
{
	struct record r;

	(void)state;
	capture(&r, source_of(PLACE_SYSTEM, "stat"), "/proc/stat");
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		char key[32];

		snprintf(key, sizeof(key), "cpu%u.user", cpu);
		assert_int_equal(value_of(&r, "it", key), cpu + 1);
	}
	assert_int_equal(value_of(&r, "it", "intr"), 4095); /* of 4096 interrupts */
	assert_int_equal(value_of(&r, "it", "softirq"), 77);
	record_release(&r);
	capture(&r, source_of(PLACE_NODE, "meminfo"),
		"/sys/devices/system/node/node1023/meminfo");
	assert_int_equal(value_of(&r, "it", "MemTotal"), 256 * GIB / 1024);
	record_release(&r);
	capture(&r, source_of(PLACE_PROCESS, "status"), "/proc/self/status");
	assert_int_equal(value_of(&r, "it", "VmRSS"), 4);
	record_release(&r);
}

static void numa_maps_may_name_any_number_of_nodes(void **state)
{
	int64_t sum = 0;
	struct record r;

	(void)state;
	capture(&r, source_of(PLACE_MAPPING, "numa_maps"), "/proc/self/numa_maps");
	for (unsigned node = 0; node < 200; node++) {
		char key[16];

		snprintf(key, sizeof(key), "N%u", node);
		assert_int_equal(value_of(&r, "it", key), node + 1);
		sum += node + 1;
	}
	assert_int_equal(value_of(&r, "it", "anon"), sum);
	record_release(&r);
}

/* ---- a worker's own look at the zones ---- */

static void zones_are_read_through_a_buffer_of_any_size(void **state)
{
	static const size_t sizes[] = { 512, 4096, 256 << 10, 4 << 20 };
	char path[64], *buffer = malloc(4 << 20);
	int fd;

	(void)state;
	assert_non_null(buffer);
	snprintf(path, sizeof(path), "%s/proc/zoneinfo", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct zones zones;
		uint64_t managed = 0;

		assert_int_equal(zones_read(fd, buffer, sizes[i], &zones), 0);
		assert_int_equal(zones.nr, nr_zones);
		for (unsigned z = 0; z < zones.nr; z++) {
			managed += zones.zone[z].managed;
			assert_int_equal(zones.zone[z].high, 15);
			assert_true(zones.zone[z].listed > CPUS);
		}
		assert_int_equal(managed, 2048 * GIB / 4096);
	}
	close(fd);
	free(buffer);
}

/* ---- more than there is room for ---- */

static void put(const char *top, const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", top, path);
	for (char *slash = full + strlen(top) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(full, 0755); /* may be there */
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void put_small_machine(const char *top, unsigned nodes)
{
	char path[128], text[64];

	put(top, "/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 900 kB\n");
	put(top, "/sys/devices/system/cpu/online", "0\n");
	put(top, "/sys/devices/system/cpu/cpu0/topology/core_cpus", "1\n");
	put(top, "/sys/devices/system/cpu/cpu0/topology/package_cpus", "1\n");
	snprintf(text, sizeof(text), "0-%u\n", nodes - 1);
	put(top, "/sys/devices/system/node/online", text);
	for (unsigned node = 0; node < nodes; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpumap", node);
		put(top, path, node ? "0\n" : "1\n");
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node);
		put(top, path, node ? "\n" : "0\n");
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", node);
		snprintf(text, sizeof(text), "Node %u MemTotal: 1000 kB\n", node);
		put(top, path, text);
	}
}

static void more_nodes_than_there_is_room_for_are_refused(void **state)
{
	char top[80];
	struct error e = { "" };
	struct host host;

	(void)state;
	snprintf(top, sizeof(top), "%s/64", root);
	mkdir(top, 0755);
	put_small_machine(top, ENV_NODES_MAX);
	assert_int_equal(host_probe(&host, top, &e), 0);
	assert_int_equal(host.nr_nodes, ENV_NODES_MAX);
	assert_int_equal(host.node[ENV_NODES_MAX - 1].id, ENV_NODES_MAX - 1);
	host_release(&host);
	snprintf(top, sizeof(top), "%s/65", root);
	mkdir(top, 0755);
	put_small_machine(top, ENV_NODES_MAX + 1);
	assert_int_equal(host_probe(&host, top, &e), -E2BIG);
	assert_non_null(strstr(e.text, "this machine has 65 NUMA nodes"));
}

static void a_groups_path_is_never_cut_short(void **state)
{
	char top[80], deep[700] = "/", line[800];
	struct error e = { "" };
	struct host host;

	(void)state;
	snprintf(top, sizeof(top), "%s/deep", root);
	mkdir(top, 0755);
	put_small_machine(top, 1);
	memset(deep + 1, 'a', 480);
	put(top, "/proc/self/mountinfo", "31 23 0:26 / /sys/fs/cgroup rw - cgroup2 none rw\n");
	put(top, "/sys/fs/cgroup/cgroup.controllers", "memory\n");
	snprintf(line, sizeof(line), "0::%s\n", deep);
	put(top, "/proc/self/cgroup", line);
	assert_int_equal(host_probe(&host, top, &e), 0);
	assert_string_equal(host.cgroup_own, deep);
	host_release(&host);
	memset(deep + 1, 'a', 600);
	snprintf(line, sizeof(line), "0::%s\n", deep);
	put(top, "/proc/self/cgroup", line);
	assert_int_equal(host_probe(&host, top, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.text, "control group is too long"));
}

/* As many nodes as there is room for: each workload's claims have room too. */
static void every_workload_has_claims_for_64_nodes(void **state)
{
	static unsigned char params[PARAMS_BYTES_MAX] __attribute__((aligned(16)));
	static struct claims claims;
	struct workload_env env = params_machine();
	char word[64];

	(void)state;
	env.nr_nodes = env.nr_all_nodes = ENV_NODES_MAX;
	env.cpu_nodes = UINT64_MAX;
	for (unsigned i = 0; i < ENV_NODES_MAX; i++) {
		env.nodes[i] = env.all_nodes[i] = i * 16 + 15;
		env.node_bytes[i] = 1 << 30;
		env.hugetlb_2m_node[i] = 64;
	}
	for (const struct workload *const *w = workloads; *w; w++)
		for (unsigned n = 0; params_choice(*w, n, params, word, sizeof(word)); n++) {
			if (!strcmp((*w)->name, "hugetlb"))
				params_set(option_find(*w, "node"), params, "1023");
			claims.nr = 0;
			workload_claims(*w, params, &env, &claims);
			assert_in_range(claims.nr, 1, CLAIMS_MAX);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_nodes_cpus_and_zones_are_there),
		cmocka_unit_test(a_long_list_of_cpus_is_whole),
		cmocka_unit_test(a_workload_finds_nodes_by_their_numbers),
		cmocka_unit_test(a_mask_has_the_nodes_that_it_was_given),
		cmocka_unit_test(zoneinfo_is_captured_and_parsed_whole),
		cmocka_unit_test(each_cpus_and_nodes_numbers_are_there),
		cmocka_unit_test(numa_maps_may_name_any_number_of_nodes),
		cmocka_unit_test(zones_are_read_through_a_buffer_of_any_size),
		cmocka_unit_test(more_nodes_than_there_is_room_for_are_refused),
		cmocka_unit_test(a_groups_path_is_never_cut_short),
		cmocka_unit_test(every_workload_has_claims_for_64_nodes),
	};

	return cmocka_run_group_tests(tests, make_machine, remove_machine);
}
