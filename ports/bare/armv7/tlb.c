/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - forgetting translations, and choosing spaces.
 *
 *   up to 16 pages   TLBI by address and ASID       more   by ASID, or everything of the kernel's
 *
 * The instructions reach every CPU by themselves (the IS forms): there is no shoot-down.  A space has a
 * number (quire/asid.h); who runs on the kernel's tables only has number 0.
 *
 * The number and the root are two registers, and a walk between the two writes would file entries of one space
 * under the number of another.  So the kernel's root, whose entries are all global, is loaded in between
 * (Architecture Reference Manual ARMv7-A, B3.10.4).  Branch predictors need not be told, nor caches of entries: look_at_cpu().
 */
#include "bare_private.h"
#include <quire/asid.h>
#include <quire/init.h>
#include <quire/printk.h>

/* Pages; by make bench-tlb: a walk here reads two entries, not four. */
#define FLUSH_ALL_ABOVE 16
#define ASID_BITS       8

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
	u32 asid = asid_of(root);

	if (!asid)
		return; /* it never ran */
	written();
	if (end - start > FLUSH_ALL_ABOVE * PAGE_SIZE)
		BARE_WRITE(c8, 0, c3, 2, asid); /* TLBIASIDIS */
	else
		for (unsigned long at = start; at < end; at += PAGE_SIZE)
			BARE_WRITE(c8, 0, c3, 1, (at & PAGE_MASK) | asid); /* TLBIMVAIS */
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
		BARE_WRITE(c8, 0, c3, 0, 0); /* TLBIALLIS */
	else
		for (unsigned long at = start; at != end; at += PAGE_SIZE)
			BARE_WRITE(c8, 0, c3, 3, at & PAGE_MASK); /* TLBIMVAAIS */
	forgotten();
}

void port_load_root(phys_addr_t root)
{
	phys_addr_t kernel = maps_kernel_root();
	struct asid_switch s = asid_switch(root == kernel ? 0 : root);
	struct bare_cpu *cpu = bare_this_cpu();

	cpu->root = port_phys_to_virt(root);
	bare_see_stack(cpu->kstack_top);
	BARE_WRITE(c2, 0, c0, 0, kernel | BARE_TTBR_FLAGS); /* TTBR0 */
	isb();
	BARE_WRITE(c13, 0, c0, 1, s.asid); /* CONTEXTIDR */
	isb();
	BARE_WRITE(c2, 0, c0, 0, root | BARE_TTBR_FLAGS);
	isb();
	if (s.flush) {
		BARE_WRITE(c8, 0, c7, 0, 0); /* TLBIALL */
		dsb();
		isb();
	}
}

/* One CPU runs. */
bool port_membarrier(void)
{
	__asm__ volatile("dmb" : : : "memory");
	return true;
}

/* Two things that this file counts on: with the Multiprocessing Extensions table walks see what is in caches, and
 * branch predictors go by the ASID, or with the instruction cache (port.c), and want no other word. */
static void __init look_at_cpu(void)
{
	bool walks = BARE_READ(c0, 0, c0, 5) >> 31;        /* MPIDR */
	unsigned branches = BARE_READ(c0, 0, c1, 5) >> 28; /* ID_MMFR1 */

	if (!walks || branches < 2)
		quire_panic("this CPU cannot be used: %s\n",
			    walks ? "its branch predictor must be told of each change of spaces"
				  : "its table walks do not see its caches");
}

void __init bare_tlb_init(void)
{
	look_at_cpu();
	if (asid_init(ASID_BITS))
		quire_panic("ASIDs of %u bits are too few for %u CPUs\n", ASID_BITS,
			    (unsigned)QUIRE_NR_CPUS);
}
