// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the tool, its version and whether its needs are met. Runs only --version. */
#include "harness/validate/tool.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/validate/command.h"
#include "workloads/api/arith.h"

#define VERSION_TIMEOUT_S 20

/* The first version number in the tool's output. */
static void take_version(const char *text, char *version, size_t bytes)
{
	static const char digits[] = "[0-9]+(\\.[0-9]+)+[0-9A-Za-z.~+-]*";
	regmatch_t match;
	regex_t regex;

	if (regcomp(&regex, digits, REG_EXTENDED))
		return;
	if (!regexec(&regex, text, 1, &match, 0))
		snprintf(version, bytes, "%.*s", (int)(match.rm_eo - match.rm_so),
			 text + match.rm_so);
	regfree(&regex);
}

void tool_version(const struct adapter *a, const char *path, char *version, size_t bytes)
{
	struct command_names none = { .pid = "" };
	char words[256], *text = NULL;
	struct error ignored = { "" };
	struct command c = { .nr = 0 };

	version[0] = '\0';
	snprintf(none.user, sizeof(none.user), "%s", a->user);
	snprintf(words, sizeof(words), "%s --version", a->program);
	if (!command_make(&c, a->version ? a->version : words, &none, &ignored))
		(void)command_capture(&c, path, VERSION_TIMEOUT_S, &text, &ignored);
	if (text)
		take_version(text, version, bytes);
	free(text);
	command_release(&c);
}

void tool_version_then(const char *path, char *version, size_t bytes)
{
	struct error ignored = { "" };
	char *text = NULL;

	version[0] = '\0';
	if (!command_slurp(path, &text, &ignored))
		take_version(text, version, bytes);
	free(text);
}

/* One word of needs=; false with the reason when the machine lacks it. */
static bool has_need(const struct host *host, const char *need, char *reason, size_t bytes)
{
	const struct {
		const char *name, *reason;
		bool met;
	} known[] = {
		{ "root", "requires root", !geteuid() },
		{ "lab", "requires a guest: pagestorm lab -- validate …", host->lab[0] },
		{ "cgroup1", "requires cgroup v1", host->cgroup_version == 1 },
		{ "cgroup2", "requires cgroup v2", host->cgroup_version == 2 },
		{ "zram", "requires zram", host->zram },
		{ "nodes", "requires two NUMA nodes: pagestorm lab --nodes 2 -- validate …",
		  host->nr_nodes > 1 },
		{ "kprobes", "requires kprobes: this kernel has none",
		  !access("/sys/bus/event_source/devices/kprobe", F_OK) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].name, need))
			continue;
		if (!known[i].met)
			snprintf(reason, bytes, "%s", known[i].reason);
		return known[i].met;
	}
	if (!access(need, F_OK))
		return true;
	if (!strchr(need, '/') && command_exists(need))
		return true;
	snprintf(reason, bytes, "requires %s", need);
	return false;
}

bool tool_has_needs(const struct host *host, const char *needs, char *reason, size_t bytes)
{
	char words[256], *rest = words, *word;

	snprintf(words, sizeof(words), "%s", needs ? needs : "");
	while ((word = strsep(&rest, " ")))
		if (*word && !has_need(host, word, reason, bytes))
			return false;
	return true;
}

bool tool_is_here(const struct adapter *a, const struct host *host, char *reason, size_t bytes)
{
	if (command_exists(a->program))
		return tool_has_needs(host, a->needs, reason, bytes);
	snprintf(reason, bytes, "%s is not installed; package %s", a->program, a->package);
	return false;
}
