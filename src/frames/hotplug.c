/* SPDX-License-Identifier: MIT */
/*
 * frames/hotplug.c - sections go out of use and come back.
 *
 *   in use  --offline_pages: closed, emptied, taken-->  offline: reserved, not counted
 *           <--online_pages: given to the buddy system--
 *
 * Always true:  all frames of an offline section are reserved, and none is managed.
 * Lock:         hotplug_mutex: one at a time; it is held while pages move, which sleeps.
 */
#include <quire/bitmap.h>
#include <quire/contig.h>
#include <quire/err.h>
#include <quire/printk.h>
#include "alloc.h"

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
