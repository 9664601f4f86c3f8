/* SPDX-License-Identifier: MIT */
/*
 * maps/kmap_local.c - a page of the fixmap for a frame without an address, on this CPU, for a moment.
 *
 *   CPU 0   | frame a | frame b | - | - ...      depth 2: b goes before a
 *   CPU 1   | frame c | -       | - | - ...      indices FIX_KMAP_BEGIN + CPU * KM_MAX_IDX + depth
 *
 * Always true:  of a CPU's pages those below its depth are mapped, and no CPU remembers the others.
 * Lock:         none: a CPU's own, interrupts off.  An interrupt leaves the depth as it found it.
 */
#include <quire/highmem.h>
#include <quire/percpu.h>
#include <quire/printk.h>
#include "maps/kernel.h"
#include "maps/kmap.h"

/* (p) pages in use */
static DEFINE_PER_CPU(unsigned, kmap_depth);

static unsigned long place(unsigned depth)
{
	return fix_to_virt(FIX_KMAP_BEGIN + port_cpu_id() * KM_MAX_IDX + depth);
}

void *kmap_local_high(unsigned long pfn)
{
	unsigned long irq = port_irq_save(), va;
	unsigned *depth = this_cpu_ptr(&kmap_depth);

	if (!kernel_map.pgd)
		quire_panic("kmap_local_page() before maps_early_init()\n");
	if (*depth == KM_MAX_IDX)
		quire_panic("kmap_local_page() nests more than %u deep\n", KM_MAX_IDX);
	va = place(*depth);
	pte_set(pt_find(kernel_map.pgd, va, NULL), pte_make(pfn, PT_KERNEL_RW));
	WRITE_ONCE(*depth, *depth + 1);
	port_irq_restore(irq);
	return PORT_KMAP_POINTER(va);
}

static bool is_local(unsigned long va)
{
	return va >= fix_to_virt(FIX_KMAP_END) && va < fix_to_virt(FIX_KMAP_BEGIN) + PAGE_SIZE;
}

void kunmap_local_high(const void *addr)
{
	unsigned long va = PORT_KMAP_ADDRESS(addr) & PAGE_MASK, irq;
	unsigned *depth;

	if (!is_local(va))
		return; /* of the linear map */
	irq = port_irq_save();
	depth = this_cpu_ptr(&kmap_depth);
	if (!*depth || place(*depth - 1) != va)
		quire_panic("kunmap_local(%p): not what this CPU mapped last\n", addr);
	pte_set(pt_find(kernel_map.pgd, va, NULL), 0);
	port_flush_tlb_here(va);
	WRITE_ONCE(*depth, *depth - 1);
	port_irq_restore(irq);
}

/* Nothing is being used now. */
const char *kmap_local_check(void)
{
	unsigned cpu;

	for_each_possible_cpu(cpu)
		if (*per_cpu_ptr(&kmap_depth, cpu))
			return "a page of kmap_local_page() was not unmapped";
	for (unsigned idx = FIX_KMAP_BEGIN; idx < FIX_KMAP_END + 1u; idx++)
		if (pt_lookup(kernel_map.pgd, fix_to_virt(idx), NULL))
			return "a page for kmap_local_page() is mapped and not in use";
	return NULL;
}
