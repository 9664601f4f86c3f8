/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - forgetting translations, and choosing spaces.
 *
 *   up to 32 pages   SFENCE.VMA by address and ASID       more   by ASID, or everything
 *
 * One CPU runs: nobody else's translations are to be forgotten.  A space has a number (quire/asid.h); who runs on the
 * kernel's tables only has number 0.
 */
#include "bare_private.h"
#include <quire/asid.h>
#include <quire/init.h>
#include <quire/printk.h>

/* Pages; by make bench-tlb. */
#define FLUSH_ALL_ABOVE 32

static bool numbered; /* the processor has ASIDs enough */

void port_flush_tlb_range(phys_addr_t root, unsigned long start, unsigned long end)
{
	unsigned long asid = numbered ? asid_of(root) : 0;

	if (numbered && !asid)
		return; /* it never ran */
	if (end - start > FLUSH_ALL_ABOVE * PAGE_SIZE)
		__asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
	else
		for (unsigned long at = start; at < end; at += PAGE_SIZE)
			__asm__ volatile("sfence.vma %0, %1" : : "r"(at), "r"(asid) : "memory");
}

void port_flush_tlb_mm(phys_addr_t root)
{
	port_flush_tlb_range(root, 0, PORT_TASK_SIZE);
}

void port_flush_tlb_kernel(unsigned long start, unsigned long end)
{
	if (end - start > FLUSH_ALL_ABOVE * PAGE_SIZE)
		__asm__ volatile("sfence.vma" : : : "memory");
	else
		for (unsigned long at = start; at < end; at += PAGE_SIZE)
			__asm__ volatile("sfence.vma %0, zero" : : "r"(at) : "memory");
}

void port_load_root(phys_addr_t root)
{
	struct asid_switch s = { 0, true };

	if (numbered)
		s = asid_switch(root == maps_kernel_root() ? 0 : root);
	CSR_WRITE(satp, (u64)SATP_MODE << SATP_MODE_SHIFT | (u64)s.asid << SATP_ASID_SHIFT |
				root >> PAGE_SHIFT);
	if (s.flush)
		__asm__ volatile("sfence.vma" : : : "memory");
}

void bare_forget_page(unsigned long at)
{
	__asm__ volatile("sfence.vma %0, zero" : : "r"(at) : "memory");
}

/* One CPU runs. */
bool port_membarrier(void)
{
	__asm__ volatile("fence" : : : "memory");
	return true;
}

/* A processor may have no ASIDs at all: then every switch empties the TLB. */
void __init bare_tlb_init(void)
{
	numbered = bare_asid_bits && !asid_init(bare_asid_bits);
}
