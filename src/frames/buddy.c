/* SPDX-License-Identifier: MIT */
/*
 * frames/buddy.c - hands out runs of 2^k page frames and glues them back together.
 *
 *   handover.c, pcp.c, slow.c  ->  bits and groups (groups.h)  ->  pcp.c, slow.c
 *
 *   order 2   |       0..3        |       4..7        |     a block starts at a multiple of its size;
 *   order 1   |  0..1   |  2..3   |  4..5   |  6..7   |     its buddy's first frame differs from its
 *   order 0   | 0  | 1  | 2  | 3  | 4  | 5  | 6  | 7  |     own in one bit, bit k.
 *
 * Inside a group nothing is ever split or merged: what the bits show is a block.  Whole groups are
 * blocks too, glued with their buddies up to MAX_PAGE_ORDER.  What is asked for comes from the
 * lowest group that is in use already, so that memory stays in large pieces at the other end;
 * which pageblock serves whom when a type has nothing left is fallback.c's.
 *
 * Always true:  a whole free block of order k < MAX_PAGE_ORDER never has a free buddy of order k (of
 *               a kind it may merge with); zone->nr_free is the number of set bits.
 * Lock:         zone->lock guards everything in this file.  Nothing here sleeps.
 */
#include <quire/bytes.h>
#include <quire/zoneinfo.h>
#include "frames.h"

/* ---- counts ---------------------------------------------------------------------------------- */
/* Watermarks are checked without the lock, hence single stores. */
void account_kept(struct zone *zone, long frames, enum migratetype type)
{
	if (type == MIGRATE_CMA)
		racy_add(zone->nr_free_cma, (unsigned long)frames);
	else if (type >= MIGRATE_PCPTYPES)
		racy_add(zone->nr_free_highatomic, (unsigned long)frames);
}

void buddy_account(struct zone *zone, long frames, enum migratetype type)
{
	racy_add(zone->nr_free, (unsigned long)frames);
	account_kept(zone, frames, type);
}

/* ---- whole groups ---------------------------------------------------------------------------- */
/* Blocks of several groups exist. */
#define GROUPS_JOIN (FRAME_GROUP_ORDER < MAX_PAGE_ORDER)

/* Groups of a whole block. */
static inline u32 groups_of(unsigned order)
{
	return GROUPS_JOIN ? 1u << (order - FRAME_GROUP_ORDER) : 1;
}

/* The group where the buddy of a block begins, or ROW_EMPTY if it is not of this zone. */
static u32 buddy_of(const struct zone_groups *gs, u32 g, unsigned order)
{
	unsigned long pfn = group_pfn(gs, g);
	const struct zone_extent *e = extent_of_pfn(gs, pfn);
	unsigned long at = (pfn ^ 1UL << order) - e->start_pfn;

	return at < e->frames ? e->first_group + (u32)(at >> FRAME_GROUP_ORDER) : ROW_EMPTY;
}

/* Pageblocks that are kept apart on purpose stay single. */
static bool may_merge(const struct zone *zone, u32 g, u32 buddy, unsigned order)
{
	return order < pageblock_order || (group_type(zone, g) < MIGRATE_PCPTYPES &&
					   group_type(zone, buddy) < MIGRATE_PCPTYPES);
}

void buddy_glue_locked(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;

	for (; GROUPS_JOIN && order < MAX_PAGE_ORDER; order++) {
		u32 buddy = buddy_of(gs, g, order);

		if (buddy == ROW_EMPTY || gs->group[buddy].largest != (int)order ||
		    !may_merge(zone, g, buddy, order))
			break;
		group_set_largest(gs, max(g, buddy), LARGEST_INSIDE);
		g = min(g, buddy);
		group_set_largest(gs, g, LARGEST_INSIDE);
	}
	group_set_largest(gs, g, (int)order);
}

/* The upper halves of a block of order `have` down to `want` become blocks. */
static void split_off(struct zone_groups *gs, u32 g, unsigned have, unsigned want)
{
	while (GROUPS_JOIN && have-- > want)
		group_set_largest(gs, g + groups_of(have), (int)have);
}

void buddy_split_locked(struct zone_groups *gs, u32 g, unsigned want)
{
	split_off(gs, g, (unsigned)gs->group[g].largest, want);
	group_set_largest(gs, g, (int)want);
}

void buddy_isolate_block_locked(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	unsigned long pfn = group_pfn(gs, g), start = extent_of_pfn(gs, pfn)->start_pfn;

	for (unsigned have = order + 1; have <= MAX_PAGE_ORDER; have++) {
		unsigned long head_pfn = pfn >> have << have;
		u32 head;

		if (head_pfn < start)
			return;
		head = group_of_pfn(gs, head_pfn);
		if (gs->group[head].largest != (int)have)
			continue;
		/* Halve it until the half that holds g is small enough. */
		while (have-- > order) {
			u32 upper = head + groups_of(have);

			group_set_largest(gs, head, (int)have);
			group_set_largest(gs, upper, (int)have);
			head = g >= upper ? upper : head;
		}
		return;
	}
}

/* ---- taking ---------------------------------------------------------------------------------- */
/* Groups of a block come or go as a whole; none of them is in a row. */
static void set_whole(struct zone_groups *gs, u32 g, unsigned order, unsigned nr_free, int largest)
{
	for (u32 i = 0; i < groups_of(order); i++) {
		gs->group[g + i].nr_free = (u16)nr_free;
		gs->group[g + i].largest = (s8)largest;
	}
}

static unsigned long take_whole(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	unsigned have = (unsigned)gs->group[g].largest;

	group_set_largest(gs, g, LARGEST_INSIDE);
	split_off(gs, g, have, order);
	set_whole(gs, g, order, 0, LARGEST_NONE);
	buddy_account(zone, -(1L << order), group_type(zone, g));
	return group_pfn(gs, g);
}

static unsigned long take_part(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	u64 *words = group_words(gs, g);
	unsigned at;

	group_use_words(gs, g);
	at = words_find(words, order);
	if (order < WORD_ORDER)
		words[at >> WORD_ORDER] &= ~block_mask(order, at);
	else
		for (unsigned i = 0; i < 1u << (order - WORD_ORDER); i++)
			words[(at >> WORD_ORDER) + i] = 0;
	group_set_free(gs, g, gs->group[g].nr_free - (1u << order), words_largest(words));
	buddy_account(zone, -(1L << order), group_type(zone, g));
	return group_pfn(gs, g) + at;
}

unsigned long buddy_take_from_locked(struct zone *zone, u32 g, unsigned order)
{
	if (order >= FRAME_GROUP_ORDER)
		return take_whole(zone, g, order);
	if (GROUPS_JOIN && zone->groups.group[g].largest > (int)FRAME_GROUP_ORDER)
		buddy_split_locked(&zone->groups, g, FRAME_GROUP_ORDER);
	return take_part(zone, g, order);
}

u32 buddy_find_locked(const struct zone *zone, unsigned order, enum migratetype type)
{
	const struct zone_groups *gs = &zone->groups;
	u32 fits = gs->present[type] & ((2u << MAX_PAGE_ORDER) - 1) & ~0u << order;

	assert_spin_locked(&zone->lock);
	return fits ? row_first(gs, type, (unsigned)__builtin_ctz(fits)) : ROW_EMPTY;
}

unsigned long buddy_take_exact_locked(struct zone *zone, unsigned order, enum migratetype type)
{
	u32 g = buddy_find_locked(zone, order, type);

	return g == ROW_EMPTY ? PFN_NONE : buddy_take_from_locked(zone, g, order);
}

/* Idle CMA memory is used up before the rest is gone, so that both run low together. */
bool buddy_cma_first(const struct zone *zone, enum migratetype type)
{
	return QUIRE_MOBILITY && type == MIGRATE_MOVABLE && zone->nr_free_cma > zone->nr_free / 2;
}

unsigned long buddy_take_locked(struct zone *zone, unsigned order, enum migratetype type)
{
	unsigned long pfn = PFN_NONE;

	if (buddy_cma_first(zone, type))
		pfn = buddy_take_exact_locked(zone, order, MIGRATE_CMA);
	if (pfn == PFN_NONE)
		pfn = buddy_take_exact_locked(zone, order, type);
	if (QUIRE_MOBILITY && pfn == PFN_NONE && type == MIGRATE_MOVABLE)
		pfn = buddy_take_exact_locked(zone, order, MIGRATE_CMA);
	if (pfn == PFN_NONE)
		pfn = buddy_take_fallback_locked(zone, order, type);
	return pfn;
}

/* Whether all pageblocks of a free block are of the type. */
static bool is_all_of(const struct zone *zone, u32 g, unsigned order, enum migratetype type)
{
	if (pageblock_order == MAX_PAGE_ORDER || order <= pageblock_order)
		return true;
	for (u32 i = 0; i < groups_of(order); i += PAGEBLOCK_GROUPS)
		if (group_type(zone, g + i) != type)
			return false;
	return true;
}

unsigned long buddy_take_run_locked(struct zone *zone, unsigned *order, enum migratetype type,
				    unsigned more)
{
	u32 g = more ? buddy_find_locked(zone, *order, type) : ROW_EMPTY;
	unsigned most;

	if (g == ROW_EMPTY || buddy_cma_first(zone, type))
		return buddy_take_locked(zone, *order, type);
	most = min((unsigned)zone->groups.group[g].largest, *order + more);
	if (is_all_of(zone, g, most, type))
		*order = most;
	return buddy_take_from_locked(zone, g, *order);
}

/* ---- giving back ----------------------------------------------------------------------------- */
void buddy_report_free(unsigned long pfn)
{
	bad_page(pfn_to_page(pfn), "a block that was freed has frames that are free already");
}

/* Whether one of the pageblocks that a block fills is kept apart: it may have been closed while the
 * block was in use. */
static bool has_kept_pageblock(const struct zone *zone, u32 g, unsigned order)
{
	if (pageblock_order == MAX_PAGE_ORDER || order <= pageblock_order)
		return false;
	for (u32 i = 0; i < groups_of(order); i += PAGEBLOCK_GROUPS)
		if (group_type(zone, g + i) >= MIGRATE_PCPTYPES)
			return true;
	return false;
}

static void put_whole(struct zone *zone, u32 g, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	u32 nr = groups_of(order);

	if (unlikely(has_kept_pageblock(zone, g, order))) {
		put_whole(zone, g, order - 1);
		put_whole(zone, g + nr / 2, order - 1);
		return;
	}

	for (u32 i = 0; i < nr; i++)
		if (gs->group[g + i].nr_free) {
			buddy_report_free(group_pfn(gs, g + i));
			return;
		}
	buddy_account(zone, 1L << order, group_type(zone, g));
	for (u32 i = 0; i < nr; i++)
		gs->touched[g + i] |= GROUP_PUT;
	set_whole(gs, g, order, GROUP_FRAMES, LARGEST_INSIDE);
	buddy_glue_locked(zone, g, order);
}

void buddy_put_part_locked(struct zone *zone, u32 g, unsigned nr, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	struct frame_group *group = &gs->group[g];
	unsigned nr_free = group->nr_free + nr;

	gs->touched[g] |= GROUP_PUT;
	buddy_account(zone, (long)nr, group_type(zone, g));
	if (nr_free == GROUP_FRAMES) {
		group_set_free(gs, g, nr_free, LARGEST_INSIDE);
		buddy_glue_locked(zone, g, FRAME_GROUP_ORDER);
	} else {
		group_set_free(gs, g, nr_free, max((int)group->largest, (int)order));
	}
}

/* Set the bits of a block within a group; false: some are set already. */
static bool set_bits(u64 *word, unsigned long pfn, unsigned order)
{
	unsigned n = order > WORD_ORDER ? 1u << (order - WORD_ORDER) : 1;
	u64 mask = order > WORD_ORDER ? WORD_FULL : block_mask(order, pfn);

	for (unsigned i = 0; i < n; i++)
		if (unlikely(word[i] & mask))
			return false;
	for (unsigned i = 0; i < n; i++)
		word[i] |= mask;
	return true;
}

void buddy_put_locked(struct zone *zone, unsigned long pfn, unsigned order)
{
	struct zone_groups *gs = &zone->groups;
	u32 g = group_of_pfn(gs, pfn);

	assert_spin_locked(&zone->lock);
	if (order >= FRAME_GROUP_ORDER) {
		put_whole(zone, g, order);
		return;
	}
	group_use_words(gs, g);
	if (set_bits(word_of_pfn(gs, g, pfn), pfn, order))
		buddy_put_part_locked(zone, g, 1u << order,
				      words_grow(group_words(gs, g), pfn, order));
	else
		buddy_report_free(pfn);
}

/* ---- questions ------------------------------------------------------------------------------- */
void zone_free_blocks(struct zone *zone, unsigned long nr[MIGRATE_TYPES][NR_PAGE_ORDERS])
{
	const struct zone_groups *gs = &zone->groups;
	unsigned long flags;

	memset(nr, 0, sizeof(nr[0]) * MIGRATE_TYPES);
	spin_lock_irqsave(&zone->lock, flags);
	for (u32 g = 0; g < gs->nr; g++) {
		const struct frame_group *group = &gs->group[g];

		if (group->largest >= (int)FRAME_GROUP_ORDER)
			nr[group->type][group->largest]++;
		else if (group->largest >= 0)
			words_count(group_words(gs, g), nr[group->type]);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

quire_racy bool is_free_buddy_page(const struct page *page)
{
	const struct zone_groups *gs = &page_zone(page)->groups;
	unsigned long pfn = page_to_pfn(page);

	return !PageFlag(page, PG_reserved) && group_frame_is_free(gs, pfn);
}

quire_racy enum migratetype get_pageblock_migratetype(const struct page *page)
{
	return pageblock_type(page_zone(page), page_to_pfn(page));
}
