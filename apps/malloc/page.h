/* SPDX-License-Identifier: MIT */
/*
 * page.h - what a process on libquire-malloc.so shows of itself: `quire top` reads it from outside.
 *
 * The watcher adds 1 to `asked`; within a few seconds the process has written everything anew and
 * sets `answered` to it.  Nobody is stopped, nothing is locked: `answered` is written last.
 */
#ifndef QUIRE_MALLOC_PAGE_H
#define QUIRE_MALLOC_PAGE_H

#include <stdint.h>

#define MALLOC_PAGE_SYMBOL "quire_malloc_page"
#define MALLOC_PAGE_MAGIC  0x3165676170717571u
#define MALLOC_PAGE_SLABS  (24u << 10)
#define MALLOC_PAGE_BUDDY  1024u

struct malloc_page {
	uint64_t magic; /* MALLOC_PAGE_MAGIC once there is anything to see      */
	uint32_t asked, answered;
	uint64_t ram, unused;       /* bytes of RAM opened, and of them free                */
	uint64_t mapped, nr_mapped; /* bytes of blocks with a mapping of their own, and how many */
	uint32_t slots, slots_free; /* slots made for threads, and of them without one      */
	char slabinfo[MALLOC_PAGE_SLABS]; /* as /proc/slabinfo; ends with 0                       */
	char buddyinfo
		[MALLOC_PAGE_BUDDY]; /* as /proc/buddyinfo                                   */
};

#endif
