/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/aarch64.h - Arm Architecture Reference Manual (Armv8-A), D8: VMSAv8-64, 4 KiB
 * granule, 48-bit addresses, stage 1 of EL1 and EL0.
 *
 *   58..55 54  53  52 51  50..48 47 ............. 12 11 10 9 8 7 6   5  4 3 2    1 0
 *   soft   UXN PXN    DBM        physical address    nG AF SH  AP21  NS AttrIndx  type
 *
 * Processors without FEAT_HAFDBS note nothing: the first use of a page without AF, and the first
 * store to one that is writable but clean, fault.  DBM then means nothing to them and keeps WRITE.
 * MAIR: attribute 0 is normal write-back memory, 1 is Device-nGnRnE, 2 is normal non-cacheable
 * memory (a port that leaves 2 at zero gets a device there too, which is slower and as right).
 */
#ifndef QUIRE_MAPS_FORMAT_AARCH64_H
#define QUIRE_MAPS_FORMAT_AARCH64_H

#include "maps/formats/format.h"

/* An entry has no twin (maps/entry.h). */
#define PT_TWINS_aarch64 0

#define A64_BIT(n)  (1ULL << (n))
#define A64_ADDRESS 0x0000fffffffff000ULL
#define A64_TYPE    3ULL
#define A64_UXN     A64_BIT(54)
#define A64_PXN     A64_BIT(53)

/* Blocks go by all but the last, pages by all but the first two.  Memory is inner shareable. */
static const struct pt_rule a64_rule[] = {
	{ PTE_LARGE, 0, A64_TYPE, 1, 1, PT_READ_ONLY },
	{ PTE_PRESENT, 0, A64_TYPE, 1, 0, PT_TELLS },
	{ PTE_UNCACHED, 0, 7u << 2, 1u << 2, 0, PT_TELLS },
	{ PTE_WRITECOMBINE, PTE_UNCACHED ^ PTE_WRITECOMBINE, 7u << 2, 2u << 2, 0, PT_TELLS },
	{ PTE_USER, 0, A64_BIT(6), A64_BIT(6), 0, PT_TELLS },
	{ PTE_WRITE | PTE_DIRTY, 0, A64_BIT(7), 0, A64_BIT(7), 0 },
	{ PTE_PRESENT, 0, 3u << 8, 3u << 8, 0, 0 },
	{ PTE_ACCESSED, 0, A64_BIT(10), A64_BIT(10), 0, PT_TELLS },
	{ PTE_GLOBAL, 0, A64_BIT(11), 0, A64_BIT(11), PT_TELLS },
	{ PTE_WRITE, 0, A64_BIT(51), A64_BIT(51), 0, PT_TELLS },
	/* the kernel executes no user page, nor user mode one of the kernel's */
	{ 0, PTE_NOEXEC | PTE_USER, A64_PXN, 0, A64_PXN, 0 },
	{ PTE_USER, PTE_NOEXEC, A64_UXN, 0, A64_UXN, 0 },
	{ PTE_NOEXEC, 0, A64_PXN | A64_UXN, A64_PXN | A64_UXN, 0, PT_READ_ONLY },
	{ PTE_DIRTY, 0, A64_BIT(55), A64_BIT(55), 0, PT_TELLS },
	{ PTE_SPECIAL, 0, A64_BIT(56), A64_BIT(56), 0, PT_TELLS },
	{ PTE_PROTNONE, 0, A64_BIT(58), A64_BIT(58), 0, PT_TELLS },
	{ PTE_PRESENT, 0, A64_TYPE, 3, 0, PT_TELLS },
};
#define A64_RULES (sizeof(a64_rule) / sizeof(a64_rule[0]))
_Static_assert(A64_RULES <= PT_RULES_MAX, "a loop over the rules leaves out the last ones");

#define A64_TABLE                                                                                  \
	{                                                                                          \
		.mask = A64_TYPE, .type = 3, .address = A64_ADDRESS                                \
	}
#define A64_PAGE                                                                                   \
	{                                                                                          \
		.mask = A64_TYPE, .type = 3, .address = A64_ADDRESS, .rule = a64_rule + 2,         \
		.rules = A64_RULES - 2                                                             \
	}
#define A64_BLOCK(s)                                                                               \
	{                                                                                          \
		.mask = A64_TYPE, .type = 1, .address = A64_ADDRESS & ~((1ULL << (s)) - 1),        \
		.rule = a64_rule, .rules = A64_RULES - 1                                           \
	}

static const struct pt_format pt_aarch64 __attribute__((__unused__)) = {
	.name = "aarch64",
	.levels = 4,
	.va_bits = 48,
	.entry_bits = 64,
	.split_roots = true,
	.break_first = true,
	.family = PT_AARCH64,
	.valid = 1,
	.level = { { .shift = 39, .bits = 9, .table = A64_TABLE },
		   { .shift = 30, .bits = 9, .table = A64_TABLE, .leaf = A64_BLOCK(30) },
		   { .shift = 21, .bits = 9, .table = A64_TABLE, .leaf = A64_BLOCK(21) },
		   { .shift = 12, .bits = 9, .leaf = A64_PAGE } },
};

#endif
