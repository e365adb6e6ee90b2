// SPDX-License-Identifier: GPL-2.0-or-later
/* What a kernel is called: on the command line, in Debian's suites, in a release. */
#include "harness/lab/kernel.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "workloads/api/arith.h"

/* Each suite of Debian has one kernel. */
static const struct {
	const char *version, *suite;
} suites[] = {
	{ "5.10", "bullseye" },
	{ "6.1", "bookworm" },
	{ "6.12", "trixie" },
	{ "", "sid" },
};

static int parse_version(const char *text, size_t length, struct kernel_name *name)
{
	unsigned major, minor;
	int used = 0;

	if (length == 6 && !strncmp(text, "newest", length)) {
		name->version[0] = '\0';
		return 0;
	}
	if (length >= sizeof(name->version) ||
	    sscanf(text, "%5u.%5u%n", &major, &minor, &used) != 2 || (size_t)used != length)
		return -EINVAL;
	snprintf(name->version, sizeof(name->version), "%u.%u", major, minor);
	return 0;
}

int kernel_name_parse(const char *text, const struct arch *arch, struct kernel_name *name)
{
	size_t length = strcspn(text, "-");

	for (size_t i = 0; i < ARCH_FLAVOURS_MAX && arch->flavour[i].suffix; i++) {
		struct kernel_name found = { .arch = arch,
					     .flavour = arch->flavour[i].flavour,
					     .any_flavour = !i && arch == arch_here() };

		if (strcmp(text + length, arch->flavour[i].suffix) != 0)
			continue;
		if (parse_version(text, length, &found))
			return -EINVAL;
		*name = found;
		return 0;
	}
	return -EINVAL;
}

bool kernel_name_fits(const struct kernel_name *name, const char *release)
{
	size_t version = strlen(name->version), flavour = strlen(name->flavour);
	size_t length = strlen(release);

	if (strncmp(release, name->version, version) != 0 ||
	    (version ? release[version] != '.' : !isdigit((unsigned char)release[0])))
		return false;
	/* -amd64 ends -cloud-amd64 and -rt-amd64 too; before a whole flavour stands a number */
	return length >= flavour + 2 && !strcmp(release + length - flavour, name->flavour) &&
	       release[length - flavour - 1] == '-' &&
	       isdigit((unsigned char)release[length - flavour - 2]);
}

const char *kernel_name_suite(const struct kernel_name *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (!strcmp(suites[i].version, name->version))
			return suites[i].suite;
	return NULL;
}
