// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of capabilities, and their names in files. It probes nothing itself.
 */
#include "harness/machine/capability.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/machine/capability_probe.h"

const struct capability_row capability_table[NR_CAPABILITIES] = {
	[CAPABILITY_ZERO_PAGE] = { "zero_page",
				   "does a read of untouched memory map the zero page?",
				   probe_zero_page },
	[CAPABILITY_HUGE_ZERO_PAGE] = { "huge_zero_page",
					"does a read of a huge page map the huge zero page?",
					probe_huge_zero_page },
	[CAPABILITY_TABLE_CHARGE] = { "table_charge", "are page tables charged to their group?",
				      probe_table_charge },
};

static const char *const state_names[] = {
	[CAPABILITY_UNKNOWN] = "unknown",
	[CAPABILITY_NO] = "no",
	[CAPABILITY_YES] = "yes",
};

const char *capability_state_name(enum capability_state state)
{
	return state_names[state];
}

void capability_probe(enum capability capability, const struct capability_machine *machine,
		      struct capability_result *out)
{
	capability_table[capability].probe(machine, out);
}

bool capability_take_line(const char *line, struct capability_result results[NR_CAPABILITIES])
{
	char name[32], word[16];

	if (sscanf(line, "%31s %15s", name, word) != 2)
		return false;
	for (unsigned i = 0; i < NR_CAPABILITIES; i++) {
		for (unsigned s = 0; s < sizeof(state_names) / sizeof(state_names[0]); s++) {
			if (strcmp(name, capability_table[i].name) ||
			    strcmp(word, state_names[s]))
				continue;
			probe_found(&results[i], (enum capability_state)s, "as saved");
			return true;
		}
	}
	return false;
}

/* ---- for the probes ---- */

void probe_unknown(struct capability_result *out, const char *format, ...)
{
	va_list args;

	out->state = CAPABILITY_UNKNOWN;
	va_start(args, format);
	vsnprintf(out->seen, sizeof(out->seen), format, args);
	va_end(args);
}

void probe_found(struct capability_result *out, enum capability_state state, const char *format,
		 ...)
{
	va_list args;

	out->state = state;
	va_start(args, format);
	vsnprintf(out->seen, sizeof(out->seen), format, args);
	va_end(args);
}

int probe_own_kb(const char *path, const char *key, uint64_t *kb)
{
	const size_t length = strlen(key);
	int ret = -ENODATA;
	char line[256];
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (ret && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, length) && line[length] == ':' &&
		    sscanf(line + length + 1, "%" SCNu64, kb) == 1)
			ret = 0;
	fclose(f);
	return ret;
}
