// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes, measures and removes a swap device of the run's own. The undoing itself is
 * undo.c's, through the journal, so that there is one way to undo.
 */
#include "config.h"
#include "harness/run/swapdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/run/swapheader.h"
#include "harness/run/swaps.h"
#include "harness/run/sysfile.h"
#include "harness/run/undo.h"

#define NODE_TRIES    100 /* times NODE_PAUSE_NS: 2 s for devtmpfs or udev */
#define NODE_PAUSE_NS 20000000L
#define ZERO_BYTES    (1u << 20)
#define HOT_ADD	      "/sys/class/zram-control/hot_add"

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- /proc/swaps ---- */

static int match(const struct swap_entry *swap, void *context)
{
	struct swap_entry *wanted = context;

	if (strcmp(swap->path, wanted->path))
		return 0;
	*wanted = *swap;
	return 1;
}

static int look_up(const char *path, struct swap_entry *swap, struct error *e)
{
	int rc;

	snprintf(swap->path, sizeof(swap->path), "%s", path);
	rc = swaps_each(match, swap);
	if (rc < 0)
		return error_set(e, -rc, "cannot read /proc/swaps: %s", strerror(-rc));
	if (!rc)
		return error_set(e, ENOENT,
				 "%s is not in /proc/swaps: somebody switched it off", path);
	return 0;
}

/* ---- the header ---- */

static int write_header(const char *path, uint64_t bytes, struct error *e)
{
	const size_t page = page_bytes();
	unsigned char uuid[SWAPHEADER_UUID_BYTES] = { 0 };
	char *first;
	int fd, rc = 0;

	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_set(e, errno, "cannot open %s for the swap header: %s", path,
				 strerror(errno));
	first = calloc(1, page);
	/* The UUID only tells devices apart; without entropy it stays zero. */
	(void)!getrandom(uuid, sizeof(uuid), GRND_NONBLOCK);
	if (!first) {
		rc = error_set(e, ENOMEM, "no memory for a swap header");
	} else if (swapheader_fill(first, page, bytes, SWAPS_LABEL, uuid)) {
		rc = error_set(e, EINVAL, "%s is too small or too large for swap: %llu bytes",
			       path, (unsigned long long)bytes);
	} else if (pwrite(fd, first, page, 0) != (ssize_t)page || fsync(fd)) {
		rc = error_set(e, EIO, "cannot write the swap header of %s: %s", path,
			       strerror(errno));
	}
	free(first);
	close(fd);
	return rc;
}

/* ---- a file ---- */

static int write_zeros(int fd, uint64_t bytes)
{
	char *zeros = calloc(1, ZERO_BYTES);
	uint64_t done = 0;
	int rc = 0;

	if (!zeros)
		return -ENOMEM;
	while (!rc && done < bytes) {
		const size_t step = bytes - done < ZERO_BYTES ? bytes - done : ZERO_BYTES;
		const ssize_t n = pwrite(fd, zeros, step, (off_t)done);

		if (n <= 0)
			rc = n ? -errno : -EIO;
		else
			done += (uint64_t)n;
	}
	free(zeros);
	return rc;
}

/* Asked beforehand: fallocate(2) would fill the disk under everybody before it gives up. */
static bool has_room(const char *path, uint64_t bytes)
{
	char directory[PATH_MAX];
	struct statvfs fs;

	snprintf(directory, sizeof(directory), "%s", path);
	*strrchr(directory, '/') = '\0';
	return statvfs(directory[0] ? directory : "/", &fs) ||
	       (uint64_t)fs.f_bavail * fs.f_frsize >= bytes;
}

static int no_room(const char *path, uint64_t bytes, struct error *e)
{
	return error_set(e, ENOSPC,
			 "no room for a swap file of %llu bytes at %s: free some, or choose "
			 "another place with [swap] path",
			 (unsigned long long)bytes, path);
}

/* Without holes: swapon(2) refuses them. Allocated but unwritten is no hole to it. */
static int make_file(const char *path, uint64_t bytes, struct error *e)
{
	int fd, rc;

	if (!has_room(path, bytes))
		return no_room(path, bytes, e);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set(e, errno, "cannot make the swap file %s: %s", path,
				 strerror(errno));
	rc = fallocate(fd, 0, 0, (off_t)bytes) ? -errno : 0;
	if (rc == -EOPNOTSUPP)
		rc = write_zeros(fd, bytes);
	if (!rc && fsync(fd))
		rc = -errno;
	close(fd);
	if (rc == -ENOSPC)
		return no_room(path, bytes, e);
	if (rc)
		return error_set(e, -rc, "cannot fill the swap file %s: %s", path,
				 strerror(-rc));
	return 0;
}

/*
 * Where the file will be, as /proc/swaps will name it. A directory gets a file of our
 * naming; another name than ours is refused, because restore would not dare to remove it.
 */
static int resolve(const char *path, char *resolved, size_t bytes, struct error *e)
{
	char directory[PATH_MAX], real[PATH_MAX];
	const char *name;
	struct stat st;
	char *slash;

	if (snprintf(directory, sizeof(directory), "%s%s", strchr(path, '/') ? "" : "./",
		     path) >= (int)sizeof(directory))
		return error_set(e, ENAMETOOLONG, "the swap file's path is too long: %s", path);
	slash = strrchr(directory, '/');
	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		name = SWAPS_LABEL ".swap";
	} else {
		name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
		slash[slash == directory] = '\0';
	}
	if (!realpath(directory, real))
		return error_set(e, errno, "no directory for the swap file %s: %s", path,
				 strerror(errno));
	if (snprintf(directory, sizeof(directory), "%s/%.255s", real, name) >= (int)bytes ||
	    strlen(real) > bytes)
		return error_set(e, ENAMETOOLONG, "the swap file's path is too long: %s/%s",
				 real, name);
	if (!undo_is_our_file(directory))
		return error_set(e, EINVAL,
				 "the swap file %s must be called " SWAPS_LABEL
				 "…, so that it is known "
				 "for ours after a crash; or name only its directory",
				 path);
	strcpy(resolved, directory);
	return 0;
}

/* ---- a zram device ---- */

static void list_zram(char *numbers, size_t bytes)
{
	struct dirent *entry;
	size_t used = 0;
	DIR *dir;

	numbers[0] = '\0';
	dir = opendir("/sys/block");
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "zram", 4) && used < bytes - 16)
			used += (size_t)snprintf(numbers + used, bytes - used, "%s%.8s",
						 used ? " " : "", entry->d_name + 4);
	closedir(dir);
}

/* num_devices=0: none but ours is made. The module stays loaded: it may be wanted by others
 * now. */
static void load_module(void)
{
	char *const arguments[] = { "modprobe", "-q", "zram", "num_devices=0", NULL };
	char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	pid_t pid;

	/* Whether it worked shows in /sys; without modprobe there is nothing to do. */
	if (!posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, arguments, environment))
		(void)waitpid(pid, NULL, 0);
}

/* An intent first: hot_add names its device only by making it. */
static int hot_add(struct journal *j, uint64_t bytes, unsigned *number, struct error *e)
{
	char text[256], name[32];
	int rc;

	list_zram(text, sizeof(text));
	rc = journal_note(j, JOURNAL_ZRAM, "/dev/zram*", text, NULL, e);
	if (rc)
		return rc;
	rc = sysfile_read("", HOT_ADD, text, sizeof(text));
	if (rc)
		return error_set(e, EOPNOTSUPP,
				 "cannot add a zram device through " HOT_ADD ": %s",
				 strerror(-rc));
	*number = (unsigned)strtoul(text, NULL, 10);
	snprintf(name, sizeof(name), "/dev/zram%u", *number);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	rc = journal_note(j, JOURNAL_ZRAM, name, "made", text, e);
	return rc ? rc : journal_forget(j, JOURNAL_ZRAM, "/dev/zram*", e);
}

/* Older kernels and modules with a fixed number: one that nobody has initialised. */
static int find_unused(unsigned *number)
{
	char path[64], size[32];

	for (unsigned i = 0; i < 128; i++) {
		snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", i);
		if (!sysfile_read("", path, size, sizeof(size)) && !strcmp(size, "0")) {
			*number = i;
			return 0;
		}
	}
	return -ENODEV;
}

static int wait_for_node(const char *path)
{
	const struct timespec pause = { .tv_nsec = NODE_PAUSE_NS };

	for (unsigned try = 0; try < NODE_TRIES; try++) {
		if (!access(path, R_OK | W_OK))
			return 0;
		(void)nanosleep(&pause, NULL); /* cut short it only looks sooner */
	}
	return -ENODEV;
}

static int set_algorithm(struct journal *j, unsigned number, const char *algorithm, bool found,
			 struct error *e)
{
	char path[64], now[64];
	int rc;

	snprintf(path, sizeof(path), "/sys/block/zram%u/comp_algorithm", number);
	rc = sysfile_read("", path, now, sizeof(now));
	if (!rc && found)
		rc = journal_note(j, JOURNAL_SETTING, path, now, algorithm, e);
	if (!rc)
		rc = sysfile_write("", path, algorithm);
	if (!rc)
		rc = sysfile_read("", path, now, sizeof(now));
	if (rc || strcmp(now, algorithm))
		return error_set(e, EOPNOTSUPP,
				 "zram cannot compress with %s here: see %s for what it can",
				 algorithm, path);
	return 0;
}

static int size_zram(struct journal *j, unsigned number, const char *name, bool found,
		     uint64_t bytes, struct error *e)
{
	char path[64], size[32];
	int rc;

	snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", number);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)bytes);
	rc = found ? journal_note(j, JOURNAL_ZRAM, name, "found", size, e) : 0;
	if (rc)
		return rc;
	rc = sysfile_write("", path, size);
	if (rc == -EBUSY)
		return error_set(e, EBUSY, "%s was taken by somebody else just now: try again",
				 name);
	if (rc)
		return error_set(e, -rc, "cannot give %s a size of %s bytes: %s", name, size,
				 strerror(-rc));
	return 0;
}

static int make_zram(struct journal *j, uint64_t bytes, const char *algorithm, char *name,
		     size_t name_bytes, struct error *e)
{
	unsigned number = 0;
	bool found = false;
	int rc;

	if (access("/sys/block/zram0", F_OK) && access(HOT_ADD, F_OK))
		load_module();
	if (!access(HOT_ADD, R_OK)) {
		rc = hot_add(j, bytes, &number, e);
	} else {
		found = true;
		rc = find_unused(&number);
		if (rc)
			rc = error_set(
				e, EOPNOTSUPP,
				"no zram device is free and none can be added: load the zram "
				"module, run as root, or use [swap] type = file");
	}
	if (rc)
		return rc;
	snprintf(name, name_bytes, "/dev/zram%u", number);
	if (wait_for_node(name))
		return error_set(e, EOPNOTSUPP,
				 "%s exists in /sys but has no usable device node", name);
	if (algorithm && algorithm[0])
		rc = set_algorithm(j, number, algorithm, found, e);
	return rc ? rc : size_zram(j, number, name, found, bytes, e);
}

/* ---- both ---- */

static int refused(const struct swapdev *s, int code, struct error *e)
{
	if (code == EPERM)
		return error_set(e, EPERM, "cannot swap on %s: only root may switch swap on",
				 s->path);
	if (code == EINVAL && s->kind == SWAP_FILE)
		return error_set(
			e, EOPNOTSUPP,
			"cannot swap on %s: its file system takes no swap files; choose "
			"another place with [swap] path, or [swap] type = zram",
			s->path);
	if (code == ENOSYS)
		return error_set(e, EOPNOTSUPP, "this kernel is built without swap");
	return error_set(e, code, "cannot swap on %s: %s", s->path, strerror(code));
}

static int switch_on(struct swapdev *s, struct journal *j, struct error *e)
{
	struct swap_entry swap;
	int flags = 0, rc;

	if (s->priority >= 0)
		flags = SWAP_FLAG_PREFER |
			((s->priority << SWAP_FLAG_PRIO_SHIFT) & SWAP_FLAG_PRIO_MASK);
	rc = journal_note(j, JOURNAL_SWAP, s->path, NULL, NULL, e);
	if (rc)
		return rc;
	if (swapon(s->path, flags))
		return refused(s, errno, e);
	rc = look_up(s->path, &swap, e);
	if (rc)
		return rc;
	if (swap.bytes < s->bytes)
		return error_set(e, EIO, "%s should hold %llu bytes of swap but holds %llu",
				 s->path, (unsigned long long)s->bytes,
				 (unsigned long long)swap.bytes);
	s->bytes = swap.bytes;
	s->priority = swap.priority;
	s->on = true;
	return 0;
}

int swapdev_make(struct swapdev *s, struct journal *j, enum swap_kind kind, const char *path,
		 uint64_t bytes, int priority, const char *algorithm, struct error *e)
{
	const size_t keep = journal_length(j), page = page_bytes();
	struct swapdev made = { .kind = kind, .priority = priority };
	uint64_t whole;
	int rc;

	made.bytes = (bytes + page - 1) / page * page;
	whole = made.bytes + page; /* the header's page is not usable */
	if (kind == SWAP_ZRAM) {
		rc = make_zram(j, whole, algorithm, made.path, sizeof(made.path), e);
	} else {
		rc = resolve(path, made.path, sizeof(made.path), e);
		if (!rc)
			rc = journal_note(j, JOURNAL_FILE, made.path, NULL, NULL, e);
		if (!rc)
			rc = make_file(made.path, whole, e);
	}
	if (!rc)
		rc = write_header(made.path, whole, e);
	if (!rc)
		rc = switch_on(&made, j, e);
	if (rc) {
		(void)journal_undo(j, keep, NULL); /* the first error is the one to tell */
		return rc;
	}
	*s = made;
	return 0;
}

int swapdev_remove(struct swapdev *s, struct journal *j, struct error *e)
{
	char algorithm[128];
	int rc;

	if (!s->path[0])
		return 0;
	rc = journal_undo_one(j, JOURNAL_SWAP, s->path, e);
	if (rc)
		return rc;
	s->on = false;
	if (s->kind == SWAP_ZRAM) {
		rc = journal_undo_one(j, JOURNAL_ZRAM, s->path, e);
		snprintf(algorithm, sizeof(algorithm), "/sys/block/%.64s/comp_algorithm",
			 s->path + strlen("/dev/"));
		if (!rc)
			rc = journal_undo_one(j, JOURNAL_SETTING, algorithm, e);
	} else {
		rc = journal_undo_one(j, JOURNAL_FILE, s->path, e);
	}
	if (!rc)
		*s = (struct swapdev){ .kind = SWAP_NONE };
	return rc;
}
