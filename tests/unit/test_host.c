// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Promises of harness/machine/host.h, on machines saved below tests/fixtures/machines
 * and, where none of them has it, on files written below a temporary root.
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

/* The probed machine; the next probe releases it. */
static struct host host;

static void probe(const char *machine)
{
	const char *top = getenv("PAGESTORM_SRCDIR");
	struct error e = { "" };
	char root[512];

	snprintf(root, sizeof(root), "%s/tests/fixtures/machines/%s", top ? top : ".", machine);
	host_release(&host);
	host_probe(&host, root, &e);
	assert_string_equal(e.text, "");
}

static void who_holds_the_memory_controller_decides_the_cgroup_version(void **state)
{
	static const struct {
		const char *machine;
		unsigned version;
		const char *mount;
	} cases[] = {
		{ "v1", 1, "/sys/fs/cgroup/memory" },
		{ "hybrid", 1, "/sys/fs/cgroup/memory" },
		{ "v2-2-nodes", 2, "/sys/fs/cgroup" },
		{ "v2-4-nodes", 2, "/sys/fs/cgroup" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		probe(cases[i].machine);
		assert_int_equal(host.cgroup_version, cases[i].version);
		assert_string_equal(host.cgroup_mount, cases[i].mount);
		assert_string_equal(host.cgroup_own, "/");
	}
}

static void a_saved_machine_says_what_it_is(void **state)
{
	struct workload_env env = { 0 };

	(void)state;
	probe("v1");
	assert_string_equal(host.kernel, "6.1.0-56-cloud-amd64");
	assert_string_equal(host.cpu_model, "QEMU TCG CPU version 2.5+");
	assert_int_equal(host.cpus, 2);
	assert_int_equal(host.pmd_bytes, 2 << 20);
	assert_int_equal(host.memory_bytes, 995356ull * 1024);
	assert_int_equal(host.page_cluster, 3);
	assert_int_equal(host.thp, THP_ALWAYS);
	assert_int_equal(host.capability[CAPABILITY_CACHESTAT].state, CAPABILITY_NO);
	assert_true(host.psi);
	assert_true(host.hugetlb);
	assert_int_equal(host.hugetlb_default_bytes, 2 << 20);
	assert_true(host.loop);
	assert_true(host.root_user);
	assert_false(host.can_lower_oom_score); /* cannot be tried on a saved tree */
	assert_int_equal(strlen(host.boot_id), 36);

	host_env(&host, &env);
	assert_int_equal(env.nr_nodes, 1);
	assert_int_equal(env.cgroup_version, 1);
	assert_int_equal(env.page_cluster, 3);
	assert_int_equal(env.dirty_background_bytes, host.available_bytes / 100 * 10);
	assert_int_equal(env.nr_zones, 2);
	assert_string_equal(env.zone[0].name, "DMA");
	assert_string_equal(env.zone[1].name, "DMA32");
	assert_int_equal(env.zone[1].managed_pages, 244999);
	assert_int_equal(env.min_free_kb, 45056);
	assert_int_equal(env.watermark_scale, 10);
	assert_int_equal(env.available_bytes, host.available_bytes);
}

static void background_writeback_begins_where_the_kernel_begins_it(void **state)
{
	static const struct {
		struct host_dirty dirty;
		uint64_t background;
	} rows[] = {
		{ { .ratio = 20, .background_ratio = 10 }, 1000 },
		{ { .bytes = 5000, .background_bytes = 700 }, 700 },
		{ { .bytes = 5000, .background_ratio = 10 }, 1000 },
		{ { .bytes = 800, .background_ratio = 10 }, 400 }, /* half of the other */
		{ { .ratio = 20, .background_bytes = 2000 }, 1000 },
		{ { 0 }, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(host_dirty_background(&rows[i].dirty, 10000),
				 rows[i].background);
}

static void nodes_have_their_own_cpus_memory_and_distances(void **state)
{
	static const unsigned distance[4][4] = {
		{ 10, 15, 20, 30 },
		{ 15, 10, 20, 30 },
		{ 20, 20, 10, 25 },
		{ 30, 30, 25, 10 },
	};
	static const char *const cpus[] = { "0-1", "2", "3", "" };
	struct workload_env env = { 0 };

	(void)state;
	probe("v2-4-nodes");
	assert_int_equal(host.nr_nodes, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(host.node[i].id, i);
		assert_string_equal(host.node[i].cpus, cpus[i]);
		assert_int_equal(!host.node[i].memory_bytes, i == 2);
		for (unsigned j = 0; j < 4; j++)
			assert_int_equal(host.node[i].distance[j], distance[i][j]);
	}
	assert_int_equal(host.node[0].nr_cpus, 2);
	assert_int_equal(host.node[3].nr_cpus, 0);

	host_env(&host, &env);
	assert_int_equal(env.nr_nodes, 3);
	assert_int_equal(env.nodes[0], 0);
	assert_int_equal(env.nodes[1], 1);
	assert_int_equal(env.nodes[2], 3);

	probe("v1");
	assert_int_equal(host.nr_nodes, 1);
	assert_int_equal(host.node[0].distance[0], 10);
	assert_string_equal(host.node[0].cpus, "0-1");
}

static const struct {
	bool cpus;
	const char *text;
	int from;
	int ret;
	const char *result; /* the list, or the error */
} picks[] = {
	{ true, "local", 0, 0, "0-1" },
	{ true, "local", -1, 0, "0-1" },
	{ true, "nearest", 0, 0, "2" },
	{ true, "nearest", 3, 0, "3" }, /* at 25, from the node without CPUs */
	{ true, "farthest", 0, 0, "3" },
	{ true, "node1", -1, 0, "2" },
	{ true, "0,2-3", -1, 0, "0,2-3" },
	{ true, "1", -1, 0, "1" },
	{ true, "local", 3, -ENODEV, "this machine has no local node with CPUs" },
	{ true, "node3", -1, -ENODEV, "this machine has no local node with CPUs" },
	{ true, "4", -1, -ENODEV, "this machine has no CPU 4" },
	{ true, "far", -1, -EINVAL,
	  "'far' is not one of nearest, farthest, local, node1, 0-3,8" },
	{ true, "", -1, -EINVAL, "'' is not one of nearest, farthest, local, node1, 0-3,8" },
	{ true, "3-1", -1, -EINVAL,
	  "'3-1' is not one of nearest, farthest, local, node1, 0-3,8" },
	{ true, "1,", -1, -EINVAL,
	  "'1,' is not one of nearest, farthest, local, node1, 0-3,8" },
	{ true, "1-", -1, -EINVAL,
	  "'1-' is not one of nearest, farthest, local, node1, 0-3,8" },
	{ false, "local", 0, 0, "0" },
	{ false, "nearest", 0, 0, "1" },
	{ false, "farthest", 0, 0, "3" },
	{ false, "nearest", 2, 0, "0" }, /* 20 and 20: the lower number */
	{ false, "farthest", 3, 0, "0" },
	{ false, "0-1", -1, 0, "0-1" },
	{ false, "local", 2, -ENODEV, "this machine has no local node with memory" },
	{ false, "7", -1, -ENODEV, "this machine has no node 7" },
	{ false, "node1", -1, -EINVAL,
	  "'node1' is not one of nearest, farthest, local, 0-3,8" },
};

static void cpus_and_nodes_are_picked_by_distance(void **state)
{
	(void)state;
	probe("v2-4-nodes");
	for (size_t i = 0; i < ARRAY_SIZE(picks); i++) {
		struct error e = { "" };
		char list[64] = "";
		const struct host_pick pick = { .host = &host,
						.cpus = picks[i].cpus,
						.from_node = picks[i].from };
		int ret = host_pick(&pick, picks[i].text, list, sizeof(list), &e);

		assert_string_equal(ret ? e.text : list, picks[i].result);
		assert_int_equal(ret, picks[i].ret);
	}
}

static void one_node_has_no_other(void **state)
{
	struct error e = { "" };
	const struct host_pick pick = { .host = &host, .from_node = -1 };
	char list[64];

	(void)state;
	probe("v1");
	assert_int_equal(host_pick(&pick, "farthest", list, sizeof(list), &e), -ENODEV);
	assert_string_equal(e.text, "this machine has no farthest node with memory");
}

/* ---- written here ---- */

static char root[] = "/tmp/pagestorm-host-XXXXXX";

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
	put("/proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 900 kB\n");
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

static int probe_again(struct error *e)
{
	host_release(&host);
	return host_probe(&host, root, e);
}

static void a_group_mounted_from_its_middle_is_found_below_the_mount(void **state)
{
	struct error e = { "" };

	(void)state;
	put("/proc/self/mountinfo",
	    "30 1 0:20 /docker/abc /sys/fs/cgroup/memory rw shared:1 - cgroup cg rw,memory\n");
	put("/proc/self/cgroup", "5:memory:/docker/abc/inner\n0::/\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.cgroup_version, 1);
	assert_string_equal(host.cgroup_own, "/inner");
}

static void a_saved_machine_has_the_capabilities_that_its_file_names(void **state)
{
	struct workload_env env = { 0 };
	struct error e = { "" };

	(void)state;
	put("/capabilities", "doctor said so in March\nzero_page no\ntable_charge yes\n");
	assert_int_equal(probe_again(&e), 0);
	host_env(&host, &env);
	assert_true(env_lacks(&env, CAPABILITY_ZERO_PAGE));
	assert_true(env_has(&env, CAPABILITY_TABLE_CHARGE));
	assert_false(env_has(&env, CAPABILITY_HUGE_ZERO_PAGE));
	assert_false(env_lacks(&env, CAPABILITY_HUGE_ZERO_PAGE));
	assert_string_equal(host.capability[CAPABILITY_HUGE_ZERO_PAGE].seen, "not saved");
}

static void a_mount_point_with_a_space_is_unescaped(void **state)
{
	struct error e = { "" };

	(void)state;
	put("/proc/self/mountinfo", "30 1 0:20 / /my\\040groups rw - cgroup2 none rw\n");
	put("/proc/self/cgroup", "0::/user.slice/a\n");
	put("/my groups/cgroup.controllers", "cpuset cpu io memory pids\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.cgroup_version, 2);
	assert_string_equal(host.cgroup_mount, "/my groups");
	assert_string_equal(host.cgroup_own, "/user.slice/a");
}

static void a_v2_tree_without_the_memory_controller_is_no_memory_cgroup(void **state)
{
	struct error e = { "" };

	(void)state;
	put("/proc/self/mountinfo", "30 1 0:20 / /sys/fs/cgroup rw - cgroup2 none rw\n");
	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memoryless pids\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.cgroup_version, 0);
}

static void a_guest_is_known_by_its_kernels_command_line(void **state)
{
	static const struct {
		const char *line;
		bool guest;
	} cases[] = {
		{ "console=ttyS0 rdinit=/init pagestorm.lab no_timer_check\n", true },
		{ "pagestorm.lab", true },
		{ "root=/dev/sda1 quiet\n", false },
		{ "root=/dev/sda1 not-pagestorm.lab pagestorm.labels\n", false },
		{ "", false },
	};

	(void)state;
	assert_false(host_is_guest(root));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put("/proc/cmdline", cases[i].line);
		assert_int_equal(host_is_guest(root), cases[i].guest);
	}
}

static void what_is_available_is_what_the_tightest_group_above_has_left(void **state)
{
	struct error e = { "" };

	(void)state;
	put("/proc/meminfo", "MemTotal: 10000000 kB\nMemAvailable: 8000000 kB\n");
	put("/proc/self/mountinfo", "30 1 0:20 / /cg rw - cgroup2 none rw\n");
	put("/proc/self/cgroup", "0::/outer/inner\n");
	put("/cg/cgroup.controllers", "memory\n");
	put("/cg/outer/inner/memory.max", "max\n");
	put("/cg/outer/inner/memory.current", "5000000\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.available_bytes, 8000000ull * 1024);

	put("/cg/outer/memory.max", "1000000000\n");
	put("/cg/outer/memory.current", "400000000\n");
	put("/cg/outer/memory.stat", "anon 1\nfile 200000000\ninactive_file 100000000\n"
				     "active_file 50000000\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.available_bytes, 750000000);

	put("/proc/self/mountinfo", "30 1 0:20 / /v1 rw - cgroup none rw,memory\n");
	put("/proc/self/cgroup", "3:memory:/a\n0::/\n");
	put("/v1/memory.limit_in_bytes", "9223372036854771712\n");
	put("/v1/memory.usage_in_bytes", "1\n");
	put("/v1/a/memory.limit_in_bytes", "2000000000\n");
	put("/v1/a/memory.usage_in_bytes", "1900000000\n");
	put("/v1/a/memory.stat", "inactive_file 5\ntotal_inactive_file 300000000\n"
				 "total_active_file 100000000\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.available_bytes, 500000000);
}

static void a_balloon_that_reports_free_pages_is_detected(void **state)
{
	struct error e = { "" };

	(void)state;
	put("/sys/bus/virtio/devices/virtio0/device", "0x0002\n");
	put("/sys/bus/virtio/devices/virtio0/features", "0000010000\n");
	put("/sys/bus/virtio/devices/virtio1/device", "0x0005\n");
	put("/sys/bus/virtio/devices/virtio1/features", "1000000000\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.capability[CAPABILITY_PAGE_REPORTING].state, CAPABILITY_NO);
	put("/sys/bus/virtio/devices/virtio1/features", "1000010000\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.capability[CAPABILITY_PAGE_REPORTING].state, CAPABILITY_YES);
}

static enum capability_state damon(void)
{
	struct error e = { "" };

	assert_int_equal(probe_again(&e), 0);
	return host.capability[CAPABILITY_DAMON_RECLAIMS].state;
}

static void reclaim_ahead_of_need_is_seen(void **state)
{
	(void)state;
	put("/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds", "2\n");
	put("/sys/kernel/mm/damon/admin/kdamonds/0/state", "off\n");
	put("/sys/kernel/mm/damon/admin/kdamonds/1/state", "off\n");
	put("/sys/kernel/mm/damon/admin/kdamonds/1/contexts/nr_contexts", "1\n");
	put("/sys/kernel/mm/damon/admin/kdamonds/1/contexts/0/schemes/nr_schemes", "2\n");
	put("/sys/kernel/mm/damon/admin/kdamonds/1/contexts/0/schemes/0/action", "stat\n");
	put("/sys/kernel/mm/damon/admin/kdamonds/1/contexts/0/schemes/1/action", "pageout\n");
	assert_int_equal(damon(), CAPABILITY_NO);
	put("/sys/kernel/mm/damon/admin/kdamonds/1/state", "on\n");
	assert_int_equal(damon(), CAPABILITY_YES);
	put("/sys/kernel/mm/damon/admin/kdamonds/1/contexts/0/schemes/1/action", "cold\n");
	assert_int_equal(damon(), CAPABILITY_NO);
	put("/sys/module/damon_reclaim/parameters/enabled", "Y\n");
	assert_int_equal(damon(), CAPABILITY_YES);
}

static enum capability_state mounted(enum capability capability, const char *options)
{
	struct error e = { "" };
	char text[256];

	snprintf(text, sizeof(text),
		 "25 20 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw%s\n", options);
	put("/proc/self/mountinfo", text);
	put("/proc/self/cgroup", "0::/a\n");
	put("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.cgroup_version, 2);
	return host.capability[capability].state;
}

static void options_of_the_mount_are_seen(void **state)
{
	(void)state;
	assert_int_equal(mounted(CAPABILITY_RECURSIVE_PROTECTION, ""), CAPABILITY_NO);
	assert_int_equal(
		mounted(CAPABILITY_RECURSIVE_PROTECTION, ",nsdelegate,memory_recursiveprot"),
		CAPABILITY_YES);
	assert_int_equal(mounted(CAPABILITY_HUGETLB_CHARGE, ",memory_recursiveprot"),
			 CAPABILITY_NO);
	assert_int_equal(mounted(CAPABILITY_HUGETLB_CHARGE, ",memory_hugetlb_accounting"),
			 CAPABILITY_YES);
}

static void zswap_is_seen_where_it_is_on(void **state)
{
	struct error e = { "" };

	(void)state;
	put("/sys/module/zswap/parameters/enabled", "N\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.capability[CAPABILITY_ZSWAP_ON].state, CAPABILITY_NO);
	put("/sys/module/zswap/parameters/enabled", "Y\n");
	assert_int_equal(probe_again(&e), 0);
	assert_int_equal(host.capability[CAPABILITY_ZSWAP_ON].state, CAPABILITY_YES);
}

static void a_module_that_can_be_loaded_counts_as_there(void **state)
{
	struct error e = { "" };

	(void)state;
	put("/proc/sys/kernel/osrelease", "6.12.0-test\n");
	put("/lib/modules/6.12.0-test/modules.dep",
	    "kernel/drivers/block/loop.ko.xz:\nkernel/drivers/block/null_blk.ko.xz: "
	    "kernel/x/zram.ko\n");
	assert_int_equal(probe_again(&e), 0);
	assert_true(host.loop);
	assert_false(host.zram);
}

static void without_proc_it_is_an_error(void **state)
{
	struct error e = { "" };

	(void)state;
	assert_int_equal(host_probe(&host, "/nonexistent", &e), -ENOENT);
	assert_string_equal(e.text,
			    "cannot read /nonexistent/proc/meminfo: No such file or directory");
}

#define BY_HAND(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_holds_the_memory_controller_decides_the_cgroup_version),
		cmocka_unit_test(a_saved_machine_says_what_it_is),
		cmocka_unit_test(background_writeback_begins_where_the_kernel_begins_it),
		cmocka_unit_test(nodes_have_their_own_cpus_memory_and_distances),
		cmocka_unit_test(cpus_and_nodes_are_picked_by_distance),
		cmocka_unit_test(one_node_has_no_other),
		BY_HAND(a_group_mounted_from_its_middle_is_found_below_the_mount),
		BY_HAND(a_saved_machine_has_the_capabilities_that_its_file_names),
		BY_HAND(a_mount_point_with_a_space_is_unescaped),
		BY_HAND(a_v2_tree_without_the_memory_controller_is_no_memory_cgroup),
		BY_HAND(a_guest_is_known_by_its_kernels_command_line),
		BY_HAND(what_is_available_is_what_the_tightest_group_above_has_left),
		BY_HAND(a_balloon_that_reports_free_pages_is_detected),
		BY_HAND(reclaim_ahead_of_need_is_seen),
		BY_HAND(options_of_the_mount_are_seen),
		BY_HAND(zswap_is_seen_where_it_is_on),
		BY_HAND(a_module_that_can_be_loaded_counts_as_there),
		cmocka_unit_test(without_proc_it_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
