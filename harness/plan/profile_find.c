// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a subcommand's first argument means: a file, a workload, or a profile by its name.
 */
#include "harness/plan/profile.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/suggest.h"
#include "harness/base/trust.h"
#include "workloads/api/workload.h"
#include "workloads/api/arith.h"

#ifndef PAGESTORM_PROFILES_DIR
#define PAGESTORM_PROFILES_DIR "/usr/local/share/pagestorm/profiles"
#endif

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISDIR(st.st_mode);
}

/* "/usr/bin" of "/usr/bin/pagestorm"; "" when /proc/self/exe cannot be resolved. */
static void program_directory(char *path, size_t bytes)
{
	ssize_t length = readlink("/proc/self/exe", path, bytes - 1);

	path[length > 0 ? length : 0] = '\0';
	if (strrchr(path, '/'))
		*strrchr(path, '/') = '\0';
}

bool profile_directory(unsigned n, char *path, size_t path_bytes)
{
	static const struct {
		bool beside; /* the program */
		const char *rest;
	} places[] = {
		{ false, "profiles" },
		{ true, "/profiles" },
		{ true, "/../share/pagestorm/profiles" },
		{ false, PAGESTORM_PROFILES_DIR },
	};
	char program[400] = "";

	if (n >= ARRAY_SIZE(places))
		return false;
	if (places[n].beside)
		program_directory(program, sizeof(program));
	snprintf(path, path_bytes, "%s%s", program, places[n].rest);
	return true;
}

/* One that another user could have written is passed over; *skipped names the first. */
static int take_if_file(const char *candidate, char *path, size_t path_bytes,
			struct error *skipped)
{
	if (!is_file(candidate) || trust_path(candidate, skipped))
		return -ENOENT;
	if (strlen(candidate) >= path_bytes)
		return -ENAMETOOLONG;
	strcpy(path, candidate);
	return 0;
}

int profile_find(const char *name, char *path, size_t path_bytes, struct error *skipped)
{
	char candidate[1024], directory[512];
	int ret;

	if (strlen(name) >= 256)
		return -ENOENT;
	ret = take_if_file(name, path, path_bytes, skipped);
	snprintf(candidate, sizeof(candidate), "%s.ini", name);
	if (ret == -ENOENT)
		ret = take_if_file(candidate, path, path_bytes, skipped);
	for (unsigned i = 0;
	     ret == -ENOENT && profile_directory(i, directory, sizeof(directory)); i++) {
		snprintf(candidate, sizeof(candidate), "%s/%s.ini", directory, name);
		ret = take_if_file(candidate, path, path_bytes, skipped);
	}
	return ret;
}

char *suggest_file(const char *name, const char *directory)
{
	char *names[256], *found = NULL;
	struct dirent *entry;
	const char *near;
	size_t nr = 0;
	DIR *dir = opendir(directory);

	while (dir && nr < ARRAY_SIZE(names) && (entry = readdir(dir))) {
		const size_t length = strlen(entry->d_name);

		if (length > 4 && !strcmp(entry->d_name + length - 4, ".ini"))
			names[nr] = strndup(entry->d_name, length - 4);
		else
			continue;
		nr += names[nr] != NULL;
	}
	if (dir)
		closedir(dir);
	near = suggest(name, (const char *const *)names, nr);
	if (near)
		found = strdup(near);
	while (nr)
		free(names[--nr]);
	return found;
}

/* The profile with the nearest name; to be freed, or NULL. */
static char *suggest_profile(const char *name)
{
	char directory[512], *near = NULL;

	for (unsigned i = 0; !near && profile_directory(i, directory, sizeof(directory)); i++)
		near = suggest_file(name, directory);
	return near;
}

static const char *suggest_workload(const char *name)
{
	const char *names[256];
	size_t nr = 0;

	while (nr < ARRAY_SIZE(names) && workloads[nr]) {
		names[nr] = workloads[nr]->name;
		nr++;
	}
	return suggest(name, names, nr);
}

int profile_of_workload(struct profile *p, const char *workload, struct error *e)
{
	static const struct profile_entry at = { .file = profile_command_line };
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
	return profile_set(p, worker, "type", workload, &at);
}

static bool is_path(const char *argument)
{
	size_t length = strlen(argument);

	return strchr(argument, '/') || (length > 4 && !strcmp(argument + length - 4, ".ini"));
}

/* A path is taken as given, but root takes it only from users that root trusts. */
static int read_named(struct profile *p, const char *path, struct error *e)
{
	const int ret = geteuid() ? 0 : trust_path(path, e);

	return ret ? ret : profile_read(p, path, e);
}

static int no_such(const char *argument, struct error *e)
{
	const char *near = suggest_workload(argument);
	char *profile;
	int ret;

	if (near)
		return error_set(e, ENOENT, "%s: no workload and no profile; did you mean %s?",
				 argument, near);
	profile = suggest_profile(argument);
	if (profile)
		ret = error_set(e, ENOENT, "%s: no workload and no profile; did you mean %s?",
				argument, profile);
	else
		ret = error_set(
			e, ENOENT,
			"%s: no workload (`pagestorm list`) and no profile in ., ./profiles, beside the program or in %s",
			argument, PAGESTORM_PROFILES_DIR);
	free(profile);
	return ret;
}

int profile_load(struct profile *p, const char *argument, struct error *e)
{
	struct error skipped = { "" };
	char path[512];

	if (is_path(argument))
		return read_named(p, argument, e);
	if (workload_find(argument))
		return profile_of_workload(p, argument, e);
	if (profile_find(argument, path, sizeof(path), &skipped))
		return skipped.text[0] ? error_set(e, EPERM, "%s", skipped.text)
				       : no_such(argument, e);
	p->by_name = true;
	p->skipped = skipped;
	return profile_read(p, path, e);
}
