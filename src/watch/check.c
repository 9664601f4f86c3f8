/* SPDX-License-Identifier: MIT */
/*
 * watch/check.c - every law of every folder at once, and what frames are used for, counted one by
 * one.
 */
#include <quire/check.h>
#include <quire/gfp.h>
#include <quire/slab.h>
#include <quire/watch.h>
#include "maps/maps.h"
#include "spaces/spaces.h"
#include "watch/watch.h"

struct owners {
	unsigned long cached, anon, tables, slab;
};

static void count_zone(const struct zone *zone, struct owners *o)
{
	unsigned long pfn, end = zone_end_pfn(zone);

	for (pfn = zone->zone_start_pfn; pfn < end; pfn++) {
		const struct page *page;

		if (!pfn_valid(pfn))
			continue;
		page = pfn_to_page(pfn);
		o->cached += PageFlag(page, PG_cache);
		o->anon += PageFlag(page, PG_anon) && page_mapcount(page) > 0;
		o->tables += PageFlag(page, PG_table);
		o->slab += PageFlag(page, PG_slab);
	}
}

/* Counters that are kept as things happen, against the frames themselves. */
static const char *recount_owners(void)
{
	struct owners o = { 0, 0, 0, 0 };
	struct zone *zone;

	for_each_populated_zone(zone) count_zone(zone, &o);
	if (o.cached != global_node_page_state(NR_FILE_PAGES))
		return "NR_FILE_PAGES disagrees with the frames in the page cache";
	if (o.anon != global_node_page_state(NR_ANON_MAPPED))
		return "NR_ANON_MAPPED disagrees with the mapped anonymous frames";
	if (o.tables != global_node_page_state(NR_PAGETABLE))
		return "NR_PAGETABLE disagrees with the frames that are page tables";
	return NULL;
}

const char *check_all(void)
{
	const char *why;

	pt_drain_spares();
	why = frames_check();
	if (!why)
		why = heap_check();
	if (!why)
		why = maps_check();
	if (!why)
		why = spaces_check();
	return why ? why : recount_owners();
}

unsigned long quire_free_pages_exact(void)
{
	vm_unmap_aliases();
	pt_drain_spares();
	heap_drain();
	drain_all_pages();
	return nr_free_pages();
}
