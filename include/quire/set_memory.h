/* SPDX-License-Identifier: MIT */
/*
 * quire/set_memory.h - pages of the linear map that nobody may touch for a while.
 *
 *   |== 2 MiB ============|  ──set_memory_4k──>  |4K|4K|4K|..|  ──set_direct_map_invalid──>  |4K|  |4K|..|
 *
 * Only where this library builds the kernel's tables (PORT_KERNEL_TABLES).
 */
#ifndef QUIRE_SET_MEMORY_H
#define QUIRE_SET_MEMORY_H

#include <quire/page.h>

/*
 * Map numpages of the linear map, from the page that addr is in, in pages of the smallest size.  What
 * they may be used for stays as it is.
 *   Context: after maps_init(); any, no spinlock of rank LOCK_RANK_PAGE_TABLE or above held.
 *   Returns: 0; -ENOMEM: no frame for a table; -EINVAL: not of the linear map.  Then some may be split.
 *            -EOPNOTSUPP: the page is in a larger one, and the processor wants that gone before the
 *            smaller ones come (Arm), while this very code may run on it.
 */
int set_memory_4k(unsigned long addr, int numpages) __must_check;

/*
 * The linear map loses a frame's page, or has it again as before.  The caller sees to the TLB.
 *   Context: any, with any lock held; two CPUs never change the same page at a time.
 *   Returns: 0; -EINVAL: no page of the smallest size is there (set_memory_4k()).
 */
int set_direct_map_invalid_noflush(struct page *page) __must_check;
int set_direct_map_default_noflush(struct page *page) __must_check;

#endif
