// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes, measures and removes the run's private swap device. It is undone through the journal,
 * in undo.c, so that there is one way to undo.
 */
#include "config.h"
#include "harness/machine/swapdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/machine/identity.h"
#include "harness/machine/ownfile.h"
#include "harness/machine/swapheader.h"
#include "harness/machine/swaps.h"
#include "harness/machine/sysfile.h"
#include "harness/machine/undo.h"

#define NODE_TRIES    100 /* times NODE_PAUSE_NS: 2 s for devtmpfs or udev */
#define NODE_PAUSE_NS 20000000L
#define ZERO_BYTES    (1u << 20)
#define HOT_ADD	      "/sys/class/zram-control/hot_add"
#define HOT_REMOVE    "/sys/class/zram-control/hot_remove"

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- /proc/swaps ---- */

static int match(const struct swap_entry *swap, void *context)
{
	struct swap_entry *found = context;

	if (strcmp(swap->path, found->path))
		return 0;
	*found = *swap;
	return 1;
}

static int look_up(const char *path, struct swap_entry *swap, struct error *e)
{
	int ret;

	snprintf(swap->path, sizeof(swap->path), "%s", path);
	ret = swaps_each(match, swap);
	if (ret < 0)
		return error_set(e, -ret, "cannot read /proc/swaps: %s", strerror(-ret));
	if (!ret)
		return error_set(e, ENOENT,
				 "%s is not in /proc/swaps: another process switched it off",
				 path);
	return 0;
}

/* ---- the header ---- */

/* The random UUID that proves the swap to be ours, as text and as in the header. */
struct swap_uuid {
	char text[TOKEN_BYTES];
	unsigned char byte[SWAPHEADER_UUID_BYTES];
};

static int draw_uuid(struct swap_uuid *uuid, struct error *e)
{
	int ret = token_make(uuid->text);

	if (ret)
		return error_set(e, -ret, "cannot draw a UUID: %s", strerror(-ret));
	for (size_t i = 0; i < sizeof(uuid->byte); i++)
		sscanf(uuid->text + 2 * i, "%2hhx", &uuid->byte[i]);
	return 0;
}

/* ---- what is being made ---- */

struct making {
	const struct swap_request *request;
	struct journal *j;
	struct swap_uuid uuid;
	uint64_t whole_bytes; /* with the header's page, which is not usable */
	struct swapdev dev;   /* as far as it is made */
};

/* identity: of what it is written to. */
static int write_header(const struct making *m, int fd, const char *identity, struct error *e)
{
	const size_t page = page_bytes();
	char mark[SWAPHEADER_TEXT_BYTES];
	char *first = calloc(1, page);
	int ret = 0;

	if (!first) {
		ret = error_set(e, ENOMEM, "no memory for a swap header");
	} else if (swapheader_fill(first, page, m->whole_bytes, SWAPS_LABEL, m->uuid.byte)) {
		ret = error_set(e, EINVAL, "%s is too small or too large for swap: %llu bytes",
				m->dev.path, (unsigned long long)m->whole_bytes);
	} else {
		/* Without the mark the journal alone proves it. */
		if (!swaps_print_mark(identity, mark, sizeof(mark)))
			swapheader_put_text(first, mark);
		if (pwrite(fd, first, page, 0) != (ssize_t)page || fsync(fd))
			ret = error_set(e, EIO, "cannot write the swap header of %s: %s",
					m->dev.path, strerror(errno));
	}
	free(first);
	return ret;
}

static int write_device_header(const struct making *m, struct error *e)
{
	const char *path = m->dev.path;
	char identity[IDENTITY_BYTES];
	int ret, fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return error_set(e, errno, "cannot open %s for the swap header: %s", path,
				 strerror(errno));
	ret = swaps_identity(path, identity, sizeof(identity));
	if (ret)
		ret = error_set(e, -ret, "cannot stat %s: %s", path, strerror(-ret));
	else
		ret = write_header(m, fd, identity, e);
	close(fd);
	return ret;
}

/* ---- a file ---- */

static int write_zeros(int fd, uint64_t bytes)
{
	char *zeros = calloc(1, ZERO_BYTES);
	uint64_t done = 0;
	int ret = 0;

	if (!zeros)
		return -ENOMEM;
	while (!ret && done < bytes) {
		const size_t step = bytes - done < ZERO_BYTES ? bytes - done : ZERO_BYTES;
		const ssize_t n = pwrite(fd, zeros, step, (off_t)done);

		if (n <= 0)
			ret = n ? -errno : -EIO;
		else
			done += (uint64_t)n;
	}
	free(zeros);
	return ret;
}

/* Checked beforehand: fallocate(2) would fill the disk before it fails. */
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
	return error_set(
		e, ENOSPC,
		"no room for a swap file of %llu bytes at %s: free some, or choose another place with [swap] path",
		(unsigned long long)bytes, path);
}

/* Without holes: swapon(2) refuses them. Allocated but unwritten is no hole to it. */
static int fill_file(int fd, const char *path, uint64_t bytes, struct error *e)
{
	int ret = fallocate(fd, 0, 0, (off_t)bytes) ? -errno : 0;

	if (ret == -EOPNOTSUPP)
		ret = write_zeros(fd, bytes);
	if (ret == -ENOSPC)
		return no_room(path, bytes, e);
	if (ret)
		return error_set(e, -ret, "cannot fill the swap file %s: %s", path,
				 strerror(-ret));
	return 0;
}

/* Filled, and with its header, before it has a name: killed meanwhile, nothing is left. */
static int make_file(const struct making *m, struct error *e)
{
	const char *path = m->dev.path;
	char identity[IDENTITY_BYTES];
	struct ownfile file;
	int ret;

	if (!has_room(path, m->whole_bytes))
		return no_room(path, m->whole_bytes, e);
	ret = ownfile_begin(&file, path, m->j, e);
	if (!ret)
		ret = fill_file(file.fd, path, m->whole_bytes, e);
	if (!ret && (ret = identity_of(file.fd, "", identity, sizeof(identity))))
		(void)error_set(e, -ret, "cannot stat %s: %s", path, strerror(-ret));
	if (!ret)
		ret = write_header(m, file.fd, identity, e);
	if (!ret)
		ret = ownfile_publish(&file, m->j, e);
	ownfile_close(&file, m->j);
	return ret;
}

/*
 * Where the file will be, as /proc/swaps will name it. A directory gets a file of our
 * naming; another name than ours is refused: what the journal lists must look like ours too.
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
				 "the name of the swap file %s must begin with " SWAPS_LABEL
				 "; or give only its directory",
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

/* num_devices=0: none but ours is made. The module stays loaded: others may use it by then. */
static void load_module(void)
{
	char *const arguments[] = { "modprobe", "-q", "zram", "num_devices=0", NULL };
	char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	pid_t pid;

	/* Whether it worked shows in /sys; without modprobe there is nothing to do. */
	if (!posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, arguments, environment))
		(void)waitpid(pid, NULL, 0);
}

struct zram {
	unsigned number;
	char name[32];
	bool found; /* not made by us */
};

static int note_zram(const struct making *m, const struct zram *z, struct error *e)
{
	char identity[IDENTITY_BYTES], whole[IDENTITY_BYTES + TOKEN_BYTES], size[32];
	struct journal_act act = { .kind = JOURNAL_ZRAM,
				   .what = z->name,
				   .before = z->found ? "found" : "made",
				   .after = size,
				   .identity = whole };
	int ret = swaps_identity(z->name, identity, sizeof(identity));

	if (ret)
		return error_set(e, -ret, "cannot stat %s: %s", z->name, strerror(-ret));
	snprintf(size, sizeof(size), "%llu", (unsigned long long)m->whole_bytes);
	snprintf(whole, sizeof(whole), "%s %s", identity, m->uuid.text);
	return journal_note(m->j, &act, e);
}

/* An intent first: hot_add names its device only by making it. */
static int hot_add(const struct making *m, struct zram *z, struct error *e)
{
	char text[256];
	const struct journal_act intent = { .kind = JOURNAL_ZRAM,
					    .what = "/dev/zram*",
					    .before = text };
	int ret;

	list_zram(text, sizeof(text));
	ret = journal_note(m->j, &intent, e);
	if (ret)
		return ret;
	ret = sysfile_read("", HOT_ADD, text, sizeof(text));
	if (ret)
		return error_set(e, EOPNOTSUPP,
				 "cannot add a zram device through " HOT_ADD ": %s",
				 strerror(-ret));
	z->number = (unsigned)strtoul(text, NULL, 10);
	snprintf(z->name, sizeof(z->name), "/dev/zram%u", z->number);
	ret = note_zram(m, z, e);
	if (ret) { /* only we know yet that it is ours */
		(void)sysfile_write("", HOT_REMOVE, text);
		return ret;
	}
	return journal_forget(m->j, JOURNAL_ZRAM, "/dev/zram*", e);
}

/* Older kernels and modules with a fixed number: one that is not initialised. */
static int find_unused(struct zram *z)
{
	char path[64], size[32];

	for (unsigned i = 0; i < 128; i++) {
		snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", i);
		if (!sysfile_read("", path, size, sizeof(size)) && !strcmp(size, "0")) {
			z->number = i;
			snprintf(z->name, sizeof(z->name), "/dev/zram%u", i);
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
		(void)nanosleep(&pause, NULL); /* a signal only shortens the pause */
	}
	return -ENODEV;
}

static int set_algorithm(const struct making *m, const struct zram *z, struct error *e)
{
	const char *algorithm = m->request->algorithm;
	char path[64], now[64];
	const struct journal_act act = {
		.kind = JOURNAL_SETTING, .what = path, .before = now, .after = algorithm
	};
	int ret;

	snprintf(path, sizeof(path), "/sys/block/zram%u/comp_algorithm", z->number);
	ret = sysfile_read("", path, now, sizeof(now));
	if (!ret && z->found)
		ret = journal_note(m->j, &act, e);
	if (!ret)
		ret = sysfile_write("", path, algorithm);
	if (!ret)
		ret = sysfile_read("", path, now, sizeof(now));
	if (ret || strcmp(now, algorithm))
		return error_set(e, EOPNOTSUPP,
				 "zram cannot compress with %s here: %s lists its algorithms",
				 algorithm, path);
	return 0;
}

static int size_zram(const struct making *m, const struct zram *z, struct error *e)
{
	char path[64], size[32];
	int ret;

	snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", z->number);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)m->whole_bytes);
	ret = sysfile_write("", path, size);
	if (ret == -EBUSY)
		return error_set(e, EBUSY, "another process has just taken %s: try again",
				 z->name);
	if (ret)
		return error_set(e, -ret, "cannot give %s a size of %s bytes: %s", z->name,
				 size, strerror(-ret));
	return 0;
}

static int choose_zram(const struct making *m, struct zram *z, struct error *e)
{
	if (access("/sys/block/zram0", F_OK) && access(HOT_ADD, F_OK))
		load_module();
	z->found = access(HOT_ADD, R_OK);
	if (z->found && find_unused(z))
		return error_set(
			e, EOPNOTSUPP,
			"no zram device is free and none can be added: load the zram module, run as root, or use [swap] type = file");
	return z->found ? note_zram(m, z, e) : hot_add(m, z, e);
}

static int make_zram(struct making *m, struct error *e)
{
	const char *algorithm = m->request->algorithm;
	struct zram z;
	int ret = choose_zram(m, &z, e);

	if (ret)
		return ret;
	snprintf(m->dev.path, sizeof(m->dev.path), "%s", z.name);
	if (wait_for_node(z.name))
		return error_set(e, EOPNOTSUPP,
				 "%s exists in /sys but has no usable device node", z.name);
	if (algorithm && algorithm[0])
		ret = set_algorithm(m, &z, e);
	if (!ret)
		ret = size_zram(m, &z, e);
	return ret ? ret : write_device_header(m, e);
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
			"cannot swap on %s: its file system takes no swap files; choose another place with [swap] path, or [swap] type = zram",
			s->path);
	if (code == ENOSYS)
		return error_set(e, EOPNOTSUPP, "this kernel is built without swap");
	return error_set(e, code, "cannot swap on %s: %s", s->path, strerror(code));
}

/* Through a descriptor: a file renamed over ours meanwhile is not taken for it. */
static int swap_on(const char *path, int flags, const struct swap_uuid *uuid)
{
	struct swap_mark mark;
	char through[64];
	int ret = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	snprintf(through, sizeof(through), "/proc/self/fd/%d", fd);
	if (swaps_read_mark_fd(fd, &mark) || strcmp(mark.uuid, uuid->text))
		ret = -ESTALE;
	else if (swapon(through, flags))
		ret = -errno;
	close(fd);
	return ret;
}

static int switch_on(struct making *m, struct error *e)
{
	struct swapdev *s = &m->dev;
	const struct journal_act act = { .kind = JOURNAL_SWAP,
					 .what = s->path,
					 .identity = m->uuid.text };
	struct swap_entry swap;
	int flags = 0, ret;

	if (s->priority >= 0)
		flags = SWAP_FLAG_PREFER |
			((s->priority << SWAP_FLAG_PRIO_SHIFT) & SWAP_FLAG_PRIO_MASK);
	ret = journal_note(m->j, &act, e);
	if (ret)
		return ret;
	ret = swap_on(s->path, flags, &m->uuid);
	if (ret)
		return refused(s, -ret, e);
	ret = look_up(s->path, &swap, e);
	if (ret)
		return ret;
	if (swap.bytes < s->bytes)
		return error_set(e, EIO, "%s should hold %llu bytes of swap but holds %llu",
				 s->path, (unsigned long long)s->bytes,
				 (unsigned long long)swap.bytes);
	s->bytes = swap.bytes;
	s->priority = swap.priority;
	s->on = true;
	return 0;
}

int swapdev_make(struct swapdev *s, struct journal *j, const struct swap_request *request,
		 struct error *e)
{
	const size_t keep = journal_length(j), page = page_bytes();
	struct making m = { .request = request,
			    .j = j,
			    .dev = { .kind = request->kind, .priority = request->priority } };
	int ret = draw_uuid(&m.uuid, e);

	if (ret)
		return ret;
	m.dev.bytes = (request->bytes + page - 1) / page * page;
	m.whole_bytes = m.dev.bytes + page;
	if (request->kind == SWAP_ZRAM)
		ret = make_zram(&m, e);
	else if (!(ret = resolve(request->path, m.dev.path, sizeof(m.dev.path), e)))
		ret = make_file(&m, e);
	if (!ret)
		ret = switch_on(&m, e);
	if (ret) {
		(void)journal_undo(j, keep, NULL); /* *e keeps the first error */
		return ret;
	}
	*s = m.dev;
	return 0;
}

int swapdev_remove(struct swapdev *s, struct journal *j, struct error *e)
{
	char algorithm[128];
	int ret;

	if (!s->path[0])
		return 0;
	ret = journal_undo_one(j, JOURNAL_SWAP, s->path, e);
	if (ret)
		return ret;
	s->on = false;
	if (s->kind == SWAP_ZRAM) {
		ret = journal_undo_one(j, JOURNAL_ZRAM, s->path, e);
		snprintf(algorithm, sizeof(algorithm), "/sys/block/%.64s/comp_algorithm",
			 s->path + strlen("/dev/"));
		if (!ret)
			ret = journal_undo_one(j, JOURNAL_SETTING, algorithm, e);
	} else {
		ret = journal_undo_one(j, JOURNAL_FILE, s->path, e);
	}
	if (!ret)
		*s = (struct swapdev){ .kind = SWAP_NONE };
	return ret;
}
