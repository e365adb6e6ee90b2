// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/machine/blame.h, on groups written below a temporary directory. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/machine/blame.h"
#include "workloads/api/arith.h"

#define M (1ull << 20)

static char top[] = "/tmp/pagestorm-blame-XXXXXX";
static struct host host;
static struct group worker, run;

static void put(const char *group, const char *file, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s/%s", top, group, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_groups(void **state)
{
	static const char *const groups[] = { "/pod", "/pod/box", "/pod/box/run",
					      "/pod/box/run/a" };
	char path[512];

	(void)state;
	strcpy(top + strlen(top) - 6, "XXXXXX");
	if (!mkdtemp(top))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		snprintf(path, sizeof(path), "%s%s", top, groups[i]);
		if (mkdir(path, 0755))
			return -1;
	}
	host = (struct host){ .cgroup_base = "/pod/box" };
	snprintf(host.cgroup_mount, sizeof(host.cgroup_mount), "%s", top);
	snprintf(run.path, sizeof(run.path), "%s/pod/box/run", top);
	snprintf(worker.path, sizeof(worker.path), "%s/pod/box/run/a", top);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_groups(void **state)
{
	(void)state;
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static enum blamed find(const struct blame *blame, char *above)
{
	const struct group *const own[] = { &worker, &run };

	above[0] = '\0';
	return blame_find(blame, own, ARRAY_SIZE(own), above);
}

static void v2_counts_the_hit_where_the_limit_is(void **state)
{
	char above[GROUP_PATH_BYTES], pod[512];
	struct blame blame;

	(void)state;
	host.cgroup_version = worker.version = run.version = 2;
	put("/pod", "memory.events.local", "low 0\nmax 9\noom 3\noom_kill 0\n");
	put("/pod/box", "memory.events.local", "max 0\noom 0\noom_kill 0\n");
	put("/pod/box/run", "memory.events.local", "max 0\noom 0\noom_kill 0\n");
	put("/pod/box/run/a", "memory.events.local", "max 0\noom 0\noom_kill 1\n");
	blame_begin(&blame, &host);
	assert_int_equal(blame.nr, 3);
	assert_int_equal(find(&blame, above), BLAME_MACHINE);

	put("/pod", "memory.events.local", "max 20\noom 4\noom_kill 0\n");
	snprintf(pod, sizeof(pod), "%s/pod", top);
	assert_int_equal(find(&blame, above), BLAME_ABOVE);
	assert_string_equal(above, pod);

	put("/pod/box/run", "memory.events.local", "max 1\noom 1\noom_kill 0\n");
	assert_int_equal(find(&blame, above), BLAME_OWN);
	put("/pod/box/run", "memory.events.local", "max 0\noom 0\noom_kill 0\n");
	put("/pod/box/run/a", "memory.events.local", "max 5\noom 1\noom_kill 1\n");
	assert_int_equal(find(&blame, above), BLAME_OWN);
}

static void put_v1(const char *group, uint64_t limit, uint64_t peak, const char *failed)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)limit);
	put(group, "memory.limit_in_bytes", text);
	snprintf(text, sizeof(text), "%llu\n", (unsigned long long)peak);
	put(group, "memory.max_usage_in_bytes", text);
	put(group, "memory.failcnt", failed);
}

static void v1_shows_it_by_the_peak_and_by_failed_charges(void **state)
{
	char above[GROUP_PATH_BYTES], pod[512];
	struct blame blame;

	(void)state;
	host.cgroup_version = worker.version = run.version = 1;
	put_v1("/pod", 640 * M, 640 * M, "7\n");
	put_v1("/pod/box", 1ull << 62, 600 * M, "0\n");
	put_v1("/pod/box/run", 1ull << 62, 500 * M, "0\n");
	put_v1("/pod/box/run/a", 512 * M, 512 * M, "0\n");
	blame_begin(&blame, &host);
	assert_int_equal(find(&blame, above), BLAME_OWN);

	put_v1("/pod/box/run/a", 512 * M, 300 * M, "0\n");
	assert_int_equal(find(&blame, above), BLAME_MACHINE);
	put_v1("/pod", 640 * M, 640 * M, "8\n");
	snprintf(pod, sizeof(pod), "%s/pod", top);
	assert_int_equal(find(&blame, above), BLAME_ABOVE);
	assert_string_equal(above, pod);
}

static void v1_falls_back_on_the_tightest_limit_above(void **state)
{
	char above[GROUP_PATH_BYTES];
	struct blame blame;

	(void)state;
	host.cgroup_version = worker.version = run.version = 1;
	host.around.max = (struct host_limit){ .set = true, .bytes = M, .group = "/mem/pod" };
	put_v1("/pod/box/run", 1ull << 62, 500 * M, "0\n");
	put_v1("/pod/box/run/a", 512 * M, 300 * M, "0\n");
	blame_begin(&blame, &host);
	assert_int_equal(find(&blame, above), BLAME_ABOVE);
	assert_string_equal(above, "/mem/pod");
}

#define WITH_GROUPS(test) cmocka_unit_test_setup_teardown(test, make_groups, remove_groups)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_GROUPS(v2_counts_the_hit_where_the_limit_is),
		WITH_GROUPS(v1_shows_it_by_the_peak_and_by_failed_charges),
		WITH_GROUPS(v1_falls_back_on_the_tightest_limit_above),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
