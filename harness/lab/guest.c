// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Process 1 of a guest: reads its specification, sets it up, runs the command, sends the
 * results and waits for the host to end it.
 */
#include "harness/lab/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/lab/blob.h"
#include "harness/lab/guest_part.h"
#include "workloads/api/arith.h"

#define LAST_FRAME_BOUND_MS (60 * 1000)

static int read_words(const char *path, struct words *words, struct error *e)
{
	struct blob content = { 0 };
	int ret = blob_read_file(&content, path);

	if (ret)
		ret = error_set(e, -ret, "%s: %s", path, strerror(-ret));
	for (size_t at = 0; !ret && at < content.size; at += strlen(content.data + at) + 1)
		words_add(words, content.data + at);
	blob_release(&content);
	return ret ? ret : words_error(words);
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
	const struct {
		const char *path;
		struct words *words;
	} lists[] = {
		{ GUEST_ARGV_PATH, &guest->argv },
		{ GUEST_ENVIRON_PATH, &guest->environment },
		{ GUEST_COLLECT_PATH, &guest->collect },
		{ GUEST_MODULES_PATH, &guest->modules },
	};
	struct blob text = { 0 };
	int ret = blob_read_file(&text, GUEST_SPEC_PATH);

	if (ret)
		ret = error_set(e, -ret, "%s: %s", GUEST_SPEC_PATH, strerror(-ret));
	else
		ret = guest_spec_parse(text.data, &guest->spec, e);
	blob_release(&text);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(lists); i++)
		ret = read_words(lists[i].path, lists[i].words, e);
	return ret;
}

static int guest_open_port(struct guest *guest, struct error *e)
{
	guest->port_fd = guest_open_device("/dev/vport0p1", O_RDWR, e);
	if (guest->port_fd < 0)
		return guest->port_fd;
	return channel_write(guest->port_fd, CHANNEL_HELLO, NULL, 0);
}

static int guest_set_up(struct guest *guest, struct error *e)
{
	int ret = guest_mount_cgroups(guest->spec.cgroup, e);

	if (!ret)
		ret = guest_mount_disk(&guest->spec, e);
	if (!ret)
		ret = guest_add_swap(&guest->spec, e);
	if (ret)
		return ret;
	raise_loopback();
	if (chdir(guest->spec.directory))
		return error_set(e, errno, "cannot enter %s: %s", guest->spec.directory,
				 strerror(errno));
	/* Under global pressure the one that reports must not wait for its own pages. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return error_set(e, errno, "mlockall: %s", strerror(errno));
	return 0;
}

static void block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static int guest_run(struct guest *guest, struct error *e)
{
	int status = 0;
	int ret = 0;

	channel_write(guest->port_fd, CHANNEL_READY, NULL, 0);
	if (guest->argv.nr)
		ret = guest_run_command(guest, &status, e);
	if (!ret && guest->spec.shell)
		ret = guest_run_shell(guest, e);
	for (size_t i = 0; !ret && i < guest->collect.nr; i++)
		guest_send_tree(guest, guest->collect.item[i]);
	if (guest->loss.text[0])
		channel_write(guest->port_fd, CHANNEL_LOSS, guest->loss.text,
			      strlen(guest->loss.text));
	if (!ret) {
		uint32_t word = (uint32_t)status;

		channel_write(guest->port_fd, CHANNEL_STATUS, &word, sizeof(word));
	}
	return ret;
}

static void report_failure(const struct guest *guest, const struct error *e)
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
	if (guest_mount_kernel(&e) || guest_read_spec(&guest, &e) ||
	    guest_load_modules(&guest, &e) || guest_open_port(&guest, &e) ||
	    guest_set_up(&guest, &e) || guest_run(&guest, &e))
		report_failure(&guest, &e);
	if (guest.port_fd >= 0) {
		char tally[CHANNEL_TALLY_BYTES];

		channel_put_tally(tally, &guest.tally);
		channel_write(guest.port_fd, CHANNEL_END, tally, sizeof(tally));
		wait_for_the_host(guest.port_fd);
	}
	reboot(RB_POWER_OFF);
	_exit(1);
}
