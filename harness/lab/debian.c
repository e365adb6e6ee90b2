// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks Debian's archive through apt, with sources, lists and caches of its own. */
#include "harness/lab/debian.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/blob.h"
#include "harness/lab/command.h"
#include "harness/lab/path.h"
#include "workloads/api/arith.h"

#define WORD_BYTES 256

/* Package debian-archive-keyring; the second name since Debian 13. */
static const char *const keyrings[] = {
	"/usr/share/keyrings/debian-archive-keyring.gpg",
	"/usr/share/keyrings/debian-archive-keyring.pgp",
};

/* Read after the machine's configuration, whose proxies hold and whose hooks must not run:
 * some delete what lies in the machine's own cache. */
static const char conf_format[] = "#clear APT::Architectures;\n"
				  "#clear APT::Update::Pre-Invoke;\n"
				  "#clear APT::Update::Post-Invoke;\n"
				  "#clear APT::Update::Post-Invoke-Success;\n"
				  "#clear DPkg::Pre-Invoke;\n"
				  "#clear DPkg::Post-Invoke;\n"
				  "#clear DPkg::Pre-Install-Pkgs;\n"
				  "APT::Architecture \"%s\";\n"
				  "APT::Architectures { \"%s\"; };\n"
				  "APT::Default-Release \"\";\n"
				  "APT::Update::Error-Mode \"any\";\n"
				  "APT::Get::AllowUnauthenticated \"false\";\n"
				  "APT::Install-Recommends \"false\";\n"
				  "Acquire::AllowInsecureRepositories \"false\";\n"
				  "Acquire::AllowWeakRepositories \"false\";\n"
				  "Acquire::GzipIndexes \"false\";\n"
				  "Acquire::Languages \"none\";\n"
				  "Acquire::Retries \"3\";\n"
				  "Dir::Etc::SourceList \"%s/sources.list\";\n"
				  "Dir::Etc::SourceParts \"/dev/null\";\n"
				  "Dir::Etc::Preferences \"/dev/null\";\n"
				  "Dir::Etc::PreferencesParts \"/dev/null\";\n"
				  "Dir::State \"%s/state\";\n"
				  "Dir::State::status \"%s/status\";\n"
				  "Dir::Cache \"%s/cache\";\n"
				  "Dir::Cache::pkgcache \"pkgcache.bin\";\n"
				  "Dir::Cache::srcpkgcache \"srcpkgcache.bin\";\n";

/* ---- which mirror ---- */

static bool is_suite(const char *name)
{
	static const char *const suites[] = { "bullseye", "bookworm",	  "trixie",  "forky",
					      "sid",	  "oldoldstable", "testing", "stable",
					      "unstable", "oldstable" };

	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		if (!strcmp(name, suites[i]))
			return true;
	return false;
}

bool debian_mirror(const char *targets, char *uri, char *suite, size_t size)
{
	struct words line = { 0 };
	bool found = false;

	words_fields(&line, targets, "\n");
	for (size_t i = 0; !found && i < line.nr; i++) {
		char *space = strchr(line.item[i], ' ');

		if (!space || !is_suite(space + 1) || !strncmp(line.item[i], "cdrom:", 6))
			continue;
		*space = '\0';
		found = strlen(line.item[i]) < size && strlen(space + 1) < size;
		if (!found)
			break;
		strcpy(uri, line.item[i]);
		strcpy(suite, space + 1);
	}
	words_release(&line);
	return found;
}

static int find_mirror(char uri[WORD_BYTES], char suite[WORD_BYTES], struct error *e)
{
	struct words argv = { 0 };
	struct blob output = { 0 };
	int ret;

	words_add(&argv, "apt-get");
	words_add(&argv, "indextargets");
	words_add(&argv, "-o"); /* of sources whose lists were never fetched as well */
	words_add(&argv, "APT::Get::IndexTargets::ReleaseInfo=false");
	words_add(&argv, "--format");
	words_add(&argv, "$(REPO_URI) $(RELEASE)");
	words_add(&argv, "Created-By: Packages");
	ret = command_run(&argv, NULL, -1, &output, e);
	if (!ret && !debian_mirror(output.size ? output.data : "", uri, suite, WORD_BYTES))
		ret = error_set(
			e, ENOENT,
			"apt's sources name no mirror of Debian; add one, or give the path of a vmlinuz file");
	blob_release(&output);
	words_release(&argv);
	return ret;
}

static const char *find_keyring(struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(keyrings); i++)
		if (!access(keyrings[i], R_OK))
			return keyrings[i];
	error_set(
		e, ENOENT,
		"%s is missing, without which no package can be trusted: apt-get install debian-archive-keyring",
		keyrings[0]);
	return NULL;
}

/* ---- apt with what is its own ---- */

static int write_text(const struct debian *debian, const char *name, const char *text,
		      struct error *e)
{
	char path[PATH_MAX];
	FILE *file =
		path_format(path, "%s/%s", debian->directory, name) ? NULL : fopen(path, "we");
	int failed = !file || fputs(text, file) < 0;

	if (file)
		failed |= fclose(file);
	return failed ? error_set(e, errno, "cannot write %s: %s", path, strerror(errno)) : 0;
}

static int make_directories(const struct debian *debian, struct error *e)
{
	static const char *const names[] = {
		"state", "state/lists",	   "state/lists/partial",
		"cache", "cache/archives", "cache/archives/partial"
	};
	char path[PATH_MAX];

	/* apt's own user downloads, where there is one */
	if (chmod(debian->directory, 0755))
		return error_set(e, errno, "cannot change %s: %s", debian->directory,
				 strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (path_format(path, "%s/%s", debian->directory, names[i]) ||
		    mkdir(path, 0755))
			return error_set(e, errno, "cannot make %s: %s", path, strerror(errno));
	return 0;
}

static int configure(const struct debian *debian, const char *suite, const char *architecture,
		     struct error *e)
{
	char uri[WORD_BYTES], own_suite[WORD_BYTES];
	char text[sizeof(conf_format) + 4 * PATH_MAX + 64];
	const char *at = debian->directory;
	const char *keyring = find_keyring(e);
	int ret = keyring ? find_mirror(uri, own_suite, e) : -ENOENT;

	if (ret)
		return ret;
	snprintf(text, sizeof(text), "deb [signed-by=%s target=Packages] %s %s main\n", keyring,
		 uri, suite ? suite : own_suite);
	ret = write_text(debian, "sources.list", text, e);
	if (!ret)
		ret = write_text(debian, "status", "", e);
	snprintf(text, sizeof(text), conf_format, architecture, architecture, at, at, at, at);
	return ret ? ret : write_text(debian, "apt.conf", text, e);
}

/* program, -c CONF, words…; in the directory of the archives. */
static int run_apt(const struct debian *debian, const char *const *word,
		   const struct words *more, struct blob *output, struct error *e)
{
	char directory[PATH_MAX];
	struct words argv = { 0 };
	int ret = path_format(directory, "%s/cache/archives", debian->directory);

	words_add(&argv, *word++);
	words_add(&argv, "-q");
	words_add(&argv, "-c");
	words_add(&argv, debian->conf);
	for (; *word; word++)
		words_add(&argv, *word);
	for (size_t i = 0; more && i < more->nr; i++)
		words_add(&argv, more->item[i]);
	if (!ret)
		ret = command_run(&argv, directory, -1, output, e);
	words_release(&argv);
	return ret;
}

int debian_open(struct debian *debian, const char *directory, const char *suite,
		const char *architecture, struct error *e)
{
	struct blob output = { 0 };
	char path[PATH_MAX];
	int ret;

	if (command_find("apt-get", path) || command_find("dpkg-deb", path))
		return error_set(
			e, ENOENT,
			"apt-get and dpkg-deb, with which kernels are fetched, are not installed; give the path of a vmlinuz file");
	snprintf(debian->directory, sizeof(debian->directory), "%s", directory);
	if (path_format(debian->conf, "%s/apt.conf", directory))
		return error_set(e, ENAMETOOLONG, "%s: the path is too long", directory);
	ret = make_directories(debian, e);
	if (!ret)
		ret = configure(debian, suite, architecture, e);
	if (!ret)
		ret = run_apt(debian, (const char *const[]){ "apt-get", "update", NULL }, NULL,
			      &output, e);
	blob_release(&output);
	return ret;
}

int debian_names(const struct debian *debian, const char *prefix, struct words *names,
		 struct error *e)
{
	struct blob output = { 0 };
	int ret =
		run_apt(debian, (const char *const[]){ "apt-cache", "pkgnames", prefix, NULL },
			NULL, &output, e);

	words_fields(names, output.size ? output.data : "", "\n");
	blob_release(&output);
	return ret ? ret : words_error(names);
}

static int unpack_all(const struct debian *debian, const char *tree, struct error *e)
{
	char pattern[PATH_MAX];
	struct blob output = { 0 };
	glob_t found = { 0 };
	int ret = path_format(pattern, "%s/cache/archives/*.deb", debian->directory);

	if (ret || glob(pattern, 0, NULL, &found))
		ret = error_set(e, ENOENT, "apt-get left no package in %s/cache/archives",
				debian->directory);
	for (size_t i = 0; !ret && i < found.gl_pathc; i++) {
		struct words argv = { 0 };

		words_add(&argv, "dpkg-deb");
		words_add(&argv, "-x");
		words_add(&argv, found.gl_pathv[i]);
		words_add(&argv, tree);
		ret = command_run(&argv, NULL, -1, &output, e);
		words_release(&argv);
	}
	globfree(&found);
	blob_release(&output);
	return ret;
}

int debian_unpack(const struct debian *debian, const struct words *packages, const char *tree,
		  struct error *e)
{
	struct blob output = { 0 };
	int ret = run_apt(debian, (const char *const[]){ "apt-get", "download", NULL },
			  packages, &output, e);

	blob_release(&output);
	return ret ? ret : unpack_all(debian, tree, e);
}

int debian_unpack_closure(const struct debian *debian, const struct words *packages,
			  const char *tree, struct error *e)
{
	struct blob output = { 0 };
	int ret = run_apt(
		debian,
		(const char *const[]){ "apt-get", "install", "-y", "--download-only", NULL },
		packages, &output, e);

	blob_release(&output);
	return ret ? ret : unpack_all(debian, tree, e);
}
