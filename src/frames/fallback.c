/* SPDX-License-Identifier: MIT */
/*
 * frames/fallback.c - pageblocks change hands: when a type has nothing left, and on request.
 *
 *   UNMOVABLE has none:    | MOVABLE, all free |  or  | MOVABLE, most free |   ->  its own from now on
 *                          | MOVABLE, little free |                        ->  a block is taken from it
 *
 * The largest block of another type is worth a pageblock: one that is free as a whole, or half,
 * moves over with its free frames.  Whoever wants movable memory for a moment takes small pieces.
 *
 * Always true:  all groups of a pageblock have its type.
 * Lock:         zone->lock.
 */
#include <quire/event.h>
#include "slow.h"

/* First group of the pageblock that holds g, and the group after its last, within the extent. */
static u32 pageblock_groups(const struct zone_groups *gs, u32 g, u32 *end)
{
	unsigned long pfn = group_pfn(gs, g);
	const struct zone_extent *e = extent_of_pfn(gs, pfn);
	unsigned long start = QUIRE_ALIGN_DOWN(pfn, pageblock_nr_pages);
	unsigned long stop = min(start + pageblock_nr_pages, e->start_pfn + e->frames);

	start = max(start, e->start_pfn);
	*end = e->first_group + (u32)((stop - e->start_pfn) >> FRAME_GROUP_ORDER);
	return e->first_group + (u32)((start - e->start_pfn) >> FRAME_GROUP_ORDER);
}

unsigned long pageblock_nr_free_locked(const struct zone *zone, unsigned long pfn)
{
	const struct zone_groups *gs = &zone->groups;
	u32 end, g = pageblock_groups(gs, group_of_pfn(gs, pfn), &end);
	unsigned long n = 0;

	for (; g < end; g++)
		n += gs->group[g].nr_free;
	return n;
}

/* The groups of one pageblock get another type; if it is inside a larger block it leaves that. */
static unsigned long convert(struct zone *zone, unsigned long pfn, enum migratetype type)
{
	struct zone_groups *gs = &zone->groups;
	u32 at = group_of_pfn(gs, pfn), end, g = pageblock_groups(gs, at, &end);
	enum migratetype old = group_type(zone, at);
	unsigned long moved = pageblock_nr_free_locked(zone, pfn);

	if (gs->group[at].nr_free)
		buddy_isolate_block_locked(zone, at, pageblock_order);
	account_kept(zone, -(long)moved, old);
	account_kept(zone, (long)moved, type);
	for (; g < end; g++)
		group_set_type(gs, g, type);
	return moved;
}

unsigned long pageblock_convert_locked(struct zone *zone, unsigned long pfn, enum migratetype type)
{
	struct zone_groups *gs = &zone->groups;
	unsigned long moved;
	u32 end, first;

	assert_spin_locked(&zone->lock);
	if (pageblock_type(zone, pfn) == type)
		return 0;
	moved = convert(zone, pfn, type);
	/* If all of it is free, its neighbour may be one it can merge with now. */
	if (moved == pageblock_nr_pages) {
		first = pageblock_groups(gs, group_of_pfn(gs, pfn), &end);
		buddy_glue_locked(zone, first, pageblock_order);
	}
	return moved;
}

/* Its type is kept for when it is opened again: in the groups. */
bool pageblock_isolate_locked(struct zone *zone, unsigned long pfn, enum migratetype wanted)
{
	struct zone_groups *gs = &zone->groups;
	enum migratetype type = pageblock_type(zone, pfn);
	u32 end, g;

	if (type == MIGRATE_ISOLATE ||
	    (wanted == MIGRATE_CMA ? type != MIGRATE_CMA : type >= MIGRATE_PCPTYPES))
		return false;
	pageblock_convert_locked(zone, pfn, MIGRATE_ISOLATE);
	for (g = pageblock_groups(gs, group_of_pfn(gs, pfn), &end); g < end; g++)
		gs->group[g].isolated_from = (u8)(type & 15);
	return true;
}

void pageblock_unisolate_locked(struct zone *zone, unsigned long pfn)
{
	const struct zone_groups *gs = &zone->groups;
	u32 g = group_of_pfn(gs, pfn);

	pageblock_convert_locked(zone, pfn, (enum migratetype)gs->group[g].isolated_from);
}

/* Whom to ask when a type has no free block, in this order. */
static const u8 fallback[MIGRATE_PCPTYPES][2] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

/* The pageblocks that a block of 2^order frames at pfn touches. */
static void convert_range(struct zone *zone, unsigned long pfn, unsigned order,
			  enum migratetype type)
{
	unsigned long end = pfn + (1UL << order);

	for (; pfn < end; pfn += pageblock_nr_pages)
		convert(zone, pfn, type);
}

/* Take from the group, with its whole pageblock if that is most of it. */
static unsigned long steal(struct zone *zone, u32 g, unsigned have, unsigned order,
			   enum migratetype type)
{
	unsigned long pfn = group_pfn(&zone->groups, g);

	quire_event(mm_page_alloc_extfrag, pfn, order, group_type(zone, g) << 8 | type);
	if (order >= pageblock_order) {
		buddy_take_from_locked(zone, g, order);
		convert_range(zone, pfn, order, type);
		return pfn;
	}
	if (have >= pageblock_order) {
		buddy_split_locked(&zone->groups, g, pageblock_order);
		convert(zone, pfn, type);
	} else if (pageblock_nr_free_locked(zone, pfn) >= pageblock_nr_pages / 2) {
		pageblock_convert_locked(zone, pfn, type);
	} else if (low_path_now()) {
		/* Types are mixed now.  Who reclaims more for a while makes that rarer. */
		low_path->mixed(zone);
	}
	return buddy_take_from_locked(zone, g, order);
}

/* Lowest group whose largest block is exactly of that order, of the types that `type` may rob. */
static u32 find_victim(const struct zone *zone, unsigned have, enum migratetype type)
{
	u32 g = ROW_EMPTY;

	for (unsigned i = 0; i < 2 && g == ROW_EMPTY; i++)
		g = row_first(&zone->groups, (enum migratetype)fallback[type][i], have);
	return g;
}

unsigned long buddy_take_fallback_locked(struct zone *zone, unsigned order, enum migratetype type)
{
	unsigned least = type == MIGRATE_MOVABLE ? max(order, pageblock_order / 2) : order;
	u32 g;

	if (!QUIRE_MOBILITY || type >= MIGRATE_PCPTYPES)
		return PFN_NONE;
	/* Whole pageblocks are worth the same: the one whose loss breaks up least. */
	for (unsigned have = max(order, pageblock_order); have <= MAX_PAGE_ORDER; have++)
		if ((g = find_victim(zone, have, type)) != ROW_EMPTY)
			return steal(zone, g, have, order, type);
	for (unsigned have = pageblock_order; have-- > least;)
		if ((g = find_victim(zone, have, type)) != ROW_EMPTY)
			return steal(zone, g, have, order, type);
	for (unsigned have = order; have < least; have++)
		if ((g = find_victim(zone, have, type)) != ROW_EMPTY)
			return buddy_take_from_locked(zone, g, order);
	return PFN_NONE;
}
