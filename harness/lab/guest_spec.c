// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The specification of a guest, as text: written by the host, read by process 1.
 */
#include "harness/lab/guest_spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/lab/words.h"

const char *const guest_cgroup_names[] = {
	[GUEST_CGROUP_V2] = "v2",
	[GUEST_CGROUP_V2_HUGETLB] = "v2-hugetlb",
	[GUEST_CGROUP_V1] = "v1",
	[GUEST_CGROUP_HYBRID] = "hybrid",
	NULL,
};

const char *const guest_swap_names[] = {
	[GUEST_SWAP_NONE] = "none",
	[GUEST_SWAP_FILE] = "file",
	[GUEST_SWAP_ZRAM] = "zram",
	[GUEST_SWAP_RAM] = "ram",
	NULL,
};

bool guest_cgroup_is_v2(enum guest_cgroup kind)
{
	return kind == GUEST_CGROUP_V2 || kind == GUEST_CGROUP_V2_HUGETLB;
}

int guest_spec_format(const struct guest_spec *spec, char *text, size_t size)
{
	return snprintf(text, size,
			"cgroup=%s\nswap=%s\nswap_bytes=%" PRIu64
			"\ndisk=%d\nshell=%d\ndirectory=%s\nresults=%s\n",
			guest_cgroup_names[spec->cgroup], guest_swap_names[spec->swap],
			spec->swap_bytes, spec->disk, spec->shell, spec->directory,
			spec->results);
}

static int index_of(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -EINVAL;
}

static int set_member(struct guest_spec *spec, const char *key, const char *value)
{
	int choice = 0;

	if (!strcmp(key, "cgroup")) {
		choice = index_of(guest_cgroup_names, value);
		if (choice >= 0)
			spec->cgroup = (enum guest_cgroup)choice;
	} else if (!strcmp(key, "swap")) {
		choice = index_of(guest_swap_names, value);
		if (choice >= 0)
			spec->swap = (enum guest_swap)choice;
	} else if (!strcmp(key, "swap_bytes")) {
		spec->swap_bytes = strtoull(value, NULL, 10);
	} else if (!strcmp(key, "disk")) {
		spec->disk = *value == '1';
	} else if (!strcmp(key, "shell")) {
		spec->shell = *value == '1';
	} else if (!strcmp(key, "directory")) {
		snprintf(spec->directory, sizeof(spec->directory), "%s", value);
	} else if (!strcmp(key, "results")) {
		snprintf(spec->results, sizeof(spec->results), "%s", value);
	} else {
		choice = -EINVAL;
	}
	return choice < 0 ? choice : 0;
}

int guest_spec_parse(const char *text, struct guest_spec *spec, struct error *e)
{
	struct words line = { 0 };
	int ret;

	words_fields(&line, text, "\n");
	ret = words_error(&line);
	for (size_t i = 0; !ret && i < line.nr; i++) {
		char *value = strchr(line.item[i], '=');

		if (value)
			*value++ = '\0';
		if (!value || set_member(spec, line.item[i], value))
			ret = error_set(e, EINVAL, "%s: '%s' has the wrong value",
					GUEST_SPEC_PATH, line.item[i]);
	}
	words_release(&line);
	return ret;
}
