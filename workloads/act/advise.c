// SPDX-License-Identifier: GPL-2.0-or-later
/* madvise(2), repeated while a page is busy. */
#include "workloads/act/advise.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define PAUSE_NS 1000000u

static bool is_for_a_moment(int code, int advice)
{
	return code == EAGAIN || (code == EINVAL && advice == MADV_COLLAPSE);
}

int advise_pages(struct worker *w, void *start, uint64_t bytes, int advice, const char *name)
{
	const uint64_t last_ns = worker_now_ns() + ADVISE_BOUND_NS;

	while (madvise(start, bytes, advice)) {
		const int code = errno;
		const uint64_t now_ns = worker_now_ns();

		if (!is_for_a_moment(code, advice))
			return worker_fail(w, code, "%s: %s", name, strerror(code));
		if (now_ns >= last_ns)
			return worker_fail(
				w, code,
				"%s: %s, for %llu s: does another process move its pages all the time?",
				name, strerror(code), ADVISE_BOUND_NS / 1000000000u);
		if (!worker_sleep_until(w, now_ns + PAUSE_NS))
			return 0;
	}
	return 0;
}
