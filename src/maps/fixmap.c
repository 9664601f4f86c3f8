/* SPDX-License-Identifier: MIT */
/*
 * maps/fixmap.c - pages at addresses that never change, and what is mapped by them before there is a heap.
 *
 *   early_ioremap(phys, size)  ->  a free slot of 64 pages  ->  entries whose tables kernel.c made first
 *
 * Always true:  a slot that has no size maps nothing.
 * Lock:         none: an index has one user, and slots are used while one CPU runs.
 */
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/printk.h>
#include "maps/kernel.h"

static void put_entry(unsigned idx, pte_t e)
{
	unsigned long va = fix_to_virt(idx);
	pt_entry *entry = pt_find(kernel_map.pgd, va, NULL);

	if (pte_read(entry)) { /* invalid in between: not every processor may see both */
		pte_set(entry, 0);
		port_flush_tlb_kernel(va, va + PAGE_SIZE);
	}
	if (e)
		pte_set(entry, e);
}

static bool there_is(unsigned idx, const char *who)
{
	if (FIXADDR_TOP && kernel_map.pgd && idx > FIX_HOLE && idx < __end_of_fixed_addresses)
		return true;
	pr_err("%s(%u): there is no such page\n", who, idx);
	return false;
}

void __set_fixmap(unsigned idx, phys_addr_t phys, pgprot_t prot)
{
	u64 bits;

	if (there_is(idx, "set_fixmap") && pt_prot_bits(prot, &bits))
		put_entry(idx, (phys & ~(phys_addr_t)(PAGE_SIZE - 1)) | bits);
}

void clear_fixmap(unsigned idx)
{
	if (there_is(idx, "clear_fixmap"))
		put_entry(idx, 0);
}

/* ---- early mappings -------------------------------------------------------------------------- */
/* Addresses grow as indices fall. */
static unsigned last_index(unsigned slot)
{
	return FIX_BTMAP_BEGIN - slot * NR_FIX_BTMAPS;
}

static void *early_map(phys_addr_t phys, unsigned long size, pgprot_t prot)
{
	unsigned long offset = (unsigned long)phys & ~PAGE_MASK;
	unsigned long pages = PAGE_ALIGN(offset + size) >> PAGE_SHIFT;
	const char *why = NULL;
	unsigned slot = 0;

	while (slot < FIX_BTMAPS_SLOTS && kernel_map.early[slot].size)
		slot++;
	if (!FIXADDR_TOP || !kernel_map.pgd)
		why = "there is no fixmap";
	else if (size == 0 || size > (unsigned long)NR_FIX_BTMAPS << PAGE_SHIFT ||
		 pages > NR_FIX_BTMAPS || (phys_addr_t)(phys + size) < phys)
		why = "it does not fit";
	else if (slot == FIX_BTMAPS_SLOTS)
		why = "all slots are taken";
	if (why) {
		pr_warn("early_ioremap: %lu bytes at 0x%llx: %s\n", size, (unsigned long long)phys,
			why);
		return NULL;
	}
	for (unsigned i = 0; i < pages; i++)
		__set_fixmap(last_index(slot) - i, phys + (phys_addr_t)i * PAGE_SIZE, prot);
	kernel_map.early[slot].size = size;
	kernel_map.early[slot].at = fix_to_virt(last_index(slot)) + offset;
	return (void *)kernel_map.early[slot].at;
}

void __iomem *early_ioremap(phys_addr_t phys, unsigned long size)
{
	return early_map(phys, size, PAGE_KERNEL_NOCACHE);
}

void *early_memremap(phys_addr_t phys, unsigned long size)
{
	return early_map(phys, size, PAGE_KERNEL);
}

void *early_memremap_ro(phys_addr_t phys, unsigned long size)
{
	return early_map(phys, size, PAGE_KERNEL_RO);
}

void early_iounmap(void __iomem *addr, unsigned long size)
{
	unsigned long pages = PAGE_ALIGN(((unsigned long)addr & ~PAGE_MASK) + size) >> PAGE_SHIFT;
	unsigned slot = 0;

	while (slot < FIX_BTMAPS_SLOTS &&
	       (!size || kernel_map.early[slot].at != (unsigned long)addr ||
		kernel_map.early[slot].size != size))
		slot++;
	if (slot == FIX_BTMAPS_SLOTS) {
		quire_damage("early_iounmap(%p): no %lu bytes are mapped there", addr, size);
		return;
	}
	for (unsigned i = 0; i < pages; i++)
		clear_fixmap(last_index(slot) - i);
	kernel_map.early[slot].size = kernel_map.early[slot].at = 0;
}

void early_memunmap(void *addr, unsigned long size)
{
	early_iounmap(addr, size);
}

unsigned check_early_ioremap_leak(void)
{
	unsigned leaked = 0;

	for (unsigned slot = 0; slot < FIX_BTMAPS_SLOTS; slot++) {
		if (!kernel_map.early[slot].size)
			continue;
		leaked++;
		pr_warn("early_ioremap: %lu bytes at 0x%lx are mapped still\n",
			kernel_map.early[slot].size, kernel_map.early[slot].at);
	}
	return leaked;
}
