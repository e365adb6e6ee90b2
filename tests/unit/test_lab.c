// SPDX-License-Identifier: GPL-2.0-or-later
/* Promises of the pure parts of harness/lab/: the request, qemu's arguments, the guest's
 * messages. */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness/base/guestword.h"
#include "harness/lab/channel.h"
#include "harness/lab/collector.h"
#include "harness/lab/debian.h"
#include "harness/lab/elf.h"
#include "harness/lab/guest_spec.h"
#include "harness/lab/initramfs.h"
#include "harness/lab/kernel.h"
#include "harness/lab/lab.h"
#include "harness/lab/qemu.h"
#include "harness/machine/swapheader.h"
#include "workloads/api/arith.h"

#define M (1ull << 20)
#define G (1ull << 30)

/* ---- swap ---- */

static void swap_is_a_size_with_or_without_its_kind(void **state)
{
	static const struct {
		const char *text;
		enum guest_swap kind;
		uint64_t bytes;
	} good[] = {
		{ "none", GUEST_SWAP_NONE, 0 },	   { "512M", GUEST_SWAP_FILE, 512 * M },
		{ "file:1G", GUEST_SWAP_FILE, G }, { "zram:64M", GUEST_SWAP_ZRAM, 64 * M },
		{ "ram:1M", GUEST_SWAP_RAM, M },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		enum guest_swap kind = GUEST_SWAP_NONE;
		uint64_t bytes = 1;

		assert_int_equal(lab_parse_swap(good[i].text, &kind, &bytes, NULL), 0);
		assert_int_equal(kind, good[i].kind);
		assert_int_equal(bytes, good[i].bytes);
	}
}

static void a_swap_that_cannot_be_names_the_option(void **state)
{
	static const char *const bad[] = { "",	    "disk:512M", "zram", "zram:",
					   "512MB", "none:1M",	 "4097", "file:4K" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		enum guest_swap kind = GUEST_SWAP_RAM;
		uint64_t bytes = 1;
		struct error e = { 0 };

		assert_int_equal(lab_parse_swap(bad[i], &kind, &bytes, &e), -EINVAL);
		assert_non_null(strstr(e.text, "--swap="));
		assert_int_equal(kind, GUEST_SWAP_RAM);
		assert_int_equal(bytes, 1);
	}
}

static void the_swap_header_holds_the_last_page_and_the_magic(void **state)
{
	static char page[4096];
	uint32_t info[3];

	(void)state;
	memset(page, 0x55, sizeof(page));
	assert_int_equal(swapheader_fill(page, sizeof(page), M, "label", NULL), 0);
	memcpy(info, page + 1024, sizeof(info));
	assert_int_equal(info[0], 1);
	assert_int_equal(info[1], M / 4096 - 1);
	assert_int_equal(info[2], 0);
	assert_memory_equal(page + 4096 - 10, "SWAPSPACE2", 10);
	assert_int_equal(page[0], 0);
	assert_true(swapheader_is(page, sizeof(page), "label"));
	assert_false(swapheader_is(page, sizeof(page), "another"));
	page[4096 - 1] = '1';
	assert_false(swapheader_is(page, sizeof(page), "label"));
}

static void an_area_of_nine_pages_is_no_swap(void **state)
{
	static char page[4096];

	(void)state;
	assert_int_equal(swapheader_fill(page, sizeof(page), 9 * 4096, "", NULL), -EINVAL);
	assert_int_equal(swapheader_fill(page, sizeof(page), 10 * 4096, "", NULL), 0);
}

/* ---- before a boot ---- */

static struct lab_request small_request(void)
{
	struct lab_request request = {
		.arch = arch_here(),
		.shape = { .nr_nodes = 1,
			   .node = { { .memory_bytes = 256 * M, .nr_cpus = 1 } } },
		.kernel = { .release = "6.12.1-cloud-amd64",
			    .modules = "/lib/modules/6.12.1-cloud-amd64",
			    .major = 6,
			    .minor = 12 },
	};

	return request;
}

static void cgroup_v1_on_a_kernel_without_it_is_refused(void **state)
{
	struct lab_request request = small_request();
	struct error e = { 0 };

	(void)state;
	request.cgroup = GUEST_CGROUP_V1;
	assert_int_equal(lab_check(&request, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--cgroup=v1"));
	assert_non_null(strstr(e.text, "6.12.1"));
	request.cgroup = GUEST_CGROUP_V2;
	assert_int_equal(lab_check(&request, NULL), 0);
	request.cgroup = GUEST_CGROUP_V2_HUGETLB;
	assert_int_equal(lab_check(&request, NULL), 0);
	request.cgroup = GUEST_CGROUP_HYBRID;
	request.kernel.has_cgroup_v1 = true;
	assert_int_equal(lab_check(&request, NULL), 0);
}

static void more_memory_than_the_host_has_is_refused(void **state)
{
	struct lab_request request = small_request();
	struct error e = { 0 };

	(void)state;
	request.shape.node[0].memory_bytes = 1ull << 50;
	assert_int_equal(lab_check(&request, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--memory"));
}

static void a_ram_disk_larger_than_half_the_guest_is_refused(void **state)
{
	struct lab_request request = small_request();
	struct error e = { 0 };

	(void)state;
	request.swap = GUEST_SWAP_RAM;
	request.swap_bytes = 130 * M;
	assert_int_equal(lab_check(&request, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--swap"));
	request.swap_bytes = 128 * M;
	assert_int_equal(lab_check(&request, NULL), 0);
}

static void the_guest_is_described_in_one_line(void **state)
{
	struct lab_request request = small_request();
	char text[256];

	(void)state;
	request.swap = GUEST_SWAP_ZRAM;
	request.swap_bytes = 64 * M;
	lab_describe(&request, text, sizeof(text));
	assert_string_equal(text,
			    "nodes=1 memory=268435456 node_memory=256M node_cpus=1 "
			    "swap=zram:67108864 kernel=6.12.1-cloud-amd64 cgroup=v2 accel=tcg");
}

/* ---- qemu ---- */

static void join(const struct words *argv, char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < argv->nr; i++)
		used += (size_t)snprintf(text + used, size - used, "%s ", argv->item[i]);
}

static const char *const qemu_words[] = {
	"-m 1536M -smp 3,sockets=3,cores=1,threads=1",
	"memory-backend-ram,id=ram0,size=1073741824",
	"node,nodeid=0,memdev=ram0,cpus=0-1",
	"node,nodeid=1,memdev=ram1 ",
	"node,nodeid=2,cpus=2-2",
	"socket,id=console,fd=8",
	"socket,id=channel,fd=9",
	"-kernel /k -initrd /proc/self/fd/7",
	"rdinit=/init pagestorm.lab no_timer_check extra=1",
	"-accel tcg,thread=multi -cpu max",
	"-no-reboot",
};

static void qemu_gets_nodes_distances_and_channels(void **state)
{
	struct shape shape = {
		.nr_nodes = 3,
		.node = { { G, 2 }, { 512 * M, 0 }, { 0, 1 } },
	};
	struct qemu_config config = { .arch = arch_named("x86_64"),
				      .shape = &shape,
				      .kernel_path = "/k",
				      .append = "extra=1",
				      .initramfs_fd = 7,
				      .console_fd = 8,
				      .channel_fd = 9,
				      .disk_fd = -1 };
	struct words argv = { 0 };
	char text[8192];

	(void)state;
	qemu_arguments(&config, &argv);
	assert_int_equal(words_error(&argv), 0);
	assert_string_equal(argv.item[0], "qemu-system-x86_64");
	join(&argv, text, sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(qemu_words); i++)
		if (!strstr(text, qemu_words[i]))
			fail_msg("no '%s' in %s", qemu_words[i], text);
	assert_null(strstr(text, "dist,"));
	assert_null(strstr(text, "virtio-blk"));
	words_release(&argv);

	shape.has_distances = true;
	shape.distance[2][1] = 77;
	config.disk_fd = 5;
	config.kvm = true;
	qemu_arguments(&config, &argv);
	join(&argv, text, sizeof(text));
	assert_non_null(strstr(text, "dist,src=2,dst=1,val=77"));
	assert_non_null(strstr(text, "file=/proc/self/fd/5,format=raw"));
	assert_non_null(strstr(text, "-accel kvm"));
	words_release(&argv);
}

/* ---- channel ---- */

static void frames_come_out_as_they_went_in(void **state)
{
	static char big[CHANNEL_PAYLOAD_MAX + 5];
	struct blob received = { 0 };
	struct channel_frame frame;
	size_t at = 0, big_size = 0;
	int ends[2];

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(channel_write(ends[1], CHANNEL_STDOUT, "out", 3), 0);
	assert_int_equal(channel_write(ends[1], CHANNEL_END, NULL, 0), 0);
	assert_int_equal(channel_write(ends[1], CHANNEL_CONTENT, big, sizeof(big)), 0);
	close(ends[1]);
	assert_int_equal(blob_read_fd(&received, ends[0]), 0);
	close(ends[0]);

	assert_int_equal(channel_next(&received, &at, &frame), 1);
	assert_int_equal(frame.type, CHANNEL_STDOUT);
	assert_int_equal(frame.size, 3);
	assert_memory_equal(frame.payload, "out", 3);
	assert_int_equal(channel_next(&received, &at, &frame), 1);
	assert_int_equal(frame.type, CHANNEL_END);
	assert_int_equal(frame.size, 0);
	while (channel_next(&received, &at, &frame) == 1) {
		assert_int_equal(frame.type, CHANNEL_CONTENT);
		big_size += frame.size;
	}
	assert_int_equal(big_size, sizeof(big));
	assert_int_equal(at, received.size);
	blob_release(&received);
}

static void half_a_frame_waits_for_the_rest(void **state)
{
	char bytes[CHANNEL_HEADER_BYTES + 4];
	struct blob received = { 0 };
	struct channel_frame frame;
	size_t at = 0;

	(void)state;
	channel_header(bytes, CHANNEL_STATUS, 4);
	memset(bytes + CHANNEL_HEADER_BYTES, 0, 4);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(received.size ? channel_next(&received, &at, &frame) : 0, 0);
		assert_int_equal(blob_append(&received, bytes + i, 1), 0);
	}
	assert_int_equal(channel_next(&received, &at, &frame), 1);
	blob_release(&received);
}

static void noise_is_not_taken_for_a_frame(void **state)
{
	static const char *const noise[] = { "[    0.00] Linux", "o\1\0\0\3\0\0\0abc",
					     "o\0\0\0\xff\xff\xff\xff", "\0\0\0\0\0\0\0\0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(noise); i++) {
		struct blob received = { 0 };
		struct channel_frame frame;
		size_t at = 0;

		blob_append(&received, noise[i], 8);
		assert_int_equal(channel_next(&received, &at, &frame), -EPROTO);
		blob_release(&received);
	}
}

/* A guest's frames for a command that prints on both streams and leaves two files. */
static const struct {
	enum channel_type type;
	const char *payload;
	const char *missed; /* how the host names it when this frame is lost */
} said[] = {
	{ CHANNEL_READY, "", NULL },
	{ CHANNEL_STDOUT, "1\n", "2 bytes of stdout, and 0 arrived" },
	{ CHANNEL_STDERR, "note\n", "5 bytes of stderr, and 0 arrived" },
	{ CHANNEL_DIRECTORY, "/r", NULL },
	{ CHANNEL_FILE, "/r/a", "2 files of the results, and 1 arrived" },
	{ CHANNEL_CONTENT, "abc", "3 bytes of the results, and 0 arrived" },
	{ CHANNEL_FILE, "/r/empty", "2 files of the results, and 1 arrived" },
};

#define NR_SAID (ARRAY_SIZE(said))

/* Sends all frames but one through a pipe and compares as the host does. */
static int receive_without(size_t lost, struct error *e)
{
	struct channel_tally sent = { 0 }, arrived = { 0 }, reported = { 0 };
	char payload[CHANNEL_TALLY_BYTES];
	struct blob received = { 0 };
	struct channel_frame frame;
	size_t at = 0;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	for (size_t i = 0; i < NR_SAID; i++) {
		channel_count(&sent, said[i].type, strlen(said[i].payload));
		if (i != lost)
			assert_int_equal(channel_write(ends[1], said[i].type, said[i].payload,
						       strlen(said[i].payload)),
					 0);
	}
	channel_put_tally(payload, &sent);
	assert_int_equal(channel_write(ends[1], CHANNEL_END, payload, sizeof(payload)), 0);
	close(ends[1]);
	assert_int_equal(blob_read_fd(&received, ends[0]), 0);
	close(ends[0]);
	while (channel_next(&received, &at, &frame) == 1 && frame.type != CHANNEL_END)
		channel_count(&arrived, frame.type, frame.size);
	assert_int_equal(channel_get_tally(&frame, &reported), 0);
	blob_release(&received);
	return channel_compare(&reported, &arrived, e);
}

static void a_lost_frame_of_any_stream_is_missed(void **state)
{
	(void)state;
	assert_int_equal(receive_without(NR_SAID, NULL), 0);
	for (size_t i = 0; i < NR_SAID; i++) {
		struct error e = { 0 };

		assert_int_equal(receive_without(i, &e), said[i].missed ? -EIO : 0);
		if (said[i].missed && !strstr(e.text, said[i].missed))
			fail_msg("no '%s' in '%s'", said[i].missed, e.text);
	}
}

static void an_end_without_a_tally_is_no_end(void **state)
{
	static const char payload[CHANNEL_TALLY_BYTES];
	const struct channel_frame wrong[] = {
		{ CHANNEL_END, payload, 0 },
		{ CHANNEL_END, payload, CHANNEL_TALLY_BYTES - 1 },
		{ CHANNEL_STATUS, payload, CHANNEL_TALLY_BYTES },
	};
	struct channel_tally tally = { .out_bytes = 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(channel_get_tally(&wrong[i], &tally), -EPROTO);
	assert_int_equal(tally.out_bytes, 7);
}

/* ---- guest ---- */

static void a_guest_reads_what_the_host_wrote(void **state)
{
	const struct guest_spec spec = { .cgroup = GUEST_CGROUP_HYBRID,
					 .swap = GUEST_SWAP_RAM,
					 .swap_bytes = 123456789012,
					 .disk = true,
					 .directory = "/a b/c=d",
					 .results = "/r" };
	struct guest_spec read = { 0 };
	char text[2 * PATH_MAX];

	(void)state;
	guest_spec_format(&spec, text, sizeof(text));
	assert_int_equal(guest_spec_parse(text, &read, NULL), 0);
	assert_int_equal(read.cgroup, spec.cgroup);
	assert_int_equal(read.swap, spec.swap);
	assert_int_equal(read.swap_bytes, spec.swap_bytes);
	assert_true(read.disk);
	assert_false(read.shell);
	assert_string_equal(read.directory, spec.directory);
	assert_string_equal(read.results, spec.results);
}

static void a_guest_refuses_what_it_does_not_know(void **state)
{
	static const char *const bad[] = { "cgroup=v3\n", "colour=red\n", "swap\n",
					   "swap=disk\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct guest_spec spec = { 0 };
		struct error e = { 0 };

		assert_int_equal(guest_spec_parse(bad[i], &spec, &e), -EINVAL);
		assert_non_null(strstr(e.text, GUEST_SPEC_PATH));
	}
}

/* ---- results ---- */

static void only_results_that_were_asked_for_are_written(void **state)
{
	static const struct {
		const char *path;
		bool accepted;
	} paths[] = {
		{ "/home/me/results", true },
		{ "/home/me/results/run/a.csv", true },
		{ "/home/me/results/..a/b", true },
		{ "/home/me/results2/a.csv", false },
		{ "/home/me/results/../.profile", false },
		{ "/home/me/results/..", false },
		{ "/home/me", false },
		{ "/etc/passwd", false },
		{ "results/a.csv", false },
		{ "", false },
	};
	struct words roots = { 0 };

	(void)state;
	words_add(&roots, "/home/me/results");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (collector_accepts(&roots, paths[i].path) != paths[i].accepted)
			fail_msg("%s", paths[i].path);
	words_release(&roots);
}

/* ---- programs, modules, kernels ---- */

static void libraries_are_read_from_the_loaders_list(void **state)
{
	static const char list[] =
		"\tlinux-vdso.so.1 (0x00007ffd)\n"
		"\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007fbe)\n"
		"\tlibx.so => not found\n"
		"\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007fbe)\n"
		"\t/lib64/ld-linux-x86-64.so.2 (0x00007fbebbd15000)\n";
	struct words paths = { 0 };

	(void)state;
	initramfs_parse_list(list, &paths);
	assert_int_equal(paths.nr, 2);
	assert_string_equal(paths.item[0], "/lib/x86_64-linux-gnu/libm.so.6");
	assert_string_equal(paths.item[1], "/lib64/ld-linux-x86-64.so.2");
	words_release(&paths);
}

static void the_libraries_of_this_program_exist(void **state)
{
	char program[PATH_MAX] = "";
	struct words paths = { 0 };

	(void)state;
	assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
	assert_int_equal(initramfs_libraries(program, &paths, NULL), 0);
	assert_true(paths.nr >= 3); /* loader, libc, cmocka */
	for (size_t i = 0; i < paths.nr; i++)
		assert_int_equal(access(paths.item[i], R_OK), 0);
	words_release(&paths);
}

/* An ELF header, three section headers and their content: what modinfo -F depends would read.
 */
struct fake_module {
	Elf64_Ehdr header;
	Elf64_Shdr section[3];
	char names[24];
	char modinfo[40];
};

static struct fake_module fake_module(void)
{
	struct fake_module module = {
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB },
			    .e_shoff = offsetof(struct fake_module, section),
			    .e_shnum = 3,
			    .e_shstrndx = 1 },
		.section = { { 0 },
			     { .sh_offset = offsetof(struct fake_module, names),
			       .sh_size = sizeof(module.names) },
			     { .sh_name = 1,
			       .sh_offset = offsetof(struct fake_module, modinfo),
			       .sh_size = sizeof(module.modinfo) } },
		.names = "\0.modinfo",
		.modinfo = "license=GPL\0depends=virtio,virtio_ring",
	};

	return module;
}

static void a_modules_dependencies_are_read(void **state)
{
	struct fake_module module = fake_module();
	struct words depends = { 0 };

	(void)state;
	assert_int_equal(elf_module_depends(&module, sizeof(module), &depends), 0);
	assert_int_equal(depends.nr, 2);
	assert_string_equal(depends.item[0], "virtio");
	assert_string_equal(depends.item[1], "virtio_ring");
	words_release(&depends);
}

static void a_damaged_module_is_refused_not_read_past_its_end(void **state)
{
	struct fake_module module;
	struct words depends = { 0 };

	(void)state;
	for (size_t size = 0; size < sizeof(module); size += 16) {
		module = fake_module();
		assert_int_equal(elf_module_depends(&module, size, &depends), -ENOEXEC);
	}
	module = fake_module();
	module.section[2].sh_size = 1ull << 40;
	assert_int_equal(elf_module_depends(&module, sizeof(module), &depends), -ENOEXEC);
	module = fake_module();
	module.section[2].sh_name = 0xffffffff;
	assert_int_equal(elf_module_depends(&module, sizeof(module), &depends), -ENOEXEC);
	assert_int_equal(depends.nr, 0);
}

static void the_release_is_read_from_a_bzimage(void **state)
{
	const struct arch *arch = arch_named("x86_64");
	struct arch_image read = { 0 };
	static char image[0x800];

	(void)state;
	assert_int_equal(arch->image(image, sizeof(image), &read), -ENOEXEC);
	memcpy(image + 0x202, (const char[]){ 'H', 'd', 'r', 'S' }, 4);
	image[0x20f] = 0x04; /* 0x400 + 0x200 */
	strcpy(image + 0x600, "6.1.0-56-cloud-amd64 (user@host) #1 SMP");
	assert_int_equal(arch->image(image, sizeof(image), &read), 0);
	assert_string_equal(read.release, "6.1.0-56-cloud-amd64");
	assert_int_equal(read.page_bytes, 4096);
	assert_int_equal(arch->image(image, 0x600, &read), -ENOEXEC);
}

static void release_and_page_size_are_read_from_an_arm64_image(void **state)
{
	static const unsigned page_bytes[] = { 0, 4096, 16384, 65536 };
	const struct arch *arch = arch_named("arm64");
	struct arch_image read = { 0 };
	static const char magic[] = { 'A', 'R', 'M', 0x64 };
	static char image[0x400];

	(void)state;
	assert_int_equal(arch->image(image, sizeof(image), &read), -ENOEXEC);
	memcpy(image + 56, magic, sizeof(magic));
	assert_int_equal(arch->image(image, sizeof(image), &read), -ENOEXEC);
	strcpy(image + 0x300, "Linux version 6.12.9+deb13-arm64-16k (a@b) #1");
	for (unsigned i = 0; i < 4; i++) {
		image[24] = (char)(0x8 | i << 1);
		assert_int_equal(arch->image(image, sizeof(image), &read), 0);
		assert_int_equal(read.page_bytes, page_bytes[i]);
	}
	assert_string_equal(read.release, "6.12.9+deb13-arm64-16k");
	assert_int_equal(arch->image(image, 0x310, &read), -ENOEXEC);
	assert_int_equal(arch->image(image, 40, &read), -ENOEXEC);
}

static void an_arm64_guest_has_its_own_qemu_machine_and_console(void **state)
{
	const struct shape shape = { .nr_nodes = 1, .node = { { G, 1 } } };
	const struct qemu_config config = {
		.arch = arch_named("arm64"), .shape = &shape, .kernel_path = "/k", .disk_fd = -1
	};
	struct words argv = { 0 };
	char text[8192];

	(void)state;
	qemu_arguments(&config, &argv);
	assert_string_equal(argv.item[0], "qemu-system-aarch64");
	join(&argv, text, sizeof(text));
	assert_non_null(strstr(text, "-machine virt,"));
	assert_non_null(strstr(text, "-cpu max,pauth-impdef=on "));
	assert_non_null(strstr(text, "console=ttyAMA0 "));
	assert_non_null(strstr(text, " " GUEST_WORD));
	words_release(&argv);
	assert_null(arch_named("riscv"));
}

static void swap_is_made_of_the_kernels_own_pages(void **state)
{
	struct lab_request request = small_request();
	struct error e = { 0 };

	(void)state;
	request.swap = GUEST_SWAP_ZRAM;
	request.swap_bytes = 16 * M + 4096;
	request.kernel.page_bytes = 16384;
	assert_int_equal(lab_check(&request, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--swap"));
	assert_non_null(strstr(e.text, "16K"));
	request.kernel.page_bytes = 4096;
	assert_int_equal(lab_check(&request, NULL), 0);
}

static void another_architecture_is_not_for_kvm(void **state)
{
	struct lab_request request = small_request();
	struct error e = { 0 };

	(void)state;
	request.arch = arch_known[1];
	request.kvm = true;
	assert_int_equal(lab_check(&request, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--kvm"));
	assert_non_null(strstr(e.text, arch_known[1]->name));
}

static void the_libraries_that_a_program_asks_for_are_read_from_it(void **state)
{
	char program[PATH_MAX] = "";
	struct words names = { 0 };
	struct blob image = { 0 };

	(void)state;
	assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
	assert_int_equal(blob_read_file(&image, program), 0);
	assert_int_equal(elf_machine(image.data, image.size), arch_here()->elf_machine);
	elf_needed(image.data, image.size, &names);
	assert_true(words_has(&names, "libc.so.6"));
	for (size_t i = 0; i < names.nr; i++)
		assert_null(strchr(names.item[i], '/'));
	assert_int_equal(elf_machine("text", 4), EM_NONE);
	blob_release(&image);
	words_release(&names);
}

static void a_kernels_name_differs_from_a_path(void **state)
{
	static const struct {
		const char *arch, *text, *version, *flavour, *suite;
	} names[] = {
		{ "x86_64", "5.10", "5.10", "cloud-amd64", "bullseye" },
		{ "x86_64", "6.1", "6.1", "cloud-amd64", "bookworm" },
		{ "x86_64", "6.1-full", "6.1", "amd64", "bookworm" },
		{ "x86_64", "6.12", "6.12", "cloud-amd64", "trixie" },
		{ "x86_64", "6.12-full", "6.12", "amd64", "trixie" },
		{ "x86_64", "newest", "", "cloud-amd64", "sid" },
		{ "x86_64", "newest-full", "", "amd64", "sid" },
		{ "x86_64", "6.5", "6.5", "cloud-amd64", NULL },
		{ "arm64", "6.12", "6.12", "cloud-arm64", "trixie" },
		{ "arm64", "6.12-full", "6.12", "arm64", "trixie" },
		{ "arm64", "newest-16k", "", "arm64-16k", "sid" },
	};
	static const char *const paths[] = { "6",      "6.1.0",	   "/boot/vmlinuz-6.1",
					     "",       "vmlinuz",  "newest.img",
					     "6.1-",   "6.1-huge", "6.123456",
					     "6.1-16k" };
	struct kernel_name name;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(
			kernel_name_parse(names[i].text, arch_named(names[i].arch), &name), 0);
		assert_string_equal(name.version, names[i].version);
		assert_string_equal(name.flavour, names[i].flavour);
		if (names[i].suite)
			assert_string_equal(kernel_name_suite(&name), names[i].suite);
		else
			assert_null(kernel_name_suite(&name));
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (kernel_name_parse(paths[i], arch_named("x86_64"), &name) != -EINVAL)
			fail_msg("'%s' was taken for a name", paths[i]);
}

static void a_release_is_of_a_name_by_version_and_flavour(void **state)
{
	static const struct {
		const char *name, *release;
		bool fits;
		const char *arch;
	} pairs[] = {
		{ "6.1", "6.1.0-57-cloud-amd64", true, "x86_64" },
		{ "6.1", "6.12.9+deb13-cloud-amd64", false, "x86_64" },
		{ "6.1", "6.1.0-57-amd64", false, "x86_64" },
		{ "6.1-full", "6.1.0-57-amd64", true, "x86_64" },
		{ "6.1-full", "6.1.0-57-cloud-amd64", false, "x86_64" },
		{ "6.1-full", "6.1.0-57-rt-amd64", false, "x86_64" },
		{ "6.1-full", "6.1.0-57-amd64-dbg", false, "x86_64" },
		{ "6.1-full", "6.1-amd64", false, "x86_64" },
		{ "newest", "7.2.13+deb14-cloud-amd64", true, "x86_64" },
		{ "newest", "cloud-amd64", false, "x86_64" },
		{ "newest", "", false, "x86_64" },
		{ "6.12-full", "6.12.9+deb13-arm64", true, "arm64" },
		{ "6.12-full", "6.12.9+deb13-arm64-16k", false, "arm64" },
		{ "6.12-16k", "6.12.9+deb13-arm64-16k", true, "arm64" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct kernel_name name;

		assert_int_equal(
			kernel_name_parse(pairs[i].name, arch_named(pairs[i].arch), &name), 0);
		if (kernel_name_fits(&name, pairs[i].release) != pairs[i].fits)
			fail_msg("%s, %s", pairs[i].name, pairs[i].release);
	}
}

static void the_mirror_is_the_first_of_debian_itself(void **state)
{
	char uri[64] = "", suite[64] = "";

	(void)state;
	assert_true(debian_mirror("http://a/node/ nodistro\n"
				  "cdrom:[Debian]/ bookworm\n"
				  "http://b/debian-security/ bookworm-security\n"
				  "http://b/debian/ bookworm\n"
				  "http://c/debian/ sid\n",
				  uri, suite, sizeof(suite)));
	assert_string_equal(uri, "http://b/debian/");
	assert_string_equal(suite, "bookworm");
	assert_false(debian_mirror("http://a/ubuntu/ noble\nhttp://a/x/\n", uri, suite,
				   sizeof(suite)));
	assert_false(debian_mirror("", uri, suite, sizeof(suite)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swap_is_a_size_with_or_without_its_kind),
		cmocka_unit_test(a_swap_that_cannot_be_names_the_option),
		cmocka_unit_test(the_swap_header_holds_the_last_page_and_the_magic),
		cmocka_unit_test(an_area_of_nine_pages_is_no_swap),
		cmocka_unit_test(cgroup_v1_on_a_kernel_without_it_is_refused),
		cmocka_unit_test(more_memory_than_the_host_has_is_refused),
		cmocka_unit_test(a_ram_disk_larger_than_half_the_guest_is_refused),
		cmocka_unit_test(the_guest_is_described_in_one_line),
		cmocka_unit_test(qemu_gets_nodes_distances_and_channels),
		cmocka_unit_test(frames_come_out_as_they_went_in),
		cmocka_unit_test(half_a_frame_waits_for_the_rest),
		cmocka_unit_test(noise_is_not_taken_for_a_frame),
		cmocka_unit_test(a_lost_frame_of_any_stream_is_missed),
		cmocka_unit_test(an_end_without_a_tally_is_no_end),
		cmocka_unit_test(a_guest_reads_what_the_host_wrote),
		cmocka_unit_test(a_guest_refuses_what_it_does_not_know),
		cmocka_unit_test(only_results_that_were_asked_for_are_written),
		cmocka_unit_test(libraries_are_read_from_the_loaders_list),
		cmocka_unit_test(the_libraries_of_this_program_exist),
		cmocka_unit_test(a_modules_dependencies_are_read),
		cmocka_unit_test(a_damaged_module_is_refused_not_read_past_its_end),
		cmocka_unit_test(the_release_is_read_from_a_bzimage),
		cmocka_unit_test(release_and_page_size_are_read_from_an_arm64_image),
		cmocka_unit_test(an_arm64_guest_has_its_own_qemu_machine_and_console),
		cmocka_unit_test(swap_is_made_of_the_kernels_own_pages),
		cmocka_unit_test(another_architecture_is_not_for_kvm),
		cmocka_unit_test(the_libraries_that_a_program_asks_for_are_read_from_it),
		cmocka_unit_test(a_kernels_name_differs_from_a_path),
		cmocka_unit_test(a_release_is_of_a_name_by_version_and_flavour),
		cmocka_unit_test(the_mirror_is_the_first_of_debian_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
