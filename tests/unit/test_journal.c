// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/machine/journal.h: recorded changes are undone, and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/machine/identity.h"
#include "harness/machine/journal.h"
#include "workloads/api/arith.h"

#define SWAPPINESS "/proc/sys/vm/swappiness"
#define CLUSTER	   "/proc/sys/vm/page-cluster"

struct machine {
	char root[64];	/* a machine in a temporary directory */
	char state[80]; /* journal's directory, not there yet */
	struct journal j;
	struct error e;
};

static char reported[4096];

/* In libc's place: a crash cannot be simulated, but whether the kernel was asked is visible. */
static unsigned nr_syncs;

int fdatasync(int fd)
{
	nr_syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

static void keep_report(const char *sentence)
{
	strncat(reported, sentence, sizeof(reported) - strlen(reported) - 2);
	strcat(reported, "\n");
}

static void make_path(const struct machine *m, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s%s", m->root, path);
	for (char *slash = full + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
}

static void put(const struct machine *m, const char *path, const char *text)
{
	char full[256];
	FILE *file;

	make_path(m, path);
	snprintf(full, sizeof(full), "%s%s", m->root, path);
	file = fopen(full, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	fclose(file);
}

static const char *get(const struct machine *m, const char *path)
{
	static char text[256];
	char full[256];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", m->root, path);
	file = fopen(full, "r");
	if (!file)
		return "(none)";
	text[0] = '\0';
	if (fgets(text, sizeof(text), file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
	return text;
}

static int set_up(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	snprintf(m->root, sizeof(m->root), "/tmp/pagestorm-test-XXXXXX");
	assert_non_null(mkdtemp(m->root));
	snprintf(m->state, sizeof(m->state), "%s/state", m->root);
	setenv("PAGESTORM_STATE_DIR", m->state, 1);
	put(m, SWAPPINESS, "60");
	put(m, CLUSTER, "3");
	journal_init(&m->j);
	m->j.root = m->root;
	m->j.say = keep_report;
	m->j.warn = keep_report;
	reported[0] = '\0';
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	struct machine *m = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r '%s'", m->root);
	free(m);
	return system(command);
}

static void start(struct machine *m)
{
	assert_int_equal(journal_open(&m->j, "a run", &m->e), 0);
}

static void note_setting(struct machine *m, const char *path, const char *before,
			 const char *after)
{
	const struct journal_act act = {
		.kind = JOURNAL_SETTING, .what = path, .before = before, .after = after
	};

	assert_int_equal(journal_note(&m->j, &act, &m->e), 0);
}

static void change(struct machine *m, const char *path, const char *before, const char *after)
{
	note_setting(m, path, before, after);
	put(m, path, after);
}

/* An existing file or directory, recorded with its identity. */
static void note_made(struct machine *m, const char *path)
{
	char identity[IDENTITY_BYTES];
	const struct journal_act act = { .kind = JOURNAL_FILE,
					 .what = path,
					 .identity = identity };

	assert_int_equal(identity_of(AT_FDCWD, path, identity, sizeof(identity)), 0);
	assert_int_equal(journal_note(&m->j, &act, &m->e), 0);
}

/* As a killed run leaves it: the file stays, the descriptor is closed. */
static void die(struct machine *m)
{
	close(m->j.fd);
	m->j.fd = -1;
	m->e.text[0] = '\0';
}

static void recover(struct machine *m, int expected)
{
	assert_int_equal(journal_adopt(&m->j, &m->e), 0);
	assert_int_equal(journal_close(&m->j, &m->e), expected);
}

static const char *journal_text(struct machine *m)
{
	static char text[8192];
	FILE *file = fopen(m->j.path, "r");
	size_t n;

	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	fclose(file);
	return text;
}

static void add_to_journal(struct machine *m, const char *text, size_t bytes)
{
	FILE *file = fopen(m->j.path, "a");

	assert_non_null(file);
	fwrite(text, 1, bytes, file);
	fclose(file);
}

static void an_entry_is_on_disk_when_it_is_noted(void **state)
{
	struct machine *m = *state;
	unsigned before;

	assert_int_equal(journal_open(&m->j, "a run", &m->e), 0);
	before = nr_syncs;
	note_setting(m, SWAPPINESS, "60", "10");
	assert_int_equal(nr_syncs, before + 1);
	assert_int_equal(journal_close(&m->j, &m->e), 0);
}

static void an_entry_is_in_the_file_before_the_act(void **state)
{
	struct machine *m = *state;

	start(m);
	note_setting(m, SWAPPINESS, "60", "10");
	assert_non_null(strstr(journal_text(m), "\nsetting\t" SWAPPINESS "\t60\t10\n"));
	assert_int_equal(strncmp(journal_text(m), "pagestorm-journal 2\nboot\t", 25), 0);
	assert_int_equal(journal_close(&m->j, &m->e), 0);
}

static void closing_undoes_and_leaves_no_directory(void **state)
{
	struct machine *m = *state;

	start(m);
	assert_true(journal_leftover());
	change(m, SWAPPINESS, "60", "10");
	change(m, CLUSTER, "3", "0");
	assert_int_equal(journal_length(&m->j), 2);
	assert_int_equal(journal_close(&m->j, &m->e), 0);
	assert_string_equal(get(m, SWAPPINESS), "60");
	assert_string_equal(get(m, CLUSTER), "3");
	assert_false(journal_leftover());
	assert_int_equal(access(m->state, F_OK), -1);
}

static void a_directory_that_was_there_stays(void **state)
{
	struct machine *m = *state;

	assert_int_equal(mkdir(m->state, 0700), 0);
	start(m);
	assert_int_equal(journal_close(&m->j, &m->e), 0);
	assert_int_equal(access(m->state, F_OK), 0);
}

static void the_newest_is_undone_first(void **state)
{
	struct machine *m = *state;

	start(m);
	change(m, SWAPPINESS, "60", "10");
	change(m, SWAPPINESS, "10", "100");
	assert_int_equal(journal_close(&m->j, &m->e), 0);
	assert_string_equal(get(m, SWAPPINESS), "60");
	assert_non_null(strstr(reported, "from 100 to 10\n"));
	assert_true(strstr(reported, "from 100 to 10") < strstr(reported, "from 10 to 60"));
}

static void undo_goes_back_to_the_mark_only(void **state)
{
	struct machine *m = *state;

	start(m);
	change(m, SWAPPINESS, "60", "10");
	for (int cell = 0; cell < 3; cell++) {
		change(m, CLUSTER, "3", "0");
		assert_int_equal(journal_length(&m->j), 2);
		assert_int_equal(journal_undo(&m->j, 1, &m->e), 0);
		assert_string_equal(get(m, CLUSTER), "3");
		assert_string_equal(get(m, SWAPPINESS), "10");
		assert_int_equal(journal_length(&m->j), 1);
	}
	assert_null(strstr(journal_text(m), CLUSTER));
	assert_int_equal(journal_close(&m->j, &m->e), 0);
	assert_string_equal(get(m, SWAPPINESS), "60");
}

static void one_entry_can_be_undone_out_of_order(void **state)
{
	struct machine *m = *state;

	start(m);
	change(m, SWAPPINESS, "60", "10");
	change(m, CLUSTER, "3", "0");
	assert_int_equal(journal_undo_one(&m->j, JOURNAL_SETTING, SWAPPINESS, &m->e), 0);
	assert_string_equal(get(m, SWAPPINESS), "60");
	assert_string_equal(get(m, CLUSTER), "0");
	assert_int_equal(journal_length(&m->j), 1);
	/* It is forgotten: what is written there now is not touched. */
	put(m, SWAPPINESS, "10");
	assert_int_equal(journal_close(&m->j, &m->e), 0);
	assert_string_equal(get(m, SWAPPINESS), "10");
	assert_string_equal(get(m, CLUSTER), "3");
}

static void a_setting_changed_by_another_process_is_reported_and_left(void **state)
{
	struct machine *m = *state;

	start(m);
	change(m, SWAPPINESS, "60", "10");
	change(m, CLUSTER, "3", "0");
	put(m, SWAPPINESS, "42");
	assert_int_equal(journal_close(&m->j, &m->e), 0);
	assert_string_equal(get(m, SWAPPINESS), "42");
	assert_string_equal(get(m, CLUSTER), "3");
	assert_non_null(strstr(reported, SWAPPINESS " holds 42"));
	assert_non_null(strstr(reported, "another process"));
}

static void a_side_effect_is_put_back_whatever_it_became(void **state)
{
	struct machine *m = *state;

	start(m);
	note_setting(m, CLUSTER, "3", NULL);
	put(m, CLUSTER, "5");
	assert_int_equal(journal_close(&m->j, &m->e), 0);
	assert_string_equal(get(m, CLUSTER), "3");
}

/* A controller is switched by +name and -name, so the file here keeps the last that was
 * written. */
static void only_controllers_that_the_run_handed_down_are_taken_back(void **state)
{
	static const char control[] = "/sys/fs/cgroup/cgroup.subtree_control";
	static const struct {
		const char *before, *now, *written;
	} rows[] = {
		{ "cpu", "cpu memory cpuset", "-cpuset" },
		{ "cpu cpuset", "cpu cpuset memory", "-memory" },
		{ "memory cpuset", "memory cpuset", "memory cpuset" },
		{ "", "cpu", "cpu" },
	};
	struct machine *m = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put(m, control, rows[i].now);
		start(m);
		note_setting(m, control, rows[i].before, "memory cpuset");
		assert_int_equal(journal_close(&m->j, &m->e), 0);
		assert_string_equal(get(m, control), rows[i].written);
	}
}

static void a_pool_killed_half_grown_is_ours(void **state)
{
	static const char pool[] = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
	struct machine *m = *state;

	put(m, pool, "0");
	start(m);
	change(m, pool, "0", "64");
	put(m, pool, "17");
	assert_int_equal(journal_close(&m->j, &m->e), 0);
	assert_string_equal(get(m, pool), "0");
}

static void a_killed_run_is_recovered_once(void **state)
{
	struct machine *m = *state;

	start(m);
	change(m, SWAPPINESS, "60", "10");
	die(m);
	recover(m, 0);
	assert_string_equal(get(m, SWAPPINESS), "60");
	assert_int_equal(journal_adopt(&m->j, &m->e), -ENOENT);
	m->e.text[0] = '\0';
	assert_int_equal(journal_recover(keep_report, &m->e), 0);
	assert_string_equal(m->e.text, "");
}

static void an_act_that_never_happened_is_no_trouble(void **state)
{
	const struct journal_act file = { .kind = JOURNAL_FILE,
					  .what = "/tmp/pagestorm-none/x" };
	const struct journal_act swap = { .kind = JOURNAL_SWAP,
					  .what = "/tmp/pagestorm-none/swap" };
	struct machine *m = *state;

	start(m);
	note_setting(m, SWAPPINESS, "60", "10");
	assert_int_equal(journal_note(&m->j, &file, &m->e), 0);
	assert_int_equal(journal_note(&m->j, &swap, &m->e), 0);
	die(m);
	recover(m, 0);
	assert_string_equal(reported, "");
}

static void a_new_run_refuses_to_start_over_an_old_journal(void **state)
{
	struct machine *m = *state;
	struct journal second;

	start(m);
	journal_init(&second);
	assert_int_equal(journal_open(&second, "b", &m->e), -EEXIST);
	assert_non_null(strstr(m->e.text, "pagestorm restore"));
	assert_int_equal(second.fd, -1);
	m->e.text[0] = '\0';
	assert_int_equal(journal_close(&m->j, &m->e), 0);
}

static void a_live_run_is_not_restored(void **state)
{
	struct machine *m = *state;
	struct journal other;
	int go[2], status;
	char byte;
	pid_t child;

	assert_int_equal(pipe(go), 0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(go[0]);
		_exit(journal_open(&m->j, "alive", NULL) || write(go[1], "", 1) != 1 ||
		      pause());
	}
	close(go[1]);
	assert_int_equal(read(go[0], &byte, 1), 1);
	journal_init(&other);
	assert_int_equal(journal_adopt(&other, &m->e), -EBUSY);
	assert_non_null(strstr(m->e.text, "alive"));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	m->e.text[0] = '\0';
	recover(m, 0);
	close(go[0]);
}

static void values_survive_tabs_newlines_and_backslashes(void **state)
{
	struct machine *m = *state;
	char directory[96], odd[112];
	FILE *file;

	snprintf(directory, sizeof(directory), "%s/pagestorm-a\tb\nc\\d\x7f", m->root);
	snprintf(odd, sizeof(odd), "%s/e", directory);
	assert_int_equal(mkdir(directory, 0700), 0);
	file = fopen(odd, "w");
	assert_non_null(file);
	fclose(file);
	start(m);
	note_made(m, directory);
	note_made(m, odd);
	assert_non_null(strstr(journal_text(m), "a\\011b\\012c\\134d\\177/e\t\\-\t\\-\t"));
	die(m);
	recover(m, 0);
	assert_int_equal(access(odd, F_OK), -1);
	assert_int_equal(access(directory, F_OK), -1);
}

static void what_is_not_ours_is_never_noted(void **state)
{
	static const struct {
		enum journal_kind kind;
		const char *what, *before;
	} acts[] = {
		{ JOURNAL_SETTING, "/proc/sys/vm/drop_caches", "0" },
		{ JOURNAL_SETTING, "/proc/sys/vm/../kernel/panic", "0" },
		{ JOURNAL_SETTING, "/etc/passwd", "0" },
		{ JOURNAL_SETTING, SWAPPINESS, NULL },
		{ JOURNAL_GROUP, "/sys/fs/cgroup/memory/system.slice", NULL },
		{ JOURNAL_GROUP, "/sys/fs/cgroup/memory/pagestormy", NULL },
		{ JOURNAL_GROUP, "/sys/fs/cgroup/memory/pagestorm-1/../x/pagestorm-1", NULL },
		{ JOURNAL_GROUP, "pagestorm-1", NULL },
		{ JOURNAL_SWAP, "/dev/sda2", NULL },
		{ JOURNAL_SWAP, "/swapfile", NULL },
		{ JOURNAL_ZRAM, "/dev/sda", "made" },
		{ JOURNAL_ZRAM, "/dev/zram0", NULL },
		{ JOURNAL_LOOP, "/dev/loop0", "/srv/image" },
		{ JOURNAL_LOOP, "/dev/sda", "/tmp/pagestorm-x/image" },
		{ JOURNAL_FILE, "/etc/passwd", NULL },
		{ JOURNAL_FILE, "/tmp/pagestorm-x/../../etc/passwd", NULL },
		{ JOURNAL_FILE, "pagestorm-x", NULL },
		{ JOURNAL_FILE, "/home/me/pagestorm/README.md", NULL },
		{ JOURNAL_FILE, "/home/me/partial/x", NULL },
		{ JOURNAL_MOUNT, "/mnt", NULL },
	};
	struct machine *m = *state;

	start(m);
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		const struct journal_act act = { .kind = acts[i].kind,
						 .what = acts[i].what,
						 .before = acts[i].before };

		m->e.text[0] = '\0';
		assert_int_equal(journal_note(&m->j, &act, &m->e), -EPERM);
		assert_non_null(strstr(m->e.text, acts[i].what));
	}
	assert_int_equal(journal_length(&m->j), 0);
	assert_int_equal(journal_close(&m->j, &m->e), 0);
}

static bool is_set_aside(const struct machine *m, const char *contains)
{
	char command[512];

	snprintf(command, sizeof(command), "grep -qF '%s' '%s'/journal.damaged-*", contains,
		 m->state);
	return !system(command);
}

static void a_damaged_line_does_no_harm_and_is_kept(void **state)
{
	static const char *const lines[] = {
		"file\t/tmp/pagestorm-unit-victim/../pagestorm-unit-foreign\t\\-\t\\-\n",
		"file\t/tmp/unit-foreign\t\\-\t\\-\n",
		"unlink\t/tmp/pagestorm-x\t\\-\t\\-\n",
		"setting\t" SWAPPINESS "\n",
		"setting\t" CLUSTER "\t\\9\t0\n",
		"undone\t99\n",
		"undone\t-1\n",
		"\n",
		"swap\t/dev/sda2\t\\-\t\\-\n",
	};
	struct machine *m = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char command[128];

		put(m, SWAPPINESS, "60");
		start(m);
		change(m, SWAPPINESS, "60", "10");
		add_to_journal(m, lines[i], strlen(lines[i]));
		change(m, CLUSTER, "3", "0");
		die(m);
		reported[0] = '\0';
		recover(m, -EUCLEAN);
		assert_string_equal(get(m, SWAPPINESS), "60");
		assert_string_equal(get(m, CLUSTER), "3");
		assert_true(strstr(reported, "cannot be understood") ||
			    strstr(reported, "not touching it"));
		assert_false(journal_leftover());
		assert_true(is_set_aside(m, SWAPPINESS));
		snprintf(command, sizeof(command), "rm -r '%s'", m->state);
		assert_int_equal(system(command), 0);
		m->e.text[0] = '\0';
	}
}

static void zero_bytes_of_a_crashed_file_system_are_a_damaged_line(void **state)
{
	struct machine *m = *state;

	start(m);
	change(m, SWAPPINESS, "60", "10");
	add_to_journal(m, "\0\0\0\0\n", 5);
	die(m);
	recover(m, -EUCLEAN);
	assert_string_equal(get(m, SWAPPINESS), "60");
}

static void a_last_line_without_its_newline_was_never_acted_upon(void **state)
{
	static const char half[] = "setting\t" CLUSTER "\t3\t";
	struct machine *m = *state;

	start(m);
	change(m, SWAPPINESS, "60", "10");
	add_to_journal(m, half, strlen(half));
	die(m);
	recover(m, 0);
	assert_string_equal(get(m, SWAPPINESS), "60");
}

static void a_run_killed_while_it_wrote_the_header_did_nothing(void **state)
{
	static const char *const headers[] = { "", "pagestorm-journal 1\n",
					       "pagestorm-journal 1\nboot\tx\nrun\ta" };
	struct machine *m = *state;

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		start(m);
		assert_int_equal(ftruncate(m->j.fd, 0), 0);
		add_to_journal(m, headers[i], strlen(headers[i]));
		die(m);
		recover(m, 0);
		assert_false(journal_leftover());
	}
}

static void a_journal_of_another_format_is_kept_and_not_used(void **state)
{
	static const char text[] =
		"something else\nboot\tx\nrun\ta\nprocess\t1\t1\ndirectory\tmade\n"
		"file\t/tmp/pagestorm-x\t\\-\t\\-\n";
	struct machine *m = *state;

	start(m);
	assert_int_equal(ftruncate(m->j.fd, 0), 0);
	add_to_journal(m, text, strlen(text));
	die(m);
	recover(m, -EUCLEAN);
	assert_true(is_set_aside(m, "something else"));
}

/* The boot id in the header is another: the machine was rebooted since. */
static void after_a_reboot_only_files_are_undone(void **state)
{
	static const char file[] = "/pagestorm-scratch";
	struct machine *m = *state;
	char path[128], *boot;
	FILE *journal;

	put(m, file, "left");
	snprintf(path, sizeof(path), "%s%s", m->root, file);
	start(m);
	change(m, SWAPPINESS, "60", "10");
	note_made(m, path);
	boot = strstr(journal_text(m), "boot\t") + 5;
	*boot = *boot == '0' ? '1' : '0';
	journal = fopen(m->j.path, "r+");
	fputs(boot - strlen("pagestorm-journal 2\nboot\t"), journal);
	fclose(journal);
	die(m);
	recover(m, 0);
	assert_string_equal(get(m, SWAPPINESS), "10");
	assert_string_equal(get(m, file), "(none)");
}

static void a_journal_that_others_can_write_is_not_believed(void **state)
{
	struct machine *m = *state;

	start(m);
	change(m, SWAPPINESS, "60", "10");
	assert_int_equal(fchmod(m->j.fd, 0666), 0);
	die(m);
	assert_int_equal(journal_adopt(&m->j, &m->e), -EPERM);
	assert_string_equal(get(m, SWAPPINESS), "10");
}

static void what_cannot_be_undone_stays_in_the_journal(void **state)
{
	struct machine *m = *state;
	char directory[128], file[160], text[64];

	snprintf(directory, sizeof(directory), "%s/pagestorm-full", m->root);
	snprintf(text, sizeof(text), "/pagestorm-full/another's");
	put(m, text, "x");
	start(m);
	change(m, SWAPPINESS, "60", "10");
	note_made(m, directory);
	change(m, CLUSTER, "3", "0");
	assert_int_equal(journal_close(&m->j, &m->e), -EUCLEAN);
	assert_non_null(strstr(m->e.text, directory));
	assert_string_equal(get(m, SWAPPINESS), "60");
	assert_string_equal(get(m, CLUSTER), "3");
	assert_true(journal_leftover());

	snprintf(file, sizeof(file), "%s%s", m->root, text);
	assert_int_equal(unlink(file), 0);
	m->e.text[0] = '\0';
	recover(m, 0);
	assert_int_equal(access(directory, F_OK), -1);
	assert_false(journal_leftover());
}

/* A workload's files are not recorded one by one. */
static void a_scratch_directory_goes_with_what_is_in_it(void **state)
{
	struct machine *m = *state;
	char path[160];

	put(m, "/run.partial/scratch/cold/file", "x");
	put(m, "/run.partial/counters.csv", "kept");
	put(m, "/elsewhere/file", "kept");
	snprintf(path, sizeof(path), "%s/run.partial/scratch/link", m->root);
	assert_int_equal(symlink("../../elsewhere", path), 0);
	*strrchr(path, '/') = '\0';
	start(m);
	note_made(m, path);
	die(m);
	recover(m, 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_string_equal(get(m, "/run.partial/counters.csv"), "kept");
	assert_string_equal(get(m, "/elsewhere/file"), "kept");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_entry_is_on_disk_when_it_is_noted),
		T(an_entry_is_in_the_file_before_the_act),
		T(closing_undoes_and_leaves_no_directory),
		T(a_directory_that_was_there_stays),
		T(the_newest_is_undone_first),
		T(undo_goes_back_to_the_mark_only),
		T(one_entry_can_be_undone_out_of_order),
		T(a_setting_changed_by_another_process_is_reported_and_left),
		T(a_side_effect_is_put_back_whatever_it_became),
		T(only_controllers_that_the_run_handed_down_are_taken_back),
		T(a_pool_killed_half_grown_is_ours),
		T(a_killed_run_is_recovered_once),
		T(an_act_that_never_happened_is_no_trouble),
		T(a_new_run_refuses_to_start_over_an_old_journal),
		T(a_live_run_is_not_restored),
		T(values_survive_tabs_newlines_and_backslashes),
		T(what_is_not_ours_is_never_noted),
		T(a_damaged_line_does_no_harm_and_is_kept),
		T(zero_bytes_of_a_crashed_file_system_are_a_damaged_line),
		T(a_last_line_without_its_newline_was_never_acted_upon),
		T(a_run_killed_while_it_wrote_the_header_did_nothing),
		T(a_journal_of_another_format_is_kept_and_not_used),
		T(after_a_reboot_only_files_are_undone),
		T(a_journal_that_others_can_write_is_not_believed),
		T(what_cannot_be_undone_stays_in_the_journal),
		T(a_scratch_directory_goes_with_what_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
