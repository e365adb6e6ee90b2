// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any files as a results directory: report, compare and merge read them, and resume cuts them
 * back. The input is the files one after the other, each behind a line "=== NAME".
 */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/plan/plan.h"
#include "harness/report/compare.h"
#include "harness/report/html.h"
#include "harness/report/merge.h"
#include "harness/report/report.h"
#include "harness/report/table.h"
#include "harness/trial/resume.h"
#include "workloads/api/arith.h"
#include "workloads/api/workload.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const struct workload *const workloads[] = { NULL };

static const char *const names[] = { "run.json",      "runs.csv",    "truth.csv",
				     "samples.csv",   "events.csv",  "counters.csv",
				     "scorecard.csv", "latency.csv", "profile.ini" };
static char base[] = "/dev/shm/pagestorm-fuzz-XXXXXX", directory[64], partial[64], merged[64];
static FILE *nowhere;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void leave(void)
{
	(void)nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	assert(mkdtemp(base) && !atexit(leave));
	snprintf(directory, sizeof(directory), "%s/run", base);
	snprintf(partial, sizeof(partial), "%s/run.partial", base);
	snprintf(merged, sizeof(merged), "%s/merged", base);
	nowhere = fopen("/dev/null", "w");
	assert(nowhere && !mkdir(directory, 0700));
	assert(!setenv("PATH", "", 1)); /* no gnuplot: a page without drawings */
	return 0;
}

static void put(const char *name, const char *text, size_t size)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	close(fd);
}

static void put_section(const char *section, const char *end)
{
	const char *line = memchr(section, '\n', (size_t)(end - section));

	for (size_t i = 0; line && i < ARRAY_SIZE(names); i++)
		if ((size_t)(line - section) == strlen(names[i]) &&
		    !memcmp(section, names[i], strlen(names[i])))
			put(names[i], line + 1, (size_t)(end - line - 1));
}

static void put_files(const char *text, size_t size)
{
	const char *const end = text + size;
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
	for (const char *at = text; at && at < end;) {
		const char *next = memmem(at, (size_t)(end - at), "=== ", 4);

		if (at != text)
			put_section(at, next ? next : end);
		else if (next != at)
			return;
		at = next ? next + 4 : NULL;
	}
}

static void read_report(void)
{
	const struct screen screen = { .width = 80 };
	struct error e = { "" };
	struct report r;
	char note[400];
	int ret = report_open(&r, directory, &e);

	assert(!ret == !e.text[0]);
	if (ret)
		return;
	(void)report_print_text(&r, nowhere, &screen, true);
	json_decref(report_json(&r));
	assert(!html_write(&r, 1, nowhere, note, sizeof(note)));
	report_release(&r);
}

static void read_compare(void)
{
	static const char *const all[] = { NULL };
	const struct screen screen = { 0 };
	struct error e = { "" };
	struct side side;
	struct compare c = { .a = &side, .b = &side, .patterns = all, .least_effect = 0.02 };
	struct gate gate;

	if (side_open(&side, directory, &e)) {
		assert(e.text[0]);
		return;
	}
	if (!compare_make(&c, &e)) {
		(void)compare_print(&c, COMPARE_TEXT, nowhere, &screen);
		(void)compare_print(&c, COMPARE_JSON, nowhere, &screen);
		(void)compare_gate(&c, "worse,*>+5%", &gate, &e);
		compare_release(&c);
	} else {
		assert(e.text[0]);
	}
	side_release(&side);
}

static void merge_one(void)
{
	struct result_dir dir;
	struct error e = { "" };
	struct merge out;

	if (result_dir_open(&dir, directory, &e))
		return;
	assert(!merge_dirs(&dir, 1, merged, &out, &e) == !e.text[0]);
	merge_release(&out);
	(void)nftw(merged, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	result_dir_release(&dir);
}

/* As of a plan of two steps without workers, on this kernel of no name. */
static void resume_one(void)
{
	static struct host host;
	static struct plan_cell cell;
	static struct plan_step step[] = { { .repeat = 1 }, { .repeat = 2 } };
	static struct plan plan = {
		.host = &host, .nr_cells = 1, .cell = &cell, .nr_steps = 2, .step = step
	};
	struct error e = { "" };
	struct resume resume;
	unsigned more;

	assert(!rename(directory, partial));
	(void)resume_only_cell(partial, &more);
	(void)resume_check(partial, &plan, &e);
	e.text[0] = '\0';
	if (!resume_load(&resume, partial, &plan, &e))
		resume_release(&resume);
	else
		assert(e.text[0]);
	assert(!rename(partial, directory));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	put_files((const char *)data, size);
	read_report();
	read_compare();
	merge_one();
	resume_one(); /* last: it cuts the files */
	return 0;
}
