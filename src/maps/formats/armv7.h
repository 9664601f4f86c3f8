/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/armv7.h - Arm Architecture Reference Manual ARMv7-A, B3.5: short descriptors, with
 * SCTLR.AFE and SCTLR.TRE clear.
 *
 *              31 ... 20 19 18 17 16 15  14..12 11 10 9 8 .. 5  4  3 2  1 0
 *   section    address   NS 0  nG S  AP2 TEX    AP10    domain  XN C B  1 PXN
 *   table      address down to bit 10                 9 domain  0  NS PXN 0 1
 *   small page address down to bit 12        nG S AP2 TEX AP10     C B  1 XN
 *                                            11 10  9  8..6 5 4    3 2
 *
 * The hardware notes nothing and its entry has no room for what we must know, so each has a twin
 * that the hardware never sees (pt_armv7_soft).  Both share a page:
 *
 *        0          1024        2048        3072        4096
 *        | soft 0   | soft 1    | hard 0    | hard 1    |       tables for two neighbouring MiB
 *
 * A root of 2,048 pairs: 16 KiB, each pair leads to the two hard tables of one such page.
 */
#ifndef QUIRE_MAPS_FORMAT_ARMV7_H
#define QUIRE_MAPS_FORMAT_ARMV7_H

#include "maps/formats/format.h"

#define PT_TWINS_armv7    1     /* each entry has a twin (maps/entry.h)        */
#define ARMV7_HARD_OFFSET 2048u /* bytes from a soft entry to the hard one     */
#define ARMV7_HARD_TABLE  1024u /* bytes of a hard table, which maps a MiB     */
#define ARMV7_SECTION     (1u << 20)

/* Normal memory, write-back, write-allocate (TEX 001, C, B); or shareable device (TEX 000, B); or
 * normal memory that is not cached (TEX 001). */
static const struct pt_rule armv7_section_rule[] = {
	{ PTE_PRESENT | PTE_ACCESSED, PTE_PROTNONE, 3, 2, 0, 0 },
	{ PTE_PRESENT | PTE_LARGE | PTE_ACCESSED, 0, 2, 2, 2, PT_READ_ONLY },
	{ PTE_UNCACHED, 0, 0x700c, 0x0004, 0, PT_TELLS },
	{ PTE_WRITECOMBINE, PTE_UNCACHED ^ PTE_WRITECOMBINE, 0x700c, 0x1000, 0, PT_TELLS },
	{ 0, PTE_UNCACHED, 0x700c, 0x100c, 0, 0 },
	{ PTE_NOEXEC, 0, 1u << 4, 1u << 4, 0, PT_TELLS },
	{ PTE_PRESENT, 0, 1u << 10, 1u << 10, 0, 0 },
	{ PTE_USER, 0, 1u << 11, 1u << 11, 0, PT_TELLS },
	{ PTE_WRITE | PTE_DIRTY, 0, 1u << 15, 0, 1u << 15, PT_TELLS },
	{ PTE_GLOBAL, 0, 1u << 17, 0, 1u << 17, PT_TELLS },
};
static const struct pt_rule armv7_page_rule[] = {
	{ PTE_PRESENT | PTE_ACCESSED, PTE_PROTNONE, 2, 2, 0, PT_TELLS },
	/* alone, the bit would say: a large page */
	{ PTE_NOEXEC | PTE_PRESENT | PTE_ACCESSED, PTE_PROTNONE, 1, 1, 0, PT_TELLS },
	/* TEX 0, C and B by the bit: cheaper than a choice of three */
	{ PTE_UNCACHED, 0, 0x1cc, 0x004, 0, PT_READ_ONLY },
	{ PTE_WRITECOMBINE, PTE_UNCACHED ^ PTE_WRITECOMBINE, 0x1cc, 0x040, 0, PT_READ_ONLY },
	{ 0, PTE_UNCACHED ^ PTE_WRITECOMBINE, 0x1c0, 0x040, 0, 0 },
	{ 0, PTE_WRITECOMBINE, 0x00c, 0x00c, 0, 0 },
	{ PTE_UNCACHED ^ PTE_WRITECOMBINE, 0, 0x004, 0x004, 0, 0 },
	{ PTE_PRESENT, 0, 1u << 4, 1u << 4, 0, 0 },
	{ PTE_USER, 0, 1u << 5, 1u << 5, 0, PT_TELLS },
	{ PTE_WRITE | PTE_DIRTY, 0, 1u << 9, 0, 1u << 9, PT_TELLS },
	{ PTE_GLOBAL, 0, 1u << 11, 0, 1u << 11, PT_TELLS },
};
/* Ours to choose: where the meaning has them, so that all but NOEXEC, whose place no page has a use for, go by one
 * mask.  (Each bit of UNCACHED by itself: of two no mask can be made.) */
#define ARMV7_AS_IS(bit)                                                                           \
	{                                                                                          \
		(bit), 0, (bit), (bit), 0, PT_TELLS                                                \
	}
static const struct pt_rule armv7_soft_rule[] = {
	ARMV7_AS_IS(PTE_PRESENT),
	ARMV7_AS_IS(PTE_WRITE),
	ARMV7_AS_IS(PTE_USER),
	ARMV7_AS_IS(PTE_WRITECOMBINE),
	ARMV7_AS_IS(PTE_UNCACHED ^ PTE_WRITECOMBINE),
	ARMV7_AS_IS(PTE_ACCESSED),
	ARMV7_AS_IS(PTE_DIRTY),
	ARMV7_AS_IS(PTE_GLOBAL),
	ARMV7_AS_IS(PTE_SPECIAL),
	ARMV7_AS_IS(PTE_PROTNONE),
	{ PTE_NOEXEC, 0, PTE_LARGE, PTE_LARGE, 0, PT_TELLS },
};

#define ARMV7_COUNT(rules) (sizeof(rules) / sizeof((rules)[0]))
_Static_assert(ARMV7_COUNT(armv7_section_rule) <= PT_RULES_MAX &&
		       ARMV7_COUNT(armv7_page_rule) <= PT_RULES_MAX &&
		       ARMV7_COUNT(armv7_soft_rule) <= PT_RULES_MAX,
	       "a loop over the rules leaves out the last ones");
/* Entries of the root by the MiB, as the hardware walks. */
#define ARMV7_ROOT                                                                                 \
	{                                                                                          \
		.shift = 20, .bits = 12, .table = { .mask = 3, .type = 1, .address = 0xfffffc00 }, \
		.leaf = {                                                                          \
			.mask = 1u << 18 | 2,                                                      \
			.type = 2,                                                                 \
			.address = 0xfff00000,                                                     \
			.rule = armv7_section_rule,                                                \
			.rules = ARMV7_COUNT(armv7_section_rule),                                  \
		},                                                                                 \
	}

/* What the hardware reads. */
static const struct pt_format pt_armv7 __attribute__((__unused__)) = {
	.name = "armv7",
	.levels = 2,
	.va_bits = 32,
	.entry_bits = 32,
	.break_first = true,
	.family = PT_ARMV7,
	.valid = 3,
	.level = { ARMV7_ROOT,
		   { .shift = 12,
		     .bits = 8,
		     .leaf = { .mask = 2,
			       .type = 2,
			       .address = 0xfffff000,
			       .rule = armv7_page_rule,
			       .rules = ARMV7_COUNT(armv7_page_rule) } } },
};

/* What we read: the last level's twins. */
static const struct pt_format pt_armv7_soft __attribute__((__unused__)) = {
	.name = "armv7-soft",
	.levels = 2,
	.va_bits = 32,
	.entry_bits = 32,
	.break_first = true,
	.family = PT_ARMV7_SOFT,
	.valid = 3,
	.level = { ARMV7_ROOT,
		   { .shift = 12,
		     .bits = 8,
		     .leaf = { .mask = 1,
			       .type = 1,
			       .address = 0xfffff000,
			       .rule = armv7_soft_rule,
			       .rules = ARMV7_COUNT(armv7_soft_rule) } } },
};

#endif
