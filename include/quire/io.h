/* SPDX-License-Identifier: MIT */
/*
 * quire/io.h - device registers and memory, mapped so that the kernel reaches them.
 *
 *   void __iomem *regs = ioremap(0xfee00000, 4096);       readl(), writel(): quire/linux/io.h
 *   ...
 *   iounmap(regs);
 */
#ifndef QUIRE_IO_H
#define QUIRE_IO_H

#include <quire/types.h>

/*
 * Map `size` bytes at physical address `phys`, neither of which need be whole pages: the result has the
 * same offset in its page.  Never executable.
 *   ioremap        device registers: uncached, in order; ioremap_uc says so
 *   ioremap_wc     memory of a device, as a frame buffer: uncached, but stores may be gathered.  Where the
 *                  machine has no such kind (RISC-V; x86 whose PAT entry 1 is as at reset): something
 *                  stricter
 *   ioremap_wt     write-through where there is such a thing: uncached here
 *   ioremap_cache  as ordinary memory: tables that firmware left in reserved RAM
 *   ioremap_prot   as one of quire/vmalloc.h's protections says: PAGE_KERNEL and PAGE_KERNEL_RO as
 *                  ordinary memory, _NOCACHE, _WC.  What would be executable is refused
 *   ioremap_np     non-posted: a store is over when the device has it.  AArch64 only, else NULL
 *
 *   Returns:  NULL: no memory or no room, nothing there can be addressed, or part of it is RAM that is
 *             not reserved: that is mapped as memory already, and must not be both.  The log says which.
 *   Context:  task; may sleep.  After maps_init(); before that early_ioremap() of quire/fixmap.h.
 *   Owner:    the caller, until iounmap().
 */
void __iomem *ioremap(phys_addr_t phys, unsigned long size) __must_check;
void __iomem *ioremap_uc(phys_addr_t phys, unsigned long size) __must_check;
void __iomem *ioremap_wc(phys_addr_t phys, unsigned long size) __must_check;
void __iomem *ioremap_wt(phys_addr_t phys, unsigned long size) __must_check;
void __iomem *ioremap_cache(phys_addr_t phys, unsigned long size) __must_check;
void __iomem *ioremap_prot(phys_addr_t phys, unsigned long size, u64 prot) __must_check;
void __iomem *ioremap_np(phys_addr_t phys, unsigned long size) __must_check;
/* What one of those returned is not used any more: touching it faults, at the latest once freed areas are
 * flushed (vm_unmap_aliases()).  NULL is fine; anything else is reported.  May sleep. */
void iounmap(volatile void __iomem *addr);

/*
 * The same for what has no side effects, memory or RAM: no __iomem.  `flags` are tried in this order:
 *   MEMREMAP_WB   as ordinary memory; RAM that has an address is not mapped again, its address is returned
 *   MEMREMAP_WT   write-through: uncached here.  Not RAM
 *   MEMREMAP_WC   gathering stores.  Not RAM
 *   Returns:  NULL as ioremap(): RAM without an address (highmem) too, which is kmap()'s.
 *   Owner:    the caller, until memunmap(); what it did not return is reported.
 */
#define MEMREMAP_WB 1ul
#define MEMREMAP_WT 2ul
#define MEMREMAP_WC 4ul
void *memremap(phys_addr_t phys, size_t size, unsigned long flags) __must_check;
void memunmap(void *addr);

/* Behind them: what kind of memory, and who is asking. */
enum quire_io_type { QUIRE_IO_DEVICE, QUIRE_IO_WC, QUIRE_IO_CACHED };
void __iomem *quire_ioremap(phys_addr_t phys, unsigned long size, enum quire_io_type type,
			    const void *caller) __must_check;

#endif
