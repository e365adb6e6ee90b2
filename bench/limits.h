/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limit loops: the least code that makes the kernel do a piece of work, with
 * nothing counted, verified or recorded. What a workload reaches of their rate
 * is its efficiency on the machine at hand.
 *
 * Each does its work once and returns the nanoseconds of it, set-up left out; 0
 * with errno set when it could not.
 */
#ifndef PAGESTORM_LIMITS_H
#define PAGESTORM_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

uint64_t limit_now_ns(void);

/* A fresh private mapping aligned to 2 MiB, base or huge pages by madvise; NULL with errno. */
void *limit_map(uint64_t bytes, bool huge);

/* First touch of a fresh mapping. */
uint64_t limit_populate(uint64_t bytes, bool huge); /* one MADV_POPULATE_WRITE */
uint64_t limit_populate_memset(uint64_t bytes,
			       bool huge);	       /* populate, memset: 256 KiB, 2 MiB */
uint64_t limit_write_words(uint64_t bytes, bool huge); /* one store per 4 KiB, real faults */
uint64_t limit_memset(uint64_t bytes, bool huge);      /* every byte, real faults */

/* Mapping, touching and unmapping in the time. */
uint64_t limit_page_fault1(uint64_t bytes);  /* a store per page: will-it-scale's page_fault1 */
uint64_t limit_map_populate(uint64_t bytes); /* mmap(MAP_POPULATE), munmap */

/* Calls alone: nothing is touched. */
uint64_t limit_brk(uint64_t cycles);	     /* sbrk(+1 page), sbrk(-1 page) */
uint64_t limit_mmap_munmap(uint64_t cycles); /* mmap and munmap of 1 page */

/* A file: the descriptor's whole length. */
uint64_t limit_pread(int fd, uint64_t bytes); /* 1 MiB blocks, one buffer */
uint64_t limit_direct(const char *path, uint64_t bytes,
		      unsigned depth); /* O_DIRECT, 1 MiB, threads */

#endif
