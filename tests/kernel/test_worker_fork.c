// SPDX-License-Identifier: GPL-2.0-or-later
/* A worker and its children have the text that they execute in memory before READY. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/kernel/trial.h"

extern const struct workload shm_workload;

static struct drive d;

#define PAGEMAP_PRESENT (1ull << 63)

/* The number of pages from start to end of a process without a page table entry. */
static unsigned pages_missing(int pagemap, uint64_t start, uint64_t end, uint64_t page)
{
	unsigned missing = 0;

	for (uint64_t at = start; at < end; at += page) {
		uint64_t entry = 0;

		assert_int_equal(pread(pagemap, &entry, sizeof(entry),
				       (off_t)(at / page * sizeof(entry))),
				 sizeof(entry));
		missing += !(entry & PAGEMAP_PRESENT);
	}
	return missing;
}

/* Over the executable mappings of the program, the C library and the vDSO; sets *seen to their
 * number. */
static unsigned text_missing(pid_t pid, unsigned *seen)
{
	char name[64], line[512], perms[5], path[256];
	unsigned missing = 0;
	uint64_t start, end;
	FILE *maps;
	int pagemap;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	maps = fopen(name, "re");
	snprintf(name, sizeof(name), "/proc/%d/pagemap", pid);
	pagemap = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(maps && pagemap >= 0);
	*seen = 0;
	while (fgets(line, sizeof(line), maps)) {
		*path = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %255s", &start, &end,
			   perms, path) < 3 ||
		    perms[2] != 'x' ||
		    (!strstr(path, "/pagestorm") && !strstr(path, "/libc.so") &&
		     strcmp(path, "[vdso]")))
			continue;
		++*seen;
		missing += pages_missing(pagemap, start, end, d.env.page_bytes);
	}
	fclose(maps);
	close(pagemap);
	return missing;
}

static void a_worker_and_its_children_have_their_text_before_ready(void **state)
{
	struct trial trial;
	unsigned seen;

	(void)state;
	if (access(trial_program(), X_OK)) {
		print_message("there is no program %s\n", trial_program());
		skip();
	}
	trial_open(&d, &shm_workload);
	drive_set(&d, "size", 64 * d.env.page_bytes);
	drive_set(&d, "procs", 3);
	drive_choose(&d, "kind", "cow");
	trial_start(&trial, &d, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(text_missing(trial.ledger->process[i].pid, &seen), 0);
		assert_int_equal(seen, 3);
	}
	trial_go(&trial);
	assert_int_equal(trial_end(&trial), 0);
	drive_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_and_its_children_have_their_text_before_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
