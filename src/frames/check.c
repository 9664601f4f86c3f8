/* SPDX-License-Identifier: MIT */
/*
 * frames/check.c - the laws of physical memory, recounted from nothing.
 *
 *   every frame of a zone is in exactly one of:   free block | parked on a CPU's list | reserved | in use
 *
 * Lock: buddy_check: the caller's zone->lock.  frames_check: takes them one by one; the per-CPU
 *       lists of other CPUs must be quiet.
 */
#include "frames.h"

/* The first broken rule of one free block, or NULL. */
static const char *check_block(const struct zone *zone, const struct page *page, unsigned order,
			       unsigned type)
{
	unsigned long pfn = page_to_pfn(page), span = 1UL << order;
	const struct page *buddy = pfn_to_page(pfn ^ span);

	if (pfn & (span - 1))
		return "a free block is not aligned to its own size";
	if (pfn < zone->zone_start_pfn || pfn + span > zone_end_pfn(zone) ||
	    page_zone_id(page->flags) != zone->id)
		return "a free block lies outside its zone";
	if (!PageFlag(page, PG_buddy) || page->order != order)
		return "a free block does not know that it is one, or its order";
	if (page_count(page))
		return "a free block has references";
	if (order > pageblock_order && type >= MIGRATE_PCPTYPES)
		return "pageblocks that are kept apart were merged";
	if (pageblock_type(zone, pfn) != type)
		return "a free block is on the list of another migratetype";
	if (order < MAX_PAGE_ORDER && PageFlag(buddy, PG_buddy) && buddy->order == order &&
	    page_zone_id(buddy->flags) == zone->id &&
	    (order < pageblock_order ||
	     (type < MIGRATE_PCPTYPES && pageblock_type(zone, pfn ^ span) < MIGRATE_PCPTYPES)))
		return "two free buddies were never merged";
	return NULL;
}

static const char *check_list(const struct zone *zone, unsigned order, unsigned type,
			      unsigned long *counted)
{
	const struct free_area *area = &zone->free_area[order];
	const struct page *prev = NULL;
	unsigned long n = 0;

	for (const struct page *page = area->head[type]; page; page = page->free_next) {
		const char *why = check_block(zone, page, order, type);

		if (why)
			return why;
		if (page->free_prev != prev)
			return "a free block's neighbour does not lead back to it";
		if (++n > area->nr[type])
			return "a free list is longer than its count";
		prev = page;
	}
	*counted += n << order;
	return n == area->nr[type] ? NULL : "a free list is shorter than its count";
}

const char *buddy_check(const struct zone *zone)
{
	unsigned long counted = 0, apart = 0;

	for (unsigned type = 0; type < MIGRATE_TYPES; type++) {
		unsigned long before = counted;

		for (unsigned order = 0; order <= MAX_PAGE_ORDER; order++) {
			const char *why = check_list(zone, order, type, &counted);

			if (why)
				return why;
		}
		if (type >= MIGRATE_PCPTYPES)
			apart += counted - before;
	}
	if (apart != zone->nr_free_highatomic)
		return "nr_free_highatomic disagrees with the free lists";
	return counted == zone->nr_free ? NULL : "nr_free disagrees with the free lists";
}

struct recount {
	unsigned long free, parked, reserved, used;
};

/* Sort every frame of the zone by what its descriptor says. */
static const char *recount(const struct zone *zone, struct recount *n)
{
	for (unsigned long pfn = zone->zone_start_pfn, span; pfn < zone_end_pfn(zone);
	     pfn += span) {
		const struct page *page;

		span = 1;
		if (!pfn_valid(pfn))
			continue;
		page = pfn_to_page(pfn);
		if (page_zone_id(page->flags) != zone->id)
			continue;
		if (PageFlag(page, PG_reserved)) {
			n->reserved++;
			continue;
		}
		if (PageFlag(page, PG_buddy) && PageFlag(page, PG_pcp))
			return "a frame is both on a free list and parked";
		if (!PageFlag(page, PG_buddy) && !PageFlag(page, PG_pcp)) {
			n->used++;
			continue;
		}
		if (page->order > MAX_PAGE_ORDER)
			return "a free block has an impossible order";
		span = 1UL << page->order;
		*(PageFlag(page, PG_buddy) ? &n->free : &n->parked) += span;
	}
	return NULL;
}

static const char *check_pcp(const struct zone *zone, const struct pcp *pcp)
{
	for (unsigned i = 0; i < NR_PCP_LISTS; i++) {
		const struct pcp_list *list = &pcp->list[i];

		if (list->count > list->high)
			return "a per-CPU list is over its limit";
		for (unsigned j = 0; j < list->count; j++) {
			const struct page *page = list->slot[j];

			if (!PageFlag(page, PG_pcp) || page->order != list->order ||
			    page_count(page))
				return "a parked block does not know that it is one";
			if (page_zone_id(page->flags) != zone->id)
				return "a block is parked on another zone's list";
		}
	}
	return NULL;
}

static const char *check_zone(struct zone *zone)
{
	struct recount n = { 0 };
	const char *why;
	unsigned long flags;
	unsigned cpu;

	spin_lock_irqsave(&zone->lock, flags);
	why = buddy_check(zone);
	if (!why)
		why = recount(zone, &n);
	spin_unlock_irqrestore(&zone->lock, flags);
	if (why)
		return why;
	if (zone->pcp)
		for_each_possible_cpu(cpu) {
			why = check_pcp(zone, per_cpu_ptr(zone->pcp, cpu));
			if (why)
				return why;
		}
	if (n.free != zone->nr_free)
		return "frames marked free disagree with nr_free";
	if (n.parked != zone_pcp_pages(zone))
		return "frames marked parked disagree with the per-CPU lists";
	if (n.free + n.parked + n.used != zone_managed_pages(zone))
		return "free, parked and used frames are not the managed ones";
	return NULL;
}

const char *frames_check(void)
{
	struct zone *zone;

	for_each_populated_zone(zone)
	{
		const char *why = check_zone(zone);

		if (why)
			return why;
	}
	return NULL;
}
