// SPDX-License-Identifier: GPL-2.0-or-later
#include "harness/cli/cmd.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/size.h"
#include "harness/lab/guest.h"
#include "harness/lab/lab.h"
#include "harness/plan/profile.h"

enum {
	KEY_NODES = 256,
	KEY_MEMORY,
	KEY_CPUS,
	KEY_DISTANCES,
	KEY_SWAP,
	KEY_DISK,
	KEY_KERNEL,
	KEY_CGROUP,
	KEY_APPEND,
	KEY_FILE,
	KEY_COLLECT,
	KEY_EXEC,
	KEY_SHELL,
	KEY_TIMEOUT,
	KEY_BOOT,
	KEY_KVM,
	KEY_CONSOLE,
	KEY_DRY_RUN,
	KEY_CHECK,
	KEY_FETCH,
	KEY_GUEST,
};

static const struct argp_option options[] = {
	{ "nodes", KEY_NODES, "N", 0, "NUMA nodes (1)", 1 },
	{ "memory", KEY_MEMORY, "SIZE", 0, "in all, or per node: 1G,512M,0 (1G)", 1 },
	{ "cpus", KEY_CPUS, "N", 0, "in all, or per node: 2,1,0 (2, or one a node)", 1 },
	{ "distances", KEY_DISTANCES, "D", 0, "30 between nodes, or rows: 10,30/30,10", 1 },
	{ "swap", KEY_SWAP, "SIZE", 0, "512M (a file), zram:512M, ram:512M or none (none)", 1 },
	{ "disk", KEY_DISK, "SIZE", 0, "ext4 at /scratch, also TMPDIR; 0: none (1G)", 1 },
	{ "kernel", KEY_KERNEL, "V", 0, "6.1, 6.12, or a vmlinuz file (6.1)", 1 },
	{ "cgroup", KEY_CGROUP, "V", 0, "v2, v1 or hybrid (v2)", 1 },
	{ "append", KEY_APPEND, "TEXT", 0, "more kernel parameters", 1 },
	{ "kvm", KEY_KVM, NULL, 0, "use KVM; not to boot in time is an error", 1 },
	{ "file", KEY_FILE, "PATH", 0, "take PATH or HOST:GUEST along, with its libraries", 2 },
	{ "collect", KEY_COLLECT, "PATH", 0, "bring PATH back too, as well as the results", 2 },
	{ "exec", KEY_EXEC, "COMMAND", 0, "run a shell command instead of VERB", 2 },
	{ "shell", KEY_SHELL, NULL, 0, "a shell, after VERB if any; Ctrl-] leaves", 2 },
	{ "timeout", KEY_TIMEOUT, "SECONDS", 0, "bound for VERB; 0: none (600)", 2 },
	{ "boot", KEY_BOOT, "SECONDS", 0, "bound for the boot (120, with KVM 20)", 2 },
	{ "console", KEY_CONSOLE, NULL, 0, "show the guest's console on stderr", 2 },
	{ "dry-run", KEY_DRY_RUN, NULL, 0, "check all, print the shape, boot nothing", 2 },
	{ "check", KEY_CHECK, NULL, 0, "tell what the lab needs and what is missing", 3 },
	{ "fetch", KEY_FETCH, "V", 0, "unpack kernel V into the cache; installs nothing", 3 },
	{ "guest", KEY_GUEST, NULL, OPTION_HIDDEN, "be process 1 of a guest", 3 },
	{ 0 }
};

struct arguments {
	struct shape_text shape;
	const char *swap, *disk, *kernel, *cgroup, *append, *exec, *timeout, *boot;
	struct words file, collect, fetch;
	char **verb;
	bool shell, kvm, console, dry_run, check, guest;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case KEY_NODES:
		arguments->shape.nodes = value;
		break;
	case KEY_MEMORY:
		arguments->shape.memory = value;
		break;
	case KEY_CPUS:
		arguments->shape.cpus = value;
		break;
	case KEY_DISTANCES:
		arguments->shape.distances = value;
		break;
	case KEY_SWAP:
		arguments->swap = value;
		break;
	case KEY_DISK:
		arguments->disk = value;
		break;
	case KEY_KERNEL:
		arguments->kernel = value;
		break;
	case KEY_CGROUP:
		arguments->cgroup = value;
		break;
	case KEY_APPEND:
		arguments->append = value;
		break;
	case KEY_FILE:
		words_add(&arguments->file, value);
		break;
	case KEY_COLLECT:
		words_add(&arguments->collect, value);
		break;
	case KEY_EXEC:
		arguments->exec = value;
		break;
	case KEY_SHELL:
		arguments->shell = true;
		break;
	case KEY_TIMEOUT:
		arguments->timeout = value;
		break;
	case KEY_BOOT:
		arguments->boot = value;
		break;
	case KEY_KVM:
		arguments->kvm = true;
		break;
	case KEY_CONSOLE:
		arguments->console = true;
		break;
	case KEY_DRY_RUN:
		arguments->dry_run = true;
		break;
	case KEY_CHECK:
		arguments->check = true;
		break;
	case KEY_FETCH:
		words_add(&arguments->fetch, value);
		break;
	case KEY_GUEST:
		arguments->guest = true;
		break;
	case ARGP_KEY_ARG:
		arguments->verb = state->argv + state->next - 1;
		state->next = state->argc;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp parser = {
	.options = options,
	.parser = parse_option,
	.args_doc = "-- VERB...",
	.doc = "Boots a guest, runs VERB in it, brings back its output, status and results.",
};

static int usage_error(const struct error *e)
{
	fprintf(stderr, "pagestorm: error: %s\n", e->text);
	return EXIT_USAGE;
}

static int harness_error(const struct error *e, int code)
{
	fprintf(stderr, "pagestorm: error: %s\n", e->text[0] ? e->text : strerror(-code));
	return EXIT_HARNESS;
}

/* ---- from what was typed to a request ---- */

#define SECONDS_MAX (30 * 86400)

/* TCG boots in 3 s on an idle host; two busy cores shared with a build took 15. */
#define BOOT_BOUND_TCG_S 120
/* KVM boots in under 2 s where it works, and never where it hangs. */
#define BOOT_BOUND_KVM_S 20

static int index_of(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return i;
	return -EINVAL;
}

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

static int set_files(struct lab_request *request, const struct words *files, struct error *e)
{
	for (size_t i = 0; i < files->nr; i++) {
		char *host = files->item[i];
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

/* A file that the verb names is in the guest under the same name. */
static int take_named_files(struct lab_request *request, char *const *verb)
{
	int ret = 0;

	for (; !ret && *verb; verb++) {
		struct stat status;

		if (!stat(*verb, &status) && S_ISREG(status.st_mode))
			ret = add_file(request, *verb, *verb);
	}
	return ret;
}

/* Where `run NAME` looks, in the guest as here. */
static int take_profiles(struct lab_request *request)
{
	bool installed = false;
	char folder[512];
	int ret = 0;

	for (unsigned i = 0; !ret && profile_folder(i, folder, sizeof(folder)); i++) {
		struct stat status;

		if (stat(folder, &status) || !S_ISDIR(status.st_mode))
			continue;
		if (folder[0] != '/')
			ret = add_file(request, folder, folder);
		else if (!installed) /* the guest's program lies elsewhere */
			ret = add_file(request, folder, PAGESTORM_PROFILES_DIR);
		installed |= folder[0] == '/';
	}
	return ret;
}

/* The value of -o DIR, -oDIR, --output DIR or --output=DIR, or NULL. */
static const char *output_of(char *const *verb)
{
	for (; *verb; verb++) {
		if (!strncmp(*verb, "--output=", 9))
			return *verb + 9;
		if (!strcmp(*verb, "--output") || !strcmp(*verb, "-o"))
			return verb[1];
		if (!strncmp(*verb, "-o", 2))
			return *verb + 2;
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

static int set_command(struct lab_request *request, const struct arguments *arguments,
		       struct error *e)
{
	static char *no_verb[] = { NULL };
	char *const *verb = arguments->verb ? arguments->verb : no_verb;
	int ret;

	if (arguments->exec && *verb)
		return error_set(e, EINVAL, "--exec and VERB: give one of them");
	if (!arguments->exec && !*verb && !arguments->shell)
		return error_set(e, EINVAL,
				 "no VERB: write for instance 'lab --nodes 2 -- run "
				 "profiles/numa.ini', or give --exec or --shell");
	if (arguments->exec) {
		words_add(&request->argv, "/bin/sh");
		words_add(&request->argv, "-c");
		words_add(&request->argv, arguments->exec);
	} else if (*verb) {
		words_add(&request->argv, GUEST_PROGRAM_PATH);
		for (char *const *word = verb; *word; word++)
			words_add(&request->argv, *word);
	}
	ret = words_error(&request->argv);
	if (!ret)
		ret = take_profiles(request) ?: take_named_files(request, verb);
	if (!ret)
		ret = collect(request, output_of(verb) ?: "results");
	for (size_t i = 0; !ret && i < arguments->collect.nr; i++)
		ret = collect(request, arguments->collect.item[i]);
	return ret ? error_set(e, -ret, "%s", strerror(-ret)) : 0;
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

static int set_numbers(struct lab_request *request, const struct arguments *arguments,
		       struct error *e)
{
	char reason[128];
	int ret = 0;

	request->timeout_seconds = arguments->shell ? 0 : 600;
	request->boot_seconds = arguments->kvm ? BOOT_BOUND_KVM_S : BOOT_BOUND_TCG_S;
	request->disk_bytes = (uint64_t)1 << 30;
	if (arguments->timeout)
		ret = parse_seconds("--timeout", arguments->timeout, 0,
				    &request->timeout_seconds, e);
	if (!ret && arguments->boot)
		ret = parse_seconds("--boot", arguments->boot, 1, &request->boot_seconds, e);
	if (!ret && arguments->disk &&
	    size_parse(arguments->disk, NULL, &request->disk_bytes, reason, sizeof(reason)))
		ret = error_set(e, EINVAL, "--disk=%s: it %s; 0: no disk", arguments->disk,
				reason);
	return ret;
}

static int set_cgroup(struct lab_request *request, const char *name, struct error *e)
{
	int choice = name ? index_of(guest_cgroup_names, name) : GUEST_CGROUP_V2;

	if (choice < 0)
		return error_set(e, EINVAL, "--cgroup=%s: write v2, v1 or hybrid", name);
	request->cgroup = (enum guest_cgroup)choice;
	return 0;
}

static int set_request(struct lab_request *request, const struct arguments *arguments,
		       struct error *e)
{
	request->append = arguments->append;
	request->kvm = arguments->kvm;
	request->shell = arguments->shell;
	request->show_console = arguments->console;
	request->out_fd = STDOUT_FILENO;
	request->err_fd = STDERR_FILENO;
	if (arguments->kvm && access("/dev/kvm", R_OK | W_OK))
		return error_set(e, EINVAL, "--kvm: /dev/kvm: %s; leave it out to use TCG",
				 strerror(errno));
	return shape_make(&arguments->shape, &request->shape, e)
		       ?: lab_parse_swap(arguments->swap ?: "none", &request->swap,
					 &request->swap_bytes, e)
		       ?: set_cgroup(request, arguments->cgroup, e)
		       ?: set_numbers(request, arguments, e)
		       ?: set_command(request, arguments, e)
		       ?: set_files(request, &arguments->file, e);
}

static void request_release(struct lab_request *request)
{
	for (size_t i = 0; i < request->nr_files; i++) {
		free((char *)request->file[i].host);
		free((char *)request->file[i].guest);
	}
	free(request->file);
	words_release(&request->argv);
	words_release(&request->collect);
}

/* ---- telling how it ended ---- */

#define CONSOLE_LINES	   40
#define CONSOLE_OOPS_LINES 120

/* Where the line begins that says why the kernel gave up: a call trace as long as
 * that of a fault in an interrupt would push it out of the last lines. */
static const char *find_oops(const struct blob *console)
{
	static const char *const mark[] = { "BUG: ", "Oops: ", "general protection fault",
					    "------------[ cut here ]" };
	const char *first = NULL;

	for (size_t i = 0; console->size && i < sizeof(mark) / sizeof(mark[0]); i++) {
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
	if (result->qemu_said.size)
		fprintf(stderr, "qemu: %s", result->qemu_said.data);
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
			request->kvm ? ": KVM does not work here, leave --kvm out" : "");
	else
		fprintf(stderr,
			"pagestorm: error: stopped, the command did not end within "
			"--timeout=%u "
			"seconds\n",
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

static int conclude(const struct lab_request *request, const struct lab_result *result,
		    const struct error *e)
{
	switch (result->end) {
	case LAB_ENDED:
		return status_of(result);
	case LAB_FAILED:
		return harness_error(e, -EIO);
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

/* ---- what lab does ---- */

static int check_host(void)
{
	struct lab_requirement list[LAB_REQUIREMENTS_MAX];
	size_t nr = lab_requirements(list);
	bool missing = false;

	for (size_t i = 0; i < nr; i++) {
		printf("%-8s %-20s %s\n", list[i].found ? "ok" : "missing", list[i].name,
		       list[i].found ? list[i].detail : list[i].fix);
		missing |= !list[i].found;
	}
	return missing ? EXIT_NOTHING_RAN : 0;
}

static int fetch(const struct words *versions)
{
	for (size_t i = 0; i < versions->nr; i++) {
		struct error e = { 0 };
		struct kernel kernel;
		bool fetched;
		int ret = kernel_fetch(versions->item[i], &kernel, &fetched, &e);

		if (ret)
			return ret == -EINVAL ? usage_error(&e) : harness_error(&e, ret);
		printf("%s %s\n", kernel.release, kernel.image);
	}
	return 0;
}

/* 0 or the exit status. */
static int find_kernel(struct lab_request *request, const char *wanted, bool may_fetch)
{
	struct error e = { 0 };
	bool fetched;
	int ret = kernel_find(wanted, &request->kernel, &e);

	if (!ret)
		return 0;
	if (ret != -ENOENT || !kernel_is_version(wanted) || !may_fetch)
		return usage_error(&e);
	fprintf(stderr, "pagestorm: fetching kernel %s, about 30 MB, once\n", wanted);
	e = (struct error){ 0 };
	ret = kernel_fetch(wanted, &request->kernel, &fetched, &e);
	return ret ? harness_error(&e, ret) : 0;
}

static void print_plan(const struct lab_request *request)
{
	char text[8192];

	lab_describe(request, text, sizeof(text));
	printf("%s\n", text);
	for (size_t i = 0; i < request->collect.nr; i++)
		printf("results: %s\n", request->collect.item[i]);
	for (size_t i = 0; i < request->nr_files; i++)
		printf("file: %s\n", request->file[i].guest);
}

static int boot(struct lab_request *request)
{
	struct lab_result result = { 0 };
	struct error e = { 0 };
	int ret, status;

	signal(SIGPIPE, SIG_IGN); /* a reader that leaves does not cost the results */
	ret = lab_run(request, &result, &e);
	if (result.nr_boots > 1)
		fprintf(stderr,
			"pagestorm: the guest ended before it had said anything and was "
			"booted %u times\n",
			result.nr_boots);
	status = ret ? harness_error(&e, ret) : conclude(request, &result, &e);

	lab_result_release(&result);
	return status;
}

static int run(struct lab_request *request, struct arguments *arguments)
{
	struct error e = { 0 };
	int status;

	if (set_request(request, arguments, &e))
		return usage_error(&e);
	status = find_kernel(request, arguments->kernel ?: "6.1", !arguments->dry_run);
	if (status)
		return status;
	if (lab_check(request, &e))
		return usage_error(&e);
	if (arguments->dry_run) {
		print_plan(request);
		return 0;
	}
	return boot(request);
}

int cmd_lab(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct lab_request request = { 0 };
	int status;

	if (cmd_parse_argp("pagestorm lab", &parser, argc, argv, ARGP_IN_ORDER, &arguments))
		return EXIT_USAGE;
	if (arguments.guest) {
		if (getpid() != 1) {
			fprintf(stderr,
				"pagestorm: error: --guest is for process 1 of a guest\n");
			return EXIT_USAGE;
		}
		guest_main();
	}
	if (arguments.check)
		status = check_host();
	else if (arguments.fetch.nr)
		status = fetch(&arguments.fetch);
	else
		status = run(&request, &arguments);
	request_release(&request);
	words_release(&arguments.file);
	words_release(&arguments.collect);
	words_release(&arguments.fetch);
	return status;
}
