/* SPDX-License-Identifier: MIT */
/*
 * frames/highmem.c - how much memory has no address in the linear map.
 *
 * Lock: none; numbers may be a moment old.
 */
#include <quire/highmem.h>
#include "frames.h"

/* MOVABLE is cut from the top of the highest zone: it may be of either kind. */
bool is_highmem(const struct zone *zone)
{
	return zone->idx == ZONE_HIGHMEM || (PORT_HIGHMEM && zone->idx == ZONE_MOVABLE &&
					     zone->zone_start_pfn >= QUIRE_LOWMEM_END_PFN);
}

unsigned long totalhigh_pages(void)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_populated_zone(zone) n += is_highmem(zone) ? zone_managed_pages(zone) : 0;
	return n;
}

unsigned long nr_free_highpages(void)
{
	unsigned long n = 0;
	struct zone *zone;

	for_each_populated_zone(zone) n +=
		is_highmem(zone) ? zone_page_state(zone, NR_FREE_PAGES) : 0;
	return n;
}

void *quire_high_memory(void)
{
	unsigned long end = quire_max_pfn;

	return (char *)__va(PFN_PHYS((PORT_HIGHMEM ? min(end, QUIRE_LOWMEM_END_PFN) : end) - 1)) +
	       PAGE_SIZE;
}
