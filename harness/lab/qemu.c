// SPDX-License-Identifier: GPL-2.0-or-later
/* From a guest's shape and descriptors to the arguments of qemu. */
#include "harness/lab/qemu.h"

#include <inttypes.h>
#include <stdio.h>

#include "harness/base/guestword.h"
#include "harness/lab/channel.h"

static void add_all(struct words *argv, const char *const *word)
{
	for (; *word; word++)
		words_add(argv, *word);
}

static void add_node(const struct shape *shape, unsigned node, unsigned first_cpu,
		     struct words *argv)
{
	const struct shape_node *n = &shape->node[node];
	char memory[32] = "", cpus[48] = "";

	if (n->memory_bytes) {
		words_add(argv, "-object");
		words_addf(argv, "memory-backend-ram,id=ram%u,size=%" PRIu64, node,
			   n->memory_bytes);
		snprintf(memory, sizeof(memory), ",memdev=ram%u", node);
	}
	if (n->nr_cpus)
		snprintf(cpus, sizeof(cpus), ",cpus=%u-%u", first_cpu,
			 first_cpu + n->nr_cpus - 1);
	words_add(argv, "-numa");
	words_addf(argv, "node,nodeid=%u%s%s", node, memory, cpus);
}

static void add_shape(const struct shape *shape, struct words *argv)
{
	unsigned first_cpu = 0;
	unsigned nr_cpus = shape_nr_cpus(shape);

	words_add(argv, "-m");
	words_addf(argv, "%" PRIu64 "M", shape_memory_bytes(shape) >> 20);
	/* A socket for each CPU: a cache shared over nodes makes the kernel doubt the topology.
	 */
	words_add(argv, "-smp");
	words_addf(argv, "%u,sockets=%u,cores=1,threads=1", nr_cpus, nr_cpus);
	for (unsigned i = 0; i < shape->nr_nodes; i++) {
		add_node(shape, i, first_cpu, argv);
		first_cpu += shape->node[i].nr_cpus;
	}
	for (unsigned i = 0; shape->has_distances && i < shape->nr_nodes; i++)
		for (unsigned j = 0; j < shape->nr_nodes; j++) {
			words_add(argv, "-numa");
			words_addf(argv, "dist,src=%u,dst=%u,val=%u", i, j,
				   shape->distance[i][j]);
		}
}

static void add_channels(const struct qemu_config *config, struct words *argv)
{
	words_add(argv, "-chardev");
	words_addf(argv, "socket,id=console,fd=%d", config->console_fd);
	words_add(argv, "-serial");
	words_add(argv, "chardev:console");
	words_add(argv, "-chardev");
	words_addf(argv, "socket,id=channel,fd=%d", config->channel_fd);
	words_add(argv, "-device");
	words_add(argv, "virtio-serial-pci");
	words_add(argv, "-device");
	words_add(argv, "virtserialport,chardev=channel,name=" CHANNEL_PORT);
}

static void add_disk(int disk_fd, struct words *argv)
{
	words_add(argv, "-drive");
	words_addf(argv, "if=none,id=scratch,file=/proc/self/fd/%d,format=raw,cache=unsafe",
		   disk_fd);
	words_add(argv, "-device");
	words_add(argv, "virtio-blk-pci,drive=scratch");
}

void qemu_arguments(const struct qemu_config *config, struct words *argv)
{
	static const char *const machine[] = { "-nodefaults", "-no-user-config",
					       "-no-reboot",  "-display",
					       "none",	      "-machine",
					       NULL };
	const struct arch *arch = config->arch;

	words_add(argv, arch->qemu);
	add_all(argv, machine);
	words_add(argv, arch->machine);
	words_add(argv, "-accel");
	words_add(argv, config->kvm ? "kvm" : "tcg,thread=multi");
	words_add(argv, "-cpu");
	words_add(argv, config->kvm ? arch->kvm_cpu : arch->tcg_cpu);
	add_shape(config->shape, argv);
	add_channels(config, argv);
	if (config->disk_fd >= 0)
		add_disk(config->disk_fd, argv);
	words_add(argv, "-kernel");
	words_add(argv, config->kernel_path);
	words_add(argv, "-initrd");
	words_addf(argv, "/proc/self/fd/%d", config->initramfs_fd);
	words_add(argv, "-append");
	/* panic=-1 reboots at once, which -no-reboot turns into the end of qemu. */
	words_addf(argv,
		   "console=%s quiet panic=-1 oops=panic psi=1 rdinit=/init " GUEST_WORD
		   "%s%s%s",
		   arch->console, arch->boot_words, config->append ? " " : "",
		   config->append ? config->append : "");
}
