/* SPDX-License-Identifier: MIT */
/*
 * early.c - the tables of the first moments, made while the MMU is off:
 *
 *   PAGE_OFFSET: the GiB of this image and that of the device tree     the image from -2 GiB, by 2 MiB
 *
 * Runs where it was loaded: it may name nothing by an address that the linker wrote down.  Sv48 and Sv57 have one and
 * two more levels above the GiBs.
 */
#include "bare_private.h"
#include <quire/init.h>

#define LARGE_PAGE  (2UL << 20)
#define MAX_TABLES  8
#define TABLE_WORDS 512

extern u64 bare_early_pool[MAX_TABLES][TABLE_WORDS]; /* all zero (entry.S) */
static __initdata unsigned used;
__initdata u64 *bare_early_console;

/* The entry for `va` of the level whose lowest address bit is `shift`. */
static u64 *__init entry_of(unsigned long va, unsigned shift)
{
	u64 *table = bare_early_root;

	for (unsigned s = BARE_ROOT_SHIFT; s > shift; s -= 9) {
		u64 *entry = &table[va >> s & (TABLE_WORDS - 1)];

		if (!*entry)
			*entry = bare_entry_of_table(
				(phys_addr_t)(unsigned long)bare_early_pool[used++]);
		table = (u64 *)(unsigned long)bare_entry_pa(*entry);
	}
	return &table[va >> shift & (TABLE_WORDS - 1)];
}

static void __init map_gib(unsigned long va, phys_addr_t pa)
{
	*entry_of(va, 30) = bare_entry(pa & ~(GIB - 1), RV_RW);
}

u64 __init bare_early_tables(phys_addr_t fdt)
{
	phys_addr_t image = (phys_addr_t)(unsigned long)bare_text_start;
	unsigned long size = (unsigned long)(bare_image_end - bare_text_start), virt = -2UL * GIB;

	for (unsigned long at = 0; at < size; at += LARGE_PAGE)
		*entry_of(virt + at, 21) = bare_entry(image + at, RV_RWX);
	map_gib(PAGE_OFFSET + image, image);
	if (fdt < PORT_VMALLOC_START - PAGE_OFFSET)
		map_gib(PAGE_OFFSET + fdt, fdt);
	bare_early_console = entry_of(BARE_CONSOLE_VIRT, 30);
	return (u64)SATP_MODE << SATP_MODE_SHIFT |
	       (u64)(unsigned long)bare_early_root >> PAGE_SHIFT;
}
