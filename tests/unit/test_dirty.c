// SPDX-License-Identifier: GPL-2.0-or-later
/* The promises of dirty, by arithmetic alone, and its counts when it runs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/drive.h"
#include "workloads/api/arith.h"

#define M (1ull << 20)

extern const struct workload dirty_workload;

static struct drive d;

/* 64 MiB in blocks of 64 KiB on a machine with a dirty limit of 1 GiB. */
static void open_dirty(void)
{
	drive_open(&d, &dirty_workload);
	drive_set(&d, "size", 64 * M);
	drive_set(&d, "block", 64 << 10);
	drive_set(&d, "passes", 1);
	drive_set(&d, "stride", 16);
	strcpy(drive_option(&d, "fill"), "random");
	d.env.available_bytes = 10240 * M;
	d.env.dirty_background_bytes = 1024 * M;
}

static void how_often_pages_become_dirty_is_promised_where_it_is_known(void **state)
{
	static const struct {
		const char *mode;
		uint64_t passes, fsync_every, background;
		int64_t least, most; /* MiB */
	} rows[] = {
		{ "append", 1, 0, 1024, 64, 64 },
		{ "rewrite", 3, 0, 1024, 64, 64 },   /* no writeback in between */
		{ "rewrite", 3, 0, 128, 64, 192 },   /* writeback is possible */
		{ "rewrite", 3, 16, 128, 192, 192 }, /* clean again each time */
		{ "rewrite", 3, 64, 1024, 192, 192 },
		{ "rewrite", 3, 128, 1024, 64, 192 }, /* in every other pass */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct claim *c;
		int64_t metadata;

		open_dirty();
		drive_choose(&d, "mode", rows[i].mode);
		drive_set(&d, "passes", rows[i].passes);
		drive_set(&d, "fsync_every", rows[i].fsync_every * M);
		d.env.dirty_background_bytes = rows[i].background * M;
		drive_claims(&d);
		drive_assert_claims_are_sound(&d);
		c = drive_claim(&d, SPAN_WORK, "process", "write_bytes");
		assert_int_equal(c->relation, RELATION_BETWEEN);
		assert_int_equal(c->expected, rows[i].least * (int64_t)M);
		metadata = c->tolerance - (rows[i].most - rows[i].least) * (int64_t)M;
		assert_in_range(metadata, 1, 32 * 4096);
		c = drive_claim(&d, SPAN_WORK, "ledger", "pages_written");
		assert_int_equal(c->expected, (int64_t)rows[i].passes * 16384);
		drive_close(&d);
	}
}

static void what_is_dirty_at_held_depends_on_the_threshold_and_the_time(void **state)
{
	static const struct {
		uint64_t background, limit, rate;
		unsigned version;
		enum relation relation;
	} rows[] = {
		{ 1024, 0, 0, 1, RELATION_BETWEEN },
		{ 1024, 128, 0, 1, RELATION_BETWEEN },
		{ 1024, 128, 0, 2, RELATION_LE }, /* the group's own part is 12.8 MiB */
		{ 1024, 4096, 0, 2, RELATION_BETWEEN },
		{ 128, 0, 0, 1, RELATION_LE },
		{ 0, 0, 0, 1, RELATION_LE },	/* unknown */
		{ 1024, 0, 8, 1, RELATION_LE }, /* 8 s: the flusher comes by */
		{ 1024, 0, 64, 1, RELATION_BETWEEN },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *key = rows[i].version == 2 ? "file_dirty" : "dirty";
		const struct claim *c;

		open_dirty();
		d.env.cgroup_version = rows[i].version;
		d.env.dirty_background_bytes = rows[i].background * M;
		d.env.limit_bytes = rows[i].limit * M;
		drive_set(&d, "rate", rows[i].rate * M);
		drive_claims(&d);
		c = drive_claim(&d, SPAN_WORK, "group", key);
		assert_int_equal(c->relation, rows[i].relation);
		assert_int_equal(c->expected, 64 * M);
		c = drive_claim(&d, SPAN_WORK, "ledger", "dirty_pages");
		assert_int_equal(c->relation, rows[i].relation);
		assert_int_equal(c->expected, 16384);
		assert_int_equal(c->tolerance, 0);
		assert_non_null(drive_claim(&d, SPAN_RESIDUE, "group", key));
		drive_close(&d);
	}
}

static void synced_or_discarded_no_page_is_dirty(void **state)
{
	static const char *const finish[] = { "fsync", "discard" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct claim *c;

		open_dirty();
		drive_choose(&d, "finish", finish[i]);
		drive_claims(&d);
		c = drive_claim(&d, SPAN_WORK, "ledger", "dirty_pages");
		assert_int_equal(c->relation, RELATION_EQ);
		assert_int_equal(c->basis, BASIS_EXACT);
		assert_int_equal(c->expected, 0);
		c = drive_claim(&d, SPAN_WORK, "process", "cancelled_write_bytes");
		assert_int_equal(c->expected, i ? 64 * M : 0);
		drive_close(&d);
	}
}

static void a_page_is_cancelled_once_however_often_it_was_written(void **state)
{
	static const struct {
		uint64_t passes, fsync_every;
		int64_t cancelled; /* MiB */
	} rows[] = {
		{ 2, 0, 64 },	{ 2, 192, 64 }, /* no fsync in two passes */
		{ 2, 48, 32 },			/* of the last 128 - 2 * 48 */
		{ 4, 160, 64 },			/* of the last 256 - 160, more than the file */
		{ 3, 64, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		open_dirty();
		drive_choose(&d, "mode", "rewrite");
		drive_choose(&d, "finish", "discard");
		drive_set(&d, "passes", rows[i].passes);
		drive_set(&d, "fsync_every", rows[i].fsync_every * M);
		drive_claims(&d);
		if (drive_claim(&d, SPAN_WORK, "process", "cancelled_write_bytes")->expected !=
		    rows[i].cancelled * (int64_t)M)
			fail_msg("row %u", i);
		drive_close(&d);
	}
}

static void contradictions_are_refused(void **state)
{
	char reason[256] = "";

	(void)state;
	open_dirty();
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	drive_set(&d, "passes", 2);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	drive_choose(&d, "mode", "rewrite");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	drive_choose(&d, "method", "mmap");
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), 0);
	drive_choose(&d, "mode", "append");
	drive_set(&d, "passes", 1);
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	drive_choose(&d, "method", "write");
	d.env.limit_bytes = 64 * M;
	assert_int_equal(drive_check(&d, reason, sizeof(reason)), -EINVAL);
	assert_non_null(strstr(reason, "limit"));
	drive_close(&d);
}

/* As a worker that was killed leaves it. */
static void leave_file(const char *directory)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/dirty-worker", directory);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs("stale", f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* In a directory of its own, which is empty afterwards. */
static uint64_t act(const char *mode, const char *method, uint64_t shortfall_pages)
{
	char directory[] = "/tmp/pagestorm-test-XXXXXX";
	uint64_t pages;

	open_dirty();
	drive_set(&d, "size", M);
	drive_choose(&d, "mode", mode);
	drive_choose(&d, "method", method);
	drive_choose(&d, "finish", "fsync");
	drive_set(&d, "passes", !strcmp(mode, "append") ? 1 : 3);
	d.env.capability[CAPABILITY_CACHESTAT] = CAPABILITY_NO;
	assert_non_null(mkdtemp(directory));
	strcpy(d.env.scratch_dir, directory);
	leave_file(directory);
	assert_int_equal(drive_begin(&d), 0);
	d.ledger->shortfall_pages = shortfall_pages;
	assert_int_equal(dirty_workload.run(&d.worker), 0);
	assert_int_equal(dirty_workload.verify(&d.worker), 0);
	pages = drive_slot(&d, "pages_written");
	assert_int_equal(drive_slot(&d, "fsyncs"), 1);
	assert_int_equal(d.ledger->moved_bytes, pages * 4096);
	drive_end(&d);
	assert_int_equal(rmdir(directory), 0);
	drive_close(&d);
	return pages;
}

static void each_block_is_written_once_in_each_pass_and_the_file_goes(void **state)
{
	(void)state;
	assert_int_equal(act("append", "write", 0), 256);
	assert_int_equal(act("rewrite", "write", 0), 768);
	assert_int_equal(act("rewrite", "mmap", 0), 768);
	assert_int_equal(act("append", "write", 1), 255);
	assert_int_equal(act("rewrite", "mmap", 20), 708);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(how_often_pages_become_dirty_is_promised_where_it_is_known),
		cmocka_unit_test(what_is_dirty_at_held_depends_on_the_threshold_and_the_time),
		cmocka_unit_test(synced_or_discarded_no_page_is_dirty),
		cmocka_unit_test(a_page_is_cancelled_once_however_often_it_was_written),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(each_block_is_written_once_in_each_pass_and_the_file_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
