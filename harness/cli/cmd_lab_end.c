// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports how a guest ended: the command's status, or the panic, the bound, the console. */
#include "harness/cli/cmd_lab_end.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/cli/cmd.h"
#include "workloads/api/arith.h"

#define CONSOLE_LINES	   40
#define CONSOLE_OOPS_LINES 120

/* Where the line begins that has the reason of the oops: a call trace as long as
 * that of a fault in an interrupt would push it out of the last lines. */
static const char *find_oops(const struct blob *console)
{
	static const char *const mark[] = { "BUG: ", "Oops: ", "general protection fault",
					    "------------[ cut here ]" };
	const char *first = NULL;

	for (size_t i = 0; console->size && i < ARRAY_SIZE(mark); i++) {
		const char *found = strstr(console->data, mark[i]);

		if (found && (!first || found < first))
			first = found;
	}
	while (first && first > console->data && first[-1] != '\n')
		first--;
	return first;
}

static void print_console(const struct blob *console)
{
	const char *oops = find_oops(console);
	size_t start = console->size, end = oops ? (size_t)(oops - console->data) : 0;
	int lines = 0, most = oops ? CONSOLE_OOPS_LINES : CONSOLE_LINES;

	while (start > end && lines <= most)
		if (console->data[--start] == '\n')
			lines++;
	if (lines > most)
		start++;
	if (console->size)
		fprintf(stderr, "the console's last lines:\n%s%s", console->data + start,
			console->data[console->size - 1] == '\n' ? "" : "\n");
	else
		fprintf(stderr, "the console stayed empty\n");
}

/* With -no-reboot qemu leaves with status 0 when the machine resets, as on a triple fault. */
static void print_early_end(const struct lab_result *result)
{
	int status = result->qemu_status;

	fprintf(stderr, "pagestorm: error: the guest ended before its command did: ");
	if (WIFSIGNALED(status))
		fprintf(stderr, "qemu was killed by signal %d (%s)\n", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		fprintf(stderr, "qemu left with status %d\n", WEXITSTATUS(status));
	else
		fprintf(stderr, "the machine was reset or switched off\n");
}

static void print_death(const struct lab_result *result)
{
	static const char mark[] = "Kernel panic - not syncing";
	const char *panic = result->console.size ? strstr(result->console.data, mark) : NULL;

	if (panic)
		fprintf(stderr, "pagestorm: error: the guest panicked: %.*s\n",
			(int)strcspn(panic, "\r\n"), panic);
	else
		print_early_end(result);
	if (result->qemu_output.size)
		fprintf(stderr, "qemu: %s", result->qemu_output.data);
	print_console(&result->console);
}

static void print_incomplete(const struct lab_result *result, const struct error *e)
{
	fprintf(stderr, "pagestorm: error: %s\n", e->text);
	print_console(&result->console);
}

static void print_timeout(const struct lab_request *request, const struct lab_result *result)
{
	if (!result->boot_seconds)
		fprintf(stderr,
			"pagestorm: error: the guest did not boot within %u seconds%s\n",
			request->boot_seconds,
			request->kvm ? ": KVM does not work here, leave --kvm out"
				     : "; --boot allows more");
	else
		fprintf(stderr,
			"pagestorm: error: stopped, the command did not end within --timeout=%u seconds\n",
			request->timeout_seconds);
	print_console(&result->console);
}

static int status_of(const struct lab_result *result)
{
	if (WIFEXITED(result->status))
		return WEXITSTATUS(result->status);
	fprintf(stderr,
		"pagestorm: error: the command was killed by signal %d (%s) in the guest\n",
		WTERMSIG(result->status), strsignal(WTERMSIG(result->status)));
	return 128 + WTERMSIG(result->status);
}

int cmd_lab_end(const struct lab_request *request, const struct lab_result *result,
		const struct error *e)
{
	switch (result->end) {
	case LAB_ENDED:
		return status_of(result);
	case LAB_FAILED:
		fprintf(stderr, "pagestorm: error: %s\n", e->text);
		return EXIT_HARNESS;
	case LAB_INCOMPLETE:
		print_incomplete(result, e);
		return EXIT_HARNESS;
	case LAB_DIED:
		print_death(result);
		return EXIT_HARNESS;
	case LAB_TIMED_OUT:
		print_timeout(request, result);
		return EXIT_HARNESS;
	case LAB_INTERRUPTED:
		return result->signal ? 128 + result->signal : 0;
	}
	return EXIT_HARNESS;
}
