// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads of a file next to the results: rows c1 to c3. The cache workload makes the file
 * and syncs it; cold means POSIX_FADV_DONTNEED on it before every read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/loops.h"
#include "bench/row.h"

#define COLD  (1024 * MB)
#define WARM  (256 * MB)
#define DEPTH 16 /* threads with O_DIRECT, 1 MiB each */

struct file {
	int fd;
	const void *map;
};

static int file_begin(struct job *j)
{
	static struct file file;
	int ret = engine_prepare(&j->engine, "cache", j->row->settings, &j->env);

	if (ret)
		return ret;
	snprintf(j->path, sizeof(j->path), "%s/cache-worker", j->env.scratch_dir);
	file.fd = open(j->path, O_RDONLY | O_CLOEXEC);
	if (file.fd < 0)
		return -errno;
	j->state = &file;
	return 0;
}

static void file_end(struct job *j)
{
	engine_release(&j->engine); /* takes the file away; the process ends here */
}

/* One pass through each mapping, so that the timed pass takes no fault. */
static int mapped_begin(struct job *j)
{
	int ret = file_begin(j);
	struct file *file = j->state;
	void *map;

	if (ret)
		return ret;
	map = mmap(NULL, j->row->amount, PROT_READ, MAP_SHARED, file->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	file->map = map;
	(void)loop_load_lines(map, j->row->amount);
	return engine_run(&j->engine);
}

static int make_cold(const struct job *j)
{
	const struct file *file = j->state;

	return posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static double ours(struct job *j)
{
	return engine_run(&j->engine) ? 0 : (double)engine_slot(&j->engine, "last_pass_ns");
}

static double ours_cold(struct job *j)
{
	errno = make_cold(j);
	return errno ? 0 : ours(j);
}

static double direct(struct job *j)
{
	return (double)loop_direct(j->path, j->row->amount, DEPTH);
}

static double pread_all(struct job *j)
{
	const struct file *file = j->state;

	return (double)loop_pread(file->fd, j->row->amount);
}

static double load_lines(struct job *j)
{
	const struct file *file = j->state;

	return (double)loop_load_lines(file->map, j->row->amount);
}

/* ---- peers ---- */

static double dd(struct job *j)
{
	char file[800];
	const char *const argv[] = { "dd", file, "of=/dev/null", "bs=1M", NULL };

	snprintf(file, sizeof(file), "if=%s", j->path);
	return peer_run(argv, NULL);
}

static double dd_cold(struct job *j)
{
	errno = make_cold(j);
	return errno ? 0 : dd(j);
}

static double vmtouch_cold(struct job *j)
{
	const char *const argv[] = { "vmtouch", "-q", "-t", j->path, NULL };

	errno = make_cold(j);
	return errno ? 0 : peer_run(argv, NULL);
}

static double fio(struct job *j, const char *engine)
{
	char file[800];
	const char *const argv[] = { "fio",	   "--name=peer",	 file,
				     "--readonly", "--rw=read",		 "--bs=1M",
				     engine,	   "--output=/dev/null", NULL };

	snprintf(file, sizeof(file), "--filename=%s", j->path);
	return peer_run(argv, NULL);
}

static double fio_cold(struct job *j)
{
	errno = make_cold(j);
	return errno ? 0 : fio(j, "--ioengine=psync");
}

static double fio_mmap(struct job *j)
{
	return fio(j, "--ioengine=mmap");
}

/* ---- the rows ---- */

const struct row file_rows[] = {
	{ .id = "c1",
	  .work = "cold read of 1 GiB, to O_DIRECT 16 deep",
	  .begin = file_begin,
	  .end = file_end,
	  .limit = direct,
	  .ours = ours_cold,
	  .settings = "size=1G",
	  .amount = COLD,
	  .target = 0.88,
	  .minimum = 0.70,
	  .pairs = 9,
	  .scratch = true,
	  .group_bytes = 1536 * MB,
	  .peer = { { "dd", "coreutils", dd_cold },
		    { "vmtouch", "vmtouch", vmtouch_cold },
		    { "fio", "fio", fio_cold } } },
	{ .id = "c2",
	  .work = "warm read, pread 1 MiB",
	  .begin = file_begin,
	  .end = file_end,
	  .limit = pread_all,
	  .ours = ours,
	  .settings = "size=256M warm=100%",
	  .amount = WARM,
	  .target = 0.98,
	  .scratch = true,
	  .peer = { { "dd", "coreutils", dd } } },
	{ .id = "c3",
	  .work = "warm mapped loads, every line",
	  .begin = mapped_begin,
	  .end = file_end,
	  .limit = load_lines,
	  .ours = ours,
	  .settings = "size=256M warm=100% method=mmap loads=line",
	  .amount = WARM,
	  .target = 0.97,
	  .scratch = true,
	  .peer = { { "fio", "fio", fio_mmap } } },
	{ .id = NULL },
};
