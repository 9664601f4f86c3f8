/* SPDX-License-Identifier: MIT */
/*
 * maps/kernel.h - the kernel's half, between the files that build it: kernel.c at boot, range.c later.
 *
 * Always true:  tables that come from frames/ know how many of their entries are in use.
 * Lock:         kernel_map.lock guards every entry of the kernel half and the counts of its tables.
 */
#ifndef QUIRE_MAPS_KERNEL_H
#define QUIRE_MAPS_KERNEL_H

#include <quire/fixmap.h>
#include "maps/maps.h"

#define LARGE_LEVEL (PT_LAST - 1)

struct kernel_map {
	spinlock_t lock; /* entries of the kernel half and nr_present of their tables */
	pt_entry *pgd;
	bool frames_ready; /* tables come from frames/, no longer from memblock */
	unsigned long kb_small, kb_large;
	atomic_long_t late_roots;  /* entries that a space got by a fault             */
	unsigned long late_tables; /* that the root came to need since frames/ was up */
	struct maps_image image;   /* virt_base 0: there is none */
	struct {
		unsigned long at, size; /* what early_ioremap() returned, bytes; 0: free */
	} early[FIX_BTMAPS_SLOTS];
};
extern struct kernel_map kernel_map;

/* The entry of `level` that translates va, with tables made above it; NULL: no memory.  Under the
 * lock, or while one CPU runs. */
pt_entry *kernel_entry(unsigned long va, unsigned level);

#endif
