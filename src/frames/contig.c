/* SPDX-License-Identifier: MIT */
/*
 * frames/contig.c - alloc_contig_range and alloc_contig_pages: this range, or any of that size.
 *
 * Lock: none of its own.
 */
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/highmem.h>
#include <quire/printk.h>
#include "alloc.h"
#include "debug.h"

/* The zone that all frames of the range are of, or NULL. */
struct zone *zone_of_range(unsigned long start, unsigned long end)
{
	struct zone *zone = NULL;

	if (start >= end)
		return NULL;
	for (unsigned long pfn = start; pfn < end; pfn++) {
		if (!pfn_valid(pfn))
			return NULL;
		if (!zone)
			zone = page_zone(pfn_to_page(pfn));
		if (page_zone(pfn_to_page(pfn)) != zone || PageFlag(pfn_to_page(pfn), PG_reserved))
			return NULL;
	}
	return zone;
}

static void own_range(unsigned long start, unsigned long end, gfp_t gfp)
{
	for (unsigned long pfn = start; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		make_owned(page, block_marks(0, pcp_column_of(get_pageblock_migratetype(page))));
		frame_debug_claimed(page, 0, gfp);
	}
}

static void zero_range(unsigned long start, unsigned long end)
{
	for (unsigned long pfn = start; pfn < end; pfn++)
		clear_highpage(pfn_to_page(pfn));
}

int alloc_contig_range(unsigned long start, unsigned long end, enum migratetype migratetype,
		       gfp_t gfp)
{
	struct zone *zone = zone_of_range(start, end);
	int err;

	lock_debug_assert_none("alloc_contig_range");
	if (!zone)
		return -EINVAL;
	if (range_why_immovable(start, end))
		return -EBUSY;
	err = take_range(zone, start, end, migratetype, gfp, MR_CONTIG_RANGE);
	if (err)
		return err;
	own_range(start, end, gfp);
	count_vm_events((enum vm_event_item)(PGALLOC_DMA + zone->idx), (long)(end - start));
	if (gfp & __GFP_ZERO)
		zero_range(start, end);
	return 0;
}

/* A range of the zone that looks as if it could be had, from `pfn` on: tried; its start or PFN_NONE. */
static unsigned long try_zone(struct zone *zone, unsigned long nr, unsigned long align, gfp_t gfp)
{
	unsigned long pfn = QUIRE_ALIGN_UP(zone->zone_start_pfn, align);

	for (; pfn + nr <= zone_end_pfn(zone); pfn += align)
		if (zone_of_range(pfn, pfn + nr) == zone &&
		    !alloc_contig_range(pfn, pfn + nr, MIGRATE_MOVABLE, gfp))
			return pfn;
	return PFN_NONE;
}

struct page *alloc_contig_pages(unsigned long nr, gfp_t gfp, int nid)
{
	unsigned long align = nr & (nr - 1) ? pageblock_nr_pages : nr, pfn;
	struct zone *zone;

	if (!nr)
		return NULL;
	for_each_populated_zone(zone)
	{
		if (zone->idx > gfp_zone(gfp) || (nid != NUMA_NO_NODE && zone->node != nid))
			continue;
		pfn = try_zone(zone, nr, align, gfp);
		if (pfn != PFN_NONE)
			return pfn_to_page(pfn);
	}
	return NULL;
}

void free_contig_range(unsigned long pfn, unsigned long nr)
{
	unsigned long held = 0;

	for (; nr--; pfn++) {
		struct page *page = pfn_to_page(pfn);

		held += page_count(page) != 1;
		__free_page(page);
	}
	if (held)
		pr_warn("frames: %lu frames of a contiguous range are still in use\n", held);
}
