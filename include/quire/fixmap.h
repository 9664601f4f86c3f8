/* SPDX-License-Identifier: MIT */
/*
 * quire/fixmap.h - pages whose kernel addresses are known when the kernel is compiled.
 *
 *   FIXADDR_TOP                                                         lower addresses
 *   | hole | console | device tree …… | early_ioremap slot 0 | slot 1 | …
 *     0      1         2                                               index: fix_to_virt()
 *   and, where there is highmem, | CPU 0's kmap_local_page() | CPU 1's | …
 *
 * What an index is mapped to may change; where it is never does, and its tables are there from
 * maps_early_init() on.  A port that has room gives PORT_FIXADDR_TOP; elsewhere nothing can be mapped here
 * and the functions say so.
 */
#ifndef QUIRE_FIXMAP_H
#define QUIRE_FIXMAP_H

#include <quire/port.h>
#include <quire/vmalloc.h>

#define NR_FIX_BTMAPS    64u /* pages of an early_ioremap() at most */
#define FIX_BTMAPS_SLOTS 7u  /* of them at a time                   */

/* kmap_local_page() nests so deep on a CPU (quire/highmem.h); what the fixmap has room for. */
#define FIX_KMAP_ROOM (254u / QUIRE_NR_CPUS)
#define KM_MAX_IDX    (!PORT_HIGHMEM ? 0u : FIX_KMAP_ROOM < 16u ? FIX_KMAP_ROOM : 16u)

enum fixed_addresses {
	FIX_HOLE,              /* never mapped                                             */
	FIX_EARLYCON_MEM_BASE, /* the registers of a console that is needed before ioremap() */
	FIX_FDT,               /* a device tree of up to 256 KiB                           */
	FIX_FDT_LAST = FIX_FDT + 63,
	FIX_BTMAP_END, /* slots of early_ioremap()                                */
	FIX_BTMAP_BEGIN = FIX_BTMAP_END + (int)(NR_FIX_BTMAPS * FIX_BTMAPS_SLOTS) - 1,
	FIX_KMAP_BEGIN, /* KM_MAX_IDX of each CPU                                  */
	FIX_KMAP_END = FIX_KMAP_BEGIN + (int)(KM_MAX_IDX * QUIRE_NR_CPUS) - 1,
	__end_of_fixed_addresses
};
_Static_assert(__end_of_fixed_addresses <= 768, "the fixmap has 3 MiB");

/* Address of index 0; the others are below. */
#define FIXADDR_TOP   ((unsigned long)PORT_FIXADDR_TOP)
#define FIXADDR_SIZE  ((unsigned long)__end_of_fixed_addresses << PAGE_SHIFT)
#define FIXADDR_START (FIXADDR_TOP + PAGE_SIZE - FIXADDR_SIZE)

static inline unsigned long fix_to_virt(unsigned idx)
{
	return FIXADDR_TOP - ((unsigned long)idx << PAGE_SHIFT);
}

/* The index that an address between FIXADDR_START and FIXADDR_TOP, its page included, is of. */
static inline unsigned virt_to_fix(unsigned long addr)
{
	return (unsigned)((FIXADDR_TOP - (addr & PAGE_MASK)) >> PAGE_SHIFT);
}

/*
 * Map the page at idx to the page that `phys` is in, with one of quire/vmalloc.h's protections (set_fixmap:
 * PAGE_KERNEL, set_fixmap_io: PAGE_KERNEL_NOCACHE), instead of what it was mapped to.  An index
 * that there is not is refused, with words in the log.
 *   Context:  any, from maps_early_init() on; an index has one user at a time.  Never fails.
 */
void __set_fixmap(unsigned idx, phys_addr_t phys, pgprot_t prot);
void clear_fixmap(unsigned idx);
#define set_fixmap(idx, phys)         __set_fixmap((idx), (phys), PAGE_KERNEL)
#define set_fixmap_io(idx, phys)      __set_fixmap((idx), (phys), PAGE_KERNEL_NOCACHE)
#define set_fixmap_nocache(idx, phys) set_fixmap_io((idx), (phys))

/*
 * As ioremap(), while there are neither frames nor a heap: device registers, or with early_memremap()
 * memory as it is (tables of firmware, RAM or not).
 *   Returns:  NULL: all slots are taken, or it is more than a slot has pages, or nothing; the log says which.
 *   Context:  one CPU runs; from maps_early_init() on, the after_tables hook of quire_start() being first.
 *   Owner:    the caller, until early_iounmap() with the same size: not what outlives the start.
 */
void __iomem *early_ioremap(phys_addr_t phys, unsigned long size) __must_check;
void *early_memremap(phys_addr_t phys, unsigned long size) __must_check;
void *early_memremap_ro(phys_addr_t phys, unsigned long size) __must_check;
/* Undo.  What is not mapped there, with that size, is reported. */
void early_iounmap(void __iomem *addr, unsigned long size);
void early_memunmap(void *addr, unsigned long size);
/* How many are mapped still; each is named in the log.  free_initmem() asks. */
unsigned check_early_ioremap_leak(void);

#endif
