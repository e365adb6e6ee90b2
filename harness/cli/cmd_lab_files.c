// SPDX-License-Identifier: GPL-2.0-or-later
/* The files that go into a guest and come back from it, under absolute paths. */
#include "harness/cli/cmd_lab_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/plan/profile.h"

/* Removes "." and ".." from an absolute path as text: results need not exist yet. */
static void normalise(char *path)
{
	char *to = path;

	for (char *from = path; *from;) {
		size_t length;

		from += strspn(from, "/");
		length = strcspn(from, "/");
		if (length == 2 && !strncmp(from, "..", 2)) {
			while (to > path && *--to != '/')
				;
		} else if (length && !(length == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, length);
			to += length;
		}
		from += length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
}

/* The same path in the guest as on the host. Allocated; NULL: out of memory. */
static char *absolute(const char *path)
{
	char here[PATH_MAX];
	char *text = NULL;

	if (path[0] == '/')
		text = strdup(path);
	else if (!getcwd(here, sizeof(here)) || asprintf(&text, "%s/%s", here, path) < 0)
		text = NULL;
	if (text)
		normalise(text);
	return text;
}

static int add_file(struct lab_request *request, const char *host, const char *guest)
{
	struct initramfs_file *grown =
		realloc(request->file, (request->nr_files + 1) * sizeof(*grown));
	struct initramfs_file file = { strdup(host), absolute(guest) };

	if (grown)
		request->file = grown;
	if (!grown || !file.host || !file.guest) {
		free((char *)file.host);
		free((char *)file.guest);
		return -ENOMEM;
	}
	request->file[request->nr_files++] = file;
	return 0;
}

int cmd_lab_files_listed(struct lab_request *request, const struct words *listed,
			 struct error *e)
{
	for (size_t i = 0; i < listed->nr; i++) {
		char *host = listed->item[i];
		char *colon = strchr(host, ':');
		const char *guest = host;
		int ret;

		if (colon) {
			*colon = '\0';
			guest = colon + 1;
		}
		if (access(host, R_OK))
			return error_set(e, EINVAL, "--file=%s: %s", host, strerror(errno));
		if (!*guest)
			return error_set(e, EINVAL,
					 "--file=%s:: the path in the guest is empty", host);
		ret = add_file(request, host, guest);
		if (ret)
			return error_set(e, ENOMEM, "out of memory");
	}
	return 0;
}

/* A file that the subcommand names is in the guest under the same name. */
static int take_named_files(struct lab_request *request, char *const *word)
{
	int ret = 0;

	for (; !ret && *word; word++) {
		struct stat status;

		if (!stat(*word, &status) && S_ISREG(status.st_mode))
			ret = add_file(request, *word, *word);
	}
	return ret;
}

/* Where `run NAME` looks, in the guest as here. */
static int take_profiles(struct lab_request *request)
{
	bool installed = false;
	char directory[512];
	int ret = 0;

	for (unsigned i = 0; !ret && profile_directory(i, directory, sizeof(directory)); i++) {
		struct stat status;

		if (stat(directory, &status) || !S_ISDIR(status.st_mode))
			continue;
		if (directory[0] != '/')
			ret = add_file(request, directory, directory);
		else if (!installed) /* the guest's program lies elsewhere */
			ret = add_file(request, directory, PAGESTORM_PROFILES_DIR);
		installed |= directory[0] == '/';
	}
	return ret;
}

/* The value of -o DIR, -oDIR, --output DIR or --output=DIR, or NULL. */
static const char *output_of(char *const *word)
{
	for (; *word; word++) {
		if (!strncmp(*word, "--output=", 9))
			return *word + 9;
		if (!strcmp(*word, "--output") || !strcmp(*word, "-o"))
			return word[1];
		if (!strncmp(*word, "-o", 2))
			return *word + 2;
	}
	return NULL;
}

static int collect(struct lab_request *request, const char *path)
{
	char *full = absolute(path);

	if (!full)
		return -ENOMEM;
	words_add(&request->collect, full);
	free(full);
	return words_error(&request->collect);
}

int cmd_lab_files_of_subcommand(struct lab_request *request, char *const *subcommand)
{
	int ret = take_profiles(request);

	return ret ? ret : take_named_files(request, subcommand);
}

int cmd_lab_collect(struct lab_request *request, char *const *subcommand,
		    const struct words *listed)
{
	const char *output = output_of(subcommand);
	int ret = collect(request, output ? output : "results");

	for (size_t i = 0; !ret && i < listed->nr; i++)
		ret = collect(request, listed->item[i]);
	return ret;
}

void cmd_lab_files_release(struct lab_request *request)
{
	for (size_t i = 0; i < request->nr_files; i++) {
		free((char *)request->file[i].host);
		free((char *)request->file[i].guest);
	}
	free(request->file);
}
