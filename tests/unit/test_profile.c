// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of harness/plan/profile.h: every error has its place and its sentence. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/base/suggest.h"
#include "harness/plan/profile.h"
#include "workloads/api/arith.h"

static int read_bytes(struct profile *p, const char *text, size_t bytes, struct error *e)
{
	FILE *stream = bytes ? fmemopen((void *)text, bytes, "r") : fopen("/dev/null", "r");
	int ret;

	profile_init(p);
	ret = profile_read_stream(p, stream, "p.ini", e);
	fclose(stream);
	return ret;
}

static int read_text(struct profile *p, const char *text, struct error *e)
{
	return read_bytes(p, text, strlen(text), e);
}

static const char whole[] = "; why: the comment before everything\n"
			    "[profile]\n"
			    "name = demo   ; inline comment\n"
			    "repeats=3\n"
			    "\n"
			    "[cgroup]\n"
			    "\tmemory.max = 128M\r\n"
			    "# another comment\n"
			    "[sysctl]\n"
			    "vm.swappiness = 60\n"
			    "[setting]\n"
			    "thp.enabled = never\n"
			    "[workload hog]\n"
			    "type = anon\n"
			    "size = 64M\n"
			    "[workload victim]\n"
			    "type = anon\n"
			    "[sweep]\n"
			    "hog.size = 16M, 32M\n"
			    "[expect]\n"
			    "outcome = ok\n"
			    "minor_faults = >=4";

static void a_whole_profile_keeps_values_and_lines(void **state)
{
	static const struct {
		const char *section, *key, *value;
		unsigned line;
	} entries[] = {
		{ "profile", "name", "demo", 3 },
		{ "profile", "repeats", "3", 4 },
		{ "cgroup", "memory.max", "128M", 7 },
		{ "sysctl", "vm.swappiness", "60", 10 },
		{ "setting", "thp.enabled", "never", 12 },
		{ "hog", "type", "anon", 14 },
		{ "hog", "size", "64M", 15 },
		{ "victim", "type", "anon", 17 },
		{ "sweep", "hog.size", "16M, 32M", 19 },
		{ "expect", "outcome", "ok", 21 },
		{ "expect", "minor_faults", ">=4", 22 },
	};
	struct error e = { "" };
	struct profile p;

	(void)state;
	read_text(&p, whole, &e);
	assert_string_equal(e.text, "");
	assert_int_equal(p.nr, ARRAY_SIZE(entries));
	for (size_t i = 0; i < p.nr; i++) {
		const struct profile_entry *entry =
			profile_get(&p, entries[i].section, entries[i].key);

		assert_non_null(entry);
		assert_string_equal(entry->value, entries[i].value);
		assert_string_equal(entry->file, "p.ini");
		assert_int_equal(entry->line, entries[i].line);
	}
	assert_string_equal(p.name, "p");
	assert_string_equal(profile_next_worker(&p, NULL), "hog");
	assert_string_equal(profile_next_worker(&p, "hog"), "victim");
	assert_null(profile_next_worker(&p, "victim"));
	profile_release(&p);
}

static void what_is_formatted_reads_back_the_same(void **state)
{
	struct profile p, q;
	struct error e = { "" };
	char *once, *twice;

	(void)state;
	read_text(&p, whole, &e);
	assert_int_equal(profile_format(&p, &once), 0);
	assert_int_equal(read_text(&q, once, &e), 0);
	assert_int_equal(q.nr, p.nr);
	for (size_t i = 0; i < p.nr; i++) {
		const struct profile_entry *entry = &p.entry[i];

		assert_string_equal(profile_get(&q, entry->section, entry->key)->value,
				    entry->value);
	}
	assert_int_equal(profile_format(&q, &twice), 0);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	profile_release(&p);
	profile_release(&q);
}

#define NAME50 "n1234567890123456789012345678901234567890123456789"

static const struct {
	const char *text, *error;
} mistakes[] = {
	{ "[profil]\n", "p.ini:1: error: [profil]: unknown section; did you mean "
			"[profile]?" },
	{ "[xyz]\n", "p.ini:1: error: [xyz]: unknown section; a worker is [workload NAME]" },
	{ "\n\n[profile\nname = x\n", "p.ini:3: error: the section has no ]" },
	{ "[profile ; ]\n", "p.ini:1: error: the section has no ]" },
	{ "[profile] name = x\n", "p.ini:1: error: text after the section's ]" },
	{ "[" NAME50 "]\n", "p.ini:1: error: the section's name has more than 49 bytes" },
	{ "[workload]\n", "p.ini:1: error: a worker needs a name: [workload NAME]" },
	{ "[workload ]\n", "p.ini:1: error: a worker needs a name: [workload NAME]" },
	{ "[workload a b]\n", "p.ini:1: error: 'a b' cannot name a worker: letters, "
			      "digits, _ and - after a letter" },
	{ "[workload ../x]\n", "p.ini:1: error: '../x' cannot name a worker: letters, "
			       "digits, _ and - after a letter" },
	{ "[workload null]\n",
	  "p.ini:1: error: 'null' cannot name a worker: the name is taken" },
	{ "[workload sysctl]\n",
	  "p.ini:1: error: 'sysctl' cannot name a worker: the name is taken" },
	{ "[workload hog]\ntype = anon\n[profile]\n[workload hog]\n",
	  "p.ini:4: error: section [workload hog] again; it began on line 1" },
	{ "[cgroup]\n[cgroup]\n",
	  "p.ini:2: error: section [cgroup] again; it began on line 1" },
	{ "\n[workload hog]\nsize = 1M\n[profile]\n",
	  "p.ini:2: error: [workload hog] has no type; `pagestorm list` shows them" },
	{ "[workload hog]\n",
	  "p.ini:1: error: [workload hog] has no type; `pagestorm list` shows them" },
	{ "name = x\n", "p.ini:1: error: name stands outside any section" },
	{ "[profile]\nname\n", "p.ini:2: error: no = in 'name'; write key = value" },
	{ "[profile]\nname ; = x\n",
	  "p.ini:2: error: no = in 'name ; = x'; write key = value" },
	{ "[profile]\nname: x\n", "p.ini:2: error: a colon before the =; write key = value" },
	{ "[profile]\n = x\n", "p.ini:2: error: no key before the =" },
	{ "[profile]\n" NAME50 " = x\n", "p.ini:2: error: the key has more than 49 bytes" },
	{ "[profile]\nname =\n", "p.ini:2: error: name has no value" },
	{ "[profile]\nname = ;x\n", "p.ini:2: error: name has no value" },
	/* inih would keep the first and cut the second */
	{ "[profile]\nname =;x\n", "p.ini:2: error: name has a ; that begins a comment" },
	{ "[profile]\nname = a\nname = b\n",
	  "p.ini:3: error: name again; it was set on line 2" },
	{ "[profile]\nrepeat = 3\n", "p.ini:2: error: repeat: unknown key of [profile]; "
				     "did you mean repeats?" },
	{ "[profile]\nzzz = 3\n", "p.ini:2: error: zzz: unknown key of [profile]" },
	{ "[cgroup]\nmemory.mx = 3\n",
	  "p.ini:2: error: memory.mx: unknown limit; did you mean memory.max?" },
	{ "[swap]\nsiez = 3\n",
	  "p.ini:2: error: siez: unknown key of [swap]; did you mean size?" },
	{ "[sysctl]\nvm.swapiness = 3\n", "p.ini:2: error: vm.swapiness: unknown "
					  "setting; did you mean vm.swappiness?" },
	{ "[sysctl]\nvm/../kernel/panic = 3\n",
	  "p.ini:2: error: vm/../kernel/panic: unknown setting; `pagestorm list "
	  "settings` "
	  "shows them" },
	{ "[sysctl]\nthp.enabled = never\n",
	  "p.ini:2: error: thp.enabled belongs in [setting]" },
	{ "[setting]\nvm.swappiness = 3\n",
	  "p.ini:2: error: vm.swappiness belongs in [sysctl]" },
	/* inih would take an indented line for the value above it */
	{ "[profile]\nname = a\n  nonsense\n",
	  "p.ini:3: error: no = in 'nonsense'; write key = value" },
	{ "[profile]\nwhy = a\x01z\n", "p.ini:2: error: byte 0x01 is not text" },
	{ "[profile]\nwhy = \xff\n", "p.ini:2: error: byte 0xff is not UTF-8" },
	{ "; caf\xe9\n", "p.ini:1: error: byte 0xe9 is not UTF-8" },
	{ "; overlong \xc0\xaf\n", "p.ini:1: error: byte 0xc0 is not UTF-8" },
	{ "; surrogate \xed\xa0\x80\n", "p.ini:1: error: byte 0xed is not UTF-8" },
	{ "; cut \xe2\x82", "p.ini:1: error: byte 0xe2 is not UTF-8" },
	{ "; beyond \xf4\x90\x80\x80\n", "p.ini:1: error: byte 0xf4 is not UTF-8" },
};

static void each_mistake_has_its_line_and_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		struct error e = { "" };
		struct profile p;

		assert_int_equal(read_text(&p, mistakes[i].text, &e), -EINVAL);
		assert_string_equal(e.text, mistakes[i].error);
		profile_release(&p);
	}
}

static void an_indented_line_is_a_line_of_its_own(void **state)
{
	struct error e = { "" };
	struct profile p;

	(void)state;
	assert_int_equal(read_text(&p, "[profile]\nname = a\n  why = b\n", &e), 0);
	assert_string_equal(profile_get(&p, "profile", "name")->value, "a");
	assert_string_equal(profile_get(&p, "profile", "why")->value, "b");
	profile_release(&p);
}

static void a_nul_byte_does_not_hide_the_rest_of_a_line(void **state)
{
	struct error e = { "" };
	struct profile p;

	(void)state;
	assert_int_equal(read_bytes(&p, "[profile]\nname = a\0b\n", 21, &e), -EINVAL);
	assert_string_equal(e.text, "p.ini:2: error: byte 0x00 is not text");
	profile_release(&p);
}

static void a_long_line_is_refused_not_cut(void **state)
{
	char text[2 * PROFILE_LINE_MAX] = "[profile]\nwhy = ";
	size_t start = strlen(text), line = start - strlen("[profile]\n");
	struct error e = { "" };
	struct profile p;

	(void)state;
	memset(text + start, 'a', PROFILE_LINE_MAX - line);
	assert_int_equal(read_text(&p, text, &e), 0);
	assert_int_equal(strlen(profile_get(&p, "profile", "why")->value),
			 PROFILE_LINE_MAX - line);
	profile_release(&p);
	strcat(text, "\n"); /* the newline does not count */
	assert_int_equal(read_text(&p, text, &e), 0);
	profile_release(&p);

	text[strlen(text) - 1] = 'a';
	assert_int_equal(read_text(&p, text, &e), -EINVAL);
	assert_string_equal(e.text, "p.ini:2: error: the line has more than 1000 bytes");
	profile_release(&p);
}

static void a_line_that_was_full_reads_back(void **state)
{
	char text[2 * PROFILE_LINE_MAX] = "[profile]\nwhy=", *out;
	size_t start = strlen(text), line = start - strlen("[profile]\n");
	struct error e = { "" };
	struct profile p, q;

	(void)state;
	memset(text + start, 'a', PROFILE_LINE_MAX - line);
	assert_int_equal(read_text(&p, text, &e), 0);
	assert_int_equal(profile_format(&p, &out), 0);
	assert_int_equal(read_text(&q, out, &e), 0);
	assert_string_equal(profile_get(&q, "profile", "why")->value, text + start);
	free(out);
	profile_release(&p);
	profile_release(&q);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct error e = { "" };
	struct profile p;

	(void)state;
	profile_init(&p);
	assert_int_equal(profile_read(&p, "/nonexistent/x.ini", &e), -ENOENT);
	assert_string_equal(e.text,
			    "cannot open /nonexistent/x.ini: No such file or directory");
	e.text[0] = '\0';
	assert_int_equal(profile_read(&p, "/tmp", &e), -EINVAL);
	assert_string_equal(e.text, "/tmp is not a file");
	profile_release(&p);
}

static void overrides_find_the_section_of_their_key(void **state)
{
	static const struct {
		const char *assignment, *section, *key, *value;
	} cases[] = {
		{ "hog.size=256M", "hog", "size", "256M" },
		{ "hog.memory.max=1G", "hog", "memory.max", "1G" },
		{ "vm.swappiness=10", "sysctl", "vm.swappiness", "10" },
		{ "thp.enabled=always", "setting", "thp.enabled", "always" },
		{ "swap.vma_ra_enabled=true", "setting", "swap.vma_ra_enabled", "true" },
		{ "memory.max=512M", "cgroup", "memory.max", "512M" },
		{ "cpuset.mems=0", "cgroup", "cpuset.mems", "0" },
		{ "swap.size=1G", "swap", "size", "1G" },
		{ "sweep.vm.swappiness=0,10", "sweep", "vm.swappiness", "0,10" },
		{ "expect.outcome=oom_kill", "expect", "outcome", "oom_kill" },
		{ "profile.repeats=4", "profile", "repeats", "4" },
		{ "repeats=5", "profile", "repeats", "5" },
	};
	struct error e = { "" };
	struct profile p;

	(void)state;
	read_text(&p, whole, &e);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct profile_entry *entry;

		profile_override(&p, cases[i].assignment, &e);
		assert_string_equal(e.text, "");
		entry = profile_get(&p, cases[i].section, cases[i].key);
		assert_non_null(entry);
		assert_string_equal(entry->value, cases[i].value);
		assert_ptr_equal(entry->file, profile_command_line);
		assert_int_equal(entry->line, 0);
	}
	profile_release(&p);
}

static const struct {
	const char *assignment, *error;
} wrong_overrides[] = {
	{ "size", "command line: error: 'size' is not key=value" },
	{ "=3", "command line: error: '=3' is not key=value" },
	{ "hog.size=", "command line: error: hog.size has no value" },
	{ "why=a\nb", "command line: error: why has a byte that is not text" },
	{ "why=a ;b", "command line: error: why has a ; that begins a comment" },
	{ "why= a", "command line: error: why begins or ends with a space" },
	{ "why=\xff", "command line: error: why is not UTF-8" },
	{ "vm.swapiness=1", "command line: error: vm.swapiness: unknown setting; did "
			    "you mean vm.swappiness?" },
	{ "thp.enable=1", "command line: error: thp.enable: unknown setting; did you "
			  "mean thp.enabled?" },
	{ "vm.nothing=1", "command line: error: vm.nothing: unknown setting; `pagestorm list "
			  "settings` shows them" },
	{ "memory.maxx=1", "command line: error: memory.maxx: unknown limit; did you "
			   "mean memory.max?" },
	{ "expect.a ;b=1", "command line: error: 'a ;b' is not a key of expect" },
	{ "expect.a:b=1", "command line: error: 'a:b' is not a key of expect" },
	{ "hug.size=1M",
	  "command line: error: hug: no worker and no section has this name; did you "
	  "mean hog?" },
	{ "expct.outcome=ok",
	  "command line: error: expct: no worker and no section has this name; did "
	  "you mean expect?" },
	{ "zzzzzz.size=1M",
	  "command line: error: zzzzzz: no worker and no section has this name" },
	{ "threads=2",
	  "command line: error: threads: whose? Write hog.threads or victim.threads" },
	{ "zzzzzz=2", "command line: error: zzzzzz: no key of [profile] and of no "
		      "worker" },
	{ "swap.siez=1M",
	  "command line: error: siez: unknown key of [swap]; did you mean size?" },
	{ "size=1M", "command line: error: size: whose? Write hog.size or victim.size" },
};

static void each_wrong_override_has_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong_overrides); i++) {
		struct error e = { "" };
		struct profile p;

		read_text(&p, whole, &e);
		assert_int_equal(profile_override(&p, wrong_overrides[i].assignment, &e),
				 -EINVAL);
		assert_string_equal(e.text, wrong_overrides[i].error);
		profile_release(&p);
	}
}

static void what_a_person_gives_twice_is_refused(void **state)
{
	struct error e = { "" };
	struct profile p;

	(void)state;
	read_text(&p, whole, &e);
	assert_int_equal(profile_override_once(&p, "hog.size=1M", &e), 0);
	assert_string_equal(profile_get(&p, "hog", "size")->value, "1M");
	assert_int_equal(profile_override_once(&p, "hog.size=2M", &e), -EINVAL);
	assert_string_equal(e.text, "command line: error: hog.size is given twice: 1M and 2M");
	assert_string_equal(profile_get(&p, "hog", "size")->value, "1M");
	profile_release(&p);
}

/* In a section, on the command line with the worker or without, and in [sweep]. */
static void an_old_key_is_taken_for_the_new_one_and_noted(void **state)
{
	static const char file[] = "[workload a]\ntype = null\n";
	static const char *const words[] = { "a.sabotage=2", "sabotage=2", "sweep.a.sabotage=2",
					     "sweep.sabotage=2" };
	struct error e = { "" };
	char text[128];
	struct profile p;

	(void)state;
	snprintf(text, sizeof(text), "%ssabotage = 2\n", file);
	read_text(&p, text, &e);
	assert_string_equal(profile_get(&p, "a", "inject_shortfall")->key, "inject_shortfall");
	assert_string_equal(profile_get(&p, "a", "inject_shortfall")->value, "2");
	assert_string_equal(
		p.renamed,
		"sabotage= is now inject_shortfall=; the next version does not accept the old name");
	assert_int_equal(profile_override_once(&p, "inject_shortfall=3", &e), 0);
	assert_int_equal(profile_override_once(&p, "sabotage=4", &e), -EINVAL);
	assert_string_equal(p.entry[1].value, "3");
	assert_int_equal(p.nr, 2);
	profile_release(&p);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		read_text(&p, file, &e);
		assert_null(p.renamed);
		assert_int_equal(profile_override(&p, words[i], &e), 0);
		assert_non_null(p.renamed);
		profile_release(&p);
	}
	e.text[0] = '\0';
	snprintf(text, sizeof(text), "%sinject_shortfall = 2\nsabotage = 2\n", file);
	assert_int_equal(read_text(&p, text, &e), -EINVAL);
	assert_non_null(strstr(e.text, "sabotage again; it was set on line 3"));
	profile_release(&p);
}

static void a_bare_key_is_the_only_workers(void **state)
{
	struct error e = { "" };
	struct profile p;

	(void)state;
	profile_init(&p);
	assert_int_equal(profile_of_workload(&p, "null", &e), 0);
	assert_string_equal(p.name, "null");
	assert_int_equal(profile_override(&p, "sleep=1s", &e), 0);
	assert_string_equal(profile_get(&p, "nothing", "sleep")->value, "1s");
	profile_release(&p);
	assert_int_equal(profile_of_workload(&p, "nul", &e), -ENOENT);
	assert_string_equal(e.text, "nul: unknown workload; did you mean null?");
	profile_release(&p);
}

static void profiles_are_found_by_name(void **state)
{
	char directory[] = "/tmp/pagestorm-test-XXXXXX", path[512];
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(profile_find("demo-of-a-test", path, sizeof(path), NULL), -ENOENT);
	f = fopen("demo-of-a-test.ini", "w");
	fputs("[profile]\n", f);
	fclose(f);
	assert_int_equal(profile_find("demo-of-a-test", path, sizeof(path), NULL), 0);
	assert_string_equal(path, "demo-of-a-test.ini");
	unlink("demo-of-a-test.ini");
	assert_int_equal(chdir("/"), 0);
	rmdir(directory);
}

static void suggestions_stay_near(void **state)
{
	static const char *const words[] = { "size", "fill", "rate", "threads", "access" };

	(void)state;
	assert_string_equal(suggest("siez", words, 5), "size");
	assert_string_equal(suggest("thread", words, 5), "threads");
	assert_string_equal(suggest("acces", words, 5), "access");
	assert_null(suggest("zzzz", words, 5));
	assert_null(suggest("", words, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_profile_keeps_values_and_lines),
		cmocka_unit_test(what_is_formatted_reads_back_the_same),
		cmocka_unit_test(each_mistake_has_its_line_and_sentence),
		cmocka_unit_test(an_indented_line_is_a_line_of_its_own),
		cmocka_unit_test(a_nul_byte_does_not_hide_the_rest_of_a_line),
		cmocka_unit_test(a_long_line_is_refused_not_cut),
		cmocka_unit_test(a_line_that_was_full_reads_back),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(overrides_find_the_section_of_their_key),
		cmocka_unit_test(each_wrong_override_has_its_sentence),
		cmocka_unit_test(what_a_person_gives_twice_is_refused),
		cmocka_unit_test(an_old_key_is_taken_for_the_new_one_and_noted),
		cmocka_unit_test(a_bare_key_is_the_only_workers),
		cmocka_unit_test(profiles_are_found_by_name),
		cmocka_unit_test(suggestions_stay_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
