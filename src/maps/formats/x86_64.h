/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/x86_64.h - Intel SDM volume 3, chapter 4: 4-level paging and PAE paging.
 *
 *   63 62..52 51 ............ 12 11..9 8 7  6 5 4   3   2   1   0
 *   NX  soft  physical address   soft  G PS D A PCD PWT U/S R/W P
 */
#ifndef QUIRE_MAPS_FORMAT_X86_64_H
#define QUIRE_MAPS_FORMAT_X86_64_H

#include "maps/formats/format.h"

#define X86_PTE_BITS                                                                               \
	.pfn_mask = 0x000ffffffffff000ULL, .present = 1u << 0, .write = 1u << 1, .user = 1u << 2,  \
	.noexec = 1ULL << 63, .accessed = 1u << 5, .dirty = 1u << 6, .global = 1u << 8,            \
	.large = 1u << 7, .uncached = 1u << 4 | 1u << 3, .special = 1u << 9, .protnone = 1u << 10

/* 48-bit addresses, four levels of 512 entries; 1 GiB and 2 MiB pages. */
static const struct pt_format pt_x86_64 __attribute__((__unused__)) = {
	.name = "x86-64",
	.levels = 4,
	.shift = { 39, 30, 21, 12 },
	.bits = { 9, 9, 9, 9 },
	.leaf_levels = 1u << 2,
	X86_PTE_BITS,
	.table = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 5,
};

/* 32-bit addresses, the same entries one level down: a root of 4 entries. */
static const struct pt_format pt_x86_pae __attribute__((__unused__)) = {
	.name = "x86-pae",
	.levels = 3,
	.shift = { 30, 21, 12 },
	.bits = { 2, 9, 9 },
	.leaf_levels = 1u << 1,
	X86_PTE_BITS,
	.table = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 5,
};

#endif
