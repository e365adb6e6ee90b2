// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdicts on numbers beside their truth, and the expressions for that truth. */
#include <errno.h>
#include <math.h>
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

#include "harness/validate/adapter.h"
#include "harness/validate/evidence.h"
#include "harness/validate/score.h"
#include "workloads/api/arith.h"

struct row {
	struct measure measure;
	double noise; /* NaN: none was measured */
	bool has_bias;
	enum score_verdict verdict;
};

static const struct row verdict_rows[] = {
	{ { .truth = 1000, .said = 1000 }, NAN, false, SCORE_RIGHT },
	{ { .truth = 1000, .said = 1001 }, NAN, false, SCORE_WRONG },
	{ { .truth = 1000, .said = 1001, .resolution = 1 },
	  NAN,
	  false,
	  SCORE_WITHIN_RESOLUTION },
	{ { .truth = 1000, .said = 1002, .resolution = 1 }, NAN, false, SCORE_WRONG },
	{ { .truth = 1000, .said = 1300, .bias_least = 300, .bias_most = 300 },
	  NAN,
	  true,
	  SCORE_BIASED },
	{ { .truth = 1000, .said = 1301, .bias_least = 300, .bias_most = 300 },
	  NAN,
	  true,
	  SCORE_WRONG },
	{ { .truth = 1000, .said = 1250, .bias_least = 200, .bias_most = 300 },
	  NAN,
	  true,
	  SCORE_BIASED },
	{ { .truth = 1000, .said = 1000, .bias_least = 200, .bias_most = 300 },
	  NAN,
	  true,
	  SCORE_RIGHT },
	{ { .truth = 1000, .said = 1020 }, 30, false, SCORE_WITHIN_RESOLUTION },
	{ { .truth = 1000, .said = 1040 }, 30, false, SCORE_WRONG },
	{ { .truth = 1000, .said = 1040 }, 60, false, SCORE_NOISE },
	{ { .truth = 1000, .said = 1100 }, 60, false, SCORE_WRONG },
	{ { .truth = 1000, .said = 1340, .bias_least = 300, .bias_most = 300 },
	  45,
	  true,
	  SCORE_BIASED },
	{ { .truth = 1000, .said = 1340, .bias_least = 300, .bias_most = 300 },
	  60,
	  true,
	  SCORE_NOISE },
	{ { .truth = 1000, .said = 1040, .others = 45 }, NAN, false, SCORE_WITHIN_RESOLUTION },
	{ { .truth = 1000, .said = 1046, .others = 45 }, NAN, false, SCORE_WRONG },
	{ { .truth = 1000, .said = 1900, .others = 51 }, NAN, false, SCORE_NOISE },
	{ { .truth = 1000, .said = 1900, .others = 51 }, 30, false, SCORE_NOISE },
	{ { .truth = 1000, .said = 1000, .others = 900 }, NAN, false, SCORE_RIGHT },
	{ { .truth = 0, .said = 9, .others = 2 }, NAN, false, SCORE_NOISE },
	{ { .truth = 0, .said = 0 }, NAN, false, SCORE_RIGHT },
	{ { .truth = 0, .said = 3 }, NAN, false, SCORE_WRONG },
};

static void a_verdict_follows_from_error_resolution_bias_and_noise(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verdict_rows); i++) {
		struct gathered g = { .measure = { verdict_rows[i].measure },
				      .noise = { verdict_rows[i].noise },
				      .nr = 1,
				      .nr_noise = !isnan(verdict_rows[i].noise) };
		struct score s;

		score_make(&s, &g, verdict_rows[i].has_bias);
		if (s.verdict != verdict_rows[i].verdict)
			fail_msg("row %zu: %s", i,
				 wordlist_word(&score_verdict_words, s.verdict));
	}
}

static void the_median_of_the_repeats_counts_and_their_spread_is_noise(void **state)
{
	struct gathered g = { .measure = { { .truth = 1000, .said = 1010 },
					   { .truth = 1000, .said = 990 },
					   { .truth = 1000, .said = 1002 } },
			      .noise = { 1, -3 },
			      .nr = 3,
			      .nr_noise = 2 };
	struct score s;

	(void)state;
	score_make(&s, &g, false);
	assert_true(s.error == 2);
	assert_true(s.error_least == -10);
	assert_true(s.error_most == 10);
	assert_true(s.noise == 20);
	assert_true(fabs(s.error_percent - 0.2) < 1e-9);
}

/* Five percent more is detected unless noise or the last digit hides it. */
static void a_lie_of_five_percent_is_wrong(void **state)
{
	(void)state;
	for (double truth = 1000; truth < 1e12; truth *= 10) {
		struct gathered g = { .nr = 1, .noise = { truth / 25 } };
		struct score s;

		g.measure[0] = (struct measure){ .truth = truth,
						 .said = truth * 1.05,
						 .resolution = 1 };
		score_make(&s, &g, false);
		assert_int_equal(s.verdict, SCORE_WRONG);
		g.nr_noise = 1;
		score_make(&s, &g, false);
		assert_int_equal(s.verdict, SCORE_WRONG);
	}
}

/* ---- evidence ---- */

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void make_run(char *directory)
{
	assert_non_null(mkdtemp(directory));
	write_file(directory, "runs.csv",
		   "repeat,worker,params,outcome,target_bytes,achieved_bytes,seconds\n"
		   "1,null,sleep=0s,ok,0,0,0\n"
		   "1,hog,size=8192;procs=4,ok,8192,8192,0.5\n");
	write_file(directory, "counters.csv",
		   "repeat,worker,span,scope,source,counter,unit,before,after,delta\n"
		   "1,null,work,process,stat,minflt,count,5,5,0\n"
		   "1,hog,work,process,stat,minflt,count,5,7,2\n"
		   "1,hog,residue,process,stat,minflt,count,5,,\n"
		   "1,hog,work,process,status,VmRSS,kB,10,18,8\n"
		   "1,hog,work,ledger,ledger,pages_touched,pages,0,2,2\n"
		   "1,,work,node0:DMA,zoneinfo,free,pages,4,3,-1\n"
		   "1,,work,node0:Normal,zoneinfo,free,pages,40,30,-10\n");
	write_file(directory, "truth.csv",
		   "repeat,worker,quantity,span,expected\n1,hog,minor_faults,work,2\n");
	write_file(directory, "sites.csv", "symbol,live_blocks,live_bytes\na,2,100\nb,1,50\n");
}

static void drop_run(const char *directory)
{
	static const char *const files[] = { "runs.csv", "counters.csv", "truth.csv",
					     "sites.csv" };
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		unlink(path);
	}
	rmdir(directory);
}

static void an_expression_takes_its_terms_from_a_runs_folder(void **state)
{
	static const struct {
		const char *expression;
		double value;
	} rows[] = {
		{ "1 + 2 * 3 - 4 / 2", 5 },
		{ "-(1 + 2) * 2", -6 },
		{ "64K", 65536 },
		{ "achieved + target", 16384 },
		{ "slot.pages_touched * 4096", 8192 },
		{ "param.size / param.procs", 2048 },
		{ "promise.minor_faults", 2 },
		{ "[process/stat/minflt]", 2 },
		{ "[process/stat/minflt@before]", 5 },
		{ "[process/status/VmRSS@after]", 18432 },
		{ "[any/zoneinfo/free]", -11 },
		{ "sites.bytes + sites.blocks", 153 },
	};
	char directory[] = "/tmp/pagestorm-evidence-XXXXXX";
	struct evidence v;
	struct error e = { "" };

	(void)state;
	make_run(directory);
	evidence_init(&v);
	assert_int_equal(evidence_open(&v, directory, &e), 0);
	assert_null(evidence_bad_outcome(&v));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double value = NAN;

		if (evidence_value(&v, rows[i].expression, &value, &e) ||
		    value != rows[i].value)
			fail_msg("%s: %f %s", rows[i].expression, value, e.text);
	}
	evidence_release(&v);
	drop_run(directory);
}

/* The same rule as of run and report: harness/plan/outcome.h. */
static void a_load_has_no_truth_unless_it_ended_as_its_profile_expects(void **state)
{
	static const struct {
		const char *runs, *bad;
	} rows[] = {
		{ "repeat,worker,outcome\n1,hog,expected_oom\n", NULL },
		{ "repeat,worker,outcome\n1,hog,timeout\n", "timeout" },
		{ "repeat,worker,outcome,expected_outcome\n1,hog,timeout,timeout\n", NULL },
		{ "repeat,worker,outcome,expected_outcome\n1,hog,ok,expected_oom\n", "ok" },
		{ "repeat,worker,outcome,expected_outcome\n1,a,ok,ok\n1,b,failed,ok\n",
		  "failed" },
		{ "repeat,worker,outcome,expected_outcome\n1,hog,skipped,ok\n", "skipped" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char directory[] = "/tmp/pagestorm-evidence-XXXXXX";
		struct evidence v;
		struct error e = { "" };
		const char *bad;

		make_run(directory);
		write_file(directory, "runs.csv", rows[i].runs);
		evidence_init(&v);
		assert_int_equal(evidence_open(&v, directory, &e), 0);
		bad = evidence_bad_outcome(&v);
		if (!bad != !rows[i].bad || (bad && strcmp(bad, rows[i].bad)))
			fail_msg("row %zu: %s", i, bad ? bad : "none");
		evidence_release(&v);
		drop_run(directory);
	}
}

static void what_a_run_does_not_have_is_absent_and_not_zero(void **state)
{
	static const char *const expressions[] = { "slot.other", "param.other", "promise.other",
						   "[process/stat/majflt]", "achieved / 0" };
	char directory[] = "/tmp/pagestorm-evidence-XXXXXX";
	struct evidence v;
	struct error e;

	(void)state;
	make_run(directory);
	evidence_init(&v);
	assert_int_equal(evidence_open(&v, directory, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(expressions); i++) {
		double value;

		e.text[0] = '\0';
		assert_int_equal(evidence_value(&v, expressions[i], &value, &e), -ENODATA);
		assert_true(e.text[0]);
	}
	evidence_release(&v);
	drop_run(directory);
}

static void an_expression_that_cannot_be_read_is_refused_beforehand(void **state)
{
	static const char *const expressions[] = {
		"",	 "1 +",		  "(1",	       "1)",
		"other", "[process/stat", "[process]", "[process/stat/minflt@later]",
		"12Q",	 "1 2",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expressions); i++) {
		struct error e = { "" };

		if (evidence_check(expressions[i], &e) != -EINVAL || !e.text[0])
			fail_msg("'%s' was taken", expressions[i]);
	}
}

/* ---- adapters ---- */

static void a_mistake_in_an_adapter_names_its_line(void **state)
{
	static const char head[] = "[tool]\nsummary = s\npackage = p\nprogram = true\n"
				   "command = true\n[load a]\nrun = null\n";
	static const struct {
		const char *text, *place, *word;
	} rows[] = {
		{ "[quantity q]\npattern = ([0-9]\ntruth = 1\n", ":10:", "regular expression" },
		{ "[quantity q]\npattern = ((([0-9]{2,255}){9}){9})\ntruth = 1\n",
		  ":10:", "repeats a part of itself more than 1000 times" },
		{ "[quantity q]\npattern = x\ntruth = 1\n", ":10:", "group" },
		{ "[quantity q]\npattern = (x)\ntruth = other\n", ":10:", "names nothing" },
		{ "[quantity q]\npattern = (x)\n", ":9:", "truth" },
		{ "[quantity q]\npatern = (x)\n", ":9:", "pattern" },
		{ "[quantity q]\nload = b\npattern = (x)\ntruth = 1\n", ":9:", "load b" },
		{ "[quantity q]\npattern = (x)\ntruth = 1\nunit = KB\n", ":10:", "unit" },
		{ "[quantity q]\npattern = (x)\ntruth = 1\nbias = 2\n", ":9:", "bias_why" },
		{ "[lod b]\n", ":8:", "load" },
		{ "[load b]\nrun = null\nwhen = never\n", ":10:", "never" },
		{ "", ":2:", "quantity" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[] = "/tmp/pagestorm-adapter-XXXXXX";
		int fd = mkstemp(path);
		struct error e = { "" };
		struct adapter a;

		assert_true(fd >= 0);
		dprintf(fd, "%s%s", head, rows[i].text);
		close(fd);
		adapter_init(&a);
		if (adapter_read(&a, path, &e) != -EINVAL || !strstr(e.text, rows[i].place) ||
		    !strstr(e.text, rows[i].word))
			fail_msg("row %zu: %s", i, e.text);
		adapter_release(&a);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_verdict_follows_from_error_resolution_bias_and_noise),
		cmocka_unit_test(the_median_of_the_repeats_counts_and_their_spread_is_noise),
		cmocka_unit_test(a_lie_of_five_percent_is_wrong),
		cmocka_unit_test(an_expression_takes_its_terms_from_a_runs_folder),
		cmocka_unit_test(a_load_has_no_truth_unless_it_ended_as_its_profile_expects),
		cmocka_unit_test(what_a_run_does_not_have_is_absent_and_not_zero),
		cmocka_unit_test(an_expression_that_cannot_be_read_is_refused_beforehand),
		cmocka_unit_test(a_mistake_in_an_adapter_names_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
