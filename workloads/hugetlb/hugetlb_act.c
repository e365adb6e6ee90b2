// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker of hugetlb: maps, touches, and requests one page too many. */
#include "workloads/hugetlb/hugetlb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/probe/folios.h"

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

struct hugetlb {
	char *map;
	uint64_t bytes, left_out; /* left_out: huge pages, by fault injection */
	uint64_t free_before, reserved_before;
	struct pool pool;
	struct folios folios;
	struct fill fill;
};

static void *map_huge(const struct worker *w, uint64_t bytes)
{
	const struct hugetlb_params *p = w->params;
	const int shift = __builtin_ctzll(hugetlb_page_bytes(p));
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | shift << MAP_HUGE_SHIFT;

	if (p->kind == KIND_NORESERVE)
		flags |= MAP_NORESERVE;
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
}

static int map_all(struct worker *w, struct hugetlb *h, uint64_t bytes)
{
	void *map = bytes ? map_huge(w, bytes) : NULL;

	if (map == MAP_FAILED)
		return worker_fail(w, errno,
				   "cannot map %" PRIu64
				   " bytes of huge pages: %s; the pool has %" PRIu64 " left",
				   bytes, strerror(errno), hugetlb_pool_left(&h->pool));
	h->map = map;
	h->bytes = bytes;
	return 0;
}

int hugetlb_prepare(struct worker *w)
{
	const struct hugetlb_params *p = w->params;
	struct hugetlb *h = calloc(1, sizeof(*h));
	int ret;

	if (!h)
		return -ENOMEM;
	w->state = h;
	memset(h->pool.fd, -1, sizeof(h->pool.fd));
	h->left_out = w->ledger->shortfall_pages;
	ret = folios_open(&h->folios);
	if (ret)
		return worker_fail(
			w, -ret, "cannot read page frames (/proc/kpageflags): %s; run as root",
			strerror(-ret));
	fill_init(&h->fill, p->fill, w->ledger->seed);
	ret = hugetlb_pool_open(w, &h->pool);
	if (!ret)
		ret = hugetlb_pool_bind(w, &h->pool);
	if (ret || !hugetlb_maps_early(p))
		return ret;
	ret = map_all(w, h, hugetlb_target(p, w->env));
	if (!ret)
		worker_mapping(w, 0, h->map, h->bytes);
	return ret;
}

static void touch_all(struct worker *w, const struct hugetlb *h)
{
	const struct hugetlb_params *p = w->params;
	const uint64_t huge = hugetlb_page_bytes(p), nr = h->bytes / huge;

	for (uint64_t i = h->left_out; i < nr && !worker_should_stop(w); i++) {
		char *at = h->map + (i - h->left_out) * huge;

		fill_write(&h->fill, at, p->touch == EVERY_BYTE ? huge : sizeof(uint64_t),
			   i * (huge / FILL_BLOCK_BYTES));
		atomic_fetch_add_explicit(&w->ledger->moved_bytes, huge, memory_order_relaxed);
	}
}

/* Requests nr pages, and unmaps them at once on success. */
static bool pool_grants(const struct worker *w, uint64_t nr)
{
	const uint64_t bytes = nr * hugetlb_page_bytes(w->params);
	void *map = nr ? map_huge(w, bytes) : NULL;

	if (map == MAP_FAILED)
		return false;
	if (map)
		munmap(map, bytes);
	return true;
}

static void request_too_many(struct worker *w, const struct hugetlb *h)
{
	const uint64_t left = hugetlb_pool_left(&h->pool);

	worker_slot_set(
		w, SLOT_REFUSED,
		!pool_grants(w, left + 1 - (h->left_out <= left ? h->left_out : left)) &&
			errno == ENOMEM);
	worker_slot_set(w, SLOT_GRANTED, pool_grants(w, left));
}

static uint64_t above(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Counts the pool's pages, and those of the mapping by their page frames. */
int hugetlb_verify(struct worker *w)
{
	struct hugetlb *h = w->state;
	struct folio_count found = { 0 };
	const uint64_t reserved = hugetlb_pool_read(&h->pool, POOL_RESERVED);
	const uint64_t available = hugetlb_pool_read(&h->pool, POOL_FREE);
	int ret = folios_count(&h->folios, h->map, h->bytes, w->env->page_bytes, &found);

	if (ret)
		return worker_fail(w, -ret, "cannot read page frames: %s; run as root",
				   strerror(-ret));
	worker_slot_set(w, SLOT_HUGE_PAGES, found.hugetlb);
	worker_slot_set(w, SLOT_POOL_TAKEN, above(h->free_before, available));
	worker_slot_set(w, SLOT_POOL_RESERVED, above(reserved, h->reserved_before));
	worker_achieved(w, hugetlb_touches(w->params)
				   ? found.hugetlb * hugetlb_page_bytes(w->params)
				   : h->bytes);
	return 0;
}

int hugetlb_run(struct worker *w)
{
	const struct hugetlb_params *p = w->params;
	struct hugetlb *h = w->state;
	int ret = 0;

	h->free_before = hugetlb_pool_read(&h->pool, POOL_FREE);
	h->reserved_before = hugetlb_pool_read(&h->pool, POOL_RESERVED);
	if (!hugetlb_maps_early(p))
		ret = map_all(w, h,
			      above(hugetlb_nr(p), p->kind == KIND_RESERVE ? h->left_out : 0) *
				      hugetlb_page_bytes(p));
	if (!ret && hugetlb_touches(p))
		touch_all(w, h);
	if (!ret && p->kind == KIND_BEYOND)
		request_too_many(w, h);
	return ret;
}

void hugetlb_release(struct worker *w)
{
	struct hugetlb *h = w->state;

	if (!h)
		return;
	if (h->map)
		munmap(h->map, h->bytes);
	for (unsigned i = 0; i < NR_POOL_FILES; i++)
		if (h->pool.fd[i] >= 0)
			close(h->pool.fd[i]);
	folios_close(&h->folios);
	free(h);
	w->state = NULL;
}
