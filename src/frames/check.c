/* SPDX-License-Identifier: MIT */
/*
 * frames/check.c - the laws of physical memory, recounted from nothing.
 *
 *   every frame of a zone is in exactly one of:   free block | parked on a CPU's list | reserved | in use
 *
 * Lock: buddy_check: the caller's zone->lock.  frames_check: takes them one by one; the per-CPU
 *       lists of other CPUs must be quiet.
 */
#include <quire/check.h>
#include <quire/zoneinfo.h>
#include "frames.h"

/* The block that begins at g and is of whole groups. */
static const char *check_whole(const struct zone *zone, u32 g, unsigned order)
{
	const struct zone_groups *gs = &zone->groups;
	unsigned long pfn = group_pfn(gs, g), buddy_pfn = pfn ^ 1UL << order;
	const struct zone_extent *e = extent_of_pfn(gs, pfn);
	enum migratetype type = group_type(zone, g);

	if (pfn & ((1UL << order) - 1))
		return "a free block is not aligned to its own size";
	if (order > MAX_PAGE_ORDER || pfn + (1UL << order) - e->start_pfn > e->frames)
		return "a free block lies outside its zone";
	if (order > pageblock_order && type >= MIGRATE_PCPTYPES)
		return "pageblocks that are kept apart were merged";
	for (u32 i = 1; i < 1u << (order - FRAME_GROUP_ORDER); i++)
		if (gs->group[g + i].largest != LARGEST_INSIDE)
			return "a group inside a free block does not know that it is";
	if (order < MAX_PAGE_ORDER && buddy_pfn - e->start_pfn < e->frames) {
		u32 buddy = group_of_pfn(gs, buddy_pfn);

		if (gs->group[buddy].largest == (int)order &&
		    (order < pageblock_order ||
		     (type < MIGRATE_PCPTYPES && group_type(zone, buddy) < MIGRATE_PCPTYPES)))
			return "two free buddies were never merged";
	}
	return NULL;
}

static unsigned count_bits(const u64 words[GROUP_WORDS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < GROUP_WORDS; i++)
		n += word_count(words[i]);
	return n;
}

/* A group is in the rows where it belongs and in no others. */
static const char *check_rows(const struct zone_groups *gs, u32 g)
{
	const struct frame_group *group = &gs->group[g];
	bool partly = group->nr_free && !group_is_whole(group);

	for (unsigned type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned row = 0; row < GROUP_ROWS; row++) {
			bool belongs = type == group->type &&
				       (row == ROW_PARTLY ? partly : (int)row == group->largest);

			if (row_test(gs, (enum migratetype)type, row, g) != belongs)
				return "a group is not in the row where it belongs, or in another";
		}
	return NULL;
}

static const char *check_group(const struct zone *zone, u32 g)
{
	const struct zone_groups *gs = &zone->groups;
	const struct frame_group *group = &gs->group[g];
	bool partly = group->nr_free && !group_is_whole(group);

	if (group->type >= MIGRATE_TYPES)
		return "a pageblock has no such type";
	if (partly && count_bits(group_words(gs, g)) != group->nr_free)
		return "a group's count of free frames disagrees with its bits";
	if (partly && group->largest != words_largest(group_words(gs, g)))
		return "a group's largest block is not the one that its bits show";
	if (!group->nr_free && group->largest != LARGEST_NONE)
		return "a group without free frames has a largest block";
	if (group_is_whole(group) && group->largest < (int)FRAME_GROUP_ORDER &&
	    group->largest != LARGEST_INSIDE)
		return "a group that is free is not a block, nor inside one";
	if (group_is_whole(group) && group->largest >= 0) {
		const char *why = check_whole(zone, g, (unsigned)group->largest);

		if (why)
			return why;
	}
	return check_rows(gs, g);
}

const char *buddy_check(const struct zone *zone)
{
	const struct zone_groups *gs = &zone->groups;
	unsigned long counted = 0, inside = 0, kept[MIGRATE_TYPES] = { 0 };

	for (u32 g = 0; g < gs->nr; g++) {
		const char *why = check_group(zone, g);

		if (why)
			return why;
		counted += gs->group[g].nr_free;
		kept[gs->group[g].type] += gs->group[g].nr_free;
		if (gs->group[g].largest > (int)FRAME_GROUP_ORDER)
			inside += (1UL << (gs->group[g].largest - FRAME_GROUP_ORDER)) - 1;
		if (gs->group[g].largest == LARGEST_INSIDE)
			inside--;
	}
	for (unsigned type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned row = 0; row < GROUP_ROWS; row++) {
			const char *why = row_check(gs, (enum migratetype)type, row);

			if (why)
				return why;
		}
	if (inside)
		return "a group lies inside a free block that is not there";
	if (kept[MIGRATE_CMA] != zone->nr_free_cma)
		return "nr_free_cma disagrees with the groups";
	if (kept[MIGRATE_HIGHATOMIC] + kept[MIGRATE_ISOLATE] != zone->nr_free_highatomic)
		return "nr_free_highatomic disagrees with the groups";
	return counted == zone->nr_free ? NULL : "nr_free disagrees with the groups";
}

/* Frames of the zone that were ever managed; what is free must be one of them and nobody's. */
static const char *recount(const struct zone *zone, unsigned long *managed)
{
	for (unsigned long pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone); pfn++) {
		const struct page *page;

		if (!pfn_valid(pfn)) {
			pfn = next_section(pfn) - 1;
			continue;
		}
		page = pfn_to_page(pfn);
		if (page_zone_id(page->flags) != zone->id) {
			if (group_frame_is_free(&zone->groups, pfn))
				return "a frame is free in a zone that is not its own";
			continue;
		}
		if (!PageFlag(page, PG_reserved))
			++*managed;
		else if (group_frame_is_free(&zone->groups, pfn))
			return "a frame is free and reserved";
		if (group_frame_is_free(&zone->groups, pfn) && page_count(page))
			return "a free frame has references";
	}
	return NULL;
}

/* `private` of a parked block's first frame is nobody's: the mark tells who was seen; 0 forgets it. */
static const char *check_list(const struct zone *zone, const struct pcp_list *list, u32 mark)
{
	if (pcp_count(list) > pcp_high(list))
		return "a per-CPU list is over its limit";
	for (unsigned i = 0; i < pcp_count(list); i++) {
		struct page *page = pfn_to_page(list->slot[i]);

		if (page_zone_id(page->flags) != zone->id)
			return "a block is parked on another zone's list";
		if (page_count(page) || PageFlag(page, PG_reserved))
			return "a parked block is in use";
		for (unsigned j = 0; j < 1u << list->order; j++)
			if (group_frame_is_free(&zone->groups, list->slot[i] + j))
				return "a frame is both free and parked";
		if (mark && page->private == mark)
			return "a block is parked twice";
		page->private = mark;
	}
	return NULL;
}

static const char *check_pcp(const struct zone *zone, u32 mark)
{
	unsigned cpu;

	for_each_possible_cpu(cpu)
		for (unsigned i = 0; i < NR_PCP_LISTS; i++) {
			const char *why =
				check_list(zone, &per_cpu_ptr(zone->pcp, cpu)->list[i], mark);

			if (why)
				return why;
		}
	return NULL;
}

static const char *check_zone(struct zone *zone)
{
	unsigned long managed = 0, flags;
	const char *why;

	spin_lock_irqsave(&zone->lock, flags);
	why = buddy_check(zone);
	if (!why)
		why = recount(zone, &managed);
	spin_unlock_irqrestore(&zone->lock, flags);
	if (!why && zone->pcp) {
		why = check_pcp(zone, 0);
		if (!why)
			why = check_pcp(zone, 1);
	}
	if (why)
		return why;
	if (managed != zone_managed_pages(zone))
		return "frames that are not reserved are not the managed ones";
	return zone->nr_free + zone_pcp_pages(zone) <= managed
		       ? NULL
		       : "more frames are free and parked than there are";
}

/* Frames that were freed and not looked at yet still belong to somebody. */
static const char *check_far(void)
{
	unsigned cpu;

	for_each_possible_cpu(cpu)
		for (unsigned i = 0; i < QUIRE_FAR_FREES; i++) {
			const struct page *page = percpu_of(&quire_cpu, cpu)->far[i].page;

			if (page && percpu_of(&quire_cpu, cpu)->far_shut)
				return "a frame waits to be freed where none may";
			if (page &&
			    group_frame_is_free(&page_zone(page)->groups, page_to_pfn(page)))
				return "a frame is free and waits to be freed";
		}
	return NULL;
}

const char *frames_check(void)
{
	const char *far = check_far();
	struct zone *zone;

	if (far)
		return far;

	for_each_populated_zone(zone)
	{
		const char *why = check_zone(zone);

		if (why)
			return why;
	}
	return NULL;
}
