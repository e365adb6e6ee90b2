// SPDX-License-Identifier: GPL-2.0-or-later
/* What was typed after `pagestorm lab`, parsed and checked, as a request. */
#include "harness/cli/cmd_lab_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/cli/cmd_lab_files.h"

#define SECONDS_MAX (30 * 86400)
#define TIMEOUT_S   600

/* TCG boots in 3 s on an idle host; two busy cores shared with a build took 15. */
#define BOOT_BOUND_TCG_S 120
/* KVM boots in under 2 s where it works, and never where it hangs. */
#define BOOT_BOUND_KVM_S 20

/* What runs in the guest: --exec, or this program with the subcommand, or nothing before a
 * shell. */
static int set_command(struct cmd_lab_arguments *a, char *const *subcommand, struct error *e)
{
	struct words *argv = &a->request.argv;

	if (a->exec && *subcommand)
		return error_set(e, EINVAL, "--exec and SUBCOMMAND: give one of them");
	if (!a->exec && !*subcommand && !a->request.shell)
		return error_set(
			e, EINVAL,
			"no SUBCOMMAND: write for instance 'lab --nodes 2 -- run profiles/numa.ini', or give --exec or --shell");
	if (a->exec) {
		words_add(argv, "/bin/sh");
		words_add(argv, "-c");
		words_add(argv, a->exec);
	} else if (*subcommand) {
		words_add(argv, GUEST_PROGRAM_PATH);
		for (char *const *word = subcommand; *word; word++)
			words_add(argv, *word);
	}
	return words_error(argv) ? error_set(e, ENOMEM, "%s", strerror(ENOMEM)) : 0;
}

static int set_files(struct cmd_lab_arguments *a, char *const *subcommand, struct error *e)
{
	int ret = cmd_lab_files_of_subcommand(&a->request, subcommand);

	if (!ret)
		ret = cmd_lab_collect(&a->request, subcommand, &a->collect);
	if (ret)
		return error_set(e, -ret, "%s", strerror(-ret));
	return cmd_lab_files_listed(&a->request, &a->file, e);
}

static int parse_seconds(const char *option, const char *text, unsigned min, unsigned *seconds,
			 struct error *e)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *text == '-' || *end || value > SECONDS_MAX || value < min)
		return error_set(e, EINVAL,
				 "%s=%s: give whole seconds, from %u to %d (30 days)", option,
				 text, min, SECONDS_MAX);
	*seconds = (unsigned)value;
	return 0;
}

static int set_numbers(struct cmd_lab_arguments *a, struct error *e)
{
	struct lab_request *request = &a->request;
	char reason[128];
	int ret = 0;

	request->timeout_seconds = request->shell ? 0 : TIMEOUT_S;
	request->boot_seconds = request->kvm ? BOOT_BOUND_KVM_S : BOOT_BOUND_TCG_S;
	if (a->timeout)
		ret = parse_seconds("--timeout", a->timeout, 0, &request->timeout_seconds, e);
	if (!ret && a->boot)
		ret = parse_seconds("--boot", a->boot, 1, &request->boot_seconds, e);
	if (!ret && size_parse(a->disk, NULL, &request->disk_bytes, reason, sizeof(reason)))
		ret = error_set(e, EINVAL, "--disk=%s: it %s; 0: no disk", a->disk, reason);
	return ret;
}

static int set_cgroup(struct cmd_lab_arguments *a, struct error *e)
{
	for (int i = 0; guest_cgroup_names[i]; i++)
		if (!strcmp(guest_cgroup_names[i], a->cgroup)) {
			a->request.cgroup = (enum guest_cgroup)i;
			return 0;
		}
	return error_set(e, EINVAL, "--cgroup=%s: write v2, v2-hugetlb, v1 or hybrid",
			 a->cgroup);
}

int cmd_lab_arch(struct cmd_lab_arguments *a, struct error *e)
{
	a->request.arch = a->arch ? arch_named(a->arch) : arch_here();
	if (!a->request.arch)
		return error_set(e, EINVAL, "--arch=%s: write %s or %s", a->arch,
				 arch_known[0]->name, arch_known[1]->name);
	return 0;
}

int cmd_lab_request_make(struct cmd_lab_arguments *a, struct error *e)
{
	static char *no_subcommand[] = { NULL };
	char *const *subcommand = a->subcommand.nr ? a->subcommand.word : no_subcommand;
	struct lab_request *request = &a->request;
	int ret;

	request->out_fd = STDOUT_FILENO;
	request->err_fd = STDERR_FILENO;
	if (request->kvm && access("/dev/kvm", R_OK | W_OK))
		return error_set(e, EINVAL, "--kvm: /dev/kvm: %s; leave it out to use TCG",
				 strerror(errno));
	ret = shape_make(&a->shape, &request->shape, e);
	if (!ret)
		ret = lab_parse_swap(a->swap, &request->swap, &request->swap_bytes, e);
	if (!ret)
		ret = set_cgroup(a, e);
	if (!ret)
		ret = set_numbers(a, e);
	if (!ret)
		ret = set_command(a, subcommand, e);
	return ret ? ret : set_files(a, subcommand, e);
}

void cmd_lab_arguments_release(struct cmd_lab_arguments *a)
{
	cmd_lab_files_release(&a->request);
	words_release(&a->request.argv);
	words_release(&a->request.collect);
	words_release(&a->file);
	words_release(&a->collect);
	words_release(&a->fetch);
}
