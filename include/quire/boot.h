/* SPDX-License-Identifier: MIT */
/*
 * quire/boot.h - from what the firmware says to memory that can be trusted, and on to the frames.
 *
 *   firmware map --quire_memmap_add()--> memblock --frames_init(), memblock_free_all()--> buddy system
 */
#ifndef QUIRE_BOOT_H
#define QUIRE_BOOT_H

#include <quire/memblock.h>

/* Types of ranges, with the numbers of ACPI's E820 and PVH maps.  Any other number is treated as reserved. */
enum quire_memmap_type {
	QUIRE_MEMMAP_RAM = 1,
	QUIRE_MEMMAP_RESERVED = 2,
	QUIRE_MEMMAP_ACPI = 3,
	QUIRE_MEMMAP_NVS = 4,
	QUIRE_MEMMAP_UNUSABLE = 5,
	QUIRE_MEMMAP_DISABLED = 6,
	QUIRE_MEMMAP_PMEM = 7,
};

struct quire_memmap_entry {
	phys_addr_t base; /* bytes                                                        */
	phys_addr_t size; /* bytes                                                        */
	unsigned type;    /* enum quire_memmap_type                                       */
	const char *name; /* for messages, or NULL                                        */
};

/* Less usable RAM than this is refused. */
#define QUIRE_MEMMAP_MIN_RAM (1UL << 20)

/*
 * Take a firmware map of any shape into memblock.  Entries may be unsorted, overlap, be empty or wrap around: what
 * cannot be meant is dropped or cut with a warning that names the entry; where ranges overlap the one that is not RAM
 * wins.  RAM is cut to whole pages and to QUIRE_MAX_PHYS_BITS.
 *   Returns:  0; or -EINVAL with a sentence in why[whylen] that names the entry or says how much RAM there was, and
 *             memblock as before.  Trusts nothing in the map.
 */
int quire_memmap_add(const struct quire_memmap_entry *e, size_t n, char *why,
		     size_t whylen) __must_check;

/*
 * Hand all memory that is not reserved to the buddy system, in the largest aligned blocks; mark the rest reserved; log how
 * much went where.  After frames_init(), once; memblock must not be used to allocate afterwards.
 * Defined by frames/.
 */
void memblock_free_all(void);

/* Hand over frames that were reserved and are no longer needed (.init sections, the initrd): [start, end), shrunk to
 * whole frames.  Returns the number of frames.  `what` is for the log, or NULL. */
unsigned long free_reserved_area(phys_addr_t start, phys_addr_t end, const char *what);

#endif
