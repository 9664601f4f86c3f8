/* SPDX-License-Identifier: MIT */
/*
 * frames/handover.c - memblock gives its free memory to the buddy system, once.
 *
 *   free range   |1|2 3|4 5 6 7|8 ............ 15|16 ... |        each step takes the largest block that starts here,
 *                 0   1     2          3            ...           is aligned and fits
 *
 * Always true afterwards:  every frame of RAM is either managed, or has PG_reserved.
 * Lock:                    zone->lock, though nobody else is awake.
 */
#include <quire/init.h>
#include <quire/printk.h>
#include "frames.h"

static unsigned largest_order(unsigned long pfn, unsigned long end)
{
	unsigned order = pfn ? min(__ffs(pfn), (unsigned)MAX_PAGE_ORDER) : MAX_PAGE_ORDER;

	while (order && 1UL << order > end - pfn)
		order--;
	return order;
}

void zone_add_frames(struct zone *zone, unsigned long pfn, unsigned long end)
{
	unsigned long flags;

	frame_debug_managed(pfn_to_page(pfn), end - pfn);
	spin_lock_irqsave(&zone->lock, flags);
	while (pfn < end) {
		unsigned order = largest_order(pfn, end);

		buddy_put_locked(zone, pfn, order);
		pfn += 1UL << order;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

void zone_add_managed(struct zone *zone, unsigned long pfn, unsigned long end)
{
	atomic_long_add((long)(end - pfn), &zone->managed_pages);
	zone_add_frames(zone, pfn, end);
}

void __next_mem_pfn_range_in_zone(u64 *idx, const struct zone *zone, unsigned long *out_spfn,
				  unsigned long *out_epfn)
{
	phys_addr_t start, end;

	for (;;) {
		__next_mem_range(idx, zone->node, MEMBLOCK_NONE, &memblock.memory,
				 &memblock.reserved, &start, &end, NULL);
		if (*idx == ~0ULL)
			return;
		*out_spfn = max((unsigned long)PFN_UP(start), zone->zone_start_pfn);
		*out_epfn = min((unsigned long)PFN_DOWN(end), zone_end_pfn(zone));
		if (*out_spfn < *out_epfn && page_zone(pfn_to_page(*out_spfn)) == zone)
			return;
	}
}

/* [pfn, end) lies in one memory region, hence in one node, but perhaps in several zones. */
static unsigned long __init release(unsigned long pfn, unsigned long end)
{
	unsigned long n = end > pfn ? end - pfn : 0;

	while (pfn < end) {
		struct zone *zone = page_zone(pfn_to_page(pfn));
		unsigned long stop = min(end, zone_end_pfn(zone));

		zone_add_managed(zone, pfn, stop);
		pfn = stop;
	}
	return n;
}

/* Frames of [start, end) that are RAM; how many were not reserved before: ranges may share one. */
static unsigned long __init mark_reserved(phys_addr_t start, phys_addr_t end)
{
	const struct memblock_region *r;
	unsigned long n = 0;

	for_each_mem_region(r) {
		unsigned long pfn = PHYS_PFN(max(start, r->base));
		unsigned long stop = (unsigned long)PFN_UP(min(end, r->base + r->size));

		for (; pfn < stop; pfn++) {
			n += !PageFlag(pfn_to_page(pfn), PG_reserved);
			__SetPageFlag(pfn_to_page(pfn), PG_reserved);
		}
	}
	return n;
}

/* RAM outside the linear map was never free. */
static void __init mark_nomap(void)
{
	const struct memblock_region *r;

	for_each_mem_region(r)
		if (r->flags & MEMBLOCK_NOMAP)
			mark_reserved(r->base, r->base + r->size);
}

void __init memblock_free_all(void)
{
	unsigned long given = 0, kept = 0;
	phys_addr_t start, end;
	u64 i;

	for_each_reserved_mem_range(i, &start, &end)
		kept += mark_reserved(start, end);
	mark_nomap();
	/* The zones are made: from now on memory that may be unplugged is like any other. */
	if (memblock_clear_hotplug(0, ~(phys_addr_t)0))
		pr_warn("frames: memory that may be unplugged stays unused\n");
	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end, NULL)
		given += release((unsigned long)PFN_UP(start), (unsigned long)PFN_DOWN(end));
	if (cma_ops)
		cma_ops->activate();
	init_per_zone_wmark_min();
	printk("Memory: %luK/%luK available (%luK reserved, of it %luK frame descriptors)\n",
	       given << (PAGE_SHIFT - 10), (given + kept) << (PAGE_SHIFT - 10),
	       kept << (PAGE_SHIFT - 10), quire_descriptor_bytes >> 10);
}

unsigned long free_reserved_area(phys_addr_t start, phys_addr_t end, const char *what)
{
	unsigned long n = 0;

	for (unsigned long pfn = (unsigned long)PFN_UP(start); pfn < PHYS_PFN(end); pfn++) {
		struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

		if (!page || !PageFlag(page, PG_reserved)) {
			pr_warn("frames: 0x%lx was not reserved and is not freed\n", pfn);
			continue;
		}
		page_flags_keep(page, PAGE_PLACE_MASK);
		zone_add_managed(page_zone(page), pfn, pfn + 1);
		n++;
	}
	if (what && n)
		printk("Freeing %s memory: %luK\n", what, n << (PAGE_SHIFT - 10));
	return n;
}
