// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm doctor`: what this machine can do, one line a check, with the fix. */
#include "harness/cli/cmd_doctor.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "harness/cli/cmd.h"
#include "harness/lab/lab.h"
#include "workloads/api/arith.h"

static const struct doctor_check checks[] = {
	{ "user", doctor_user },
	{ "cgroup", doctor_cgroup },
	{ "group", doctor_group },
	{ "limits", doctor_limits },
	{ "group-swap", doctor_group_swap },
	{ "cpuset", doctor_cpuset },
	{ "lock", doctor_lock },
	{ "leftovers", doctor_leftovers },
	{ "memory", doctor_memory },
	{ "nodes", doctor_nodes },
	{ "swap", doctor_swap },
	{ "zram", doctor_zram },
	{ "loop", doctor_loop },
	{ "thp", doctor_thp },
	{ "mthp", doctor_mthp },
	{ "hugetlb", doctor_hugetlb },
	{ "psi", doctor_psi },
	{ "mglru", doctor_mglru },
	{ "zswap", doctor_zswap },
	{ "ksm", doctor_ksm },
	{ "overcommit", doctor_overcommit },
	{ "page-reporting", doctor_page_reporting },
	{ "oom-score", doctor_oom_score },
	{ "drop-caches", doctor_drop_caches },
	{ "mlock", doctor_mlock },
	{ "pagemap", doctor_pagemap },
	{ "oom-daemons", doctor_oom_daemons },
	{ "kvm", doctor_kvm },
	{ "gnuplot", doctor_gnuplot },
};

#define NR_CHECKS    (ARRAY_SIZE(checks))
#define NAME_COLUMNS 22

static const char *const status_names[] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_LIMITED] = "limited",
	[DOCTOR_MISSING] = "missing",
};

struct arguments {
	bool json;
	struct cmd_words words;
};

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "json", .take = cmd_take_flag,
	  .offset = offsetof(struct arguments, json),
	  .help = "one JSON document on stdout" },
	{ 0 }
};
/* clang-format on */

static int check(const void *request, struct error *e)
{
	const struct arguments *a = request;

	if (a->words.nr)
		return error_set(e, EINVAL, "'%s': doctor takes no arguments",
				 a->words.word[0]);
	return 0;
}

static const struct cmd_syntax syntax = {
	.name = "pagestorm doctor",
	.words = "",
	.doc = "Reports what this machine can do, one line a check: ok, limited or missing, with the remedy. What cannot be read is tried, in a group of its own, and nothing is left behind. The kernel's capabilities, on which claims depend, are yes, no or unknown, with what was seen.\v"
	       "Exit status: 0 workloads can run here; 3 the machine cannot be read; 77 nothing could run here.",
	.options = options,
	.words_offset = offsetof(struct arguments, words),
	.check = check,
};

void doctor_find(struct finding *finding, enum doctor_status status, const char *fix,
		 const char *format, ...)
{
	va_list args;

	finding->status = status;
	snprintf(finding->fix, sizeof(finding->fix), "%s", fix ? fix : "");
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

/* What is printed, in either form, and counted. */
struct sheet {
	bool json;
	json_t *list;
	unsigned nr[3];
};

static void put(struct sheet *sheet, const char *name, const struct finding *finding)
{
	sheet->nr[finding->status]++;
	if (sheet->json) {
		json_array_append_new(sheet->list,
				      json_pack("{s:s, s:s, s:s, s:s}", "check", name, "status",
						status_names[finding->status], "found",
						finding->text, "fix", finding->fix));
		return;
	}
	printf("%-8s %-*s %s%s%s\n", status_names[finding->status], NAME_COLUMNS, name,
	       finding->text, finding->fix[0] ? "; fix: " : "", finding->fix);
}

/* What claims depend on: no is as good as yes, and unknown makes them wider. */
static void put_capabilities(struct sheet *sheet, const struct host *host)
{
	for (size_t i = 0; i < NR_CAPABILITIES; i++) {
		const struct capability_result *result = &host->capability[i];
		struct finding finding;

		doctor_find(&finding,
			    result->state == CAPABILITY_UNKNOWN ? DOCTOR_LIMITED : DOCTOR_OK,
			    NULL, "%s %s (%s)", capability_table[i].meaning,
			    capability_state_name(result->state), result->seen);
		put(sheet, capability_table[i].name, &finding);
	}
}

static void put_workloads(struct sheet *sheet, const struct host *host)
{
	for (const struct workload *const *w = workloads; *w; w++) {
		struct finding finding = { .status = DOCTOR_OK };
		char name[64];

		snprintf(name, sizeof(name), "workload-%s", (*w)->name);
		doctor_workload(host, *w, &finding);
		put(sheet, name, &finding);
	}
}

static void put_lab(struct sheet *sheet)
{
	struct lab_requirement list[LAB_REQUIREMENTS_MAX];
	const size_t nr = lab_requirements(arch_here(), list);

	for (size_t i = 0; i < nr; i++) {
		struct finding finding;
		char name[64];

		snprintf(name, sizeof(name), "lab-%s", list[i].name);
		doctor_find(&finding, list[i].found ? DOCTOR_OK : DOCTOR_MISSING,
			    list[i].found ? NULL : list[i].fix, "%s",
			    list[i].detail[0] ? list[i].detail : "not found");
		put(sheet, name, &finding);
	}
}

static int finish(struct sheet *sheet, const struct host *host, bool can_run)
{
	if (sheet->json) {
		json_t *capabilities = json_object(), *root;

		for (size_t i = 0; i < NR_CAPABILITIES; i++)
			json_object_set_new(
				capabilities, capability_table[i].name,
				json_string(capability_state_name(host->capability[i].state)));
		root = json_pack("{s:s, s:s, s:b, s:o, s:o}", "pagestorm", PACKAGE_VERSION,
				 "kernel", host->kernel, "can_run", can_run, "capabilities",
				 capabilities, "checks", sheet->list);
		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(root);
	}
	fprintf(stderr, "%u ok, %u limited, %u missing: %s\n", sheet->nr[DOCTOR_OK],
		sheet->nr[DOCTOR_LIMITED], sheet->nr[DOCTOR_MISSING],
		can_run ? "workloads can run here" : "nothing can run here, see group above");
	return can_run ? EXIT_MET : EXIT_NOTHING_RAN;
}

int cmd_doctor(int argc, char **argv)
{
	struct host host;
	struct arguments a = { .json = false };
	struct sheet sheet = { .json = false };
	struct error e = { "" };
	bool can_run = true;
	int status;

	if (cmd_parse(&syntax, argc, argv, &a))
		return EXIT_USAGE;
	if (host_probe(&host, "", &e)) {
		cmd_complain(&e);
		return EXIT_HARNESS;
	}
	sheet.json = a.json;
	sheet.list = sheet.json ? json_array() : NULL;
	for (size_t i = 0; i < NR_CHECKS; i++) {
		struct finding finding = { .status = DOCTOR_OK };

		checks[i].look(&host, &finding);
		put(&sheet, checks[i].name, &finding);
		if (checks[i].look == doctor_group && finding.status == DOCTOR_MISSING)
			can_run = false;
	}
	put_capabilities(&sheet, &host);
	put_workloads(&sheet, &host);
	if (!host.lab[0])
		put_lab(&sheet);
	status = finish(&sheet, &host, can_run);
	host_release(&host);
	return status;
}
