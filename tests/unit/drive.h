/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for the harness and the worker's frame for one workload in the test's
 * process: options, claims, prepare(), run(), release() and the ledger between them.
 */
#ifndef PAGESTORM_TESTS_DRIVE_H
#define PAGESTORM_TESTS_DRIVE_H

#include <string.h>
#include <sys/mman.h>

#include "tests/unit/capabilities.h"
#include "workloads/act/worker.h"

struct drive {
	const struct workload *workload;
	_Alignas(16) unsigned char params[PARAMS_BYTES_MAX];
	struct workload_env env;
	struct claims claims;
	struct ledger *ledger;
	struct worker worker;
};

/* Where a named option of the workload is kept; fails the test if there is none. */
static inline void *drive_option(struct drive *d, const char *name)
{
	for (const struct workload_option *o = d->workload->options; o->name; o++)
		if (!strcmp(o->name, name))
			return d->params + o->offset;
	fail_msg("no option %s", name);
	return NULL;
}

static inline void drive_set(struct drive *d, const char *name, uint64_t value)
{
	*(uint64_t *)drive_option(d, name) = value;
}

/* The index of a word among a choice option's choices. */
static inline void drive_choose(struct drive *d, const char *name, const char *word)
{
	for (const struct workload_option *o = d->workload->options; o->name; o++) {
		int index = 0;

		if (strcmp(o->name, name))
			continue;
		for (const char *p = o->choices; p; p = strchr(p, '|'), index++) {
			size_t length = strlen(word);

			p += *p == '|';
			if (!strncmp(p, word, length) && (!p[length] || p[length] == '|')) {
				*(int *)(d->params + o->offset) = index;
				return;
			}
		}
	}
	fail_msg("%s takes no %s", name, word);
}

static inline void drive_open(struct drive *d, const struct workload *workload)
{
	memset(d, 0, sizeof(*d));
	d->workload = workload;
	d->env = (struct workload_env){ .page_bytes = 4096,
					.pmd_bytes = 2u << 20,
					.hugetlb_default_bytes = 2u << 20,
					.cgroup_version = 2,
					.cpus = 2,
					.nr_nodes = 1,
					.capability = CAPABILITIES_6_18,
					.thp = THP_MADVISE,
					.thp_orders_madvise = 1 << 9,
					.swap_max_bytes = UINT64_MAX };
	d->ledger = mmap(NULL, LEDGER_BYTES, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	assert_true(d->ledger != MAP_FAILED);
}

static inline void drive_close(struct drive *d)
{
	munmap(d->ledger, LEDGER_BYTES);
}

static inline void drive_claims(struct drive *d)
{
	d->claims.nr = 0;
	d->workload->claims(d->params, &d->env, &d->claims);
}

static inline int drive_check(struct drive *d, char *reason, size_t reason_bytes)
{
	return workload_check(d->workload, d->params, &d->env, reason, reason_bytes);
}

static inline const struct claim *drive_claim(const struct drive *d, enum span span,
					      const char *scope, const char *counter)
{
	for (unsigned i = 0; i < d->claims.nr; i++) {
		const struct claim *c = &d->claims.claim[i];

		if (c->span == span && !strcmp(c->scope, scope) && !strcmp(c->counter, counter))
			return c;
	}
	return NULL;
}

/* What the claim expects once the ledger's slot is known. */
static inline int64_t drive_expected(const struct drive *d, const struct claim *c)
{
	int64_t mul = c->slot_mul ? c->slot_mul : 1, div = c->slot_div ? c->slot_div : 1;
	int slot = c->slot ? workload_slot(d->workload, c->slot) : -1;

	return c->expected + (slot < 0 ? 0 : (int64_t)d->ledger->slot[slot] * mul / div);
}

static inline uint64_t drive_slot(const struct drive *d, const char *name)
{
	int slot = workload_slot(d->workload, name);

	if (slot < 0)
		fail_msg("no slot %s", name);
	return d->ledger->slot[slot];
}

/* prepare(); drive_end() is due whatever it returns. */
static inline int drive_begin(struct drive *d)
{
	memset((void *)d->ledger, 0, LEDGER_BYTES);
	d->ledger->magic = LEDGER_MAGIC;
	d->ledger->bytes = sizeof(*d->ledger);
	d->ledger->env = d->env;
	memcpy(d->ledger->params, d->params, sizeof(d->params));
	d->worker = (struct worker){ .workload = d->workload,
				     .ledger = d->ledger,
				     .params = d->ledger->params,
				     .env = &d->ledger->env };
	return d->workload->prepare(&d->worker);
}

static inline void drive_end(struct drive *d)
{
	d->workload->release(&d->worker);
}

/* Each promise is made once, with its reason. */
static inline void drive_assert_claims_are_sound(const struct drive *d)
{
	for (unsigned i = 0; i < d->claims.nr; i++) {
		const struct claim *a = &d->claims.claim[i];

		assert_true(strlen(a->why) > 10);
		assert_true(!a->slot || workload_slot(d->workload, a->slot) >= 0);
		for (unsigned k = 0; k < i; k++) {
			const struct claim *b = &d->claims.claim[k];

			assert_false(a->span == b->span && !strcmp(a->scope, b->scope) &&
				     !strcmp(a->source, b->source) &&
				     !strcmp(a->counter, b->counter));
		}
	}
}

#endif
