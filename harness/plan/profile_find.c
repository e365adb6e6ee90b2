// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a verb's first argument means: a file, a workload, or a profile by its name.
 */
#include "harness/plan/profile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "workloads/workload.h"

#ifndef PAGESTORM_PROFILES_DIR
#define PAGESTORM_PROFILES_DIR "/usr/local/share/pagestorm/profiles"
#endif

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

int profile_find(const char *name, char *path, size_t path_bytes)
{
	static const char *const places[][2] = {
		{ "", "" },
		{ "", ".ini" },
		{ "profiles/", ".ini" },
		{ PAGESTORM_PROFILES_DIR "/", ".ini" },
	};
	char candidate[512];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		int length = snprintf(candidate, sizeof(candidate), "%s%s%s", places[i][0],
				      name, places[i][1]);

		if (length < 0 || (size_t)length >= sizeof(candidate) || !is_file(candidate))
			continue;
		if ((size_t)length >= path_bytes)
			return -ENAMETOOLONG;
		memcpy(path, candidate, (size_t)length + 1);
		return 0;
	}
	return -ENOENT;
}

static const char *suggest_workload(const char *name)
{
	const char *names[256];
	size_t nr = 0;

	while (workloads[nr] && nr < sizeof(names) / sizeof(*names)) {
		names[nr] = workloads[nr]->name;
		nr++;
	}
	return suggest(name, names, nr);
}

int profile_of_workload(struct profile *p, const char *workload, struct error *e)
{
	const char *near = suggest_workload(workload);
	/* `null` as a worker means the noise floor's run in every result; [swap] is a section.
	 */
	const char *worker = !strcmp(workload, "null")	 ? "nothing"
			     : !strcmp(workload, "swap") ? "swapper"
							 : workload;

	if (!workload_find(workload))
		return error_set(e, ENOENT, "%s: unknown workload%s%s%s", workload,
				 near ? "; did you mean " : "", near ? near : "",
				 near ? "?" : "");
	snprintf(p->name, sizeof(p->name), "%s", workload);
	p->path[0] = '\0';
	return profile_set(p, worker, "type", workload, profile_command_line, 0);
}

static bool is_path(const char *argument)
{
	size_t length = strlen(argument);

	return strchr(argument, '/') || (length > 4 && !strcmp(argument + length - 4, ".ini"));
}

int profile_load(struct profile *p, const char *argument, struct error *e)
{
	const char *near = suggest_workload(argument);
	char path[512];

	if (is_path(argument))
		return profile_read(p, argument, e);
	if (workload_find(argument))
		return profile_of_workload(p, argument, e);
	if (!profile_find(argument, path, sizeof(path)))
		return profile_read(p, path, e);
	if (near)
		return error_set(e, ENOENT, "%s: no workload and no profile; did you mean %s?",
				 argument, near);
	return error_set(
		e, ENOENT,
		"%s: no workload (`pagestorm list`) and no profile in ., ./profiles or "
		"%s",
		argument, PAGESTORM_PROFILES_DIR);
}
