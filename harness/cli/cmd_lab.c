// SPDX-License-Identifier: GPL-2.0-or-later
/* `pagestorm lab`: boots a guest as requested, or prints what the lab requires here. */
#include "harness/cli/cmd.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/cli/cmd_lab_end.h"
#include "harness/cli/cmd_lab_request.h"
#include "harness/lab/guest.h"
#include "harness/lab/kernel.h"
#include "harness/lab/lab.h"
#include "harness/lab/sysroot.h"

/* clang-format off */
static const struct cmd_option options[] = {
	{ .name = "nodes", .arg = "N", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, shape.nodes),
	  .help = "NUMA nodes (1)", .group = 1 },
	{ .name = "memory", .arg = "SIZE", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, shape.memory),
	  .help = "in all, or per node: 1G,512M,0 (1G)", .group = 1 },
	{ .name = "cpus", .arg = "N", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, shape.cpus),
	  .help = "in all, or per node: 2,1,0 (2, or one a node)", .group = 1 },
	{ .name = "distances", .arg = "D", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, shape.distances),
	  .help = "30 between nodes, or rows: 10,30/30,10", .group = 1 },
	{ .name = "swap", .arg = "SIZE", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, swap),
	  .help = "512M (a file), zram:512M, ram:512M or none (none)", .group = 1 },
	{ .name = "disk", .arg = "SIZE", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, disk),
	  .help = "ext4 at /scratch, also TMPDIR; 0: none (1G)", .group = 1 },
	{ .name = "kernel", .arg = "V", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, kernel),
	  .help = "5.10, 6.1, 6.12-full, newest or a vmlinuz (6.1)", .group = 1 },
	{ .name = "arch", .arg = "A", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, arch),
	  .help = "x86_64, or arm64 and its kernel 6.12-16k", .group = 1 },
	{ .name = "program", .arg = "PATH", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, request.program),
	  .help = "the guest's pagestorm (build-A/pagestorm)", .group = 1,
	  .hidden = true },
	{ .name = "cgroup", .arg = "V", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, cgroup),
	  .help = "v2, v2-hugetlb, v1 or hybrid (v2)", .group = 1 },
	{ .name = "append", .arg = "TEXT", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, request.append),
	  .help = "more kernel parameters", .group = 1 },
	{ .name = "kvm", .take = cmd_take_flag,
	  .offset = offsetof(struct cmd_lab_arguments, request.kvm),
	  .help = "use KVM; not to boot in time is an error", .group = 1 },
	{ .name = "file", .arg = "PATH", .take = cmd_take_list,
	  .offset = offsetof(struct cmd_lab_arguments, file),
	  .help = "take PATH or HOST:GUEST along, with its libraries", .group = 2 },
	{ .name = "collect", .arg = "PATH", .take = cmd_take_list,
	  .offset = offsetof(struct cmd_lab_arguments, collect),
	  .help = "bring PATH back too, as well as the results", .group = 2 },
	{ .name = "exec", .arg = "COMMAND", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, exec),
	  .help = "run a shell command instead of SUBCOMMAND", .group = 2 },
	{ .name = "shell", .take = cmd_take_flag,
	  .offset = offsetof(struct cmd_lab_arguments, request.shell),
	  .help = "a shell, after SUBCOMMAND if any; Ctrl-] leaves", .group = 2 },
	{ .name = "timeout", .arg = "SECONDS", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, timeout),
	  .help = "bound for SUBCOMMAND; 0: none (600)", .group = 2 },
	{ .name = "boot", .arg = "SECONDS", .take = cmd_take_text,
	  .offset = offsetof(struct cmd_lab_arguments, boot),
	  .help = "bound for the boot (120, with KVM 20)", .group = 2, .hidden = true },
	{ .name = "console", .take = cmd_take_flag,
	  .offset = offsetof(struct cmd_lab_arguments, request.show_console),
	  .help = "show the guest's console on stderr", .group = 2 },
	{ .name = "dry-run", .take = cmd_take_flag,
	  .offset = offsetof(struct cmd_lab_arguments, dry_run),
	  .help = "check all, print the shape, boot nothing", .group = 2 },
	{ .name = "check", .take = cmd_take_flag,
	  .offset = offsetof(struct cmd_lab_arguments, check),
	  .help = "print what the lab requires and what is missing", .group = 3 },
	{ .name = "fetch", .arg = "V", .take = cmd_take_list,
	  .offset = offsetof(struct cmd_lab_arguments, fetch),
	  .help = "unpack kernel V, or sysroot, into the cache", .group = 3 },
	{ .name = "guest", .take = cmd_take_flag,
	  .offset = offsetof(struct cmd_lab_arguments, guest),
	  .help = "be process 1 of a guest", .group = 3, .hidden = true },
	{ 0 }
};
/* clang-format on */

static const struct cmd_syntax syntax = {
	.name = "pagestorm lab",
	.words = "-- SUBCOMMAND...",
	.doc = "Boots a guest, runs SUBCOMMAND in it, brings back output, status and results.",
	.options = options,
	.words_offset = offsetof(struct cmd_lab_arguments, subcommand),
	.in_order = true,
};

static int usage_error(const struct error *e)
{
	fprintf(stderr, "pagestorm: error: %s\n", e->text);
	return EXIT_USAGE;
}

static int harness_error(const struct error *e, int ret)
{
	fprintf(stderr, "pagestorm: error: %s\n", e->text[0] ? e->text : strerror(-ret));
	return EXIT_HARNESS;
}

static int check_host(const struct arch *arch)
{
	struct lab_requirement list[LAB_REQUIREMENTS_MAX];
	size_t nr = lab_requirements(arch, list);
	bool missing = false;

	for (size_t i = 0; i < nr; i++) {
		printf("%-8s %-20s %s\n", list[i].found ? "ok" : "missing", list[i].name,
		       list[i].found ? list[i].detail : list[i].fix);
		missing |= !list[i].found;
	}
	return missing ? EXIT_NOTHING_RAN : 0;
}

static int fetch(const struct arch *arch, const struct words *names)
{
	for (size_t i = 0; i < names->nr; i++) {
		struct error e = { 0 };
		struct kernel kernel;
		char sysroot[PATH_MAX];
		bool is_sysroot = !strcmp(names->item[i], "sysroot");
		int ret = is_sysroot ? sysroot_fetch(arch, sysroot, &e)
				     : kernel_fetch(names->item[i], arch, &kernel, &e);

		if (ret)
			return ret == -EINVAL ? usage_error(&e) : harness_error(&e, ret);
		printf("%s %s\n", is_sysroot ? arch->name : kernel.release,
		       is_sysroot ? sysroot : kernel.image);
	}
	return 0;
}

/* 0 or the exit status. */
static int find_kernel(struct lab_request *request, const char *text, bool may_fetch)
{
	struct error e = { 0 };
	struct kernel_name name;
	int ret = kernel_find(text, request->arch, &request->kernel, &e);

	if (!ret)
		return 0;
	if (ret != -ENOENT || kernel_name_parse(text, request->arch, &name) || !may_fetch)
		return usage_error(&e);
	fprintf(stderr, "pagestorm: fetching kernel %s, 30 to 100 MB, once\n", text);
	e = (struct error){ 0 };
	ret = kernel_fetch(text, request->arch, &request->kernel, &e);
	if (ret)
		return ret == -EINVAL ? usage_error(&e) : harness_error(&e, ret);
	return 0;
}

static void print_plan(const struct lab_request *request)
{
	char text[8192];

	lab_describe(request, text, sizeof(text));
	printf("%s\n", text);
	for (size_t i = 0; i < request->collect.nr; i++)
		printf("results: %s\n", request->collect.item[i]);
	for (size_t i = 0; i < request->nr_files; i++)
		printf("file: %s\n", request->file[i].guest);
}

static int boot(struct lab_request *request)
{
	struct lab_result result = { 0 };
	struct error e = { 0 };
	int ret, status;

	signal(SIGPIPE, SIG_IGN); /* a reader that leaves does not cost the results */
	ret = lab_run(request, &result, &e);
	if (result.nr_boots > 1)
		fprintf(stderr,
			"pagestorm: the guest ended without any output and was booted %u times\n",
			result.nr_boots);
	status = ret ? harness_error(&e, ret) : cmd_lab_end(request, &result, &e);

	lab_result_release(&result);
	return status;
}

static int run(struct cmd_lab_arguments *a)
{
	struct lab_request *request = &a->request;
	struct error e = { 0 };
	int status;

	if (cmd_lab_request_make(a, &e))
		return usage_error(&e);
	status = find_kernel(request, a->kernel, !a->dry_run);
	if (status)
		return status;
	if (lab_check(request, &e))
		return usage_error(&e);
	if (a->dry_run) {
		print_plan(request);
		return 0;
	}
	return boot(request);
}

int cmd_lab(int argc, char **argv)
{
	struct cmd_lab_arguments a = {
		.swap = "none", .disk = "1G", .kernel = "6.1", .cgroup = "v2"
	};
	struct error e = { 0 };
	int status;

	if (cmd_parse(&syntax, argc, argv, &a))
		return EXIT_USAGE;
	if (a.guest && getpid() != 1) {
		fprintf(stderr, "pagestorm: error: --guest is for process 1 of a guest\n");
		return EXIT_USAGE;
	}
	if (a.guest)
		guest_main();
	if (cmd_lab_arch(&a, &e))
		status = usage_error(&e);
	else if (a.check)
		status = check_host(a.request.arch);
	else if (a.fetch.nr)
		status = fetch(a.request.arch, &a.fetch);
	else
		status = run(&a);
	cmd_lab_arguments_release(&a);
	return status;
}
