/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Call sites that allocate: 64 functions, leak_site_00 to leak_site_63, each of which calls
 * itself to a given depth before it allocates. A tool that groups by stack or by caller
 * shows as many sites as are used; each stack is the allocator, leak_by_…, depth + 1 times
 * leak_site_NN, the loop.
 */
#ifndef PAGESTORM_LEAK_SITES_H
#define PAGESTORM_LEAK_SITES_H

#include <stdint.h>

#define LEAK_SITES	    64
#define LEAK_SITES_TEXT	    "64"
#define LEAK_DEPTH_MAX_TEXT "1000" /* frames of 48 bytes: they fit a stack of 128 KiB */

/* Keep the compiler from folding, cloning or renaming the functions that a tool is to find. */
#if defined(__has_attribute)
#if __has_attribute(noipa)
#define LEAK_KEPT __attribute__((noinline, noclone, noipa))
#endif
#endif
#ifndef LEAK_KEPT
#define LEAK_KEPT __attribute__((noinline))
#endif

/* The act at the bottom of the recursion: arg is the caller's own. */
typedef void *leak_act(void *arg);

struct leak_site {
	const char *symbol;
	void *(*enter)(leak_act *act, void *arg, unsigned depth);
};

extern const struct leak_site leak_sites[LEAK_SITES];

/* Where the act was called from, as a tool shows it: offset from the site's symbol. */
#define leak_offset(site)                                                                      \
	((uint64_t)((char *)__builtin_return_address(0) - (char *)(site)->enter))

/* Placed after a call: it is no tail call then, so the frame stays. */
#define leak_keep_frame(p) __asm__ volatile("" : "+r"(p) : : "memory")

#endif
