/* SPDX-License-Identifier: MIT */
/*
 * quire/memmap.h - from what the firmware says of memory to what can be trusted.
 *
 *   firmware map --quire_memmap_add()--> memblock
 */
#ifndef QUIRE_MEMMAP_H
#define QUIRE_MEMMAP_H

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

#endif
