// SPDX-License-Identifier: GPL-2.0-or-later
#include "workloads/leak/leak_sites.h"

/* For tools that unwind by frame pointers (bpf). */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-omit-frame-pointer")
#endif

#define TENS(X, n)                                                                             \
	X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7) X(n##8) X(n##9)
#define SITES(X)                                                                               \
	TENS(X, 0)                                                                             \
	TENS(X, 1) TENS(X, 2) TENS(X, 3) TENS(X, 4) TENS(X, 5) X(60) X(61) X(62) X(63)

#define SITE(n)                                                                                \
	LEAK_KEPT static void *leak_site_##n(leak_act *act, void *arg, unsigned depth)         \
	{                                                                                      \
		void *p = depth ? leak_site_##n(act, arg, depth - 1) : act(arg);               \
                                                                                               \
		leak_keep_frame(p);                                                            \
		return p;                                                                      \
	}

SITES(SITE)

#define ROW(n) { "leak_site_" #n, leak_site_##n },

const struct leak_site leak_sites[LEAK_SITES] = { SITES(ROW) };
