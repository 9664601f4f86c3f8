/* SPDX-License-Identifier: MIT */
/*
 * quire/boot.h - from memory that can be trusted on to the frames.
 *
 *   memblock --frames_init(), memblock_free_all()--> buddy system
 *
 * What comes before, a firmware's map, is quire/memmap.h.
 */
#ifndef QUIRE_BOOT_H
#define QUIRE_BOOT_H

#include <quire/memblock.h>

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
