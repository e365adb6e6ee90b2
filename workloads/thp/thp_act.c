// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker of thp: touches, collapses or breaks up huge pages. */
#include "workloads/thp/thp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "workloads/act/advise.h"
#include "workloads/act/hugepages.h"
#include "workloads/act/touch.h"
#include "workloads/probe/folios.h"

#define ACCESS_BATCH 1024

struct thp {
	char *reserve, *map; /* the mapping is within an inaccessible reservation */
	uint64_t reserve_bytes, bytes;
	uint64_t left_out; /* huge pages, by fault injection */
	struct folios folios;
	struct touch touch;
	struct fill fill;
};

/*
 * Inaccessible memory on both sides: the kernel would merge a neighbour of the same flags with
 * the mapping, and a huge page could span both.
 */
static int map_between_guards(struct worker *w, struct thp *t)
{
	const struct thp_params *p = w->params;
	const uint64_t pmd = w->env->pmd_bytes;
	uintptr_t boundary;
	void *map;

	t->bytes = thp_map_bytes(p, w->env);
	t->reserve_bytes = t->bytes + 4 * pmd;
	map = mmap(NULL, t->reserve_bytes, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return worker_fail(w, errno, "cannot map %" PRIu64 " bytes: %s",
				   t->reserve_bytes, strerror(errno));
	t->reserve = map;
	boundary = ((uintptr_t)map + 2 * pmd - 1) & ~(uintptr_t)(pmd - 1);
	t->map = (char *)boundary + p->offset_bytes;
	if (mprotect(t->map, t->bytes, PROT_READ | PROT_WRITE))
		return worker_fail(w, errno, "cannot map %" PRIu64 " bytes: %s", t->bytes,
				   strerror(errno));
	return 0;
}

/* The first huge page boundary in the mapping. */
static char *first_huge(const struct worker *w, const struct thp *t)
{
	const uintptr_t pmd = w->env->pmd_bytes;

	return (char *)(((uintptr_t)t->map + pmd - 1) & ~(pmd - 1));
}

static int touch_all(struct worker *w, const struct thp *t, uint64_t left_out)
{
	const uint64_t bytes = left_out < t->bytes ? t->bytes - left_out : 0;
	int ret = 0;

	for (uint64_t at = 0, step; at < bytes && !ret && !worker_should_stop(w); at += step) {
		step = bytes - at < t->touch.step_bytes ? bytes - at : t->touch.step_bytes;
		ret = touch_range(&t->touch, t->map + at, step, at / FILL_BLOCK_BYTES);
		if (!ret)
			atomic_fetch_add_explicit(&w->ledger->moved_bytes, step,
						  memory_order_relaxed);
	}
	return ret ? worker_fail(w, -ret, "cannot touch the mapping: %s", strerror(-ret)) : 0;
}

/*
 * Base pages without MADV_NOHUGEPAGE, which makes MADV_COLLAPSE fail and which only
 * MADV_HUGEPAGE reverts, for khugepaged too.
 */
static int make_base_pages(struct worker *w, const struct thp *t)
{
	int ret = hugepages_forbid(w);

	if (!ret)
		ret = touch_all(w, t, 0);
	if (!ret && prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0))
		ret = -errno;
	return ret;
}

/* Huge pages; khugepaged must not collapse the rest again. */
static int make_huge_pages(struct worker *w, const struct thp *t)
{
	int ret = advise_pages(w, t->map, t->bytes, MADV_HUGEPAGE, "MADV_HUGEPAGE");

	if (!ret)
		ret = touch_all(w, t, 0);
	return ret ? ret
		   : advise_pages(w, t->map, t->bytes, MADV_NOHUGEPAGE, "MADV_NOHUGEPAGE");
}

static int make_ready(struct worker *w, const struct thp *t)
{
	const struct thp_params *p = w->params;
	int ret;

	switch ((enum thp_kind)p->kind) {
	case KIND_MADVISE:
		return advise_pages(w, t->map, t->bytes, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	case KIND_BASE:
		return advise_pages(w, t->map, t->bytes, MADV_NOHUGEPAGE, "MADV_NOHUGEPAGE");
	case KIND_ALWAYS:
		return 0;
	case KIND_COLLAPSE:
		ret = make_base_pages(w, t);
		break;
	default:
		ret = make_huge_pages(w, t);
		break;
	}
	atomic_store_explicit(&w->ledger->moved_bytes, 0, memory_order_relaxed);
	return ret;
}

int thp_prepare(struct worker *w)
{
	const struct thp_params *p = w->params;
	struct thp *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return -ENOMEM;
	w->state = t;
	ret = folios_open(&t->folios);
	if (ret)
		return worker_fail(
			w, -ret, "cannot read page frames (/proc/kpageflags): %s; run as root",
			strerror(-ret));
	ret = map_between_guards(w, t);
	if (ret)
		return ret;
	worker_mapping(w, 0, t->map, t->bytes);
	t->left_out = w->ledger->shortfall_pages;
	fill_init(&t->fill, p->fill, w->ledger->seed);
	touch_init(&t->touch, touch_writes_kind(p->touch), w->env->page_bytes,
		   w->env->pmd_bytes, &t->fill);
	return make_ready(w, t);
}

/* Drops the last pages of a huge page: its head page stays and is counted. */
static int drop_from(struct worker *w, char *huge)
{
	const struct thp_params *p = w->params;
	const uint64_t bytes = p->drop * w->env->page_bytes;
	char *start = huge + w->env->pmd_bytes - bytes;
	int ret = 0;

	if (p->kind == KIND_MUNMAP)
		return munmap(start, bytes)
			       ? worker_fail(w, errno, "munmap: %s", strerror(errno))
			       : 0;
	if (p->kind == KIND_SPLIT) /* splits a folio that the range covers in part */
		ret = advise_pages(w, huge + w->env->pmd_bytes - w->env->page_bytes,
				   w->env->page_bytes, MADV_COLD, "MADV_COLD");
	return ret ? ret : advise_pages(w, start, bytes, MADV_DONTNEED, "MADV_DONTNEED");
}

static int act_on_each(struct worker *w, const struct thp *t)
{
	const struct thp_params *p = w->params;
	const uint64_t nr = thp_room_for_huge(p, w->env), pmd = w->env->pmd_bytes;
	char *huge = first_huge(w, t);
	int ret = 0;

	for (uint64_t i = t->left_out; i < nr && !ret && !worker_should_stop(w); i++) {
		ret = p->kind == KIND_COLLAPSE
			      ? advise_pages(w, huge, pmd, MADV_COLLAPSE, "MADV_COLLAPSE")
			      : drop_from(w, huge);
		huge += pmd;
		atomic_fetch_add_explicit(&w->ledger->moved_bytes, pmd, memory_order_relaxed);
	}
	return ret;
}

static void access_all(struct worker *w, const struct thp *t)
{
	const struct thp_params *p = w->params;
	const uint64_t seed = w->ledger->seed, page = w->env->page_bytes;
	struct access a;

	access_init(&a, t->map, page, 1, seed);
	pattern_init(&a.pattern, PATTERN_RANDOM, t->bytes / page, seed);
	for (uint64_t done = 0, nr; done < p->accesses && !worker_should_stop(w); done += nr) {
		nr = p->accesses - done < ACCESS_BATCH ? p->accesses - done : ACCESS_BATCH;
		(void)access_run(&a, nr, NULL); /* all of them read */
		atomic_fetch_add_explicit(&w->ledger->ops, nr, memory_order_relaxed);
	}
}

int thp_verify(struct worker *w)
{
	struct thp *t = w->state;
	struct folio_count found;
	int ret = folios_count(&t->folios, t->map, t->bytes, w->env->page_bytes, &found);

	if (ret)
		return worker_fail(w, -ret, "cannot read page frames: %s; run as root",
				   strerror(-ret));
	worker_slot_set(w, SLOT_PAGES_PRESENT, found.present);
	worker_slot_set(w, SLOT_LARGE_FOLIOS, found.large);
	worker_slot_set(w, SLOT_LARGE_PAGES, found.large_pages);
	worker_achieved(w, found.present * w->env->page_bytes);
	return 0;
}

int thp_run(struct worker *w)
{
	const struct thp_params *p = w->params;
	const uint64_t unit = p->kind == KIND_BASE ? w->env->page_bytes : w->env->pmd_bytes;
	struct thp *t = w->state;
	uint64_t start_ns = worker_now_ns(), now_ns;
	int ret = thp_is_prepared(p) ? act_on_each(w, t) : touch_all(w, t, t->left_out * unit);

	now_ns = worker_now_ns();
	worker_slot_set(w, SLOT_ACT_NS, now_ns - start_ns);
	if (ret)
		return ret;
	if (p->accesses && !t->left_out) {
		access_all(w, t);
		worker_slot_set(w, SLOT_ACCESS_NS, worker_now_ns() - now_ns);
	}
	return 0;
}

void thp_release(struct worker *w)
{
	struct thp *t = w->state;

	if (!t)
		return;
	if (t->reserve)
		munmap(t->reserve, t->reserve_bytes);
	folios_close(&t->folios);
	free(t);
	w->state = NULL;
}
