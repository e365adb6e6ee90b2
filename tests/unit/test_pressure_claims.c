// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What kswapd, full_node and hugetlb on a node promise follows from settings, zones and
 * pools; what victim promises of its file, from its counts before and after the capture.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/drive.h"

#define MB (1ull << 20)

extern const struct workload buddy_workload, full_node_workload, hugetlb_workload,
	kswapd_workload, victim_workload;

static struct drive d;

static int close_drive(void **state)
{
	(void)state;
	drive_close(&d);
	return 0;
}

static int64_t promised(const char *scope, const char *counter)
{
	const struct claim *c;

	drive_claims(&d);
	drive_assert_claims_are_sound(&d);
	c = drive_claim(&d, SPAN_WORK, scope, counter);
	if (!c)
		fail_msg("no claim of %s %s", scope, counter);
	return drive_expected(&d, c);
}

/* ---- kswapd ---- */

static int open_kswapd(void **state)
{
	(void)state;
	drive_open(&d, &kswapd_workload);
	d.env.memory_bytes = 512 * MB;
	d.env.available_bytes = 400 * MB;
	d.env.nr_zones = 2;
	d.env.zone[0] = (struct env_zone){ 0, "DMA", 3840 };
	d.env.zone[1] = (struct env_zone){ 0, "DMA32", 120000 };
	d.env.min_free_kb = 65536;
	d.env.watermark_scale = 10;
	d.env.watermarks_fresh = true;
	d.env.in_lab = true;
	drive_set(&d, "size", 600 * MB);
	drive_set(&d, "passes", 1);
	return 0;
}

static void the_textbook_holds_where_a_quarter_of_min_is_the_larger(void **state)
{
	(void)state;
	/* 16384 pages of reserve, shared out over 123840 */
	assert_int_equal(promised("node0:DMA32", "min"), 15875);
	assert_int_equal(promised("node0:DMA32", "low"), 15875 + 3968);
	assert_int_equal(promised("node0:DMA32", "high"), 15875 + 2 * 3968);
	assert_int_equal(promised("node0:DMA", "min"), 508);
	assert_int_equal(promised("node0:DMA", "low"), 508 + 127);
	assert_int_equal(promised("ledger", "textbook_zones"), 2);
	assert_non_null(strstr(drive_claim(&d, SPAN_WORK, "node0:DMA32", "low")->why,
			       "holds to a page"));
}

static void the_scale_factor_rules_where_it_gives_more(void **state)
{
	(void)state;
	d.env.watermark_scale = 335; /* 4020 pages of DMA32, 128 of DMA */
	assert_int_equal(promised("node0:DMA32", "min"), 15875);
	assert_int_equal(promised("node0:DMA32", "low"), 15875 + 4020);
	assert_int_equal(promised("node0:DMA32", "high"), 15875 + 2 * 4020);
	assert_int_equal(promised("node0:DMA", "high"), 508 + 2 * 128);
	assert_int_equal(promised("ledger", "textbook_zones"), 0);
	assert_non_null(
		strstr(drive_claim(&d, SPAN_WORK, "node0:DMA32", "low")->why, "does not hold"));
}

static void direct_reclaim_is_promised_only_of_a_burst_that_outruns(void **state)
{
	(void)state;
	promised("system", "pgsteal_kswapd");
	assert_null(drive_claim(&d, SPAN_WORK, "system", "allocstall_movable"));
	drive_set(&d, "burst", 128 * MB);
	promised("system", "pgsteal_kswapd");
	assert_null(drive_claim(&d, SPAN_WORK, "system", "allocstall_movable"));
	d.env.min_free_kb = 2048;
	assert_int_equal(promised("system", "allocstall_movable"), 1);
}

static void kswapd_wants_fresh_watermarks_and_no_limit(void **state)
{
	char reason[256] = "";

	(void)state;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	d.env.watermarks_fresh = false;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "vm.min_free_kbytes"));
	d.env.watermarks_fresh = true;
	d.env.limit_bytes = 64 * MB;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "memory.max"));
	d.env.limit_bytes = 0;
	drive_set(&d, "size", 300 * MB);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
}

/* ---- full_node ---- */

static void two_nodes(void)
{
	d.env.nr_nodes = 2;
	d.env.nodes[1] = 1;
	d.env.nr_all_nodes = 2;
	d.env.all_nodes[1] = 1;
	d.env.cpu_nodes = 3;
	d.env.node_bytes[0] = d.env.node_bytes[1] = 512 * MB;
	d.env.in_lab = true;
}

static int open_full_node(void **state)
{
	(void)state;
	drive_open(&d, &full_node_workload);
	two_nodes();
	drive_set(&d, "size", 64 * MB);
	return 0;
}

static void what_is_away_follows_from_mode_and_lru(void **state)
{
	(void)state;
	d.ledger->slot[workload_slot(&full_node_workload, "room_pages")] = 400;
	assert_int_equal(promised("ledger", "away_pages"), 16384 - 400);
	assert_int_equal(promised("system", "zone_reclaim_failed"), 0);
	assert_int_equal(promised("system", "pgsteal_direct"), 0);
	d.env.zone_reclaim_mode = 1;
	assert_int_equal(promised("ledger", "away_pages"), 16384 / 50);
	assert_int_equal(drive_claim(&d, SPAN_WORK, "ledger", "away_pages")->relation,
			 RELATION_LE);
	d.env.mglru = true;
	d.env.capability[CAPABILITY_NODE_RECLAIM] = CAPABILITY_YES; /* Linux 6.1 */
	assert_int_equal(promised("ledger", "away_pages"), 16384 / 50);
	d.env.capability[CAPABILITY_NODE_RECLAIM] = CAPABILITY_UNKNOWN;
	drive_claims(&d);
	assert_null(drive_claim(&d, SPAN_WORK, "ledger", "away_pages"));
	assert_null(drive_claim(&d, SPAN_WORK, "system", "zone_reclaim_failed"));
	d.env.capability[CAPABILITY_NODE_RECLAIM] = CAPABILITY_NO; /* Linux 6.12 */
	assert_int_equal(promised("ledger", "away_pages"), 16384 - 400);
	assert_int_equal(promised("system", "zone_reclaim_failed"), 1);
}

static void a_home_needs_a_cpu_and_room_elsewhere(void **state)
{
	char reason[256] = "";

	(void)state;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	d.env.cpu_nodes = 2;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	assert_non_null(strstr(reason, "CPU"));
	d.env.cpu_nodes = 3;
	drive_set(&d, "size", 300 * MB);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
}

/* ---- hugetlb on a node ---- */

static int open_hugetlb(void **state)
{
	(void)state;
	drive_open(&d, &hugetlb_workload);
	two_nodes();
	d.env.hugetlb_2m = 64;
	d.env.hugetlb_2m_node[0] = 24;
	d.env.hugetlb_2m_node[1] = 40;
	drive_set(&d, "size", 32 * MB);
	strcpy(drive_option(&d, "node"), "1");
	strcpy(drive_option(&d, "fill"), "zero");
	return 0;
}

static void the_named_node_pays_and_the_other_does_not(void **state)
{
	(void)state;
	assert_int_equal(promised("node1", "HugePages_Free"), -16);
	assert_int_equal(promised("node0", "HugePages_Free"), 0);
	assert_int_equal(promised("system", "HugePages_Free"), -16);
	assert_int_equal(promised("mapping", "N1"), 16);
	assert_int_equal(promised("mapping", "N0"), 0);
}

static void surplus_is_the_named_nodes(void **state)
{
	char reason[256] = "";

	(void)state;
	drive_set(&d, "size", 64 * MB);
	strcpy(drive_option(&d, "node"), "0");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	drive_choose(&d, "mode", "noreserve");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -ENODEV);
	d.env.hugetlb_2m_overcommit = 8;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	assert_int_equal(promised("node0", "HugePages_Surp"), 8);
	assert_int_equal(promised("node0", "HugePages_Free"), -24);
	assert_int_equal(promised("node1", "HugePages_Surp"), 0);
	assert_int_equal(promised("system", "HugePages_Total"), 8);
}

/* ---- victim ---- */

static int open_victim(void **state)
{
	(void)state;
	drive_open(&d, &victim_workload);
	d.env.limit_bytes = 32 * MB;
	d.env.swap_max_bytes = 0;
	drive_set(&d, "size", 16 * MB);
	drive_set(&d, "file", 16 * MB);
	return 0;
}

/* What group_file_bytes may be at most or must be at least; -1: no such bound. */
static int64_t file_bound(enum relation relation)
{
	drive_claims(&d);
	for (unsigned i = 0; i < d.claims.nr; i++) {
		const struct claim *c = &d.claims.claim[i];

		if (c->relation == relation && !strcmp(c->quantity, "group_file_bytes"))
			return drive_expected(&d, c) +
			       (relation == RELATION_LE ? c->tolerance : -c->tolerance);
	}
	return -1;
}

/* A charge at a full limit, or another reclaimer, takes pages between count and capture. */
static void the_file_lies_between_the_counts_before_and_after(void **state)
{
	const int before = workload_slot(&victim_workload, "file_pages");
	const int after = workload_slot(&victim_workload, "file_pages_left");

	(void)state;
	d.ledger->slot[before] = 100;
	d.ledger->slot[after] = 68;
	assert_true(victim_workload.late_slots & 1u << after);
	assert_int_equal(file_bound(RELATION_LE), (100 + 16) * 4096);
	assert_int_equal(file_bound(RELATION_GE), 68 * 4096);
	d.env.limit_bytes = 0;
	assert_int_equal(file_bound(RELATION_LE), (100 + 16) * 4096);
	assert_int_equal(file_bound(RELATION_GE), 68 * 4096);
	/* The swap cache is counted with the file: no upper bound. */
	d.env.swap_max_bytes = UINT64_MAX;
	d.env.swap = SWAP_ZRAM;
	assert_int_equal(file_bound(RELATION_LE), -1);
	assert_int_equal(file_bound(RELATION_GE), 68 * 4096);
}

/* Linux 6.7 keeps up to an eighth of the zone on per-CPU lists unless the run shortens them. */
static void what_per_cpu_lists_may_hide_of_the_buddy_lists_is_tolerated(void **state)
{
	const struct claim *c;

	(void)state;
	drive_close(&d);
	drive_open(&d, &buddy_workload);
	d.env.nr_zones = 1;
	d.env.zone[0] = (struct env_zone){ d.env.nodes[0], "DMA32", 240000 };
	d.env.list_fraction = 0;
	drive_claims(&d);
	c = drive_claim(&d, SPAN_WORK, "node0:DMA32", "order0");
	assert_int_equal(c->tolerance, 240000 / 8);
	d.env.list_fraction = 1000000;
	drive_claims(&d);
	c = drive_claim(&d, SPAN_WORK, "node0:DMA32", "order0");
	assert_true(c->tolerance < 1000);
	d.env.list_fraction = 8; /* the longest that can be set */
	drive_claims(&d);
	c = drive_claim(&d, SPAN_WORK, "node0:DMA32", "order0");
	assert_int_equal(c->tolerance, 240000 / 8);
}

#define TEST(name, open) cmocka_unit_test_setup_teardown(name, open, close_drive)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_per_cpu_lists_may_hide_of_the_buddy_lists_is_tolerated, open_kswapd),
		TEST(the_textbook_holds_where_a_quarter_of_min_is_the_larger, open_kswapd),
		TEST(the_scale_factor_rules_where_it_gives_more, open_kswapd),
		TEST(direct_reclaim_is_promised_only_of_a_burst_that_outruns, open_kswapd),
		TEST(kswapd_wants_fresh_watermarks_and_no_limit, open_kswapd),
		TEST(what_is_away_follows_from_mode_and_lru, open_full_node),
		TEST(a_home_needs_a_cpu_and_room_elsewhere, open_full_node),
		TEST(the_named_node_pays_and_the_other_does_not, open_hugetlb),
		TEST(surplus_is_the_named_nodes, open_hugetlb),
		TEST(the_file_lies_between_the_counts_before_and_after, open_victim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
