/* SPDX-License-Identifier: MIT */
/*
 * frames/hotplug.c - sections go out of use and come back.
 *
 *   in use  --offline_pages: closed, emptied, taken-->  offline: reserved, not counted
 *           <--online_pages: given to the buddy system--
 *           <--add_memory: descriptors are made, then the same--  beyond the end of RAM
 *
 * Always true:  all frames of an offline section are reserved, and none is managed.
 * Lock:         hotplug_mutex: one at a time; it is held while pages move, which sleeps.
 */
#include <quire/bitmap.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/printk.h>
#include "alloc.h"
#include "zones.h"

static DEFINE_MUTEX(hotplug_mutex);

static bool is_whole_sections(unsigned long pfn, unsigned long nr)
{
	return nr && !((pfn | nr) & (SECTION_FRAMES - 1)) && pfn + nr > pfn;
}

bool section_is_offline(unsigned long pfn)
{
	const struct page *page;

	pfn -= pfn % SECTION_FRAMES;
	if (!pfn_valid(pfn))
		return false;
	page = pfn_to_page(pfn);
	return PageFlag(page, PG_reserved) && READ_ONCE(page->private) == PAGE_OFFLINE_MARK;
}

/* Count frames of a zone in or out. */
static void change_managed(struct zone *zone, long frames)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	atomic_long_add(frames, &zone->managed_pages);
	WRITE_ONCE(zone->present_pages, zone->present_pages + (unsigned long)frames);
	zone->zone_pgdat->node_present_pages += (unsigned long)frames;
	spin_unlock_irqrestore(&zone->lock, flags);
	init_per_zone_wmark_min();
}

static void mark_offline(unsigned long pfn, unsigned long end)
{
	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_page(pfn);

		page_flags_write(page, (page->flags & PAGE_PLACE_MASK) | 1u << PG_reserved);
		WRITE_ONCE(page->private, PAGE_OFFLINE_MARK);
	}
}

/* The zone of sections that could go, as far as can be seen. */
static int find_zone(unsigned long start, unsigned long end, struct zone **zone)
{
	const char *why;

	for (unsigned long pfn = start; pfn < end; pfn += SECTION_FRAMES)
		if (!pfn_valid(pfn) || section_is_offline(pfn))
			return -EINVAL;
	why = range_why_immovable(start, end);
	if (why) {
		pr_warn("frames: 0x%lx..0x%lx stays: %s\n", start, end - 1, why);
		return -EBUSY;
	}
	*zone = zone_of_range(start, end);
	return *zone ? 0 : -EINVAL;
}

int offline_pages(unsigned long start_pfn, unsigned long nr_pages)
{
	unsigned long end = start_pfn + nr_pages;
	struct zone *zone;
	int err;

	lock_debug_assert_none("offline_pages");
	if (!is_whole_sections(start_pfn, nr_pages))
		return -EINVAL;
	mutex_lock(&hotplug_mutex);
	err = find_zone(start_pfn, end, &zone);
	if (!err)
		err = take_range(zone, start_pfn, end, MIGRATE_MOVABLE, GFP_HIGHUSER_MOVABLE,
				 MR_MEMORY_HOTPLUG);
	if (!err) {
		mark_offline(start_pfn, end);
		change_managed(zone, -(long)nr_pages);
	}
	mutex_unlock(&hotplug_mutex);
	return err;
}

static bool all_offline(unsigned long pfn, unsigned long end)
{
	while (pfn < end && section_is_offline(pfn))
		pfn += SECTION_FRAMES;
	return pfn >= end;
}

static void mark_online(unsigned long pfn, unsigned long end)
{
	for (; pfn < end; pfn++) {
		page_flags_keep(pfn_to_page(pfn), PAGE_PLACE_MASK);
		WRITE_ONCE(pfn_to_page(pfn)->private, 0);
	}
}

int online_pages(unsigned long start_pfn, unsigned long nr_pages)
{
	unsigned long end = start_pfn + nr_pages;
	struct zone *zone;
	int err = -EINVAL;

	if (!is_whole_sections(start_pfn, nr_pages))
		return -EINVAL;
	mutex_lock(&hotplug_mutex);
	if (all_offline(start_pfn, end)) {
		zone = page_zone(pfn_to_page(start_pfn));
		mark_online(start_pfn, end);
		change_managed(zone, (long)nr_pages);
		zone_add_frames(zone, start_pfn, end);
		err = 0;
	}
	mutex_unlock(&hotplug_mutex);
	return err;
}

/* ---- more than there was --------------------------------------------------------------------- */

/* The zone that the last frame of RAM is of. */
static struct zone *last_zone(void)
{
	return page_zone(pfn_to_page(quire_max_pfn - 1));
}

static int why_not_add(int nid, phys_addr_t start, phys_addr_t size)
{
	phys_addr_t whole = PFN_PHYS(SECTION_FRAMES);

	if (!size || (start | size) & (whole - 1) || start + size < start)
		return -EINVAL;
	if (PHYS_PFN(start) != quire_max_pfn ||
	    (nid != NUMA_NO_NODE && nid != (int)last_zone()->node))
		return -EINVAL;
	return PHYS_PFN(start + size) > quire_room_pfn ? -ENOSPC : 0;
}

static void grow_zone(struct zone *zone, unsigned long pfn, unsigned long end)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	add_present(zone->node, zone->idx, pfn, end);
	groups_grow_locked(zone, end - pfn);
	atomic_long_add((long)(end - pfn), &zone->managed_pages);
	racy_write(quire_ram_end_pfn, end);
	spin_unlock_irqrestore(&zone->lock, flags);
}

int add_memory(int nid, phys_addr_t start, phys_addr_t size)
{
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + size);
	struct zone *zone;
	int err;

	lock_debug_assert_none("add_memory");
	mutex_lock(&hotplug_mutex);
	err = why_not_add(nid, start, size);
	if (!err)
		err = sections_add(pfn, end);
	if (!err) {
		zone = last_zone();
		grow_zone(zone, pfn, end);
		init_per_zone_wmark_min();
		zone_add_frames(zone, pfn, end);
	}
	mutex_unlock(&hotplug_mutex);
	return err;
}

void hotplug_freeze(void)
{
	mutex_lock(&hotplug_mutex);
}

void hotplug_thaw(void)
{
	mutex_unlock(&hotplug_mutex);
}
