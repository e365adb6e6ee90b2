// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include "harness/lab/guest.h"
#include "harness/lab/blob.h"
#include "harness/lab/channel.h"
#include "harness/lab/words.h"
#include "harness/machine/swapheader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A device node appears a little after its module: tens of milliseconds, seconds on a loaded
 * host. */
#define DEVICE_POLL_NS	  (10 * 1000 * 1000)
#define DEVICE_POLL_TIMES 3000

#define LAST_FRAME_BOUND_MS (60 * 1000)

#define CONSOLE_PATH "/dev/ttyS0"

const char *const guest_cgroup_names[] = {
	[GUEST_CGROUP_V2] = "v2",
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

/* ---- specification ---- */

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
	int error;

	words_fields(&line, text, "\n");
	error = words_error(&line);
	for (size_t i = 0; !error && i < line.nr; i++) {
		char *value = strchr(line.item[i], '=');

		if (value)
			*value++ = '\0';
		if (!value || set_member(spec, line.item[i], value))
			error = error_set(e, EINVAL, "%s: '%s' has the wrong value",
					  GUEST_SPEC_PATH, line.item[i]);
	}
	words_release(&line);
	return error;
}

/* ---- setting up ---- */

struct guest {
	struct guest_spec spec;
	struct words argv, environment, collect, modules;
	struct channel_tally tally; /* of what was read, whether or not the port took it */
	struct error loss;	    /* what could not be read */
	int port_fd;
};

static int read_words(const char *path, struct words *words, struct error *e)
{
	struct blob content = { 0 };
	int error = blob_read_file(&content, path);

	if (error)
		error = error_set(e, -error, "%s: %s", path, strerror(-error));
	for (size_t at = 0; !error && at < content.size; at += strlen(content.data + at) + 1)
		words_add(words, content.data + at);
	blob_release(&content);
	return error ?: words_error(words);
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		error = -errno;
	close(fd);
	return error;
}

static int mount_at(const char *source, const char *target, const char *type,
		    const char *options, struct error *e)
{
	(void)mkdir(target, 0755); /* EEXIST is fine, and what else fails shows in mount */
	if (mount(source, target, type, 0, options))
		return error_set(e, errno, "cannot mount %s at %s: %m", type, target);
	return 0;
}

static int mount_kernel(struct error *e)
{
	static const struct {
		const char *type, *target;
		bool optional;
	} mounts[] = {
		{ "proc", "/proc", false },
		{ "sysfs", "/sys", false },
		{ "devtmpfs", "/dev", false },
		{ "devpts", "/dev/pts", false },
		{ "tmpfs", "/dev/shm", false },
		{ "tmpfs", "/run", false },
		{ "hugetlbfs", "/dev/hugepages", true },
		{ "debugfs", "/sys/kernel/debug", true },
		{ "tracefs", "/sys/kernel/tracing", true },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		int error = mount_at("none", mounts[i].target, mounts[i].type, NULL,
				     mounts[i].optional ? NULL : e);

		if (error && !mounts[i].optional)
			return error;
	}
	(void)!symlink("/proc/self/fd", "/dev/fd"); /* only shells want it */
	return 0;
}

static const char *module_parameters(const struct guest_spec *spec, const char *path,
				     char *text, size_t size)
{
	const char *name = strrchr(path, '/');

	text[0] = '\0';
	if (name && !strncmp(name, "/brd.ko", 7))
		snprintf(text, size, "rd_nr=1 rd_size=%" PRIu64, spec->swap_bytes >> 10);
	return text;
}

static int load_modules(const struct guest *guest, struct error *e)
{
	for (size_t i = 0; i < guest->modules.nr; i++) {
		const char *path = guest->modules.item[i];
		char parameters[64];
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		module_parameters(&guest->spec, path, parameters, sizeof(parameters));
		if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0)) {
			int code = errno;

			if (fd >= 0)
				close(fd);
			if (code != EEXIST)
				return error_set(e, code, "cannot load %s: %s", path,
						 strerror(code));
			continue;
		}
		close(fd);
	}
	return 0;
}

static int open_device(const char *path, int flags, struct error *e)
{
	const struct timespec pause = { .tv_nsec = DEVICE_POLL_NS };

	for (int i = 0; i < DEVICE_POLL_TIMES; i++) {
		int fd = open(path, flags | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		if (errno != ENOENT && errno != ENXIO && errno != ENODEV)
			break;
		nanosleep(&pause, NULL);
	}
	return error_set(e, errno, "cannot open %s: %m", path);
}

static int mount_cgroup_v2(const char *target, bool enable, struct error *e)
{
	char path[128];
	struct blob controllers = { 0 };
	struct words name = { 0 };
	int error = mount_at("none", target, "cgroup2", NULL, e);

	if (error || !enable)
		return error;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", target);
	error = blob_read_file(&controllers, path);
	if (error)
		error = error_set(e, -error, "%s: %s", path, strerror(-error));
	else
		words_fields(&name, controllers.data, " \n");
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", target);
	for (size_t i = 0; i < name.nr; i++) {
		char text[64];

		snprintf(text, sizeof(text), "+%.60s", name.item[i]);
		(void)write_text(path,
				 text); /* cpu fails beside real-time tasks; checked below */
	}
	if (!error && (!words_has(&name, "memory") || !words_has(&name, "cpuset")))
		error = error_set(e, ENODEV, "this kernel's cgroup v2 lacks memory or cpuset");
	words_release(&name);
	blob_release(&controllers);
	return error;
}

static int mount_cgroup_v1(struct error *e)
{
	static const char *const controllers[] = { "memory",  "cpuset",	 "cpu,cpuacct", "blkio",
						   "hugetlb", "freezer", "pids" };
	int error = mount_at("none", "/sys/fs/cgroup", "tmpfs", NULL, e);

	for (size_t i = 0; !error && i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		char target[64];
		int failed;

		snprintf(target, sizeof(target), "/sys/fs/cgroup/%s", controllers[i]);
		failed = mount_at("none", target, "cgroup", controllers[i], NULL);
		if (i < 2 && failed)
			error = error_set(
				e, ENODEV,
				"this kernel has no cgroup v1 %s controller; use --cgroup v2",
				controllers[i]);
	}
	return error;
}

/* The kernel patches its own allocator (static key cpusets_enabled) whenever the first
 * cpuset comes or the last one goes, which each run's groups would be. qemu 7.2's threads
 * can miss such a patch and go on with the breakpoint that stood there meanwhile: "Oops:
 * int3" in __alloc_pages. A group that stays leaves nothing to patch. */
static int keep_cpuset(const char *hierarchy, struct error *e)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/lab-keeps-cpusets-on", hierarchy);
	return mkdir(path, 0755) ? error_set(e, errno, "cannot make %s: %m", path) : 0;
}

static int mount_cgroups(enum guest_cgroup kind, struct error *e)
{
	if (kind == GUEST_CGROUP_V2)
		return mount_cgroup_v2("/sys/fs/cgroup", true, e)
			       ?: keep_cpuset("/sys/fs/cgroup", e);
	return mount_cgroup_v1(e) ?: keep_cpuset("/sys/fs/cgroup/cpuset", e)
		       ?: (kind == GUEST_CGROUP_V1
				   ? 0
				   : mount_cgroup_v2("/sys/fs/cgroup/unified", false, e));
}

static int bind_results(const char *results, struct error *e)
{
	static const char place[] = GUEST_SCRATCH_PATH "/results";

	if (mkdir(place, 0755) || mount(place, results, NULL, MS_BIND, NULL))
		return error_set(e, errno, "cannot put %s on the disk: %m", results);
	return 0;
}

static int mount_disk(const struct guest_spec *spec, struct error *e)
{
	int error, fd;

	if (!spec->disk)
		return 0;
	fd = open_device("/dev/vda", O_RDONLY, e);
	if (fd < 0)
		return fd;
	close(fd);
	/* Nothing writes to the disk behind a measurement's back. */
	error = mount_at("/dev/vda", GUEST_SCRATCH_PATH, "ext4", "noinit_itable", e);
	return error ? error : bind_results(spec->results, e);
}

static int write_swap_header(int fd, const char *path, uint64_t bytes, struct error *e)
{
	char page[4096];
	int error = swapheader_fill(page, sizeof(page), bytes, "", NULL);

	if (error)
		return error_set(e, -error, "%s: %" PRIu64 " bytes are no size for swap", path,
				 bytes);
	if (pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page) || fsync(fd))
		return error_set(e, errno, "cannot write the swap header of %s: %m", path);
	return 0;
}

static int add_swap(const struct guest_spec *spec, struct error *e)
{
	static const char *const paths[] = {
		[GUEST_SWAP_FILE] = GUEST_SCRATCH_PATH "/swapfile",
		[GUEST_SWAP_ZRAM] = "/dev/zram0",
		[GUEST_SWAP_RAM] = "/dev/ram0",
	};
	const char *path = paths[spec->swap];
	char size[32];
	int error = 0;
	int fd;

	if (spec->swap == GUEST_SWAP_NONE)
		return 0;
	snprintf(size, sizeof(size), "%" PRIu64, spec->swap_bytes);
	if (spec->swap == GUEST_SWAP_ZRAM)
		error = write_text("/sys/block/zram0/disksize", size);
	if (error)
		return error_set(e, -error, "cannot set the size of zram0: %s",
				 strerror(-error));
	if (spec->swap == GUEST_SWAP_FILE)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	else
		fd = open_device(path, O_RDWR, e);
	if (fd < 0)
		return error_set(e, errno, "cannot open %s: %m", path);
	if (spec->swap == GUEST_SWAP_FILE && fallocate(fd, 0, 0, (off_t)spec->swap_bytes))
		error = error_set(e, errno, "cannot allocate %s: %m", path);
	if (!error)
		error = write_swap_header(fd, path, spec->swap_bytes, e);
	close(fd);
	if (!error && swapon(path, 0))
		error = error_set(e, errno, "swapon %s: %m", path);
	return error;
}

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	(void)ioctl(fd, SIOCSIFFLAGS, &request); /* only tools that use the network need it */
	close(fd);
}

static int guest_read_spec(struct guest *guest, struct error *e)
{
	struct blob text = { 0 };
	int error = blob_read_file(&text, GUEST_SPEC_PATH);

	if (error)
		error = error_set(e, -error, "%s: %s", GUEST_SPEC_PATH, strerror(-error));
	else
		error = guest_spec_parse(text.data, &guest->spec, e);
	blob_release(&text);
	return error ?: read_words(GUEST_ARGV_PATH, &guest->argv, e)
			?: read_words(GUEST_ENVIRON_PATH, &guest->environment, e)
			?: read_words(GUEST_COLLECT_PATH, &guest->collect, e)
			?: read_words(GUEST_MODULES_PATH, &guest->modules, e);
}

static int guest_open_port(struct guest *guest, struct error *e)
{
	guest->port_fd = open_device("/dev/vport0p1", O_RDWR, e);
	if (guest->port_fd < 0)
		return guest->port_fd;
	return channel_write(guest->port_fd, CHANNEL_HELLO, NULL, 0);
}

static int guest_set_up(struct guest *guest, struct error *e)
{
	int error = mount_cgroups(guest->spec.cgroup, e) ?: mount_disk(&guest->spec, e)
			?: add_swap(&guest->spec, e);

	if (error)
		return error;
	raise_loopback();
	if (chdir(guest->spec.directory))
		return error_set(e, errno, "cannot enter %s: %m", guest->spec.directory);
	/* Under global pressure the one that reports must not wait for its own pages. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return error_set(e, errno, "mlockall: %m");
	return 0;
}

/* ---- running ---- */

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_exec(const struct guest *guest, int out_fd, int err_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setsid();
	reset_signals();
	dup2(null_fd, STDIN_FILENO);
	dup2(out_fd, STDOUT_FILENO);
	dup2(err_fd, STDERR_FILENO);
	execve(guest->argv.item[0], guest->argv.item, guest->environment.item);
	dprintf(STDERR_FILENO, "%s: %m\n", guest->argv.item[0]);
	_exit(127);
}

static void shell_exec(const struct guest *guest)
{
	char *const argv[] = { "sh", "-l", NULL };
	int fd;

	setsid();
	reset_signals();
	fd = open(CONSOLE_PATH, O_RDWR);
	ioctl(fd, TIOCSCTTY, 1);
	for (int to = 0; to < 3; to++)
		dup2(fd, to);
	execve("/bin/sh", argv, guest->environment.item);
	_exit(127);
}

/* What the port does not take is missed by the host, which compares the tallies. */
static void send_counted(struct guest *guest, enum channel_type type, const void *payload,
			 size_t size)
{
	channel_count(&guest->tally, type, size);
	(void)channel_write(guest->port_fd, type, payload, size);
}

/* Passes on what is there; false at the end of the stream. */
static bool forward(struct guest *guest, int from_fd, enum channel_type type, const char *name)
{
	char buffer[CHANNEL_PAYLOAD_MAX];
	ssize_t got = TEMP_FAILURE_RETRY(read(from_fd, buffer, sizeof(buffer)));

	if (got < 0)
		error_set(&guest->loss, errno, "cannot read %s: %m", name);
	if (got <= 0)
		return false;
	send_counted(guest, type, buffer, (size_t)got);
	return true;
}

static void obey_host(struct guest *guest, struct blob *received, pid_t child)
{
	char buffer[256];
	struct channel_frame frame;
	size_t at = 0;
	uint32_t number;
	ssize_t got = TEMP_FAILURE_RETRY(read(guest->port_fd, buffer, sizeof(buffer)));

	if (got <= 0 || blob_append(received, buffer, (size_t)got))
		return;
	while (channel_next(received, &at, &frame) > 0) {
		if (frame.type != CHANNEL_SIGNAL || frame.size != sizeof(number))
			continue;
		memcpy(&number, frame.payload, sizeof(number));
		kill(-child, (int)number);
	}
	blob_consume(received, at);
}

/* Reaps whoever died; true once `child` was among them. */
static bool reap(int signal_fd, pid_t child, int *status)
{
	struct signalfd_siginfo ignored;
	bool found = false;
	int this_status;
	pid_t pid;

	(void)!read(signal_fd, &ignored, sizeof(ignored)); /* one may stand for several */
	while ((pid = waitpid(-1, &this_status, WNOHANG)) > 0)
		if (pid == child) {
			*status = this_status;
			found = true;
		}
	return found;
}

/* When the command has ended, whatever it left running ends too: no process outlives the verb.
 */
static void attend(struct guest *guest, pid_t child, int out_fd, int err_fd, int signal_fd,
		   int *status)
{
	struct pollfd watch[] = {
		{ .fd = out_fd, .events = POLLIN },
		{ .fd = err_fd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = guest->port_fd, .events = POLLIN },
	};
	struct blob received = { 0 };
	bool ended = false;

	while (!ended || watch[0].fd >= 0 || watch[1].fd >= 0) {
		if (poll(watch, 4, -1) < 0)
			continue;
		if (watch[0].revents && !forward(guest, out_fd, CHANNEL_STDOUT, "stdout"))
			watch[0].fd = -1;
		if (watch[1].revents && !forward(guest, err_fd, CHANNEL_STDERR, "stderr"))
			watch[1].fd = -1;
		if (watch[2].revents && reap(signal_fd, child, status)) {
			ended = true;
			kill(-1, SIGKILL);
		}
		if (watch[3].revents & POLLIN)
			obey_host(guest, &received, child);
		else if (watch[3].revents)
			watch[3].fd = -1;
	}
	blob_release(&received);
}

static int run_command(struct guest *guest, int signal_fd, int *status, struct error *e)
{
	int out[2], err[2];
	pid_t child;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return error_set(e, errno, "pipe: %m");
	child = fork();
	if (child < 0)
		return error_set(e, errno, "fork: %m");
	if (!child)
		child_exec(guest, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	attend(guest, child, out[0], err[0], signal_fd, status);
	close(out[0]);
	close(err[0]);
	return 0;
}

static int run_shell(struct guest *guest, struct error *e)
{
	pid_t child = fork();
	pid_t pid;

	if (child < 0)
		return error_set(e, errno, "fork: %m");
	if (!child)
		shell_exec(guest);
	do
		pid = waitpid(-1, NULL, 0);
	while (pid != child && (pid > 0 || errno == EINTR));
	return 0;
}

/* ---- results ---- */

static void send_tree(struct guest *guest, const char *path);

static void send_file(struct guest *guest, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		error_set(&guest->loss, errno, "cannot open %s: %m", path);
		return;
	}
	send_counted(guest, CHANNEL_FILE, path, strlen(path));
	while (forward(guest, fd, CHANNEL_CONTENT, path))
		;
	close(fd);
}

static void send_directory(struct guest *guest, const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool told = false;

	if (!directory) {
		error_set(&guest->loss, errno, "cannot open %s: %m", path);
		return;
	}
	while ((entry = readdir(directory))) {
		char child[PATH_MAX];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!told) /* an empty one is the mount point of results that never came */
			send_counted(guest, CHANNEL_DIRECTORY, path, strlen(path));
		told = true;
		if (snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) <
		    (int)sizeof(child))
			send_tree(guest, child);
		else
			error_set(&guest->loss, ENAMETOOLONG,
				  "%s: the paths below are too long", path);
	}
	closedir(directory);
}

/* What was to be collected and was never made is no loss. */
static void send_tree(struct guest *guest, const char *path)
{
	struct stat status;

	if (lstat(path, &status))
		return;
	if (S_ISDIR(status.st_mode))
		send_directory(guest, path);
	else if (S_ISREG(status.st_mode))
		send_file(guest, path);
}

/* ---- process 1 ---- */

static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static int child_signals(void)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return signalfd(-1, &child, SFD_CLOEXEC);
}

static int guest_run(struct guest *guest, struct error *e)
{
	int signal_fd = child_signals();
	int status = 0;
	int error = 0;

	channel_write(guest->port_fd, CHANNEL_READY, NULL, 0);
	if (guest->argv.nr)
		error = run_command(guest, signal_fd, &status, e);
	if (!error && guest->spec.shell)
		error = run_shell(guest, e);
	for (size_t i = 0; !error && i < guest->collect.nr; i++)
		send_tree(guest, guest->collect.item[i]);
	if (guest->loss.text[0])
		channel_write(guest->port_fd, CHANNEL_LOSS, guest->loss.text,
			      strlen(guest->loss.text));
	if (!error) {
		uint32_t word = (uint32_t)status;

		channel_write(guest->port_fd, CHANNEL_STATUS, &word, sizeof(word));
	}
	return error;
}

static void tell_failure(const struct guest *guest, const struct error *e)
{
	if (guest->port_fd >= 0)
		channel_write(guest->port_fd, CHANNEL_FAILURE, e->text, strlen(e->text));
	else
		dprintf(STDERR_FILENO, "lab: %s\n", e->text);
}

/*
 * A write to a virtio port returns when the bytes are queued, not when the host
 * has them (drivers/char/virtio_console.c, port_fops_write), and power-off drops
 * the queue. So the host ends the guest once it has read the last frame.
 */
static void wait_for_the_host(int port_fd)
{
	struct pollfd port = { .fd = port_fd, .events = POLLIN };
	char ignored[64];

	while (poll(&port, 1, LAST_FRAME_BOUND_MS) > 0 &&
	       read(port_fd, ignored, sizeof(ignored)) > 0)
		;
}

void guest_main(void)
{
	struct guest guest = { .port_fd = -1 };
	struct error e = { 0 };

	block_signals();
	umask(022);
	if (mount_kernel(&e) || guest_read_spec(&guest, &e) || load_modules(&guest, &e) ||
	    guest_open_port(&guest, &e) || guest_set_up(&guest, &e) || guest_run(&guest, &e))
		tell_failure(&guest, &e);
	if (guest.port_fd >= 0) {
		char tally[CHANNEL_TALLY_BYTES];

		channel_put_tally(tally, &guest.tally);
		channel_write(guest.port_fd, CHANNEL_END, tally, sizeof(tally));
		wait_for_the_host(guest.port_fd);
	}
	reboot(RB_POWER_OFF);
	_exit(1);
}
