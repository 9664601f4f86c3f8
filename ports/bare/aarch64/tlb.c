/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - forgetting translations, and choosing spaces.
 *
 *   up to 32 pages   TLBI by address and ASID       more   by ASID, or everything of the kernel's
 *
 * The instructions reach every CPU by themselves (the IS forms): there is no shoot-down.  A space has a
 * number (quire/asid.h); who runs on the kernel's tables only has number 0 and an empty table.
 */
#include "bare_private.h"
#include <quire/asid.h>
#include <quire/init.h>
#include <quire/printk.h>

/* Pages; by make bench-tlb. */
#define FLUSH_ALL_ABOVE 32
#define ASID_SHIFT      48
#define VA_MASK         ((1UL << 44) - 1) /* of an operand: address bits 55..12 */

extern char bare_empty_root[];
static phys_addr_t empty_root;

static void written(void)
{
	__asm__ volatile("dsb ishst" : : : "memory");
}

static void forgotten(void)
{
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

void port_flush_tlb_range(phys_addr_t root, unsigned long start, unsigned long end)
{
	u64 asid = (u64)asid_of(root) << ASID_SHIFT;

	if (!asid)
		return; /* it never ran */
	written();
	if (end - start > FLUSH_ALL_ABOVE * PAGE_SIZE)
		__asm__ volatile("tlbi aside1is, %0" : : "r"(asid));
	else
		for (unsigned long at = start; at < end; at += PAGE_SIZE)
			__asm__ volatile("tlbi vae1is, %0"
					 :
					 : "r"(asid | (at >> PAGE_SHIFT & VA_MASK)));
	forgotten();
}

void port_flush_tlb_mm(phys_addr_t root)
{
	port_flush_tlb_range(root, 0, PORT_TASK_SIZE);
}

void port_flush_tlb_kernel(unsigned long start, unsigned long end)
{
	written();
	if (end - start > FLUSH_ALL_ABOVE * PAGE_SIZE)
		__asm__ volatile("tlbi vmalle1is");
	else
		for (unsigned long at = start; at < end; at += PAGE_SIZE)
			__asm__ volatile("tlbi vaae1is, %0" : : "r"(at >> PAGE_SHIFT & VA_MASK));
	forgotten();
}

void port_load_root(phys_addr_t root)
{
	bool none = root == maps_kernel_root();
	struct asid_switch s = asid_switch(none ? 0 : root);

	BARE_WRITE(ttbr0_el1, (none ? empty_root : root) | (u64)s.asid << ASID_SHIFT);
	isb();
	if (s.flush)
		__asm__ volatile("dsb nshst\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
}

/* One CPU runs. */
bool port_membarrier(void)
{
	__asm__ volatile("dsb ish" : : : "memory");
	return true;
}

void __init bare_tlb_init(void)
{
	empty_root = bare_image_pa(bare_empty_root);
	if (asid_init(bare_feature.asid_bits))
		quire_panic("ASIDs of %u bits are too few for %u CPUs\n", bare_feature.asid_bits,
			    (unsigned)QUIRE_NR_CPUS);
}
