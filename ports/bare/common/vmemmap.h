/* SPDX-License-Identifier: MIT */
/*
 * vmemmap.h - entries that a board puts into the kernel's tables itself, before there are frames to allocate: frame
 * descriptors, and the console.  For 64-bit tables of 512 entries; what an entry looks like is in the board's
 * bare_private.h: BARE_ROOT_SHIFT, bare_entry_valid(), bare_entry_pa(), bare_entry_of_table(),
 * bare_entry_of_descriptors(), bare_entries_done().
 */
#ifndef QUIRE_BARE_VMEMMAP_H
#define QUIRE_BARE_VMEMMAP_H

#include <quire/types.h>

/* The entry for `at` of the level whose lowest address bit is `shift` (12: a page, 21: 2 MiB), with the tables
 * above it, from boot memory; NULL: there is none. */
u64 *bare_kernel_entry(unsigned long at, unsigned shift);

#endif
