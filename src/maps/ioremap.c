/* SPDX-License-Identifier: MIT */
/*
 * maps/ioremap.c - device registers and memory, where the kernel can reach them.
 *
 *   physical   |    [ phys ....... phys + size )    |      whole pages are mapped, with the attributes asked
 *   virtual    |    [ result …                      |      for; the result has the same offset in its page
 *
 * RAM that anyone may be given is refused: it is mapped as memory already, and no frame may be memory and
 * a device at a time.  (What firmware reserved is no such RAM.)
 *
 * Lock:  none of its own.
 */
#include <quire/err.h>
#include <quire/highmem.h>
#include <quire/io.h>
#include <quire/memblock.h>
#include <quire/mmzone.h>
#include <quire/printk.h>
#include "maps/area.h"

/* Write-through is not worth a rule in each format: uncached is as right. */
static const u64 memory_type[] = {
	[QUIRE_IO_DEVICE] = PT_KERNEL_IO,
	[QUIRE_IO_WC] = PT_KERNEL_WC,
	[QUIRE_IO_CACHED] = PT_KERNEL_RW,
};

/* The first frame of the range, whose last byte is `last`, that is anybody's memory; ~0: none is. */
static phys_addr_t find_ram(phys_addr_t first, phys_addr_t last)
{
	for (u64 pfn = PHYS_PFN(first); pfn <= PHYS_PFN(last); pfn++)
		if (pfn_valid((unsigned long)pfn) &&
		    !PageFlag(pfn_to_page((unsigned long)pfn), PG_reserved))
			return PFN_PHYS((unsigned long)pfn);
	return ~(phys_addr_t)0;
}

static void *map_device(phys_addr_t first, unsigned long size, u64 prot, const void *caller)
{
	bool large = pt_kernel_large() && size >= PMD_SIZE && !(first & (PMD_SIZE - 1));
	struct vm_area *area =
		area_reserve(size, large ? PMD_SIZE : PAGE_SIZE, VM_KIND_IOREMAP, caller);

	if (!area)
		return NULL;
	area->phys = first;
	if (pt_map_kernel_range(area->range.start, first, size, prot, large) == 0)
		return (void *)area->range.start;
	area_disown(area);
	area_unmap(area);
	area_retire(area);
	return NULL;
}

static void __iomem *map_bytes(phys_addr_t phys, unsigned long size, u64 prot, const void *caller)
{
	phys_addr_t first = phys & ~(phys_addr_t)(PAGE_SIZE - 1), last, ram;
	char *at;

	if (size == 0 || (phys_addr_t)(phys + (size - 1)) < phys ||
	    (u64)(phys + (size - 1)) >> QUIRE_MAX_PHYS_BITS) {
		pr_warn("ioremap: %lu bytes at 0x%llx are not physical addresses\n", size,
			(unsigned long long)phys);
		return NULL;
	}
	last = (phys + (size - 1)) | (PAGE_SIZE - 1); /* the last byte: the end may be 0 */
	ram = find_ram(first, last);
	if (ram != ~(phys_addr_t)0) {
		pr_warn("ioremap: 0x%llx is RAM\n", (unsigned long long)ram);
		return NULL;
	}
	if (last - first >= (phys_addr_t)~0UL)
		return NULL;
	at = map_device(first, (unsigned long)(last - first) + 1, prot, caller);
	return at ? at + (phys - first) : NULL;
}

void __iomem *quire_ioremap(phys_addr_t phys, unsigned long size, enum quire_io_type type,
			    const void *caller)
{
	return map_bytes(phys, size, memory_type[type], caller);
}

void __iomem *ioremap_prot(phys_addr_t phys, unsigned long size, u64 prot)
{
	u64 bits;

	if (prot == PAGE_KERNEL_ROX) {
		pr_warn("ioremap_prot: nothing executes from a device\n");
		return NULL;
	}
	return pt_prot_bits(prot, &bits) ? map_bytes(phys, size, bits, __builtin_return_address(0))
					 : NULL;
}

void __iomem *ioremap(phys_addr_t phys, unsigned long size)
{
	return quire_ioremap(phys, size, QUIRE_IO_DEVICE, __builtin_return_address(0));
}

void __iomem *ioremap_uc(phys_addr_t phys, unsigned long size)
{
	return quire_ioremap(phys, size, QUIRE_IO_DEVICE, __builtin_return_address(0));
}

void __iomem *ioremap_wt(phys_addr_t phys, unsigned long size)
{
	return quire_ioremap(phys, size, QUIRE_IO_DEVICE, __builtin_return_address(0));
}

void __iomem *ioremap_wc(phys_addr_t phys, unsigned long size)
{
	return quire_ioremap(phys, size, QUIRE_IO_WC, __builtin_return_address(0));
}

void __iomem *ioremap_cache(phys_addr_t phys, unsigned long size)
{
	return quire_ioremap(phys, size, QUIRE_IO_CACHED, __builtin_return_address(0));
}

/* Only AArch64 knows devices whose stores nobody acknowledges early, and ours are all such. */
void __iomem *ioremap_np(phys_addr_t phys, unsigned long size)
{
	if (pt_fmt.family != PT_AARCH64)
		return NULL;
	return quire_ioremap(phys, size, QUIRE_IO_DEVICE, __builtin_return_address(0));
}

void iounmap(volatile void __iomem *addr)
{
	const void *start = (const void *)((unsigned long)addr & PAGE_MASK);
	struct vm_area *area =
		addr ? area_take(start, VM_KIND_IOREMAP, "iounmap", "ioremap") : NULL;

	if (!area)
		return;
	area_unmap(area);
	area_retire(area);
}

/* ---- memory, RAM or not ---------------------------------------------------------------------- */
/* Whether all of [first, last] is RAM that has an address. */
static bool is_linear(phys_addr_t first, phys_addr_t last)
{
	for (u64 pfn = PHYS_PFN(first); pfn <= PHYS_PFN(last); pfn++)
		if (!pfn_valid((unsigned long)pfn) ||
		    PageHighMem(pfn_to_page((unsigned long)pfn)) ||
		    !memblock_is_map_memory(PFN_PHYS((unsigned long)pfn)))
			return false;
	return true;
}

void *memremap(phys_addr_t phys, size_t size, unsigned long flags)
{
	const void *caller = __builtin_return_address(0);
	void *at = NULL;

	if (!size || !flags || flags & ~(MEMREMAP_WB | MEMREMAP_WT | MEMREMAP_WC)) {
		pr_warn("memremap: %lu bytes, flags 0x%lx: there is nothing to map\n",
			(unsigned long)size, flags);
		return NULL;
	}
	if (flags & MEMREMAP_WB && (phys_addr_t)(phys + (size - 1)) >= phys &&
	    is_linear(phys, phys + (size - 1)))
		return __va(phys);
	if (flags & MEMREMAP_WB)
		at = map_bytes(phys, size, memory_type[QUIRE_IO_CACHED], caller);
	if (!at && flags & MEMREMAP_WT)
		at = map_bytes(phys, size, memory_type[QUIRE_IO_DEVICE], caller);
	if (!at && flags & MEMREMAP_WC)
		at = map_bytes(phys, size, memory_type[QUIRE_IO_WC], caller);
	return at;
}

void memunmap(void *addr)
{
	if (is_vmalloc_addr(addr))
		iounmap(addr);
	else if (addr && !virt_addr_valid(addr))
		quire_damage("memunmap(%p): nothing is mapped there", addr);
}
