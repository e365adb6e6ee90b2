/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probes behind the rows of capability_table[]. For capability*.c alone.
 */
#ifndef PAGESTORM_CAPABILITY_PROBE_H
#define PAGESTORM_CAPABILITY_PROBE_H

#include "harness/machine/capability.h"

/* Each fills *out whatever happens. */
void probe_zero_page(const struct capability_machine *machine, struct capability_result *out);
void probe_huge_zero_page(const struct capability_machine *machine,
			  struct capability_result *out);
void probe_table_charge(const struct capability_machine *machine,
			struct capability_result *out);

/* Unknown, with the reason. */
void probe_unknown(struct capability_result *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The state, with what was seen. */
void probe_found(struct capability_result *out, enum capability_state state, const char *format,
		 ...) __attribute__((format(printf, 3, 4)));

/* A number of kB of this process, such as "Rss" of /proc/self/smaps_rollup. 0 or -errno. */
int probe_own_kb(const char *path, const char *key, uint64_t *kb);

#endif
