/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limit loops: the least code that makes the kernel do a piece of work, without counting,
 * verifying or recording anything. A workload's share of their rate is its efficiency on
 * this machine.
 *
 * Each does its work once and returns its duration in nanoseconds, without set-up; 0 with
 * errno set on failure.
 */
#ifndef PAGESTORM_LOOPS_H
#define PAGESTORM_LOOPS_H

#include <stdbool.h>
#include <stdint.h>

uint64_t loop_now_ns(void);

/* A fresh private mapping aligned to 2 MiB, base or huge pages by madvise; NULL with errno. */
void *loop_map(uint64_t bytes, bool huge);

/* First touch of a fresh mapping. */
uint64_t loop_populate(uint64_t bytes, bool huge);	  /* one MADV_POPULATE_WRITE */
uint64_t loop_populate_memset(uint64_t bytes, bool huge); /* populate, memset: 256 KiB, 2 MiB */
uint64_t loop_write_words(uint64_t bytes, bool huge);	  /* one store per 4 KiB, real faults */
uint64_t loop_memset(uint64_t bytes, bool huge);	  /* every byte, real faults */
/* One populate in each of nr processes at once, each on a CPU of its own: the slowest one's. */
uint64_t loop_populate_processes(uint64_t bytes, unsigned nr);

/* Mapping, touching and unmapping in the time. */
uint64_t loop_page_fault1(uint64_t bytes);  /* a store per page: will-it-scale's page_fault1 */
uint64_t loop_map_populate(uint64_t bytes); /* mmap(MAP_POPULATE), munmap */

/* Calls alone: nothing is touched. */
uint64_t loop_brk(uint64_t cycles);	    /* sbrk(+1 page), sbrk(-1 page) */
uint64_t loop_mmap_munmap(uint64_t cycles); /* mmap and munmap of 1 page */

/* A pool's huge pages of 2 MiB: every byte, or one word each; mapping not in the time. */
uint64_t loop_hugetlb(uint64_t bytes, bool every_byte);

/* Swap, of a mapping that is there: all out in one call; all asked for in one call, then
 * touched. */
uint64_t loop_page_out(void *map, uint64_t bytes);
uint64_t loop_swap_in(void *map, uint64_t bytes);

/* A file: the descriptor's whole length. */
uint64_t loop_pread(int fd, uint64_t bytes);		   /* 1 MiB blocks, one buffer */
uint64_t loop_load_lines(const void *map, uint64_t bytes); /* a load per cache line */
uint64_t loop_direct(const char *path, uint64_t bytes,
		     unsigned depth); /* O_DIRECT, 1 MiB, threads */

#endif
