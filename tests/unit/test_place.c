// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a run makes its groups, and which limits apply to it from above: on files written
 * below a temporary root.
 */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/machine/host.h"
#include "workloads/api/arith.h"

static struct host host;
static char root[] = "/tmp/pagestorm-place-XXXXXX";

static void put(const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(full, 0755); /* may be there */
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_root(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	if (!mkdtemp(root))
		return -1;
	put("/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 8000000 kB\n");
	put("/proc/cpuinfo", "processor\t: 0\n");
	put("/sys/devices/system/cpu/online", "0\n");
	put("/sys/devices/system/cpu/cpu0/topology/core_cpus", "1\n");
	put("/sys/devices/system/cpu/cpu0/topology/package_cpus", "1\n");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	host_release(&host);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void probe(void)
{
	struct error e = { "" };

	host_release(&host);
	host_probe(&host, root, &e);
	assert_string_equal(e.text, "");
}

/* A group of v2: what its files say; NULL: it has no such file. */
struct saved {
	const char *path, *type, *controllers, *procs;
};

static void put_group(const struct saved *group)
{
	char path[256];

	snprintf(path, sizeof(path), "/cg%s/cgroup.controllers", group->path);
	put(path, group->controllers);
	snprintf(path, sizeof(path), "/cg%s/cgroup.subtree_control", group->path);
	put(path, "");
	snprintf(path, sizeof(path), "/cg%s/cgroup.procs", group->path);
	put(path, group->procs);
	snprintf(path, sizeof(path), "/cg%s/cgroup.type", group->path);
	if (group->type)
		put(path, group->type);
}

static void put_v2(const char *own)
{
	char line[256];

	snprintf(line, sizeof(line), "0::%s\n", own);
	put("/proc/self/mountinfo", "30 1 0:20 / /cg rw - cgroup2 none rw\n");
	put("/proc/self/cgroup", line);
	put("/proc/self/status", "Uid:\t0\t0\t0\t0\n");
}

static const struct {
	const char *own;
	struct saved top, group;
	enum cgroup_place place;
	const char *base, *why; /* why: stands in the reason */
} places[] = {
	/* the root of the hierarchy takes processes and groups */
	{ "/", { "", NULL, "cpu memory", "1\n" }, { 0 }, CGROUP_BELOW, "", "" },
	/* alone in a group: it makes way */
	{ "/a",
	  { "", NULL, "memory", "1\n" },
	  { "/a", "domain", "memory", "77\n" },
	  CGROUP_LEAF,
	  "/a",
	  "" },
	/* others in it: they stay, the root is the place */
	{ "/a",
	  { "", NULL, "memory", "1\n" },
	  { "/a", "domain", "memory", "77\n78\n" },
	  CGROUP_BELOW,
	  "",
	  "" },
	/* no controller from above */
	{ "/a",
	  { "", NULL, "memory", "1\n" },
	  { "/a", "domain", "cpu", "77\n" },
	  CGROUP_BELOW,
	  "",
	  "" },
	/* the root of a namespace is all there is, and was left to us with what is in it */
	{ "/", { "", "domain", "memory", "1\n77\n78\n" }, { 0 }, CGROUP_LEAF, "", "" },
	/* a process of another PID namespace cannot be moved */
	{ "/",
	  { "", "domain", "memory", "0\n77\n" },
	  { 0 },
	  CGROUP_IN_PLACE,
	  "",
	  "/cg: it holds other processes" },
	/* below a namespace's root, among others */
	{ "/a",
	  { "", "domain", "memory", "" },
	  { "/a", "domain", "memory", "77\n78\n" },
	  CGROUP_IN_PLACE,
	  "/a",
	  "/cg/a: it holds other processes" },
	{ "/a",
	  { "", "domain", "memory", "" },
	  { "/a", "domain", "cpu", "77\n" },
	  CGROUP_IN_PLACE,
	  "/a",
	  "no memory controller" },
	/* outside of the namespace */
	{ "/../b",
	  { "", "domain", "memory", "" },
	  { 0 },
	  CGROUP_IN_PLACE,
	  "/../b",
	  "is not visible below /cg" },
};

static void a_run_makes_its_groups_where_it_may(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		assert_int_equal(make_root(state), 0);
		put_v2(places[i].own);
		put_group(&places[i].top);
		if (places[i].group.path)
			put_group(&places[i].group);
		probe();
		if (host.place != places[i].place || strcmp(host.cgroup_base, places[i].base) ||
		    !strstr(host.place_why, places[i].why))
			fail_msg("place %zu: %d '%s' %s", i, host.place, host.cgroup_base,
				 host.place_why);
		assert_int_equal(remove_root(state), 0);
	}
}

static void the_tightest_limit_on_the_path_counts_and_is_named(void **state)
{
	const struct host_around *around = &host.around;

	(void)state;
	put_v2("/pod/box");
	put_group(&(struct saved){ "", NULL, "cpuset memory", "1\n" });
	put_group(&(struct saved){ "/pod", "domain", "cpuset memory", "" });
	put_group(&(struct saved){ "/pod/box", "domain", "memory", "77\n" });
	put("/cg/pod/box/memory.max", "200000000\n");
	put("/cg/pod/box/memory.high", "max\n");
	put("/cg/pod/box/memory.swap.max", "max\n");
	put("/cg/pod/memory.max", "100000000\n");
	put("/cg/pod/memory.high", "90000000\n");
	put("/cg/pod/memory.swap.max", "0\n");
	put("/cg/pod/cpuset.cpus.effective", "0-1\n");
	put("/cg/pod/cpuset.mems.effective", "0\n");
	put("/cg/cpuset.cpus.effective", "0-3\n");
	probe();
	assert_true(around->max.set && around->high.set && around->swap.set);
	assert_int_equal(around->max.bytes, 100000000);
	assert_string_equal(around->max.group, "/cg/pod");
	assert_int_equal(around->high.bytes, 90000000);
	assert_int_equal(around->swap.bytes, 0);
	assert_string_equal(around->swap.group, "/cg/pod");
	assert_false(around->total.set);
	assert_string_equal(around->cpus, "0-1");
	assert_string_equal(around->mems, "0");
	assert_string_equal(around->cpuset_group, "/cg/pod");

	put("/cg/pod/memory.max", "300000000\n");
	probe();
	assert_int_equal(around->max.bytes, 200000000);
	assert_string_equal(around->max.group, "/cg/pod/box");
}

static void limits_above_the_roots_own_groups_are_not_the_runs(void **state)
{
	(void)state;
	put_v2("/a");
	put_group(&(struct saved){ "", NULL, "memory", "1\n" });
	put_group(&(struct saved){ "/a", "domain", "memory", "77\n78\n" });
	put("/cg/a/memory.max", "100000000\n");
	probe();
	assert_int_equal(host.place, CGROUP_BELOW);
	assert_false(host.around.max.set);
}

static void put_v1(const char *stat)
{
	put("/proc/self/mountinfo", "30 1 0:20 /docker/x /mem rw - cgroup none rw,memory\n"
				    "31 1 0:21 /docker/x /cpus rw - cgroup none rw,cpuset\n");
	put("/proc/self/cgroup", "3:memory:/docker/x/in\n2:cpuset:/docker/x/in\n0::/\n");
	put("/mem/memory.limit_in_bytes", "64000000\n");
	put("/mem/memory.memsw.limit_in_bytes", "9223372036854771712\n");
	put("/mem/in/memory.limit_in_bytes", "9223372036854771712\n");
	put("/mem/in/memory.memsw.limit_in_bytes", "9223372036854771712\n");
	put("/mem/in/memory.stat", stat);
	put("/cpus/in/cpuset.effective_cpus", "1\n");
	put("/cpus/in/cpuset.effective_mems", "0\n");
}

static void v1_has_limits_of_groups_that_cannot_be_seen(void **state)
{
	const struct host_around *around = &host.around;

	(void)state;
	put_v1("hierarchical_memory_limit 64000000\nhierarchical_memsw_limit 80000000\n");
	probe();
	assert_int_equal(host.place, CGROUP_BELOW);
	assert_string_equal(host.cgroup_base, "/in");
	assert_int_equal(around->max.bytes, 64000000);
	assert_string_equal(around->max.group, "/mem");
	assert_true(around->total.set);
	assert_int_equal(around->total.bytes, 80000000);
	assert_string_equal(around->total.group, "");
	/* in a container without a cgroup namespace the path is the host's, the mount is not */
	assert_string_equal(host.cpuset_mount, "/cpus");
	assert_string_equal(host.cpuset_own, "/in");
	assert_string_equal(around->cpus, "1");
	assert_string_equal(around->cpuset_group, "/cpus/in");

	put_v1("hierarchical_memory_limit 50000000\n");
	probe();
	assert_int_equal(around->max.bytes, 50000000);
	assert_string_equal(around->max.group, "");
}

static void a_group_outside_of_the_mount_is_not_ours(void **state)
{
	(void)state;
	put_v1("");
	put("/proc/self/cgroup", "3:memory:/other\n2:cpuset:/other\n");
	probe();
	assert_int_equal(host.place, CGROUP_IN_PLACE);
	assert_non_null(strstr(host.place_why, "not visible below /mem"));
	assert_string_equal(host.cpuset_mount, "");
}

#define BY_HAND(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_makes_its_groups_where_it_may),
		BY_HAND(the_tightest_limit_on_the_path_counts_and_is_named),
		BY_HAND(limits_above_the_roots_own_groups_are_not_the_runs),
		BY_HAND(v1_has_limits_of_groups_that_cannot_be_seen),
		BY_HAND(a_group_outside_of_the_mount_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
